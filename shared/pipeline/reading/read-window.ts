import { isFilling, type Interval } from '../../domain/reading/coverage';
import type { Detector } from '../../domain/detector';
import { isSameFeed, type Property } from '../../domain/reading/feed';
import {
  afterGivingUp,
  afterHidingFilter,
  afterSkippingDay,
  afterWindow,
  covered,
  type FeedState,
  type ReadWindow,
  type WindowReport,
} from '../../domain/reading/journal';
import { lagOf } from '../../domain/reading/lateness';
import {
  MAX_PAGES,
  PLANNED_SHARE,
  SMALLEST_WINDOW,
  type AskedWindow,
  type Outcome,
  type Reading,
} from '../../domain/reading/reading';
import { isGivenUp } from '../../domain/reading/reading-plan';
import {
  feedOf,
  inFeeds,
  type CutBack,
  type ReadingState,
  type SourceState,
} from '../../domain/reading/source-state';
import { between, earliest, plus, type Duration, type Instant } from '../../domain/time';
import type { Clocks } from '../../domain/reading/wrong-clock';
import { collectPages, type Collected } from './collect-pages';
import { keep } from '../findings/keep';
import type { KnownSignals } from './known-signals';
import { SourceError, type RecordSource, type Wanted } from '../ports/record-source';
import type { CatchingUp } from '../ports/work-marks';
import type { Clock } from '../ports/clock';
import type { Stores } from '../ports/stores';
import { filteredBy, filterKey, type FeedReads, type Selection } from '../findings/select';
import { quarantineRows, settleRows } from './unreadable';

/** What reading a source needs. */
export interface ReadRun {
  readonly tenantId: string;
  readonly detectors: readonly Detector[];
  readonly records: RecordSource;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly known: KnownSignals | undefined;
  /** All rows of the source that a detector looks at. */
  readonly wanted: Wanted;
  readonly feeds: readonly FeedReads[];
  /** Feeds that were never polled before. */
  readonly firsts: readonly Property[];
  /** What the source said of the time when the run began, if it was asked. */
  readonly clocks?: Clocks | undefined;
  /** Why it could not say: nothing is read then. */
  readonly failure?: SourceError | undefined;
  /** What was cut back, because it ended in the future. */
  readonly cut?: CutBack | undefined;
  /** What was known of all sources when the run began. */
  readonly reading: ReadingState;
}

/**
 * Reads one window to its end, then stores what it showed, then moves coverage over it: a kill anywhere only means
 * that it is read again.
 */
export async function readWindow(
  run: ReadRun,
  reading: Reading,
  window: AskedWindow,
): Promise<Outcome> {
  try {
    return await read(run, reading, window);
  } catch (error) {
    if (!(error instanceof SourceError)) {
      throw error;
    }
    return isGivenUp(reading, window, error, run.clock.now())
      ? { was: 'given-up', state: await giveUp(run, reading, window) }
      : { was: 'failed', failure: error };
  }
}

async function read(run: ReadRun, reading: Reading, asked: AskedWindow): Promise<Outcome> {
  const { clock, stores } = run;
  const begunAt = clock.now();
  const pages = await readPages(run, asked, asked.isFiltered ? filterOf(run, asked) : undefined);
  const { clocks } = pages;
  const now = clocks?.theirs ?? begunAt;
  // Of what lies behind the clock of the log nothing is known, whatever ours says.
  const window = clocks === undefined ? asked : { ...asked, to: earliest(asked.to, now) };
  if (window.from >= window.to) {
    return { was: 'not-yet', clocks };
  }
  if ('fits' in pages) {
    return { was: 'too-long', ...pages };
  }
  const startedAt = earliest(begunAt, now);
  const dropped = await droppedBy(run, reading, window, pages);
  const { malformed, readable } = pages;
  const { source } = run.wanted;
  const looked = { source, window: stretchOf(window), malformed, readable, seenAt: clock.now() };
  await quarantineRows(stores, looked);
  const done: Done = { window, pages, dropped, startedAt, begunAt };
  const { tooOld } = await keepAll(run, reading.state, done);
  await settleRows(run, looked, run.known?.rows);
  const { state, isRecorded } = await record(run, reading, done);
  const { rows, kept, pages: count } = pages;
  return isRecorded
    ? { was: 'read', state, pages: count, rows, kept, malformed: malformed.length, tooOld, clocks }
    : { was: 'read-in-vain', state, pages: count, clocks };
}

/** A window that was read, and what is still to be made of it. */
interface Done {
  readonly window: AskedWindow;
  readonly pages: Pages;
  readonly dropped: DroppedFilters;
  readonly startedAt: Instant;
  /** The same by our own clock. */
  readonly begunAt: Instant;
}
type DroppedFilters = Readonly<Partial<Record<Property, 'rejected' | 'hides-rows'>>>;

