import type { ConfiguredDetector } from '../../shared/domain/detector';
import {
  DAY,
  epochOf,
  HOUR,
  MINUTE,
  plus,
  toInstant,
  type Duration,
} from '../../shared/domain/time';
import { VirtualClock } from '../fakes/clock';
import { configured } from '../fakes/run';
import type { Mode } from './arrival';
import type { Tale } from './scene';
import { score, type Scored } from './score';
import { TALES } from './stories/index';
import { SimulatedTenant } from './tenant';
import { SimulatedMonitor } from './watch';

export interface EvaluationOptions {
  readonly users: number;
  /** That are counted, after the warm-up. */
  readonly days: number;
  readonly warmUp: number;
  readonly seed: number;
  readonly mode: Mode;
  /** Between polls, while days are counted; an hour before and after. */
  readonly pollEvery: Duration;
  /** Absent: those that are shipped, and every story. */
  readonly detectors?: readonly ConfiguredDetector[];
  readonly tales?: Readonly<Record<string, Tale>>;
  /** On a day that counts, for a thousand people. */
  readonly storiesPerDay?: number;
  readonly onDay?: (day: number, of: number) => void;
}

/** What was simulated, and what it came to. */
export interface Evaluated extends Scored {
  readonly rows: number;
  readonly requests: number;
  readonly rounds: number;
  /** Stories that were told in the days that are counted, look-alikes included. */
  readonly stories: number;
}

/** As the timers of a deployment do. */
export const POLL_EVERY = 5 * MINUTE;
/** A Monday. */
const BEGINS = toInstant('2026-03-02T00:00:00Z');
const WARM_UP_EVERY = HOUR;
/** A day is read a last time 48 hours after it ended, and some stories take five days until they must be told. */
const RUN_ON = 8 * DAY;
/** So long after the last day polls go on as before, so that the delays of its stories count like the others. */
const SAME_PACE = 6 * HOUR;
/** For a thousand people. */
const STORIES_A_DAY = { warmUp: 4, counted: 20 };

/** Lets a tenant live and the monitor follow it, and holds what it found against what happened. */
export async function evaluate(options: EvaluationOptions): Promise<Evaluated> {
  const { users, warmUp, seed, mode, onDay, storiesPerDay = STORIES_A_DAY.counted } = options;
  const days = warmUp + options.days;
  const clock = new VirtualClock(BEGINS);
  const tenant = new SimulatedTenant(
    {
      ...{ users, days, mode, begins: BEGINS, seed: `evaluate ${seed}` },
      tales: options.tales ?? TALES,
      storiesPerDay: (day) => (day < warmUp ? STORIES_A_DAY.warmUp : storiesPerDay),
    },
    () => clock.now(),
  );
  const detectors = options.detectors ?? configured();
  const monitor = new SimulatedMonitor(clock, detectors, (request) => tenant.handle(request));
  const since = plus(BEGINS, warmUp * DAY);
  const until = plus(BEGINS, days * DAY);
  const end = plus(until, RUN_ON);
  let rounds = 0;
  let day = -1;
  for (let at = BEGINS; at < end;) {
    clock.advance(Math.max(0, epochOf(at) - epochOf(clock.now())));
    await monitor.round();
    rounds += 1;
    const isCounted = at >= since && at < plus(until, SAME_PACE);
    at = plus(at, isCounted ? options.pollEvery : WARM_UP_EVERY);
    const today = Math.floor((epochOf(at) - epochOf(BEGINS)) / DAY);
    if (today !== day) {
      day = today;
      onDay?.(day, Math.ceil((epochOf(end) - epochOf(BEGINS)) / DAY));
    }
  }
  const { findings, alerted, requests } = monitor;
  const { truths, told, rows } = tenant;
  const names = detectors.map(({ detector }) => detector.id);
  return {
    ...score({ findings, alerted, truths, told, since, until: plus(end, -DAY * 3) }, names),
    ...{ rows, requests, rounds, stories: told.filter(({ at }) => at >= since).length },
  };
}
