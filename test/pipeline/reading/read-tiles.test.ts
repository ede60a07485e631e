import { memoryStores } from '../../fakes/memory-stores';
import { configureDetectors } from '../../../shared/config/detectors';
import type { ConfiguredDetector } from '../../../shared/domain/detector';
import type { Interval } from '../../../shared/domain/reading/coverage';
import type { WindowReport } from '../../../shared/domain/reading/journal';
import type { EntraRecord } from '../../../shared/domain/record';
import {
  between,
  DAY,
  earliest,
  HOUR,
  latest,
  MINUTE,
  plus,
  SECOND,
  toInstant,
  type Duration,
  type Instant,
} from '../../../shared/domain/time';
import { pollSource, type PollReport } from '../../../shared/pipeline/poll';
import {
  SourceError,
  type RecordSource,
  type SourcePage,
  type Wanted,
} from '../../../shared/pipeline/ports/record-source';
import {
  filtersOf,
  readAll,
  readSource,
  startRun,
  stateOf,
  stopOf,
  type Reader,
} from '../../../shared/pipeline/reading/read-source';
import { VirtualClock } from '../../fakes/clock';
import { easAccepted } from '../../fakes/records';
import {
  ONE_FEED_EACH,
  afterTrouble,
  FEED,
  inFeed,
  readCoverage,
  readFeed,
} from '../../fakes/cover';
import { planBackfill } from '../../../shared/domain/reading/reading-plan';

/** A Tuesday noon; hours below are counted from here. */
const NOON = toInstant('2026-06-02T12:00:00Z');
const EAS = 'eas-success-despite-ca-failure';
const POLL = 5 * MINUTE;
const PAGE = 1_000;

function hour(count: number): Instant {
  return plus(NOON, count * HOUR);
}

interface LogRow {
  readonly at: Instant;
  /** At once unless said otherwise. */
  readonly visibleAt?: Instant;
  /** The server leaves it out when it filters. */
  readonly isHidden?: boolean;
}

interface LogOptions {
  readonly rows?: readonly LogRow[];
  /** Other rows: nobody looks at them, and they fill the pages. */
  readonly rowsPerHour?: number;
  /** What each page costs. */
  readonly pageTakes?: Duration;
  /** Thrown before the first page of a window. */
  readonly troubleIn?: (window: Interval, wanted: Wanted) => SourceError | undefined;
}

/** A sign-in log whose rows come late, in pages, newest first. */
class Log implements RecordSource {
  readonly asked: (Interval & { readonly isFiltered: boolean })[] = [];
  options: LogOptions;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, options: LogOptions) {
    this.#clock = clock;
    this.options = options;
  }

  async *read(window: Interval, wanted: Wanted): AsyncIterable<SourcePage> {
    const { rowsPerHour = 0, pageTakes = 0, troubleIn } = this.options;
    const isFiltered = wanted.filter !== undefined;
    this.asked.push({ ...window, isFiltered });
    const failure = troubleIn?.(window, wanted);
    if (failure !== undefined) {
      throw failure;
    }
    const span = rowsPerHour === 0 ? Infinity : (PAGE / rowsPerHour) * HOUR;
    let end = window.to;
    do {
      const length = Math.min(span, between(window.from, end));
      const from = latest(window.from, plus(end, -length));
      const records = this.#rowsIn({ from, to: end }, isFiltered);
      const seen = records.map(({ id, at }) => ({ id, at, feeds: [FEED.signIns] }));
      const rows = Math.round((rowsPerHour * length) / HOUR) + records.length;
      this.#clock.advance(pageTakes);
      yield await Promise.resolve({ rows, records, malformed: [], seen, oldest: from });
      end = from;
    } while (end > window.from);
  }

  #rowsIn({ from, to }: Interval, isFiltered: boolean): EntraRecord[] {
    const now = this.#clock.now();
    return (this.options.rows ?? []).flatMap(({ at, visibleAt = at, isHidden = false }, i) =>
      at >= from && at < to && visibleAt <= now && !(isFiltered && isHidden)
        ? [easAccepted({ id: `row-${i}`, user: `user-${i}`, at })]
        : [],
    );
  }
}

