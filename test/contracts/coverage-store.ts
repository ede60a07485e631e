import type { Gap, Interval } from '../../shared/domain/reading/coverage';
import { EVER } from '../../shared/domain/reading/quarantine';
import type { CoverageStore } from '../../shared/pipeline/ports/coverage-store';
import { minutes, windowReport, type MakeStores } from './samples';
import { extendCoverage, giveUpCoverage, inFeed, readCoverage, readFeed } from '../fakes/cover';

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

    const gap = (start: number, end: number): Gap => ({ ...from(start, end), why: 'not-read' });

    it('covers nothing at first', async () => {
      expect(await readCoverage(coverage, A)).toEqual({});
      expect(await coverage.source('signIns')).toBeUndefined();
    });

    it('extends per source and detector', async () => {
      await extendCoverage(coverage, 'signIns', from(0, 10), [A, B]);
      await extendCoverage(coverage, 'signIns', from(10, 20), [A]);
      await extendCoverage(coverage, 'directoryAudits', from(5, 6), [A]);

      expect(await readCoverage(coverage, A)).toEqual({
        signIns: { ...from(0, 20), gaps: [] },
        directoryAudits: { ...from(5, 6), gaps: [] },
      });
      expect(await readCoverage(coverage, B)).toEqual({ signIns: { ...from(0, 10), gaps: [] } });
    });

    it('leaves a gap between stretches, and fills it', async () => {
      await extendCoverage(coverage, 'signIns', from(0, 10), [A]);
      await extendCoverage(coverage, 'signIns', from(20, 30), [A]);
      expect((await readCoverage(coverage, A)).signIns).toEqual({
        ...from(0, 30),
        gaps: [gap(10, 20)],
      });

      await extendCoverage(coverage, 'signIns', from(10, 20), [A]);

      expect((await readCoverage(coverage, A)).signIns).toEqual({ ...from(0, 30), gaps: [] });
    });

    it('gives a stretch up, also the very first', async () => {
      await extendCoverage(coverage, 'signIns', from(0, 10), [A]);
      await giveUpCoverage(coverage, 'signIns', from(10, 20), [A, B]);

      expect((await readCoverage(coverage, A)).signIns).toEqual({
        ...from(0, 20),
        gaps: [gap(10, 20)],
      });
      expect((await readCoverage(coverage, B)).signIns).toEqual({
        ...from(10, 20),
        gaps: [gap(10, 20)],
      });
    });

    it('tells what is known of a source', async () => {
      await extendCoverage(coverage, 'signIns', from(0, 20), [A]);
      const at = minutes(1);
      const condition = { condition: 'source-stalled', since: at, lastSeenAt: at, said: 'x' };
      const conditions = [{ ...condition, firstSeenAt: at, isConfirmed: true }];

      const changed = await coverage.change('signIns', (head) => ({ ...head, conditions }));

      expect(changed).toEqual({
        ...{ source: 'signIns', conditions },
        feeds: { clientAppUsed: { reads: {}, byDetector: { [A]: { ...from(0, 20), gaps: [] } } } },
      });
      expect(await coverage.source('signIns')).toEqual(changed);
      expect(await coverage.source('directoryAudits')).toBeUndefined();
    });

    it('keeps a feed of any size', async () => {
      const known = Object.fromEntries(
        Array.from({ length: 96 }, (_, hour) => [`2026-01-01T${hour}`, '0123abcd'.repeat(40)]),
      );
      const lateness = { every: 1, known, counts: [1, 2], max: 3 };

      await coverage.change(
        'signIns',
        inFeed('signIns', (feed) => ({ ...feed, lateness })),
      );

      expect((await readFeed(coverage, 'signIns'))?.lateness).toEqual(lateness);
    });

    it('lists the windows of a stretch of time, the newest first', async () => {
      const windows = [0, 10, 20, 30].map((start) => ({
        ...windowReport(minutes(start), minutes(start + 10)),
        readAt: minutes(start + 10),
      }));
      await coverage.change('signIns', (head) => head, windows.slice(0, 2));
      await coverage.change('signIns', (head) => head, windows.slice(2));
      await coverage.change('directoryAudits', (head) => head, [
        { ...windows[1]!, source: 'directoryAudits' },
      ]);

      const listed: unknown[] = [];
      for await (const window of coverage.ledger('signIns', from(20, 40))) {
        listed.push(window);
      }

      expect(listed).toEqual([windows[2], windows[1]]);
      listed.length = 0;
      for await (const window of coverage.ledger('signIns', EVER)) {
        listed.push(window);
      }
      expect(listed).toEqual(windows.toReversed());
    });

    it('changes nothing when a window is recorded again', async () => {
      const window = windowReport(minutes(0), minutes(10));
      await extendCoverage(coverage, 'signIns', from(0, 10), [A], window);
      const before = await coverage.source('signIns');

      await extendCoverage(coverage, 'signIns', from(0, 10), [A], window);

      expect(await coverage.source('signIns')).toEqual(before);
    });

    it('loses nothing when several move it at a time', async () => {
      const ids = ['a', 'b', 'c', 'd'];
      await Promise.all(
        ids.map((id, i) =>
          extendCoverage(coverage, 'signIns', from(i * 10, i * 10 + 10), [id, 'all']),
        ),
      );

      expect((await readCoverage(coverage, 'all')).signIns).toEqual({ ...from(0, 40), gaps: [] });
      expect((await readCoverage(coverage, 'c')).signIns).toEqual({ ...from(20, 30), gaps: [] });
    });
  });
}
