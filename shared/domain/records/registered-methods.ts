import type { AuditRecord } from '../record';
import { methodOf } from './security-info';
import { HOUR, plus, type Duration, type Instant } from '../time';

const LABEL =
  /^\s*(?:user|admin)\s+(?:started the registration for|registered|failed to (?:register|start(?: the registration for)?)|cancell?ed the registration for)\s+(.+?)(?:\s+authentication method)?\s*\.?\s*$/i;
const PASSKEY = /passkey|fido|security key/i;

/**
 * The sign-in methods that a row about security info names, the most telling first: their kinds, or the words of the row
 * where the kind is not known. None when it names none. A passkey on a security key is started as a passkey, and one in
 * Microsoft Authenticator is that app as well.
 */
export function methodsOf(record: AuditRecord): readonly string[] {
  const { activity, reason = '', details = {} } = record;
  const kind = methodOf(record);
  if (kind === 'unnamed') {
    return [];
  }
  const texts = [activity, reason, ...Object.values(details)];
  const passkey = texts.some((text) => PASSKEY.test(text)) ? ['passkey'] : [];
  return kind === 'unknown'
    ? [LABEL.exec(reason)?.[1]?.toLowerCase() ?? kind]
    : [...new Set([...passkey, kind])];
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

/** The starts that repeat the same method so often that they are no single attempt any more. */
export function repeatedAmong<T extends { readonly at: Instant }>(
  starts: readonly T[],
  methodIn: (start: T) => string | undefined,
): ReadonlySet<T> {
  const byMethod = Map.groupBy(starts, methodIn);
  return new Set(
    [...byMethod.values()].flatMap((ofOne) => {
      const runs = runsOf(ofOne, REPEATED.starts, REPEATED.window);
      return ofOne.filter(({ at }) =>
        runs.some(({ first, last }) => at >= first.at && at <= last.at),
      );
    }),
  );
}
