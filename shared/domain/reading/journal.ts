import {
  extend,
  giveUp,
  isFilling,
  revoke,
  type Coverage,
  type GapReason,
  type Interval,
} from './coverage';
import { ago, observe, UNMEASURED, type Lateness, type SeenRow } from './lateness';
import type { Property } from './feed';
import type { Source } from '../record';
import {
  between,
  earliest,
  HOUR,
  latest,
  MINUTE,
  plus,
  startOfDay,
  startOfHour,
  type Duration,
  type Instant,
} from '../time';

/**
 * Why a window was read. `head`: it follows the log. `hour` and `day`: the tiles that re-read each closed hour and day
 * for late rows. `filter-check`: a day once more with the filter, to see that it hides nothing. `backfill`: a range
 * somebody asked for. `second-look`: one subject, before a finding that rests on absence opens.
 */
export type Purpose = 'head' | 'hour' | 'day' | 'filter-check' | 'backfill' | 'second-look';

/** What one window came to: a row of the ledger. */
export interface WindowReport extends Interval {
  readonly source: Source;
  /** The feeds that it was read for; absent for a look at one subject. */
  readonly feeds?: readonly Property[];
  readonly purpose: Purpose;
  readonly readAt: Instant;
  readonly rows: number;
  readonly kept: number;
  readonly malformed: number;
  readonly pages: number;
  readonly ms: number;
  readonly filter: string;
  readonly requestId?: string;
}

/** How far the cursors of a feed have come, in event time. */
export interface Journal {
  /** Where the very first window began: what is covered before came by backfill. */
  readonly began: Instant;
  /** Read once up to here. */
  readonly readTo: Instant;
  /** When the head last got there. */
  readonly readAt: Instant;
  /** Complete up to here: read at least the lag after it happened. */
  readonly completeTo: Instant;
  /** When that last moved. */
  readonly movedAt: Instant;
  /** Hours up to here were read again, 3 h 05 min or more after they closed. */
  readonly hoursTo: Instant;
  /** Days up to here were read again without a filter, 48 h or more after they closed. */
  readonly daysTo: Instant;
  /** Up to here some hours or days were passed over: the log had dropped them, or they could not be read again. */
  readonly skippedTo?: Instant;
  /** Rows per hour in the last window of the head: tells how much fits a page. */
  readonly rowsPerHour: number;
  /** The same of the last window that was read without a filter. */
  readonly allRowsPerHour: number;
}

/** A source that cannot be read, since when, and in how many runs one after the other. */
export interface SourceFailure {
  readonly failure: string;
  readonly message: string;
  readonly remedy: string;
  /** Since when there is trouble of any kind. */
  readonly since: Instant;
  /** Since when it is of this kind. */
  readonly kindSince: Instant;
  readonly lastAt: Instant;
  /** Runs in a row with this kind. */
  readonly runs: number;
}

/** A filter that is not sent any more, because Graph rejects it or because it hides rows. */
export interface DroppedFilter {
  readonly filter: string;
  readonly why: 'rejected' | 'hides-rows';
  readonly at: Instant;
}

/** Everything that is known of the reading of one feed: one row of the store. */
export interface FeedState {
  readonly byDetector: Readonly<Record<string, Coverage>>;
  /** What each detector reads of it, hashed: another hash begins its coverage anew. */
  readonly reads: Readonly<Record<string, string>>;
  /** Absent until a window was read. */
  readonly journal?: Journal;
  readonly lateness?: Lateness;
  readonly failure?: SourceFailure;
  readonly droppedFilter?: DroppedFilter;
  /** A range that is being filled, and how far it has come. */
  readonly backfill?: Interval & { readonly at: Instant };
  /** Detectors whose old questions were answered and whose timelines are still to be marked; by what, as a token. */
  readonly filling?: Readonly<Record<string, string>>;
}

export const UNREAD: FeedState = { byDetector: {}, reads: {} };

/** An hour is read again so long after it closed: most rows that come late have come by then. */
export const HOUR_TILE_DELAY: Duration = 3 * HOUR + 5 * MINUTE;
/** A day is read again so long after it closed, by time alone. Rows later than this are not seen. */
export const DAY_TILE_DELAY: Duration = 48 * HOUR;
/** Reads further apart than this say nothing of how late a row was. */
const WATCHFUL = 15 * MINUTE;

/** A step that covers a stretch for some detectors; what lies between becomes a gap. */
export function covering(read: Interval, detectorIds: readonly string[]) {
  return (feed: FeedState): FeedState => forEach(feed, detectorIds, (known) => extend(known, read));
}

/** A step that gives a stretch up for some detectors. */
export function markGap(lost: Interval, detectorIds: readonly string[], why?: GapReason) {
  return (feed: FeedState): FeedState =>
    forEach(feed, detectorIds, (known) => giveUp(known, lost, why));
}

function forEach(
  feed: FeedState,
  detectorIds: readonly string[],
  step: (known: Coverage | undefined) => Coverage,
): FeedState {
  const moved = detectorIds.map((id) => [id, step(feed.byDetector[id])] as const);
  return { ...feed, byDetector: { ...feed.byDetector, ...Object.fromEntries(moved) } };
}

