import type { QuarantineRow } from '../../shared/domain/reading/quarantine';
import { collect, HOSTILE, minutes, unreadableRow, type MakeStores } from './samples';

const DAYS_LATER = minutes(5 * 24 * 60);
const byId = (rows: readonly QuarantineRow[]): readonly QuarantineRow[] =>
  rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));

export function quarantineContract(make: MakeStores): void {
  describe('quarantine', () => {
    it('keeps one row of a row, however often and when it is met again', async () => {
      const { quarantine } = make();
      const row = unreadableRow('a');

      await quarantine.add([row, row]);
      await quarantine.add([{ ...row, firstSeenAt: DAYS_LATER }]);

      expect(await collect(quarantine.rows())).toEqual([row]);
      expect(await quarantine.live()).toEqual([row]);
    });

    it('takes rows of any kind, and takes them again', async () => {
      const { quarantine } = make();
      const { gap: _none, ...other } = unreadableRow('other', { reason: 'x'.repeat(100_000) });
      const rows = [
        other,
        ...HOSTILE.map((text, i) => unreadableRow(`h${i}`, { eventId: text, reason: text })),
        ...Array.from({ length: 120 }, (_, i) => unreadableRow(`n${i}`)),
      ];

      await quarantine.add([]);
      await quarantine.add(rows);
      await quarantine.add(rows);

      expect(await collect(quarantine.rows())).toHaveLength(rows.length);
      expect(await quarantine.live()).toHaveLength(rows.length - 1);
    });

    it('unites what two looks could salvage', async () => {
      const { quarantine } = make();
      const { subject, ...nobody } = unreadableRow('a').gap!;

      await quarantine.add([unreadableRow('a', { gap: { ...nobody, from: minutes(-60) } })]);
      await quarantine.add([unreadableRow('a', { gap: { ...nobody, detectors: ['b'] } })]);
      await quarantine.add([unreadableRow('a')]);

      const [row] = await quarantine.live();
      const detectors = ['b', ...nobody.detectors];
      expect(row?.gap).toEqual({ ...nobody, subject, detectors, wasWider: true });
    });

    it('knows of a row until those whom its gap or its end concern have heard', async () => {
      const { quarantine } = make();
      await quarantine.add([unreadableRow('a')]);
      await quarantine.markPropagated(unreadableRow('a'));
      expect(await quarantine.live()).toEqual([unreadableRow('a', { isHeard: true })]);

      const ended = { how: 'readable', at: DAYS_LATER } as const;
      await quarantine.end('a', ended);
      await quarantine.end('unknown', ended);
      expect(await quarantine.live()).toEqual([unreadableRow('a', { ended })]);

      await quarantine.markPropagated(unreadableRow('a')); // of the gap, not of its end
      expect(await quarantine.live()).toEqual([unreadableRow('a', { ended })]);
      await quarantine.markPropagated(unreadableRow('a', { ended }));
      expect(await quarantine.live()).toEqual([]);
      expect(await collect(quarantine.rows())).toEqual([
        unreadableRow('a', { ended, isHeard: true }),
      ]);
    });

    it('does not forget that a row was read, whatever comes after', async () => {
      const { quarantine } = make();
      await quarantine.add([unreadableRow('a')]);
      await quarantine.end('a', { how: 'readable', at: DAYS_LATER });

      await quarantine.add([unreadableRow('a')]);

      expect(await quarantine.live()).toMatchObject([{ ended: { how: 'readable' } }]);
    });

    it('takes two who write at once', async () => {
      const { quarantine } = make();
      const rows = ['b', 'c', 'd'].map((detector) =>
        unreadableRow('a', { gap: { ...unreadableRow('a').gap!, detectors: [detector] } }),
      );

      await Promise.all(rows.map((row) => quarantine.add([row])));

      expect((await quarantine.live())[0]?.gap?.detectors).toEqual(['b', 'c', 'd']);
    });

    it('drops what was met before a day, and nothing else', async () => {
      const { quarantine } = make();
      const young = unreadableRow('young', { firstSeenAt: DAYS_LATER });
      await quarantine.add([unreadableRow('a'), unreadableRow('b'), young]);
      expect(await quarantine.hasBefore(minutes(10))).toBe(false);
      expect(await quarantine.hasBefore(DAYS_LATER)).toBe(true);

      await quarantine.dropBefore(DAYS_LATER);
      await quarantine.dropBefore(DAYS_LATER);

      expect(await quarantine.hasBefore(DAYS_LATER)).toBe(false);
      expect(byId(await collect(quarantine.rows()))).toEqual([young]);
      expect(await quarantine.live()).toEqual([young]);
    });
  });
}
