import { fromColumns, toColumns } from '../../../shared/adapters/tables/columns';
import type { StoredRow } from '../../../shared/adapters/tables/guards';
import { digestOf } from '../../../shared/domain/hash-chain';
import type { Finding } from '../../../shared/domain/findings/finding';
import type { Transition } from '../../../shared/domain/findings/transition';
import { HOUR } from '../../../shared/domain/time';
import { repair } from '../../../shared/pipeline/audit-trail/repair';
import { sealRecord } from '../../../shared/pipeline/audit-trail/seal';
import { verifyRecord, type Verification } from '../../../shared/pipeline/audit-trail/verify';
import { finding, opening, timeline } from '../../contracts/samples';
import type { VirtualClock } from '../../fakes/clock';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { buildRecord, write } from '../../fakes/record';

/** A record whose lists are right, and the finding of today, which no seal knows yet: open, then resolved. */
async function world(): Promise<{ stores: MemoryStores; id: string; clock: VirtualClock }> {
  const stores = memoryStores();
  const { clock } = await buildRecord(stores);
  await repair({ stores });
  return { stores, clock, id: stores.findings.list().at(-1)!.id };
}

function verify(stores: MemoryStores): Promise<Verification> {
  return verifyRecord({ rows: stores.rows, copies: undefined, lists: stores });
}

function rowsOf({ tables }: MemoryStores, id: string): [string, StoredRow][] {
  const anchor = id.slice(id.indexOf('-') + 1);
  const rows = [...tables.contents('Findings').rows];
  return rows.filter(([, row]) => row.rowKey.includes(anchor));
}

/** Takes away a finding with all its rows, before a seal knows it. */
function erase(stores: MemoryStores, id: string): void {
  rowsOf(stores, id).forEach(([key]) => {
    stores.tables.contents('Findings').remove(key);
  });
}

/** Takes away the last row of a history with its alert, and puts back the finding as it was before. */
function rollBack(stores: MemoryStores, id: string): void {
  const { tables } = stores;
  const rows = rowsOf(stores, id);
  const history = rows.filter(([, { rowKey }]) => rowKey.startsWith('h|'));
  const [before] = history.map(([, row]) => fromColumns(row) as Transition);
  const [lastKey] = history.toSorted(([, a], [, b]) => (a.rowKey < b.rowKey ? -1 : 1)).at(-1)!;
  tables.contents('Findings').remove(lastKey);
  tables.contents('Findings').remove(`${lastKey.replace('\u0000h|', '\u0000o|')}|teams`);
  const [key, row] = rows.find(([, { rowKey }]) => rowKey.startsWith('f|'))!;
  const { resolution: _r, resolvedAt: _a, ...rest } = fromColumns(row) as Finding;
  const older = {
    ...{ ...rest, sequence: 1, head: before!.hash, status: before!.status },
    ...{ movedAt: before!.at, verdict: { state: 'open' } },
  };
  const { partitionKey, rowKey, etag } = row;
  tables.contents('Findings').rows.set(key, {
    ...{ partitionKey, rowKey, etag, ...toColumns(older) },
    ...{ digest: digestOf(older), movedAt: before!.at, format: row['format'] },
  } as StoredRow);
}

function dropLine({ tables }: MemoryStores, id: string): void {
  const index = tables.contents('FindingIndex');
  const [key] = [...index.rows].find(([, row]) => row.rowKey.includes(id))!;
  index.remove(key);
}

