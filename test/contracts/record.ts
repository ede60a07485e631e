import { noticeId } from '../../shared/domain/findings/notice';
import { extendCoverage } from '../fakes/cover';
import {
  EMPTY_CHAIN,
  finished,
  nextEntry,
  type Purge,
  type Seal,
} from '../../shared/domain/audit-trail/entries';
import type { Signal } from '../../shared/domain/findings/signal';
import {
  stepAdding,
  stepEnding,
  type RuleStep,
  type SuppressionRule,
} from '../../shared/domain/findings/suppression';
import { DAY, plus, type Instant } from '../../shared/domain/time';
import type { StepRef } from '../../shared/pipeline/ports/rule-store';
import type { Stores } from '../../shared/pipeline/ports/stores';
import {
  collect,
  ending,
  finding,
  HOSTILE,
  minutes,
  opening,
  signal,
  timeline,
  windowReport,
  type MakeStores,
  unreadableRow,
} from './samples';
import { putAlert } from '../fakes/put-alert';

const MARY = timeline('Mary');
const EVE = timeline('Eve');

export const RULE: SuppressionRule = {
  ...{ kind: 'suppression', id: 'aaaaaaaaaaaa', scope: { subjectId: 'user-1' }, owner: 'olga' },
  ...{ reason: 'known', createdBy: 'olga', createdAt: minutes(0), expiresAt: minutes(999) },
};

const SEAL: Seal = {
  ...{ kind: 'seal', day: '2026-01-31', part: 1, isLast: true },
  ...{ findings: [{ id: 'x-y', sequence: 1, head: 'h' }], rules: [], coverage: {} },
};
export const PURGE: Purge = {
  ...{ kind: 'purge', before: minutes(0), signalsBefore: minutes(0) },
  findings: [{ id: 'x-y', sequence: 1, head: 'h' }],
};

