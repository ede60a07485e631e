import { TableClient } from '@azure/data-tables';
import { StorageError } from '../../../shared/adapters/tables/errors';
import { tableStores } from '../../../shared/adapters/tables/table-stores';
import type { Signal } from '../../../shared/domain/findings/signal';
import type { MergeRules, StoredTimeline } from '../../../shared/pipeline/ports/signal-store';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { startAzurite, type Azurite } from '../../fakes/azurite';
import {
  collect,
  DETECTOR,
  ending,
  finding,
  minutes,
  opening,
  signal,
  timeline,
  unreadableRow,
  windowReport,
} from '../../contracts/samples';
import { extendCoverage } from '../../fakes/cover';
import { markOf, putAlert, readAlert } from '../../fakes/put-alert';
import { covering } from '../../../shared/domain/reading/journal';
import { inFeeds } from '../../../shared/domain/reading/source-state';
import { inFeed, readCoverage } from '../../fakes/cover';

jest.setTimeout(30_000);

const MARY = timeline('Mary');
const EVE = timeline('Eve');
const ANY: MergeRules = { join: {} };

let azurite: Azurite;
let tenants = 0;
let tenantId = '';
/** `insert Work` and so on, since it was last emptied. */
let operations: string[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

beforeEach(() => {
  tenants += 1;
  tenantId = `tenant-${tenants}`;
  operations = [];
});

function stores(onOperation?: (name: string, table: string) => void): Stores {
  return tableStores({
    connection: azurite.connection,
    tenantId,
    createMissingTables: true,
    onOperation: (name, table) => {
      operations.push(`${name} ${table}`);
      onOperation?.(name, table);
    },
  });
}

function raw(table: string): TableClient {
  return TableClient.fromConnectionString(azurite.connection, table, {
    allowInsecureConnection: true,
  });
}

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  const rows = await collect(raw(table).listEntities());
  return rows.filter((row) => row.partitionKey?.split('|')[0] === tenantId);
}

async function counted(work: () => Promise<unknown>): Promise<string[]> {
  operations = [];
  await work();
  return operations.toSorted();
}

