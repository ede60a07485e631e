import type { Instant } from '../../shared/domain/time';
import type { Finding } from '../../shared/domain/findings/finding';
import { noticeId, noticeSeries, type Notice } from '../../shared/domain/findings/notice';
import type { OutboxRow, SendMark } from '../../shared/pipeline/ports/outbox';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { ending, finding, minutes, opening, timeline, type MakeStores } from './samples';

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
      return { alertId: change.alert.id, channel: 'teams', at, form: 'card' };
    };
    const row = async ({ alertId }: SendMark): Promise<OutboxRow> =>
      (await stores.outbox.read(alertId))[0]!;
    const due = async (now: Instant = LATER, max = 100): Promise<readonly SendMark[]> =>
      stores.outbox.due(now, max);
    const settled = { refusals: [] } as const;

    it('owes nothing at first', async () => {
      expect(await due()).toEqual([]);
      expect(await stores.outbox.undelivered('dead', 9)).toEqual([]);
    });

    it.each(['', '-', 'x', 'a-b-c', `${MARY}-abc`, `${MARY}-abc-`, `${MARY}--1`, "'-/-#"])(
      'knows no alert "%s"',
      async (id) => {
        expect(await stores.outbox.read(id)).toEqual([]);
      },
    );

    it('gives the oldest marks first, at most so many, none before its time', async () => {
      const [third, first, second] = [
        await owe('a', minutes(30)),
        await owe('b', minutes(10)),
        await owe('c', minutes(20)),
      ];

      expect(await due()).toEqual([first, second, third]);
      expect(await due(LATER, 2)).toEqual([first, second]);
      expect(await due(minutes(20))).toEqual([first, second]);
      expect(await due(minutes(9))).toEqual([]);
    });

    it('owes a notice once, whatever its time, and none of another kind', async () => {
      const notice = (at: Instant): Notice => ({
        ...{ id: noticeId('first-start', 'tenant', at), form: 'notice', kind: 'first-start' },
        ...{ title: 'The watch is on', lines: ['The audit log is read.'] },
      });
      const first = notice(minutes(10));

      expect(await stores.outbox.announceOnce(first, minutes(11))).toBe(true);
      expect(await stores.outbox.announceOnce(first, minutes(12))).toBe(false);
      expect(await stores.outbox.announceOnce(notice(minutes(13)), minutes(13))).toBe(false);

      const { id: alertId, form } = first;
      expect(await due()).toEqual([{ alertId, channel: 'teams', at: minutes(11), form }]);
      const [owed] = await stores.outbox.read(alertId);
      expect(owed).toMatchObject({ alert: first, channel: 'teams', state: 'waiting' });
      const seen = await stores.outbox.look(noticeSeries('first-start', 'tenant'), 'teams', 1);
      expect(seen).toMatchObject({ finding: undefined, alerts: [owed] });
    });

    describe('looks at a finding', () => {
      let mark: SendMark;
      let first: Finding;
      beforeEach(async () => {
        const change = opening(finding(MARY, 'a'), minutes(10));
        await stores.findings.commit(change, undefined);
        const { etag } = (await stores.findings.find(change.finding.id))!;
        const end = ending(change.finding, minutes(20));
        await stores.findings.commit(end, etag);
        first = end.finding;
        mark = { alertId: change.alert.id, channel: 'teams', at: minutes(10), form: 'card' };
        await owe('b');
      });

      it('with all its alerts, the oldest first, and nothing of its neighbours', async () => {
        const {
          finding: found,
          alerts,
          unreadable,
        } = await stores.outbox.look(first.id, 'teams', 1);

        expect(found).toEqual(first);
        expect(alerts).toEqual([await row(mark), await row({ ...mark, alertId: `${first.id}-2` })]);
        expect(unreadable.size).toBe(0);
      });

      it('from a transition on', async () => {
        const { finding: found, alerts } = await stores.outbox.look(first.id, 'teams', 2);

        expect(found).toEqual(first);
        expect(alerts.map(({ alert }) => alert.id)).toEqual([`${first.id}-2`]);
      });

      it('over one channel only', async () => {
        expect((await stores.outbox.look(first.id, 'pager', 1)).alerts).toEqual([]);
      });

      it('that is not there', async () => {
        expect(await stores.outbox.look(`${MARY}-000000000000`, 'teams', 1)).toEqual({
          ...{ finding: undefined, alerts: [], unreadable: new Map() },
        });
      });
    });

    describe('lets one claim an alert', () => {
      it('and counts the attempt', async () => {
        const mark = await owe('a');

        const claimed = await stores.outbox.claim(await row(mark), { until: minutes(15) });

        expect(claimed).toMatchObject({ state: 'sending', attempts: 1, sendingUntil: minutes(15) });
        expect(await row(mark)).toEqual(claimed);
        expect(await due()).toEqual([mark]);
      });

      it('and nobody who has seen it before that', async () => {
        const mark = await owe('a');
        const seen = await row(mark);
        const claimed = await stores.outbox.claim(seen, { until: minutes(15) });

        expect(await stores.outbox.claim(seen, { until: minutes(16) })).toBeUndefined();
        expect(await stores.outbox.settle(seen, { state: 'dead', ...settled })).toBe(false);

        expect(await row(mark)).toEqual(claimed);
      });

      it('who alone settles it then', async () => {
        const mark = await owe('a');
        const claimed = await stores.outbox.claim(await row(mark), { until: minutes(15) });

        expect(await stores.outbox.settle(claimed!, { state: 'sent', ...settled })).toBe(true);

        const { sendingUntil, ...sent } = await row(mark);
        expect([sendingUntil, sent]).toEqual([
          undefined,
          expect.objectContaining({ state: 'sent' }),
        ]);
        expect(await stores.outbox.settle(claimed!, { state: 'dead', ...settled })).toBe(false);
      });

      it('for a digest, or no longer for one', async () => {
        const mark = await owe('a');
        const until = minutes(15);
        const claimed = await stores.outbox.claim(await row(mark), { until, digestId: 'digest-1' });
        expect(await row(mark)).toMatchObject({ digestId: 'digest-1' });

        await stores.outbox.settle(claimed!, {
          ...{ state: 'waiting', refusals: [], nextAttemptAt: minutes(20) },
        });
        expect(await row(mark)).toMatchObject({ digestId: 'digest-1', nextAttemptAt: minutes(20) });

        const again = await stores.outbox.claim(await row(mark), { until });
        expect([again?.digestId, again?.nextAttemptAt]).toEqual([undefined, undefined]);
      });

      it('with what is known of the attempts before, until somebody resends it', async () => {
        const mark = await owe('a');
        const claim = { until: minutes(15), digestId: 'digest-1', mayHaveArrived: true } as const;
        await stores.outbox.claim(await row(mark), claim);
        const claimed = await row(mark);
        expect(claimed).toMatchObject({ mayHaveArrived: true });

        await stores.outbox.settle(claimed, { state: 'dead', refusals: [] });
        await stores.outbox.requeue(await row(mark), minutes(60));

        const { digestId, mayHaveArrived } = await row(mark);
        expect([digestId, mayHaveArrived]).toEqual([undefined, undefined]);
      });
    });

    it('keeps why attempts failed', async () => {
      const mark = await owe('a');
      const refusals = [
        { at: minutes(11), outcome: 'later', code: '503', reason: 'no "answer"\n' } as const,
      ];

      await stores.outbox.settle(await row(mark), {
        ...{ state: 'waiting', refusals, nextAttemptAt: minutes(12) },
      });

      expect(await row(mark)).toMatchObject({ state: 'waiting', refusals });
    });

    describe('releases marks', () => {
      it('for good', async () => {
        const [mark, other] = [await owe('a'), await owe('b')];

        await stores.outbox.release([{ mark, state: 'sent' }]);
        await stores.outbox.release([{ mark, state: 'sent' }]);
        await stores.outbox.release([]);

        expect(await due()).toEqual([other]);
      });

      it('until later, also for the very same time', async () => {
        const [mark, other] = [await owe('a'), await owe('b')];

        await stores.outbox.release([
          { mark, next: minutes(15) },
          { mark: other, next: other.at },
        ]);

        expect(await due(minutes(14))).toEqual([other]);
        expect(await due(minutes(15))).toEqual([other, { ...mark, at: minutes(15) }]);
      });

      it('also when one of them is gone already, and one comes twice', async () => {
        const [mark, other, third] = [await owe('a'), await owe('b'), await owe('c')];
        await stores.outbox.release([{ mark }]);

        await stores.outbox.release([
          { mark, state: 'dead' },
          { mark: other, next: minutes(30) },
          { mark: third },
          { mark: third },
        ]);

        expect(await due()).toEqual([{ ...other, at: minutes(30) }]);
        expect(await stores.outbox.undelivered('dead', 9)).toHaveLength(1);
      });

      it('of as many alerts as a run looks at', async () => {
        const marks: SendMark[] = [];
        for (let i = 0; i < 120; i++) {
          marks.push(await owe(`x${i}`));
        }

        await stores.outbox.release(
          marks.map((mark, i) => ({ mark, ...(i % 2 === 0 && { state: 'dead' as const }) })),
        );

        expect(await due(LATER, 1_000)).toEqual([]);
        expect(await stores.outbox.undelivered('dead', 1_000)).toHaveLength(60);
      });
    });

    it('names what was not said, at most so many, and no longer once it is owed again', async () => {
      const marks = [await owe('a'), await owe('b'), await owe('c')] as const;
      for (const mark of marks) {
        const state = mark === marks[2] ? 'not-configured' : 'dead';
        await stores.outbox.settle(await row(mark), { state, refusals: [] });
        await stores.outbox.release([{ mark, state }]);
      }
      const named = marks.map(({ alertId, channel }) => ({ alertId, channel }));
      const dead = named.slice(0, 2).toSorted((a, b) => (a.alertId < b.alertId ? -1 : 1));

      expect(await stores.outbox.undelivered('dead', 10)).toEqual(dead);
      expect(await stores.outbox.undelivered('dead', 1)).toEqual(dead.slice(0, 1));
      expect(await stores.outbox.undelivered('not-configured', 10)).toEqual([named[2]]);
      expect(await due()).toEqual([]);

      const seen = await row(marks[0]);
      expect(await stores.outbox.requeue(seen, minutes(60))).toBe(true);
      expect(await stores.outbox.requeue(seen, minutes(60))).toBe(false);

      expect(await stores.outbox.undelivered('dead', 10)).toEqual([named[1]]);
      expect(await due()).toMatchObject([{ alertId: marks[0].alertId, at: minutes(60) }]);
      expect(await row(marks[0])).toMatchObject({ state: 'waiting', attempts: 0, refusals: [] });
    });

    describe('gathers marks under a digest', () => {
      const digest = { id: 'digest-1', until: minutes(60) };

      it('where they come first, whatever their time', async () => {
        const [mark, other] = [await owe('a', minutes(30)), await owe('b', minutes(10))];

        expect(await stores.outbox.gather([mark], digest)).toEqual([{ ...mark, digest }]);

        expect(await due()).toEqual([{ ...mark, digest }, other]);
        expect(await due(LATER, 1)).toEqual([{ ...mark, digest }, other]);
      });

      it('once: who comes later gets none', async () => {
        const marks = [await owe('a'), await owe('b')];
        await stores.outbox.gather(marks.slice(0, 1), digest);

        expect(await stores.outbox.gather(marks, { ...digest, id: 'digest-2' })).toEqual([]);

        expect(await due()).toEqual([{ ...marks[0], digest }, marks[1]]);
      });

      it('again, for who finishes what another has begun', async () => {
        const mark = await owe('a');
        const gathered = await stores.outbox.gather([mark], digest);
        const longer = { ...digest, until: minutes(90) };

        expect(await stores.outbox.gather(gathered, longer)).toEqual([{ ...mark, digest: longer }]);
        expect(await stores.outbox.gather(gathered, { ...digest, until: minutes(91) })).toEqual([]);

        expect(await due()).toEqual([{ ...mark, digest: longer }]);
      });

      it('for good, until its next attempt', async () => {
        const marks = [await owe('b'), await owe('a')]; // in the order of their ids
        const gathered = await stores.outbox.gather(marks, digest);
        const putOff = { ...digest, until: minutes(90), isPutOff: true } as const;

        await stores.outbox.release(gathered.map((mark) => ({ mark, digest: putOff })));

        const held = marks.map((mark) => ({ ...mark, digest: putOff }));
        expect(await due()).toEqual(held);
        const again = { ...digest, until: minutes(95) };
        expect(await stores.outbox.gather(held, again)).toEqual(
          marks.map((mark) => ({ ...mark, digest: again })),
        );
        expect(await due()).toEqual(marks.map((mark) => ({ ...mark, digest: again })));
      });

      it('and puts one back that lost its place', async () => {
        const mark = await owe('a');

        await stores.outbox.release([{ mark, digest }]);

        expect(await due()).toEqual([{ ...mark, digest }]);
      });

      it('and frees them again', async () => {
        const mark = await owe('a');
        const [gathered] = await stores.outbox.gather([mark], digest);

        await stores.outbox.release([{ mark: gathered!, next: mark.at }]);

        expect(await due()).toEqual([mark]);
      });

      it('as many as a run looks at, but those that somebody else has dealt with', async () => {
        const marks: SendMark[] = [];
        for (let i = 0; i < 70; i++) {
          marks.push(await owe(`x${i}`));
        }
        await stores.outbox.release([{ mark: marks[40]! }]);

        const gathered = await stores.outbox.gather(marks, digest);

        expect(gathered.map(({ alertId }) => alertId)).toEqual(
          [...marks.slice(0, 33), ...marks.slice(66)].map(({ alertId }) => alertId),
        );
        expect((await due(LATER, 1_000)).filter((mark) => mark.digest !== undefined)).toHaveLength(
          gathered.length,
        );
      });
    });
  });
}
