import { memoryStores } from '../../fakes/memory-stores';
import { marked } from '../../fakes/marked';
import { configureDetectors } from '../../../shared/config/detectors';
import type { Interval } from '../../../shared/domain/reading/coverage';
import { markGap } from '../../../shared/domain/reading/journal';
import type { EntraRecord } from '../../../shared/domain/record';
import {
  between,
  HOUR,
  latest,
  MINUTE,
  plus,
  SECOND,
  toInstant,
} from '../../../shared/domain/time';
import { drainMarks } from '../../../shared/pipeline/findings/assess';
import { countText } from '../../../shared/pipeline/queries/counts';
import { health } from '../../../shared/pipeline/queries/health';
import { KnownSignals } from '../../../shared/pipeline/reading/known-signals';
import { pollSource } from '../../../shared/pipeline/poll';
import {
  SourceError,
  type RecordSource,
  type SourcePage,
} from '../../../shared/pipeline/ports/record-source';
import { readSource, type Reader } from '../../../shared/pipeline/reading/read-source';
import type { Wanted } from '../../../shared/pipeline/ports/record-source';
import { collect } from '../../contracts/samples';
import { VirtualClock } from '../../fakes/clock';
import { ONE_FEED_EACH, FEED, inFeed, readCoverage, readFeed } from '../../fakes/cover';

const NOW = toInstant('2026-06-02T12:00:00Z');
const EAS = 'eas-success-despite-ca-failure';

function easSignIn(id: string, at: string): EntraRecord {
  return {
    source: 'signIns',
    id,
    at: toInstant(at),
    user: { id: 'u1', name: 'ann@example.com' },
    clientApp: 'Exchange ActiveSync',
    errorCode: 0,
    conditionalAccess: 'failure',
    device: { operatingSystem: 'Android' },
  };
}

/** A source over fixed records that fails as told. */
class FakeSource implements RecordSource {
  readonly windows: Interval[] = [];
  readonly filters: (string | undefined)[] = [];
  readonly #records: readonly EntraRecord[];
  readonly #troubles: (SourceError | undefined)[];

  constructor(records: readonly EntraRecord[], troubles: (SourceError | undefined)[] = []) {
    this.#records = records;
    this.#troubles = troubles;
  }

  async *read(window: Interval, wanted: Wanted): AsyncIterable<SourcePage> {
    this.windows.push(window);
    this.filters.push(wanted.filter?.property);
    const records = this.#records.filter((each) => each.at >= window.from && each.at < window.to);
    const seen = records.map(({ id, at }) => ({ id, at, feeds: [FEED.signIns] }));
    yield await Promise.resolve({ rows: records.length, records, malformed: [], seen });
    const failure = this.#troubles.shift();
    if (failure !== undefined) {
      throw failure;
    }
  }
}

function setUp(records: RecordSource, overrides: Partial<Reader> = {}) {
  const clock = new VirtualClock(NOW);
  const stores = memoryStores();
  const reader: Reader = {
    ...{ source: 'signIns', tenantId: 't', stores, clock, records },
    detectors: configureDetectors({}, ONE_FEED_EACH),
    initialLookback: 24 * HOUR,
    ...overrides,
  };
  return { reader, stores, clock };
}

const throttled = (): SourceError => new SourceError('throttled', 'too many requests', 'wait');
const denied = (): SourceError => new SourceError('denied', 'not allowed', 'grant it');

