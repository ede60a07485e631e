import { findingId } from '../../shared/domain/findings/finding';
import { plus, DAY, toInstant } from '../../shared/domain/time';
import { keyOfEntry } from '../../shared/pipeline/findings/finding-counts';
import type { CountEntry, DayCount } from '../../shared/pipeline/ports/finding-counts';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { collect, timeline, type MakeStores } from './samples';

const entry = (
  n: number,
  day = '2026-02-01',
  what: CountEntry['what'] = 'opened',
  detector = 'some-detector',
): CountEntry => ({
  ...{ findingId: findingId(timeline(`Person ${n}`).id, `anchor ${n}`), detector, day, what },
});

export function findingCountsContract(make: MakeStores): void {
  describe('counts per day', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });
    /** By day and detector, as `opened/resolved`. */
    const days = async (first = '2026-01-01', last = '2026-12-31'): Promise<object> => {
      const sums = new Map<string, DayCount>();
      for await (const each of stores.counts.days(first, last)) {
        const key = `${each.day} ${each.detector}`;
        const { opened = 0, resolved = 0 } = sums.get(key) ?? {};
        sums.set(key, {
          ...each,
          opened: opened + each.opened,
          resolved: resolved + each.resolved,
        });
      }
      return Object.fromEntries(
        [...sums].map(([key, { opened, resolved }]) => [key, `${opened}/${resolved}`]),
      );
    };

    const counted = async (): Promise<string[]> =>
      (await collect(stores.counts.rows())).flatMap((row) => row.counted);

    it('has none at first', async () => {
      expect(await days()).toEqual({});
      await stores.counts.add([]);
      expect(await days()).toEqual({});
      expect(await collect(stores.counts.rows())).toEqual([]);
    });

    it('counts by day and detector what was opened and resolved', async () => {
      await stores.counts.add([entry(1), entry(2), entry(1, '2026-02-01', 'resolved')]);
      await stores.counts.add([entry(3, '2026-02-02'), entry(4, '2026-02-01', 'opened', 'other')]);

      expect(await days()).toEqual({
        '2026-02-01 some-detector': '2/1',
        '2026-02-01 other': '1/0',
        '2026-02-02 some-detector': '1/0',
      });
      expect(await days('2026-02-02', '2026-02-02')).toEqual({ '2026-02-02 some-detector': '1/0' });
      expect(await days('2026-01-01', '2026-02-01')).not.toHaveProperty([
        '2026-02-02 some-detector',
      ]);
    });

    it('counts nothing twice, whoever says it and however often', async () => {
      const all = Array.from({ length: 40 }, (_, n) => entry(n));
      await Promise.all([
        ...all.map((each) => stores.counts.add([each])),
        stores.counts.add(all),
        stores.counts.add(all.toReversed()),
      ]);
      await stores.counts.add(all);

      expect(await days()).toEqual({ '2026-02-01 some-detector': '40/0' });
    });

    it('says what is counted', async () => {
      const all = [entry(1), entry(2, '2026-02-03', 'resolved'), entry(3)];
      await stores.counts.add(all);

      expect((await counted()).sort()).toEqual(all.map(keyOfEntry).sort());
      const rows = await collect(stores.counts.rows());
      expect(rows.map(({ isSound, isFull }) => ({ isSound, isFull }))).toEqual(
        rows.map(() => ({ isSound: true, isFull: false })),
      );
    });

    it('takes away what somebody says, and leaves the rest', async () => {
      const all = [entry(1), entry(2), entry(1, '2026-02-01', 'resolved')];
      await stores.counts.add(all);
      const gone = new Set([keyOfEntry(all[0]!), keyOfEntry(entry(3))]);

      for (const row of await collect(stores.counts.rows())) {
        await stores.counts.correct(row, gone);
      }

      expect((await counted()).sort()).toEqual(all.slice(1).map(keyOfEntry).sort());
      expect(await days()).toEqual({ '2026-02-01 some-detector': '1/1' });
    });

    it('forgets the days before one, and counts on', async () => {
      await stores.counts.add([entry(1, '2026-01-31'), entry(2, '2026-02-01')]);

      await stores.counts.dropBefore(plus(toInstant('2026-01-31T05:00:00Z'), DAY));
      expect(await days()).toEqual({ '2026-02-01 some-detector': '1/0' });

      await stores.counts.add([entry(3, '2026-01-31')]);
      expect(await days()).toMatchObject({ '2026-01-31 some-detector': '1/0' });
    });
  });
}
