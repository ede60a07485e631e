import type { Duration } from '../domain/time';
import type { Clock } from './ports/clock';

export interface Patience {
  readonly tries: number;
  /** Lets time pass between two tries; without it there is none, because each try reads first. */
  readonly sleep?: Clock['sleep'];
}

const FIRST_PAUSE: Duration = 10;
const MAX_PAUSE: Duration = 500;

/**
 * Tries until nobody else was faster, with pauses of random length, so that two writers do not stay in step.
 * @param attempt looks at what is there now and writes; returns undefined when somebody else was faster.
 * @returns undefined when others were faster each time.
 */
export async function retryOnConflict<T>(
  attempt: (round: number) => Promise<T | undefined>,
  { tries, sleep }: Patience = { tries: 5 },
): Promise<T | undefined> {
  for (let round = 0; round < tries; round++) {
    const done = await attempt(round);
    if (done !== undefined) {
      return done;
    }
    await sleep?.(Math.random() * Math.min(FIRST_PAUSE * 2 ** round, MAX_PAUSE));
  }
  return undefined;
}
