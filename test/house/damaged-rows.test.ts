import { MemoryTables } from '../../shared/adapters/memory/memory-table';
import type { StoredRow } from '../../shared/adapters/tables/guards';
import { kindOf } from '../../shared/adapters/tables/row-kinds';
import { TABLES } from '../../shared/adapters/tables/stores';
import { DETECTORS } from '../../shared/detectors/index';
import type { Source } from '../../shared/domain/record';
import { feedsIn, type ReadingState } from '../../shared/domain/reading/source-state';
import { DAY, HOUR, MINUTE, plus, toInstant } from '../../shared/domain/time';
import { recordAct } from '../../shared/pipeline/findings/decide';
import { repair } from '../../shared/pipeline/audit-trail/repair';
import { repairRows } from '../../shared/pipeline/audit-trail/repair-rows';
import { purgeExpired } from '../../shared/pipeline/audit-trail/retention';
import { addRule } from '../../shared/pipeline/findings/rules';
import { sealRecord } from '../../shared/pipeline/audit-trail/seal';
import { verifyRecord } from '../../shared/pipeline/audit-trail/verify';
import { DemoWatch } from '../fakes/demo-watch';
import { memoryStores, type MemoryStores } from '../fakes/memory-stores';
import { TENANT } from '../fakes/run';

const START = toInstant('2026-03-02T12:00:00Z');
/** When the damage is done, and by when new people must have been told of. */
const DAMAGE = plus(START, 3 * DAY);
const NEWS = plus(DAMAGE, MINUTE);
/** What a demo run writes, with everything that people do. */
async function world(): Promise<MemoryTables> {
  const tables = new MemoryTables();
  const watch = new DemoWatch(tables, { at: START, began: START, news: NEWS });
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
  await sealRecord({ stores, copies: undefined, clock });
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
      const [first = '', source = ''] = row.rowKey.split('|');
      const name = ['timeline', 'signal', 'list', 'count'].includes(kind)
        ? `${table} ${kind}`
        : kind === 'feed' || kind === 'coverage'
          ? `${table} ${kind} ${source}`
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
    const known = memoryStores(copied(before));
    const tables = copied(before);
    damage(tables, sample, json);
    const watch = new DemoWatch(tables, { at: DAMAGE, began: START, news: NEWS });
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
    if (isOfTrail && isStanding) {
      const verified = await verifyRecord({
        rows: stores.rows,
        copies: undefined,
        clock: watch.clock,
      });
      demand(verified.tamperings.length > 0, 'verify finds nothing');
    }
    await watch.through(2);
    if (source !== undefined) {
      demand(
        reachOf(await stores.coverage.reading()) === reachOf(await known.coverage.reading()),
        'after repair a log counts as read from another time on',
      );
    }
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

/** From when on each log was read, feed by feed and detector by detector. */
function reachOf(reading: ReadingState): string {
  return JSON.stringify(
    Object.values(reading).map((state) =>
      feedsIn(state).map(([property, { journal, byDetector }]) => [
        property,
        journal?.began,
        Object.entries(byDetector)
          .map(([id, { from }]) => [id, from])
          .sort(),
      ]),
    ),
  );
}

function keyOf({ partitionKey, rowKey }: StoredRow): string {
  return `${partitionKey}\u0000${rowKey}`;
}