function setUp(options: LogOptions = {}, overrides: Partial<Reader> = {}) {
  const clock = new VirtualClock(NOON);
  const stores = memoryStores();
  const log = new Log(clock, options);
  const reader: Reader = {
    ...{ source: 'signIns', tenantId: 't', stores, clock, records: log },
    detectors: configureDetectors({}, ONE_FEED_EACH),
    initialLookback: 24 * HOUR,
    ...overrides,
  };
  /** Polls every five minutes, the last time at that hour. */
  async function pollUntil(count: number): Promise<PollReport> {
    let report = await pollSource(reader);
    while (clock.now() < hour(count)) {
      clock.advance(Math.min(POLL, between(clock.now(), hour(count))));
      report = await pollSource(reader);
    }
    return report;
  }
  const coverage = async () => (await readCoverage(stores.coverage, EAS)).signIns;
  const head = async () => (await readFeed(stores.coverage, 'signIns'))!;
  const read = (purpose: WindowReport['purpose']): readonly WindowReport[] =>
    stores.coverage.windows.filter((each) => each.purpose === purpose);
  return { clock, stores, log, reader, pollUntil, coverage, head, read };
}

/** How many windows each hour lies in. */
function timesRead(windows: readonly Interval[], from: Instant, to: Instant): number[] {
  const times: number[] = [];
  for (let at = from; at < to; at = plus(at, HOUR)) {
    times.push(windows.filter((each) => each.from <= at && each.to > at).length);
  }
  return times;
}

