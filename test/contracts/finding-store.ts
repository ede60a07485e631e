import { EMPTY_CHAIN, nextEntry } from '../../shared/domain/audit-trail/entries';
import { stepAdding } from '../../shared/domain/findings/suppression';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { PURGE, RULE } from './record';
import {
  collect,
  ending,
  finding,
  HOSTILE,
  minutes,
  opening,
  timeline,
  type MakeStores,
} from './samples';

const MARY = timeline('Mary').id;
const EVE = timeline('Eve').id;

export function findingStoreContract(make: MakeStores): void {
  describe('findings', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });
    const etagOf = async (id: string): Promise<string | undefined> =>
      (await stores.findings.find(id))?.etag;

    it('has none at first', async () => {
      const { id } = finding(MARY);

      expect(await stores.findings.readTimeline(MARY)).toEqual([]);
      expect(await stores.findings.find(id)).toBeUndefined();
      expect(await stores.findings.history(id)).toEqual([]);
      expect(await collect(stores.findings.all())).toEqual([]);
    });

    it.each(['', '-', 'no', `${MARY}-`, `-${MARY}`, 'a/b-c#d', '%-%', "'-'"])(
      'finds nothing under the id "%s"',
      async (id) => {
        expect(await stores.findings.find(id)).toBeUndefined();
        expect(await stores.findings.history(id)).toEqual([]);
      },
    );

    it('writes finding, history and alert together', async () => {
      const change = opening(finding(MARY));

      expect(await stores.findings.commit(change, undefined)).toBe(true);

      const etag = await etagOf(change.finding.id);
      expect(etag).toBeDefined();
      expect(await stores.findings.find(change.finding.id)).toEqual({
        finding: change.finding,
        etag,
      });
      expect(await stores.findings.readTimeline(MARY)).toEqual([{ finding: change.finding, etag }]);
      expect(await stores.findings.history(change.finding.id)).toEqual([change.transition]);
      const { alert, transition } = change;
      expect(await stores.outbox.read(alert.id)).toMatchObject([
        { alert, channel: 'teams', state: 'waiting', attempts: 0, createdAt: transition.at },
      ]);
      expect(await stores.outbox.due(transition.at, 10)).toEqual([
        { alertId: alert.id, channel: 'teams', at: transition.at, form: 'card' },
      ]);
    });

    it('writes a finding alone, without history', async () => {
      const { alert: _alert, ...change } = opening(finding(MARY));
      await stores.findings.commit(change, undefined);
      const next = { ...change.finding, count: 7 };

      expect(await stores.findings.commit({ finding: next }, await etagOf(next.id))).toBe(true);

      expect((await stores.findings.find(next.id))?.finding).toEqual(next);
      expect(await stores.findings.history(next.id)).toEqual([change.transition]);
      expect(await stores.outbox.due(minutes(999), 10)).toEqual([]);
    });

    it('drops what a finding no longer has', async () => {
      const change = opening(finding(MARY, 'a', { facts: { long: 'x'.repeat(90_000), a: 1 } }));
      await stores.findings.commit(change, undefined);
      const next = { ...change.finding, facts: { b: 2 } };

      await stores.findings.commit({ finding: next }, await etagOf(next.id));

      expect((await stores.findings.find(next.id))?.finding).toEqual(next);
    });

    it.each([
      { when: 'it is there and should not be', give: () => undefined },
      { when: 'it has changed', give: (etag: string) => etag },
    ])('refuses and writes nothing when $when', async ({ give }) => {
      const first = opening(finding(MARY));
      await stores.findings.commit(first, undefined);
      const seen = (await etagOf(first.finding.id))!;
      const changed = { ...first.finding, count: 2 };
      await stores.findings.commit({ finding: changed }, seen);
      const second = ending(first.finding);

      expect(await stores.findings.commit(second, give(seen))).toBe(false);
      expect(await stores.findings.commit({ finding: second.finding }, give(seen))).toBe(false);

      expect((await stores.findings.find(changed.id))?.finding).toEqual(changed);
      expect(await stores.findings.history(changed.id)).toEqual([first.transition]);
      expect(await stores.outbox.read(second.alert.id)).toEqual([]);
    });

    it('refuses when it should be there and is not', async () => {
      const other = opening(finding(MARY, 'other'));
      await stores.findings.commit(other, undefined);
      const change = opening(finding(MARY));

      const isWritten = await stores.findings.commit(change, await etagOf(other.finding.id));

      expect(isWritten).toBe(false);
      expect(await stores.findings.readTimeline(MARY)).toHaveLength(1);
    });

    it('lets one of two writers win', async () => {
      const changes = [finding(MARY), finding(MARY, 'anchor', { count: 2 })].map((each) =>
        opening(each),
      );

      const won = await Promise.all(
        changes.map((change) => stores.findings.commit(change, undefined)),
      );

      expect(won.toSorted()).toEqual([false, true]);
      const winner = changes[won.indexOf(true)]!;
      expect((await stores.findings.find(winner.finding.id))?.finding).toEqual(winner.finding);
      expect(await stores.findings.history(winner.finding.id)).toEqual([winner.transition]);
    });

    it('tells the history of one finding, oldest first', async () => {
      const other = opening(finding(MARY, 'other'));
      await stores.findings.commit(other, undefined);
      let { finding: last, transition, alert } = opening(finding(MARY));
      const told = [transition];
      await stores.findings.commit({ finding: last, transition, alert }, undefined);
      for (let round = 1; round < 12; round++) {
        const before = { ...last, status: 'open' as const, verdict: { state: 'open' as const } };
        ({ finding: last, transition, alert } = ending(before, minutes(10 + round)));
        told.push(transition);
        await stores.findings.commit({ finding: last, transition, alert }, await etagOf(last.id));
      }

      expect(await stores.findings.history(last.id)).toEqual(told);
    });

    it('keeps timelines apart and lists all findings', async () => {
      const changes = [
        ...[finding(MARY, 'a'), finding(MARY, 'b'), finding(EVE, 'a')].map((each) => opening(each)),
      ];
      for (const change of changes) {
        await stores.findings.commit(change, undefined);
      }

      const ids = (found: readonly { finding: { id: string } }[]): string[] =>
        found.map((each) => each.finding.id).sort();
      expect(ids(await stores.findings.readTimeline(MARY))).toEqual(ids(changes.slice(0, 2)));
      expect(ids(await stores.findings.readTimeline(EVE))).toEqual(ids(changes.slice(2)));
      expect((await collect(stores.findings.all())).map((each) => each.id).sort()).toEqual(
        ids(changes),
      );
    });

    it('hands out everything in order of the ids, histories with it', async () => {
      const timelines = Array.from({ length: 9 }, (_, i) => timeline(`Person ${i}`).id);
      const changes = timelines.flatMap((id) =>
        ['a', 'b', 'c'].map((anchor) => opening(finding(id, anchor))),
      );
      for (const change of changes) {
        await stores.findings.commit(change, undefined);
      }
      const [first] = changes as [(typeof changes)[0]];
      const ended = ending(first.finding);
      await stores.findings.commit(ended, await etagOf(first.finding.id));
      await stores.rules.add(stepAdding(RULE));
      const { head, entry } = nextEntry(EMPTY_CHAIN, PURGE, minutes(1));
      await stores.chain.write(head, undefined, entry);

      const pages = await collect(stores.findings.scan({ hasHistory: true }));

      const found = pages.flatMap((page) => page.found);
      const ids = changes.map((change) => change.finding.id).sort();
      expect(found.map((each) => each.finding.id)).toEqual(ids);
      for (const { finding: of, history } of found) {
        expect([of, history]).toEqual([
          (await stores.findings.find(of.id))!.finding,
          await stores.findings.history(of.id),
        ]);
      }
      expect(found.find((each) => each.finding.id === first.finding.id)?.history).toHaveLength(2);
      for (const { found: whole, upTo } of pages) {
        expect(whole.at(-1)?.finding.id.slice(0, 16)).toBe(upTo);
      }
      const middle = timelines.toSorted()[4]!;
      const rest = await collect(stores.findings.scan({ after: middle, hasHistory: false }));
      expect(rest.flatMap((page) => page.found)).toEqual(
        found
          .filter((each) => each.finding.id.slice(0, 16) > middle)
          .map((each) => ({ ...each, history: [] })),
      );
    });

    it('keeps names and long facts as they are', async () => {
      const facts = {
        all: HOSTILE.filter((text) => text.isWellFormed()),
        long: 'é'.repeat(40_000),
      };
      for (const [i, name] of HOSTILE.entries()) {
        const subject = { type: 'user' as const, id: name, name };
        const change = opening(finding(MARY, `anchor ${i} ${name}`, { subject, facts }));

        expect(await stores.findings.commit(change, undefined)).toBe(true);
        expect((await stores.findings.find(change.finding.id))?.finding).toEqual(change.finding);
      }

      expect(await stores.findings.readTimeline(MARY)).toHaveLength(HOSTILE.length);
    });
  });
}
