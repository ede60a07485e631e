import { seeded } from '../../cli/demo-tenant/random';
import { epochOf, HOUR, MINUTE, toInstant, type Duration } from '../../shared/domain/time';

/** A day of sign-ins, in columns and by event time: there may be half a million. Times in milliseconds of the epoch. */
export interface World {
  readonly size: number;
  readonly at: Float64Array;
  /** Since when the row can be read: logs are late. */
  readonly visibleAt: Float64Array;
  readonly user: Uint32Array;
  /** 1 for an ActiveSync sign-in that was logged as success although Conditional Access failed it. */
  readonly isSignal: Uint8Array;
}

/** When the simulated day begins and ends; nothing happens before or after it. */
export const DAY_START = toInstant('2026-03-02T00:00:00Z');
export const DAY_END = toInstant('2026-03-03T00:00:00Z');
const START_MS = epochOf(DAY_START);
const DAY_MS = epochOf(DAY_END) - START_MS;

/** So many rows become visible within so long, after the stretch of the line before. */
const LATENESS = [
  { share: 0.95, within: 2 * MINUTE },
  { share: 0.04, within: 15 * MINUTE },
  { share: 0.01, within: 3 * HOUR },
] as const;

const SIGNAL_SHARE = 0.02;
const SIGN_INS_PER_USER = 20;

/** A day with so many sign-ins; the same again for the same seed. */
export function createWorld(signInsPerDay: number, seed: number): World {
  const random = seeded(`simulate-ingest ${seed}`);
  const users = Math.ceil(signInsPerDay / SIGN_INS_PER_USER);
  const world: World = {
    size: signInsPerDay,
    at: new Float64Array(signInsPerDay),
    visibleAt: new Float64Array(signInsPerDay),
    user: new Uint32Array(signInsPerDay),
    isSignal: new Uint8Array(signInsPerDay),
  };
  for (let i = 0; i < signInsPerDay; i++) {
    world.at[i] = START_MS + random.below(DAY_MS);
  }
  world.at.sort();
  for (let i = 0; i < signInsPerDay; i++) {
    world.visibleAt[i] = world.at[i]! + lateness(random.next(), random.next());
    world.user[i] = random.below(users);
    world.isSignal[i] = random.next() < SIGNAL_SHARE ? 1 : 0;
  }
  return world;
}

function lateness(chance: number, part: number): Duration {
  let [share, from] = [0, 0];
  for (const step of LATENESS) {
    share += step.share;
    if (chance < share) {
      return from + part * (step.within - from);
    }
    from = step.within;
  }
  return from;
}

/** The id of a row; it names the row, so that the truth can be looked up. */
export function rowId(row: number): string {
  return `${row.toString(16).padStart(8, '0')}-3015-496e-9715-1882316c7301`;
}

/** The row that an id names. */
export function rowOf(id: string): number {
  return parseInt(id.slice(0, 8), 16);
}

export function userId(user: number): string {
  return `00000000-0000-4000-8000-${String(user).padStart(12, '0')}`;
}
