import type { Interval } from './coverage';
import type { Property } from './feed';
import type { Purpose } from './journal';
import { feedOf, type SourceState } from './source-state';
import { between, earliest, HOUR, latest, MINUTE, type Duration, type Instant } from '../time';
import type { Clocks } from './wrong-clock';

/**
 * One run over a source as a state machine: which window is read next, and what its outcome changes. Pure; whoever
 * reads does nothing but ask for the next window, read it and hand back what came of it.
 */
export interface Reading {
  /** As it was stored last. */
  readonly state: SourceState;
  readonly startedAt: Instant;
  /** By feed: its filter as a text. */
  readonly filters: Filters;
  readonly lanes: readonly Lane[];
  /** What is filled; absent in a poll. */
  readonly range?: Interval;
  readonly total: ReadTotal;
  /** The last answer's clock, and ours then. */
  readonly clocks?: Clocks;
}

/** By what each feed is known to be filtered: another text is another filter. */
export type Filters = Readonly<Partial<Record<Property, string>>>;

/** What a run came to. */
export interface ReadTotal {
  readonly windows: number;
  readonly rows: number;
  readonly kept: number;
  readonly malformed: number;
  readonly tooOld: number;
}

/** Feeds that are read by one request: one feed with its filter, or all rows for several feeds. */
export interface Lane {
  readonly feeds: readonly Property[];
  readonly purpose: Extract<Purpose, 'head' | 'hour' | 'day' | 'backfill'>;
  /** What is left of the stretch that it reads. */
  readonly at: Instant;
  readonly to: Instant;
  /** How long the next window is, and the longest that fits a run. */
  readonly size: Duration;
  readonly largest: Duration;
  readonly windows: number;
  readonly pages: number;
  /** How often a window of this stretch could not be read. */
  readonly failures: number;
  /** Why the last window could not be read. */
  readonly failure?: ReadFailure;
  /** It is left to the next run. */
  readonly isStopped?: boolean;
}

/** Why a window could not be read. */
export interface ReadFailure {
  readonly failure: string;
  readonly message: string;
  readonly remedy: string;
  /** A smaller window or a later try may do. */
  readonly isPassing: boolean;
  /** Nothing is asked again before the next run. */
  readonly isForNextRun: boolean;
}

/** A window that is to be read now. */
export interface AskedWindow extends Interval {
  readonly lane: number;
  readonly feeds: readonly Property[];
  readonly purpose: Lane['purpose'];
  readonly isFiltered: boolean;
}

/** What came of a window, and what the clocks said when it was answered. */
export type Outcome = { readonly clocks?: Clocks | undefined } & Result;

type Result =
  | ({ readonly was: 'read'; readonly state: SourceState; readonly pages: number } & Omit<
      ReadTotal,
      'windows'
    >)
  /** Somebody dropped the filter meanwhile that it was read with. */
  | { readonly was: 'read-in-vain'; readonly state: SourceState; readonly pages: number }
  /** It has more pages than one run has time for; one of this length would fit. */
  | { readonly was: 'too-long'; readonly fits: Duration; readonly pages: number }
  /** It begins later than it is: our clock is ahead. */
  | { readonly was: 'not-yet' }
  | { readonly was: 'given-up'; readonly state: SourceState }
  | { readonly was: 'failed'; readonly failure: ReadFailure };

export const SMALLEST_WINDOW = MINUTE;
/** Pages of one window: at 2 requests in 10 seconds they take well over a minute. */
export const MAX_PAGES = 20;
/** Of that limit, so much is planned for: rows come unevenly. */
export const PLANNED_SHARE = 0.6;

/**
 * Each feed in a lane of its own; those whose filter is not sent share one, because all rows are read for any of them.
 * Who was read longest ago comes first, and who is in trouble last: that must not keep the others waiting.
 */
export function lanesOf(state: SourceState, filters: Filters): readonly (readonly Property[])[] {
  const all = Object.keys(filters) as Property[];
  const filtered = all.filter((each) => isSent(state, filters, each));
  const others = all.filter((each) => !filtered.includes(each));
  const lanes = filtered.map((each): readonly Property[] => [each]);
  return [...lanes, ...(others.length > 0 ? [others] : [])].sort((a, b) => {
    const [x, y] = [urgency(state, a), urgency(state, b)];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

function urgency(state: SourceState, feeds: readonly Property[]): string {
  const known = feeds.map((each) => feedOf(state, each));
  const isInTrouble = known.some((each) => each.failure !== undefined);
  const readAt = known.map((each) => each.journal?.readAt ?? '').sort();
  return `${isInTrouble ? 1 : 0} ${readAt[0] ?? ''}`;
}

/** Whether Graph is asked for the rows of this feed alone. */
function isSent(state: SourceState, filters: Filters, property: Property): boolean {
  return feedOf(state, property).droppedFilter?.filter !== filters[property];
}

export function laneFor(
  state: SourceState,
  filters: Filters,
  feeds: readonly Property[],
  purpose: Lane['purpose'],
  { from, to }: Interval,
): Lane {
  const isFiltered = purpose !== 'day' && isFilteredLane(state, filters, feeds);
  return {
    ...{ feeds, purpose, at: from, to, largest: Infinity, windows: 0, pages: 0, failures: 0 },
    size: firstSize(state, feeds, purpose, isFiltered, between(from, to)),
  };
}

/** The whole stretch when that fits a run; an hour while nobody knows how many rows that is. */
function firstSize(
  state: SourceState,
  feeds: readonly Property[],
  purpose: Purpose,
  isFiltered: boolean,
  length: Duration,
): Duration {
  const densities = feeds.map((each) => {
    const { journal } = feedOf(state, each);
    return (isFiltered ? journal?.rowsPerHour : journal?.allRowsPerHour) ?? 0;
  });
  const perHour = Math.max(0, ...densities);
  if (perHour === 0) {
    return purpose === 'day' ? Math.min(length, HOUR) : length;
  }
  return Math.min(
    length,
    Math.max(SMALLEST_WINDOW, (PLANNED_SHARE * MAX_PAGES * 1_000 * HOUR) / perHour),
  );
}

export function isFilteredLane(
  state: SourceState,
  filters: Filters,
  [first, ...others]: readonly Property[],
): boolean {
  return first !== undefined && others.length === 0 && isSent(state, filters, first);
}

/** From the first to the last of them. */
export function hull(stretches: readonly (Interval | undefined)[]): Interval | undefined {
  const [first, ...others] = stretches.filter((each) => each !== undefined);
  return (
    first && {
      from: earliest(first.from, ...others.map((each) => each.from)),
      to: latest(first.to, ...others.map((each) => each.to)),
    }
  );
}
