import { isFilling, type Interval } from '../domain/coverage';
import type { Detector } from '../domain/detector';
import {
  afterWindow,
  covered,
  unread,
  type Purpose,
  type ReadWindow,
  type SourceHead,
  type WindowReport,
} from '../domain/journal';
import type { SeenRow } from '../domain/lateness';
import type { Malformed } from '../domain/record';
import { between, earliest, MINUTE, type Duration, type Instant } from '../domain/time';
import { keep } from './keep';
import type { KnownSignals } from './known-signals';
import { SourceError, type Clock, type RecordSource, type Stores, type Wanted } from './ports';
import { markEveryTimeline } from './rule-change';
import { select, type Selection } from './select';

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
 * @throws SourceError when it could not be read to its end; nothing is kept then.
 */
export async function readWindow(
  run: ReadRun,
  window: Interval,
  purpose: Purpose,
  lag: Duration,
): Promise<TooLong | { readonly seen: readonly SeenRow[] }> {
  const { clock, stores } = run;
  const { source, filter } = run.wanted;
  const isFiltered = filter !== undefined && purpose !== 'day';
  const startedAt = clock.now();
  const read = await readPages(run, window, isFiltered ? run.wanted : unfiltered(run.wanted));
  if ('fits' in read) {
    return read;
  }
  if (read.malformed.length > 0) {
    await stores.quarantine.add(source, read.malformed, clock.now());
  }
  const done: ReadWindow = {
    ...{ from: window.from, to: window.to, purpose, startedAt, lag },
    detectorIds: idsOf(run),
    isFiltered: isFiltered && !read.isRejected,
    rows: read.rows,
    seen: read.seen,
  };
  const { tooOld } = await keep(stores, read.selection, {
    known: run.known,
    isCatchingUp: isCatchingUp(run, run.head, done),
  });
  await record(run, done, {
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
  if (read.isRejected) {
    run.wanted = unfiltered(run.wanted);
  }
  return { seen: read.seen };
}

export function idsOf({ detectors, wanted }: ReadRun): readonly string[] {
  return detectors.filter((each) => each.needs.includes(wanted.source)).map((each) => each.id);
}

export function unfiltered({ filter: _none, ...wanted }: Wanted): Wanted {
  return wanted;
}

interface Pages {
  readonly selection: Selection;
  readonly malformed: readonly Malformed[];
  readonly seen: readonly SeenRow[];
  readonly rows: number;
  readonly kept: number;
  readonly pages: number;
  readonly requestId: string | undefined;
  /** Graph rejected the filter, so the window was read without. */
  readonly isRejected: boolean;
}

async function readPages(
  run: ReadRun,
  window: Interval,
  wanted: Wanted,
  isRejected = false,
): Promise<TooLong | Pages> {
  const selection: Selection = new Map();
  const malformed: Malformed[] = [];
  const seen: SeenRow[] = [];
  const length = between(window.from, window.to);
  let oldest: Instant = window.to;
  let [rows, kept, pages, requestId] = [0, 0, 0, undefined as string | undefined];
  try {
    for await (const page of run.records.read(window, wanted)) {
      rows += page.rows;
      kept += page.records.length;
      pages = page.isAgain === true ? 1 : pages + 1;
      requestId = page.requestId ?? requestId;
      malformed.push(...page.malformed);
      seen.push(...page.seen);
      select(run.tenantId, run.detectors, page.records, selection, (record, detector, error) => {
        const { source, id } = record;
        const name = error instanceof Error ? error.name : 'unknown error';
        malformed.push({ source, id, reason: `${detector.id} failed on it: ${name}` });
      });
      oldest = page.oldest === undefined ? oldest : earliest(oldest, page.oldest);
      if (pages === MOST_PAGES && length > SMALLEST_WINDOW) {
        return { fits: Math.min(PLANNED_SHARE * between(oldest, window.to), length / 2) };
      }
    }
  } catch (error) {
    const isFilter = error instanceof SourceError && error.trouble === 'filter-rejected';
    if (!isFilter || wanted.filter === undefined) {
      throw error;
    }
    return readPages(run, window, unfiltered(wanted), true);
  }
  return { selection, malformed, seen, rows, kept, pages, requestId, isRejected };
}

/**
 * Coverage, cursors and the ledger move in one transaction. A stretch that answers old questions marks every timeline
 * before it and again after it: who drains between the two judges by the old coverage.
 */
async function record(run: ReadRun, window: ReadWindow, report: WindowReport): Promise<void> {
  const { stores, wanted, clock } = run;
  const head = (await stores.coverage.head(wanted.source)) ?? unread(wanted.source);
  const filled = filledBy(run, head, window);
  const isPast = isCatchingUp(run, head, window);
  for (const detector of filled) {
    await markEveryTimeline(stores, detector, isPast);
  }
  const isRejected = wanted.filter !== undefined && !window.isFiltered && window.purpose !== 'day';
  run.head = await stores.coverage.change(
    wanted.source,
    (known) => {
      const after = afterWindow(known, window);
      const at = clock.now();
      return isRejected
        ? { ...after, droppedFilter: { filter: filterKey(wanted), why: 'rejected', at } }
        : after;
    },
    [report],
  );
  for (const detector of filled) {
    await markEveryTimeline(stores, detector, isPast);
  }
}

/** The detectors whose old questions a window answers. */
function filledBy(run: ReadRun, head: SourceHead, window: ReadWindow): readonly Detector[] {
  const stretch = covered(head, window);
  return stretch === undefined
    ? []
    : run.detectors.filter(
        ({ id }) => window.detectorIds.includes(id) && isFilling(head.byDetector[id], stretch),
      );
}

/** The first read, a backfill and what fills a gap are about the past: what opens by them is told in a digest. */
function isCatchingUp(run: ReadRun, head: SourceHead, window: ReadWindow): boolean {
  return (
    run.isFirst ||
    window.purpose === 'backfill' ||
    filledBy(run, head, window).some(({ id }) => head.byDetector[id] !== undefined)
  );
}

/** What a dropped filter is remembered by: another filter is tried again. */
export function filterKey({ filter }: Wanted): string {
  return filter === undefined ? 'none' : `${filter.property} eq ${filter.values.join(' | ')}`;
}