describe('shared/pipeline/read-stretch', () => {
  describe('tiles', () => {
    it.each([0, 600])('re-read each closed day once, with %i rows an hour', async (rowsPerHour) => {
      const { pollUntil, read } = setUp({ rowsPerHour });

      await pollUntil(5 * 24);

      const midnight = toInstant('2026-06-05T00:00:00Z'); // 48 h before Sunday noon, the day begun is not closed
      expect(timesRead(read('day'), hour(-24), midnight)).toEqual(
        Array.from({ length: 84 }, () => 1),
      );
      expect(read('day').every((each) => between(each.to, each.readAt) >= 48 * HOUR)).toBe(true);
      expect(read('day').every((each) => each.filter === 'none')).toBe(true);
    });

    it('re-read a day in parts when a run ends between them, and no part twice', async () => {
      const { pollUntil, read } = setUp(
        { rowsPerHour: 3_000, pageTakes: 5 * SECOND },
        { budget: 4 * MINUTE, initialLookback: 30 * HOUR },
      );

      await pollUntil(48);

      const midnight = toInstant('2026-06-02T00:00:00Z');
      expect(timesRead(read('day'), hour(-30), midnight)).toEqual(
        Array.from({ length: 18 }, () => 1),
      );
      expect(between(read('day')[0]!.readAt, read('day').at(-1)!.readAt)).toBeGreaterThan(
        4 * MINUTE,
      );
    });

    it.each([5_000, 30_000])(
      're-read each closed hour once, with %i rows an hour',
      async (rowsPerHour) => {
        const { pollUntil, read } = setUp({ rowsPerHour }, { initialLookback: HOUR });

        await pollUntil(12);

        const [from, to] = [hour(0), hour(8)]; // 3 h 05 min after it closed
        const quarters = [0, 15, 30, 45].map((minutes) => plus(from, minutes * MINUTE));
        for (const begin of quarters) {
          expect(timesRead(read('hour'), begin, to)).toEqual(Array.from({ length: 8 }, () => 1));
        }
        expect(read('hour').every((each) => between(each.to, each.readAt) >= 185 * MINUTE)).toBe(
          true,
        );
      },
    );

    it.each<[string, Duration, number, WindowReport['purpose'], number]>([
      ['an hour', HOUR, 0, 'head', 1],
      ['2 h 50 min', 170 * MINUTE, 0, 'head', 2.84],
      ['an hour in a dense log', HOUR, 5_000, 'hour', 4.1],
      ['2 h 50 min in a dense log', 170 * MINUTE, 5_000, 'hour', 4.1],
      ['40 h', 40 * HOUR, 0, 'day', 60],
    ])('find a row that shows after %s', async (_what, late, rowsPerHour, purpose, within) => {
      const row = { at: hour(0.01), visibleAt: plus(hour(0.01), late) };
      const { pollUntil, read, stores } = setUp({ rows: [row], rowsPerHour });

      await pollUntil(within - 0.2);
      const before = stores.findings.list().length;
      await pollUntil(within + 0.2);

      expect(before).toBe(0);
      expect(stores.findings.list()).toHaveLength(1);
      expect(read(purpose).some((each) => each.kept === 1)).toBe(true);
    });

    it('complete a dense log, of which the head re-reads a page only', async () => {
      const { pollUntil, read, coverage, head } = setUp({ rowsPerHour: 5_000 });

      await pollUntil(12);

      const heads = read('head').slice(-100);
      expect(Math.max(...heads.map((each) => each.pages))).toBeLessThanOrEqual(2);
      expect(await coverage()).toEqual({ from: hour(-24), to: hour(8), gaps: [] });
      expect((await head()).journal).toMatchObject({ readTo: hour(12), hoursTo: hour(8) });
    });

    it('go on completing a log that has become dense, however late its rows are', async () => {
      const { pollUntil, log, coverage, stores } = setUp();
      // 5,000 rows were measured, some of them ten hours late.
      const counts = Array.from({ length: 21 }, (_, i) => (i === 0 ? 4_950 : i === 18 ? 50 : 0));
      const lateness = { every: 1, known: {}, counts, max: 10 * HOUR };
      await stores.coverage.change(
        'signIns',
        inFeed('signIns', (feed) => ({ ...feed, lateness })),
      );
      await pollUntil(24);
      log.options = { rowsPerHour: 5_000 };

      await pollUntil(48);

      expect(between((await coverage())!.to, hour(48))).toBeLessThanOrEqual(12 * HOUR);
    });
  });

  describe('a filter', () => {
    const rejected = new SourceError('filter-rejected', 'no', 'none');
    const rejecting: LogOptions = {
      troubleIn: (_window, { filter }) =>
        filter?.values.includes('Other') === true || filter === undefined ? undefined : rejected,
    };

    /** The same detector, reading more. */
    function reading(more: string): ConfiguredDetector[] {
      return configureDetectors({}, ONE_FEED_EACH).map((each) => {
        const reads = each.detector.reads.map((read) =>
          read.property === 'clientAppUsed' ? { ...read, values: [...read.values, more] } : read,
        );
        return { ...each, detector: { ...each.detector, reads } };
      });
    }

    it('that Graph rejects is not sent again', async () => {
      const { reader, log, clock, head } = setUp(rejecting);
      await readSource(reader);
      clock.advance(POLL);

      await readSource(reader);

      expect(log.asked.map((each) => each.isFiltered)).toEqual([true, false, false]);
      expect((await head()).droppedFilter).toMatchObject({ why: 'rejected', at: NOON });
    });

    it('that is another is tried again, and the old one is forgotten', async () => {
      const { reader, log, clock, head } = setUp(rejecting);
      await readSource(reader);
      clock.advance(POLL);

      await readSource({ ...reader, detectors: reading('Other') });

      expect(log.asked.map((each) => each.isFiltered)).toEqual([true, false, true]);
      expect((await head()).droppedFilter).toBeUndefined();
    });

    describe('that hides rows', () => {
      const rows = [
        { at: hour(-20) }, // lets the filter be checked
        { at: hour(-14), isHidden: true },
        { at: hour(20), isHidden: true },
      ];

      it('hides a finding until the day is re-read', async () => {
        const { pollUntil, stores } = setUp({ rows });

        await pollUntil(35.9);
        const before = stores.findings.list().map(({ subject }) => subject.id);
        await pollUntil(36.1);

        expect(before).toEqual(['user-0']);
        expect(stores.findings.list().map(({ subject }) => subject.id)).toContain('user-1');
      });

      it('is dropped, and what was read with it is in doubt until it is re-read', async () => {
        const { pollUntil, clock, reader, stores, log, coverage, head } = setUp({ rows });
        await pollUntil(35.95);
        clock.advance(0.05 * HOUR);

        await readSource(reader);
        const doubted = await coverage();
        clock.advance(POLL);
        await pollSource(reader);

        const midnight = toInstant('2026-06-02T00:00:00Z');
        expect(doubted?.gaps).toEqual([
          { from: midnight, to: expect.any(String) as string, why: 'filter' },
        ]);
        expect((await coverage())?.gaps).toEqual([]);
        expect((await head()).droppedFilter).toMatchObject({ why: 'hides-rows', at: hour(36) });
        expect(log.asked.at(-1)).toMatchObject({ from: midnight, isFiltered: false });
        expect(stores.findings.list().map(({ subject }) => subject.id)).toContain('user-2');
      });

      it('is not sent again', async () => {
        const { pollUntil, log } = setUp({ rows });
        await pollUntil(36.1);
        const before = log.asked.length;

        await pollUntil(60);

        expect(log.asked.slice(before).every((each) => !each.isFiltered)).toBe(true);
      });
    });

    it('that hides nothing is checked at each day, once, and kept', async () => {
      const { pollUntil, log, head } = setUp({ rows: [{ at: hour(-20) }] });

      await pollUntil(37);

      const midnight = toInstant('2026-06-02T00:00:00Z');
      const checks = log.asked.filter((each) => each.isFiltered && each.to <= midnight);
      expect(checks.map((each) => each.from)).toEqual(
        [...new Set(checks.map((each) => each.from))].sort(),
      );
      expect(checks.at(-1)?.to).toBe(midnight);
      expect((await head()).droppedFilter).toBeUndefined();
      expect(log.asked.at(-1)).toMatchObject({ isFiltered: true });
    });
  });

  describe('what is lost', () => {
    it('is a gap for ever after an outage that was longer than the log keeps its rows', async () => {
      const { pollUntil, clock, reader, coverage } = setUp({}, { retention: 7 * DAY });
      await readSource(reader);
      clock.advance(10 * DAY);

      await pollUntil(14 * 24);

      expect((await coverage())?.gaps).toEqual([
        { from: hour(-2), to: hour(3 * 24 + 1), why: 'retention' },
      ]);
    });

    it('is nothing after a shorter one', async () => {
      const { pollUntil, clock, reader, coverage } = setUp({}, { retention: 7 * DAY });
      await readSource(reader);
      clock.advance(6 * DAY);

      await pollUntil(7 * 24);

      expect((await coverage())?.gaps).toEqual([]);
    });

    const bad = hour(0.505);
    const end = plus(hour(0.5), MINUTE);
    const broken: LogOptions = {
      troubleIn: ({ from, to }) =>
        from <= bad && bad < to
          ? new SourceError('bad-answer', 'no JSON', 'look at the row')
          : undefined,
    };

    it('is a minute that cannot be read for a day; the rest goes on', async () => {
      const { pollUntil, coverage } = setUp(broken);

      await pollUntil(30);

      const { gaps, to } = (await coverage())!;
      expect(gaps).toMatchObject([{ why: 'unreadable' }]);
      expect(gaps[0]!.from <= bad && bad < gaps[0]!.to).toBe(true);
      expect(between(gaps[0]!.from, gaps[0]!.to)).toBeLessThanOrEqual(MINUTE);
      expect(to).toBe(hour(28));
    });

    it('is not what comes after a minute that cannot be read without a filter', async () => {
      const { pollUntil, head, coverage } = setUp({
        troubleIn: (window, wanted) =>
          wanted.filter === undefined ? broken.troubleIn?.(window, wanted) : undefined,
      });

      await pollUntil(5 * 24);

      expect((await coverage())?.to).toBe(hour(118));
      expect((await head()).journal?.daysTo).toBe(toInstant('2026-06-05T00:00:00Z'));
    });

    it.each<[string, Duration, Interval[]]>([
      ['is a minute that was read alone in vain', 25 * HOUR, [{ from: hour(0.5), to: end }]],
      ['is no minute that fails for less than a day', 24 * HOUR, []],
    ])('%s', async (_what, later, lost) => {
      const { reader, clock, stores, coverage } = setUp(broken);
      await readSource(reader);
      const failure = { failure: 'bad-answer', message: 'no JSON', remedy: 'look at the row' };
      await stores.coverage.change(
        'signIns',
        inFeed('signIns', (feed) => afterTrouble(feed, failure, clock.now())),
      );
      clock.advance(later);

      const run = await startRun(reader);
      const range = { from: hour(0.5), to: end };
      const options = { now: clock.now(), filters: filtersOf(run) };
      const reading = await readAll(run, planBackfill(stateOf(run), range, options), undefined);

      const unreadable = (await coverage())!.gaps.filter(({ why }) => why === 'unreadable');
      expect(unreadable.map(({ from, to }) => ({ from, to }))).toEqual(lost);
      expect(stopOf(reading) === undefined).toBe(lost.length > 0);
    });

    it('is nothing before a day has passed', async () => {
      const { pollUntil, coverage } = setUp(broken);

      await pollUntil(24);

      const { gaps, to } = (await coverage())!;
      expect(gaps).toEqual([]);
      expect(to <= bad).toBe(true);
    });
  });

  describe('failure', () => {
    it('is noted with its beginning, and is over when the log is read', async () => {
      const { pollUntil, log, head } = setUp();
      await pollUntil(1);
      const denied = new SourceError('denied', 'not allowed', 'grant it');
      log.options = { troubleIn: () => denied };

      await pollUntil(1.25);
      const noted = (await head()).failure;
      log.options = {};
      await pollUntil(1.3);

      expect(noted).toEqual({
        ...{ failure: 'denied', message: 'not allowed', remedy: 'grant it' },
        ...{ since: hour(1), kindSince: hour(1), lastAt: hour(1.25), runs: 4 },
      });
      expect((await head()).failure).toBeUndefined();
    });

    it('with a day that is re-read stops nothing else', async () => {
      const slow = new SourceError('throttled', 'slow down', 'wait');
      const { pollUntil, coverage, head } = setUp({
        troubleIn: ({ to }) => (to <= hour(-12) ? slow : undefined),
      });

      await pollUntil(48);

      expect((await head()).failure).toBeUndefined();
      expect((await coverage())?.to).toBe(hour(46));
    });

    it('of a store is not taken for trouble with the log', async () => {
      const { reader, stores } = setUp();
      jest.spyOn(stores.marks, 'mark').mockRejectedValue(new Error('the storage is down'));
      jest.spyOn(stores.coverage, 'change').mockRejectedValue(new Error('the storage is down'));

      await expect(readSource(reader)).rejects.toThrow('the storage is down');
    });
  });

  describe('a run that has no more time', () => {
    it('stops between windows, and the next goes on', async () => {
      const { reader, clock, stores, coverage, read } = setUp(
        { rowsPerHour: 5_000, pageTakes: 5 * SECOND },
        { budget: 4 * MINUTE },
      );
      const ends: Instant[] = [];
      let stopped: unknown = 'budget';
      for (let i = 0; stopped === 'budget' && i < 20; i++) {
        const from = clock.now();
        ({ stopped } = await readSource(reader));
        ends.push((await coverage())!.to);
        expect(between(from, clock.now())).toBeLessThan(4 * MINUTE + 110 * SECOND);
        clock.advance(POLL);
      }

      expect(stopped).toBeUndefined();
      expect(ends).toEqual([...new Set(ends)].sort());
      expect(ends.length).toBeGreaterThan(2);
      const again = read('head').filter(({ to }) => to <= ends[0]!);
      expect(timesRead(again, hour(-24), earliest(ends[0]!, hour(-22))).every((n) => n === 1)).toBe(
        true,
      );
      expect(stores.coverage.windows.length).toBeLessThan(30);
    });

    it('gets on although a page takes ten seconds and a run has time for two dozen', async () => {
      const { pollUntil, coverage } = setUp(
        { rowsPerHour: 3_000, pageTakes: 10 * SECOND },
        { budget: 4 * MINUTE },
      );

      await pollUntil(4);

      expect((await coverage())?.to).toBeDefined();
    });

    it.each([5_000, 30_000])('catches up with %i rows an hour', async (rowsPerHour) => {
      const { pollUntil, clock, head } = setUp(
        { rowsPerHour, pageTakes: SECOND },
        { budget: 4 * MINUTE, initialLookback: HOUR },
      );
      await pollUntil(1);
      clock.advance(48 * HOUR);

      await pollUntil(60);

      const { readTo, completeTo } = (await head()).journal!;
      expect(between(readTo, clock.now())).toBeLessThan(HOUR);
      expect(between(completeTo, clock.now())).toBeLessThan(5 * HOUR);
    });
  });
});
