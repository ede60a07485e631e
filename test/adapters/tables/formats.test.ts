import { memoryStores } from '../../../shared/adapters/memory/memory-stores';
import { MemoryTables } from '../../../shared/adapters/memory/memory-table';
import { NewerRowError } from '../../../shared/adapters/tables/errors';
import { FORMAT } from '../../../shared/adapters/tables/formats';
import { plus, toInstant } from '../../../shared/domain/time';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { stepAdding } from '../../../shared/domain/findings/suppression';
import { repair } from '../../../shared/pipeline/audit-trail/repair';
import { verifyRecord } from '../../../shared/pipeline/audit-trail/verify';
import {
  collect,
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
import { makeOlder, READING_VERSION_0, replaced } from '../../fakes/older-rows';
import { putAlert } from '../../fakes/put-alert';
import { buildRecord } from '../../fakes/record';
import { RULE } from '../../contracts/record';

const MARY = timeline('Mary');
const EVERYTHING = {
  from: toInstant('2000-01-01T00:00:00Z'),
  to: toInstant('2099-01-01T00:00:00Z'),
};
const TABLES = ['Coverage', 'Timelines', 'Work', 'Findings', 'FindingIndex', 'Quarantine'];

/** At least one row of every kind that there is. */
async function fill(stores: Stores): Promise<void> {
  const { clock } = await buildRecord(stores);
  const now = clock.now(); // what is dated earlier is sealed
  const of = { ...RULE, createdAt: now };
  await stores.rules.add(stepAdding(of));
  const signals = [signal('a', minutes(0)), signal('b', minutes(1))];
  await stores.signals.merge([{ timeline: MARY, signals }], { join: {} });
  await stores.signals.purgeBefore(minutes(0), () => Promise.resolve(false));
  const read = { from: minutes(0), to: minutes(10) };
  await extendCoverage(stores.coverage, 'signIns', read, ['x'], windowReport(read.from, read.to));
  await stores.marks.mark([MARY], { cause: 'signals', coverageEnds: { signIns: minutes(3) } });
  await stores.marks.markDue([{ timeline: MARY, at: minutes(30) }]);
  await stores.marks.markWriting([timeline('Eve')], minutes(5));
  await stores.marks.takeLease('drain', minutes(0), minutes(1));
  await stores.marks.keepRule('some-detector', 'abc');
  await stores.marks.keepFaults({
    at: minutes(1),
    timelines: { since: minutes(0), count: 2, first: 'it failed' },
  });
  await stores.quarantine.add([unreadableRow('x')]);
  const change = opening(finding(MARY.id, 'unsent', { openedAt: now }), now);
  await stores.findings.commit(change, undefined);
  await putAlert(stores.outbox, change.alert.id, 'dead', { attempts: 3, reason: 'no' });
  const [mark] = await stores.outbox.due(EVERYTHING.to, 1);
  await stores.outbox.gather([mark!], { id: 'digest-1', until: minutes(60) });
  await repair({ stores });
}

/** Everything that the stores say. */
async function said(stores: Stores): Promise<object> {
  const findings = await collect(stores.findings.all());
  const { head } = await stores.chain.head();
  const sequences = Array.from({ length: head.sequence }, (_, i) => i + 1);
  const without = ({ etag: _e, ...rest }: { readonly etag: string }): object => rest;
  const marks = await stores.outbox.due(EVERYTHING.to, 1_000);
  return {
    findings,
    histories: await Promise.all(findings.map(({ id }) => stores.findings.history(id))),
    scan: await collect(stores.findings.scan({ hasHistory: true })),
    timeline: (await stores.findings.readTimeline(MARY.id)).map(without),
    moved: await collect(stores.findings.movedBetween(EVERYTHING.from, EVERYTHING.to)),
    lists: await collect(stores.index.rows()),
    open: await stores.index.page({ status: 'open' }, 100),
    counts: await collect(stores.counts.days('2000-01-01', '2099-01-01')),
    counted: await collect(stores.counts.rows()),
    marks: await stores.marks.list(),
    due: (await stores.marks.due(new Map([[MARY.detector, EVERYTHING.to]]))).map(without),
    detectors: await stores.marks.rules(),
    faults: await stores.marks.faults(),
    coverage: await stores.coverage.source('signIns'),
    ledger: await collect(stores.coverage.ledger('signIns', EVERYTHING)),
    signals: { ...(await stores.signals.read(MARY.id)), version: '' },
    purged: await stores.signals.purgedBefore(),
    unreadable: await collect(stores.quarantine.rows()),
    timelines: await collect(stores.signals.timelinesOf(MARY.detector)),
    steps: await stores.rules.everyStep(),
    rules: await stores.rules.current(minutes(0)),
    chain: [head, ...(await Promise.all(sequences.map((each) => stores.chain.entry(each))))],
    sends: marks,
    alerts: await Promise.all(
      marks.map(async ({ alertId }) => (await stores.outbox.read(alertId)).map(without)),
    ),
    dead: await stores.outbox.undelivered('dead', 10),
  };
}

/** Kinds of rows, as their table and the beginning of their key. */
function kindsIn(tables: MemoryTables): readonly string[] {
  const kinds = TABLES.flatMap((name) =>
    [...tables.contents(name).rows.values()].map(({ partitionKey, rowKey }) => {
      const list = name === 'FindingIndex' ? (partitionKey.split('|')[1] ?? '') : '';
      const ofTimelines = /^[0-9a-f]{16}\|(s?)/.exec(rowKey);
      const ofOne = ofTimelines === null ? undefined : (ofTimelines[1] ?? '') || 'header';
      const key = ofOne ?? /^[a-z-]+(?=\||$)/.exec(rowKey)?.[0] ?? '';
      return [name, list, key].filter((each) => each !== '').join(' ');
    }),
  );
  return [...new Set(kinds)].sort();
}

describe('versions of rows', () => {
  let tables: MemoryTables;
  let stores: Stores;
  beforeEach(async () => {
    tables = new MemoryTables();
    stores = memoryStores(tables);
    await fill(stores);
  });
  const rows = (): { name: string; key: string }[] =>
    TABLES.flatMap((name) => [...tables.contents(name).rows.keys()].map((key) => ({ name, key })));

  it('stand in every row that is written', () => {
    expect(rows().length).toBeGreaterThan(150);
    for (const { name, key } of rows()) {
      expect(tables.contents(name).rows.get(key)).toMatchObject({ [FORMAT]: 1 });
    }
    expect(kindsIn(tables)).toEqual([
      ...['Coverage head', 'Coverage w'],
      ...['FindingIndex days', 'FindingIndex open', 'FindingIndex opened'],
      ...['Findings c', 'Findings f', 'Findings h', 'Findings head', 'Findings o', 'Findings s'],
      ...['Quarantine l', 'Quarantine r', 'Timelines header', 'Timelines purged', 'Timelines s'],
      ...['Work dead', 'Work due', 'Work faults', 'Work lease', 'Work mark', 'Work mark-writing'],
      'Work rule',
      ...['Work send', 'Work send-digest'],
    ]);
  });

  describe('of an older version', () => {
    let older: Stores;
    let hashes: Map<string, string>;
    let before: object;
    beforeEach(async () => {
      before = await said(stores);
      hashes = makeOlder(tables, TABLES);
      older = memoryStores(tables.by(READING_VERSION_0));
    });

    it('read as rows of today, every kind of them', async () => {
      expect(await said(older)).toEqual(JSON.parse(replaced(JSON.stringify(before), hashes)));
    });

    it('are verified by what lies there, not by how it reads', async () => {
      const found = await verifyRecord({ rows: older.rows, copies: undefined });
      expect(found).toMatchObject({ isSound: true, tamperings: [] });
      expect(found.looked.transitions).toBeGreaterThan(20);

      const findings = tables.contents('Findings');
      const row = [...findings.rows.values()].find(({ rowKey }) => rowKey.startsWith('h|'))!;
      const json = String(row['json']).replace('"old_count":1', '"old_count":2');
      expect(json).not.toBe(row['json']);
      findings.put({ ...row, json });

      const { tamperings } = await verifyRecord({ rows: older.rows, copies: undefined });
      expect(tamperings).toMatchObject([
        { what: 'changed', detail: 'its content does not match its own hash' },
      ]);
    });

    it('are gone on from in rows of today', async () => {
      const [stored] = await older.findings.readTimeline(MARY.id);
      const next = ending(stored!.finding, plus(stored!.finding.openedAt, 1));
      expect(await older.findings.commit(next, stored!.etag)).toBe(true);
      await older.rules.markPropagated((await older.rules.current(minutes(0))).unpropagated[0]!);

      const found = await verifyRecord({ rows: older.rows, copies: undefined });
      expect(found.tamperings).toEqual([]);
      const kept = [...tables.contents('Findings').rows.values()].map((row) => row[FORMAT]);
      expect(new Set(kept)).toEqual(new Set([0, 1]));
      expect(await repair({ stores: older })).toMatchObject({ unreadable: 0, removed: 0 });
    });
  });

  it.each(TABLES)(
    'of a newer version are refused by name, and nothing of %s is lost',
    async (name) => {
      const contents = tables.contents(name);
      for (const row of contents.rows.values()) {
        contents.put({ ...row, [FORMAT]: 2 });
      }
      const [first] = [...contents.rows.values()];
      const count = contents.rows.size;

      const asked: unknown = await said(stores).catch((error: unknown) => error);

      if (name === 'Quarantine') {
        return; // nobody reads these rows but people
      }
      expect(asked).toBeInstanceOf(NewerRowError);
      expect((asked as Error).message).toMatch(
        new RegExp(
          `^the row ${name} \\S+ \\S+ has format 2, and this version of Crosscheck knows formats up to 1; .*deploy that version`,
        ),
      );
      expect(contents.rows.size).toBe(count);
      expect(first?.[FORMAT]).toBe(2);
      if (name === 'Findings') {
        await expect(verifyRecord({ rows: stores.rows, copies: undefined })).rejects.toThrow(
          NewerRowError,
        );
      }
      if (name === 'Findings' || name === 'FindingIndex') {
        await expect(repair({ stores })).rejects.toThrow(NewerRowError);
        expect(contents.rows.size).toBe(count);
      }
    },
  );

  it.each([1e9, -1, 1.5, 'x'])(
    'whose version is spoilt (%p) are unreadable alone: the rest of the page goes on',
    async (format) => {
      const contents = tables.contents('Findings');
      const [key, row] = [...contents.rows].find(([, { rowKey }]) => rowKey.startsWith('f|'))!;
      const count = (await collect(stores.findings.all())).length;
      contents.rows.set(key, { ...row, [FORMAT]: format });
      const unreadable: string[] = [];

      const left = await collect(
        stores.findings.all(({ findingId = '' }) => {
          unreadable.push(findingId);
        }),
      );

      expect(unreadable).toHaveLength(1);
      expect(left).toHaveLength(count - 1);
      const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });
      expect(tamperings).toMatchObject([{ what: 'changed' }]);
    },
  );
});
