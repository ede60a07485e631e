import type { Coverage, GapReason, Interval } from '../../domain/reading/coverage';
import type { ConfiguredDetector } from '../../domain/detector';
import { feedName, type Property } from '../../domain/reading/feed';
import type { FeedState, SourceFailure } from '../../domain/reading/journal';
import { figuresOf, lagOf, type LatenessFigures } from '../../domain/reading/lateness';
import {
  isOpen,
  type OpenRow,
  type QuarantineRow,
  type RowEnd,
} from '../../domain/reading/quarantine';
import type { Source } from '../../domain/record';
import {
  completeTo,
  coverageOf,
  feedOf,
  lostParts,
  type ReadingState,
  type SourceState,
} from '../../domain/reading/source-state';
import { earliest, latest, type Duration, type Instant } from '../../domain/time';
import type { Now } from '../ports/clock';
import type { Stores } from '../ports/stores';
import { feedsFor } from '../findings/select';
import { SOURCES } from '../../sources';

/**
 * How well a stretch was read. `read-once`: too young to be complete. `complete`: read at least the lag after it
 * happened. `hours-re-read`: read 3 h 05 min or more after each hour closed. `days-re-read`: read without a filter 48 h
 * or more after each day closed. `backfilled`: read because somebody asked for it. `gap`: not read, and `why`.
 */
export interface CoverageStretch extends Interval {
  readonly state: (typeof STATES)[number];
  readonly why?: GapReason;
}

/** From the least to the most. */
const STATES = [
  'gap',
  'read-once',
  'backfilled',
  'complete',
  'hours-re-read',
  'days-re-read',
] as const;

/** What was read of one feed of a source. */
export interface FeedCoverage {
  readonly property: Property;
  /** As people read it: `by error code`. */
  readonly name: string;
  /** Rows of it sharpen findings, and nothing waits for it. */
  readonly isOptional: boolean;
  readonly stretches: readonly CoverageStretch[];
  /** Absent until it was read. */
  readonly completeTo?: Instant;
  /** It is complete up to now minus this. */
  readonly lag: Duration;
  /** Absent while nothing was measured. */
  readonly lateness?: LatenessFigures;
  readonly failure?: SourceFailure;
  readonly filter?: { readonly dropped: 'rejected' | 'hides-rows'; readonly at: Instant };
  readonly backfill?: Interval & { readonly at: Instant };
}

/** What was read of a source: as much as all of its feeds have in common that absences rest on. */
export interface SourceCoverage {
  readonly source: Source;
  readonly stretches: readonly CoverageStretch[];
  /** The earliest of its feeds; absent until each of them was read. */
  readonly completeTo?: Instant;
  /** Per detector: from when on it knows this source, and what it will never know. */
  readonly detectors: Readonly<Record<string, Coverage>>;
  /** The longest of its feeds. */
  readonly lag: Duration;
  /** Parts whose stored rows cannot be read, as people read them; absent when all can. They are not among the feeds. */
  readonly unreadable?: readonly string[];
  readonly feeds: readonly FeedCoverage[];
}

export interface CoverageReport {
  readonly asOf: Instant;
  readonly sources: readonly SourceCoverage[];
  readonly unreadableRows: UnreadableRows;
}

/** Rows that could not be read: the gaps that stand, those that a person has ended, and how many others there are. */
export interface UnreadableRows {
  readonly open: readonly OpenRow[];
  readonly accepted: readonly AcceptedRow[];
  readonly others: number;
}

/** A row of which a person says that it does not matter. */
type AcceptedRow = OpenRow & { readonly ended: RowEnd & { readonly how: 'accepted' } };

function isAccepted(row: QuarantineRow): row is AcceptedRow {
  return row.gap !== undefined && row.ended?.how === 'accepted';
}

const MAX_ACCEPTED = 500;

interface Range {
  readonly from?: Instant;
  readonly to?: Instant;
}

