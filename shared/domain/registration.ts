import type { AuditRecord } from './record';
import { HOUR, plus, type Duration, type Instant } from './time';

/** Kinds of sign-in methods, and the words by which rows name them; the first that fits names a row. */
const METHODS = [
  ['Passkey', /passkey|fido|security key/i],
  ['Windows Hello', /hello/i],
  ['Hardware token', /hardware/i],
  ['Authenticator', /authenticator|oath|passwordless/i],
  ['App password', /app password/i],
  ['Temporary Access Pass', /temporary access pass/i],
  ['Security questions', /question/i],
  ['Email', /e-?mail/i],
  ['Phone', /phone|sms|voice|call/i],
] as const;

const STEP =
  /^\s*(?:user|admin)\s+(?:started the registration for|registered|failed to (?:register|start(?: the registration for)?)|cancell?ed the registration for)\s+(.+?)(?:\s+authentication method)?\s*\.?\s*$/i;
const NO_METHOD = /^(all required )?security info( registration)?$/i;

/**
 * The sign-in methods that a row about security info names, the most telling first: the labels of the kinds that are
 * known, else the words of the row. None when it names none.
 */
export function methodsOf({ activity, reason, details }: MethodNames): readonly string[] {
  for (const text of [reason, details?.['AuthenticationMethod'], activity]) {
    const named = text === undefined ? [] : methodsIn(text);
    if (named.length > 0) {
      return named;
    }
  }
  return [];
}
type MethodNames = Pick<AuditRecord, 'activity' | 'reason'> & {
  readonly details?: Readonly<Record<string, string>> | undefined;
};

function methodsIn(text: string): readonly string[] {
  const words = STEP.exec(text)?.[1];
  const known = METHODS.filter(([, pattern]) => pattern.test(words ?? text)).map(
    ([label]) => label,
  );
  if (known.length > 0) {
    return known;
  }
  return words === undefined || NO_METHOD.test(words) ? [] : [words.toLowerCase()];
}

/** How many starts within how long are more than trying again. */
export const REPEATED = { starts: 3, window: 2 * HOUR } as const;

/** Starts that lie within one window: the first and the last of them. */
export interface Run<T> {
  readonly first: T;
  readonly last: T;
}

/**
 * The runs of at least so many starts within a window, each as far as its window reaches. They overlap: which of them
 * led to nothing is to be asked of each.
 * @param starts by time.
 */
export function runsOf<T extends { readonly at: Instant }>(
  starts: readonly T[],
  least: number,
  window: Duration,
): Run<T>[] {
  const runs: Run<T>[] = [];
  let after = 0;
  for (const [i, first] of starts.entries()) {
    const end = plus(first.at, window);
    while ((starts[after]?.at ?? '~') <= end) {
      after += 1;
    }
    const last = starts[after - 1];
    if (last !== undefined && after - i >= least) {
      runs.push({ first, last });
    }
  }
  return runs;
}
