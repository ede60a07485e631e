import { fromColumns, toColumns } from '../../../shared/adapters/tables/columns';
import type { StoredRow } from '../../../shared/adapters/tables/guards';
import { entriesOf } from '../../../shared/pipeline/findings/finding-counts';
import { repair } from '../../../shared/pipeline/audit-trail/repair';
import { purgeExpired } from '../../../shared/pipeline/audit-trail/retention';
import { verifyRecord, type Verification } from '../../../shared/pipeline/audit-trail/verify';
import type { VirtualClock } from '../../fakes/clock';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { buildRecord, live, RETENTION } from '../../fakes/record';
import { finding, timeline } from '../../contracts/samples';

/** A record whose lists and counts are right; the findings of today are those of Ann. */
async function world(): Promise<{ stores: MemoryStores; clock: VirtualClock }> {
  const stores = memoryStores();
  const { clock } = await buildRecord(stores);
  await repair({ stores });
  return { stores, clock };
}

function verify(stores: MemoryStores, range = {}): Promise<Verification> {
  return verifyRecord({ rows: stores.rows, copies: undefined, lists: stores }, range);
}

const TODAY = '2026-03-15';

function countsOf({ tables }: MemoryStores, day: string): [string, StoredRow][] {
  const rows = [...tables.contents('FindingIndex').rows];
  return rows.filter(([, row]) => row.rowKey.startsWith(`${day}|`));
}

/** Writes one count of a day anew, as somebody does who may write the table. */
function alter(
  stores: MemoryStores,
  day: string,
  change: (lists: { opened: string[]; resolved: string[] }) => object,
): void {
  const [key, row] = countsOf(stores, day)[0]!;
  const { partitionKey, rowKey, etag } = row;
  const lists = change(structuredClone(fromColumns(row)) as never) as Record<string, unknown[]>;
  stores.tables.contents('FindingIndex').rows.set(key, {
    ...{ partitionKey, rowKey, etag, ...toColumns(lists), format: row['format'] },
    ...{ opened: lists['opened']!.length, resolved: lists['resolved']!.length },
  } as StoredRow);
}