/** What was read of each source, when it was read again, and what was not read and why. */
export async function coverageReport(
  stores: Pick<Stores, 'coverage' | 'quarantine'>,
  detectors: readonly ConfiguredDetector[],
  clock: Now,
  range: Range = {},
): Promise<CoverageReport> {
  const reading = await stores.coverage.reading();
  const sources = SOURCES.flatMap((source) => {
    const state = reading[source];
    return state === undefined ? [] : [ofSource(state, reading, detectors, range)];
  });
  const unreadableRows = await unreadableRowsOf(stores.quarantine, range);
  return { asOf: clock.now(), sources, unreadableRows };
}

async function unreadableRowsOf(
  quarantine: Stores['quarantine'],
  { from, to }: { readonly from?: Instant; readonly to?: Instant },
): Promise<UnreadableRows> {
  const isWithin = ({ gap }: QuarantineRow): boolean =>
    gap !== undefined &&
    (from === undefined || gap.to > from) &&
    (to === undefined || gap.from < to);
  const open: OpenRow[] = [];
  const accepted: AcceptedRow[] = [];
  let others = 0;
  for await (const row of quarantine.rows()) {
    others += row.gap === undefined ? 1 : 0;
    if (isOpen(row) && isWithin(row)) {
      open.push(row);
    } else if (isAccepted(row) && isWithin(row) && accepted.length < MAX_ACCEPTED) {
      accepted.push(row);
    }
  }
  const byTime = (a: QuarantineRow, b: QuarantineRow): number =>
    `${a.gap?.from ?? ''} ${a.id}` < `${b.gap?.from ?? ''} ${b.id}` ? -1 : 1;
  return { open: open.sort(byTime), accepted: accepted.sort(byTime), others };
}

function ofSource(
  { damaged, ...stored }: SourceState,
  others: ReadingState,
  configured: readonly ConfiguredDetector[],
  range: Range,
): SourceCoverage {
  const { source } = stored;
  // What can be read is shown, although nobody is judged by it.
  const state = { ...stored, feeds: damaged?.readable ?? stored.feeds };
  const reading = { ...others, [source]: state };
  const detectors = configured.map(({ detector }) => detector);
  const asked = feedsFor(detectors, source).map((feed) => ({
    ...feed,
    isLost: damaged?.lost.includes(feed.property) === true,
  }));
  const feeds = asked.map(({ property, isLost, reads, neededBy }) => {
    const feed = feedOf(state, property);
    const known = Object.keys(reads).flatMap((id) => feed.byDetector[id] ?? []);
    const whole = stretchesOf(feed, known);
    return { property, feed, isLost, isOptional: neededBy.length === 0, whole };
  });
  // What nothing rests on keeps no source from being complete, unless there is nothing else.
  const needed = feeds.filter(({ isOptional }) => !isOptional);
  const counted = needed.length > 0 ? needed : feeds;
  const isKnown = counted.every(({ isLost }) => !isLost);
  const end = completeTo(
    state,
    counted.map(({ property }) => property),
  );
  const known = detectors.flatMap((detector) => {
    const coverage = coverageOf(detector, reading)[source];
    return coverage === undefined ? [] : [[detector.id, coverage] as const];
  });
  return {
    source,
    stretches: inCommon(isKnown ? counted.map(({ whole }) => whole) : []).flatMap((each) =>
      within(each, range),
    ),
    ...(end !== undefined && { completeTo: end }),
    detectors: Object.fromEntries(known),
    lag: Math.max(...counted.map(({ feed }) => lagOf(feed.lateness)), lagOfNone(counted.length)),
    ...(damaged !== undefined && { unreadable: lostParts(damaged) }),
    feeds: feeds
      .filter(({ isLost }) => !isLost)
      .map(({ property, feed, isOptional, whole }) => ({
        ...{ property, name: feedName(property), isOptional },
        stretches: whole.flatMap((each) => within(each, range)),
        ...ofFeed(feed),
      })),
  };
}

/** What is assumed of a source of which nothing is asked today. */
function lagOfNone(feeds: number): Duration {
  return feeds === 0 ? lagOf(undefined) : 0;
}

