import type { Instant } from '../../shared/domain/time';
import type { OutboxRow, SendMark, Stores } from '../../shared/pipeline/ports';
import { finding, minutes, opening, timeline, type MakeStores } from './samples';

const MARY = timeline('Mary').id;
const LATER = minutes(9_999);

export function outboxContract(make: MakeStores): void {
  describe('outbox', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });
    const owe = async (anchor: string, at = minutes(10)): Promise<SendMark> => {
      const change = opening(finding(MARY, anchor), at);
      await stores.findings.commit(change, undefined);
      return { alertId: change.alert.id, at };
    };
    const row = async ({ alertId }: SendMark): Promise<OutboxRow> =>
      (await stores.outbox.read(alertId))!;
    const due = async (now: Instant = LATER): Promise<readonly SendMark[]> =>
      (await stores.outbox.due(now, 100)).marks;

    it('owes nothing at first', async () => {
      expect(await due()).toEqual([]);
      expect(await stores.outbox.counts()).toEqual({ waiting: 0, 'not-configured': 0, dead: 0 });
    });

    it.each(['', '-', 'x', 'a-b-c', `${MARY}-abc`, `${MARY}-abc-`, `${MARY}--1`, "'-/-#"])(
      'knows no alert "%s"',
      async (id) => {
        expect(await stores.outbox.read(id)).toBeUndefined();
      },
    );

    it('gives the oldest marks first, at most so many, none before its time', async () => {
      const [third, first, second] = [
        await owe('a', minutes(30)),
        await owe('b', minutes(10)),
        await owe('c', minutes(20)),
      ];

      expect(await due()).toEqual([first, second, third]);
      expect(await stores.outbox.due(LATER, 2)).toEqual({ marks: [first, second] });
      expect(await due(minutes(20))).toEqual([first, second]);
      expect(await due(minutes(9))).toEqual([]);
    });

    it('forgets the mark of what was sent', async () => {
      const [mark, other] = [await owe('a'), await owe('b')];

      const isSettled = await stores.outbox.settle(
        await row(mark),
        { state: 'sent', attempts: 1 },
        mark,
      );

      expect(isSettled).toBe(true);
      expect(await row(mark)).toMatchObject({ state: 'sent', attempts: 1 });
      expect(await due()).toEqual([other]);
      expect((await stores.outbox.counts()).waiting).toBe(1);
    });

    it('waits for the next attempt and remembers the error', async () => {
      const mark = await owe('a');
      const next = minutes(15);

      await stores.outbox.settle(
        await row(mark),
        { state: 'waiting', attempts: 1, lastError: 'no', nextAttemptAt: next },
        mark,
      );

      expect(await due(minutes(14))).toEqual([]);
      expect(await due(next)).toEqual([{ alertId: mark.alertId, at: next }]);
      expect(await row(mark)).toMatchObject({ state: 'waiting', attempts: 1, lastError: 'no' });
      expect((await stores.outbox.counts()).waiting).toBe(1);
    });

    it('may wait for the very same time', async () => {
      const mark = await owe('a');

      await stores.outbox.settle(
        await row(mark),
        { state: 'waiting', attempts: 1, nextAttemptAt: mark.at },
        mark,
      );

      expect(await due()).toEqual([mark]);
    });

    it('refuses when somebody else settled it', async () => {
      const mark = await owe('a');
      const seen = await row(mark);
      await stores.outbox.settle(seen, { state: 'sent', attempts: 1 }, mark);

      const late = await stores.outbox.settle(seen, { state: 'dead', attempts: 9 }, mark);

      expect(late).toBe(false);
      expect(await row(mark)).toMatchObject({ state: 'sent', attempts: 1 });
      expect((await stores.outbox.counts()).dead).toBe(0);
    });

    it('counts what was not said, and no longer once it is sent again', async () => {
      const marks = [await owe('a'), await owe('b'), await owe('c')] as const;
      await stores.outbox.settle(await row(marks[0]), { state: 'dead', attempts: 5 }, marks[0]);
      await stores.outbox.settle(
        await row(marks[1]),
        { state: 'not-configured', attempts: 0 },
        marks[1],
      );
      expect(await stores.outbox.counts()).toEqual({ waiting: 1, 'not-configured': 1, dead: 1 });
      expect(await due()).toEqual([marks[2]]);

      const again = { alertId: marks[0].alertId, at: minutes(60) };
      await stores.outbox.settle(
        await row(again),
        { state: 'waiting', attempts: 0, nextAttemptAt: again.at },
        again,
      );
      const resent = { ...marks[1], at: minutes(70) };
      await stores.outbox.settle(await row(resent), { state: 'sent', attempts: 1 }, resent);

      expect(await stores.outbox.counts()).toEqual({ waiting: 2, 'not-configured': 0, dead: 0 });
      expect(await due()).toEqual([marks[2], again]);
    });

    it('names what was not said, at most so many, and no longer once it is owed again', async () => {
      const marks = [await owe('a'), await owe('b'), await owe('c')] as const;
      for (const mark of marks) {
        const state = mark === marks[2] ? 'not-configured' : 'dead';
        await stores.outbox.settle(await row(mark), { state, attempts: 1 }, mark);
      }
      const dead = [marks[0].alertId, marks[1].alertId].sort();

      expect([...(await stores.outbox.unsaid('dead', 10))].sort()).toEqual(dead);
      expect(await stores.outbox.unsaid('dead', 1)).toHaveLength(1);
      expect(await stores.outbox.unsaid('not-configured', 10)).toEqual([marks[2].alertId]);

      const again = { alertId: marks[0].alertId, at: minutes(60) };
      const outcome = { state: 'waiting', attempts: 0, nextAttemptAt: again.at } as const;
      await stores.outbox.settle(await row(again), outcome, again);

      expect(await stores.outbox.unsaid('dead', 10)).toEqual([marks[1].alertId]);
    });

    it('plans one digest, and shows it whatever is due', async () => {
      const mark = await owe('a', minutes(10));
      const other = await owe('b', minutes(20));
      const digest = { id: 'digest-1', alertIds: [other.alertId, mark.alertId] };

      expect(await stores.outbox.plan(digest)).toBe(true);
      expect(await stores.outbox.plan({ id: 'digest-2', alertIds: [mark.alertId] })).toBe(false);

      const plan = { ...digest, etag: expect.any(String) as string };
      expect(await stores.outbox.due(minutes(9), 10)).toEqual({ marks: [], plan });
      expect(await stores.outbox.due(LATER, 1)).toEqual({ marks: [mark], plan });
      expect(await stores.outbox.due(LATER, 2)).toEqual({ marks: [mark, other], plan });
      expect((await stores.outbox.counts()).waiting).toBe(2);
    });

    it('removes a plan, and none that has taken its place', async () => {
      const digest = { id: 'digest-1', alertIds: ['a'] };
      await stores.outbox.plan(digest);
      const first = (await stores.outbox.due(LATER, 1)).plan!;

      await stores.outbox.unplan(first);
      expect(await stores.outbox.due(LATER, 1)).toEqual({ marks: [] });

      await stores.outbox.plan(digest);
      await stores.outbox.unplan(first);
      const second = (await stores.outbox.due(LATER, 1)).plan!;
      expect(second).toMatchObject(digest);
      await stores.outbox.unplan(second);
      await stores.outbox.unplan(second);
      expect(await stores.outbox.plan({ ...digest, id: 'digest-2' })).toBe(true);
    });

    it('keeps a plan of as many alerts as a run looks at', async () => {
      const alertIds = Array.from({ length: 1_000 }, (_, i) => `${MARY}-${'0'.repeat(12)}-${i}`);

      await stores.outbox.plan({ id: 'digest-1', alertIds });

      expect((await stores.outbox.due(LATER, 1)).plan?.alertIds).toEqual(alertIds);
    });

    it('drops the mark of what is settled', async () => {
      const mark = await owe('a');
      const elsewhere = { ...mark, at: minutes(11) };
      await stores.outbox.settle(await row(mark), { state: 'sent', attempts: 1 }, elsewhere);
      expect(await due()).toEqual([mark]);

      await stores.outbox.drop(mark);
      await stores.outbox.drop(mark);

      expect(await due()).toEqual([]);
    });

    it('keeps the mark of an alert that still waits: it was committed after the mark was found', async () => {
      const mark = await owe('a');

      await stores.outbox.drop(mark);

      expect(await due()).toEqual([mark]);
    });
  });
}