/** Its only feed. */
function filterOf({ feeds }: ReadRun, window: AskedWindow): FeedReads | undefined {
  return feeds.find(({ property }) => property === window.feeds[0]);
}

type Pages = Collected & {
  /** Graph rejected the filter, so the window was read without. */
  readonly isRejected: boolean;
};

async function readPages(
  run: ReadRun,
  window: AskedWindow,
  filter: FeedReads | undefined,
  isRejected = false,
): Promise<(Pick<Pages, 'pages' | 'clocks'> & { readonly fits: Duration }) | Pages> {
  const { wanted } = run;
  const length = between(window.from, window.to);
  try {
    const read = await collectPages(
      run.records.read(
        stretchOf(window),
        filter === undefined ? wanted : filteredBy(wanted, filter),
      ),
      run,
      ({ pages }) => pages === MAX_PAGES && length > SMALLEST_WINDOW,
    );
    if (read.pages < MAX_PAGES || length <= SMALLEST_WINDOW) {
      return { ...read, isRejected };
    }
    const { pages, clocks } = read;
    const end = earliest(window.to, clocks?.theirs ?? window.to);
    const reached = Math.max(0, between(read.oldest ?? end, end));
    return { fits: Math.min(PLANNED_SHARE * reached, length / 2), pages, clocks };
  } catch (error) {
    const isFilter = error instanceof SourceError && error.failure === 'filter-rejected';
    if (!isFilter || filter === undefined) {
      throw error;
    }
    return readPages(run, window, undefined, true);
  }
}

function stretchOf({ from, to }: Interval): Interval {
  return { from, to };
}

/** The filters that Graph rejects, or that the look at a whole day shows to hide rows. */
async function droppedBy(
  run: ReadRun,
  { state, filters }: Reading,
  window: AskedWindow,
  pages: Pages,
): Promise<DroppedFilters> {
  if (window.purpose !== 'day') {
    return pages.isRejected
      ? Object.fromEntries(window.feeds.map((each) => [each, 'rejected']))
      : {};
  }
  const dropped: [Property, 'hides-rows'][] = [];
  for (const feed of run.feeds.filter(({ property }) => window.feeds.includes(property))) {
    const { property } = feed;
    const isSent = feedOf(state, property).droppedFilter?.filter !== filters[property];
    if (isSent && (await isHiding(run, window, feed, seenIn(pages, property)))) {
      dropped.push([property, 'hides-rows']);
    }
  }
  return Object.fromEntries(dropped);
}

function seenIn({ seen }: Pages, property: Property): Collected['seen'] {
  return seen.filter(({ feeds }) => feeds.includes(property));
}

/**
 * A day's window was read without a filter; now it is read with the one of this feed. Rows that the detectors need and
 * that do not come then, also when asked once more, are hidden by the filter.
 */
async function isHiding(
  run: ReadRun,
  window: AskedWindow,
  feed: FeedReads,
  expected: Collected['seen'],
): Promise<boolean> {
  for (let round = 0; round < 2; round++) {
    const shown = await readShown(run, window, feed);
    if (expected.every(({ id }) => shown.has(id))) {
      return false;
    }
  }
  return true;
}

async function readShown(
  run: ReadRun,
  window: AskedWindow,
  feed: FeedReads,
): Promise<ReadonlySet<string>> {
  const { clock, records, stores, tenantId, wanted } = run;
  const startedAt = clock.now();
  const pages = records.read(stretchOf(window), filteredBy(wanted, feed));
  const read = await collectPages(pages, { tenantId, detectors: [] });
  const { source, property } = feed;
  await stores.coverage.change(source, (state) => state, [
    {
      ...{ ...stretchOf(window), source, feeds: [property], purpose: 'filter-check' },
      ...{ rows: read.rows, kept: read.kept, pages: read.pages, malformed: read.malformed.length },
      ...{ readAt: clock.now(), ms: between(startedAt, clock.now()), filter: property },
    },
  ]);
  return new Set(read.seen.map((row) => row.id));
}

/** What the window says of one of its feeds. */
function ofFeed(
  run: ReadRun,
  state: SourceState,
  { window, pages, startedAt }: Done,
  property: Property,
): ReadWindow {
  return {
    ...{ ...stretchOf(window), purpose: window.purpose, startedAt },
    lag: lagOf(feedOf(state, property).lateness),
    detectorIds: askersOf(run, property),
    isFiltered: window.isFiltered && !pages.isRejected,
    rows: pages.rows,
    seen: seenIn(pages, property),
  };
}

/** The detectors that ask for this feed. */
function askersOf({ feeds }: ReadRun, property: Property): readonly string[] {
  return Object.keys(feeds.find((each) => each.property === property)?.reads ?? {});
}

