import { setTimeout as pause } from 'node:timers/promises';
import { ContentionError } from './errors';

const TRIES = 10;
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 500;

/**
 * Tries until nobody else was faster, with random pauses, so that two writers do not stay in step.
 * @param write returns false when it must be tried again; the second time on it must look at what is there now.
 * @throws ContentionError when others are faster each time.
 */
export async function untilWritten(
  what: string,
  table: string,
  write: (isAgain: boolean) => Promise<boolean>,
): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (await write(attempt > 0)) {
      return;
    }
    await pause(Math.random() * Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE));
  }
  throw new ContentionError(what, table);
}
