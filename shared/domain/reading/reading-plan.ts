import type { Interval } from './coverage';
import type { Property } from './feed';
import { daysDue, hoursDue, type FeedState, type Journal } from './journal';
import {
  hull,
  isFilteredLane,
  laneFor,
  lanesOf,
  MAX_PAGES,
  SMALLEST_WINDOW,
  type AskedWindow,
  type Filters,
  type Lane,
  type Outcome,
  type Reading,
  type ReadFailure,
  type ReadTotal,
} from './reading';
import { lagOf } from './lateness';
import { feedOf, type SourceState } from './source-state';
import {
  between,
  DAY,
  earliest,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  type Duration,
  type Instant,
} from '../time';
import type { Clocks } from './wrong-clock';

/** So many windows of one stretch may fail in one run before it is left to the next. */
const MAX_FAILURES = 4;
/** A window of a minute that fails for so long is a gap; the rest of the log goes on. */
const PATIENCE = DAY;
const SWEEP = 2 * DAY;
/** A page, less what the next minutes bring. */
const PAGEFUL = 850;
/** Most rows come within minutes: the head sees them, whatever it costs, and does not leave them to the hour tile. */
const MIN_REACH = 10 * MINUTE;
/** What the log drops in the next hour may be gone before it is read. */
export const RETENTION_MARGIN = HOUR;
/** They concern every feed of a source alike: none is asked in vain. */
const OF_THE_SOURCE = ['throttled', 'denied', 'unlicensed', 'signed-out', 'tenant-unknown'];

// ------------------------------------------------------------------------------------------------------- planning

export interface PollOptions {
  readonly now: Instant;
  readonly filters: Filters;
  /** How far back the very first read goes. */
  readonly initialLookback: Duration;
  /** How long the log keeps its rows. */
  readonly retention?: Duration | undefined;
  /** Reads the late tail of the last two days again, too. */
  readonly sweep?: boolean | undefined;
}

/** Plans a poll: each feed's head, then its hours that are due, then for all of them the days that are. */
export function planPoll(state: SourceState, options: PollOptions): Reading {
  const { now, filters } = options;
  const lanes = lanesOf(state, filters).map((feeds): Lane => {
    const heads = feeds.map((each) => headFrom(feedOf(state, each).journal, options));
    const stretch = { from: earliest(...heads) ?? now, to: now };
    return laneFor(state, filters, feeds, 'head', stretch);
  });
  return settled({ state, startedAt: now, filters, lanes, total: NOTHING });
}

/** Plans the filling of a range: each feed goes on where an earlier run over the same range has stopped. */
export function planBackfill(
  state: SourceState,
  range: Interval,
  options: Pick<PollOptions, 'now' | 'filters'>,
): Reading {
  const { now, filters } = options;
  const lanes = lanesOf(state, filters).map((feeds): Lane => {
    const filled = feeds.map((each) => filledTo(state, each, range));
    const stretch = { from: earliest(...filled) ?? range.from, to: range.to };
    return laneFor(state, filters, feeds, 'backfill', stretch);
  });
  return settled({ state, startedAt: now, filters, lanes, range, total: NOTHING });
}

const NOTHING: ReadTotal = { windows: 0, rows: 0, kept: 0, malformed: 0, tooOld: 0 };

function filledTo(state: SourceState, property: Property, range: Interval): Instant {
  const known = feedOf(state, property).backfill;
  return known?.from === range.from && known.to === range.to ? known.at : range.from;
}

/**
 * Where the head begins: where it stopped, and as far before that as costs no further request. What is not complete
 * yet is then completed by the way, and an hour that is due needs no reading of its own.
 */
function headFrom(journal: Journal | undefined, options: PollOptions): Instant {
  const { now, initialLookback, retention = Infinity } = options;
  return journal === undefined
    ? plus(now, -Math.min(initialLookback, retention - RETENTION_MARGIN))
    : // Something is asked in every run: of a clock that is behind nobody else would ever hear.
      earliest(followedFrom(journal, options), plus(now, -MIN_REACH));
}

