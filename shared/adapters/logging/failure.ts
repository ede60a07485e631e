import { createLogger } from './logger';

/**
 * Writes what a function threw as a line like that of every run, so that whoever looks for a trouble in the log finds
 * it. What the platform writes of it beside that is a text of its own.
 */
export function logFailure(
  of: { readonly run: string; readonly function: string },
  error: unknown,
): void {
  const { name, message, stack, remedy } = partsOf(error);
  const isExpected = typeof remedy === 'string'; // it says what to do; of all others we want to know where
  createLogger('error').error(
    {
      ...of,
      failure: 'failed',
      kind: name,
      error: message,
      ...(isExpected ? { remedy } : { stack }),
    },
    'run failed',
  );
}

function partsOf(error: unknown): Error & { readonly remedy?: unknown } {
  return error instanceof Error ? error : { name: 'unknown', message: String(error) };
}
