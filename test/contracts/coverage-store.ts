import type { Interval } from '../../shared/domain/coverage';
import type { CoverageStore } from '../../shared/pipeline/ports';
import { minutes, windowReport, type MakeStores } from './samples';

const [A, B] = ['detector-a', 'detector-b'];

export function coverageStoreContract(make: MakeStores): void {
  describe('coverage', () => {
    let coverage: CoverageStore;
    beforeEach(() => {
      coverage = make().coverage;
    });
    const from = (start: number, end: number): Interval => ({
      from: minutes(start),
      to: minutes(end),
    });

    it('covers nothing at first', async () => {
      expect(await coverage.read(A)).toEqual({});
      expect(await coverage.head('signIns')).toBeUndefined();
    });

    it('extends per source and detector', async () => {
      await coverage.extend('signIns', from(0, 10), [A, B]);
      await coverage.extend('signIns', from(10, 20), [A]);
      await coverage.extend('directoryAudits', from(5, 6), [A]);

      expect(await coverage.read(A)).toEqual({
        signIns: { ...from(0, 20), gaps: [] },
        directoryAudits: { ...from(5, 6), gaps: [] },
      });
      expect(await coverage.read(B)).toEqual({ signIns: { ...from(0, 10), gaps: [] } });
    });

    it('leaves a gap between stretches, and fills it', async () => {
      await coverage.extend('signIns', from(0, 10), [A]);
      await coverage.extend('signIns', from(20, 30), [A]);
      expect((await coverage.read(A)).signIns).toEqual({ ...from(0, 30), gaps: [from(10, 20)] });

      await coverage.extend('signIns', from(10, 20), [A]);

      expect((await coverage.read(A)).signIns).toEqual({ ...from(0, 30), gaps: [] });
    });

    it('gives a stretch up, also the very first', async () => {
      await coverage.extend('signIns', from(0, 10), [A]);
      await coverage.giveUp('signIns', from(10, 20), [A, B]);

      expect((await coverage.read(A)).signIns).toEqual({ ...from(0, 20), gaps: [from(10, 20)] });
      expect((await coverage.read(B)).signIns).toEqual({ ...from(10, 20), gaps: [from(10, 20)] });
    });

    it('tells the head of a source', async () => {
      const [first, second] = [
        windowReport(minutes(0), minutes(10)),
        windowReport(minutes(10), minutes(20)),
      ];
      await coverage.extend('signIns', from(0, 10), [A, B], first);
      await coverage.extend('signIns', from(10, 20), [A], second);

      expect(await coverage.head('signIns')).toEqual({
        source: 'signIns',
        byDetector: { [A]: { ...from(0, 20), gaps: [] }, [B]: { ...from(0, 10), gaps: [] } },
        lastWindow: second,
      });
      expect(await coverage.head('directoryAudits')).toBeUndefined();
    });

    it('keeps the last window when a stretch comes without one', async () => {
      const window = windowReport(minutes(0), minutes(10));
      await coverage.extend('signIns', from(0, 10), [A], window);
      await coverage.giveUp('signIns', from(10, 20), [A]);
      await coverage.extend('signIns', from(20, 30), [A]);

      expect((await coverage.head('signIns'))?.lastWindow).toEqual(window);
    });

    it('changes nothing when a window is recorded again', async () => {
      const window = windowReport(minutes(0), minutes(10));
      await coverage.extend('signIns', from(0, 10), [A], window);
      const before = await coverage.head('signIns');

      await coverage.extend('signIns', from(0, 10), [A], window);

      expect(await coverage.head('signIns')).toEqual(before);
    });

    it('loses nothing when several move it at a time', async () => {
      const ids = ['a', 'b', 'c', 'd'];
      await Promise.all(
        ids.map((id, i) => coverage.extend('signIns', from(i * 10, i * 10 + 10), [id, 'all'])),
      );

      expect((await coverage.read('all')).signIns).toEqual({ ...from(0, 40), gaps: [] });
      expect((await coverage.read('c')).signIns).toEqual({ ...from(20, 30), gaps: [] });
    });
  });
}
