import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { configureDetectors } from '../../../shared/config/detectors';
import {
  afterWindow,
  type FeedState,
  type ReadWindow,
} from '../../../shared/domain/reading/journal';
import type { Feed } from '../../../shared/domain/reading/feed';
import type { Source } from '../../../shared/domain/record';
import {
  DAY,
  earliest,
  HOUR,
  MINUTE,
  plus,
  toInstant,
  type Duration,
} from '../../../shared/domain/time';
import { drainMarks, type AssessReport } from '../../../shared/pipeline/findings/assess';
import type { EngineStores } from '../../../shared/pipeline/ports/stores';
import type { RecordSource } from '../../../shared/pipeline/ports/record-source';
import { readSource, type Reader } from '../../../shared/pipeline/reading/read-source';
import type { Finding } from '../../../shared/domain/findings/finding';
import { recordAct } from '../../../shared/pipeline/findings/decide';
import { LOG_READING } from '../../../shared/pipeline/findings/log-reading';
import { addRule } from '../../../shared/pipeline/findings/rules';
import { watchSources } from '../../../shared/pipeline/reading/watch-sources';
import { booksBalance } from '../../fakes/books';
import { VirtualClock } from '../../fakes/clock';
import { around } from '../../fakes/crashing';
import { afterTrouble, FEED, inFeed, withoutTrouble } from '../../fakes/cover';

const AUDITS: Feed = { source: 'directoryAudits', property: FEED.directoryAudits };
const SIGN_INS: Feed = { source: 'signIns', property: FEED.signIns };
const NOW = toInstant('2026-06-02T12:00:00Z');
const POLL = 5 * MINUTE;
const STANDSTILL = 3 * HOUR;
const MENDS: Readonly<Record<string, string>> = { denied: 'Grant AuditLog.Read.All.' };

type State = 'read' | 'denied' | 'unlicensed' | 'throttled' | 'unavailable' | 'bad-answer';

/** Polls of which only the outcome matters. */
function setUp() {
  const clock = new VirtualClock(NOW);
  const stores = memoryStores();
  const change = (source: Source, step: (feed: FeedState) => FeedState): Promise<unknown> =>
    stores.coverage.change(source, inFeed(source, step));
  function outcome(state: State): (feed: FeedState) => FeedState {
    const now = clock.now();
    if (state !== 'read') {
      const failure = {
        failure: state,
        message: `${state} it is`,
        remedy: MENDS[state] ?? 'Wait.',
      };
      return (feed) => afterTrouble(feed, failure, now);
    }
    const window: ReadWindow = {
      ...{ from: plus(now, -12 * HOUR), to: now, startedAt: now, lag: 2 * HOUR, purpose: 'head' },
      ...{ detectorIds: ['one'], isFiltered: true, rows: 0, seen: [] },
    };
    return (feed) => {
      const from = earliest(window.from, feed.journal?.completeTo ?? window.from);
      return withoutTrouble(afterWindow(feed, { ...window, from }));
    };
  }
  async function poll(state: State, source: Source = 'signIns'): Promise<void> {
    await change(source, outcome(state));
    await look();
    clock.advance(POLL);
  }
  async function pollFor(duration: Duration, ...states: State[]): Promise<void> {
    for (let i = 0; i * POLL < duration; i++) {
      await poll(states[i % states.length]!);
    }
  }
  const look = async (
    through: EngineStores = stores,
    feeds: readonly Feed[] = [AUDITS, SIGN_INS],
  ): Promise<AssessReport | undefined> =>
    (await watchSources({
      ...{ tenantId: 't', feeds, clock, stores: through, standstill: STANDSTILL },
    }))
      ? drainMarks({ tenantId: 't', detectors: [], stores: through, clock })
      : undefined;
  /** What happened, as `opened source-unreadable`. */
  const told = (): string[] =>
    stores.outbox.alerts.map(
      ({ verb, findingId, form }) => `${verb} ${messageOf(stores, findingId)} (${form})`,
    );
  return { clock, stores, change, poll, pollFor, look, told };
}

function messageOf({ findings }: MemoryStores, id: string): string {
  return findings.list().find((each) => each.id === id)!.message;
}

