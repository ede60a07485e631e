import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { graphSource } from '../../shared/adapters/graph/graph-source';
import { Limiter } from '../../shared/adapters/graph/limiter';
import { MemoryTables } from '../../shared/adapters/memory/memory-table';
import type { StoredRow } from '../../shared/adapters/tables/guards';
import { kindOf } from '../../shared/adapters/tables/row-kinds';
import { TABLES } from '../../shared/adapters/tables/stores';
import { DETECTORS } from '../../shared/detectors/index';
import { SOURCES, type Source } from '../../shared/domain/record';
import { DAY, HOUR, MINUTE, plus, toInstant } from '../../shared/domain/time';
import { drainMarks } from '../../shared/pipeline/assess';
import { recordAct } from '../../shared/pipeline/decide';
import { deliverAlerts } from '../../shared/pipeline/deliver';
import { health } from '../../shared/pipeline/health';
import { pollSource } from '../../shared/pipeline/poll';
import type { Post } from '../../shared/pipeline/ports';
import { repair } from '../../shared/pipeline/repair';
import { repairRows } from '../../shared/pipeline/repair-rows';
import { purgeExpired } from '../../shared/pipeline/retention';
import { noticeRuleChanges } from '../../shared/pipeline/rule-change';
import { addRule } from '../../shared/pipeline/rules';
import { sealDays } from '../../shared/pipeline/seal';
import { statusOf } from '../../shared/api/status';
import { verifyRecord } from '../../shared/pipeline/verify';
import { watchSources } from '../../shared/pipeline/watch-sources';
import { VirtualClock } from '../fakes/clock';
import { memoryStores, type MemoryStores } from '../fakes/memory-stores';
import { configured, TENANT } from '../fakes/run';

const START = toInstant('2026-03-02T12:00:00Z');
/** When the damage is done, and by when new people must have been told of. */
const DAMAGE = plus(START, 3 * DAY);
const NEWS = plus(DAMAGE, MINUTE);
const FEEDS = SOURCES.flatMap((source) => [
  { source, property: source === 'signIns' ? 'clientAppUsed' : 'activityDisplayName' } as const,
]);

/** The monitor over a demo tenant: polls, judges and delivers, each as its own timer. */
class Watch {
  readonly stores: MemoryStores;
  readonly clock: VirtualClock;
  readonly posts: Post[] = [];
  readonly failures: string[] = [];
  readonly #tenant: ReturnType<typeof createDemoTenant>;

  constructor(tables: MemoryTables, at: typeof START) {
    this.stores = memoryStores(tables);
    this.clock = new VirtualClock(at);
    let isBegun = false;
    const now = (): typeof START => (isBegun ? this.clock.now() : START);
    this.#tenant = createDemoTenant({ tenantId: TENANT, seed: 'rows', now });
    isBegun = true;
    this.#tenant.addStory('unfinished', NEWS);
    this.#tenant.addStory('eas-blocked', NEWS);
  }

  get told(): ReadonlySet<string> {
    return new Set(
      this.posts.flatMap(({ items }) =>
        items.map(({ finding }) => `${finding.detector} ${finding.subject.id}`),
      ),
    );
  }

  /** Everything that the timers do, one after the other; what one of them cannot do is no matter of the others. */
  async round(): Promise<void> {
    const { stores, clock } = this;
    const base = { tenantId: TENANT, stores, clock, detectors: configured() };
    const standstill = 3 * HOUR;
    const watch = () => watchSources({ tenantId: TENANT, feeds: FEEDS, stores, clock, standstill });
    await this.#run(() => noticeRuleChanges(stores, base.detectors));
    for (const source of SOURCES) {
      const records = this.#graph();
      const reader = { ...base, source, records, initialLookback: DAY, retention: 30 * DAY };
      await this.#run(() => pollSource({ ...reader, budget: 4 * MINUTE }, { watch }));
    }
    await this.#run(() => drainMarks({ ...base, keepsHeartbeat: true }));
    await this.#run(() => this.deliver());
  }

  async deliver(): Promise<void> {
    const post = (each: Post) => {
      this.posts.push(each);
      return Promise.resolve({ outcome: 'accepted' } as const);
    };
    const channels = [{ id: 'teams', channel: { post } }];
    const { clock, stores } = this;
    await deliverAlerts({ outbox: stores.outbox, channels, clock, digestAbove: 10 });
    await stores.damaged.flush();
  }

  async through(hours: number): Promise<void> {
    for (let hour = 0; hour < hours; hour++) {
      this.clock.advance(HOUR);
      await this.round();
    }
  }

