import { memoryStores } from '../../fakes/memory-stores';
import { Crash } from '../../fakes/crashing';
import { configureDetectors } from '../../../shared/config/detectors';
import { mfaRegistrationUnfinished } from '../../../shared/detectors/mfa-registration-unfinished';
import type { Interval } from '../../../shared/domain/reading/coverage';
import { covering } from '../../../shared/domain/reading/journal';
import type { EntraRecord, Malformed } from '../../../shared/domain/record';
import { DAY, HOUR, MINUTE, plus, type Duration, type Instant } from '../../../shared/domain/time';
import { drainMarks, type AssessReport } from '../../../shared/pipeline/findings/assess';
import { keep } from '../../../shared/pipeline/findings/keep';
import {
  SourceError,
  type RecordSource,
  type SourceFailureKind,
  type Wanted,
} from '../../../shared/pipeline/ports/record-source';
import { secondLook } from '../../../shared/pipeline/reading/second-look';
import { select } from '../../../shared/pipeline/findings/select';
import { collect } from '../../contracts/samples';
import { VirtualClock } from '../../fakes/clock';
import { deviceAdded, minutes, registered } from '../../fakes/records';
import { inFeed, readCoverage } from '../../fakes/cover';
import { marked } from '../../fakes/marked';

const MFA = 'mfa-registration-unfinished';
const BUDGET = MINUTE;
const detectors = configureDetectors({});
const scanned = (user: string): EntraRecord =>
  deviceAdded({ id: `added-${user}`, user, at: minutes(0) }, `phone-${user}`);
const verified = (user: string): EntraRecord =>
  registered({ id: `registered-${user}`, user, at: minutes(5) });

interface Asked extends Interval {
  readonly about: string | undefined;
  readonly isFiltered: boolean;
}

interface LogOptions {
  /** What the log shows when it is asked for one subject. */
  readonly shows?: readonly EntraRecord[];
  readonly malformed?: readonly Malformed[];
  readonly failure?: SourceFailureKind;
  /** What each look costs. */
  readonly takes?: Duration;
}

/** Some people scanned a code an hour and more ago; the polls saw nothing else. */
async function setUp(users: readonly string[] = ['ann'], at: Instant = minutes(200)) {
  const clock = new VirtualClock(at);
  const stores = memoryStores();
  const asked: Asked[] = [];
  await stores.coverage.change(
    'directoryAudits',
    inFeed('directoryAudits', covering({ from: minutes(-100 * 24 * 60), to: minutes(80) }, [MFA])),
  );
  const enabled = detectors.map((each) => each.detector);
  await keep(stores, select('t', enabled, users.map(scanned)));
  function source({ shows = [], malformed = [], failure, takes = 0 }: LogOptions): RecordSource {
    return {
      async *read(window: Interval, wanted: Wanted) {
        asked.push({ ...window, about: wanted.about, isFiltered: wanted.filter !== undefined });
        clock.advance(takes);
        if (failure !== undefined) {
          throw new SourceError(failure, `${failure} it is`, 'wait');
        }
        const records = shows.filter((each) => each.at >= window.from && each.at < window.to);
        yield await Promise.resolve({
          ...{ rows: 7, records, malformed, seen: [], requestId: 'request-1' },
        });
      },
    };
  }
  /** One run: the look is made when it begins, and reading comes first. */
  function drain(log: LogOptions, reading = 0): Promise<AssessReport> {
    const look = secondLook({
      ...{ tenantId: 't', stores, clock, budget: BUDGET },
      sourceOf: () => Promise.resolve(source(log)),
    });
    clock.advance(reading);
    return drainMarks({ tenantId: 't', detectors, stores, clock, secondLook: look });
  }
  const opened = (): string[] => stores.findings.list().map(({ subject }) => subject.id);
  return { clock, stores, asked, drain, opened };
}

