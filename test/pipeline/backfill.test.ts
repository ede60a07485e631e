import { DETECTORS } from '../../shared/detectors/index';
import { memoryStores } from '../fakes/memory-stores';
import { configureDetectors } from '../../shared/config/detectors';
import type { Interval } from '../../shared/domain/reading/coverage';
import type { EntraRecord } from '../../shared/domain/record';
import { DAY, HOUR, MINUTE, plus, SECOND, type Instant } from '../../shared/domain/time';
import { BackfillError, backfillSource } from '../../shared/pipeline/backfill';
import { pollSource } from '../../shared/pipeline/poll';
import { SourceError, type RecordSource } from '../../shared/pipeline/ports/record-source';
import type { Reader } from '../../shared/pipeline/reading/read-source';
import { VirtualClock } from '../fakes/clock';
import { days, deviceAdded, registered, T0 } from '../fakes/records';
import { FEED, inFeed, readCoverage, readFeed } from '../fakes/cover';

const MFA = 'mfa-registration-unfinished';

function range(from: number, to: number): Interval {
  return { from: days(from), to: days(to) };
}

/** An audit log that is read from `T0` on, a day before now, in windows of a day at most. */
async function setUp(records: readonly EntraRecord[] = [], overrides: Partial<Reader> = {}) {
  const clock = new VirtualClock(days(1));
  const stores = memoryStores();
  const asked: Interval[] = [];
  const control = { failure: undefined as SourceError | undefined, takes: 0 };
  const source: RecordSource = {
    async *read(window) {
      asked.push(window);
      clock.advance(control.takes);
      const { failure } = control;
      if (failure !== undefined) {
        throw failure;
      }
      const found = records.filter((each) => each.at >= window.from && each.at < window.to);
      const seen = found.map(({ id, at }) => ({ id, at, feeds: [FEED.directoryAudits] }));
      yield await Promise.resolve({ rows: found.length, records: found, malformed: [], seen });
    },
  };
  const reader: Reader = {
    ...{ source: 'directoryAudits', tenantId: 't', stores, clock, records: source },
    detectors: configureDetectors({}),
    initialLookback: DAY,
    ...overrides,
  };
  await pollSource(reader);
  asked.length = 0;
  /** So many rows an hour that a window is half a day. */
  const cutWindows = () =>
    stores.coverage.change(
      'directoryAudits',
      inFeed('directoryAudits', (feed) => ({
        ...feed,
        journal: { ...feed.journal!, rowsPerHour: 1_000 },
      })),
    );
  const coverage = async () => (await readCoverage(stores.coverage, MFA)).directoryAudits;
  const head = async () => (await readFeed(stores.coverage, 'directoryAudits'))!;
  const forms = () => stores.outbox.alerts.map((each) => each.form);
  return { clock, stores, asked, control, reader, cutWindows, coverage, head, forms };
}

const scanned = deviceAdded({ id: 'added', user: 'ann', at: days(-3) }, 'd1');
const verified = registered({ id: 'registered', user: 'ann', at: days(-3, 5) });

