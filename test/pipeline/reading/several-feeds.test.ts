import { createDemoTenant } from '../../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../../cli/demo-tenant/serve';
import { graphSource } from '../../../shared/adapters/graph/graph-source';
import { Limiter } from '../../../shared/adapters/graph/limiter';
import { configureDetectors } from '../../../shared/config/detectors';
import type { Interval } from '../../../shared/domain/reading/coverage';
import { lookForAbsence, type ConfiguredDetector } from '../../../shared/domain/detector';
import type { Property } from '../../../shared/domain/reading/feed';
import type { Finding } from '../../../shared/domain/findings/finding';
import type { EntraRecord, SignInRecord } from '../../../shared/domain/record';
import type { Signal } from '../../../shared/domain/findings/signal';
import { coverageOf } from '../../../shared/domain/reading/source-state';
import {
  between,
  DAY,
  HOUR,
  latest,
  MINUTE,
  plus,
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
import type { EngineStores } from '../../../shared/pipeline/ports/stores';
import type { Reader } from '../../../shared/pipeline/reading/read-source';
import { defined, stated } from '../../fakes/answers';
import { VirtualClock } from '../../fakes/clock';
import { readFeed } from '../../fakes/cover';
import { around, Crash } from '../../fakes/crashing';
import { memoryStores } from '../../fakes/memory-stores';
import { deviceAdded } from '../../fakes/records';
import { LOGS } from '../../../shared/sources';

const NOON = toInstant('2026-06-02T12:00:00Z');
const POLL = 5 * MINUTE;
const APP = 'clientAppUsed';
const CODE = 'status/errorCode';
const PAGE = 1_000;

// ------------------------------------------------------------------------------------------------- two detectors

/** One signal for each sign-in that the detector reads. */
const signals = (record: EntraRecord): readonly Signal[] =>
  record.source !== 'signIns'
    ? []
    : [
        {
          ...{ key: record.id, source: record.source, eventId: record.id, at: record.at },
          ...{ subject: { type: 'user', id: record.user.id }, kind: 'seen', facts: {} },
        },
      ];

const reads = (
  property: Property,
): { source: 'signIns'; property: Property; values: (string | number)[] } => ({
  ...{ source: 'signIns', property },
  values: property === APP ? ['Exchange ActiveSync'] : [53004],
});

const configured = (
  id: string,
  properties: readonly Property[],
  assess: NonNullable<Parameters<typeof defined>[0]>['assess'],
): ConfiguredDetector => ({
  detector: defined({ id, reads: properties.map(reads), signals, ...(assess && { assess }) }),
  settings: {},
  stage: 'alert',
});

const seen = (timeline: readonly Signal[]) => {
  const [first] = timeline as [Signal];
  const last = timeline.at(-1) ?? first;
  return stated({
    ...{ anchor: { key: 'seen', from: first.at }, since: first.at, firstSeenAt: first.at },
    ...{ lastSeenAt: last.at, count: timeline.length, evidence: [] },
  });
};

/** Opens for whoever was seen with ActiveSync. */
const byApp = configured('by-app', [APP], (timeline) => ({ findings: [seen(timeline)] }));
/** Opens for whoever was seen in either way. */
const byBoth = configured('by-both', [APP, CODE], (timeline) => ({ findings: [seen(timeline)] }));
/** Opens for whoever was blocked, and not again within the hour: an absence in the feed of codes. */
const byCode = configured('by-code', [CODE], (timeline, coverage) => {
  const [first] = timeline as [Signal];
  const until = plus(first.at, HOUR);
  const look = lookForAbsence({ needs: [{ source: 'signIns' }] }, coverage, first.at, until);
  const anchor = { key: 'blocked', from: first.at };
  switch (look.verdict) {
    case 'covered':
      return { findings: timeline.length > 1 ? [] : [{ ...seen(timeline), anchor }] };
    case 'later':
      return {
        findings: [{ state: 'pending', anchor, until, what: 'blocked' }],
        askAgainAt: until,
      };
    case 'never':
      return { findings: [{ state: 'undetermined', anchor, gap: look.gap, what: 'blocked' }] };
  }
});

// --------------------------------------------------------------------------------------------------- a log in feeds

interface LogRow {
  readonly at: Instant;
  readonly user: string;
  readonly app?: string;
  readonly code?: number;
  /** At once unless said otherwise. */
  readonly visibleAt?: Instant;
}

/** A sign-in log that is asked feed by feed, as Graph is. */
class Log implements RecordSource {
  readonly asked: (Interval & { readonly property: Property | undefined; readonly at: Instant })[] =
    [];
  rows: LogRow[] = [];
  pageTakes: Duration = 0;
  rowsPerHour: Readonly<Partial<Record<Property, number>>> = {};
  failure: (property: Property | undefined) => SourceError | undefined = () => undefined;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async *read({ from, to }: Interval, wanted: Wanted): AsyncIterable<SourcePage> {
    const { filter } = wanted;
    this.asked.push({ from, to, property: filter?.property, at: this.#clock.now() });
    const failure = this.failure(filter?.property);
    if (failure !== undefined) {
      throw failure;
    }
    const perHour = (filter && this.rowsPerHour[filter.property]) ?? 0;
    const span = perHour === 0 ? Infinity : (PAGE / perHour) * HOUR;
    let end = to;
    do {
      const oldest = latest(from, plus(end, -Math.min(span, between(from, end))));
      this.#clock.advance(this.pageTakes);
      yield await Promise.resolve(this.#page({ from: oldest, to: end }, wanted, perHour));
      end = oldest;
    } while (end > from);
  }

  #page(
    { from, to }: Interval,
    { filter, isWanted, feedsOf }: Wanted,
    perHour: number,
  ): SourcePage {
    const shown = this.rows.flatMap((row, i) => {
      const { at, visibleAt = at, app = 'Browser', code = 0 } = row;
      const raw = { clientAppUsed: app, status: { errorCode: code } };
      const value = filter?.property === APP ? app : code;
      const isAsked = filter === undefined || filter.values.includes(value);
      const isShown = at >= from && at < to && visibleAt <= this.#clock.now();
      return isAsked && isShown ? [{ id: `row-${i}`, row, raw }] : [];
    });
    return {
      rows: shown.length + Math.round((perHour * between(from, to)) / HOUR),
      records: shown.flatMap(({ id, row, raw }) => (isWanted(raw) ? [toRecord(id, row)] : [])),
      malformed: [],
      seen: shown.map(({ id, row: { at }, raw }) => ({ id, at, feeds: feedsOf(raw) })),
      oldest: from,
    };
  }

  properties(since = 0): (Property | undefined)[] {
    return this.asked.slice(since).map(({ property }) => property);
  }
}

function toRecord(id: string, { at, user, app, code }: LogRow): SignInRecord {
  return {
    ...{ source: 'signIns', id, at, user: { id: user } },
    ...{ clientApp: app ?? 'Browser', errorCode: code ?? 0 },
    ...{ conditionalAccess: 'notApplied', device: {} },
  };
}

function setUp(detectors: readonly ConfiguredDetector[], overrides: Partial<Reader> = {}) {
  const clock = new VirtualClock(NOON);
  const stores = memoryStores();
  const log = new Log(clock);
  const reader: Reader = {
    ...{ source: 'signIns', tenantId: 't', stores, clock, records: log, detectors },
    initialLookback: DAY,
    ...overrides,
  };
  const poll = (through: Partial<Reader> = {}): Promise<PollReport> =>
    pollSource({ ...reader, ...through });
  async function pollFor(duration: Duration, through: Partial<Reader> = {}): Promise<void> {
    const end = plus(clock.now(), duration);
    while (clock.now() < end) {
      clock.advance(POLL);
      await poll(through);
    }
  }
  const completeTo = async (property: Property): Promise<Instant | undefined> =>
    (await readFeed(stores.coverage, 'signIns', property))?.journal?.completeTo;
  const coverage = async ({ detector }: ConfiguredDetector) =>
    coverageOf(detector, await stores.coverage.reading()).signIns;
  return { clock, stores, log, poll, pollFor, completeTo, coverage };
}

const unavailable = (): SourceError => new SourceError('unavailable', 'no answer', 'wait');
const rejected = (): SourceError => new SourceError('filter-rejected', 'bad filter', 'nothing');
const opened = ({ findings }: { findings: { list(): readonly Finding[] } }): string[] =>
  findings.list().map(({ detector, subject, count }) => `${detector} ${subject.id} x${count}`);

describe('several feeds of one source', () => {
  describe('have a fate each', () => {
    it('one fails: the other goes on, and what rests on the first waits', async () => {
      const { clock, stores, log, poll, pollFor, completeTo } = setUp([byApp, byCode]);
      await poll();
      const before = await completeTo(CODE);
      log.rows = [
        { at: plus(NOON, MINUTE), user: 'ann', app: 'Exchange ActiveSync' },
        { at: plus(NOON, -30 * MINUTE), user: 'ben', code: 53004, visibleAt: NOON },
      ];
      log.failure = (property) => (property === CODE ? unavailable() : undefined);

      await pollFor(4 * HOUR);

      expect(opened(stores)).toEqual(['by-app ann x1']);
      expect(await completeTo(CODE)).toBe(before);
      expect(between((await completeTo(APP))!, clock.now())).toBeLessThanOrEqual(3 * HOUR);
      const failing = await poll();
      expect(failing.read).toMatchObject({ unfinished: ['by error code'] });

      log.failure = () => undefined;
      await pollFor(HOUR);
      expect(opened(stores).sort()).toEqual(['by-app ann x1', 'by-code ben x1']);
    });

    it('the filter of one is refused: that feed is read without one, the other with its own', async () => {
      const { log, poll, pollFor } = setUp([byApp, byCode]);
      log.failure = (property) => (property === CODE ? rejected() : undefined);
      await poll();
      const since = log.asked.length;

      await pollFor(20 * MINUTE);

      const properties = new Set(log.properties(since));
      expect(properties).toEqual(new Set([APP, undefined]));
    });

    it('coverage of a detector is what all feeds cover that it needs', async () => {
      const { log, pollFor, coverage } = setUp([byApp, byCode, byBoth]);
      log.failure = (property) => (property === CODE ? unavailable() : undefined);

      await pollFor(HOUR);

      expect(await coverage(byApp)).toBeDefined();
      expect(await coverage(byCode)).toBeUndefined();
      expect(await coverage(byBoth)).toBeUndefined();
    });
  });

  describe('show the same row, and it is one record', () => {
    const row: LogRow = {
      ...{ at: plus(NOON, -30 * MINUTE), user: 'ann', app: 'Exchange ActiveSync', code: 53004 },
    };

    it('in one poll', async () => {
      const { stores, log, poll } = setUp([byBoth]);
      log.rows = [row];

      const { read } = await poll();

      expect(read.rows).toBe(2);
      expect(opened(stores)).toEqual(['by-both ann x1']);
      expect(stores.outbox.alerts).toHaveLength(1);
    });

    it('in different polls, one feed long after the other', async () => {
      const { stores, log, poll, pollFor } = setUp([byBoth]);
      log.rows = [row];
      log.failure = (property) => (property === CODE ? unavailable() : undefined);
      await poll();
      log.failure = () => undefined;
      await pollFor(4 * HOUR);

      expect(opened(stores)).toEqual(['by-both ann x1']);
      expect(stores.outbox.alerts).toHaveLength(1);
    });

    it('in different versions: what it matches by later brings it again', async () => {
      const { stores, log, poll, pollFor } = setUp([byBoth]);
      log.rows = [{ ...row, app: 'Browser' }];
      await poll();
      log.rows = [{ ...row, code: 0 }];
      await pollFor(4 * HOUR);

      expect(opened(stores)).toEqual(['by-both ann x1']);
      expect(stores.outbox.alerts).toHaveLength(1);
    });
  });

  it('a detector that is switched on later is vouched for by its own feed alone', async () => {
    const { stores, clock, log, pollFor, coverage } = setUp([byApp]);
    log.rows = [{ at: plus(NOON, HOUR), user: 'ben', code: 53004 }];
    await pollFor(6 * HOUR);
    log.failure = (property) => (property === CODE ? unavailable() : undefined);

    await pollFor(4 * HOUR, { detectors: [byApp, byCode] });

    expect(await coverage(byCode)).toBeUndefined();
    expect(opened(stores)).toEqual([]);
    log.failure = () => undefined;
    await pollFor(HOUR, { detectors: [byApp, byCode], initialLookback: 2 * HOUR });
    // Its log begins with its first read: nothing of before is concluded.
    expect((await coverage(byCode))!.from >= plus(clock.now(), -4 * HOUR)).toBe(true);
    expect(opened(stores)).toEqual([]);
  });

  it('share the requests of a run: one that has much to catch up on starves no other', async () => {
    const budget = 4 * MINUTE;
    const { clock, log, poll, pollFor, completeTo } = setUp([byApp, byCode], { budget });
    await poll();
    const before = (await completeTo(CODE))!;
    clock.advance(2 * DAY); // nobody polled
    log.rowsPerHour = { [CODE]: 30_000 };
    log.pageTakes = 10_000;

    await pollFor(2 * HOUR);

    expect(between((await completeTo(APP))!, clock.now())).toBeLessThanOrEqual(3 * HOUR);
    expect(between(before, (await completeTo(CODE))!)).toBeGreaterThan(3 * HOUR);
  });

  it('read a closed day again once for all of them', async () => {
    const { clock, log, pollFor } = setUp([byApp, byCode]);

    await pollFor(5 * DAY);

    const days = log.asked.filter(({ property }) => property === undefined);
    const starts = days.map(({ from }) => from);
    expect(new Set(starts).size).toBe(starts.length);
    expect(days.length).toBeGreaterThanOrEqual(2);
    expect(days.every(({ to, at }) => between(to, at) >= 2 * DAY && to < clock.now())).toBe(true);
  });

  describe('survive a kill between them', () => {
    const rows: LogRow[] = [
      { at: plus(NOON, -3 * HOUR), user: 'ann', app: 'Exchange ActiveSync' },
      { at: plus(NOON, -4 * HOUR), user: 'ben', code: 53004 },
      { at: plus(NOON, -5 * HOUR), user: 'eve', app: 'Exchange ActiveSync', code: 53004 },
    ];
    const detectors = [byApp, byCode, byBoth];

    it.each([1, 2, 3, 4, 5, 6])('at write %i of coverage', async (nth) => {
      const plain = setUp(detectors);
      plain.log.rows = rows;
      await plain.pollFor(HOUR);
      const { stores, log, poll, pollFor } = setUp(detectors);
      log.rows = rows;
      let writes = 0;
      const dying: EngineStores = around(stores, (run, name) => {
        writes += name === 'coverage.change' ? 1 : 0;
        return writes === nth ? Promise.reject(new Crash()) : run();
      });

      await poll({ stores: { ...stores, ...dying, signals: stores.signals } }).catch(
        (error: unknown) => {
          expect(error).toBeInstanceOf(Crash);
        },
      );
      await pollFor(HOUR);

      expect(opened(stores).sort()).toEqual(opened(plain.stores).sort());
      expect(stores.outbox.alerts.map(({ id }) => id).sort()).toEqual(
        plain.stores.outbox.alerts.map(({ id }) => id).sort(),
      );
    });
  });
});

describe('the shipped detectors', () => {
  it('rise to high with the poll that shows that the person was blocked', async () => {
    const detectors = configureDetectors({});
    const { stores, clock, log, pollFor } = setUp(detectors);
    const audits: EntraRecord[] = [
      deviceAdded({ id: 'a', user: 'ann', at: plus(NOON, MINUTE) }, 'd'),
    ];
    const audited: RecordSource = {
      async *read({ from, to }) {
        const records = audits.filter(({ at }) => at >= from && at < to && at <= clock.now());
        yield await Promise.resolve({
          ...{ rows: records.length, records, malformed: [] },
          seen: records.map(({ id, at }) => ({ id, at, feeds: ['activityDisplayName' as const] })),
        });
      },
    };
    const both = async (duration: Duration): Promise<void> => {
      for (let i = 0; i < duration / POLL; i++) {
        await pollFor(POLL, { source: 'directoryAudits', records: audited });
        await pollFor(0);
        await pollSource({
          ...{ source: 'signIns', tenantId: 't', stores, clock, records: log, detectors },
          initialLookback: DAY,
        });
      }
    };
    await both(5 * HOUR);
    expect(stores.findings.list()).toMatchObject([{ severity: 'medium', status: 'open' }]);
    log.rows = [{ at: clock.now(), user: 'ann', code: 53004 }];

    await both(POLL);

    expect(stores.findings.list()).toMatchObject([{ severity: 'high', status: 'open' }]);
    expect(stores.outbox.alerts.map(({ verb }) => verb)).toEqual(['opened', 'escalated']);
  });

  it('ask Graph for each feed by its own filter, and never for the whole log', async () => {
    const clock = new VirtualClock(NOON);
    const tenant = createDemoTenant({ tenantId: 't', now: () => clock.now() });
    const graph = await serveDemoTenant(tenant);
    const asked: string[] = [];
    const counted: typeof fetch = async (input, init) => {
      const url = new URL(input);
      asked.push(`${url.pathname.split('/').at(-1)} ${url.searchParams.get('$filter')}`);
      return fetch(input, init);
    };
    const records = graphSource({
      ...{ baseUrl: new URL(graph.url), getToken: undefined, fetch: counted, clock },
      random: () => 0.5,
      limiter: new Limiter(clock, 1_000),
    });
    const stores = memoryStores();
    const detectors = configureDetectors({});
    const reader = { tenantId: 't', stores, clock, records, detectors, initialLookback: HOUR };
    const poll = async (): Promise<void> => {
      for (const source of LOGS) {
        await pollSource({ ...reader, source });
      }
    };

    await poll();
    clock.advance(POLL);
    asked.length = 0;
    await poll();
    await graph.close();

    const filters = asked.map((each) =>
      [...new Set(each.match(/activityDisplayName|clientAppUsed|status\/errorCode/g))].join(),
    );
    expect(asked.map((each) => each.split(' ')[0]).sort()).toEqual([
      'directoryAudits',
      'signIns',
      'signIns',
    ]);
    expect(filters.sort()).toEqual(['activityDisplayName', 'clientAppUsed', 'status/errorCode']);
  });
});