describe('shared/pipeline/reading/watch-sources', () => {
  describe('tells', () => {
    it.each<[string, State[], string[]]>([
      [
        'a permission that is missing in two runs',
        ['denied', 'denied'],
        ['opened source-unreadable (card)'],
      ],
      [
        'a licence that is missing in three',
        ['unlicensed', 'unlicensed', 'unlicensed'],
        ['opened source-unreadable (card)'],
      ],
      [
        'its end in a line',
        ['denied', 'denied', 'read'],
        ['opened source-unreadable (card)', 'resolved source-unreadable (line)'],
      ],
      [
        'that it begins again',
        ['denied', 'denied', 'read', 'denied', 'denied'],
        [
          'opened source-unreadable (card)',
          'resolved source-unreadable (line)',
          'reopened source-unreadable (card)',
        ],
      ],
    ])('%s', async (_what, states, expected) => {
      const { poll, told, stores } = setUp();

      for (const state of ['read', ...states] as State[]) {
        await poll(state);
      }

      expect(told()).toEqual(expected);
      booksBalance(stores);
    });

    it.each<State>(['throttled', 'unavailable', 'bad-answer'])(
      'what goes on for longer than the setting, when it is %s',
      async (state) => {
        const { poll, pollFor, told } = setUp();
        await poll('read');

        await pollFor(STANDSTILL, state);
        const before = told();
        await pollFor(POLL, state);

        expect(before).toEqual([]);
        expect(told()).toEqual(['opened source-stalled (card)']);
      },
    );

    it('that no run has reached its end, when nobody says why', async () => {
      const { poll, look, clock, stores } = setUp();
      await poll('read');
      clock.advance(STANDSTILL);

      await look();
      const atFirst = stores.findings.list();
      clock.advance(15 * MINUTE);
      await look();

      expect(atFirst).toEqual([]);
      expect(stores.findings.list()).toMatchObject([
        { message: 'source-stalled', facts: { allowed: '3 h' } },
      ]);
      expect(stores.findings.list()[0]!.summary).toContain('no run has reached its end');
    });

    it('that a log was never read, since it was first tried', async () => {
      const { pollFor, stores } = setUp();

      await pollFor(STANDSTILL + 2 * POLL, 'throttled');

      expect(stores.findings.list()).toMatchObject([{ message: 'source-stalled', since: NOW }]);
    });

    it('that a filter hides rows, without haste', async () => {
      const { poll, look, change, told, stores } = setUp();
      await poll('read');

      await change('signIns', (feed) => ({
        ...feed,
        droppedFilter: { filter: 'clientAppUsed eq x', why: 'hides-rows', at: NOW },
      }));
      await look();

      expect(told()).toEqual(['opened filter-hides-rows (card)']);
      expect(stores.findings.list()).toMatchObject([{ severity: 'low', since: NOW }]);
      expect(stores.findings.list()[0]!.summary).toContain('"clientAppUsed eq x"');
    });

    it('each log for itself', async () => {
      const { poll, stores } = setUp();
      await poll('denied', 'directoryAudits');
      await poll('denied', 'signIns');
      await poll('denied', 'directoryAudits');
      const first = stores.findings.list().map(({ subject }) => subject.id);

      await poll('denied', 'signIns');
      await poll('read', 'directoryAudits');

      expect(first).toEqual(['directoryAudits']);
      expect(stores.findings.list()).toMatchObject([
        { subject: { id: 'directoryAudits', name: 'The audit log' }, status: 'resolved' },
        { subject: { id: 'signIns', name: 'The sign-in log' }, status: 'open' },
      ]);
    });

    it('who, since when, what Graph said and how to fix it', async () => {
      const { poll, stores } = setUp();

      await poll('denied');
      await poll('denied');

      expect(stores.findings.list()).toMatchObject([
        { detector: 'log-reading', subject: { type: 'log', id: 'signIns' }, since: NOW },
      ]);
      expect(stores.findings.list()[0]!.summary).toBe(
        'The sign-in log cannot be read since 2026-06-02 12:00 UTC: denied it is. ' +
          'Grant AuditLog.Read.All. Until then nothing that happens there is seen.',
      );
    });

    it('once, of a trouble that becomes another', async () => {
      const { poll, told } = setUp();
      await poll('read');

      for (const state of ['denied', 'denied', 'unlicensed', 'unlicensed', 'unlicensed', 'read']) {
        await poll(state as State);
      }

      expect(told().filter((each) => each.startsWith('opened'))).toHaveLength(1);
      expect(told().at(-1)).toBe('resolved source-unreadable (line)');
    });
  });

  describe('stays silent', () => {
    it('about a log that is read a moment after the other, when the app was off', async () => {
      const { poll, look, clock, stores } = setUp();
      await poll('read', 'directoryAudits');
      await poll('read', 'signIns');
      clock.advance(2 * DAY);

      await poll('read', 'directoryAudits');
      await poll('read', 'signIns');
      clock.advance(DAY);
      await poll('read', 'directoryAudits');
      await look();

      expect(stores.findings.list()).toEqual([]);
    });

    it.each<[string, State[]]>([
      ['a permission that is missing in one run', ['denied', 'read', 'denied', 'read']],
      ['a licence that is missing now and then', ['unlicensed', 'unlicensed', 'read']],
      ['a log that passes between troubles', ['throttled', 'throttled', 'read', 'unavailable']],
      ['a log that is read', ['read']],
    ])('about %s', async (_what, states) => {
      const { poll, pollFor, stores } = setUp();
      await poll('read');

      await pollFor(DAY, ...states);

      expect(stores.findings.list()).toEqual([]);
    });

    it('about a log that nobody ever tried to read', async () => {
      const { look, stores } = setUp();

      expect(await look()).toBeUndefined();
      expect(stores.findings.list()).toEqual([]);
    });

    it('about a filter that Graph rejects', async () => {
      const { poll, look, change } = setUp();
      await poll('read');
      await change('signIns', (feed) => ({
        ...feed,
        droppedFilter: { filter: 'f', why: 'rejected', at: NOW },
      }));

      expect(await look()).toBeUndefined();
    });

    it.each<[string, State[]]>([
      ['while a permission is missing', ['denied']],
      ['while Graph is down in one way', ['unavailable']],
      ['while Graph is down in several ways', ['unavailable', 'throttled', 'bad-answer']],
    ])('%s, once it is told', async (_what, states) => {
      const { poll, pollFor, told } = setUp();
      await poll('read');

      await pollFor(2 * DAY, ...states);

      expect(told()).toHaveLength(1);
    });

    it('about a lag that has grown: no run stands still', async () => {
      const { stores, clock, look } = setUp();
      const counts = Array.from({ length: 21 }, (_, i) => (i === 0 ? 9_900 : i === 18 ? 100 : 0));
      const records: RecordSource = {
        async *read() {
          yield await Promise.resolve({ rows: 0, records: [], malformed: [], seen: [] });
        },
      };
      const reader: Reader = {
        ...{ source: 'signIns', tenantId: 't', stores, clock, records },
        ...{ initialLookback: 24 * HOUR, detectors: configureDetectors({}) },
      };
      await readSource(reader);
      const lateness = { every: 1, known: {}, counts, max: 12 * HOUR };
      await stores.coverage.change(
        'signIns',
        inFeed('signIns', (feed) => ({ ...feed, lateness })),
      );

      for (let i = 0; i < 10 * 12; i++) {
        clock.advance(POLL);
        await readSource(reader);
        await look();
      }

      expect(stores.findings.list()).toEqual([]);
    });
  });

  it('writes a finding that goes on once an hour, and no transition', async () => {
    const { poll, stores, change, clock, look } = setUp();
    await poll('denied', 'directoryAudits');
    await poll('denied', 'directoryAudits');
    await poll('read');
    const before = [...stores.findings.transitions];
    const operations: string[] = [];
    const counting = {
      ...stores,
      ...around(stores, (run, name) => {
        operations.push(name);
        return run();
      }),
    };

    for (let i = 0; i < 20; i++) {
      clock.advance(POLL);
      await change('directoryAudits', (feed) =>
        afterTrouble(feed, { ...feed.failure!, failure: 'denied' }, clock.now()),
      );
      await look(counting);
    }

    expect(operations.filter((name) => name === 'findings.commit')).toHaveLength(1);
    expect(operations.filter((name) => name === 'coverage.change')).toHaveLength(1);
    expect(operations.filter((name) => name === 'signals.merge')).toHaveLength(1);
    expect(stores.findings.transitions).toEqual(before);
  });

  it('looks once at what was read and no more while nothing is wrong', async () => {
    const { poll, stores, look } = setUp();
    await poll('read', 'directoryAudits');
    await poll('read');
    const operations: string[] = [];
    const counting = {
      ...stores,
      ...around(stores, (run, name) => (operations.push(name), run())),
    };

    await look(counting);

    expect(operations).toEqual(['coverage.reading']);
  });

  it('takes up again what somebody called fixed and is not', async () => {
    const { poll, pollFor, stores, clock } = setUp();
    await poll('denied');
    await poll('denied');
    const [{ id }] = stores.findings.list() as [Finding];
    await recordAct(stores, id, { verb: 'resolve', reason: 'fixed', by: 'ann', at: clock.now() });

    await pollFor(2 * HOUR, 'denied');

    expect(stores.findings.list()).toMatchObject([{ status: 'open' }]);
  });

  it('ends what is about a log that nobody needs any more', async () => {
    const { poll, stores, look } = setUp();
    await poll('denied');
    await poll('denied');

    await look(stores, [AUDITS]);

    expect(stores.findings.list()).toMatchObject([
      { status: 'resolved', resolution: 'not-watched' },
    ]);
  });

  it('alerts nobody while a rule says so', async () => {
    const { poll, stores, clock, told } = setUp();
    await addRule(
      { stores, clock },
      {
        ...{ kind: 'suppression', scope: { subjectId: 'signIns' }, owner: 'ops' },
        ...{ reason: 'known', createdBy: 'ann', expiresAt: plus(clock.now(), DAY) },
      },
    );

    await poll('denied');
    await poll('denied');

    expect(told()).toEqual([]);
    expect(stores.findings.list()).toMatchObject([{ status: 'open', suppressed: {} }]);
  });

  it('repeats harmlessly what it was killed in', async () => {
    const { poll, stores, change, look, clock } = setUp();
    await poll('denied');
    await change('signIns', (feed) =>
      afterTrouble(feed, { ...feed.failure!, failure: 'denied' }, clock.now()),
    );
    const killed = {
      ...stores,
      ...around(stores, (run, name) =>
        name === 'coverage.change' ? Promise.reject(new Error('killed')) : run(),
      ),
    };

    await expect(look(killed)).rejects.toThrow('killed');
    const before = stores.findings.transitions.length;
    clock.advance(POLL);
    await look();
    await look();

    expect(before).toBe(0); // the mark is there: any drain would tell of it now
    expect(stores.findings.transitions).toHaveLength(1);
    expect(stores.outbox.alerts).toHaveLength(1);
    booksBalance(stores);
  });

  describe('beside another runner', () => {
    const refusing = (stores: MemoryStores, times: number): EngineStores => {
      let left = times;
      return {
        ...stores,
        ...around(stores, (run, name) =>
          name === 'findings.commit' && left-- > 0 ? Promise.resolve(false) : run(),
        ),
      };
    };

    it('looks again when the other was faster', async () => {
      const { poll, stores, change, look, clock } = setUp();
      await poll('denied');
      await change('signIns', (feed) =>
        afterTrouble(feed, { ...feed.failure!, failure: 'denied' }, clock.now()),
      );

      const report = await look(refusing(stores, 4));

      expect(report?.changes).toHaveLength(1);
    });

    it('leaves the mark of a finding that keeps changing to the next drain', async () => {
      const { poll, stores, change, look, clock } = setUp();
      await poll('denied');
      await change('signIns', (feed) =>
        afterTrouble(feed, { ...feed.failure!, failure: 'denied' }, clock.now()),
      );

      expect(await look(refusing(stores, 5))).toMatchObject({ changes: [], left: 1 });
      expect(await drainMarks({ tenantId: 't', detectors: [], stores, clock })).toMatchObject({
        changes: [{ finding: { message: 'source-unreadable', status: 'open' } }],
      });
    });
  });

  it('tells again of a condition that began before the last one was over', async () => {
    const { poll, told, stores } = setUp();

    for (const state of ['denied', 'denied', 'unlicensed', 'unlicensed', 'unlicensed'] as const) {
      await poll(state);
    }

    expect(told().at(-1)).toBe('reopened source-unreadable (card)');
    expect(stores.findings.list()).toMatchObject([
      { status: 'open', since: NOW, facts: { failure: 'unlicensed', error: 'unlicensed it is' } },
    ]);
  });

  it('keeps a finding open for as long as its condition goes on, a year and more', async () => {
    const { poll, look, change, told, clock, stores } = setUp();
    await poll('read');
    await change('signIns', (feed) => ({
      ...feed,
      droppedFilter: { filter: 'clientAppUsed eq x', why: 'hides-rows', at: NOW },
    }));
    for (let day = 0; day < 400; day += 5) {
      await change('signIns', (feed) =>
        afterTrouble(feed, { failure: 'denied', message: 'no', remedy: 'Wait.' }, clock.now()),
      );
      await look();
      clock.advance(5 * DAY);
    }

    expect(told()).toEqual(['opened filter-hides-rows (card)', 'opened source-unreadable (card)']);
    expect(stores.findings.list().map(({ status }) => status)).toEqual(['open', 'open']);
  });

  it('leaves what was over long ago as it is, whatever comes of the same log', async () => {
    const { poll, look, change, told, clock, stores } = setUp();
    for (const state of ['denied', 'denied', 'read'] as const) {
      await poll(state);
    }
    const before = stores.findings.list();
    clock.advance(100 * DAY);

    await change('signIns', (feed) => ({
      ...feed,
      droppedFilter: { filter: 'clientAppUsed eq x', why: 'hides-rows', at: clock.now() },
    }));
    await look();

    expect(told().at(-1)).toBe('opened filter-hides-rows (card)');
    expect(stores.findings.list()).toEqual(expect.arrayContaining([...before]));
  });

  it('is a detector to which no row says anything', () => {
    expect(LOG_READING.signals({} as never)).toEqual([]);
    expect(LOG_READING.assess([], {}, {})).toEqual({ findings: [] });
  });
});
