import { TableClient } from '@azure/data-tables';
import fc from 'fast-check';
import { fromColumns, toColumns } from '../../../shared/adapters/tables/columns';
import type { StoredRow } from '../../../shared/adapters/tables/guards';
import { tableStores } from '../../../shared/adapters/tables/table-stores';
import type { RawRow } from '../../../shared/pipeline/ports/audit-trail';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { repair } from '../../../shared/pipeline/audit-trail/repair';
import { verifyRecord } from '../../../shared/pipeline/audit-trail/verify';
import { collect } from '../../contracts/samples';
import { startAzurite, type Azurite } from '../../fakes/azurite';
import { buildRecord } from '../../fakes/record';
import { applied, tampering, type Plan, type Shelf, type ShelfRow } from '../../fakes/tampering';

jest.setTimeout(120_000);

const TENANT = 'tenant-1';
const PREFIX = `${TENANT}|`;

let azurite: Azurite;
let stores: Stores;
let client: TableClient;

beforeAll(async () => {
  azurite = await startAzurite();
  const { connection } = azurite;
  stores = tableStores({ connection, tenantId: TENANT, createMissingTables: true });
  client = TableClient.fromConnectionString(connection, 'Findings', {
    allowInsecureConnection: true,
  });
  await buildRecord(stores);
});

afterAll(async () => {
  await azurite.stop();
});

/** The table itself, reached past every store of ours. */
class TableShelf implements Shelf {
  readonly #was = new Map<string, StoredRow | undefined>();

  async rows(): Promise<readonly ShelfRow[]> {
    const rows: ShelfRow[] = [];
    for await (const row of client.listEntities<StoredRow>()) {
      const { partitionKey, rowKey } = row as unknown as StoredRow;
      rows.push(shelved(partitionKey, rowKey, row));
    }
    return rows;
  }

  async put({ room, raw }: ShelfRow): Promise<void> {
    const [partitionKey, rowKey] = [PREFIX + room, rowKeyOf(raw)];
    await this.#remember(partitionKey, rowKey);
    await client.upsertEntity(
      { partitionKey, rowKey, ...toColumns(raw.value as object), ...raw.columns },
      'Replace',
    );
  }

  async remove(key: string): Promise<void> {
    const [partitionKey = '', rowKey = ''] = key.split(' ');
    await this.#remember(partitionKey, rowKey);
    await client.deleteEntity(partitionKey, rowKey);
  }

  /** Everything is again as it was. */
  async restore(): Promise<void> {
    for (const [key, row] of this.#was) {
      const [partitionKey = '', rowKey = ''] = key.split(' ');
      if (row === undefined) {
        await client.deleteEntity(partitionKey, rowKey).catch(() => undefined);
      } else {
        const { etag: _e, timestamp: _t, ...columns } = row as StoredRow & { timestamp?: string };
        await client.upsertEntity(columns, 'Replace');
      }
    }
  }

  async #remember(partitionKey: string, rowKey: string): Promise<void> {
    const key = `${partitionKey} ${rowKey}`;
    if (!this.#was.has(key)) {
      const row = await client.getEntity<StoredRow>(partitionKey, rowKey).catch(() => undefined);
      this.#was.set(key, row);
    }
  }
}

const BESIDE = ['digest', 'movedAt', 'neededUntil', 'propagated', 'state'];

function shelved(partitionKey: string, rowKey: string, row: StoredRow): ShelfRow {
  const room = partitionKey.slice(PREFIX.length);
  const [kind = '', second = '', third, channel = ''] = rowKey.split('|');
  const value = fromColumns(row);
  const place = `Findings ${partitionKey} ${rowKey}`;
  const known: Record<string, Omit<RawRow, 'value' | 'place'>> = {
    f: { kind: 'finding', id: `${room}-${second}` },
    h: { kind: 'history', id: `${room}-${second}`, sequence: Number(third) },
    o: { kind: 'alert', id: `${room}-${second}`, sequence: Number(third), channel },
    s: { kind: 'rule', id: second, sequence: Number(third) },
    c: { kind: 'entry', id: '', sequence: Number(second) },
    head: { kind: 'head', id: '' },
  };
  const beside = BESIDE.filter((name) => name in row);
  const columns = Object.fromEntries(beside.map((name) => [name, row[name]]));
  const raw = {
    ...{ ...(known[kind] ?? { kind: 'unknown' as const, id: '' }), place, value },
    ...(beside.length > 0 && { columns }),
  };
  return { key: `${partitionKey} ${rowKey}`, room, raw };
}

function rowKeyOf({ kind, id, sequence = 0, channel }: RawRow): string {
  const number = String(sequence).padStart(6, '0');
  const anchor = id.slice(id.indexOf('-') + 1);
  const keys: Partial<Record<RawRow['kind'], string>> = {
    finding: `f|${anchor}`,
    history: `h|${anchor}|${number}`,
    alert: `o|${anchor}|${number}|${channel}`,
    rule: `s|${id}|${number}`,
    entry: `c|${number}`,
  };
  return keys[kind] ?? 'head';
}