describe('verification compares the lists with the findings', () => {
  it('and finds nothing in a record that nobody has altered', async () => {
    const { stores } = await world();

    expect(await verify(stores)).toMatchObject({ isSound: true, tamperings: [] });
  });

  it.each([
    {
      ...{ did: 'a finding was erased before its seal', alter: erase },
      named: { what: 'removed', says: 'no purge of it is written down' },
    },
    {
      ...{ did: 'the last transition was taken away and the finding put back', alter: rollBack },
      named: { what: 'changed', says: 'says otherwise' },
    },
    {
      ...{ did: 'a line was taken out of a list', alter: dropLine },
      named: { what: 'removed', says: 'does not show it' },
    },
  ])('$did: it is named', async ({ alter, named }) => {
    const { stores, id } = await world();
    alter(stores, id);

    const blind = await verifyRecord({ rows: stores.rows, copies: undefined });
    const found = await verify(stores);

    expect(blind.tamperings).toEqual([]); // nothing else knows of it
    expect(found.isSound).toBe(false);
    expect(found.tamperings).toMatchObject([{ what: named.what }]);
    expect(found.tamperings[0]!.detail).toContain(named.says);
    expect(found.tamperings[0]!.place).toContain(id);
  });

  it('and names many, in a few passes over the lists', async () => {
    let requests = 0;
    const stores = memoryStores();
    const many = Array.from({ length: 1_500 }, (_, i) => finding(timeline(`user ${i}`).id));
    const written = await Promise.all(many.map((each) => write(stores, opening(each))));
    await stores.index.addAll(written);
    const { rows, ...lists } = stores.over((run) => {
      requests += 1;
      return run();
    });
    const look = () => verifyRecord({ rows, copies: undefined, lists });

    expect((await look()).tamperings).toEqual([]);
    expect(requests).toBeLessThan(0.05 * many.length);

    written.slice(0, 1_200).forEach(({ id }) => {
      dropLine(stores, id);
    });
    const { tamperings, notes } = await look();
    expect(notes).toContain('1,000 or more rows are not what was written; the rest is not listed');
    const places = new Set(tamperings.map(({ place }) => place));
    expect(places.size).toBeGreaterThanOrEqual(1_000);
    expect(tamperings.every(({ detail }) => detail.includes('does not show it'))).toBe(true);
  });

  it.each([
    { did: 'erased with its lines in both lists', alter: erase, what: 'removed' },
    { did: 'put back as it was, with its lines', alter: rollBack, what: 'removed' },
  ])('a finding was $did: the seal of its hour knows it', async ({ alter, what }) => {
    const { stores, clock, id } = await world();
    clock.advance(HOUR);
    const { periods } = await sealRecord({ stores, clock, copies: undefined });
    expect(periods).toEqual(['2026-03-15/11']);
    alter(stores, id);
    await repair({ stores, isForgetting: true }); // the lists say what is left

    const found = await verify(stores);

    expect(found.tamperings).toMatchObject([{ what }]);
    expect(found.tamperings[0]!.place).toContain(id);
  });

  it('says nothing of lines that a writer has not written yet', async () => {
    const { stores, id } = await world();
    dropLine(stores, id);
    const { detector, subject } = (await stores.findings.find(id))!.finding;
    const timeline = { id: id.slice(0, id.indexOf('-')), detector, subject };
    await stores.marks.markWriting([timeline], (await stores.findings.history(id))[0]!.at);

    expect((await verify(stores)).tamperings).toEqual([]);
  });
});

describe('verification of lists that are being written', () => {
  it('says nothing of a writer who is done right after the lines were read', async () => {
    const { stores, id } = await world();
    dropLine(stores, id);
    const { detector, subject } = (await stores.findings.find(id))!.finding;
    const timeline = { id: id.slice(0, id.indexOf('-')), detector, subject };
    await stores.marks.markWriting([timeline], (await stores.findings.history(id))[0]!.at);
    let hasReadLines = 0;
    const rows = stores.index.rows.bind(stores.index);
    const list = stores.marks.list.bind(stores.marks);
    jest.spyOn(stores.index, 'rows').mockImplementation(() => {
      hasReadLines += 1;
      return rows();
    });
    // Read for the sums, for the suspects, and in two looks: after the last the mark is gone.
    jest
      .spyOn(stores.marks, 'list')
      .mockImplementation(async () => (hasReadLines >= 4 ? [] : list()));

    expect((await verify(stores)).tamperings).toEqual([]);
    expect(hasReadLines).toBe(4);
  });
});

describe('repair keeps the only trace of what was taken away', () => {
  it.each([
    { did: 'a finding was erased', alter: erase, mended: { removed: 1 } },
    { did: 'a transition was taken away', alter: rollBack, mended: { corrected: 1 } },
  ])('$did: the line stays and is named, until somebody says that it may go', async (story) => {
    const { stores, id } = await world();
    story.alter(stores, id);

    const first = await repair({ stores });
    const found = await verify(stores);
    const last = await repair({ stores, isForgetting: true });

    expect(first).toMatchObject({ removed: 0, corrected: 0, added: 0, lost: [{ id }] });
    expect(found.tamperings).toHaveLength(1);
    const copies = [...stores.tables.contents('Quarantine').rows.values()];
    expect(copies.map(({ rowKey }) => rowKey.slice(0, 2))).toContain('k|');
    expect(copies.some((row) => JSON.stringify(row).includes(id))).toBe(true);
    expect(last).toMatchObject({ ...story.mended, lost: [{ id, status: 'resolved' }] });
    expect(await repair({ stores })).toMatchObject({ removed: 0, corrected: 0, lost: [] });
  });
});
