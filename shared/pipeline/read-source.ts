import type { Interval } from '../domain/coverage';
import type { ConfiguredDetector } from '../domain/detector';
import type { Malformed, Source } from '../domain/record';
import { between, earliest, HOUR, MINUTE, plus, type Duration, type Instant } from '../domain/time';
import { keep } from './keep';
import type { KnownSignals } from './known-signals';
import { SourceError, type Clock, type RecordSource, type Stores, type Wanted } from './ports';
import { select, wantedBy, type Selection } from './select';

export interface Reader {
  readonly source: Source;
  readonly tenantId: string;
  readonly detectors: readonly ConfiguredDetector[];
  readonly records: RecordSource;
  readonly stores: Stores;
  readonly clock: Clock;
  /** What this process has stored before; shared by the runs of one process. */
  readonly known?: KnownSignals;
  /** How far back the very first read goes. */
  readonly initialLookback: Duration;
  /** No new window begins after so long; the next run goes on. Absent: as long as it takes. */
  readonly budget?: Duration;
  /** Reads the late tail of the last two days again, too. */
  readonly sweep?: boolean;
}

/** What one run over one source came to; also one line of the log. */
export interface ReadRunReport {
  readonly source: Source;
  readonly window: Interval;
  readonly windows: number;
  readonly rows: number;
  readonly kept: number;
  readonly malformed: number;
  readonly tooOld: number;
  /** This source was never read before: what opens now goes out as one digest. */
  readonly isFirst: boolean;
  /** Why the run ended before its end: the next one goes on from there. */
  readonly stopped?: 'budget' | SourceError;
}

/** A source is taken to be complete up to now minus this; most rows come within minutes, some hours late. */
const LAG = 2 * HOUR;
/** Read again at every poll, for rows that come late: a little more than the latest that were seen. */
const TAIL = 3 * HOUR + 5 * MINUTE;
const SWEEP = 48 * HOUR;
const SMALLEST_WINDOW = MINUTE;
/** Pages of one window within a budget: at 2 requests in 10 seconds they take well over a minute. */
const MOST_PAGES = 20;
/** So many windows may fail in one run before it is left to the next. */
const MOST_TROUBLES = 4;

/**
 * Reads a source from where coverage ends to now, window by window. A window's signals and work marks are stored
 * before coverage moves over it, so that a kill anywhere only means reading it again. The first window is the whole
 * gap; it is halved when there is trouble, and grown back.
 */
export async function readSource(reader: Reader): Promise<ReadRunReport> {
  const { source, stores, clock, detectors } = reader;
  const enabled = detectors.map((each) => each.detector);
  const wanted = wantedBy(enabled, source);
  const started = clock.now();
  const head = await stores.coverage.head(source);
  const ends = enabled
    .filter((each) => each.needs.includes(source))
    .flatMap((each) => head?.byDetector[each.id]?.to ?? []);
  const [firstEnd, ...otherEnds] = ends;
  const isNeeded = enabled.some((each) => each.needs.includes(source));
  const isFirst = isNeeded && firstEnd === undefined;
  const from =
    firstEnd === undefined
      ? plus(started, -reader.initialLookback)
      : earliest(firstEnd, ...otherEnds, plus(started, -(reader.sweep === true ? SWEEP : TAIL)));
  const window = { from, to: started };
  const total = { windows: 0, rows: 0, kept: 0, malformed: 0, tooOld: 0 };
  let size = between(from, started);
  let largest = Infinity;
  let at: Instant = from;
  let troubles = 0;
  while (isNeeded && at < started) {
    if (reader.budget !== undefined && between(started, clock.now()) > reader.budget) {
      return { source, window, ...total, isFirst, stopped: 'budget' };
    }
    const to = earliest(started, plus(at, size));
    try {
      const read = await readWindow(reader, { from: at, to }, wanted, started);
      if ('fits' in read) {
        size = Math.max(SMALLEST_WINDOW, read.fits);
        largest = size;
        continue;
      }
      total.windows += 1;
      total.rows += read.rows;
      total.kept += read.kept;
      total.malformed += read.malformed;
      total.tooOld += read.tooOld;
      at = to;
      size = Math.min(size * 2, largest);
    } catch (error) {
      if (!(error instanceof SourceError)) {
        throw error;
      }
      troubles += 1;
      size = Math.floor(size / 2);
      if (
        !error.isPassing ||
        error.isForNextRun ||
        size < SMALLEST_WINDOW ||
        troubles === MOST_TROUBLES
      ) {
        return { source, window, ...total, isFirst, stopped: error };
      }
    }
  }
  return { source, window, ...total, isFirst };
}

interface WindowCount {
  readonly rows: number;
  readonly kept: number;
  readonly malformed: number;
  readonly tooOld: number;
}

/**
 * Reads one window to its end, then stores what it showed, then moves coverage. A window with more pages than one run
 * has time for is given up after those: they tell how long a window may be that fits.
 */
async function readWindow(
  reader: Reader,
  window: Interval,
  wanted: Wanted,
  now: Instant,
): Promise<WindowCount | { readonly fits: Duration }> {
  const { source, stores, clock, tenantId } = reader;
  const detectors = reader.detectors.map((each) => each.detector);
  const started = clock.now();
  const selection: Selection = new Map();
  const malformed: Malformed[] = [];
  let oldest = window.to;
  let [rows, kept, pages, requestId] = [0, 0, 0, undefined as string | undefined];
  for await (const page of readWith(reader, window, wanted)) {
    rows += page.rows;
    kept += page.records.length;
    pages += 1;
    requestId = page.requestId ?? requestId;
    malformed.push(...page.malformed);
    select(tenantId, detectors, page.records, selection, (record, detector, error) => {
      const name = error instanceof Error ? error.name : 'unknown error';
      malformed.push({ source, id: record.id, reason: `${detector.id} failed on it: ${name}` });
    });
    oldest = page.oldest === undefined ? oldest : earliest(oldest, page.oldest);
    const isLong = between(window.from, window.to) > SMALLEST_WINDOW;
    if (pages === MOST_PAGES && reader.budget !== undefined && isLong) {
      const reached = between(oldest, window.to);
      return { fits: Math.min(reached, between(window.from, window.to) / 2) };
    }
  }
  if (malformed.length > 0) {
    await stores.quarantine.add(source, malformed, clock.now());
  }
  const { tooOld } = await keep(stores, selection, reader.known);
  const complete = earliest(window.to, plus(now, -LAG));
  if (complete > window.from) {
    const ids = detectors.filter((each) => each.needs.includes(source)).map((each) => each.id);
    await stores.coverage.extend(source, { from: window.from, to: complete }, ids, {
      ...window,
      source,
      readAt: clock.now(),
      rows,
      kept,
      malformed: malformed.length,
      pages,
      ms: between(started, clock.now()),
      filter: wanted.filter?.property ?? 'none',
      ...(requestId !== undefined && { requestId }),
    });
  }
  return { rows, kept, malformed: malformed.length, tooOld };
}

/** A filter that Graph rejects is left away: the window is then read whole. */
async function* readWith(
  reader: Reader,
  window: Interval,
  wanted: Wanted,
): ReturnType<RecordSource['read']> {
  try {
    yield* reader.records.read(window, wanted);
  } catch (error) {
    if (!(error instanceof SourceError) || error.trouble !== 'filter-rejected') {
      throw error;
    }
    const { filter: _rejected, ...unfiltered } = wanted;
    yield* reader.records.read(window, unfiltered);
  }
}
