import { canonical, sha256 } from '../../../shared/domain/json';
import type { ConfiguredDetector, Conclusion } from '../../../shared/domain/detector';
import {
  edgesOf,
  findingId,
  RESOLVE_REASONS,
  stateFinding,
  statusOf,
  timelineId,
  withAct,
  withVerdict,
  type Act,
  type Finding,
  type Verdict,
} from '../../../shared/domain/findings/finding';
import {
  compare,
  decide,
  type FindingChange,
  rejectionReason,
} from '../../../shared/domain/findings/transition';
import { plus, type Instant } from '../../../shared/domain/time';
import { answering, evidence, resolved, stated } from '../../fakes/answers';
import { days, minutes } from '../../fakes/records';

const DETECTOR = answering([]);
const NOW = days(6);

function finding(
  answer: Conclusion,
  stored?: Finding,
  configured: ConfiguredDetector = DETECTOR,
): Finding {
  const context = {
    tenantId: 'tenant-1',
    timeline: timelineId('tenant-1', 'test-detector', 'ann'),
    subject: { type: 'user', id: 'ann', name: 'ann@example.com' },
    judgedBy: { directoryAudits: days(5) },
    completeTo: days(5),
    now: NOW,
  } as const;
  return stateFinding(configured, context, answer, stored);
}

function written(answer: Conclusion, stored?: Finding, configured = DETECTOR): FindingChange {
  const next = finding(answer, stored, configured);
  return compare(stored, next, NOW, { continues: answer.continues }) ?? { finding: stored ?? next };
}

function act(verb: Act['verb'], at: Instant, reason?: Act['reason']): Act {
  return { verb, at, by: 'olga', ...(reason !== undefined && { reason }) };
}