describe('verification compares the counts per day with the histories', () => {
  it('and finds nothing in a record that nobody has altered', async () => {
    const { stores } = await world();

    expect(countsOf(stores, TODAY).length).toBeGreaterThan(0);
    expect(await verify(stores)).toMatchObject({ isSound: true, tamperings: [], differences: [] });
  });

  it.each<{ did: string; spoil: (stores: MemoryStores) => void; says: RegExp }>([
    {
      did: 'was removed',
      spoil: (stores) => {
        stores.tables.contents('FindingIndex').remove(countsOf(stores, TODAY)[0]![0]);
      },
      says: /lacks 2 that the histories tell of$/,
    },
    {
      did: 'lacks an end',
      spoil: (stores) => {
        alter(stores, TODAY, ({ opened }) => ({ opened, resolved: [] }));
      },
      says: /lacks 1 that the histories tell of$/,
    },
    {
      did: 'cannot be read',
      spoil: (stores) => {
        const [key, row] = countsOf(stores, TODAY)[0]!;
        stores.tables.contents('FindingIndex').rows.set(key, { ...row, json: '{' });
      },
      says: /lacks 2/,
    },
    {
      did: 'has another number beside its list',
      spoil: (stores) => {
        const [key, row] = countsOf(stores, TODAY)[0]!;
        stores.tables.contents('FindingIndex').rows.set(key, { ...row, opened: 7 });
      },
      says: /its numbers are not those of what it lists$/,
    },
  ])('a count that $did differs, and repair fixes it', async ({ spoil, says }) => {
    const { stores } = await world();
    spoil(stores);

    const found = await verify(stores);

    expect(found).toMatchObject({ isSound: false, tamperings: [], unseen: [] });
    expect(found.differences).toEqual([expect.stringMatching(says)]);
    expect(found.differences[0]).toContain(`the count of ${TODAY} `);
    expect((await verify(stores, { to: `${TODAY}T00:00:00.0000000Z` })).differences).toEqual([]);

    await repair({ stores });
    expect(await verify(stores)).toMatchObject({ isSound: true, differences: [] });
  });

  it('a count that tells of more may be all that is left of a finding: it stays until --forget', async () => {
    const { stores } = await world();
    alter(stores, TODAY, ({ opened, resolved }) => ({
      opened: [...opened, 'a'.repeat(13)],
      resolved,
    }));

    const { tamperings, differences } = await verify(stores);

    expect(differences).toEqual([]);
    expect(tamperings).toMatchObject([
      { what: 'changed', detail: expect.stringContaining('1 more than the histories') as string },
    ]);
    expect(tamperings[0]!.place).toContain(`the count of ${TODAY} `);

    expect(await repair({ stores })).toMatchObject({ untold: 1 });
    expect((await verify(stores)).tamperings).toHaveLength(1);

    expect(await repair({ stores, isForgetting: true })).toMatchObject({ untold: 1 });
    expect(await verify(stores)).toMatchObject({ isSound: true });
    const kept = [...stores.tables.contents('Quarantine').rows.values()].map(({ json }) => json);
    expect(kept.join('')).toContain('a'.repeat(13));
  });

  it('says nothing of days on which something that is purged was counted', async () => {
    const { stores, clock } = await world();
    const before = countsOf(stores, TODAY).length;
    clock.advance(RETENTION + 24 * 3_600_000);
    await purgeExpired({ stores, detectors: [], retention: RETENTION, clock });

    expect((await verify(stores)).differences).toEqual([]);
    expect((await verify(stores)).tamperings).toEqual([]);
    expect(before).toBeGreaterThan(0);
  });

  it('says nothing of a finding that is written and not yet counted', async () => {
    const { stores, clock } = await world();
    const of = timeline('Zoe');
    await stores.marks.markWriting([of], clock.now());
    const written = await live(stores, finding(of.id), clock.now(), 1);
    await stores.index.put(written);

    expect((await verify(stores)).differences).toEqual([]);

    for (const { key } of await stores.marks.list()) {
      stores.tables
        .contents('Work')
        .remove([...stores.tables.contents('Work').rows].find(([, row]) => row.rowKey === key)![0]);
    }
    expect((await verify(stores)).differences).toHaveLength(1);
  });

  it('says nothing of what is written and counted while it reads', async () => {
    const { stores, clock } = await world();
    const rows = stores.counts.rows.bind(stores.counts);
    let looks = 0;
    jest.spyOn(stores.counts, 'rows').mockImplementation(async function* () {
      looks += 1;
      if (looks === 1) {
        const written = await live(stores, finding(timeline('Zoe').id), clock.now(), 1);
        const history = await stores.findings.history(written.id);
        await stores.counts.add(history.flatMap((each) => entriesOf(written, each)));
        await stores.index.put(written);
      }
      yield* rows();
    });

    expect(await verify(stores)).toMatchObject({ differences: [], tamperings: [] });
    expect(looks).toBe(3);
  });

  it('leaves the comparison when the findings are not what was written', async () => {
    const { stores } = await world();
    const [key] = [...stores.tables.contents('Findings').rows].find(([, { rowKey }]) =>
      rowKey.startsWith('h|'),
    )!;
    stores.tables.contents('Findings').remove(key);
    stores.tables.contents('FindingIndex').remove(countsOf(stores, TODAY)[0]![0]);

    const { tamperings, differences, notes } = await verify(stores);

    expect(tamperings).toHaveLength(1);
    expect(differences).toEqual([]);
    expect(notes).toContainEqual(expect.stringMatching(/^the counts per day were not compared/));
  });

  it('and a line of a list that cannot be read is named once', async () => {
    const { stores } = await world();
    const index = stores.tables.contents('FindingIndex');
    const [key, row] = [...index.rows].find(([, { partitionKey }]) =>
      partitionKey.includes('opened'),
    )!;
    index.rows.set(key, { ...row, json: '{' });

    expect((await verify(stores)).tamperings).toMatchObject([
      { what: 'changed', detail: expect.stringContaining('cannot be read') as string },
    ]);
  });
});