function followedFrom(journal: Journal, { now, sweep = false }: PollOptions): Instant {
  const { readTo, rowsPerHour } = journal;
  const open = earliest(journal.completeTo, journal.hoursTo);
  const swept = sweep ? plus(now, -SWEEP) : now;
  if (between(readTo, now) > HOUR) {
    return earliest(open, readTo, swept); // several pages anyway
  }
  const reach = rowsPerHour === 0 ? Infinity : Math.max(MIN_REACH, (PAGEFUL / rowsPerHour) * HOUR);
  const free = between(open, now) <= reach ? open : plus(now, -reach);
  return earliest(free, readTo, swept);
}

// ---------------------------------------------------------------------------------------------------- step by step

/**
 * The window to be read next. The lanes take turns: whoever has had the fewest pages in this run is next, so that a feed
 * with much to catch up on does not keep the others waiting.
 * @returns undefined when there is nothing left to read in this run.
 */
export function nextWindow({ state, filters, lanes }: Reading): AskedWindow | undefined {
  const open = lanes.flatMap((lane, i) => (isOpen(lane) ? [{ lane, i }] : []));
  const [first, ...others] = open;
  if (first === undefined) {
    return undefined;
  }
  const { lane, i } = others.reduce(
    (least, each) => (costOf(each.lane) < costOf(least.lane) ? each : least),
    first,
  );
  const { feeds, purpose, at, to, size } = lane;
  const end = plus(at, size);
  const window = { lane: i, purpose, from: at, to: between(end, to) < SECOND ? to : end }; // no splinter is left
  if (purpose === 'day') {
    // A feed that began later, or whose day was read again already, takes no part in it.
    const edges = feeds.map((each) => feedOf(state, each).journal?.daysTo ?? to);
    const due = feeds.filter((_, n) => (edges[n] ?? to) <= at);
    const cut = earliest(window.to, ...edges.filter((edge) => edge > at));
    return { ...window, to: cut, feeds: due, isFiltered: false };
  }
  return { ...window, feeds, isFiltered: isFilteredLane(state, filters, feeds) };
}

/** A window that failed has cost as much as a long one. */
function costOf({ pages, failures }: Lane): number {
  return pages + failures * MAX_PAGES;
}

function isOpen({ at, to, isStopped }: Lane): boolean {
  return at < to && isStopped !== true;
}

/** What cannot be read in a day will not be read: broken rows of one minute must not stop the log for ever. */
export function isGivenUp(
  { state }: Reading,
  window: AskedWindow,
  failure: ReadFailure,
  now: Instant,
): boolean {
  return isSmallest(window) && isUnrecoverable(state, window, failure, now);
}

function isUnrecoverable(
  state: SourceState,
  { purpose, feeds }: Pick<AskedWindow, 'purpose' | 'feeds'>,
  failure: ReadFailure,
  now: Instant,
): boolean {
  const known =
    purpose === 'day' ? [state.dayFailure] : feeds.map((each) => feedOf(state, each).failure);
  const isOfRows = purpose === 'day' ? failure.isPassing : failure.failure === 'bad-answer';
  return (
    isOfRows &&
    !failure.isForNextRun &&
    known.every(
      (each) => each?.failure === failure.failure && between(each.kindSince, now) > PATIENCE,
    )
  );
}

function isSmallest({ from, to }: Interval): boolean {
  return between(from, to) <= SMALLEST_WINDOW;
}

/** The run after a window: its lane goes on, takes a smaller window, or is left to the next run. */
export function apply(
  reading: Reading,
  window: AskedWindow,
  outcome: Outcome,
  now: Instant,
): Reading {
  const current = notBeyond(reading, outcome.clocks);
  const lane = current.lanes[window.lane];
  if (lane === undefined) {
    return reading;
  }
  const next = afterOutcome(reading, lane, window, outcome, now);
  const failure = next.isStopped === true ? next.failure : undefined;
  const lanes = current.lanes.map((each, i) =>
    i === window.lane
      ? next
      : failure !== undefined && isOfTheSource(failure) && isOpen(each)
        ? { ...each, failure, isStopped: true }
        : each,
  );
  return settled({
    ...current,
    ...('state' in outcome && { state: outcome.state }),
    ...{ lanes, total: outcome.was === 'read' ? sum(reading.total, outcome) : reading.total },
  });
}

