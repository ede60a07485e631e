import type { Interval } from './coverage';
import type { Property } from './feed';
import { anotherFailure, type FeedState, type SourceFailure } from './journal';
import { hull, type Lane, type Reading, type ReadFailure } from './reading';
import { nextWindow } from './reading-plan';
import { inFeeds, type SourceState } from './source-state';
import { earliest, type Instant } from '../time';
import { forgettingCut, notingClock } from './wrong-clock';

/** What the head had to read. */
export function headOf({ lanes }: Reading): Interval | undefined {
  return hull(
    lanes.map(({ purpose, at: from, to }) => (purpose === 'head' ? { from, to } : undefined)),
  );
}

/** How far all feeds have come with the range that is filled. */
export function reachedBy({ lanes, range, startedAt }: Reading): Instant {
  return earliest(...lanes.map(({ at }) => at)) ?? range?.to ?? startedAt;
}

/**
 * Why the run ended before its end, if it did. A failure is worth more than that there was no more time: who waits for
 * answers that never come has no time left, and has read nothing.
 */
export function stoppedBy(reading: Reading): 'budget' | ReadFailure | undefined {
  const [failure] = reading.lanes.flatMap((lane) => failureOf(lane) ?? []);
  return failure ?? (nextWindow(reading) === undefined ? undefined : 'budget');
}

/** Why a stretch was left to the next run, or nothing of it could be read in this one. */
function failureOf({ failure, isStopped = false, windows }: Lane): ReadFailure | undefined {
  return isStopped || windows === 0 ? failure : undefined;
}

/** The feeds that were left to the next run. */
export function unfinished({ lanes }: Reading): readonly Property[] {
  return [...new Set(lanes.filter((lane) => lane.at < lane.to).flatMap(({ feeds }) => feeds))];
}

/** A step that notes what could not be read, and forgets what can be read again. */
export function noted(reading: Reading, now: Instant) {
  const days = reading.lanes.find(({ purpose }) => purpose === 'day');
  const others = reading.lanes.filter(({ purpose }) => purpose !== 'day');
  const isNoDayDue = days === undefined && unfinished(reading).length === 0;
  const clocked = (state: SourceState): SourceState =>
    forgettingCut(notingClock(reading.clocks)(state));
  return (state: SourceState): SourceState => {
    const noteFeed =
      (lane: Lane) =>
      (feed: FeedState): FeedState => {
        const { failure: before, ...rest } = feed;
        const failure = troubleAfter(before, lane, now);
        return failure === before ? feed : failure === undefined ? rest : { ...rest, failure };
      };
    const known = others.reduce((each, lane) => inFeeds(lane.feeds, noteFeed(lane))(each), state);
    const { dayFailure: before, ...rest } = known;
    const after = days === undefined ? before : troubleAfter(before, days, now);
    return clocked(after === undefined || isNoDayDue ? rest : { ...rest, dayFailure: after });
  };
}

function troubleAfter(
  before: SourceFailure | undefined,
  lane: Lane,
  now: Instant,
): SourceFailure | undefined {
  const failed = failureOf(lane);
  if (failed !== undefined) {
    const { failure, message, remedy } = failed;
    return anotherFailure(before, { failure, message, remedy }, now);
  }
  const { windows, at, to } = lane;
  return windows > 0 || at >= to ? undefined : before;
}