export function recordContract(make: MakeStores): void {
  describe('rules', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });

    it('has none at first', async () => {
      expect(await stores.rules.everyStep()).toEqual([]);
      expect(await stores.rules.current(minutes(0))).toEqual({ steps: [], unpropagated: [] });
    });

    const unpropagated = async (): Promise<readonly StepRef[]> =>
      (await stores.rules.current(minutes(0))).unpropagated;

    it('keeps every step, in order, and says which are not propagated', async () => {
      const added = stepAdding(RULE);
      const other = stepAdding({ ...RULE, id: 'bbbbbbbbbbbb' });
      const ended = stepEnding(added, { how: 'removed', at: minutes(5), by: 'olga', reason: 'x' });
      for (const step of [added, other, ended]) {
        expect(await stores.rules.add(step)).toBe(true);
      }

      expect(await stores.rules.everyStep()).toEqual([added, ended, other]);
      expect(await unpropagated()).toHaveLength(3);
      await stores.rules.markPropagated(added);
      await stores.rules.markPropagated(added);
      await stores.rules.markPropagated(other);
      await stores.rules.markPropagated({ ruleId: 'cccccccccccc', sequence: 1 });

      expect(await unpropagated()).toEqual([{ ruleId: RULE.id, sequence: 2 }]);
      expect(await stores.rules.everyStep()).toEqual([added, ended, other]);
    });

    it('refuses a step of a number that is there', async () => {
      const added = stepAdding(RULE);
      await stores.rules.add(added);
      await stores.rules.markPropagated(added);

      expect(await stores.rules.add({ ...added, by: 'mallory' })).toBe(false);

      expect(await stores.rules.everyStep()).toEqual([added]);
      expect(await unpropagated()).toEqual([]);
    });

    it('has at hand what has not ended, and what ended a short while ago', async () => {
      const added = stepAdding(RULE);
      const ended = stepEnding(added, { how: 'removed', at: minutes(5), by: 'olga' });
      const at = async (now: Instant): Promise<readonly RuleStep[]> =>
        (await stores.rules.current(now)).steps;
      await stores.rules.add(added);
      expect(await at(plus(minutes(0), 999 * DAY))).toEqual([added]);
      await stores.rules.markPropagated(added);
      expect(await at(plus(minutes(0), 999 * DAY))).toEqual([added]);

      await stores.rules.add(ended);
      const [soon, later] = [plus(minutes(5), 6 * DAY), plus(minutes(5), 8 * DAY)];
      expect(await at(soon)).toEqual([added, ended]);
      // The findings are to learn of it, however late.
      expect(await at(later)).toEqual([ended]);
      await stores.rules.markPropagated(ended);

      expect(await at(soon)).toEqual([added, ended]);
      expect(await at(later)).toEqual([]);
      expect(await stores.rules.everyStep()).toEqual([added, ended]);
    });

    it('has holds in the list of all alone', async () => {
      const { expiresAt: _e, ...rest } = RULE;
      const added = stepAdding({ ...rest, kind: 'hold' });
      const ended = stepEnding(added, { how: 'removed', at: minutes(5), by: 'olga' });
      await stores.rules.add(added);
      await stores.rules.add(ended);

      expect(await stores.rules.current(minutes(0))).toEqual({ steps: [], unpropagated: [] });
      expect(await stores.rules.everyStep()).toEqual([added, ended]);
    });

    it('takes many at once, and an end beside a step that is propagated', async () => {
      const steps = [0, 1, 2, 3].map((n) => stepAdding({ ...RULE, id: `${n}aaaaaaaaaaa` }));

      const added = await Promise.all(steps.map((step) => stores.rules.add(step)));
      const ends = steps.map((step) =>
        stepEnding(step, { how: 'removed', at: minutes(5), by: 'olga' }),
      );
      const both = await Promise.all([
        ...ends.map((end) => stores.rules.add(end)),
        ...steps.map((step) => stores.rules.markPropagated(step)),
      ]);

      expect(added).toEqual([true, true, true, true]);
      expect(both.slice(0, 4)).toEqual([true, true, true, true]);
      expect((await stores.rules.current(minutes(6))).steps).toHaveLength(8);
      expect(await unpropagated()).toHaveLength(4);
    });

    it('keeps texts as they are, whatever they hold', async () => {
      const reason = HOSTILE.filter((text) => text.isWellFormed()).join('|');
      const step = stepAdding({ ...RULE, scope: { subjectId: reason }, reason });
      await stores.rules.add(step);

      expect(await stores.rules.everyStep()).toEqual([step]);
    });
  });

  describe('the chain of the record', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });

    it('is empty at first', async () => {
      expect(await stores.chain.head()).toEqual({ head: EMPTY_CHAIN, etag: undefined });
      expect(await stores.chain.entry(1)).toBeUndefined();
    });

    it('writes an entry with the head, and the head alone', async () => {
      const seal = nextEntry(EMPTY_CHAIN, SEAL, minutes(1));
      expect(await stores.chain.write(seal.head, undefined, seal.entry)).toBe(true);
      const purge = nextEntry(seal.head, PURGE, minutes(2));
      const { etag } = await stores.chain.head();
      expect(await stores.chain.write(purge.head, etag, purge.entry)).toBe(true);
      const last = await stores.chain.head();
      expect(last.head).toEqual({ ...purge.head, unfinished: 2 });

      expect(await stores.chain.write(finished(last.head), last.etag)).toBe(true);

      expect(await stores.chain.entry(1)).toEqual(seal.entry);
      expect(await stores.chain.entry(2)).toEqual(purge.entry);
      expect((await stores.chain.head()).head.unfinished).toBeUndefined();
    });

    it('lets one of two writers win', async () => {
      const both = [minutes(1), minutes(2)].map((at) => nextEntry(EMPTY_CHAIN, SEAL, at));

      const won = await Promise.all(
        both.map(({ head, entry }) => stores.chain.write(head, undefined, entry)),
      );

      expect(won.toSorted()).toEqual([false, true]);
      expect(await stores.chain.entry(1)).toEqual(both[won.indexOf(true)]!.entry);
    });

    it('refuses who has an older head', async () => {
      const first = nextEntry(EMPTY_CHAIN, SEAL, minutes(1));
      await stores.chain.write(first.head, undefined, first.entry);
      const { etag } = await stores.chain.head();
      await stores.chain.write({ ...first.head, copied: 1 }, etag);
      const next = nextEntry(first.head, PURGE, minutes(2));

      expect(await stores.chain.write(next.head, etag, next.entry)).toBe(false);
      expect(await stores.chain.write(next.head, undefined, next.entry)).toBe(false);

      expect(await stores.chain.entry(2)).toBeUndefined();
    });
  });

  describe('removing', () => {
    let stores: Stores;
    beforeEach(() => {
      stores = make();
    });

    it('finds findings by when they last moved', async () => {
      for (const [i, anchor] of ['a', 'b', 'c'].entries()) {
        await stores.findings.commit(opening(finding(MARY.id, anchor), minutes(i)), undefined);
      }
      const moved = async (from: number, to: number): Promise<string[]> => {
        const found = stores.findings.movedBetween(minutes(from), minutes(to));
        return (await collect(found)).map((each) => each.anchor.key).sort();
      };

      expect(await moved(0, 2)).toEqual(['a', 'b']);
      expect(await moved(2, 99)).toEqual(['c']);
      expect(await moved(3, 99)).toEqual([]);
    });

    it('purges a finding with its history and its alerts, and nothing else', async () => {
      const other = opening(finding(MARY.id, 'other'));
      await stores.findings.commit(other, undefined);
      const first = opening(finding(MARY.id));
      await stores.findings.commit(first, undefined);
      const { id } = first.finding;
      const last = ending(first.finding);
      await stores.findings.commit(last, (await stores.findings.find(id))?.etag);
      const { sequence, head } = last.finding;

      expect(await stores.findings.purge({ id, sequence: 1, head: first.finding.head })).toBe(
        false,
      );
      expect(await stores.findings.history(id)).toHaveLength(2);
      expect(await stores.findings.purge({ id, sequence, head })).toBe(true);
      expect(await stores.findings.purge({ id, sequence, head })).toBe(true);

      expect(await stores.findings.find(id)).toBeUndefined();
      expect(await stores.findings.history(id)).toEqual([]);
      expect(await stores.outbox.read(first.alert.id)).toEqual([]);
      expect(await stores.findings.readTimeline(MARY.id)).toHaveLength(1);
      expect(await stores.findings.history(other.finding.id)).toEqual([other.transition]);
      expect(await stores.outbox.read(other.alert.id)).toHaveLength(1);
    });

    it('purges the marks of its alerts, and no others', async () => {
      const alertOf = async (anchor: string): Promise<string> => {
        const change = opening(finding(MARY.id, anchor), minutes(10));
        await stores.findings.commit(change, undefined);
        return change.alert.id;
      };
      const ids = [await alertOf('a'), await alertOf('b'), await alertOf('c'), await alertOf('d')];
      await putAlert(stores.outbox, ids[0]!, 'dead');
      await putAlert(stores.outbox, ids[1]!, 'not-configured');
      await putAlert(stores.outbox, ids[3]!, 'dead');

      for (const alertId of ids.slice(0, 3)) {
        const { id, sequence, head } = (await stores.findings.find(
          alertId.slice(0, alertId.lastIndexOf('-')),
        ))!.finding;
        await stores.findings.purge({ id, sequence, head });
      }

      expect(await stores.outbox.undelivered('not-configured', 9)).toEqual([]);
      expect(await stores.outbox.undelivered('dead', 9)).toMatchObject([{ alertId: ids[3] }]);
      expect(await stores.outbox.due(minutes(999), 9)).toEqual([]);
    });

    it('purges a long history', async () => {
      const first = opening(finding(MARY.id));
      await stores.findings.commit(first, undefined);
      const { id } = first.finding;
      let { finding: stored } = first;
      for (let i = 0; i < 120; i++) {
        const open = { ...stored, status: 'open' as const, verdict: { state: 'open' as const } };
        const next = ending(open, minutes(20 + i));
        await stores.findings.commit(next, (await stores.findings.find(id))?.etag);
        stored = next.finding;
      }

      await stores.findings.purge({ id, sequence: stored.sequence, head: stored.head });

      expect(await stores.findings.history(id)).toEqual([]);
    });

    describe('of signals', () => {
      const [january, february] = [minutes(0), minutes(60)];
      const merge = (of: typeof MARY, ...fresh: Signal[]): Promise<unknown> =>
        stores.signals.merge([{ timeline: of, signals: fresh }], { join: {} });
      const keys = async (of: typeof MARY): Promise<string[]> =>
        (await stores.signals.read(of.id)).signals.map(({ key }) => key).sort();
      const nobody = (): Promise<boolean> => Promise.resolve(false);

      it('removes whole months, and says up to when', async () => {
        await merge(MARY, signal('a', january), signal('b', february));
        await merge(EVE, signal('a', january));
        expect(await stores.signals.purgedBefore()).toBeUndefined();

        await stores.signals.purgeBefore(january, nobody);
        expect(await keys(MARY)).toEqual(['a', 'b']);
        await stores.signals.purgeBefore(february, nobody);
        await stores.signals.purgeBefore(february, nobody);

        expect(await stores.signals.purgedBefore()).toBe(february);
        expect(await keys(MARY)).toEqual(['b']);
        expect(await keys(EVE)).toEqual([]);
        expect(await collect(stores.signals.timelinesOf(MARY.detector))).toEqual([MARY]);
      });

      it('goes through many', async () => {
        const crowd = Array.from({ length: 150 }, (_, i) => timeline(`user ${i}`));
        await stores.signals.merge(
          crowd.map((of, i) => ({
            timeline: of,
            signals: [signal('a', january), ...(i % 2 === 0 ? [signal('b', february)] : [])],
          })),
          { join: {} },
        );

        await stores.signals.purgeBefore(february, nobody);

        expect(await collect(stores.signals.timelinesOf(MARY.detector))).toHaveLength(75);
      });

      it('keeps the head of a timeline that still has findings', async () => {
        await merge(MARY, signal('a', january));
        await merge(EVE, signal('a', january));
        for (const each of [MARY, EVE]) {
          await stores.signals.flagFindings([
            { timeline: each, stored: await stores.signals.read(each.id) },
          ]);
        }

        await stores.signals.purgeBefore(february, (id) => Promise.resolve(id === EVE.id));

        expect(await collect(stores.signals.timelinesOf(MARY.detector))).toEqual([EVE]);
        expect(await stores.signals.read(EVE.id)).toMatchObject({ hasFindings: true, signals: [] });
      });

      it('takes signals again of a timeline that was removed', async () => {
        await merge(MARY, signal('a', january));
        await stores.signals.purgeBefore(february, nobody);

        await merge(MARY, signal('b', february));

        expect(await keys(MARY)).toEqual(['b']);
        expect(await stores.signals.read(MARY.id)).toMatchObject({ isDirty: true });
      });
    });

    it('drops the ledger and the quarantine before a time', async () => {
      const [old, young] = [
        windowReport(minutes(0), minutes(10)),
        windowReport(minutes(10), minutes(20)),
      ];
      await extendCoverage(stores.coverage, 'signIns', old, ['a'], old);
      await extendCoverage(stores.coverage, 'signIns', young, ['a'], young);
      await stores.quarantine.add([unreadableRow('x')]);
      const [before, later] = [young.readAt, plus(minutes(0), DAY)];
      expect(await stores.coverage.hasLedgerBefore(old.readAt)).toBe(false);
      expect(await stores.coverage.hasLedgerBefore(before)).toBe(true);
      expect(await stores.quarantine.hasBefore(minutes(10))).toBe(false);
      expect(await stores.quarantine.hasBefore(later)).toBe(true);

      await stores.coverage.dropLedgerBefore(before);
      await stores.quarantine.dropBefore(later);

      expect(await stores.coverage.hasLedgerBefore(before)).toBe(false);
      expect(await stores.coverage.hasLedgerBefore(plus(before, 1))).toBe(true);
      expect(await stores.quarantine.hasBefore(later)).toBe(false);
      const all = { from: minutes(0), to: plus(later, DAY) };
      expect(await collect(stores.coverage.ledger('signIns', all))).toEqual([young]);
    });
  });

  describe('the rows of the record', () => {
    it('hands them out as they lie, timeline by timeline', async () => {
      const stores = make();
      const changes = [finding(MARY.id, 'a'), finding(MARY.id, 'b'), finding(EVE.id, 'a')].map(
        (each) => opening(each),
      );
      for (const change of changes) {
        await stores.findings.commit(change, undefined);
      }
      const about = { form: 'notice', kind: 'first-start', title: 'On', lines: [] } as const;
      const id = noticeId('first-start', 'tenant', minutes(0));
      await stores.outbox.announceOnce({ ...about, id }, minutes(0)); // is of no finding
      await stores.rules.add(stepAdding(RULE));
      const { head, entry } = nextEntry(EMPTY_CHAIN, SEAL, minutes(1));
      await stores.chain.write(head, undefined, entry);

      const timelines = await collect(stores.rows.timelines());

      expect(timelines.map(({ id }) => id)).toEqual([MARY.id, EVE.id].sort());
      const rows = timelines.flatMap((each) => each.rows);
      const of = (kind: string): unknown[] =>
        rows
          .filter((row) => row.kind === kind)
          .map(({ id, sequence, value }) => ({ id, sequence, value }));
      expect(of('finding')).toHaveLength(3);
      expect(of('finding')).toEqual(
        expect.arrayContaining(
          changes.map(({ finding: { id } }) => expect.objectContaining({ id }) as object),
        ),
      );
      expect(of('history')).toEqual(
        expect.arrayContaining(
          changes.map(({ transition }) => ({
            ...{ id: transition.findingId, sequence: 1, value: transition },
          })),
        ),
      );
      expect(rows.filter((row) => row.stray !== undefined)).toEqual([]);
      expect(of('alert')).toEqual(
        expect.arrayContaining(
          changes.map(({ alert }) => ({
            ...{ id: alert.findingId, sequence: 1 },
            value: expect.objectContaining({ alert, channel: 'teams' }) as object,
          })),
        ),
      );
      expect((await stores.rows.timeline(EVE.id)).map(({ kind }) => kind).sort()).toEqual([
        'alert',
        'finding',
        'history',
      ]);
      expect((await stores.rows.rules()).filter(({ kind }) => kind === 'rule')).toMatchObject([
        { id: RULE.id, sequence: 1, value: stepAdding(RULE) },
      ]);
      expect((await collect(stores.rows.chain())).map(({ kind }) => kind).sort()).toEqual([
        'entry',
        'head',
      ]);
    });
  });
}
