import { isIntact } from '../../../shared/domain/hash-chain';
import { withAct, withVerdict, type Finding } from '../../../shared/domain/findings/finding';
import { judge } from '../../../shared/domain/findings/judge';
import {
  isHold,
  isInForce,
  isSuppression,
  rulesOf,
  matches,
  stepAdding,
  stepEnding,
  suppressionOf,
  type Hold,
  type RuleScope,
  type SuppressionRule,
} from '../../../shared/domain/findings/suppression';
import { finding as sample, minutes, timeline } from '../../contracts/samples';
import { answering, READ, resolved, stated } from '../../fakes/answers';

const RULE: SuppressionRule = {
  ...{ kind: 'suppression', id: 'r1', scope: { subjectId: 'id of Mary' }, owner: 'olga' },
  ...{ reason: 'known', createdBy: 'olga', createdAt: minutes(0), expiresAt: minutes(100) },
};
const HOLD: Hold = {
  ...{ kind: 'hold', id: 'h1', scope: { findingId: 'x' }, owner: 'law', reason: 'case 7' },
  ...{ createdBy: 'law', createdAt: minutes(1) },
};
const NOW = minutes(50);
const finding = (over: Partial<Finding> = {}): Finding =>
  sample(timeline('Mary').id, 'a', { facts: { device: 'd1', n: 2, tags: ['x', 'y'] }, ...over });