describe('verification over tables', () => {
  it('finds an untouched record sound', async () => {
    const found = await verifyRecord({ rows: stores.rows, copies: undefined });

    expect(found).toMatchObject({ isSound: true, tamperings: [], unseen: [] });
    expect(found.looked.findings).toBeGreaterThan(5);
    expect(found.looked).toMatchObject({ rules: 3, seals: 45, purges: 1 });
  });

  const plans: Plan[] = fc.sample(tampering, { seed: 11, numRuns: 120 });
  it('names what was altered in the table itself, at least 60 times', async () => {
    let count = 0;
    for (const plan of plans) {
      const shelf = new TableShelf();
      const done = await applied(shelf, plan);
      if (done !== undefined) {
        count += 1;
        const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });
        expect({ plan, found: tamperings.length > 0 }).toEqual({ plan, found: true });
        expect(tamperings.map(({ place }) => place).join('\n')).toMatch(done.names);
      }
      await shelf.restore();
    }

    expect(count).toBeGreaterThanOrEqual(60);
    const found = await verifyRecord({ rows: stores.rows, copies: undefined });
    expect(found.tamperings).toEqual([]);
  });

  it('names a finding that no seal knows yet and that was erased: the lists still show it', async () => {
    await repair({ stores });
    const shelf = new TableShelf();
    const evidence = { rows: stores.rows, copies: undefined, lists: stores };
    expect((await verifyRecord(evidence)).tamperings).toEqual([]);
    const newestFirst = (await collect(stores.findings.all())).toSorted((a, b) =>
      a.openedAt > b.openedAt ? -1 : 1,
    );
    const { id } = newestFirst[0]!;
    for (const { key } of (await shelf.rows()).filter(({ raw }) => raw.id === id)) {
      await shelf.remove(key);
    }

    const blind = await verifyRecord({ rows: stores.rows, copies: undefined });
    const { tamperings } = await verifyRecord(evidence);

    await shelf.restore();
    expect(blind.tamperings).toEqual([]);
    expect(tamperings).toMatchObject([{ what: 'removed', place: `finding ${id}` }]);
    expect((await verifyRecord(evidence)).tamperings).toEqual([]);
  });

  it.each([
    { what: 'a row that is no row of the record', rowKey: 'x|y', columns: { json: '{}' } },
    { what: 'an unreadable row', rowKey: 'h|ffffffffffff|000001', columns: { json: '{' } },
    { what: 'a row without JSON', rowKey: 'f|ffffffffffff', columns: { text: 'x' } },
  ])('names $what', async ({ rowKey, columns }) => {
    const partitionKey = `${PREFIX}${'0'.repeat(16)}`;
    await client.createEntity({ partitionKey, rowKey, ...columns });

    const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });

    await client.deleteEntity(partitionKey, rowKey);
    expect(tamperings).toHaveLength(1);
    expect(tamperings[0]?.place).toContain(rowKey.slice(2, 14));
  });

  it.each(['neededUntil', 'propagated'])(
    'names a step of a rule whose %s is not what the rule says',
    async (name) => {
      const shelf = new TableShelf();
      const row = (await shelf.rows()).find(({ raw }) => raw.kind === 'rule' && raw.columns)!;
      const columns = { ...row.raw.columns, [name]: '2026-01-01T00:00:00.0000000Z' };
      await shelf.put({ ...row, raw: { ...row.raw, columns } });

      const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });

      await shelf.restore();
      expect(tamperings).toMatchObject([{ what: 'changed', place: row.raw.place }]);
    },
  );

  it.each(['0000005', '5', '+00005', '000005|x', '5e0'])(
    'names the row of history with the number %s, not the genuine one',
    async (number) => {
      const rows = (await new TableShelf().rows()).filter(({ raw }) => raw.kind === 'history');
      const [partitionKey = '', rowKey = ''] = rows[0]!.key.split(' ');
      const beside = rowKey.replace(/\d{6}$/, number);
      await client.createEntity({ partitionKey, rowKey: beside, json: '{}' });

      const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });

      await client.deleteEntity(partitionKey, beside);
      expect(tamperings).toEqual([
        {
          ...{ what: 'inserted', place: `Findings ${partitionKey} ${beside}` },
          detail: 'it is no row of the record',
        },
      ]);
    },
  );

  it.each(['s|aaaaaaaaaaaa|0000001', 'c|0000001', 'c|000001|x'])(
    'names a row of no number in the other chains: %s',
    async (rowKey) => {
      const partitionKey = `${PREFIX}${rowKey.startsWith('s') ? 'rules' : 'seal'}`;
      await client.createEntity({ partitionKey, rowKey, json: '{}' });

      const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });

      await client.deleteEntity(partitionKey, rowKey);
      expect(tamperings).toMatchObject([
        { what: 'inserted', detail: 'it is no row of the record' },
      ]);
    },
  );

  it('names a column that no such row has', async () => {
    const [row] = (await new TableShelf().rows()).filter(({ raw }) => raw.kind === 'history');
    const [partitionKey = '', rowKey = ''] = row!.key.split(' ');
    await client.updateEntity({ partitionKey, rowKey, note: 'x' }, 'Merge');

    const { tamperings } = await verifyRecord({ rows: stores.rows, copies: undefined });

    expect(tamperings).toMatchObject([{ what: 'changed', place: row!.raw.place }]);
  });
});
