import { canonical, type Json } from '../../domain/json';
import type { Interval } from '../../domain/reading/coverage';
import type { ConfiguredDetector } from '../../domain/detector';
import { feedName, type Property } from '../../domain/reading/feed';
import {
  afterDetectorChange,
  afterRetention,
  isByFirstWindow,
  withoutFilling,
} from '../../domain/reading/journal';
import type { Filters, Reading, ReadTotal } from '../../domain/reading/reading';
import {
  apply,
  nextWindow,
  planPoll,
  refused,
  RETENTION_MARGIN,
} from '../../domain/reading/reading-plan';
import { headOf, noted, stoppedBy, unfinished } from '../../domain/reading/reading-result';
import type { Log } from '../../domain/record';
import {
  feedOf,
  feedsIn,
  inFeeds,
  unread,
  type CutBack,
  type ReadingState,
  type SourceState,
} from '../../domain/reading/source-state';
import { between, plus, type Duration, type Instant } from '../../domain/time';
import { aheadBy, cuttingBack, isWrong } from '../../domain/reading/wrong-clock';
import type { KnownSignals } from './known-signals';
import { SourceError, type RecordSource } from '../ports/record-source';
import type { Clock } from '../ports/clock';
import type { Stores } from '../ports/stores';
import { readWindow, type ReadRun } from './read-window';
import { markEveryTimeline } from '../findings/rule-change';
import { feedsFor, filterKey, wantedBy } from '../findings/select';
import { cutOf, timeOf } from './source-time';