/** What is found while catching up with the past is told in a digest: by detector, because their feeds differ. */
async function keepAll(run: ReadRun, state: SourceState, done: Done): Promise<{ tooOld: number }> {
  const { stores, known, wanted } = run;
  const reading = { ...run.reading, [wanted.source]: state };
  let tooOld = 0;
  const groups = Map.groupBy(done.pages.selection, ([detector]) =>
    catchingUpOf(run, state, done, detector),
  );
  for (const [catchingUp, entries] of groups) {
    const selection: Selection = new Map(entries);
    tooOld += (await keep(stores, selection, { known, reading, catchingUp })).tooOld;
  }
  return { tooOld };
}

/** A backfill and what fills a gap are about the past, and so is the first read. */
function catchingUpOf(
  run: ReadRun,
  state: SourceState,
  done: Done,
  { id, needs }: Detector,
): CatchingUp | undefined {
  const { source } = run.wanted;
  const { feeds, purpose } = done.window;
  const own = feeds.filter((property) =>
    needs.some((feed) => isSameFeed(feed, { source, property })),
  );
  const isFilled = own.some((property) => {
    const feed = feedOf(state, property);
    const known = feed.byDetector[id];
    const { startedAt } = done;
    const read = { ...stretchOf(done.window), startedAt, lag: lagOf(feed.lateness) };
    const stretch = covered(feed, read);
    return known !== undefined && stretch !== undefined && isFilling(known, stretch);
  });
  if (purpose === 'backfill' || isFilled) {
    return 'past';
  }
  return own.some((property) => run.firsts.includes(property)) ? 'first-read' : undefined;
}

/**
 * Coverage, cursors and the ledger move in one transaction, judged by what is known then: another runner may have
 * dropped the filter, or begun with other detectors, since the window was asked for.
 * @returns isRecorded is false when the window says nothing, because it was read with a filter that hides rows.
 */
async function record(
  run: ReadRun,
  reading: Reading,
  done: Done,
): Promise<{ state: SourceState; isRecorded: boolean }> {
  const { stores, clock, wanted } = run;
  const { window, pages, dropped, startedAt, begunAt } = done;
  const ms = between(begunAt, clock.now());
  const at = plus(startedAt, ms);
  let isRecorded = true;
  const step = (feed: FeedState, property: Property): FeedState => {
    const seen = ofFeed(run, reading.state, done, property);
    const { reads, filter } = filteringOf(run, property);
    if (seen.isFiltered && feed.droppedFilter?.filter === filter) {
      isRecorded = false;
      return feed;
    }
    const detectorIds = seen.detectorIds.filter(
      (id) => (feed.reads[id] ?? reads[id]) === reads[id],
    );
    const read = afterWindow(feed, { ...seen, detectorIds });
    const after = withProgress(read, reading, window);
    const why = dropped[property];
    return why === undefined
      ? after
      : why === 'hides-rows'
        ? afterHidingFilter(after, { filter, why, at })
        : { ...after, droppedFilter: { filter, why, at } };
  };
  const report: WindowReport = {
    ...{ ...stretchOf(window), source: wanted.source, feeds: window.feeds },
    ...{ purpose: window.purpose, readAt: at, ms },
    ...{ rows: pages.rows, kept: pages.kept, pages: pages.pages },
    malformed: pages.malformed.length,
    filter: window.isFiltered && !pages.isRejected ? window.feeds.join() : 'none',
    ...(pages.requestId !== undefined && { requestId: pages.requestId }),
  };
  const all = inFeeds(window.feeds, step);
  const state = await stores.coverage.change(
    reading.state,
    (known) => {
      isRecorded = true;
      return all(known);
    },
    [report],
  );
  return { state, isRecorded };
}

function filteringOf(
  { feeds }: ReadRun,
  property: Property,
): { readonly reads: FeedReads['reads']; readonly filter: string } {
  const feed = feeds.find((each) => each.property === property);
  return feed === undefined
    ? { reads: {}, filter: 'none' }
    : { reads: feed.reads, filter: filterKey(feed) };
}

/** A range that is filled goes on there. */
function withProgress(feed: FeedState, { range }: Reading, { to: at }: Interval): FeedState {
  return range === undefined ? feed : { ...feed, backfill: { ...range, at } };
}

function giveUp(run: ReadRun, reading: Reading, window: AskedWindow): Promise<SourceState> {
  return run.stores.coverage.change(
    reading.state,
    inFeeds(window.feeds, (feed, property) =>
      window.purpose === 'day'
        ? afterSkippingDay(feed, window)
        : withProgress(
            afterGivingUp(feed, stretchOf(window), askersOf(run, property)),
            reading,
            window,
          ),
    ),
  );
}
