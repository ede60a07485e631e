import { memoryStores } from '../../fakes/memory-stores';
import { configureDetectors } from '../../../shared/config/detectors';
import type { Gap } from '../../../shared/domain/reading/coverage';
import {
  afterRetention,
  afterWindow,
  type Journal,
  UNREAD,
  type FeedState,
} from '../../../shared/domain/reading/journal';
import { HOUR, plus, toInstant, type Instant } from '../../../shared/domain/time';
import {
  coverageReport,
  type CoverageReport,
} from '../../../shared/pipeline/queries/coverage-report';
import { ONE_FEED_EACH, inFeed } from '../../fakes/cover';

const NOW = toInstant('2026-06-10T12:00:00Z');
const EAS = 'eas-success-despite-ca-failure';
const MFA = 'mfa-registration-unfinished';

/** Hours before now. */
function ago(hours: number): Instant {
  return plus(NOW, -hours * HOUR);
}

function gap(from: number, to: number, why: Gap['why'] = 'not-read'): Gap {
  return { from: ago(from), to: ago(to), why };
}

const journal: Journal = {
  began: ago(200),
  readTo: ago(0),
  readAt: ago(0),
  completeTo: ago(2),
  movedAt: ago(0),
  hoursTo: ago(4),
  daysTo: ago(60),
  rowsPerHour: 10,
  allRowsPerHour: 10,
};

function setUp(fields: Partial<FeedState> = {}, detectors = configureDetectors({}, ONE_FEED_EACH)) {
  const stores = memoryStores();
  const clock = { now: () => NOW };
  const byDetector = { [EAS]: { from: ago(200), to: ago(2), gaps: [] } };
  const feed: FeedState = { reads: {}, byDetector, journal, ...fields };
  const report = async (range?: { from?: Instant; to?: Instant }): Promise<CoverageReport> => {
    await stores.coverage.change(
      'signIns',
      inFeed('signIns', () => feed),
    );
    return coverageReport(stores, detectors, clock, range);
  };
  const stretches = async (range?: { from?: Instant; to?: Instant }) =>
    (await report(range)).sources[0]?.stretches.map(({ from, to, state, why }) => [
      ...[hoursAgo(from), hoursAgo(to), state],
      ...(why === undefined ? [] : [why]),
    ]);
  return { report, stretches };
}

function hoursAgo(instant: Instant): number {
  return (Date.parse(NOW) - Date.parse(instant)) / HOUR;
}