describe('readSource', () => {
  it('reads the whole gap in one window at first, and calls it complete up to the lag', async () => {
    const source = new FakeSource([]);
    const { reader, stores } = setUp(source);

    const report = await readSource(reader);

    expect(source.windows).toEqual([{ from: plus(NOW, -24 * HOUR), to: NOW }]);
    expect(report).toMatchObject({ windows: 1 });
    expect(await readCoverage(stores.coverage, EAS)).toMatchObject({
      signIns: { from: plus(NOW, -24 * HOUR), to: plus(NOW, -2 * HOUR), gaps: [] },
    });
  });

  it('begins where it is not complete yet, as long as that fits a page', async () => {
    const source = new FakeSource([]);
    const { reader, clock } = setUp(source);
    await readSource(reader);
    clock.advance(5 * MINUTE);

    await readSource(reader);

    // What was read 3 h 05 min or more after it happened needs no further look.
    const from = plus(NOW, -(3 * HOUR + 5 * MINUTE));
    expect(source.windows.at(-1)).toEqual({ from, to: plus(NOW, 5 * MINUTE) });
  });

  it('goes on where coverage ends after an outage', async () => {
    const source = new FakeSource([]);
    const { reader, clock, stores } = setUp(source);
    await readSource(reader);
    clock.advance(10 * HOUR);

    await readSource(reader);

    expect(source.windows.at(-1)?.from).toBe(plus(NOW, -(3 * HOUR + 5 * MINUTE)));
    expect((await readCoverage(stores.coverage, EAS)).signIns?.gaps).toEqual([]);
  });

  it('reads two days again when it sweeps', async () => {
    const source = new FakeSource([]);
    const { reader } = setUp(source);
    await readSource(reader);

    await readSource({ ...reader, sweep: true });

    expect(source.windows.at(-1)?.from).toBe(plus(NOW, -48 * HOUR));
  });

  it('halves the window on trouble and grows it back', async () => {
    const source = new FakeSource([], [throttled(), throttled()]);
    const { reader } = setUp(source);

    const report = await readSource(reader);

    const hours = source.windows.map(({ from, to }) => between(from, to) / HOUR);
    expect(hours).toEqual([24, 12, 6, 12, 6]);
    expect(report.stopped).toBeUndefined();
  });

  it('keeps what earlier windows brought when a later one fails, and no more', async () => {
    const early = easSignIn('early', '2026-06-01T13:00:00Z');
    const late = easSignIn('late', '2026-06-02T11:00:00Z');
    const source = new FakeSource([early, late], [throttled(), undefined, denied()]);
    const { reader, stores } = setUp(source);

    const report = await readSource(reader);

    expect(report.stopped).toMatchObject({ failure: 'denied' });
    expect(new Set((await marked(stores)).map(({ id }) => id)).size).toBe(1);
    expect((await readCoverage(stores.coverage, EAS)).signIns?.to).toBe(plus(NOW, -12 * HOUR));
  });

  it('leaves a source that stays in trouble to the next run', async () => {
    const source = new FakeSource([], Array.from({ length: 20 }, throttled));
    const { reader, stores } = setUp(source);

    const report = await readSource(reader);

    expect(report.stopped).toMatchObject({ failure: 'throttled' });
    expect(source.windows).toHaveLength(4);
    expect(await readFeed(stores.coverage, 'signIns')).toMatchObject({
      byDetector: {},
      failure: { failure: 'throttled', runs: 1, since: NOW },
    });
  });

  describe('when each window takes two minutes', () => {
    const slowly = (troubles: (SourceError | undefined)[], budget: number) => {
      const source = new FakeSource([], troubles);
      const { reader, clock, stores } = setUp(source, { budget });
      const records: RecordSource = {
        async *read(window, wanted) {
          clock.advance(2 * MINUTE);
          yield* source.read(window, wanted);
        },
      };
      return { reader: { ...reader, records }, stores };
    };

    it('begins no new window once its budget is used', async () => {
      const { reader } = slowly([throttled()], 3 * MINUTE);

      expect(await readSource(reader)).toMatchObject({ stopped: 'budget', windows: 1 });
    });

    it('ends with what it met, when it has read nothing for that', async () => {
      const { reader, stores } = slowly([throttled(), throttled()], MINUTE);

      const report = await readSource(reader);

      expect(report).toMatchObject({ stopped: { failure: 'throttled' }, windows: 0 });
      expect(await readFeed(stores.coverage, 'signIns')).toMatchObject({
        failure: { failure: 'throttled', runs: 1 },
      });
    });
  });

  it('reads without a filter what Graph will not filter', async () => {
    const rejected = new SourceError('filter-rejected', 'no', 'none');
    const source = new FakeSource([], [rejected]);
    const { reader } = setUp(source);

    const report = await readSource(reader);

    expect(source.filters).toEqual(['clientAppUsed', undefined]);
    expect(report.stopped).toBeUndefined();
  });

  it('does not read a log that no enabled detector needs', async () => {
    const source = new FakeSource([]);
    const { reader } = setUp(source, {
      detectors: configureDetectors(
        { DETECTOR_EAS_SUCCESS_DESPITE_CA_FAILURE_ENABLED: 'false' },
        ONE_FEED_EACH,
      ),
    });

    await readSource(reader);

    expect(source.windows).toEqual([]);
  });

  it('keeps rows that cannot be read by id and reason', async () => {
    const malformed = { source: 'signIns' as const, id: 'bad', reason: 'the record has no time' };
    const records: RecordSource = {
      async *read() {
        yield await Promise.resolve({ rows: 1, records: [], malformed: [malformed], seen: [] });
      },
    };
    const { reader, stores } = setUp(records);

    const report = await readSource(reader);

    expect(report.malformed).toBe(1);
    const [row] = await collect(stores.quarantine.rows());
    expect(row).toMatchObject({ source: 'signIns', eventId: 'bad', firstSeenAt: NOW });
    expect(row?.reason).toBe(malformed.reason);
  });
});