/** A run in which nothing is read: the source did not even say what time it is. */
export function refused(reading: Reading, failure: ReadFailure): Reading {
  const lanes = reading.lanes.map((lane) => ({ ...lane, failure, isStopped: true }));
  return { ...reading, lanes };
}

/** No stretch of a run ends later than it is where the log is kept. */
function notBeyond(reading: Reading, clocks: Clocks | undefined): Reading {
  if (clocks === undefined) {
    return reading;
  }
  const now = clocks.theirs;
  return {
    ...{ ...reading, clocks, startedAt: earliest(reading.startedAt, now) },
    lanes: reading.lanes.map((lane) => (lane.to > now ? { ...lane, to: now } : lane)),
  };
}

function isOfTheSource({ failure, isForNextRun }: ReadFailure): boolean {
  return isForNextRun || OF_THE_SOURCE.includes(failure);
}

function sum(total: ReadTotal, read: Omit<ReadTotal, 'windows'>): ReadTotal {
  return {
    windows: total.windows + 1,
    rows: total.rows + read.rows,
    kept: total.kept + read.kept,
    malformed: total.malformed + read.malformed,
    tooOld: total.tooOld + read.tooOld,
  };
}

function afterOutcome(
  { state }: Reading,
  lane: Lane,
  window: AskedWindow,
  outcome: Outcome,
  now: Instant,
): Lane {
  const { failure: _before, ...current } = lane;
  switch (outcome.was) {
    case 'read':
      return {
        ...{ ...current, at: window.to, size: Math.min(lane.size * 2, lane.largest) },
        ...{ windows: lane.windows + 1, pages: lane.pages + outcome.pages },
      };
    case 'given-up':
    case 'not-yet':
      return { ...current, at: window.to };
    case 'read-in-vain':
      return { ...current, pages: lane.pages + outcome.pages };
    case 'too-long': {
      const size = Math.max(SMALLEST_WINDOW, outcome.fits);
      return { ...current, size, largest: size, pages: lane.pages + outcome.pages };
    }
    case 'failed': {
      const { failure } = outcome;
      // What is lost is cut down to its minute, however many tries that takes.
      const isLost = isUnrecoverable(state, window, failure, now);
      const failures = lane.failures + (isLost ? 0 : 1);
      const isStopped =
        !failure.isPassing ||
        failure.isForNextRun ||
        isSmallest(window) ||
        failures >= MAX_FAILURES;
      const half = Math.floor(between(window.from, window.to) / 2);
      return {
        ...{ ...current, failures, failure },
        ...(isStopped ? { isStopped } : { size: Math.max(SMALLEST_WINDOW, half) }),
      };
    }
  }
}

/** Lanes that have come to the end of a stretch go on with the next one; after all of them come the days. */
function settled(reading: Reading): Reading {
  const { state, filters, startedAt, range } = reading;
  if (range !== undefined || reading.lanes.some(({ purpose }) => purpose === 'day')) {
    return reading;
  }
  const lanes = reading.lanes.map((lane) => (isOver(lane, 'head') ? toHours(reading, lane) : lane));
  if (lanes.some(isOpen) || !lanes.some((lane) => lane.isStopped !== true)) {
    return { ...reading, lanes };
  }
  const feeds = (Object.keys(filters) as Property[]).filter(
    (each) => feedOf(state, each).journal !== undefined,
  );
  const due = hull(feeds.map((each) => daysOf(feedOf(state, each), startedAt)));
  return due === undefined
    ? { ...reading, lanes }
    : { ...reading, lanes: [...lanes, laneFor(state, filters, feeds, 'day', due)] };
}

function isOver(lane: Lane, purpose: Lane['purpose']): boolean {
  return lane.purpose === purpose && lane.at >= lane.to;
}

function toHours({ state, filters, startedAt }: Reading, lane: Lane): Lane {
  const due = hull(
    lane.feeds.map((each) => {
      const { journal, lateness } = feedOf(state, each);
      return journal && hoursDue(journal, startedAt, lagOf(lateness));
    }),
  );
  if (due === undefined) {
    return lane;
  }
  const { windows, pages } = lane;
  return { ...laneFor(state, filters, lane.feeds, 'hour', due), windows, pages };
}

function daysOf({ journal }: FeedState, now: Instant): Interval | undefined {
  return journal && daysDue(journal, now);
}
