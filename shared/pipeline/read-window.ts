import { isFilling, type Interval } from '../domain/coverage';
import type { Detector } from '../domain/detector';
import {
  afterHidingFilter,
  afterWindow,
  covered,
  withoutFilling,
  type DroppedFilter,
  type Purpose,
  type ReadWindow,
  type SourceHead,
  type WindowReport,
} from '../domain/journal';
import type { SeenRow } from '../domain/lateness';
import { between, MINUTE, type Duration } from '../domain/time';
import { collectPages, type Collected } from './collect-pages';
import { keep } from './keep';
import type { KnownSignals } from './known-signals';
import { SourceError, type Clock, type RecordSource, type Stores, type Wanted } from './ports';
import { markEveryTimeline } from './rule-change';
import { quarantineRows, settleRows } from './unreadable';

/** What reading a source needs, and what one run over it has come to so far. */
export interface ReadRun {
  readonly tenantId: string;
  readonly detectors: readonly Detector[];
  readonly records: RecordSource;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly known: KnownSignals | undefined;
  /** The rows to ask for; loses its filter when Graph rejects it. */
  wanted: Wanted;
  head: SourceHead;
  /** What each detector that needs this source reads, hashed. */
  readonly reads: Readonly<Record<string, string>>;
  /** This source was never polled before. */
  readonly isFirst: boolean;
  readonly total: ReadTotal;
}

export interface ReadTotal {
  windows: number;
  rows: number;
  kept: number;
  malformed: number;
  tooOld: number;
}

export const SMALLEST_WINDOW = MINUTE;
/** Pages of one window: at 2 requests in 10 seconds they take well over a minute. */
export const MOST_PAGES = 20;
/** Of that limit, so much is planned for: rows come unevenly. */
export const PLANNED_SHARE = 0.6;

/** The window has more pages than one run has time for; one of this length would fit. */
export interface TooLong {
  readonly fits: Duration;
}

/**
 * Reads one window to its end, then stores what it showed, then moves coverage over it: a kill anywhere only means
 * that it is read again.
 * @returns `again` when somebody dropped the filter meanwhile that it was read with.
 * @throws SourceError when it could not be read to its end; coverage stays then.
 */
export async function readWindow(
  run: ReadRun,
  window: Interval,
  purpose: Purpose,
  lag: Duration,
): Promise<TooLong | 'read' | 'again'> {
  const { clock, stores } = run;
  const { source, filter } = run.wanted;
  const isFiltered = filter !== undefined && purpose !== 'day';
  const startedAt = clock.now();
  const read = await readPages(run, window, isFiltered ? run.wanted : unfiltered(run.wanted));
  if ('fits' in read) {
    return read;
  }
  const isHidden =
    purpose === 'day' && filter !== undefined && (await isHiding(run, window, read.seen));
  const { malformed, readable } = read;
  const looked = { source, window, malformed, readable, seenAt: clock.now() };
  await quarantineRows(stores, looked);
  const done: ReadWindow = {
    ...{ from: window.from, to: window.to, purpose, startedAt, lag },
    detectorIds: idsOf(run),
    isFiltered: isFiltered && !read.isRejected,
    rows: read.rows,
    seen: read.seen,
  };
  const { tooOld } = await keep(stores, read.selection, {
    known: run.known,
    isCatchingUp: isCatchingUp(run, done),
  });
  await settleRows(run, looked);
  const dropped = isHidden ? 'hides-rows' : read.isRejected ? 'rejected' : undefined;
  const isRecorded = await record(run, done, dropped, {
    ...{ from: window.from, to: window.to, source, purpose, readAt: clock.now() },
    ...{ rows: read.rows, kept: read.kept, malformed: read.malformed.length, pages: read.pages },
    ms: between(startedAt, clock.now()),
    filter: done.isFiltered ? (filter?.property ?? 'none') : 'none',
    ...(read.requestId !== undefined && { requestId: read.requestId }),
  });
  const { total } = run;
  total.windows += 1;
  total.rows += read.rows;
  total.kept += read.kept;
  total.malformed += read.malformed.length;
  total.tooOld += tooOld;
  return isRecorded ? 'read' : 'again';
}

/** The detectors that need this source. */
export function idsOf({ reads }: ReadRun): readonly string[] {
  return Object.keys(reads);
}

export function unfiltered({ filter: _none, ...wanted }: Wanted): Wanted {
  return wanted;
}

type Pages = Collected & {
  /** Graph rejected the filter, so the window was read without. */
  readonly isRejected: boolean;
};