export interface Reader {
  readonly source: Log;
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

/** Why a run ended before its end: the next one goes on from there. */
export type Stop = 'budget' | SourceError;

/** What one run over one source came to; also one line of the log. */
export interface ReadRunReport extends ReadTotal {
  readonly source: Log;
  /** What the head had to read. */
  readonly window: Interval;
  readonly stopped?: Stop;
  /** The feeds that the next run goes on with, as people read them. */
  readonly unfinished?: readonly string[];
  /** How wrong our clock is, when it is: negative when it is behind that of the source. */
  readonly clockAheadBy?: Duration;
  /** Coverage ended in the future; it was cut back and is read again. */
  readonly cutBack?: CutBack;
  /** What is known of all sources after it. */
  readonly reading: ReadingState;
}

/**
 * Reads what is new of a source, then the closed hours and days that are due to be read again. Everything is read in
 * windows, feed by feed in turn; coverage says what is complete.
 */
export async function readSource(reader: Reader): Promise<ReadRunReport> {
  const { source, initialLookback, retention, sweep, stores } = reader;
  const run = await startRun(reader);
  const { clock } = run;
  const now = clock.now();
  const planned = {
    ...planPoll(stateOf(run), {
      ...{ now, initialLookback, retention, sweep },
      filters: filtersOf(run),
    }),
    ...(run.clocks !== undefined && { clocks: run.clocks }),
  };
  const reading = await readAll(run, planned, reader.budget);
  const step = noted(reading, clock.now());
  const state = isSame(step(reading.state), reading.state)
    ? reading.state
    : await stores.coverage.change(reading.state, step);
  const stopped = stopOf(reading);
  const { clocks } = reading;
  return {
    ...{ source, ...reading.total, reading: { ...run.reading, [source]: state } },
    window: headOf(planned) ?? { from: now, to: now },
    ...(clocks !== undefined && isWrong(clocks) && { clockAheadBy: aheadBy(clocks) }),
    ...(run.cut !== undefined && { cutBack: run.cut }),
    ...(stopped !== undefined && { stopped }),
    ...(stopped !== undefined && { unfinished: unfinished(reading).map(feedName) }),
  };
}

/** A run over what is stored, brought up to date with the detectors and the retention of today. */
export async function startRun(reader: Reader): Promise<ReadRun> {
  const { source, tenantId, records, stores, known } = reader;
  const detectors = reader.detectors.map((each) => each.detector);
  const reading = await stores.coverage.reading();
  const feeds = feedsFor(detectors, source);
  const time = await timeOf(reader, reading[source] ?? unread(source), feeds);
  const { clock, clocks, failure } = time;
  const run: ReadRun = {
    ...{ tenantId, detectors, records, stores, clock, clocks, failure, known, feeds, reading },
    wanted: wantedBy(detectors, source),
    firsts: feeds
      .map(({ property }) => property)
      .filter((each) => reading[source]?.feeds[each]?.journal === undefined),
  };
  const before = stateOf(run);
  const cut = clocks === undefined ? undefined : await cutOf(stores, before, clocks.theirs);
  const retention = failure === undefined ? reader.retention : undefined;
  const upToDate = broughtUpToDate(run, retention, clock.now());
  const step = (state: SourceState): SourceState =>
    upToDate(cut === undefined ? state : cuttingBack(cut)(state));
  const current = isSame(step(before), before)
    ? before
    : await stores.coverage.change(before, step);
  const marked = await markFilled(run, current); // what a killed run has left
  return { ...run, reading: { ...reading, [source]: marked }, cut };
}

/** What is known of the source that a run is about. */
export function stateOf({ reading, wanted: { source } }: ReadRun): SourceState {
  return reading[source] ?? unread(source);
}

/** By feed: what its filter is known by. */
export function filtersOf({ feeds }: ReadRun): Filters {
  return Object.fromEntries(feeds.map((each) => [each.property, filterKey(each)]));
}

/** Reads window after window until there is nothing left, or no time. */
export async function readAll(
  run: ReadRun,
  planned: Reading,
  budget: Duration | undefined,
  onWindow: (reading: Reading) => void = () => undefined,
): Promise<Reading> {
  const { clock } = run;
  let reading = run.failure === undefined ? planned : refused(planned, run.failure);
  for (let next = nextWindow(reading); next !== undefined; next = nextWindow(reading)) {
    if (budget !== undefined && between(planned.startedAt, clock.now()) > budget) {
      break;
    }
    const outcome = await readWindow(run, reading, next);
    reading = apply(reading, next, outcome, clock.now());
    onWindow(reading);
  }
  return { ...reading, state: await markFilled(run, reading.state) };
}

export function stopOf(reading: Reading): Stop | undefined {
  const stopped = stoppedBy(reading);
  return stopped === 'budget' || stopped instanceof SourceError ? stopped : undefined;
}

/** Brings each feed up to date with today's detectors and with what the log still holds. */
function broughtUpToDate({ feeds }: ReadRun, retention: Duration | undefined, now: Instant) {
  const oldest = retention === undefined ? undefined : plus(now, RETENTION_MARGIN - retention);
  return (state: SourceState): SourceState =>
    feeds.reduce((known, feed) => {
      const { property, reads } = feed;
      return inFeeds([property], (each) => {
        const { droppedFilter, ...others } = afterDetectorChange(each, reads);
        // Another filter is tried again, and the old one is no longer in the way.
        const isDropped = droppedFilter?.filter === filterKey(feed);
        const current = isDropped ? { ...others, droppedFilter } : others;
        const next =
          oldest === undefined ? current : afterRetention(current, oldest, Object.keys(reads));
        return isSame(next, each) ? each : next;
      })(known);
    }, state);
}

/** Whatever the order of its parts. */
function isSame(a: object, b: object): boolean {
  return a === b || canonical(a as Json) === canonical(b as Json);
}

/**
 * Marks every timeline of the detectors whose old questions some window has answered. Who it concerns is written with
 * the coverage, so that a kill in between only delays it.
 */
async function markFilled(run: ReadRun, state: SourceState): Promise<SourceState> {
  const { stores, detectors, feeds } = run;
  const filled = feedsIn(state).filter(([, { filling }]) => filling !== undefined);
  if (filled.length === 0) {
    return state;
  }
  const isAsking = (id: string, property: Property): boolean =>
    feeds.some((feed) => feed.property === property && feed.neededBy.includes(id));
  const concerned = detectors.filter(({ id }) =>
    filled.some(([property, { filling }]) => filling?.[id] !== undefined && isAsking(id, property)),
  );
  for (const detector of concerned) {
    const isFirst = filled.every(([, feed]) => isByFirstWindow(feed, detector.id));
    await markEveryTimeline(stores, detector, isFirst ? 'first-read' : 'past');
  }
  // What another runner has filled since is still to be marked.
  return stores.coverage.change(
    state,
    inFeeds(
      filled.map(([property]) => property),
      (feed, property) => withoutFilling(feed, feedOf(state, property).filling ?? {}),
    ),
  );
}