function ofFeed({
  journal,
  lateness: sample,
  failure,
  droppedFilter,
  backfill,
}: FeedState): Omit<FeedCoverage, 'property' | 'name' | 'isOptional' | 'stretches'> {
  const lateness = figuresOf(sample);
  return {
    ...(journal !== undefined && { completeTo: journal.completeTo }),
    lag: lagOf(sample),
    ...(lateness !== undefined && { lateness }),
    ...(failure !== undefined && { failure }),
    ...(droppedFilter !== undefined && {
      filter: { dropped: droppedFilter.why, at: droppedFilter.at },
    }),
    ...(backfill !== undefined && { backfill }),
  };
}

function stretchesOf({ journal }: FeedState, known: readonly Coverage[]): CoverageStretch[] {
  const [first, ...others] = known;
  if (journal === undefined || first === undefined) {
    return [];
  }
  const from = earliest(first.from, ...others.map((each) => each.from));
  const { began, skippedTo, daysTo, hoursTo, completeTo: complete, readTo } = journal;
  // A gap of one detector only is no gap of the feed, and stands with that detector.
  const gaps = first.gaps.filter((gap) =>
    others.every((each) => each.gaps.some((its) => its.from <= gap.from && its.to >= gap.to)),
  );
  const edges = [
    ...[from, began, skippedTo ?? from, daysTo, hoursTo, complete, readTo],
    ...gaps.flatMap((gap) => [gap.from, gap.to]),
  ].filter((edge) => edge >= from && edge <= readTo);
  return between(edges, (start) => {
    const gap = gaps.find((each) => each.from <= start && each.to > start);
    const state =
      gap !== undefined
        ? 'gap'
        : start < (skippedTo ?? from) && start >= began
          ? 'complete'
          : start < began
            ? 'backfilled'
            : start < daysTo
              ? 'days-re-read'
              : start < hoursTo
                ? 'hours-re-read'
                : start < complete
                  ? 'complete'
                  : 'read-once';
    return { state, ...(gap !== undefined && { why: gap.why }) };
  });
}

/** Where several feeds were read, the least of what was done for each. */
function inCommon(feeds: readonly (readonly CoverageStretch[])[]): readonly CoverageStretch[] {
  const [only, ...others] = feeds;
  if (only === undefined || others.length === 0) {
    return only ?? [];
  }
  const edges = feeds.flat().flatMap(({ from, to }) => [from, to]);
  const least = between(edges, (start) => {
    const each = feeds.flatMap((stretches) => at(stretches, start) ?? []);
    return each.reduce((a, b) => (STATES.indexOf(b.state) < STATES.indexOf(a.state) ? b : a));
  });
  // An edge of one feed only is none of the source.
  return least.reduce<CoverageStretch[]>((merged, each) => {
    const before = merged.at(-1);
    return before?.state === each.state && before.why === each.why
      ? [...merged.slice(0, -1), { ...before, to: each.to }]
      : [...merged, each];
  }, []);
}

type How = Pick<CoverageStretch, 'state' | 'why'>;

/** How a feed was read at an instant: not at all before it began; behind its end it is still to be read. */
function at(stretches: readonly CoverageStretch[], start: Instant): How | undefined {
  const found = stretches.find(({ from, to }) => from <= start && start < to);
  if (found !== undefined) {
    const { state, why } = found;
    return { state, ...(why !== undefined && { why }) };
  }
  const end = stretches.at(-1)?.to;
  return end !== undefined && end <= start ? { state: 'read-once' } : undefined;
}

/** The stretches between edges. */
function between(edges: readonly Instant[], how: (start: Instant) => How): CoverageStretch[] {
  const sorted = [...new Set(edges)].sort();
  return sorted.slice(1).map((to, i) => {
    const from = sorted[i] ?? to;
    return { from, to, ...how(from) };
  });
}

function within(
  stretch: CoverageStretch,
  { from = stretch.from, to = stretch.to }: Range,
): CoverageStretch[] {
  const cut = { ...stretch, from: latest(stretch.from, from), to: earliest(stretch.to, to) };
  return cut.from < cut.to ? [cut] : [];
}
