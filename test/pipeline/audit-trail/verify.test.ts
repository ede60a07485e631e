import fc from 'fast-check';
import { memoryStores } from '../../fakes/memory-stores';
import {
  EMPTY_CHAIN,
  finished,
  nextEntry,
  type ChainHead,
  type TrailEntry,
} from '../../../shared/domain/audit-trail/entries';
import { toInstant } from '../../../shared/domain/time';
import { collect } from '../../contracts/samples';
import { buildRecord, MemoryCopies } from '../../fakes/record';
import {
  applied,
  rechain,
  rowsOf,
  tampering,
  type Shelf,
  type ShelfRow,
} from '../../fakes/tampering';
import {
  verifyRecord,
  type Evidence,
  type Verification,
} from '../../../shared/pipeline/audit-trail/verify';

/** Rows that can be tampered with, in memory. */
function shelfOf(rows: readonly ShelfRow[]): Shelf & { evidence: Evidence } {
  const shelf = new Map(rows.map((row) => [row.key, row]));
  const sorted = (): ShelfRow[] => [...shelf.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const inTimelines = (): ShelfRow[] =>
    sorted().filter(({ room }) => room !== 'rules' && room !== 'seal');
  return {
    rows: () => Promise.resolve(sorted()),
    put: (row) => Promise.resolve(void shelf.set(row.key, row)),
    remove: (key) => Promise.resolve(void shelf.delete(key)),
    evidence: {
      copies: undefined,
      rows: {
        timelines: async function* ({ from, to = '~' } = { from: '' }) {
          const inRange = inTimelines().filter(({ room }) => room >= from && room < to);
          for (const [id, of] of Map.groupBy(inRange, (row) => row.room)) {
            yield Promise.resolve({ id, rows: of.map((row) => row.raw) });
          }
        },
        timeline: (id) =>
          Promise.resolve(
            inTimelines()
              .filter((row) => row.room === id)
              .map((row) => row.raw),
          ),
        rules: () =>
          Promise.resolve(
            sorted()
              .filter((row) => row.room === 'rules')
              .map((row) => row.raw),
          ),
        chain: async function* () {
          for (const { raw } of sorted().filter((row) => row.room === 'seal')) {
            yield await Promise.resolve(raw);
          }
        },
      },
    },
  };
}

let snapshot: readonly ShelfRow[];
let ids: readonly string[];
beforeAll(async () => {
  const stores = memoryStores();
  await buildRecord(stores);
  snapshot = await rowsOf(stores.rows);
  ids = (await collect(stores.findings.all())).map(({ id }) => id);
});

describe('an untouched record', () => {
  it('is sound, and says what was looked at', async () => {
    const copies = new MemoryCopies();
    const stores = memoryStores();
    const { findings } = await buildRecord(stores, copies);

    const found = await verifyRecord({ rows: stores.rows, copies });

    expect(found.tamperings).toEqual([]);
    expect(found).toMatchObject({ isSound: true, unseen: [], notes: [] });
    expect(found.looked).toEqual({
      ...{ findings: ids.length, rules: 3, seals: 45, purges: 1, copies: copies.texts.size },
      transitions: stores.findings.transitions.length,
    });
    expect(found.looked.findings).toBeLessThan(findings.length);
    expect(found.sealedThrough).toBe('2026-03-15T00:00:00.0000000Z');
  });

  it('is not there while nothing was ever written, and that is said', async () => {
    const found = await verifyRecord({ rows: memoryStores().rows, copies: undefined });

    expect(found).toMatchObject({ isSound: false, tamperings: [] });
    expect(found.unseen).toEqual([expect.stringMatching(/^nothing was found to check/)]);
    expect(found.notes).toEqual([
      expect.stringMatching(/^nothing is sealed yet/),
      expect.stringMatching(/^no container is configured/),
    ]);
  });

  it.each([1, 2, 5, 1_000])('is the same looked at in slices of %d', async (mostHeads) => {
    const { evidence } = shelfOf(snapshot);
    const copies = new MemoryCopies();

    const found = await verifyRecord({ ...evidence, copies, mostHeads });

    expect(found).toEqual(await verifyRecord({ ...evidence, copies }));
    expect(found.tamperings.every(({ place }) => place.startsWith('the copy of'))).toBe(true);
  });

  it('is looked at in part', async () => {
    const from = toInstant('2026-03-14T00:00:00Z');
    const { evidence } = shelfOf(snapshot);

    const found = await verifyRecord(evidence, { from });

    expect(found).toMatchObject({ isSound: true, looked: { findings: 4 } });
  });
});

describe('a record that somebody has altered', () => {
  it('is found out at every one of 400 random alterations, and the row is named', async () => {
    const kinds = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(tampering, async (plan) => {
        const shelf = shelfOf(structuredClone(snapshot));
        const done = await applied(shelf, plan);
        fc.pre(done !== undefined);
        kinds.set(done.what, (kinds.get(done.what) ?? 0) + 1);

        // A large record is looked at slice by slice.
        const inSlices = plan.more % 2 === 0 ? {} : { mostHeads: 1 + (plan.leaf % 4) };
        const { tamperings } = await verifyRecord({ ...shelf.evidence, ...inSlices });

        expect(tamperings.length).toBeGreaterThan(0);
        const places = tamperings.map(({ place }) => place).join('\n');
        expect(`${done.what}: ${places}`).toMatch(done.names);
      }),
      { numRuns: 400 },
    );
    expect([...kinds.keys()].sort()).toEqual(
      [
        'change',
        'delete',
        'forge',
        'insert',
        'move',
        'reorder',
        'rewrite',
        'truncate',
        'wipe',
        'unseal',
        'exchange',
        'backdate',
        'silence',
        'owe',
      ].sort(),
    );
  });

  it('is found out by the copies when the chain was rewritten from one row on', async () => {
    const copies = new MemoryCopies();
    const stores = memoryStores();
    await buildRecord(stores, copies);
    const rows = await rowsOf(stores.rows);
    const entries = rows.filter((row) => row.raw.kind === 'entry');
    const from = 5;
    const values = entries.map(({ raw }) => raw.value as TrailEntry);
    const altered = values.map((value, i) =>
      i === from ? ({ ...value, coverage: { signIns: {} } } as TrailEntry) : value,
    );
    const shelf = shelfOf(rows);
    await rechain(shelf, altered, { fitsDays: true });
    const { evidence } = shelf;

    const alone = await verifyRecord(evidence);
    const { tamperings } = await verifyRecord({ ...evidence, copies });

    expect(alone.isSound).toBe(true); // nothing but a copy knows better: docs/integrity.md says so
    expect(tamperings[0]).toMatchObject({ what: 'changed', place: `entry ${from + 1}` });
  });

  it.each<[string, (copies: MemoryCopies) => void, object]>([
    [
      'a copy that is gone',
      (copies) => copies.texts.delete(3),
      { what: 'removed', place: 'the copy of entry 3' },
    ],
    [
      'a copy that is another',
      (copies) => copies.texts.set(3, '{}'),
      { what: 'changed', place: 'entry 3' },
    ],
    [
      'a copy beyond the end of the chain',
      (copies) => copies.texts.set(copies.texts.size + 1, '{}'),
      { what: 'removed', place: expect.stringMatching(/^entry \d+$/) as string },
    ],
  ])('is found out by %s', async (_name, alter, expected) => {
    const copies = new MemoryCopies();
    const stores = memoryStores();
    await buildRecord(stores, copies);
    alter(copies);

    const { tamperings } = await verifyRecord({ rows: stores.rows, copies });

    expect(tamperings).toMatchObject([expected]);
  });

  it.each<[string, number, string[]]>([
    ['all of them', Infinity, ['the seals: there is none, and there should be one of the hour of']],
    ['the last three days', 3, ['the seals after 2026-03-12']],
    ['nothing', 0, []],
  ])('is not sound without its seals: %s', async (_what, days, unseen) => {
    const stores = memoryStores();
    const { clock } = await buildRecord(stores);
    const chain = await collect(stores.rows.chain());
    const entries = chain.filter((row) => row.kind === 'entry');
    const kept = entries.filter(({ value }) => {
      const { day, at } = value as { day?: string; at: string };
      return days === 0 || (days === 3 && (day ?? at) < '2026-03-12');
    });
    // The head is put back to what it was at the last entry that is left.
    let head: ChainHead = EMPTY_CHAIN;
    for (const { value } of kept) {
      const { sequence: _s, at, hash: _h, previous: _p, ...content } = value as TrailEntry;
      head = nextEntry(head, content, at).head;
      head = finished(head);
    }
    const rows = {
      ...{
        timelines: () => stores.rows.timelines(),
        timeline: (id: string) => stores.rows.timeline(id),
      },
      rules: () => Promise.resolve([]),
      chain: async function* () {
        yield* await Promise.resolve(kept);
        if (kept.length > 0) {
          yield { ...chain.find((row) => row.kind === 'head')!, value: head };
        }
      },
    };
    const sound = days === 0 ? stores.rows : rows;

    const found = await verifyRecord({ rows: sound, copies: undefined, clock });

    expect(found.isSound).toBe(days === 0);
    expect(found.unseen).toEqual(unseen.map((each) => expect.stringContaining(each) as string));
  });

  it('says what it could not see', async () => {
    const stores = memoryStores();
    await buildRecord(stores);
    const copies = {
      put: () => Promise.resolve(true),
      read: () => Promise.reject(new Error('no way in')),
    };

    const found: Verification = await verifyRecord({ rows: stores.rows, copies });

    expect(found).toMatchObject({ isSound: false, tamperings: [] });
    expect(found.unseen).toEqual(['the copies of the chain: no way in']);
  });
});