  async problems(): Promise<string> {
    const { stores, clock } = this;
    const channels = [{ id: 'teams', isConfigured: true }];
    const said = await health(stores, configured(), { tenantId: TENANT, channels, clock });
    const config = { tenantId: TENANT, shown: [], detectors: configured() };
    const health_ = (): Promise<typeof said> => Promise.resolve(said);
    const status = await statusOf({ stores, config, clock, version: '1', health: health_ });
    return status.problems.join('\n');
  }

  #graph() {
    const { clock } = this;
    const tenant = this.#tenant;
    return graphSource({
      ...{ baseUrl: new URL('https://graph.example.com'), getToken: undefined },
      fetch: (url, init) => tenant.handle(new Request(url, init)),
      ...{ clock, limiter: new Limiter(clock, 1_000), random: () => 0.5 },
    });
  }

  async #run(timer: () => Promise<unknown>): Promise<void> {
    try {
      await timer();
    } catch (error) {
      this.failures.push((error as Error).message);
    }
  }
}

/** What a demo run writes, with everything that people do. */
async function world(): Promise<MemoryTables> {
  const tables = new MemoryTables();
  const watch = new Watch(tables, START);
  const { stores, clock } = watch;
  await watch.round();
  await watch.through(4);
  const [finding] = stores.findings.list();
  const draft = { owner: 'olga', reason: 'known', createdBy: 'olga' };
  await recordAct(stores, finding!.id, { verb: 'acknowledge', by: 'olga', at: clock.now() });
  await addRule(
    { stores, clock },
    {
      kind: 'suppression',
      scope: { subjectId: 'nobody' },
      expiresAt: plus(clock.now(), 30 * DAY),
      ...draft,
    },
  );
  await stores.quarantine.add([
    {
      ...{ id: 'abcdef012345', source: 'signIns', reason: 'cut', firstSeenAt: clock.now() },
      gap: {
        ...{ from: clock.now(), to: plus(clock.now(), 1), detectors: [DETECTORS[0]!.id] },
        subject: { type: 'user', id: 'nobody' },
      },
    },
  ]);
  clock.advance(DAY + 2 * HOUR);
  await watch.round();
  await sealDays({ stores, copies: undefined, clock });
  await purgeExpired({ stores, detectors: DETECTORS, retention: 365 * DAY, clock });
  clock.advance(DAMAGE > clock.now() ? Date.parse(DAMAGE) - Date.parse(clock.now()) : 0);
  await watch.round();
  // What a run leaves that is killed.
  const timelines: Parameters<MemoryStores['marks']['mark']>[0][number][] = [];
  for await (const each of stores.signals.timelinesOf(DETECTORS[0]!.id)) {
    timelines.push(each);
  }
  await stores.marks.mark(timelines, { cause: 'concern' });
  await stores.marks.markWriting(timelines, clock.now());
  await stores.marks.markDue([{ timeline: timelines[0]!, at: DAMAGE }]);
  await stores.marks.keepFaults({ at: clock.now() });
  await stores.marks.takeLease('drain', clock.now(), plus(clock.now(), MINUTE));
  const at = plus(clock.now(), MINUTE);
  const mark = { alertId: `${finding!.id}-1`, channel: 'teams', at, form: 'card' } as const;
  await stores.outbox.release([{ mark, next: at }]);
  return tables;
}

function copied(tables: MemoryTables): MemoryTables {
  const copy = new MemoryTables();
  for (const name of TABLES) {
    [...tables.contents(name).rows.values()].forEach((row) => copy.contents(name).put(row));
  }
  return copy;
}

interface Sample {
  readonly name: string;
  readonly table: string;
  readonly row: StoredRow;
}

/** One row of each kind: the last, which is the newest where that matters. */
function samples(tables: MemoryTables): readonly Sample[] {
  const found = new Map<string, Sample>();
  for (const table of TABLES) {
    for (const row of tables.contents(table).rows.values()) {
      const kind = kindOf(table, row)?.kind ?? 'UNKNOWN';
      const [first = ''] = row.rowKey.split('|');
      const [, room = ''] = row.partitionKey.split('|');
      const name = ['timeline', 'signal', 'list', 'count'].includes(kind)
        ? `${table} ${kind}`
        : kind === 'feed' || kind === 'coverage'
          ? `${table} ${kind} ${room}`
          : `${table} ${kind} ${first}`;
      found.set(name, { name, table, row });
    }
  }
  return [...found.values()];
}

function damage(tables: MemoryTables, { table, row }: Sample, json: string): void {
  const columns = Object.entries(row).filter(([name]) => !/^json\d*$/.test(name));
  tables.contents(table).put({ ...(Object.fromEntries(columns) as StoredRow), json });
}

