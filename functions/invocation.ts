import type { InvocationContext } from '@azure/functions';
import type { Monitor } from '../shared/composition/monitor';

/**
 * Runs a use case inside an invocation, so that what it logs carries the invocation's id. The monitor and its SDKs
 * are loaded on the first call, not when the platform loads the bundle.
 */
export async function withMonitor<T>(
  context: InvocationContext,
  work: (monitor: Monitor) => Promise<T>,
): Promise<T> {
  return logged(context, async () => {
    const { theMonitor } = await import('../shared/composition/monitor');
    try {
      return await work(await theMonitor());
    } catch (error) {
      throw await reported(context, error);
    }
  });
}

/**
 * Says in the log of an invocation what went wrong in it, in a line like that of every run.
 * @returns the error without secrets: the platform logs what a door throws, as it is.
 */
export async function reported(context: InvocationContext, error: unknown): Promise<unknown> {
  const { redact } = await import('../shared/adapters/logging/redact');
  const { logFailure } = await import('../shared/adapters/logging/failure');
  const { RUNS } = await import('../shared/config/functions');
  if (error instanceof Error) {
    error.message = redact(error.message);
    error.stack = redact(error.stack ?? '');
  }
  const { functionName } = context;
  await logged(context, () => {
    logFailure({ ...(RUNS[functionName] ?? { run: 'request' }), function: functionName }, error);
    return Promise.resolve();
  });
  return error;
}

async function logged<T>(context: InvocationContext, work: () => Promise<T>): Promise<T> {
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
    work,
  );
}