describe('pollSource', () => {
  it('opens what the first read finds in cards, as what comes later', async () => {
    const first = new FakeSource([easSignIn('1', '2026-06-02T10:00:00Z')]);
    const { reader, stores, clock } = setUp(first);

    await pollSource(reader);
    clock.advance(5 * MINUTE);
    const other = { ...easSignIn('2', '2026-06-02T12:04:00Z'), user: { id: 'u2' } } as EntraRecord;
    await pollSource({ ...reader, records: new FakeSource([other]) });

    expect(stores.outbox.alerts.map((each) => each.form)).toEqual(['card', 'card']);
  });

  it('opens what fills a gap in a digest, though somebody else drains the marks', async () => {
    const found = easSignIn('1', '2026-06-02T10:00:00Z');
    const { reader, stores, clock } = setUp(new FakeSource([]));
    await pollSource(reader);
    const lost = { from: plus(NOW, -150 * MINUTE), to: plus(NOW, -110 * MINUTE) };
    await stores.coverage.change('signIns', inFeed('signIns', markGap(lost, [EAS])));
    clock.advance(5 * MINUTE);
    const change = stores.coverage.change.bind(stores.coverage);
    jest.spyOn(stores.coverage, 'change').mockImplementationOnce(async (...args) => {
      await drainMarks({ tenantId: 't', detectors: reader.detectors, stores, clock });
      return change(...args);
    });

    await pollSource({ ...reader, records: new FakeSource([found]) });

    expect(stores.outbox.alerts.map((each) => each.form)).toEqual(['digest']);
  });

  it('repeats nothing when the same records come again', async () => {
    const source = new FakeSource([easSignIn('1', '2026-06-02T11:00:00Z')]);
    const { reader, stores } = setUp(source);

    await pollSource(reader);
    await pollSource(reader);

    expect(stores.findings.list()).toMatchObject([{ count: 1, sequence: 1 }]);
    expect(stores.outbox.alerts).toHaveLength(1);
  });
});

describe('a process that polls again and again', () => {
  it('touches no timeline for rows that it has stored before, and every one for news', async () => {
    const source = new FakeSource([easSignIn('1', '2026-06-02T11:00:00Z')]);
    const known = new KnownSignals();
    const { reader, stores } = setUp(source, { known });
    await pollSource(reader);

    const quiet = await pollSource(reader);
    const more = [easSignIn('1', '2026-06-02T11:00:00Z'), easSignIn('2', '2026-06-02T11:30:00Z')];
    const busy = await pollSource({ ...reader, records: new FakeSource(more) });

    expect(quiet.assessed.timelines).toBe(0);
    expect(busy.assessed.timelines).toBe(1);
    expect(stores.findings.list()).toMatchObject([{ count: 2 }]);
  });

  it('stores again what the store refused the first time', async () => {
    const source = new FakeSource([easSignIn('1', '2026-06-02T11:00:00Z')]);
    const { reader, stores } = setUp(source, { known: new KnownSignals() });
    const merge = stores.signals.merge.bind(stores.signals);
    jest.spyOn(stores.signals, 'merge').mockRejectedValueOnce(new Error('the storage is down'));

    await expect(pollSource(reader)).rejects.toThrow('the storage is down');
    jest.spyOn(stores.signals, 'merge').mockImplementation(merge);
    await pollSource(reader);

    expect(stores.findings.list()).toMatchObject([{ count: 1 }]);
  });
});

describe('health', () => {
  it('is up when both logs are read and alerts have a channel', async () => {
    const { reader, stores, clock } = setUp(new FakeSource([]));
    await readSource(reader);
    await readSource({ ...reader, source: 'directoryAudits' });

    const state = await health(stores, reader.detectors, {
      tenantId: 't',
      channels: [{ id: 'teams', isConfigured: true }],
      clock,
    });

    expect(state).toMatchObject({ status: 'up', problems: [] });
  });

  it('counts ActiveSync once, however often and in whatever windows it is read: as information', async () => {
    const rows = [
      easSignIn('accepted', '2026-06-02T09:00:00Z'),
      { ...easSignIn('wrong', '2026-06-02T09:30:00Z'), errorCode: 50126 },
      { ...easSignIn('yesterday', '2026-06-01T23:59:00Z'), conditionalAccess: 'success' },
    ] as EntraRecord[];
    const { reader, stores, clock } = setUp(new FakeSource([...rows, ...rows]));
    for (let round = 0; round < 4; round++) {
      await readSource({ ...reader, sweep: round === 2 });
      clock.advance(75 * MINUTE);
    }
    await readSource({ ...reader, source: 'directoryAudits' });
    const options = { tenantId: 't', channels: [], clock };

    const { counts, problems, notes } = await health(stores, reader.detectors, options);

    expect(counts).toEqual([
      {
        ...{ source: 'signIns', what: 'ActiveSync sign-ins', count: 3, isAtLeast: false },
        ...{ from: '2026-05-04T00:00:00.0000000Z', to: clock.now() },
        knownFrom: '2026-05-31T14:30:00.0000000Z',
      },
    ]);
    expect(counts.map(countText)).toEqual([
      'ActiveSync sign-ins from 2026-05-04 to 2026-06-02, accepted or not: 3; the log was read without a gap since 2026-05-31 only.',
    ]);
    expect([...problems, ...notes].join()).not.toContain('ActiveSync');
  });

  it('counts none where there is none, and nothing where nothing was read', async () => {
    const { reader, stores, clock } = setUp(new FakeSource([]));
    const options = { tenantId: 't', channels: [], clock };

    expect((await health(stores, reader.detectors, options)).counts).toEqual([]);
    await readSource(reader);
    expect((await health(stores, reader.detectors, options)).counts).toMatchObject([{ count: 0 }]);
  });

  it('says what is wrong and what to do', async () => {
    const { reader, stores, clock } = setUp(new FakeSource([]));
    await readSource(reader);
    clock.advance(HOUR);

    const state = await health(stores, reader.detectors, {
      tenantId: 't',
      channels: [{ id: 'teams', isConfigured: false }],
      clock,
    });

    expect(state.status).toBe('degraded');
    expect(state.problems).toEqual([
      expect.stringMatching(/^directoryAudits was never read/),
      expect.stringMatching(/^signIns was last read at/),
      expect.stringMatching(/TEAMS_WEBHOOK_URL/),
    ]);
  });
});