describe('adapters/tables', () => {
  describe('two processes', () => {
    it('lose nothing of signals that share a key', async () => {
      const both = [stores(), stores()];
      const rounds = 12;

      await Promise.all(
        both.map(async ({ signals }, i) => {
          for (let n = 0; n < rounds; n++) {
            const facts = { set: [`${i}-${n}`] };
            const fresh = [
              signal('shared', minutes(0), facts),
              signal(`own ${i} ${n}`, minutes(0)),
            ];
            await signals.merge([{ timeline: MARY, signals: fresh }], ANY);
          }
        }),
      );

      const { signals } = await both[0]!.signals.read(MARY.id);
      const shared = signals.find((each) => each.key === 'shared');
      expect(signals).toHaveLength(1 + 2 * rounds);
      expect(shared?.facts['set']).toHaveLength(2 * rounds);
    });

    it('lose no stretch of coverage', async () => {
      const both = [stores(), stores()];

      await Promise.all(
        both.map(async ({ coverage }, i) => {
          for (let n = i; n < 12; n += 2) {
            const read = { from: minutes(n), to: minutes(n + 1) };
            await extendCoverage(
              coverage,
              'signIns',
              read,
              [DETECTOR],
              windowReport(read.from, read.to),
            );
          }
        }),
      );

      expect((await readCoverage(stores().coverage, DETECTOR)).signIns).toEqual({
        ...{ from: minutes(0), to: minutes(12), gaps: [] },
      });
      expect(await rowsOf('Coverage')).toHaveLength(1 + 12);
    });

    it('change different feeds of a source without being in each other’s way', async () => {
      const [here, there] = [stores(), stores()];
      const read = { from: minutes(0), to: minutes(1) };
      const code = inFeeds(['status/errorCode'], covering(read, ['two']));
      const seen = await here.coverage.change(
        'signIns',
        inFeed('signIns', covering(read, ['one'])),
      );
      await there.coverage.change('signIns', code);
      operations.length = 0;

      await here.coverage.change(seen, inFeed('signIns', covering(read, ['one', 'three'])));

      expect(operations).toEqual(['transaction Coverage']);
      const state = await stores().coverage.source('signIns');
      expect(state?.feeds['status/errorCode']?.byDetector).toHaveProperty('two');
      expect(state?.feeds.clientAppUsed?.byDetector).toHaveProperty('three');
    });

    it('do not take away each other’s marks', async () => {
      const [here, there] = [stores(), stores()];
      const mark = (at: number): Promise<void> =>
        here.marks.mark([MARY], { cause: 'signals', coverageEnds: { signIns: minutes(at) } });
      await mark(0);
      const seen = await there.marks.list();
      await mark(5);

      await there.marks.remove(seen);
      expect(await there.marks.list()).toMatchObject([{ coverageEnds: { signIns: minutes(5) } }]);
    });

    it('are not both told that a timeline is clean', async () => {
      const [here, there] = [stores(), stores()];
      await here.signals.merge([{ timeline: MARY, signals: [signal('a', minutes(0))] }], ANY);
      const assessed = [
        { timeline: MARY, stored: await here.signals.read(MARY.id), canOpen: true },
      ];

      const moved = await Promise.all(
        [here, there].map(async ({ signals }) => (await signals.markClean(assessed)).size),
      );

      expect(moved.toSorted()).toEqual([0, 1]);
    });

    it('let one of them claim an alert', async () => {
      const both = [stores(), stores()];
      const { alert, ...change } = opening(finding(MARY.id));
      await both[0]!.findings.commit({ ...change, alert }, undefined);
      const row = (await readAlert(both[0]!.outbox, alert.id))!;

      const won = await Promise.all(
        both.map(({ outbox }) => outbox.claim(row, { until: minutes(30) })),
      );

      expect(won.map((each) => each?.state).toSorted()).toEqual(['sending', undefined]);
    });

    it('let one of them make a digest', async () => {
      const both = [stores(), stores()];
      const changes = Array.from({ length: 40 }, (_, i) => opening(finding(MARY.id, `x${i}`)));
      for (const change of changes) {
        await both[0]!.findings.commit(change, undefined);
      }
      const marks = await both[0]!.outbox.due(minutes(60), 100);

      const gathered = await Promise.all(
        both.map(({ outbox }, i) =>
          outbox.gather(marks, { id: `digest-${i}`, until: minutes(90) }),
        ),
      );

      expect(gathered.map((each) => each.length).toSorted()).toEqual([0, 40]);
      const found = await both[0]!.outbox.due(minutes(60), 100);
      expect(new Set(found.map(({ digest }) => digest?.id)).size).toBe(1);
    });
  });

  describe('a transition', () => {
    it('is refused as a whole when its outbox row is there already', async () => {
      const { findings, outbox } = stores();
      const change = opening(finding(MARY.id));
      const [, anchor] = change.finding.id.split('-');
      const partitionKey = `${tenantId}|${MARY.id}`;
      await findings.commit(opening(finding(MARY.id, 'other')), undefined);
      await raw('Findings').createEntity({
        partitionKey,
        rowKey: `o|${anchor}|000001|teams`,
        json: '{}',
      });

      expect(await findings.commit(change, undefined)).toBe(false);

      expect(await findings.find(change.finding.id)).toBeUndefined();
      expect(await findings.history(change.finding.id)).toEqual([]);
      await expect(outbox.read(change.alert.id)).rejects.toThrow('cannot be read');
    });

    it('is refused as a whole when its history row is there already', async () => {
      const { findings } = stores();
      const first = opening(finding(MARY.id));
      await findings.commit(first, undefined);
      const { etag } = (await findings.find(first.finding.id))!;
      const forged = { ...ending(first.finding), transition: first.transition };

      expect(await findings.commit(forged, etag)).toBe(false);

      expect((await findings.find(first.finding.id))?.finding).toEqual(first.finding);
    });

    it('leaves only a harmless mark when it is killed between the mark and the rows', async () => {
      const killed = new Error('killed');
      const change = opening(finding(MARY.id));
      const dying = stores((name) => {
        if (name === 'transaction') {
          throw killed;
        }
      });
      await expect(dying.findings.commit(change, undefined)).rejects.toBe(killed);
      const { findings, outbox } = stores();

      const [mark] = await outbox.due(minutes(60), 10);
      expect(await outbox.read(mark!.alertId)).toEqual([]);
      expect(await findings.readTimeline(MARY.id)).toEqual([]);
      await outbox.release([{ mark: mark! }]);

      expect(await outbox.due(minutes(60), 10)).toEqual([]);
      expect(await findings.commit(change, undefined)).toBe(true);
    });
  });

  describe('an alert is never lost when settling it is killed', () => {
    const outcomes = [
      { state: 'sent' },
      { state: 'waiting', nextAttemptAt: minutes(30) },
      { state: 'dead' },
      { state: 'not-configured' },
    ] as const;

    const expectFound = async (outbox: Stores['outbox'], alertId: string): Promise<void> => {
      // Whoever delivers next finds the mark, or health counts it.
      const { state } = (await readAlert(outbox, alertId))!;
      const marks = await outbox.due(minutes(99), 10);
      const named = [
        ...(await outbox.undelivered('dead', 9)),
        ...(await outbox.undelivered('not-configured', 9)),
      ];
      expect([state, state === 'sent' || marks.length + named.length > 0]).toEqual([state, true]);
      expect([state, state !== 'waiting' || marks.length > 0]).toEqual([state, true]);
    };
    const dyingAfter = (operations: number): Stores => {
      let left = operations;
      return stores(() => {
        if (left === 0) {
          throw new Error('killed');
        }
        left -= 1;
      });
    };

    it.each(outcomes)('to $state', async (outcome) => {
      for (let kill = 0; kill < 4; kill++) {
        tenantId = `tenant-${tenants}-${kill}`;
        const { findings, outbox } = stores();
        const { alert, ...change } = opening(finding(MARY.id));
        await findings.commit({ ...change, alert }, undefined);
        const dying = dyingAfter(kill);
        const settle = async (): Promise<void> => {
          const row = (await readAlert(outbox, alert.id))!;
          const claimed = (await dying.outbox.claim(row, { until: minutes(20) }))!;
          await dying.outbox.settle(claimed, { ...outcome, refusals: [] });
          const next = 'nextAttemptAt' in outcome ? { next: outcome.nextAttemptAt } : {};
          await dying.outbox.release([{ mark: markOf(row), state: outcome.state, ...next }]);
        };
        await settle().catch(() => false);

        await expectFound(outbox, alert.id);
      }
    });

    it('from dead to waiting', async () => {
      for (let kill = 0; kill < 4; kill++) {
        tenantId = `tenant-${tenants}-again-${kill}`;
        const { findings, outbox } = stores();
        const { alert, ...change } = opening(finding(MARY.id));
        await findings.commit({ ...change, alert }, undefined);
        await putAlert(outbox, alert.id, 'dead');

        const row = (await readAlert(outbox, alert.id))!;
        await dyingAfter(kill)
          .outbox.requeue(row, minutes(30))
          .catch(() => false);

        await expectFound(outbox, alert.id);
      }
    });
  });

  describe('many rows', () => {
    it('are all written and all read: a timeline of 1,200 signals', async () => {
      const all = Array.from({ length: 1_200 }, (_, i) => signal(`key ${i}`, minutes(0), { i }));
      const { signals } = stores();

      await signals.merge([{ timeline: MARY, signals: all }], ANY);

      const read = (await signals.read(MARY.id)).signals.map((each) => each.key);
      expect(new Set(read)).toEqual(new Set(all.map((each) => each.key)));
    });

    it('are all written and all read: 2,100 marks', async () => {
      const all = Array.from({ length: 2_100 }, (_, i) => timeline(`user ${i}`));
      const { marks } = stores();

      await marks.mark(all, { cause: 'signals' });

      const found = await marks.list();
      expect(found.flatMap(({ timelines }) => timelines)).toHaveLength(2_100);
    });

    it('of 90 KB each are cut into transactions that fit', async () => {
      const ids = Array.from({ length: 2_000 }, (_, i) => `${i}`.padEnd(36, 'é'));
      const all = Array.from({ length: 40 }, (_, i) => signal(`key ${i}`, minutes(0), { ids }));
      const { signals } = stores();

      await signals.merge([{ timeline: MARY, signals: all }], ANY);

      expect((await signals.read(MARY.id)).signals).toHaveLength(40);
    });
  });

  it('keeps the windows of a source, the newest first, beside its head', async () => {
    const { coverage } = stores();
    const windows = [0, 10, 20].map((start) => windowReport(minutes(start), minutes(start + 10)));
    for (const window of windows) {
      await extendCoverage(coverage, 'signIns', window, [DETECTOR], window);
      await extendCoverage(coverage, 'signIns', window, [DETECTOR], window);
    }

    const rows = (await rowsOf('Coverage')).filter((row) => String(row['rowKey']).startsWith('w|'));

    expect(rows.map((row) => JSON.parse(String(row['json'])) as unknown)).toEqual(
      windows.toReversed(),
    );
  });

  it('keeps rows that cannot be read once, and once more while runs must know of them', async () => {
    const { quarantine } = stores();
    const row = unreadableRow('a', { eventId: 'a/b' });
    const keys = async (): Promise<unknown[]> =>
      (await rowsOf('Quarantine')).map((each) => [each['partitionKey'], each['rowKey']]);
    await quarantine.add([row]);
    await quarantine.add([{ ...row, firstSeenAt: minutes(1) }]);
    expect(await keys()).toEqual([
      [tenantId, 'l|a'],
      [tenantId, 'r|a'],
    ]);

    const ended = { how: 'readable', at: minutes(2) } as const;
    await quarantine.end('a', ended);
    await quarantine.markPropagated({ ...row, ended });

    expect(await keys()).toEqual([[tenantId, 'r|a']]);
  });

  it('says which table is missing when it may not make it', async () => {
    const { coverage } = tableStores({
      ...{ connection: azurite.connection, tenantId, createMissingTables: false },
    });
    await raw('Coverage').deleteTable();

    const reading = readCoverage(coverage, DETECTOR);
    await expect(reading).rejects.toThrow(StorageError);
    await expect(reading).rejects.toThrow('table Coverage');
  });

  it('sends nothing before it is needed', () => {
    stores();

    expect(operations).toEqual([]);
  });

  describe('operations', () => {
    it('of signals', async () => {
      const { signals } = stores();
      const [a, b, c] = ['a', 'b', 'c'].map((key) => signal(key, minutes(0))) as [
        Signal,
        Signal,
        Signal,
      ];
      const merge = (...fresh: Signal[]): Promise<string[]> =>
        counted(() => signals.merge([{ timeline: MARY, signals: fresh }], ANY));
      const [read, write] = ['list Timelines', 'transaction Timelines'];
      await stores().signals.merge([{ timeline: EVE, signals: [a] }], ANY);

      expect(await merge(a)).toEqual([read, write]);
      expect(await merge(a)).toEqual([read]);
      expect(await merge(a, b, c)).toEqual([read, write]);
      expect(await counted(() => signals.read(MARY.id))).toEqual([read]);
      const stored = await signals.read(MARY.id);
      expect(
        await counted(() => signals.flagFindings([{ timeline: MARY, stored: stored }])),
      ).toEqual([write]);
      const assessed = { timeline: MARY, stored: await signals.read(MARY.id), canOpen: true };
      expect(await counted(() => signals.markClean([assessed]))).toEqual([write]);
    });

    it('of signals of many timelines', async () => {
      const { signals } = stores();
      const crowd = Array.from({ length: 800 }, (_, i) => timeline(`user ${i}`));
      const touched = crowd.map((of) => ({ timeline: of, signals: [signal('a', minutes(0))] }));
      const ids = crowd.map(({ id }) => id);
      const kinds = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
        const all = Map.groupBy(await counted(work), (each) => each);
        return Object.fromEntries([...all].map(([kind, each]) => [kind, each.length]));
      };

      // Sixteen buckets of about fifty.
      const merged = await kinds(() => signals.merge(touched, ANY));
      expect(merged['list Timelines']).toBe(16);
      expect(merged['transaction Timelines']).toBeLessThanOrEqual(32);
      const read = await kinds(() => signals.readMany(ids)); // and some more, to learn how densely they lie
      expect(read['list Timelines']).toBeLessThanOrEqual(16 + 8);
      expect(await kinds(() => signals.readMany(ids))).toEqual({ 'list Timelines': 16 });
      const found = await signals.readMany(ids);
      const assessed = crowd.map((of) => ({
        ...{ timeline: of, canOpen: true },
        stored: found.get(of.id) as StoredTimeline,
      }));
      const cleaned = await kinds(() => signals.markClean(assessed));
      expect(cleaned).toEqual({ 'transaction Timelines': 16 });

      // The few that are asked for lie far apart: one request each.
      const some = crowd.filter((_, i) => i % 80 === 0);
      const few = await kinds(() => signals.readMany(some.map(({ id }) => id)));
      expect(few['list Timelines']).toBeLessThanOrEqual(some.length);
    });

    it('of findings and alerts', async () => {
      const { findings, outbox } = stores();
      const change = opening(finding(MARY.id));
      const { id } = change.finding;

      expect(await counted(() => findings.readTimeline(MARY.id))).toEqual(['list Findings']);
      expect(await counted(() => findings.commit(change, undefined))).toEqual([
        ...['transaction Findings', 'upsert Work'],
      ]);
      expect(await counted(() => findings.find(id))).toEqual(['get Findings']);
      expect(await counted(() => findings.history(id))).toEqual(['list Findings']);
      expect(await counted(() => outbox.due(minutes(60), 100))).toEqual(['list Work']);
      expect(await counted(() => outbox.look(id, 'teams', 1))).toEqual(['list Findings']);
      expect(await counted(() => outbox.read(change.alert.id))).toEqual(['list Findings']);
      const row = (await readAlert(outbox, change.alert.id))!;
      const claim = { until: minutes(20) };
      expect(await counted(() => outbox.claim(row, claim))).toEqual(['update Findings']);
      const claimed = (await readAlert(outbox, change.alert.id))!;
      const sent = { state: 'sent', refusals: [] } as const;
      expect(await counted(() => outbox.settle(claimed, sent))).toEqual(['update Findings']);
      const digest = { id: 'digest-1', until: minutes(60) };
      const mark = markOf(row);
      expect(await counted(() => outbox.gather([mark], digest))).toEqual(['transaction Work']);
      const ended = [{ mark: { ...mark, digest }, state: 'dead' }] as const;
      expect(await counted(() => outbox.release(ended))).toEqual(['transaction Work']);
      expect(await counted(() => outbox.undelivered('dead', 9))).toEqual(['list Work']);
    });

    it('of marks', async () => {
      const { marks } = stores();
      const why = { cause: 'signals' } as const;

      expect(await counted(() => marks.mark([], why))).toEqual([]);
      expect(await counted(() => marks.mark([MARY, EVE], why))).toEqual(['upsert Work']);
      const many = Array.from({ length: 1_000 }, (_, i) => timeline(`user ${i}`));
      expect(await counted(() => marks.mark(many, why))).toEqual(['transaction Work']);
      expect(await counted(() => marks.list())).toEqual(['list Work']);
      const at = minutes(1);
      expect(await counted(() => marks.markDue([{ timeline: MARY, at }]))).toEqual(['upsert Work']);
      const due = [MARY, EVE].map((of) => ({ timeline: of, at }));
      expect(await counted(() => marks.markDue(due))).toEqual(['transaction Work']);
      const ends = new Map([DETECTOR, 'another', 'a third'].map((id) => [id, minutes(1)]));
      expect(await counted(() => marks.due(ends))).toEqual(['list Work']);
      const all = await marks.list();
      expect(await counted(() => marks.remove(all.slice(0, 1)))).toEqual(['remove Work']);
      expect(await counted(() => marks.remove(all.slice(1)))).toEqual(['transaction Work']);
      const lease = await marks.takeLease('drain', at, minutes(2));
      expect(await counted(() => marks.releaseLease(lease!))).toEqual(['remove Work']);
      expect(await counted(() => marks.takeLease('drain', at, minutes(2)))).toEqual([
        'transaction Work',
      ]);
    });

    it('of coverage', async () => {
      const { coverage } = stores();
      const read = { from: minutes(0), to: minutes(1) };
      const step = inFeed('signIns', covering(read, [DETECTOR]));
      const windows = [windowReport(read.from, read.to)];
      const known = await coverage.change('signIns', step);

      expect(await counted(() => coverage.reading())).toEqual(['list Coverage']);
      expect(await counted(() => coverage.source('signIns'))).toEqual(['list Coverage']);
      expect(await counted(() => coverage.change(known, step, windows))).toEqual([
        'transaction Coverage',
      ]);
      expect(await counted(() => coverage.change(known, (state) => state))).toEqual([]);
      expect(await counted(() => coverage.change(known, step))).toEqual([
        ...['list Coverage', 'transaction Coverage', 'transaction Coverage'], // somebody else moved it
      ]);
      expect(await counted(() => coverage.change('signIns', step))).toEqual([
        ...['list Coverage', 'transaction Coverage'],
      ]);
    });
  });
});