async function readPages(
  run: ReadRun,
  window: Interval,
  wanted: Wanted,
  isRejected = false,
): Promise<TooLong | Pages> {
  const length = between(window.from, window.to);
  try {
    const read = await collectPages(
      run.records.read(window, wanted),
      run,
      ({ pages }) => pages === MOST_PAGES && length > SMALLEST_WINDOW,
    );
    if (read.pages < MOST_PAGES || length <= SMALLEST_WINDOW) {
      return { ...read, isRejected };
    }
    const reached = between(read.oldest ?? window.to, window.to);
    return { fits: Math.min(PLANNED_SHARE * reached, length / 2) };
  } catch (error) {
    const isFilter = error instanceof SourceError && error.trouble === 'filter-rejected';
    if (!isFilter || wanted.filter === undefined) {
      throw error;
    }
    return readPages(run, window, unfiltered(wanted), true);
  }
}

/**
 * A day's window was read without the filter; now it is read with it. Rows that the detectors need and that do not come
 * then, also when asked once more, are hidden by the filter.
 */
async function isHiding(
  run: ReadRun,
  window: Interval,
  expected: readonly SeenRow[],
): Promise<boolean> {
  for (let round = 0; round < 2; round++) {
    const shown = await readShown(run, window);
    if (expected.every(({ id }) => shown.has(id))) {
      return false;
    }
  }
  return true;
}

async function readShown(run: ReadRun, window: Interval): Promise<ReadonlySet<string>> {
  const { clock, records, stores, tenantId, wanted } = run;
  const startedAt = clock.now();
  const read = await collectPages(records.read(window, wanted), { tenantId, detectors: [] });
  const { rows, kept, pages } = read;
  const { source, filter } = wanted;
  await stores.coverage.change(source, (head) => head, [
    {
      ...{ from: window.from, to: window.to, source, purpose: 'filter-check', rows, kept, pages },
      ...{ malformed: read.malformed.length, readAt: clock.now() },
      ...{ ms: between(startedAt, clock.now()), filter: filter?.property ?? 'none' },
    },
  ]);
  return new Set(read.seen.map((row) => row.id));
}

/**
 * Coverage, cursors and the ledger move in one transaction, judged by the head as it is then: another runner may have
 * dropped the filter, or begun with other detectors, since the window was asked for.
 * @returns false when the window says nothing, because it was read with a filter that hides rows.
 */
async function record(
  run: ReadRun,
  window: ReadWindow,
  dropped: DroppedFilter['why'] | undefined,
  report: WindowReport,
): Promise<boolean> {
  const { stores, wanted, clock } = run;
  const filter = filterKey(wanted);
  let isRecorded = true;
  run.head = await stores.coverage.change(
    wanted.source,
    (known) => {
      isRecorded = !(window.isFiltered && known.droppedFilter?.filter === filter);
      if (!isRecorded) {
        return known;
      }
      const detectorIds = window.detectorIds.filter(
        (id) => (known.reads[id] ?? run.reads[id]) === run.reads[id],
      );
      const after = afterWindow(known, { ...window, detectorIds });
      const drop = dropped && { filter, why: dropped, at: clock.now() };
      return drop === undefined
        ? after
        : drop.why === 'hides-rows'
          ? afterHidingFilter(after, drop)
          : { ...after, droppedFilter: drop };
    },
    [report],
  );
  if (run.head.droppedFilter?.filter === filter) {
    run.wanted = unfiltered(wanted);
  }
  return isRecorded;
}

/** The first read, a backfill and what fills a gap are about the past: what opens by them is told in a digest. */
function isCatchingUp({ head, isFirst }: ReadRun, window: ReadWindow): boolean {
  const stretch = covered(head, window);
  return (
    isFirst ||
    window.purpose === 'backfill' ||
    (stretch !== undefined &&
      window.detectorIds.some((id) => {
        const known = head.byDetector[id];
        return known !== undefined && isFilling(known, stretch);
      }))
  );
}

/**
 * Marks every timeline of the detectors whose old questions some window has answered. Who it concerns is written with
 * the coverage, so that a kill in between only delays it.
 */
export async function markFilled(run: ReadRun): Promise<void> {
  const { stores, detectors, wanted } = run;
  const { filling = {} } = run.head;
  if (Object.keys(filling).length === 0) {
    return;
  }
  for (const detector of detectors.filter(({ id }) => filling[id] !== undefined)) {
    await markEveryTimeline(stores, detector, true);
  }
  // What another runner has filled since is still to be marked.
  run.head = await stores.coverage.change(wanted.source, (head) => withoutFilling(head, filling));
}

/** What a dropped filter is remembered by: another filter is tried again. */
export function filterKey({ filter }: Wanted): string {
  return filter === undefined ? 'none' : `${filter.property} eq ${filter.values.join(' | ')}`;
}
