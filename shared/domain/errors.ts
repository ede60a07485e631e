/** At a terminal: 1, something could not be done or the answer may miss something; 2, it was called wrongly. */
export type ExitCode = 1 | 2;

/**
 * An error that people are told of: its message is a sentence that says what was wrong, where, and what to do. What is
 * thrown and is none of these is a fault of Crosscheck.
 */
export abstract class CrosscheckError extends Error {
  readonly exitCode: ExitCode = 1;
}