describe('shared/pipeline/queries/coverage-report', () => {
  it('says how well each stretch was read', async () => {
    const { stretches } = setUp();

    expect(await stretches()).toEqual([
      [200, 60, 'days-re-read'],
      [60, 4, 'hours-re-read'],
      [4, 2, 'complete'],
      [2, 0, 'read-once'],
    ]);
  });

  it('says what was not read, and why', async () => {
    const gaps = [gap(180, 170, 'retention'), gap(70, 50, 'filter'), gap(3, 2, 'unreadable')];
    const { stretches } = setUp({ byDetector: { [EAS]: { from: ago(200), to: ago(2), gaps } } });

    expect(await stretches()).toEqual([
      [200, 180, 'days-re-read'],
      [180, 170, 'gap', 'retention'],
      [170, 70, 'days-re-read'],
      [70, 60, 'gap', 'filter'],
      [60, 50, 'gap', 'filter'],
      [50, 4, 'hours-re-read'],
      [4, 3, 'complete'],
      [3, 2, 'gap', 'unreadable'],
      [2, 0, 'read-once'],
    ]);
  });

  it('says what was read only because somebody asked for it', async () => {
    const coverage = { from: ago(300), to: ago(2), gaps: [gap(280, 200)] };
    const { stretches } = setUp({ byDetector: { [EAS]: coverage } });

    expect((await stretches())?.slice(0, 3)).toEqual([
      [300, 280, 'backfilled'],
      [280, 200, 'gap', 'not-read'],
      [200, 60, 'days-re-read'],
    ]);
  });

  it('does not call re-read what the log dropped before it could be', async () => {
    const first = afterWindow(UNREAD, {
      ...{ from: ago(300), to: ago(276), startedAt: ago(276), purpose: 'head', lag: 2 * HOUR },
      ...{ detectorIds: [EAS], isFiltered: true, rows: 0, seen: [] },
    } as const);
    const { stretches } = setUp(afterRetention(first, ago(167), [EAS]));

    const read = (await stretches())?.filter(([, , state]) => state !== 'gap');

    expect(read?.filter(([, , state]) => state === 'days-re-read')).toEqual([]);
  });

  it.each<[string, { from?: Instant; to?: Instant }, unknown[]]>([
    [
      'a range',
      { from: ago(61), to: ago(3) },
      [
        [61, 60, 'days-re-read'],
        [60, 4, 'hours-re-read'],
        [4, 3, 'complete'],
      ],
    ],
    [
      'a beginning',
      { from: ago(3) },
      [
        [3, 2, 'complete'],
        [2, 0, 'read-once'],
      ],
    ],
    ['an end', { to: ago(199) }, [[200, 199, 'days-re-read']]],
    ['nothing of what was read', { to: ago(200) }, []],
  ])('is cut to %s', async (_what, range, expected) => {
    const { stretches } = setUp();

    expect(await stretches(range)).toEqual(expected);
  });

  describe('of several detectors', () => {
    const all = configureDetectors({}, ONE_FEED_EACH);
    const [eas, other] = [EAS, MFA].map((id) => all.find((each) => each.detector.id === id));
    const { reads, needs } = eas!.detector;
    const mfa = { ...other!, detector: { ...other!.detector, reads, needs } };
    const byDetector = {
      [EAS]: { from: ago(200), to: ago(2), gaps: [gap(100, 90), gap(50, 40)] },
      [MFA]: { from: ago(150), to: ago(2), gaps: [gap(50, 40)] },
    };

    it('shows a gap of one with that one alone', async () => {
      const { report, stretches } = setUp({ byDetector }, [eas!, mfa]);

      expect((await stretches())?.filter(([, , state]) => state === 'gap')).toEqual([
        [50, 40, 'gap', 'not-read'],
      ]);
      expect((await report()).sources[0]?.detectors).toEqual(byDetector);
    });

    it('shows those that are on', async () => {
      const { report } = setUp({ byDetector }, [mfa]);

      expect(Object.keys((await report()).sources[0]!.detectors)).toEqual([MFA]);
    });
  });

  it('shows lateness once it is measured', async () => {
    const counts = Array.from({ length: 21 }, (_, i) => (i === 0 ? 6_000 : 0));
    const lateness = { every: 1, known: {}, counts, max: 40_000 };

    const [before] = (await setUp().report()).sources;
    const [after] = (await setUp({ lateness }).report()).sources;

    expect(before).toMatchObject({ lag: 2 * HOUR });
    expect(before?.feeds[0]).not.toHaveProperty('lateness');
    expect(after).toMatchObject({ lag: 0.5 * HOUR });
    expect(after?.feeds[0]).toMatchObject({
      lag: 0.5 * HOUR,
      lateness: { measured: 6_000, p50: 40_000, p95: 40_000, p999: 40_000, max: 40_000 },
    });
  });

  it('shows trouble, a filter that is not sent, and a range that is being filled', async () => {
    const failure = {
      ...{ failure: 'denied', message: 'no', remedy: 'grant it' },
      ...{ since: ago(1), kindSince: ago(1), lastAt: ago(0), runs: 12 },
    };
    const backfill = { from: ago(300), to: ago(250), at: ago(270) };
    const droppedFilter = { filter: 'f', why: 'rejected', at: ago(9) } as const;

    const { sources } = await setUp({ failure, backfill, droppedFilter }).report();

    expect(sources[0]?.feeds).toMatchObject([
      { failure, backfill, filter: { dropped: 'rejected', at: ago(9) } },
    ]);
  });

  it.each<[string, Partial<FeedState>]>([
    ['that no window was read of', {}],
    [
      'of which no enabled detector knows anything',
      { journal, byDetector: { other: {} as never } },
    ],
  ])('has no stretches of a log %s', async (_what, fields) => {
    const stores = memoryStores();
    await stores.coverage.change(
      'signIns',
      inFeed('signIns', () => ({ ...UNREAD, ...fields })),
    );

    const clock = { now: () => NOW };
    const { sources } = await coverageReport(stores, configureDetectors({}, ONE_FEED_EACH), clock);

    expect(sources).toMatchObject([{ stretches: [], detectors: {} }]);
  });

  it('has no log that nobody tried to read', async () => {
    const clock = { now: () => NOW };

    expect(await coverageReport(memoryStores(), [], clock)).toEqual({
      ...{ asOf: NOW, sources: [] },
      unreadableRows: { open: [], accepted: [], others: 0 },
    });
  });
});