describe('shared/pipeline/reading/second-look', () => {
  it('opens nothing when the log shows the end that the polls did not', async () => {
    const { drain, opened, stores } = await setUp();

    const report = await drain({ shows: [verified('ann')] });

    expect(opened()).toEqual([]);
    expect(report).toMatchObject({ left: 0, changes: [] });
    expect(await marked(stores)).toEqual([]);
  });

  it('opens what the log does not explain, and asks once', async () => {
    const { drain, opened, asked } = await setUp();

    await drain({ shows: [scanned('ann'), verified('ben')] });

    expect(opened()).toEqual(['ann']);
    expect(asked).toHaveLength(1);
  });

  it('asks for the subject alone, past every filter, from the beginning to now', async () => {
    const { drain, asked, clock } = await setUp();

    await drain({});

    expect(asked).toMatchObject([{ about: 'ann', isFiltered: false, to: clock.now() }]);
    expect(asked[0]!.from <= minutes(0)).toBe(true);
  });

  it('asks nothing of a finding that is open already', async () => {
    const { drain, asked, stores, opened } = await setUp();
    await drain({});
    await keep(stores, select('t', [mfaRegistrationUnfinished], [scanned('ann')]));

    await drain({});

    expect(opened()).toEqual(['ann']);
    expect(asked).toHaveLength(1);
  });

  it('asks nothing while it catches up with the past', async () => {
    const { drain, asked, opened, stores } = await setUp();
    const past = select('t', [mfaRegistrationUnfinished], [scanned('ann')]);
    await keep(stores, past, { catchingUp: 'past' });

    await drain({ shows: [verified('ann')] });

    expect(asked).toEqual([]);
    expect(opened()).toEqual(['ann']);
    expect(stores.outbox.alerts.map((each) => each.form)).toEqual(['digest']);
  });

  it('is a row of the ledger', async () => {
    const { drain, stores, clock } = await setUp();

    await drain({ shows: [verified('ann')], takes: 1_500 });

    expect(stores.coverage.windows).toEqual([
      {
        source: 'directoryAudits',
        purpose: 'second-look',
        from: expect.any(String) as string,
        to: plus(clock.now(), -1_500),
        readAt: clock.now(),
        rows: 7,
        kept: 1,
        malformed: 0,
        pages: 1,
        ms: 1_500,
        filter: 'subject',
        requestId: 'request-1',
      },
    ]);
  });

  it('moves no coverage', async () => {
    const { drain, stores } = await setUp();
    const before = await readCoverage(stores.coverage, MFA);

    await drain({});

    expect(await readCoverage(stores.coverage, MFA)).toEqual(before);
  });

  it('keeps rows that cannot be read by id and reason', async () => {
    const { drain, stores } = await setUp();
    const malformed = { source: 'directoryAudits' as const, id: 'bad', reason: 'no time' };

    await drain({ malformed: [malformed] });

    expect(await collect(stores.quarantine.rows())).toMatchObject([
      { eventId: 'bad', reason: 'no time' },
    ]);
  });

  describe('when the log cannot be read', () => {
    it.each<SourceFailureKind>(['throttled', 'unavailable', 'bad-answer'])(
      'waits for the next run, when it is %s',
      async (failure) => {
        const { drain, opened, stores } = await setUp();

        const report = await drain({ failure });
        const before = opened();
        const marks = await marked(stores);
        await drain({});

        expect(report).toMatchObject({ left: 1, changes: [] });
        expect(before).toEqual([]);
        expect(marks).toHaveLength(1);
        expect(opened()).toEqual(['ann']);
        expect(await marked(stores)).toEqual([]);
      },
    );

    it.each<SourceFailureKind>(['denied', 'unlicensed', 'filter-rejected', 'signed-out'])(
      'opens without it, when it is %s',
      async (failure) => {
        const { drain, opened } = await setUp();

        await drain({ failure });

        expect(opened()).toEqual(['ann']);
      },
    );

    it.each<[string, Duration, string[]]>([
      ['waits for a day', DAY + 58 * MINUTE, []],
      ['and opens then', DAY + 3 * HOUR, ['ann']],
    ])('%s', async (_what, age, expected) => {
      const { drain, opened } = await setUp(['ann'], minutes(age / MINUTE));

      await drain({ failure: 'throttled' });

      expect(opened()).toEqual(expected);
    });

    it('passes on what is no trouble of the log', async () => {
      const { drain, stores } = await setUp();
      jest.spyOn(stores.coverage, 'change').mockRejectedValue(new Crash('the storage is down'));

      await expect(drain({})).rejects.toThrow('the storage is down');
    });
  });

  describe('with many to look at', () => {
    const users = Array.from({ length: 10 }, (_, i) => `user-${i}`);

    it('begins no look after its time is over; the next run goes on', async () => {
      const { drain, opened, asked } = await setUp(users);

      const report = await drain({ takes: 25_000 });
      const first = [asked.length, opened().length, report.left];
      await drain({});

      expect(first).toEqual([3, 3, 7]);
      expect(opened().sort()).toEqual(users);
    });

    it('has its time for looking however long the reading took', async () => {
      const { drain, opened } = await setUp();

      await drain({}, 2 * BUDGET);

      expect(opened()).toEqual(['ann']);
    });

    it('opens what has waited for a day without a look', async () => {
      const { drain, opened, asked } = await setUp(users, minutes(28 * 60));

      await drain({ takes: 25_000 });

      expect(asked).toHaveLength(3);
      expect(opened().sort()).toEqual(users);
    });
  });
});