/** Of these nothing can be derived: they stay as they lie, and a person looks into it. */
const AUDIT_TRAIL = ['finding', 'history', 'alert', 'suppression', 'seal'];

describe('one row that is damaged', () => {
  let before: MemoryTables;
  let kinds: readonly Sample[];
  const covered: string[] = [];
  beforeAll(async () => {
    before = await world();
    kinds = samples(before);
  });

  it('may be of any kind that the project writes, each of which is known', () => {
    const names = kinds.map(({ name }) => name);

    expect(names.filter((name) => name.includes('UNKNOWN'))).toEqual([]);
    expect(new Set(kinds.map(({ table, row }) => kindOf(table, row)?.kind))).toEqual(
      new Set([
        ...['coverage', 'feed', 'window', 'timeline', 'signal', 'mark', 'writing-mark', 'due-mark'],
        ...[
          'send-mark',
          'detector-version',
          'note',
          ...AUDIT_TRAIL,
          'list',
          'count',
          'quarantined',
        ],
      ]),
    );
  });

  it.each(['{', '{}'])(
    'stops nobody else, is named, and is mended: %s',
    async (json) => {
      const wrong: string[] = [];
      for (const sample of kinds) {
        covered.push(sample.name);
        const said = await whatIsWrong(sample, json);
        wrong.push(...said.map((each) => `${sample.name}: ${each}`));
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  async function whatIsWrong(sample: Sample, json: string): Promise<readonly string[]> {
    const { table, row } = sample;
    const wrong: string[] = [];
    const demand = (is: boolean, what: string): void => {
      wrong.push(...(is ? [] : [what]));
    };
    const kind = kindOf(table, row)?.kind ?? 'unknown';
    const source = kind === 'feed' || kind === 'coverage' ? sample.name.split(' ')[2] : undefined;
    const tables = copied(before);
    damage(tables, sample, json);
    const watch = new Watch(tables, DAMAGE);
    const { stores } = watch;

    await watch.through(5);

    const news = [...watch.told].map((each) => each.split(' ')[0]);
    const needed: Readonly<Record<string, Source>> = {
      'mfa-registration-unfinished': 'directoryAudits',
      'eas-success-despite-ca-failure': 'signIns',
    };
    for (const [detector, log] of Object.entries(needed)) {
      demand(log === source || news.includes(detector), `nobody new is told of by ${detector}`);
    }
    demand(
      watch.failures.every(() => source !== undefined),
      `a run ended: ${watch.failures[0]}`,
    );
    const text = JSON.stringify(
      Object.entries(tables.contents(table).rows.get(keyOf(row)) ?? {}).filter(
        ([n]) => n === 'json',
      ),
    );
    const isStanding = text.includes(JSON.stringify(json));
    const hasContent = kindOf(table, row)?.shape !== undefined;
    await stores.damaged.search();
    const problems = await watch.problems();
    demand(
      !isStanding || !hasContent || problems.includes(`${row.partitionKey} ${row.rowKey}`),
      `status does not name it: ${problems}`,
    );

    const report = await repairRows({
      ...{ tenantId: TENANT, stores, clock: watch.clock, detectors: DETECTORS },
    });
    await repair({ stores });
    const left = (await stores.damaged.list()).map((each) => each.kind);
    const isOfTrail = AUDIT_TRAIL.includes(kind);
    demand(
      isOfTrail
        ? report.left.some((each) => each.rowKey === row.rowKey) === isStanding
        : left.length === 0,
      `repair leaves ${left.join()}`,
    );
    demand(
      !isOfTrail || tables.contents(table).rows.get(keyOf(row))?.['json'] === json || !isStanding,
      'the audit trail was changed',
    );
    if (isOfTrail && isStanding && kind !== 'alert') {
      const verified = await verifyRecord({
        rows: stores.rows,
        copies: undefined,
        clock: watch.clock,
      });
      demand(verified.tamperings.length > 0, 'verify finds nothing');
    }
    await watch.through(2);
    const again = [...watch.told].map((each) => each.split(' ')[0]);
    for (const detector of Object.keys(needed)) {
      demand(again.includes(detector), `after repair nobody is told of by ${detector}`);
    }
    demand(
      isOfTrail || stores.findings.transitions.every(({ verb }) => verb !== 'reopened'),
      'a finding was opened again',
    );
    const rest = await watch.problems();
    demand(isOfTrail || !rest.includes('Stored rows'), `status still says ${rest}`);
    return wrong;
  }
});

function keyOf({ partitionKey, rowKey }: StoredRow): string {
  return `${partitionKey}\u0000${rowKey}`;
}
