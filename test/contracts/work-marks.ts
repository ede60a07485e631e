import type { WorkMark, WorkMarks } from '../../shared/pipeline/ports';
import { DETECTOR, HOSTILE, minutes, timeline, type MakeStores } from './samples';

const MARY = timeline('Mary');
const EVE = timeline('Eve');
const ENDS = { signIns: minutes(0) };
const LATER_ENDS = { signIns: minutes(60), directoryAudits: minutes(61) };
const LATER = minutes(9_995);

export function workMarksContract(make: MakeStores): void {
  describe('marks', () => {
    let marks: WorkMarks;
    beforeEach(() => {
      marks = make().marks;
    });
    const only = async (found: Promise<readonly WorkMark[]>): Promise<WorkMark> => {
      const [first, ...others] = await found;
      expect(others).toEqual([]);
      return first!;
    };

    it('has none at first', async () => {
      await marks.markDirty([], ENDS);

      expect(await marks.dirty()).toEqual([]);
      expect(await marks.due(DETECTOR, LATER)).toEqual([]);
    });

    it('keeps what could not be assessed until all could', async () => {
      expect(await marks.faults()).toBeUndefined();
      await marks.keepFaults(undefined);
      const faults = { at: minutes(1), timelines: 2, first: HOSTILE.join('') };

      await marks.keepFaults(faults);
      expect(await marks.faults()).toEqual(faults);

      await marks.keepFaults(undefined);
      expect(await marks.faults()).toBeUndefined();
    });

    it('marks timelines now', async () => {
      await marks.markDirty([MARY, EVE, MARY], ENDS);

      const found = await marks.dirty();

      expect(new Set(found.map((each) => each.timeline))).toEqual(new Set([MARY, EVE]));
      expect(found).toHaveLength(2);
      expect(found[0]).toMatchObject({ cause: 'dirty', coverageEnds: ENDS });
    });

    it('keeps the older coverage ends and gets a new ETag', async () => {
      await marks.markDirty([MARY], ENDS);
      const before = await only(marks.dirty());

      await marks.markDirty([EVE, MARY], LATER_ENDS);

      const found = await marks.dirty();
      const [mary, eve] = [MARY, EVE].map((ref) =>
        found.find((each) => each.timeline.id === ref.id),
      );
      expect(mary?.coverageEnds).toEqual(ENDS);
      expect(mary?.etag).not.toBe(before.etag);
      expect(eve?.coverageEnds).toEqual(LATER_ENDS);
    });

    it('keeps coverage ends of a time when nothing was read', async () => {
      await marks.markDirty([MARY], {});
      await marks.markDirty([MARY], ENDS);

      expect((await only(marks.dirty())).coverageEnds).toEqual({});
    });

    it('goes on catching up until it is removed, whoever marks it again', async () => {
      await marks.markDirty([MARY], ENDS, true);
      await marks.markDirty([MARY, EVE], ENDS);
      const isCatchingUp = async (): Promise<unknown> =>
        Object.fromEntries(
          (await marks.dirty()).map((each) => [each.timeline.subject.name, each.isCatchingUp]),
        );
      expect(await isCatchingUp()).toEqual({ Mary: true, Eve: undefined });

      await marks.markDirty([MARY, EVE], LATER_ENDS, true);
      expect(await isCatchingUp()).toEqual({ Mary: true, Eve: true });

      for (const mark of await marks.dirty()) {
        await marks.remove(mark);
      }
      await marks.markDirty([MARY, EVE], ENDS);
      expect(await isCatchingUp()).toEqual({ Mary: undefined, Eve: undefined });
    });

    it('removes a mark once', async () => {
      await marks.markDirty([MARY, EVE], ENDS);
      const found = await marks.dirty();
      const mary = found.find((each) => each.timeline.id === MARY.id)!;

      await marks.remove(mary);
      await marks.remove(mary);

      expect((await only(marks.dirty())).timeline).toEqual(EVE);
    });

    it('leaves a mark that was written again meanwhile', async () => {
      await marks.markDirty([MARY], ENDS);
      const before = await only(marks.dirty());
      await marks.markDirty([MARY], LATER_ENDS);

      await marks.remove(before);

      expect((await only(marks.dirty())).coverageEnds).toEqual(ENDS);
    });

    it('begins anew after a removal', async () => {
      await marks.markDirty([MARY], ENDS);
      const before = await only(marks.dirty());
      await marks.remove(before);
      await marks.markDirty([MARY], LATER_ENDS);

      await marks.remove(before);

      expect((await only(marks.dirty())).coverageEnds).toEqual(LATER_ENDS);
    });

    it('marks many at once, known and new', async () => {
      const all = Array.from({ length: 250 }, (_, i) => timeline(`user ${i}`));
      await marks.markDirty(all.slice(0, 120), ENDS);

      await marks.markDirty(all, LATER_ENDS);

      const found = await marks.dirty();
      expect(new Set(found.map((each) => each.timeline.id))).toEqual(
        new Set(all.map((each) => each.id)),
      );
      expect(found.filter((each) => each.coverageEnds?.directoryAudits === undefined)).toHaveLength(
        120,
      );
    });

    it('loses no mark when several mark at a time', async () => {
      await Promise.all([ENDS, LATER_ENDS, ENDS].map((ends) => marks.markDirty([MARY, EVE], ends)));

      expect(await marks.dirty()).toHaveLength(2);
    });

    it('keeps a mark for each writer, beside the dirty one, until that writer removes it', async () => {
      const [first, second] = [
        await marks.markWriting(MARY, minutes(1)),
        await marks.markWriting(MARY, minutes(2)),
      ];
      await marks.markDirty([MARY], ENDS);
      expect(await marks.dirty()).toHaveLength(3);

      await marks.remove(first);
      await marks.markDirty([MARY], ENDS);

      const found = await marks.dirty();
      expect(found.map((each) => [each.timeline, each.cause, each.since])).toEqual(
        expect.arrayContaining([
          [MARY, 'dirty', undefined],
          [MARY, 'writing', minutes(2)],
        ]),
      );
      expect(found).toHaveLength(2);
      await marks.remove(found.find((each) => each.cause === 'writing')!);
      await marks.remove(second);
      expect((await only(marks.dirty())).cause).toBe('dirty');
    });

    it('marks for later, per detector', async () => {
      const other = timeline('Mary', 'other-detector');
      await marks.markDue(MARY, minutes(30));
      await marks.markDue(MARY, minutes(30));
      await marks.markDue(EVE, minutes(40));
      await marks.markDue(other, minutes(20));

      expect(await marks.due(DETECTOR, minutes(25))).toEqual([]);
      const mark = await only(marks.due(DETECTOR, minutes(35)));
      expect(mark).toMatchObject({ timeline: MARY, cause: 'due' });
      expect(mark.coverageEnds).toBeUndefined();
      expect(await marks.due(DETECTOR, minutes(40))).toHaveLength(2);
      expect((await only(marks.due('other-detector', LATER))).timeline).toEqual(other);
      expect(await marks.due('some', LATER)).toEqual([]);
      expect(await marks.dirty()).toEqual([]);
    });

    it('is due up to five minutes late, never early', async () => {
      await marks.markDue(MARY, minutes(31));

      expect(await marks.due(DETECTOR, minutes(34))).toEqual([]);
      expect(await marks.due(DETECTOR, minutes(35))).toHaveLength(1);
    });

    it('removes a due mark, and no other of the timeline', async () => {
      await marks.markDirty([MARY], ENDS);
      await marks.markDue(MARY, minutes(30));
      await marks.markDue(MARY, minutes(60));

      await marks.remove(await only(marks.due(DETECTOR, minutes(30))));

      expect(await marks.due(DETECTOR, minutes(30))).toEqual([]);
      expect(await marks.due(DETECTOR, minutes(60))).toHaveLength(1);
      expect(await marks.dirty()).toHaveLength(1);
    });

    it('leaves a due mark that was written again meanwhile', async () => {
      await marks.markDue(MARY, minutes(30));
      const before = await only(marks.due(DETECTOR, LATER));
      await marks.markDue(MARY, minutes(30));

      await marks.remove(before);

      expect(await marks.due(DETECTOR, LATER)).toHaveLength(1);
    });

    it('remembers the rule of each detector, the last one', async () => {
      expect(await marks.rules()).toEqual({});

      await marks.keepRule('one', 'a');
      await marks.keepRule('two', 'b');
      await marks.keepRule('one', 'c');

      expect(await marks.rules()).toEqual({ one: 'c', two: 'b' });
      expect(await marks.dirty()).toEqual([]);
    });

    it('keeps names as they are, whatever they hold', async () => {
      const all = HOSTILE.filter((name) => name.isWellFormed()).map((name) => timeline(name));

      await marks.markDirty(all, ENDS);
      await marks.markDue(all[0]!, minutes(5));

      const found = (await marks.dirty()).map((each) => each.timeline);
      expect(new Set(found)).toEqual(new Set(all));
    });
  });
}
