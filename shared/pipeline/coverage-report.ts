import type { Coverage, GapReason, Interval } from '../domain/coverage';
import type { ConfiguredDetector } from '../domain/detector';
import type { SourceHead, TroubleState } from '../domain/journal';
import { figuresOf, lagOf, type LatenessFigures } from '../domain/lateness';
import { isOpen, type OpenRow, type QuarantineRow } from '../domain/quarantine';
import { SOURCES, type Source } from '../domain/record';
import { earliest, latest, type Duration, type Instant } from '../domain/time';
import type { Now, Stores } from './ports';

/**
 * How well a stretch was read. `read-once`: too young to be complete. `complete`: read at least the lag after it
 * happened. `hours-re-read`: read 3 h 05 min or more after each hour closed. `days-re-read`: read without a filter 48 h
 * or more after each day closed. `backfilled`: read because somebody asked for it. `gap`: not read, and `why`.
 */
export interface CoverageStretch extends Interval {
  readonly state:
    'read-once' | 'complete' | 'hours-re-read' | 'days-re-read' | 'backfilled' | 'gap';
  readonly why?: GapReason;
}

export interface SourceCoverage {
  readonly source: Source;
  readonly stretches: readonly CoverageStretch[];
  /** Per detector: from when on it knows this source, and what it will never know. */
  readonly detectors: Readonly<Record<string, Coverage>>;
  /** A source is complete up to now minus this. */
  readonly lag: Duration;
  /** Absent while nothing was measured. */
  readonly lateness?: LatenessFigures;
  readonly trouble?: TroubleState;
  readonly filter?: { readonly dropped: 'rejected' | 'hides-rows'; readonly at: Instant };
  readonly backfill?: Interval & { readonly at: Instant };
}

export interface CoverageReport {
  readonly asOf: Instant;
  readonly sources: readonly SourceCoverage[];
  readonly unreadableRows: UnreadableRows;
}

/** Rows that could not be read: the gaps that stand, those that a person has ended, and how many others there are. */
export interface UnreadableRows {
  readonly open: readonly OpenRow[];
  readonly accepted: readonly QuarantineRow[];
  readonly others: number;
}

const MOST_ACCEPTED = 500;

/** What was read of each source, when it was read again, and what was not read and why. */
export async function coverageReport(
  stores: Pick<Stores, 'coverage' | 'quarantine'>,
  detectors: readonly ConfiguredDetector[],
  clock: Now,
  range: { readonly from?: Instant; readonly to?: Instant } = {},
): Promise<CoverageReport> {
  const sources: SourceCoverage[] = [];
  for (const source of SOURCES) {
    const head = await stores.coverage.head(source);
    const ids = detectors.map(({ detector }) => detector.id);
    if (head !== undefined) {
      sources.push(ofSource(head, ids, range));
    }
  }
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
  const accepted: QuarantineRow[] = [];
  let others = 0;
  for await (const row of quarantine.rows()) {
    others += row.gap === undefined ? 1 : 0;
    if (isOpen(row) && isWithin(row)) {
      open.push(row);
    } else if (row.ended?.how === 'accepted' && isWithin(row) && accepted.length < MOST_ACCEPTED) {
      accepted.push(row);
    }
  }
  const byTime = (a: QuarantineRow, b: QuarantineRow): number =>
    `${a.gap?.from ?? ''} ${a.id}` < `${b.gap?.from ?? ''} ${b.id}` ? -1 : 1;
  return { open: open.sort(byTime), accepted: accepted.sort(byTime), others };
}

function ofSource(
  head: SourceHead,
  ids: readonly string[],
  range: { readonly from?: Instant; readonly to?: Instant },
): SourceCoverage {
  const { source, byDetector, trouble, droppedFilter, backfill } = head;
  const lateness = figuresOf(head.lateness);
  const known = Object.entries(byDetector).filter(([id]) => ids.includes(id));
  return {
    source,
    stretches: stretchesOf(
      head,
      known.map(([, each]) => each),
    ).flatMap((each) => within(each, range)),
    detectors: Object.fromEntries(known),
    lag: lagOf(head.lateness),
    ...(lateness !== undefined && { lateness }),
    ...(trouble !== undefined && { trouble }),
    ...(droppedFilter !== undefined && {
      filter: { dropped: droppedFilter.why, at: droppedFilter.at },
    }),
    ...(backfill !== undefined && { backfill }),
  };
}

function stretchesOf({ journal }: SourceHead, known: readonly Coverage[]): CoverageStretch[] {
  const [first, ...others] = known;
  if (journal === undefined || first === undefined) {
    return [];
  }
  const from = earliest(first.from, ...others.map((each) => each.from));
  const { began, skippedTo, daysTo, hoursTo, completeTo, readTo } = journal;
  // A gap of one detector only is no gap of the source, and stands with that detector.
  const gaps = first.gaps.filter((gap) =>
    others.every((each) => each.gaps.some((its) => its.from <= gap.from && its.to >= gap.to)),
  );
  const edges = [
    ...[from, began, skippedTo ?? from, daysTo, hoursTo, completeTo, readTo],
    ...gaps.flatMap((gap) => [gap.from, gap.to]),
  ].filter((edge) => edge >= from && edge <= readTo);
  const sorted = [...new Set(edges)].sort();
  const stretches: CoverageStretch[] = [];
  for (const [i, start] of sorted.entries()) {
    const to = sorted[i + 1];
    if (to === undefined) {
      break;
    }
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
                : start < completeTo
                  ? 'complete'
                  : 'read-once';
    stretches.push({ from: start, to, state, ...(gap !== undefined && { why: gap.why }) });
  }
  return stretches;
}

function within(
  stretch: CoverageStretch,
  { from = stretch.from, to = stretch.to }: { readonly from?: Instant; readonly to?: Instant },
): CoverageStretch[] {
  const cut = { ...stretch, from: latest(stretch.from, from), to: earliest(stretch.to, to) };
  return cut.from < cut.to ? [cut] : [];
}
