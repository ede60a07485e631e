import type { InvocationContext } from '@azure/functions';
import type { Monitor } from '../shared/composition';

/**
 * Runs a use case inside an invocation, so that what it logs carries the invocation's id. The monitor and its SDKs
 * are loaded on the first call, not when the platform loads the bundle.
 */
export async function withMonitor<T>(
  context: InvocationContext,
  work: (monitor: Monitor) => Promise<T>,
): Promise<T> {
  const { loggingTo } = await import('../shared/adapters/logging/logger');
  return loggingTo(
    {
      debug: (line) => {
        context.debug(line);
      },
      info: (line) => {
        context.info(line);
      },
      warn: (line) => {
        context.warn(line);
      },
      error: (line) => {
        context.error(line);
      },
    },
    async () => {
      const { theMonitor } = await import('../shared/composition');
      try {
        return await work(await theMonitor());
      } catch (error) {
        throw await cleaned(error);
      }
    },
  );
}

// The platform logs what a door throws, as it is.
async function cleaned(error: unknown): Promise<unknown> {
  const { redact } = await import('../shared/adapters/logging/redact');
  if (error instanceof Error) {
    error.message = redact(error.message);
    error.stack = redact(error.stack ?? '');
  }
  return error;
}