describe('shared/domain/findings/suppression', () => {
  it('makes rules of their steps', () => {
    const added = stepAdding(RULE);
    const ended = stepEnding(added, { how: 'removed', at: minutes(9), by: 'eve', reason: 'over' });
    const expired = stepEnding(stepAdding({ ...RULE, id: 'r0' }), {
      ...{ how: 'expired', at: minutes(100), by: 'crosscheck' },
    });

    const rules = rulesOf([
      ended,
      expired,
      stepAdding(HOLD),
      added,
      stepAdding({ ...RULE, id: 'r0' }),
    ]);

    expect(rules).toEqual([
      { ...RULE, id: 'r0', ended: { how: 'expired', at: minutes(100), by: 'crosscheck' } },
      { ...RULE, ended: { how: 'removed', at: minutes(9), by: 'eve', reason: 'over' } },
      HOLD,
    ]);
    expect([added, ended, expired].every(isIntact)).toBe(true);
    expect(ended.previous).toBe(added.hash);
    expect(rules.filter(isSuppression)).toHaveLength(2);
    expect(rules.filter(isHold)).toEqual([HOLD]);
    expect(rulesOf([ended])).toEqual([]);
  });

  it('holds until its date or its end; a hold until its end', () => {
    const ended = { how: 'removed', at: minutes(1), by: 'eve' } as const;

    expect(isInForce(RULE, minutes(99))).toBe(true);
    expect(isInForce(RULE, minutes(100))).toBe(false);
    expect(isInForce({ ...RULE, ended }, minutes(1))).toBe(false);
    expect(isInForce(HOLD, minutes(9_999))).toBe(true);
    expect(isInForce({ ...HOLD, ended }, minutes(2))).toBe(false);
  });

  it.each<[string, RuleScope, boolean]>([
    ['everything about a subject', { subjectId: 'id of Mary' }, true],
    ['another subject', { subjectId: 'user-2' }, false],
    ['a detector', { detector: 'some-detector' }, true],
    ['another detector', { detector: 'x', subjectId: 'id of Mary' }, false],
    ['another finding', { findingId: 'x' }, false],
    ['a fact', { facts: { device: 'd1' } }, true],
    ['a number', { facts: { n: 2 } }, true],
    ['a number as text', { facts: { n: '2' } }, false],
    ['one of several', { facts: { tags: 'y' } }, true],
    ['a whole list', { facts: { tags: ['x', 'y'] } }, true],
    ['another list', { facts: { tags: ['x'] } }, false],
    ['a fact that is not there', { facts: { other: 'd1' } }, false],
    ['one fact that is so and one that is not', { facts: { device: 'd1', n: 3 } }, false],
  ])('speaks of %s', (_what, scope, expected) => {
    expect(matches({ ...RULE, scope }, finding())).toBe(expected);
  });

  describe('the rule of a finding', () => {
    const flagged = finding({ suppressed: { rule: 'r1' } });
    const other = { ...RULE, id: 'r2' };
    const ended = { how: 'removed', at: minutes(1), by: 'eve' } as const;
    const closed = { status: 'resolved', resolution: 'done' } as const;

    it.each<[string, readonly SuppressionRule[], Finding | undefined, Finding, object]>([
      ['none', [], undefined, finding(), {}],
      [
        'the first that fits',
        [RULE, other],
        undefined,
        finding(),
        { rule: 'r1', why: 'rule r1 of olga: known' },
      ],
      ['the one that it has', [other, RULE], flagged, flagged, { rule: 'r1' }],
      [
        'another when its own has ended',
        [{ ...RULE, ended }, other],
        flagged,
        flagged,
        { rule: 'r2' },
      ],
      [
        'none when it has expired',
        [{ ...RULE, expiresAt: NOW }],
        flagged,
        flagged,
        { why: 'rule r1 does not speak of it any more' },
      ],
      [
        'none when it was removed, and says by whom',
        [{ ...RULE, ended }],
        flagged,
        flagged,
        { why: 'rule r1 was removed by eve' },
      ],
      [
        'none when it was removed, and says why',
        [{ ...RULE, ended: { ...ended, reason: 'over' } }],
        flagged,
        flagged,
        { why: 'rule r1 was removed by eve: over' },
      ],
      [
        'none when it is over',
        [{ ...RULE, ended: { ...ended, how: 'expired' } }],
        flagged,
        flagged,
        { why: 'rule r1 has expired' },
      ],
      ['none anew for what is resolved', [RULE], finding(), finding(closed), {}],
      ['its own while it is resolved', [RULE], flagged, { ...flagged, ...closed }, { rule: 'r1' }],
      ['one for what is first seen resolved', [RULE], undefined, finding(closed), { rule: 'r1' }],
    ])('is %s', (_what, rules, stored, next, expected) => {
      const { rule, why } = suppressionOf(rules, stored, next, NOW);

      expect({ rule, why }).toMatchObject(expected);
      expect(rule).toBe((expected as { rule?: string }).rule);
    });
  });

  describe('in judgement', () => {
    const rule = { ...RULE, scope: { detector: 'test-detector' }, expiresAt: minutes(99_999) };
    const look = (
      answers: Parameters<typeof answering>[0],
      stored: readonly Finding[],
      rules: readonly SuppressionRule[],
    ): ReturnType<typeof judge>['changes'] =>
      judge({
        ...{ configured: answering(answers), tenantId: 't', timeline: '0'.repeat(16) },
        ...{ subject: { type: 'user', id: 'ann' }, signals: [], coverage: READ, now: NOW },
        ...{ stored, rules },
      }).changes;

    it('opens without an alert, with the rule in the history', () => {
      const [change, ...others] = look([stated()], [], [rule]);

      expect(others).toEqual([]);
      expect(change?.alert).toBeUndefined();
      expect(change?.finding).toMatchObject({
        suppressed: { rule: 'r1' },
        notified: false,
        movedAt: NOW,
      });
      expect(change?.transition).toMatchObject({
        ...{ verb: 'opened', suppressed: { rule: 'r1' }, reason: 'rule r1 of olga: known' },
      });
    });

    it('says nothing more while nothing changes', () => {
      const [opened] = look([stated()], [], [rule]);

      expect(look([stated()], [opened!.finding], [rule])).toEqual([]);
    });

    it('is alerted once when the rule ends and it is still open', () => {
      const [opened] = look([stated()], [], [rule]);
      const [ended, ...others] = look([stated()], [opened!.finding], []);

      expect(others).toEqual([]);
      expect(ended).toMatchObject({
        finding: { notified: true, status: 'open' },
        transition: { verb: 'unsuppressed', reason: 'rule r1 does not speak of it any more' },
        alert: { verb: 'opened', form: 'card', id: `${opened!.finding.id}-2` },
      });
      expect(ended?.finding.suppressed).toBeUndefined();
      expect(look([stated()], [ended!.finding], [])).toEqual([]);
    });

    it('is a line when the rule ends and people know it', () => {
      const [opened] = look([stated()], [], []);
      const [quiet] = look([stated()], [opened!.finding], [rule]);
      const [ended] = look([stated()], [quiet!.finding], []);

      expect(ended).toMatchObject({
        transition: { verb: 'unsuppressed' },
        alert: { verb: 'unsuppressed', form: 'line', id: `${opened!.finding.id}-3` },
      });
      const act = { verb: 'acknowledge', by: 'olga', at: stated().since } as const;
      const [known] = look([stated()], [withAct(quiet!.finding, act)], []);
      expect(known?.alert).toBeUndefined();
    });

    it('is not alerted when it was taken note of meanwhile, or is on probation', () => {
      const [opened] = look([stated()], [], [rule]);
      const act = { verb: 'acknowledge', by: 'olga', at: stated().since } as const;
      const known = withAct(opened!.finding, act);

      expect(look([stated()], [known], [])).toMatchObject([
        { transition: { verb: 'unsuppressed' } },
      ]);
      expect(look([stated()], [known], [])[0]?.alert).toBeUndefined();
      const [watched] = look([stated({ stage: 'watch' })], [], [rule]);
      const [ended] = look([stated({ stage: 'watch' })], [watched!.finding], []);
      expect(ended).toMatchObject({ transition: { verb: 'unsuppressed' } });
      expect(ended?.alert).toBeUndefined();
    });

    it('quiets what is open already, with a row that says so', () => {
      const [opened] = look([stated()], [], []);
      const [quiet] = look([stated()], [opened!.finding], [rule]);

      expect(quiet?.transition).toMatchObject({ verb: 'suppressed', status: 'open' });
      expect(quiet?.alert).toBeUndefined();
      const [done] = look([resolved('done')], [quiet!.finding], [rule]);
      expect(done).toMatchObject({ transition: { verb: 'resolved', suppressed: { rule: 'r1' } } });
      expect(done?.alert).toBeUndefined();
    });

    it('reaches findings that the detector says nothing new of', () => {
      const [opened] = look([stated()], [], [rule]);
      const pending = {
        state: 'pending',
        anchor: stated().anchor,
        until: minutes(60),
        what: 'x',
      } as const;

      expect(look([pending], [opened!.finding], [])).toMatchObject([{ alert: { verb: 'opened' } }]);
      const verdict = { state: 'resolved', resolution: 'superseded' } as const;
      const gone = withVerdict(opened!.finding, verdict, NOW);
      expect(look([], [gone], [])).toMatchObject([{ transition: { verb: 'unsuppressed' } }]);
      expect(look([], [gone], [])[0]?.alert).toBeUndefined();
    });
  });
});