describe('shared/domain/findings/finding', () => {
  describe('statusOf', () => {
    const open: Verdict = { state: 'open' };
    const ended: Verdict = { state: 'resolved', resolution: 'completed' };
    const disproved: Verdict = { state: 'resolved', resolution: 'superseded', supersededBy: 'e9' };
    const times = { since: minutes(60), lastSeenAt: minutes(30) };

    it.each<[string, Verdict, Act | undefined, object]>([
      ['open without an act', open, undefined, { status: 'open' }],
      ['ended by evidence', ended, undefined, { status: 'resolved', resolution: 'completed' }],
      [
        'ended without a code',
        { state: 'resolved' },
        undefined,
        { status: 'resolved', resolution: 'resolved' },
      ],
      [
        'disproved',
        disproved,
        undefined,
        { status: 'resolved', resolution: 'superseded', supersededBy: 'e9' },
      ],
      [
        'ended by evidence, whatever was decided',
        ended,
        act('reopen', minutes(90)),
        { status: 'resolved', resolution: 'completed' },
      ],
      [
        'acknowledged in the present stretch',
        open,
        act('acknowledge', minutes(60)),
        { status: 'acknowledged' },
      ],
      ['acknowledged before it', open, act('acknowledge', minutes(59)), { status: 'open' }],
      [
        'fixed after the last event',
        open,
        act('resolve', minutes(30), 'fixed'),
        { status: 'resolved', resolution: 'by-person' },
      ],
      [
        'fixed before the last event',
        open,
        act('resolve', minutes(29), 'fixed'),
        { status: 'open' },
      ],
      [
        'accepted, ever since',
        open,
        act('resolve', minutes(0), 'accepted'),
        { status: 'resolved', resolution: 'by-person' },
      ],
      [
        'a false positive, ever since',
        open,
        act('resolve', minutes(0), 'false-positive'),
        { status: 'resolved', resolution: 'by-person' },
      ],
      ['reopened by a person', open, act('reopen', minutes(90)), { status: 'open' }],
    ])('%s', (_when, verdict, last, expected) => {
      expect(statusOf(verdict, last, times)).toEqual(expected);
    });
  });

  describe('ids', () => {
    it('names the timeline first, then the anchor', () => {
      const timeline = timelineId('tenant-1', 'test-detector', 'ann');

      expect(timeline).toMatch(/^[0-9a-f]{16}$/);
      expect(findingId(timeline, 'a')).toMatch(new RegExp(`^${timeline}-[0-9a-f]{12}$`));
      expect(timelineId('tenant-2', 'test-detector', 'ann')).not.toBe(timeline);
    });
  });

  describe('stateFinding', () => {
    it('keeps when it was first written and resolved, and what a person did', () => {
      const first = { ...finding(resolved('done')), openedAt: minutes(1), resolvedAt: minutes(2) };
      const decided = {
        ...first,
        act: act('acknowledge', minutes(90)),
        notified: true,
        sequence: 4,
      };

      const next = finding(resolved('done', { count: 2 }), decided);

      expect(next).toMatchObject({ openedAt: minutes(1), resolvedAt: minutes(2), count: 2 });
      expect(next).toMatchObject({ act: { verb: 'acknowledge' }, notified: true, sequence: 4 });
    });

    it('writes the message of the answer', () => {
      expect(finding(stated({ count: 3 }))).toMatchObject({
        message: 'happened',
        title: 'It happened',
        summary: 'ann@example.com did it 3 times.',
      });
      expect(() => finding(stated({ message: 'unheard' }))).toThrow('has no message "unheard"');
    });

    it('is on watch when the deployment or the answer says so', () => {
      expect(finding(stated()).stage).toBe('alert');
      expect(finding(stated({ stage: 'watch' })).stage).toBe('watch');
      expect(finding(stated(), undefined, { ...DETECTOR, stage: 'watch' }).stage).toBe('watch');
    });
  });

  describe('edgesOf', () => {
    it('keeps the first and the last three, each once, by time', () => {
      const many = [8, 3, 5, 1, 2, 7, 4, 6, 1].map((n) => evidence(`e${n}`, minutes(n)));

      expect(edgesOf(many).map((each) => each.eventId)).toEqual([
        'e1',
        'e2',
        'e3',
        'e6',
        'e7',
        'e8',
      ]);
      expect(edgesOf(many.slice(0, 2)).map((each) => each.eventId)).toEqual(['e3', 'e8']);
    });
  });

  describe('compare', () => {
    const opened = written(stated()).finding;
    const low = written(stated({ severity: 'low' })).finding;
    const over = written(resolved('done'), opened).finding;
    const known = written(resolved('done')).finding;
    const acknowledged = decide(opened, act('acknowledge', minutes(90))).finding;
    const watched = written(stated({ stage: 'watch' })).finding;

    it.each<[string, Finding | undefined, Conclusion, [string?, string?]]>([
      ['a new open one', undefined, stated(), ['opened', 'card']],
      ['one that goes on from another', undefined, stated({ continues: true }), ['opened', 'line']],
      ['one that is over when it is first seen', undefined, resolved('done'), ['recorded']],
      ['an end', opened, resolved('done'), ['resolved', 'line']],
      ['another end', over, resolved('better'), ['resolved', 'line']],
      ['another end of one that was never told', known, resolved('better'), ['resolved']],
      ['an end that came back', over, stated(), ['reopened', 'card']],
      ['one that was never told and is open now', known, stated(), ['reopened', 'card']],
      [
        'news after an acknowledgement',
        acknowledged,
        stated({ since: minutes(99) }),
        ['reopened', 'card'],
      ],
      ['more severe', low, stated({ severity: 'high' }), ['escalated', 'card']],
      ['less severe', opened, stated({ severity: 'low' }), []],
      ['one more event', opened, stated({ count: 2, lastSeenAt: minutes(40) }), []],
      ['nothing new', opened, stated(), []],
      ['the end again', over, resolved('done'), []],
      ['a new one on watch', undefined, stated({ stage: 'watch' }), ['opened']],
      ['an end on watch', watched, resolved('done', { stage: 'watch' }), ['resolved']],
    ])('%s', (_when, stored, answer, [verb, form]) => {
      const change = written(answer, stored);

      expect(change.transition?.verb).toBe(verb);
      expect(change.alert?.form).toBe(form);
      expect(change.alert?.id).toBe(form && `${change.finding.id}-${change.finding.sequence}`);
      expect(change.finding.notified).toBe(form !== undefined || (stored?.notified ?? false));
    });

    it('writes nothing when only the end of coverage and its wording moved', () => {
      const moved = { ...opened, judgedBy: { directoryAudits: days(9) }, summary: 'later' };

      expect(compare(opened, moved, NOW)).toBeUndefined();
    });

    it('writes the finding alone when its count moved', () => {
      const change = compare(opened, { ...opened, count: 2 }, NOW);

      expect(change).toEqual({ finding: { ...opened, count: 2 } });
    });

    it('says what disproved it', () => {
      const verdict = { state: 'resolved', resolution: 'superseded', supersededBy: 'e9' } as const;

      const change = compare(opened, withVerdict(opened, verdict, NOW), NOW);

      expect(change?.transition).toMatchObject({ verb: 'superseded', supersededBy: 'e9' });
      expect(change?.alert?.form).toBe('line');
      expect(change?.finding.resolvedAt).toBe(NOW);
    });

    it('says when it is acknowledged again', () => {
      const change = compare(opened, { ...opened, status: 'acknowledged' }, NOW);

      expect(change?.transition?.verb).toBe('acknowledged');
      expect(change?.alert).toBeUndefined();
    });

    it('chains its history', () => {
      const first = written(stated());
      const second = written(resolved('done'), first.finding);
      const { hash, ...content } = second.transition!;

      expect(first.transition).toMatchObject({ sequence: 1, previous: '', message: 'happened' });
      expect(first.transition).toMatchObject({ by: 'crosscheck' });
      expect(content).toMatchObject({ sequence: 2, previous: first.transition!.hash });
      expect(hash).toBe(sha256(canonical(content)));
      expect(second.finding).toMatchObject({ sequence: 2, head: hash });
    });
  });

  describe('decide', () => {
    const opened = written(stated()).finding;

    it.each<[Act['verb'], Act['reason'], string, string]>([
      ['acknowledge', undefined, 'acknowledged', 'acknowledged'],
      ['resolve', 'fixed', 'resolved', 'resolved'],
      ['resolve', 'accepted', 'resolved', 'resolved'],
      ['reopen', undefined, 'reopened', 'open'],
    ])('%s %s', (verb, reason, told, status) => {
      const change = decide(opened, { ...act(verb, minutes(90), reason), note: 'seen' });

      expect(change.transition).toMatchObject({ verb: told, status, by: 'olga', note: 'seen' });
      expect(change.transition?.reason).toBe(reason);
      expect(change.finding).toMatchObject({ status, act: { verb, by: 'olga' } });
      expect(change.alert).toBeUndefined();
    });

    it('lays the act over the finding, for every reason there is', () => {
      for (const reason of RESOLVE_REASONS) {
        const decision = act('resolve', minutes(90), reason);

        expect(withAct(opened, decision)).toMatchObject({ act: decision, resolution: 'by-person' });
      }
    });

    const known = decide(opened, act('acknowledge', minutes(90))).finding;
    const fixedOne = decide(opened, act('resolve', minutes(90), 'fixed')).finding;
    const ended = written(resolved('done'), opened).finding;

    it.each<[string, Finding, Act['verb'], Act['reason'], string | undefined]>([
      ['open', opened, 'acknowledge', undefined, undefined],
      ['open', opened, 'resolve', 'fixed', undefined],
      ['open', opened, 'reopen', undefined, 'is open already'],
      ['acknowledged', known, 'acknowledge', undefined, 'is acknowledged already'],
      ['acknowledged', known, 'resolve', 'accepted', undefined],
      ['acknowledged', known, 'reopen', undefined, undefined],
      ['fixed', fixedOne, 'acknowledge', undefined, 'is resolved; reopen it first'],
      ['fixed', fixedOne, 'resolve', 'fixed', 'is resolved as fixed already'],
      ['fixed', fixedOne, 'resolve', 'accepted', undefined],
      ['fixed', fixedOne, 'reopen', undefined, undefined],
      ...(['acknowledge', 'resolve', 'reopen'] as const).map(
        (verb): [string, Finding, Act['verb'], Act['reason'], string] => [
          ...(['ended', ended, verb, undefined] as const),
          'is ended by evidence (done); there is nothing left to decide',
        ],
      ),
    ])('%s: %# %s', (_, stored, verb, reason, why) => {
      expect(rejectionReason(stored, act(verb, minutes(95), reason))).toBe(why);
    });

    it('takes a resolution back when a person reopens', () => {
      const fixed = decide(opened, act('resolve', minutes(90), 'fixed')).finding;

      const reopened = decide(fixed, act('reopen', minutes(95))).finding;

      expect(fixed).toMatchObject({ resolution: 'by-person', resolvedAt: minutes(90) });
      expect(reopened.status).toBe('open');
      expect(reopened).not.toHaveProperty('resolution');
      expect(reopened).not.toHaveProperty('resolvedAt');
    });

    it('lets evidence end what a person reopened', () => {
      const reopened = decide(opened, act('reopen', plus(NOW, 1))).finding;

      expect(written(resolved('done'), reopened).finding.resolution).toBe('done');
    });
  });
});
