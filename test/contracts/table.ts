import { RowRefusedError } from '../../shared/adapters/tables/errors';
import type { Row } from '../../shared/adapters/tables/guards';
import type { Table } from '../../shared/adapters/tables/table';

const EVERY = { from: '', to: '~~~~' };

/** What every table must do, whatever it is made of: the stores rest on it. */
export function tableContract(make: () => Table): void {
  describe('a table', () => {
    let table: Table;
    beforeEach(() => {
      table = make();
    });
    const keys = async (query: Partial<Parameters<Table['list']>[0]>): Promise<string[]> =>
      (await table.list({ partition: 'p', rows: EVERY, ...query })).map(
        ({ partitionKey, rowKey }) => `${partitionKey} ${rowKey}`,
      );

    it('has no rows at first', async () => {
      expect(await table.get('p', 'a')).toBeUndefined();
      expect(await keys({})).toEqual([]);
      expect(await table.remove('p', 'a', '*')).toBe(false);
      await table.removeAll('p', ['a', 'b']);
    });

    it('inserts a row once', async () => {
      expect(await table.writeOne({ insert: row('a', { n: 'first' }) })).toBe(true);
      expect(await table.writeOne({ insert: row('a', { n: 'second' }) })).toBe(false);

      expect(await table.get('p', 'a')).toMatchObject({ n: 'first' });
    });

    it('says the ETag of a row that it replaces', async () => {
      await table.upsert(row('a', { n: 'first' }));
      const { etag: first = '' } = (await table.get('p', 'a')) ?? {};

      const second = await table.replace(row('a', { n: 'second' }), first);

      expect(await table.get('p', 'a')).toMatchObject({ n: 'second', etag: second });
      expect(await table.replace(row('a', { n: 'third' }), first)).toBeUndefined();
      expect(await table.replace(row('a', { n: 'third' }), second ?? '')).toBeDefined();
    });

    it('removes and writes rows as one, or does neither', async () => {
      await table.upsert(row('a'));
      const move = [{ remove: row('a') }, { upsert: row('b') }];

      expect(await table.transact(move)).toBeDefined();
      expect(await keys({})).toEqual(['p b']);
      expect(await table.transact([{ remove: row('a') }, { upsert: row('c') }])).toBeUndefined();
      expect(await keys({})).toEqual(['p b']);
      expect(await table.writeOne({ remove: row('b') })).toBe(true);
      expect(await table.writeOne({ remove: row('b') })).toBe(false);
    });

    it('puts a row in place of another, whole', async () => {
      await table.upsert(row('a', { m: 'x', n: 'first' }));
      await table.upsert(row('a', { n: 'second' }));

      const found = await table.get('p', 'a');
      expect(found).toMatchObject({ n: 'second' });
      expect(found).not.toHaveProperty('m');
    });

    it('updates and removes what still has the ETag', async () => {
      await table.upsert(row('a', { n: 'first' }));
      const { etag: first = '' } = (await table.get('p', 'a')) ?? {};
      expect(await table.update(row('a', { n: 'second' }), first)).toBe(true);
      expect(await table.update(row('a', { n: 'third' }), first)).toBe(false);
      expect(await table.remove('p', 'a', first)).toBe(false);
      expect(await table.update(row('b'), first)).toBe(false);

      const { etag: second = '', ...found } = (await table.get('p', 'a')) ?? {};
      expect(found).toMatchObject({ n: 'second' });
      expect(await table.remove('p', 'a', second)).toBe(true);
      expect(await table.get('p', 'a')).toBeUndefined();
    });

    it('changes some columns of what still has the ETag, and leaves the others', async () => {
      await table.upsert(row('a', { m: 'x', n: 'first' }));
      const { etag } = (await table.get('p', 'a'))!;
      const change = { update: row('a', { n: 'second' }), etag, isMerge: true };

      expect(await table.transact([change])).toBeDefined();
      expect(await table.writeOne(change)).toBe(false);

      expect(await table.get('p', 'a')).toMatchObject({ m: 'x', n: 'second' });
      const again = { ...change, etag: (await table.get('p', 'a'))!.etag };
      expect(await table.writeOne({ ...again, update: row('a', { n: 'third' }) })).toBe(true);
      expect(await table.get('p', 'a')).toMatchObject({ m: 'x', n: 'third' });
    });

    it('gives another ETag with every write, also of the same content', async () => {
      await table.upsert(row('a'));
      const { etag } = (await table.get('p', 'a'))!;
      await table.upsert(row('a'));

      expect((await table.get('p', 'a'))!.etag).not.toBe(etag);
    });

    it('writes all rows of a transaction, and says their ETags', async () => {
      await table.upsert(row('a', { n: 'first' }));
      const { etag } = (await table.get('p', 'a'))!;

      const etags = await table.transact([
        { update: row('a', { n: 'second' }), etag },
        { insert: row('b') },
        { upsert: row('c') },
      ]);

      expect(await keys({})).toEqual(['p a', 'p b', 'p c']);
      expect(etags?.get('a')).toBe((await table.get('p', 'a'))!.etag);
    });

    it.each(['there already', 'changed meanwhile', 'gone'])(
      'writes nothing of a transaction when one row is %s',
      async (what) => {
        await table.upsert(row('a', { n: 'first' }));
        const { etag } = (await table.get('p', 'a'))!;
        await (what === 'gone' ? table.remove('p', 'a', '*') : table.upsert(row('a')));

        const refused =
          what === 'there already' ? { insert: row('a') } : { update: row('a'), etag };

        expect(await table.transact([{ upsert: row('b') }, refused])).toBeUndefined();
        expect(await table.get('p', 'b')).toBeUndefined();
      },
    );

    it('lists a range in order of the keys, and no other', async () => {
      for (const key of ['b', 'a|2', 'a|10', 'B', 'a', 'c', '_']) {
        await table.upsert(row(key));
        await table.upsert(row(key, {}, 'q'));
        await table.upsert(row(key, {}, 'p0'));
      }

      expect(await keys({})).toEqual(['B', '_', 'a', 'a|10', 'a|2', 'b', 'c'].map((k) => `p ${k}`));
      expect(await keys({ rows: { from: 'a', to: 'b' } })).toEqual(['p a', 'p a|10', 'p a|2']);
      const without = [
        { from: 'a', to: 'a|1' },
        { from: 'a|2', to: 'c' },
      ];
      expect(await keys({ without: without.slice(1) })).toEqual(
        ['B', '_', 'a', 'a|10', 'c'].map((k) => `p ${k}`),
      );
      expect(await keys({ without })).toEqual(['p B', 'p _', 'p a|10', 'p c']);
      const rows = { from: 'b', to: 'd' };
      expect(await keys({ partition: { from: 'p', to: 'q' }, rows })).toEqual([
        ...['p b', 'p c'],
        ...['p0 b', 'p0 c'],
      ]);
    });

    it('lists what has a column within a range', async () => {
      await table.upsert(row('a', { at: '2026-01' }));
      await table.upsert(row('b', { at: "2026-02'" }));
      await table.upsert(row('c', { at: '2026-03' }));
      await table.upsert(row('d'));

      const where = { column: 'at', from: '2026-01', to: '2026-03' };
      expect(await keys({ where })).toEqual(['p a', 'p b']);
    });

    it('removes many, also when some are gone', async () => {
      const all = Array.from({ length: 230 }, (_, i) => `k${String(i).padStart(3, '0')}`);
      for (const chunk of [all.slice(0, 100), all.slice(100, 200), all.slice(200)]) {
        await table.transact(chunk.map((key) => ({ upsert: row(key) })));
      }
      await table.remove('p', all[150]!, '*');
      await table.upsert(row('z'));

      await table.removeAll('p', all.slice(0, 120));
      expect(await keys({})).toHaveLength(230 - 120 - 1 + 1);
      await table.clear({ partition: 'p', rows: { from: 'k', to: 'l' } });

      expect(await keys({})).toEqual(['p z']);
    });

    it.each<[string, (table: Table) => Promise<unknown>]>([
      ['a key that no table takes', (of) => of.upsert(row('a/b'))],
      ['a column that no table takes', (of) => of.upsert(row('a', { 'a-b': 'x' }))],
      ['more rows than a transaction takes', (of) => of.transact(upserts(101, 'p'))],
      [
        'a transaction over two partitions',
        (of) => of.transact([...upserts(1, 'p'), ...upserts(1, 'q')]),
      ],
      [
        'a transaction with a row twice',
        (of) => of.transact([...upserts(1, 'p'), ...upserts(1, 'p')]),
      ],
    ])('refuses %s', async (_, write) => {
      await expect(write(table)).rejects.toThrow(RowRefusedError);
    });

    function upserts(count: number, partitionKey: string): { upsert: ReturnType<typeof row> }[] {
      return Array.from({ length: count }, (_, i) => ({ upsert: row(`k${i}`, {}, partitionKey) }));
    }
  });
}

