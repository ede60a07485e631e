import type { DueMark, WorkMark, WorkMarks } from '../../shared/pipeline/ports/work-marks';
import { DETECTOR, HOSTILE, minutes, timeline, type MakeStores } from './samples';

const MARY = timeline('Mary');
const EVE = timeline('Eve');
const ENDS = { signIns: minutes(0) };
const LATER_ENDS = { signIns: minutes(60), directoryAudits: minutes(61) };
const LATER = minutes(9_995);
const WHY = { cause: 'signals', coverageEnds: ENDS } as const;

export function workMarksContract(make: MakeStores): void {
  describe('marks', () => {
    let marks: WorkMarks;
    beforeEach(() => {
      marks = make().marks;
    });
    const only = async <M>(found: Promise<readonly M[]>): Promise<M> => {
      const [first, ...others] = await found;
      expect(others).toEqual([]);
      return first!;
    };
    const due = (end = LATER): Promise<readonly DueMark[]> => marks.due(new Map([[DETECTOR, end]]));

    it('has none at first', async () => {
      await marks.mark([], WHY);
      await marks.markDue([]);
      await marks.remove([]);

      expect(await marks.list()).toEqual([]);
      expect(await due()).toEqual([]);
    });

    it('keeps what could not be assessed until all could', async () => {
      expect(await marks.faults()).toBeUndefined();
      await marks.keepFaults(undefined);
      const faults = {
        at: minutes(1),
        timelines: { since: minutes(0), count: 2, first: HOSTILE.join('') },
      };

      await marks.keepFaults(faults);
      expect(await marks.faults()).toEqual(faults);

      await marks.keepFaults(undefined);
      expect(await marks.faults()).toBeUndefined();
    });

    it('marks timelines together, each once', async () => {
      await marks.mark([MARY, EVE, MARY], WHY);

      expect(await only(marks.list())).toMatchObject({ ...WHY, timelines: [MARY, EVE] });
    });

    it('marks timelines of two detectors apart', async () => {
      const other = timeline('Mary', 'other-detector');
      await marks.mark([MARY, other, EVE], WHY);

      const found = await marks.list();
      for (const { timelines } of found) {
        expect(new Set(timelines.map(({ detector }) => detector)).size).toBe(1);
      }
      expect(namesIn(found)).toEqual(['Eve', 'Mary', 'Mary']);
    });

    it('never changes a mark that is there', async () => {
      await marks.mark([MARY], { ...WHY, catchingUp: 'past' });
      await marks.mark([EVE, MARY], { cause: 'concern', coverageEnds: LATER_ENDS });

      const found = (await marks.list()).map(({ key: _key, ...mark }) => mark);

      expect(found).toHaveLength(2);
      expect(found).toContainEqual({ ...WHY, catchingUp: 'past', timelines: [MARY] });
      expect(found).toContainEqual({
        ...{ cause: 'concern', coverageEnds: LATER_ENDS, timelines: [EVE, MARY] },
      });
    });

    it('removes marks, and none that was written since', async () => {
      await marks.mark([MARY], WHY);
      const before = await marks.list();
      await marks.mark([MARY], { ...WHY, coverageEnds: LATER_ENDS });

      await marks.remove(before);
      await marks.remove(before);

      expect((await only(marks.list())).coverageEnds).toEqual(LATER_ENDS);
    });

    it('removes many, also when some are gone', async () => {
      for (let i = 0; i < 130; i++) {
        await marks.mark([timeline(`user ${i}`)], WHY);
      }
      const all = await marks.list();
      await marks.remove(all.slice(40, 41));

      await marks.remove(all.slice(0, 120));

      expect(await marks.list()).toHaveLength(10);
    });

    it('marks many in few rows', async () => {
      const all = Array.from({ length: 1_250 }, (_, i) => timeline(`user ${i}`));

      await marks.mark(all, WHY);

      const found = await marks.list();
      expect(found).toHaveLength(7);
      expect(new Set(found.flatMap((mark) => mark.timelines.map(({ id }) => id)))).toEqual(
        new Set(all.map(({ id }) => id)),
      );
    });

    it('lists a part when there is very much, and the rest when that is done', async () => {
      const all = Array.from({ length: 300 }, (_, i) => timeline(`user ${i}`));
      for (const each of all) {
        await marks.mark([each], WHY);
      }
      const seen = new Set<string>();
      for (let found = await marks.list(); found.length > 0; found = await marks.list()) {
        namesIn(found).forEach((name) => seen.add(name));
        await marks.remove(found);
      }

      expect(seen.size).toBe(300);
    });

    it('loses no mark when several mark at a time', async () => {
      await Promise.all([ENDS, LATER_ENDS, ENDS].map(() => marks.mark([MARY, EVE], WHY)));

      expect(await marks.list()).toHaveLength(3);
    });

    it('keeps a mark for each writer, until that writer removes it', async () => {
      const [first, second] = [
        await only(marks.markWriting([MARY], minutes(1))),
        await only(marks.markWriting([MARY, EVE], minutes(2))),
      ];
      await marks.mark([MARY], WHY);
      expect(await marks.list()).toHaveLength(3);

      await marks.remove([first]);

      const found = await marks.list();
      expect(found).toContainEqual(second);
      expect(second).toMatchObject({
        ...{ cause: 'writing', since: minutes(2), timelines: [MARY, EVE] },
      });
      await marks.remove([second]);
      expect((await only(marks.list())).cause).toBe('signals');
    });

    it('marks for later, per detector', async () => {
      const other = timeline('Mary', 'other-detector');
      await marks.markDue([{ timeline: MARY, at: minutes(30) }]);
      await marks.markDue([
        { timeline: MARY, at: minutes(30) },
        { timeline: MARY, at: minutes(30) },
        { timeline: EVE, at: minutes(40) },
        { timeline: other, at: minutes(20) },
      ]);

      expect(await due(minutes(25))).toEqual([]);
      expect((await only(due(minutes(35)))).timeline).toEqual(MARY);
      expect(await due(minutes(40))).toHaveLength(2);
      expect((await only(marks.due(new Map([['other-detector', LATER]])))).timeline).toEqual(other);
      expect(await marks.due(new Map([['some', LATER]]))).toEqual([]);
      expect(await marks.due(new Map())).toEqual([]);
      expect(await marks.list()).toEqual([]);
    });

    it('finds what is due of many detectors, each by its own end', async () => {
      // One begins as another ends: neither is the other's.
      const ids = ['a', 'a-b', 'a:', 'A', ...Array.from({ length: 12 }, (_, i) => `detector-${i}`)];
      const all = ids.flatMap((id) =>
        [10, 20, 30].map((at) => ({ timeline: timeline(`${at}`, id), at: minutes(at) })),
      );
      await marks.markDue(all);
      const asked = ids.filter((id) => id !== 'detector-5' && id !== 'a');
      const ends = asked.map((id, i) => [id, minutes([5, 10, 20, 60][i % 4]!)] as const);

      const found = await marks.due(new Map(ends));

      const expected = all.filter(({ timeline: { detector }, at }) =>
        ends.some(([id, end]) => id === detector && at <= end),
      );
      const named = ({ timeline: { id } }: Pick<DueMark, 'timeline'>): string => id;
      expect(found.map(named).sort()).toEqual(expected.map(named).sort());
      expect(expected.length).toBeGreaterThan(15);
      for (const mark of found) {
        await marks.removeDue(mark);
      }
      expect(await marks.due(new Map(ends))).toEqual([]);
    });

    it('marks many for later', async () => {
      const all = Array.from({ length: 250 }, (_, i) => timeline(`user ${i}`));

      await marks.markDue(all.map((each, i) => ({ timeline: each, at: minutes(i) })));

      expect(await due()).toHaveLength(250);
    });

    it('is due up to five minutes late, never early', async () => {
      await marks.markDue([{ timeline: MARY, at: minutes(31) }]);

      expect(await due(minutes(34))).toEqual([]);
      expect(await due(minutes(35))).toHaveLength(1);
    });

    it('removes a due mark, and no other of the timeline', async () => {
      await marks.mark([MARY], WHY);
      await marks.markDue([30, 60].map((at) => ({ timeline: MARY, at: minutes(at) })));

      await marks.removeDue(await only(due(minutes(30))));

      expect(await due(minutes(30))).toEqual([]);
      expect(await due(minutes(60))).toHaveLength(1);
      expect(await marks.list()).toHaveLength(1);
    });

    it('leaves a due mark that was written again meanwhile', async () => {
      await marks.markDue([{ timeline: MARY, at: minutes(30) }]);
      const before = await only(due());
      await marks.markDue([{ timeline: MARY, at: minutes(30) }]);

      await marks.removeDue(before);

      expect(await due()).toHaveLength(1);
    });

    it('remembers the rule of each detector, the last one', async () => {
      expect(await marks.rules()).toEqual({});

      await marks.keepRule('one', 'a');
      await marks.keepRule('two', 'b');
      await marks.keepRule('one', 'c');

      expect(await marks.rules()).toEqual({ one: 'c', two: 'b' });
      expect(await marks.list()).toEqual([]);
    });

    it('keeps names as they are, whatever they hold', async () => {
      const all = HOSTILE.filter((name) => name.isWellFormed()).map((name) => timeline(name));

      await marks.mark(all, WHY);
      await marks.markDue([{ timeline: all[0]!, at: minutes(5) }]);

      const found = (await marks.list()).flatMap(({ timelines }) => timelines);
      expect(new Set(found)).toEqual(new Set(all));
    });

    it('keeps many long names', async () => {
      const all = Array.from({ length: 200 }, (_, i) => timeline(`${i} ${'é'.repeat(2_000)}`));

      await marks.mark(all, WHY);
      await marks.markWriting(all, minutes(1));

      expect((await marks.list()).flatMap(({ timelines }) => timelines)).toHaveLength(400);
    });

    describe('leases', () => {
      it('are for one at a time, until they are given back', async () => {
        const lease = await marks.takeLease('drain', minutes(0), minutes(1));
        expect(lease).toMatchObject({ name: 'drain' });
        expect(await marks.takeLease('drain', minutes(0), minutes(1))).toBeUndefined();
        expect(await marks.takeLease('other', minutes(0), minutes(1))).toBeDefined();

        await marks.releaseLease(lease!);

        expect(await marks.takeLease('drain', minutes(0), minutes(1))).toBeDefined();
      });

      it('run out', async () => {
        const first = await marks.takeLease('drain', minutes(0), minutes(1));
        const second = await marks.takeLease('drain', minutes(1), minutes(2));
        expect(second).toBeDefined();

        expect(await marks.renewLease(first!, minutes(9))).toBeUndefined();
        await marks.releaseLease(first!);

        expect(await marks.takeLease('drain', minutes(1), minutes(2))).toBeUndefined();
      });

      it('run no longer than they can, whatever clock they were taken by', async () => {
        await marks.takeLease('drain', minutes(60 * 24 * 45), minutes(60 * 24 * 45 + 1));

        expect(await marks.takeLease('drain', minutes(0), minutes(1))).toBeDefined();
      });

      it('are kept up', async () => {
        const first = await marks.takeLease('drain', minutes(0), minutes(1));
        const second = await marks.renewLease(first!, minutes(5));

        expect(await marks.takeLease('drain', minutes(4), minutes(6))).toBeUndefined();
        await marks.releaseLease(second!);
        expect(await marks.takeLease('drain', minutes(4), minutes(6))).toBeDefined();
      });

      it('go to one of several who ask at once', async () => {
        const all = await Promise.all(
          [1, 2, 3].map(() => marks.takeLease('drain', minutes(0), minutes(1))),
        );

        expect(all.filter((lease) => lease !== undefined)).toHaveLength(1);
      });
    });
  });
}

function namesIn(found: readonly WorkMark[]): string[] {
  return found
    .flatMap(({ timelines }) => timelines.map(({ subject }) => subject.name ?? ''))
    .sort();
}
