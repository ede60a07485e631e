import type { Malformed } from '../../shared/domain/record';
import { HOSTILE, minutes, type MakeStores } from './samples';

/** A quarantine is only written through its port; what is in it is for people. */
export function quarantineContract(make: MakeStores): void {
  describe('quarantine', () => {
    it('takes rows of any kind, and takes them again', async () => {
      const { quarantine } = make();
      const rows: Malformed[] = [
        { reason: 'no id' },
        { reason: 'no id' },
        { id: 'event-1', reason: 'x'.repeat(100_000), source: 'signIns' },
        ...HOSTILE.map((id) => ({ id, reason: `reason ${id}` })),
        ...Array.from({ length: 150 }, (_, i) => ({ id: `event ${i}`, reason: 'bad' })),
      ];

      await quarantine.add('signIns', [], minutes(0));
      await quarantine.add('signIns', rows, minutes(0));

      await expect(quarantine.add('signIns', rows, minutes(1))).resolves.toBeUndefined();
    });
  });
}