describe('shared/pipeline/backfill', () => {
  it('goes back before the first read', async () => {
    const { reader, coverage } = await setUp();

    const report = await backfillSource(reader, range(-5, 0));

    expect(report).toMatchObject({ range: range(-5, 0), from: days(-5), windows: 1 });
    expect(await coverage()).toEqual({ from: days(-5), to: plus(days(1), -2 * HOUR), gaps: [] });
  });

  it('reads a log that was never read', async () => {
    const { reader } = await setUp();
    const fresh = { ...reader, stores: memoryStores() };

    await backfillSource(fresh, range(-5, 0));

    expect((await readCoverage(fresh.stores.coverage, MFA)).directoryAudits).toEqual({
      ...{ from: days(-5), to: days(0), gaps: [] },
    });
  });

  it('leaves a gap up to what was read before', async () => {
    const { reader, coverage } = await setUp();

    await backfillSource(reader, range(-5, -4));

    expect((await coverage())?.gaps).toEqual([{ ...range(-4, 0), why: 'not-read' }]);
  });

  it('opens what it finds in a digest', async () => {
    const { reader, stores, forms } = await setUp([scanned]);
    const before = stores.findings.list().length;

    const { assessed } = await backfillSource(reader, range(-5, 0));

    expect(before).toBe(0);
    expect(assessed.changes).toMatchObject([{ finding: { subject: { id: 'ann' } } }]);
    expect(forms()).toEqual(['digest']);
  });

  it('opens nothing that ended in the range', async () => {
    const { reader, stores } = await setUp([scanned, verified]);

    await backfillSource(reader, range(-5, 0));

    expect(stores.findings.list()).toEqual([]);
  });

  it('fills a gap, and answers what could not be answered for it', async () => {
    const { reader, stores, coverage, forms } = await setUp([scanned]);
    await backfillSource(reader, { from: days(-5), to: days(-3, 10) });
    const before = await coverage();
    const open = stores.findings.list().length;

    await backfillSource(reader, { from: days(-3, 10), to: days(0) });

    expect(before?.gaps).toEqual([{ from: days(-3, 10), to: days(0), why: 'not-read' }]);
    expect(open).toBe(0);
    expect((await coverage())?.gaps).toEqual([]);
    expect(forms()).toEqual(['digest']);
  });

  it('answers nothing while the gap is not filled', async () => {
    const { reader } = await setUp([scanned]);

    const { assessed } = await backfillSource(reader, { from: days(-5), to: days(-3, 10) });

    expect(assessed).toMatchObject({ changes: [], undetermined: [{ subject: { id: 'ann' } }] });
  });

  it('moves no cursor of the polls', async () => {
    const { reader, head } = await setUp();
    const { journal } = await head();

    await backfillSource(reader, range(-5, 0));

    expect((await head()).journal).toMatchObject({
      ...{ readTo: journal!.readTo, readAt: journal!.readAt, completeTo: journal!.completeTo },
      ...{ began: journal!.began, rowsPerHour: journal!.rowsPerHour },
    });
  });

  it('repeats nothing when the same range is read twice', async () => {
    const { reader, stores } = await setUp([scanned]);

    await backfillSource(reader, range(-5, 0));
    const again = await backfillSource(reader, range(-5, 0));

    expect(again.assessed.changes).toEqual([]);
    expect(stores.findings.list()).toMatchObject([{ count: 1, sequence: 1 }]);
  });

  it('counts signals that are older than what detectors retain', async () => {
    const old = deviceAdded({ id: 'old', user: 'ann', at: days(-100) }, 'd0');
    const { reader, stores } = await setUp([old]);

    const report = await backfillSource(reader, range(-101, -99));

    const reading = DETECTORS.filter(
      (each) => each.signals(old).length > 0 && each.retain < 99 * DAY,
    );
    expect(report).toMatchObject({ tooOld: reading.length, kept: 1 });
    expect(stores.findings.list()).toEqual([]);
  });

  describe('that stops', () => {
    it('goes on where it stopped, and says how far it has come', async () => {
      const { reader, asked, control, cutWindows, head } = await setUp();
      await cutWindows();
      control.takes = 40 * SECOND;
      const ways: Instant[] = [];

      const first = await backfillSource({ ...reader, budget: MINUTE }, range(-5, 0), (at) =>
        ways.push(at),
      );
      const noted = (await head()).backfill;
      const second = await backfillSource(reader, range(-5, 0));

      expect(first).toMatchObject({ stopped: 'budget', windows: 2, from: days(-5) });
      expect(noted).toEqual({ ...range(-5, 0), at: ways.at(-1) });
      expect(second).toMatchObject({ from: ways.at(-1), range: range(-5, 0) });
      expect(second.stopped).toBeUndefined();
      expect(asked.map((each) => each.from)).toEqual([
        days(-5),
        ...asked.slice(0, -1).map((each) => each.to),
      ]);
      expect((await head()).backfill).toBeUndefined();
    });

    it('starts over for another range', async () => {
      const { reader, control, cutWindows } = await setUp();
      await cutWindows();
      control.takes = 40 * SECOND;
      await backfillSource({ ...reader, budget: MINUTE }, range(-5, 0));

      const report = await backfillSource(reader, range(-6, 0));

      expect(report.from).toBe(days(-6));
    });

    it('starts over when it is done', async () => {
      const { reader } = await setUp();
      await backfillSource(reader, range(-5, 0));

      expect((await backfillSource(reader, range(-5, 0))).from).toBe(days(-5));
    });

    it('keeps what it read when the log is in trouble, and says which', async () => {
      const { reader, control, cutWindows, coverage, head } = await setUp();
      await cutWindows();
      const denied = new SourceError('denied', 'not allowed', 'grant it');

      const report = await backfillSource(reader, range(-5, 0), () => {
        control.failure = denied;
      });

      expect(report).toMatchObject({ stopped: denied, windows: 1 });
      expect((await coverage())?.from).toBe(days(-5));
      expect((await head()).backfill?.at).toBe((await coverage())?.gaps[0]?.from);
    });
  });

  it('before the first poll leaves that poll the first read: it tells in cards', async () => {
    const ben = deviceAdded({ id: 'ben', user: 'ben', at: days(0, 60) }, 'd2');
    const { reader } = await setUp([scanned, ben]);
    const stores = memoryStores();
    await backfillSource({ ...reader, stores }, range(-5, -2));

    await pollSource({ ...reader, stores });

    expect(stores.outbox.alerts.map((each) => each.form)).toEqual(['digest', 'card']);
  });

  describe('refuses', () => {
    it.each<[string, Interval, RegExp]>([
      ['a range that ends before it begins', range(-1, -2), /^the range ends before it begins: /],
      ['a range of nothing', range(-1, -1), /^the range ends before it begins: /],
      [
        'what is not complete yet',
        { from: T0, to: plus(days(1), -2 * HOUR + 1) },
        /^directoryAudits is complete up to 2026-11-27T22:00.*End the range there or before$/,
      ],
      [
        'what the log has dropped',
        range(-7, -1),
        /^directoryAudits holds nothing before 2026-11-21T01:00.*\(LOG_RETENTION\); begin the range there or later$/,
      ],
    ])('%s', async (_what, refused, text) => {
      const { reader, asked } = await setUp([], { retention: 7 * DAY });

      const attempt = backfillSource(reader, refused);

      await expect(attempt).rejects.toThrow(BackfillError);
      await expect(backfillSource(reader, refused)).rejects.toThrow(text);
      expect(asked).toEqual([]);
    });

    it('nothing up to its edges', async () => {
      const { reader } = await setUp([], { retention: 7 * DAY });
      const whole = { from: plus(days(1), HOUR - 7 * DAY), to: plus(days(1), -2 * HOUR) };

      expect((await backfillSource(reader, whole)).range).toEqual(whole);
    });
  });
});