/** A window that was read to its end. */
export interface ReadWindow extends Interval {
  readonly purpose: Purpose;
  /** When reading it began: what became visible since may be missing. */
  readonly startedAt: Instant;
  /** How long rows may be late. */
  readonly lag: Duration;
  readonly detectorIds: readonly string[];
  readonly isFiltered: boolean;
  readonly rows: number;
  /** The rows that the usual filter lets through. */
  readonly seen: readonly SeenRow[];
}

/**
 * What a window says about coverage: everything in it that happened at least the lag before it was read. Nothing while
 * there is a stretch before it that is still to be completed: a tile will come for that.
 */
export function covered(
  feed: FeedState,
  window: Pick<ReadWindow, 'from' | 'to' | 'startedAt' | 'lag'>,
): Interval | undefined {
  const completeTo = feed.journal?.completeTo;
  const to = earliest(window.to, plus(window.startedAt, -window.lag));
  return to <= window.from || (completeTo !== undefined && window.from > completeTo)
    ? undefined
    : { from: window.from, to };
}

/** The feed after a window was read: coverage, cursors and lateness. */
export function afterWindow(feed: FeedState, window: ReadWindow): FeedState {
  const stretch = covered(feed, window);
  const moved = stretch === undefined ? feed : covering(stretch, window.detectorIds)(feed);
  const filled = stretch === undefined ? [] : filledBy(feed, stretch, window);
  const journal = moveCursors(feed.journal, window, stretch);
  return {
    ...moved,
    ...(journal !== undefined && { journal }),
    ...(filled.length > 0 && { filling: { ...feed.filling, ...Object.fromEntries(filled) } }),
    lateness: observe(feed.lateness ?? UNMEASURED, window.seen, window.startedAt, (at) =>
      lateBy(feed.journal, window, at),
    ),
  };
}

function filledBy(
  feed: FeedState,
  stretch: Interval,
  { detectorIds, startedAt, from }: ReadWindow,
): (readonly [string, string])[] {
  return detectorIds
    .filter((id) => isFilling(feed.byDetector[id], stretch))
    .map((id) => [id, `${startedAt} ${from}`]);
}

/** Whether a detector's questions were answered by the very first window of the feed, or before anything was. */
export function isByFirstWindow({ filling, journal }: FeedState, detectorId: string): boolean {
  const token = filling?.[detectorId];
  return token === undefined || token.endsWith(` ${journal?.began}`);
}

/** Their timelines are marked, as far as nothing was filled since. */
export function withoutFilling(
  { filling = {}, ...feed }: FeedState,
  marked: Readonly<Record<string, string>>,
): FeedState {
  const left = Object.entries(filling).filter(([id, token]) => marked[id] !== token);
  return left.length === 0 ? feed : { ...feed, filling: Object.fromEntries(left) };
}

function moveCursors(
  journal: Journal | undefined,
  window: ReadWindow,
  stretch: Interval | undefined,
): Journal | undefined {
  const { from, to, startedAt, purpose, lag } = window;
  if (journal === undefined && purpose !== 'head') {
    return undefined; // a range that was filled before the first poll is no beginning
  }
  const known = journal ?? {
    ...{ began: from, readTo: from, completeTo: from, hoursTo: from, daysTo: from },
    ...{ readAt: startedAt, movedAt: startedAt, rowsPerHour: 0, allRowsPerHour: 0 },
  };
  const perHour = (window.rows * HOUR) / Math.max(1, between(from, to));
  const completeTo = latest(known.completeTo, stretch?.to ?? known.completeTo);
  const hours = earliest(to, plus(startedAt, -Math.max(HOUR_TILE_DELAY, lag)));
  const days = earliest(to, plus(startedAt, -DAY_TILE_DELAY));
  const isTelling = between(from, to) >= MINUTE; // a splinter says nothing of how many rows come
  const isHead = purpose === 'head' && from <= known.readTo;
  return {
    ...known,
    ...(isHead && {
      readTo: latest(known.readTo, to),
      readAt: startedAt,
      rowsPerHour: isTelling ? perHour : known.rowsPerHour,
    }),
    ...(!window.isFiltered && isTelling && { allRowsPerHour: perHour }),
    completeTo,
    // A lag that has grown makes coverage wait, and a head that has read to its end is no standstill.
    movedAt:
      completeTo > known.completeTo || (isHead && plus(startedAt, -lag) <= known.completeTo)
        ? startedAt
        : known.movedAt,
    hoursTo: from <= known.hoursTo ? latest(known.hoursTo, hours) : known.hoursTo,
    daysTo: from <= known.daysTo && !window.isFiltered ? latest(known.daysTo, days) : known.daysTo,
  };
}

/**
 * How late a row was that is new now: at most as late as it is read. A tile comes long after the head went by, so what
 * is new in it is counted as late as tiles are, not as late as it was looked for.
 */
