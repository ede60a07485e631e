import { canonical, type Json } from '../domain/canonical';
import type { Interval } from '../domain/coverage';
import type { ConfiguredDetector } from '../domain/detector';
import {
  afterDetectorChange,
  afterRetention,
  afterTrouble,
  daysDue,
  hoursDue,
  unread,
  withoutDayTrouble,
  withoutTrouble,
  type Journal,
  type Purpose,
  type SourceHead,
} from '../domain/journal';
import { lagOf } from '../domain/lateness';
import type { Source } from '../domain/record';
import {
  between,
  DAY,
  earliest,
  HOUR,
  MINUTE,
  plus,
  type Duration,
  type Instant,
} from '../domain/time';
import type { KnownSignals } from './known-signals';
import { SourceError, type Clock, type RecordSource, type Stores } from './ports';
import { readStretch, type Stop } from './read-stretch';
import { filterKey, idsOf, markFilled, unfiltered, type ReadRun } from './read-window';
import { readsHash, wantedBy } from './select';

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
  /** How long the tenant's log keeps its rows; absent: as long as anybody asks. */
  readonly retention?: Duration;
  /** No new window begins after so long; the next run goes on. Absent: as long as it takes. */
  readonly budget?: Duration;
  /** Reads the late tail of the last two days again, too. */
  readonly sweep?: boolean;
}

/** What one run over one source came to; also one line of the log. */
export interface ReadRunReport {
  readonly source: Source;
  /** What the head had to read. */
  readonly window: Interval;
  readonly windows: number;
  readonly rows: number;
  readonly kept: number;
  readonly malformed: number;
  readonly tooOld: number;
  /** Why the run ended before its end: the next one goes on from there. */
  readonly stopped?: Stop;
}

const SWEEP = 2 * DAY;
/** A page, less what the next minutes bring. */
const PAGEFUL = 850;
/** Most rows come within minutes: the head sees them, whatever it costs, and does not leave them to the hour tile. */
const LEAST_REACH = 10 * MINUTE;
/** What the log drops in the next hour may be gone before it is read. */
export const RETENTION_MARGIN = HOUR;

/**
 * Reads what is new of a source, then the closed hours and days that are due to be read again. Everything is read in
 * windows and goes through one journal; coverage says what is complete.
 */
export async function readSource(reader: Reader): Promise<ReadRunReport> {
  const { source, clock } = reader;
  const started = clock.now();
  const run = await startRun(reader);
  const isNeeded = idsOf(run).length > 0;
  const window = { from: headFrom(run.head.journal, reader, started), to: started };
  const stopped = isNeeded ? await readAll(reader, run, window) : undefined;
  return {
    ...{ source, window, ...run.total },
    ...(stopped !== undefined && { stopped }),
  };
}

/** A run over the head as it is stored, brought up to date with the detectors and the retention of today. */
export async function startRun(reader: Reader): Promise<ReadRun> {
  const { source, tenantId, records, stores, clock, known } = reader;
  const detectors = reader.detectors.map((each) => each.detector);
  const head = (await stores.coverage.head(source)) ?? unread(source);
  const run: ReadRun = {
    ...{ tenantId, detectors, records, stores, clock, known, head },
    wanted: wantedBy(detectors, source),
    reads: Object.fromEntries(
      detectors
        .filter((each) => each.needs.includes(source))
        .map((each) => [each.id, readsHash(each, source)]),
    ),
    isFirst: head.journal === undefined,
    total: { windows: 0, rows: 0, kept: 0, malformed: 0, tooOld: 0 },
  };
  if (idsOf(run).length > 0) {
    run.head = await prepared(reader, run, clock.now());
    if (run.head.droppedFilter?.filter === filterKey(run.wanted)) {
      run.wanted = unfiltered(run.wanted);
    }
    await markFilled(run); // what a killed run has left
  }
  return run;
}

