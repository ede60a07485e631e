import { CrosscheckError } from '../shared/domain/errors';

/**
 * Exit codes: done (also when records were skipped and listed), something could not be read or the answer may miss
 * something, bad usage.
 */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** @throws UsageError when an answer is asked for in two formats. */
export function checkFormat(options: { readonly json?: boolean; readonly csv?: boolean }): void {
  if (options.json === true && options.csv === true) {
    throw new UsageError('--json and --csv contradict each other; take one of them');
  }
}

/** A command that was called wrongly. */
export class UsageError extends CrosscheckError {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
}