function lateBy(
  journal: Journal | undefined,
  { purpose, startedAt }: ReadWindow,
  at: Instant,
): Duration | undefined {
  const late = ago(at, startedAt);
  switch (purpose) {
    case 'head':
      return journal !== undefined && between(journal.readAt, startedAt) <= WATCHFUL
        ? late
        : undefined;
    case 'hour':
      return Math.min(late, HOUR_TILE_DELAY);
    case 'day':
      return Math.min(late, 24 * HOUR);
    case 'filter-check':
    case 'backfill':
    case 'second-look':
      return undefined;
  }
}

/** Closed hours that are due to be read again; absent when there are none. */
export function hoursDue(journal: Journal, now: Instant, lag: Duration): Interval | undefined {
  // Nothing is complete earlier than its lag, so neither is an hour.
  const to = startOfHour(plus(now, -Math.max(HOUR_TILE_DELAY, lag)));
  const from = earliest(journal.hoursTo, journal.completeTo);
  return from < to ? { from, to } : undefined;
}

/** Closed days that are due to be read again; absent when there are none. */
export function daysDue(journal: Journal, now: Instant): Interval | undefined {
  const to = startOfDay(plus(now, -DAY_TILE_DELAY));
  return journal.daysTo < to ? { from: journal.daysTo, to } : undefined;
}

/** The log has dropped what lies before `oldest`: a gap, as far as it was not complete. */
export function afterRetention(
  feed: FeedState,
  oldest: Instant,
  detectorIds: readonly string[],
): FeedState {
  const { journal } = feed;
  if (journal === undefined || journal.daysTo >= oldest) {
    return feed;
  }
  const isLost = journal.completeTo < oldest;
  const lost = { from: journal.completeTo, to: oldest };
  return {
    ...(isLost ? markGap(lost, detectorIds, 'retention')(feed) : feed),
    journal: {
      ...journal,
      readTo: latest(journal.readTo, oldest),
      completeTo: latest(journal.completeTo, oldest),
      hoursTo: latest(journal.hoursTo, oldest),
      daysTo: oldest,
      skippedTo: oldest,
    },
  };
}

/** A window that could not be read for too long: a gap. The cursors go on behind it. */
export function afterGivingUp(
  feed: FeedState,
  lost: Interval,
  detectorIds: readonly string[],
): FeedState {
  const { journal } = feed;
  const given = markGap(lost, detectorIds, 'unreadable')(feed);
  if (journal === undefined) {
    return given;
  }
  const past = (cursor: Instant): Instant =>
    lost.from <= cursor ? latest(cursor, lost.to) : cursor;
  return {
    ...given,
    journal: {
      ...journal,
      readTo: past(journal.readTo),
      completeTo: past(journal.completeTo),
      hoursTo: past(journal.hoursTo),
    },
  };
}

/** A window that could not be read again for too long. It was read before, so it is no gap. */
export function afterSkippingDay(feed: FeedState, { to }: Interval): FeedState {
  const { journal } = feed;
  return journal === undefined
    ? feed
    : { ...feed, journal: { ...journal, daysTo: latest(journal.daysTo, to), skippedTo: to } };
}

/** A filter hides rows: what was read with it since the last whole day is in doubt and is read again without it. */
export function afterHidingFilter(feed: FeedState, dropped: DroppedFilter): FeedState {
  const { journal } = feed;
  if (journal === undefined) {
    return { ...feed, droppedFilter: dropped };
  }
  const from = earliest(journal.daysTo, journal.hoursTo, journal.completeTo);
  const doubted = { from, to: journal.completeTo };
  const byDetector = Object.entries(feed.byDetector).map(
    ([id, coverage]) => [id, revoke(coverage, doubted, 'filter')] as const,
  );
  return {
    ...feed,
    droppedFilter: dropped,
    byDetector: Object.fromEntries(byDetector),
    journal: { ...journal, completeTo: from, hoursTo: from, rowsPerHour: 0 },
  };
}

/**
 * The detectors of today: one whose reads changed begins anew, one that was off meanwhile has a gap.
 * @param reads by detector, a hash of what it reads.
 */
export function afterDetectorChange(
  feed: FeedState,
  reads: Readonly<Record<string, string>>,
): FeedState {
  const { journal } = feed;
  const byDetector = Object.entries(feed.byDetector).flatMap(([id, coverage]) => {
    const hash = reads[id];
    if (hash !== undefined && feed.reads[id] !== undefined && feed.reads[id] !== hash) {
      return [];
    }
    const isBehind =
      hash !== undefined && journal !== undefined && coverage.to < journal.completeTo;
    const missed = isBehind ? { from: coverage.to, to: journal.completeTo } : undefined;
    return [[id, missed === undefined ? coverage : giveUp(coverage, missed)] as const];
  });
  return {
    ...feed,
    byDetector: Object.fromEntries(byDetector),
    reads: { ...feed.reads, ...reads },
  };
}

/** One more run that could not read it. */
export function anotherFailure(
  before: SourceFailure | undefined,
  failure: Pick<SourceFailure, 'failure' | 'message' | 'remedy'>,
  now: Instant,
): SourceFailure {
  const { runs, kindSince } =
    before?.failure === failure.failure ? before : { runs: 0, kindSince: now };
  const since = before?.since ?? now;
  return { ...failure, since, kindSince, lastAt: now, runs: runs + 1 };
}