/** Brings the head up to date with today's detectors and with what the log still holds. */
async function prepared(reader: Reader, run: ReadRun, now: Instant): Promise<SourceHead> {
  const { source, retention } = reader;
  const ids = idsOf(run);
  const step = (head: SourceHead): SourceHead => {
    const { droppedFilter, ...others } = afterDetectorChange(head, run.reads);
    // Another filter is tried again, and the old one is no longer in the way.
    const isDropped = droppedFilter?.filter === filterKey(run.wanted);
    const current = isDropped ? { ...others, droppedFilter } : others;
    const oldest = retention === undefined ? undefined : plus(now, RETENTION_MARGIN - retention);
    return oldest === undefined ? current : afterRetention(current, oldest, ids);
  };
  const isSame = textOf(step(run.head)) === textOf(run.head);
  return isSame ? run.head : reader.stores.coverage.change(source, step);
}

/** Whatever the order of its parts. */
function textOf(head: SourceHead): string {
  return canonical(head as unknown as Json);
}

/**
 * Where the head begins: where it stopped, and as far before that as costs no further request. What is not complete
 * yet is then completed by the way, and an hour that is due needs no reading of its own.
 */
function headFrom(journal: Journal | undefined, reader: Reader, now: Instant): Instant {
  if (journal === undefined) {
    const { initialLookback, retention = Infinity } = reader;
    return plus(now, -Math.min(initialLookback, retention - RETENTION_MARGIN));
  }
  const { readTo, rowsPerHour } = journal;
  const open = earliest(journal.completeTo, journal.hoursTo);
  const swept = reader.sweep === true ? plus(now, -SWEEP) : now;
  if (between(readTo, now) > HOUR) {
    return earliest(open, readTo, swept); // several pages anyway
  }
  const reach =
    rowsPerHour === 0 ? Infinity : Math.max(LEAST_REACH, (PAGEFUL / rowsPerHour) * HOUR);
  const free = between(open, now) <= reach ? open : plus(now, -reach);
  return earliest(free, readTo, swept);
}

async function readAll(reader: Reader, run: ReadRun, window: Interval): Promise<Stop | undefined> {
  const started = window.to;
  const isOver = (): boolean =>
    reader.budget !== undefined && between(started, reader.clock.now()) > reader.budget;
  const read = (stretch: Interval | undefined, purpose: Purpose): Promise<Stop | undefined> =>
    stretch === undefined ? Promise.resolve(undefined) : readStretch(run, stretch, purpose, isOver);
  const lag = lagOf(run.head.lateness);
  let stopped = await read(window, 'head');
  const { journal } = run.head;
  if (stopped === undefined && journal !== undefined) {
    stopped = await read(hoursDue(journal, started, lag), 'hour');
  }
  await noteTrouble(reader, run, stopped, run.total.windows > 0);
  if (stopped !== undefined || run.head.journal === undefined) {
    return stopped;
  }
  // A day that fails is tried again at the next run; nothing waits for it.
  const before = run.total.windows;
  stopped = await read(daysDue(run.head.journal, started), 'day');
  await noteTrouble(reader, run, stopped, run.total.windows > before, 'dayTrouble');
  return stopped;
}

async function noteTrouble(
  reader: Reader,
  run: ReadRun,
  stopped: Stop | undefined,
  isMoving: boolean,
  of: 'trouble' | 'dayTrouble' = 'trouble',
): Promise<void> {
  const { source, stores, clock } = reader;
  if (stopped instanceof SourceError) {
    const { trouble, message, mend } = stopped;
    const now = clock.now();
    run.head = await stores.coverage.change(source, (head) =>
      afterTrouble(head, { trouble, message, mend }, now, of),
    );
  } else if (run.head[of] !== undefined && (stopped === undefined || isMoving)) {
    const over = of === 'trouble' ? withoutTrouble : withoutDayTrouble;
    run.head = await stores.coverage.change(source, over);
  }
}
