import { retryOnConflict } from '../../pipeline/retry-on-conflict';
import { ContentionError } from './errors';
import type { Table } from './table';

const TRIES = 10;

/**
 * Tries until nobody else was faster.
 * @param write returns false when it must be tried again; the second time on it must look at what is there now.
 * @throws ContentionError when others are faster each time.
 */
export async function untilWritten(
  what: string,
  table: Table,
  write: (isAgain: boolean) => Promise<boolean>,
): Promise<void> {
  const attempt = async (round: number): Promise<true | undefined> =>
    (await write(round > 0)) || undefined;
  if (
    (await retryOnConflict(attempt, { tries: TRIES, sleep: (ms) => table.pause(ms) })) === undefined
  ) {
    throw new ContentionError(what, table.name);
  }
}
