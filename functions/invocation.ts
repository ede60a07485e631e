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
      return work(await theMonitor());
    },
  );
}
