import { DAY, epochOf, HOUR, MINUTE, plus } from '../../shared/domain/time';
import { VirtualClock, wronged, type WrongTime } from '../fakes/clock';
import { simulatedGraph } from './graph';
import { CONTESTANTS, UNFILTERED, type Outcome, type Reading } from './readers';
import { DAY_END, DAY_START, type World } from './world';

export type ContestantName = keyof typeof CONTESTANTS;
export const CONTESTANT_NAMES = Object.keys(CONTESTANTS) as ContestantName[];

/**
 * `outage`: nobody polls from hour 6 to 18, and for an hour after that pages fail. `wrong clock`: that of whoever polls
 * jumps ahead, back and behind.
 */
export const SCENARIOS = ['steady', 'outage', 'wrong clock'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** What one contestant came to in one world. */
export interface Figures {
  readonly lost: number;
  readonly double: number;
  readonly lostSignals: number;
  readonly doubleSignals: number;
  /** Requests about the simulated day, and the rows they brought. */
  readonly requests: number;
  readonly rows: number;
  /** From the event to its signal, in milliseconds. */
  readonly p50: number;
  readonly p95: number;
}

const POLL_EVERY = 5 * MINUTE;
const OUTAGE = { from: plus(DAY_START, 6 * HOUR), to: plus(DAY_START, 18 * HOUR) };
const WRONG: readonly WrongTime[] = [
  { from: DAY_START, to: plus(DAY_START, 10 * MINUTE), aheadBy: 20 * HOUR },
  { from: plus(DAY_START, 6 * HOUR), to: plus(DAY_START, 7 * HOUR), aheadBy: 26 * HOUR },
  { from: plus(DAY_START, 9 * HOUR), to: plus(DAY_START, 9.5 * HOUR), aheadBy: 40 * DAY },
  { from: plus(DAY_START, 12 * HOUR), to: plus(DAY_START, 18 * HOUR), aheadBy: -3 * HOUR },
];
const FAULTY_FOR = HOUR;
/** Polls go on until the day is read a last time, 48 hours after it ended, however many runs that takes. */
const RUN_ON = 75 * HOUR;

/** Lets one contestant poll its way through a world. */
export async function simulate(
  name: ContestantName,
  world: World,
  scenario: Scenario,
  options: { readonly seed: number; readonly reading?: Reading },
): Promise<Figures> {
  const clock = new VirtualClock(DAY_START);
  const isOut = scenario === 'outage';
  const faults = {
    from: epochOf(OUTAGE.to),
    to: epochOf(OUTAGE.to) + FAULTY_FOR,
    first: (options.seed * 3) % 10, // another page fails first in each world
  };
  const reading = options.reading ?? 'everything';
  const rejectsFilters = UNFILTERED.includes(reading);
  const graph = simulatedGraph(world, clock, isOut ? faults : undefined, rejectsFilters);
  const ours = wronged(clock, scenario === 'wrong clock' ? WRONG : []);
  const contestant = CONTESTANTS[name]({ world, clock, ours, graph, reading });
  const end = plus(DAY_END, RUN_ON);
  for (let at = DAY_START; at < end; at = plus(at, POLL_EVERY)) {
    if (isOut && at >= OUTAGE.from && at < OUTAGE.to) {
      continue;
    }
    if (at < clock.now()) {
      continue; // the poll before is still at it
    }
    clock.advance(epochOf(at) - epochOf(clock.now()));
    if (isOut && at === OUTAGE.to) {
      contestant.restart();
    }
    await contestant.poll();
  }
  return { ...measure(await contestant.outcome(), world), ...graph.traffic };
}

function measure(outcome: Outcome, world: World): Omit<Figures, 'requests' | 'rows'> {
  const { counted, countedAt, lostSignals, doubleSignals } = outcome;
  const delays = countedAt.map((at, row) => at - world.at[row]!).filter((delay) => delay >= 0);
  delays.sort();
  return {
    lost: counted.filter((times) => times === 0).length,
    double: counted.filter((times) => times > 1).length,
    ...{ lostSignals, doubleSignals },
    p50: delays[Math.floor(delays.length * 0.5)] ?? NaN,
    p95: delays[Math.floor(delays.length * 0.95)] ?? NaN,
  };
}