/** How a table hands out more than one page. */
export function tablePagesContract(make: () => Table): void {
  describe('pages of a table', () => {
    let table: Table;
    beforeEach(() => {
      table = make();
    });

    it('hands out pages, and the columns that are asked for', async () => {
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        await table.upsert(row(key, { m: 'x', n: key }));
      }

      const sizes: number[] = [];
      for await (const page of table.pages({
        partition: 'p',
        rows: EVERY,
        columns: ['n'],
        page: 2,
      })) {
        sizes.push(page.length);
        page.forEach((each) => {
          expect(each).toMatchObject({ n: each.rowKey });
          expect(each).not.toHaveProperty('m');
        });
      }

      expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
      expect(sizes.reduce((sum, each) => sum + each, 0)).toBe(5);
    });

    it('goes on behind the last row, whatever came and went meanwhile', async () => {
      for (const key of ['b', 'd', 'f']) {
        await table.upsert(row(key));
      }

      const found: string[] = [];
      for await (const page of table.pages({ partition: 'p', rows: EVERY, page: 1 })) {
        found.push(...page.map((each) => each.rowKey));
        if (found.length === 1) {
          await table.removeAll('p', ['b', 'd']);
          await table.upsert(row('a'));
          await table.upsert(row('e'));
        }
      }

      expect(found).toEqual(['b', 'e', 'f']);
    });
  });
}

function row(
  rowKey: string,
  columns: Readonly<Record<string, string>> = {},
  partitionKey = 'p',
): Row {
  return { partitionKey, rowKey, ...columns };
}