describe('what one run has no time or patience for', () => {
  const dense: RecordSource = {
    // A row every second: a page of 1,000 reaches back so many seconds from the end of the window.
    async *read({ from, to }) {
      let end = to;
      while (end > from) {
        const oldest = latest(from, plus(end, -1_000 * SECOND));
        yield await Promise.resolve({ rows: 1_000, records: [], malformed: [], seen: [], oldest });
        end = oldest;
      }
    },
  };

  it('cuts a window with too many pages to one that fits, and moves on through it', async () => {
    const { reader, stores } = setUp(dense, { budget: HOUR });

    const report = await readSource(reader);

    expect(report.stopped).toBeUndefined();
    expect(report.windows).toBeGreaterThan(4);
    expect(Math.max(...stores.coverage.windows.map((each) => each.pages))).toBeLessThan(20);
    expect((await readCoverage(stores.coverage, EAS)).signIns).toEqual({
      from: plus(NOW, -24 * HOUR),
      to: plus(NOW, -2 * HOUR),
      gaps: [],
    });
  });

  it('asks nothing again before the next run when it is told to wait for long', async () => {
    const patient = new SourceError('throttled', 'in 10 minutes', 'wait', { isForNextRun: true });
    const source = new FakeSource([], [patient]);
    const { reader } = setUp(source);

    expect((await readSource(reader)).stopped).toBe(patient);
    expect(source.windows).toHaveLength(1);
  });

  it('names a record that a detector cannot take, and goes on', async () => {
    const source = new FakeSource([
      easSignIn('bad', '2026-06-02T11:00:00Z'),
      easSignIn('good', '2026-06-02T11:01:00Z'),
    ]);
    const all = configureDetectors({}, ONE_FEED_EACH);
    const eas = all.find((each) => each.detector.id === 'eas-success-despite-ca-failure');
    const others = all.filter((each) => each !== eas);
    const signals = (record: EntraRecord) => {
      if (record.id === 'bad') {
        throw new RangeError('never seen the like');
      }
      return eas!.detector.signals(record);
    };
    const detectors = [{ ...eas!, detector: { ...eas!.detector, signals } }, ...others];
    const { reader, stores } = setUp(source, { detectors });

    const { read, assessed } = await pollSource(reader);

    expect(read.malformed).toBe(1);
    expect(await collect(stores.quarantine.rows())).toMatchObject([
      { eventId: 'bad', reason: `${EAS} failed on it: RangeError`, gap: { detectors: [EAS] } },
    ]);
    expect(assessed.changes).toHaveLength(1);
  });

  it('shows a detector only the records that it reads', async () => {
    const shown: string[] = [];
    const eas = configureDetectors({}, ONE_FEED_EACH).find(
      (each) => each.detector.id === 'eas-success-despite-ca-failure',
    );
    const signals = (record: EntraRecord) => {
      shown.push(record.id);
      return [];
    };
    const other = {
      ...easSignIn('browser', '2026-06-02T11:00:00Z'),
      clientApp: 'Browser',
    } as EntraRecord;
    const { reader } = setUp(new FakeSource([other, easSignIn('eas', '2026-06-02T11:00:00Z')]), {
      detectors: [{ ...eas!, detector: { ...eas!.detector, signals } }],
    });

    await readSource(reader);

    expect(shown).toEqual(['eas']);
  });
});
