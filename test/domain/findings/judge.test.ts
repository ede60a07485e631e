import {
  admits,
  defaultSettings,
  lookForAbsence,
  parseSetting,
  type Answer,
  type ConfiguredDetector,
  type Timeline,
} from '../../../shared/domain/detector';
import { timelineId, type Finding } from '../../../shared/domain/findings/finding';
import {
  coverageEnd,
  DetectorFault,
  floorOf,
  judge,
  type JudgeInput,
  type Judgement,
} from '../../../shared/domain/findings/judge';
import type { Signal } from '../../../shared/domain/findings/signal';
import { lookAtAll, type CoverageBySource } from '../../../shared/domain/reading/coverage';
import type { OpenRow } from '../../../shared/domain/reading/quarantine';
import type { Source } from '../../../shared/domain/record';
import { DAY, plus } from '../../../shared/domain/time';
import { ANCHOR, answering, defined, evidence, READ, resolved, stated } from '../../fakes/answers';
import { days, minutes } from '../../fakes/records';

const TIMELINE = timelineId('tenant-1', 'test-detector', 'ann');

function judged(configured: ConfiguredDetector, fields: Partial<JudgeInput> = {}): Judgement {
  return judge({
    configured,
    tenantId: 'tenant-1',
    timeline: TIMELINE,
    subject: { type: 'user', id: 'ann' },
    signals: [],
    coverage: READ,
    stored: [],
    now: days(6),
    ...fields,
  });
}

function stored(answer: Answer, fields: Partial<Finding> = {}): Finding {
  return { ...judged(answering([answer])).changes[0]!.finding, ...fields };
}

function ends({ changes }: Judgement): unknown[] {
  return changes.map(({ finding }) => [finding.status, finding.resolution, finding.supersededBy]);
}

function signal(key: string, at: number, name?: string): Signal {
  return {
    key,
    source: 'directoryAudits',
    at: minutes(at),
    subject: { type: 'user', id: 'ann', name },
    kind: 'seen',
    facts: {},
  };
}

describe('shared/domain/findings/judge', () => {
  const open = stated();
  const pending: Answer = { state: 'pending', anchor: ANCHOR, until: days(6), what: 'waiting' };
  const gap = { from: minutes(10), to: minutes(20) };
  const undetermined: Answer = { state: 'undetermined', anchor: ANCHOR, gap, what: 'unseen' };
  const disproved: Answer = {
    state: 'disproved',
    anchor: ANCHOR,
    by: evidence('e9', minutes(40)),
  };

  describe('what is stored', () => {
    const holed = {
      directoryAudits: { ...READ.directoryAudits, gaps: [{ ...gap, why: 'not-read' as const }] },
    };

    it.each<[string, Answer[], Partial<JudgeInput>, unknown[]]>([
      ['stays when the answer is the same', [open], {}, []],
      ['stays while it cannot be said yet', [pending], {}, []],
      [
        'stays when its own stretch can no longer be looked at',
        [undetermined],
        { coverage: holed },
        [],
      ],
      [
        'is superseded when its stretch is read and another event is undetermined',
        [undetermined],
        {},
        [['resolved', 'superseded', undefined]],
      ],
      [
        'is superseded by the event that disproves it',
        [disproved],
        {},
        [['resolved', 'superseded', 'e9']],
      ],
      ['is superseded when nobody mentions it', [], {}, [['resolved', 'superseded', undefined]]],
      ['ends', [resolved('done')], {}, [['resolved', 'done', undefined]]],
      [
        'ends as expired when it is final',
        [],
        { floor: minutes(1) },
        [['resolved', 'expired', undefined]],
      ],
      [
        'ends as expired, final, whatever is said',
        [open],
        { floor: minutes(1) },
        [['resolved', 'expired', undefined]],
      ],
    ])('%s', (_what, answers, fields, expected) => {
      expect(ends(judged(answering(answers), { ...fields, stored: [stored(open)] }))).toEqual(
        expected,
      );
    });

    describe('and rests on one log, when a row that cannot be read comes', () => {
      const row: OpenRow = {
        ...{ id: '0123456789ab', eventId: 'e7', source: 'directoryAudits', reason: 'cut' },
        firstSeenAt: days(6),
        gap: { from: minutes(12), to: minutes(13), detectors: ['test-detector'] },
      };
      /** Asks one log alone, while another that it sharpens its findings by was not read then. */
      const reading = (sources: readonly Source[]): ConfiguredDetector => {
        const detector = {
          ...answering([]).detector,
          needs: (['directoryAudits', 'signIns'] as const).map((source) => ({
            ...{ source, property: 'status/errorCode' as const },
          })),
          assess: (_timeline: Timeline, coverage: CoverageBySource) => {
            const { verdict } = lookAtAll(coverage, sources, minutes(0), minutes(60));
            return { findings: [verdict === 'covered' ? open : undetermined] };
          },
        };
        return { ...answering([]), detector };
      };

      it.each<[string, readonly Source[], readonly OpenRow[], unknown[]]>([
        ['is superseded by it', ['directoryAudits'], [row], [['resolved', 'superseded', 'e7']]],
        ['stays without one', ['directoryAudits', 'signIns'], [], []],
        [
          'stays when it could not be said without the row either',
          ['directoryAudits', 'signIns'],
          [row],
          [],
        ],
      ])('%s', (_what, sources, unreadable, expected) => {
        const fields = { stored: [stored(open)], unreadable };

        expect(ends(judged(reading(sources), fields))).toEqual(expected);
      });
    });

    it('stays as it ended when it is final', () => {
      const over = stored(resolved('done'));

      expect(judged(answering([]), { stored: [over], floor: minutes(1) }).changes).toEqual([]);
    });

    it('is superseded once', () => {
      const [change] = judged(answering([]), { stored: [stored(open)] }).changes;

      expect(judged(answering([]), { stored: [change!.finding] }).changes).toEqual([]);
    });

    it('is superseded by a new version that no longer finds it', () => {
      const next = answering([], { version: 2 });

      expect(ends(judged(next, { stored: [stored(open)] }))).toEqual([
        ['resolved', 'superseded', 'version 2'],
      ]);
    });

    it('is reopened when it is true after all', () => {
      const [change] = judged(answering([]), { stored: [stored(open)] }).changes;

      const again = judged(answering([open]), { stored: [change!.finding] });

      expect(again.changes[0]?.transition?.verb).toBe('reopened');
      expect(again.changes[0]?.finding).not.toHaveProperty('supersededBy');
    });
  });

  describe('what is new', () => {
    it.each<[string, Answer[], Partial<JudgeInput>, unknown[]]>([
      ['is opened', [open], {}, [['open', undefined, undefined]]],
      ['is recorded when it is over', [resolved('done')], {}, [['resolved', 'done', undefined]]],
      ['is not written while it cannot be said', [pending], {}, []],
      ['is not written when it cannot be said', [undetermined], {}, []],
      ['is not written to be disproved', [disproved], {}, []],
      ['is not created below the floor', [open], { floor: minutes(1) }, []],
      ['is created at the floor', [open], { floor: minutes(0) }, [['open', undefined, undefined]]],
    ])('%s', (_what, answers, fields, expected) => {
      expect(ends(judged(answering(answers), fields))).toEqual(expected);
    });

    it('goes into a digest when it was of the past', () => {
      const forms = (answer: Answer): unknown =>
        judged(answering([answer]), { isOfThePast: true }).changes[0]?.alert?.form;

      expect(forms(open)).toBe('digest');
      expect(forms(stated({ continues: true }))).toBe('line');
      expect(forms(resolved('done'))).toBeUndefined();
    });
  });

  it('hands on what is pending and undetermined', () => {
    const answers = [pending, { ...undetermined, anchor: { ...ANCHOR, key: 'b' } }];

    expect(judged(answering(answers))).toMatchObject({
      pending: [pending],
      undetermined: [{ gap }],
      changes: [],
    });
  });

  describe('asks again', () => {
    it('when the detector wants to, or when the evidence may be dropped, whichever is sooner', () => {
      const asking = (at: number): ConfiguredDetector =>
        answering([open], { askAgainAt: days(at) });

      expect(judged(answering([])).askAgainAt).toBeUndefined();
      expect(judged(answering([open])).askAgainAt).toBe(days(60));
      expect(judged(asking(7)).askAgainAt).toBe(days(7));
      expect(judged(asking(70)).askAgainAt).toBe(days(60));
      expect(judged(answering([], { askAgainAt: days(7) })).askAgainAt).toBe(days(7));
    });

    it('but not about the past: that would be for ever', () => {
      const stuck = answering([], { askAgainAt: days(5) });

      expect(() => judged(stuck)).toThrow(DetectorFault);
      expect(() => judged(stuck, { coverage: {} })).not.toThrow();
    });
  });

  describe('watches', () => {
    const at = (to: number): Partial<JudgeInput> => ({
      coverage: { directoryAudits: { ...READ.directoryAudits, to: days(to) } },
    });

    it('an open finding until its evidence may be dropped', () => {
      expect(ends(judged(answering([open]), at(59)))).toEqual([['open', undefined, undefined]]);
      expect(ends(judged(answering([open]), at(60)))).toEqual([['resolved', 'expired', undefined]]);
    });

    it('an export without end', () => {
      const judgement = judged(answering([open]), { ...at(60), isExport: true });

      expect(ends(judgement)).toEqual([['open', undefined, undefined]]);
      expect(judgement.askAgainAt).toBeUndefined();
    });

    it('as long as nothing was ever read', () => {
      const judgement = judged(answering([open]), { coverage: {} });

      expect(judgement.changes[0]?.finding).toMatchObject({ status: 'open', judgedBy: {} });
    });
  });

  describe('shows the detector', () => {
    it('what is not below the floor, by time and then by key', () => {
      let seen: Timeline = [];
      const { detector, ...rest } = answering([]);
      const assess = (timeline: Timeline): { findings: [] } => {
        seen = timeline;
        return { findings: [] };
      };
      const signals = [signal('c', 3), signal('b', 2), signal('a', 3), signal('z', 1)];

      judged({ ...rest, detector: { ...detector, assess } }, { signals, floor: minutes(2) });

      expect(seen.map((each) => each.key)).toEqual(['b', 'a', 'c']);
    });

    it('and names the subject as its newest signal does', () => {
      const signals = [
        signal('a', 1, 'ann@old.example.com'),
        signal('b', 2, 'ann@example.com'),
        signal('c', 3),
      ];

      const [change] = judged(answering([open]), { signals }).changes;

      expect(change?.finding.subject.name).toBe('ann@example.com');
    });
  });

  it('knows the end of coverage of all sources that a detector needs', () => {
    const both = defined({
      reads: [
        { source: 'directoryAudits', property: 'activityDisplayName', values: ['Update user'] },
        { source: 'signIns', property: 'clientAppUsed', values: ['Browser'] },
      ],
    });
    const signIns = { ...READ.directoryAudits, to: days(3) };

    expect(coverageEnd(both, READ)).toBeUndefined();
    expect(coverageEnd(both, { ...READ, signIns })).toBe(days(3));
    expect(floorOf(both, days(3))).toBe(plus(days(3), -60 * DAY));
    expect(floorOf(both, undefined)).toBeUndefined();
    expect(lookForAbsence(both, { ...READ, signIns }, days(2), days(4)).verdict).toBe('later');
  });
});

describe('shared/domain/detector', () => {
  it.each([
    ['an id that is not kebab-case', { id: 'TestDetector' }, 'is not kebab-case'],
    ['a long title', { title: 'x'.repeat(61) }, 'longer than 60'],
    ['a runbook of one step', { runbook: ['Look.'] }, 'two to four steps'],
    ['a runbook of five steps', { runbook: ['1', '2', '3', '4', '5'] }, 'two to four steps'],
    ['a runbook with a place for nothing', { runbook: ['{since}', 'Act.'] }, 'for {since} in a'],
    ['nothing that it must read', { reads: [] }, 'reads nothing'],
    [
      'a switch that is no setting',
      { runs: { whenSet: 'ids' } },
      'runs when "ids" is set, and takes',
    ],
  ])('refuses %s', (_what, fields, reason) => {
    expect(() => defined(fields)).toThrow(reason);
  });

  it('seals what it defines', () => {
    const detector = defined();

    expect(Object.isFrozen(detector)).toBe(true);
    const needs = [{ source: 'directoryAudits', property: 'activityDisplayName' }];
    expect(detector).toMatchObject({ retain: 60 * DAY, needs, join: {} });
  });

  it('parses settings', () => {
    const count = { kind: 'count', default: '10', meaning: 'how many' } as const;
    const duration = { kind: 'duration', default: '7d', meaning: 'how long' } as const;

    expect(defaultSettings({ count, duration })).toEqual({ count: 10, duration: 7 * DAY });
    expect(parseSetting(count, ' 12 ')).toBe(12);
    expect(() => parseSetting(count, '1.5')).toThrow('is not a whole number');
    expect(() => parseSetting(duration, '5')).toThrow('is not a duration');
  });

  it('parses a setting that is true or false', () => {
    const flag = { kind: 'flag', default: 'false', meaning: 'whether' } as const;

    expect(defaultSettings({ flag })).toEqual({ flag: false });
    expect(parseSetting(flag, ' true ')).toBe(true);
    expect(() => parseSetting(flag, 'yes')).toThrow('"yes" is neither true nor false');
  });

  it('parses a list that is empty unless it is set', () => {
    const texts = { kind: 'texts', default: '', meaning: 'which' } as const;

    expect(defaultSettings({ texts })).toEqual({ texts: [] });
    expect(() => parseSetting(texts, ' , ')).toThrow('it holds 0 texts, not 1 to 20');
  });

  it('parses a setting that is a list, within its bounds', () => {
    const texts = { kind: 'texts', default: 'a b, *c', meaning: 'which' } as const;

    expect(defaultSettings({ texts })).toEqual({ texts: ['a b', '*c'] });
    expect(parseSetting(texts, ' one ,, two, ')).toEqual(['one', 'two']);
    expect(parseSetting(texts, Array(20).fill('x'.repeat(100)).join())).toHaveLength(20);
    expect(() => parseSetting(texts, ' , ')).toThrow('it holds 0 texts, not 1 to 20');
    expect(() => parseSetting(texts, Array(21).fill('x').join())).toThrow('21 texts');
    expect(() => parseSetting(texts, 'x'.repeat(101))).toThrow('longer than 100 characters');
  });

  it.each([
    ['Exchange ActiveSync', true],
    ['exchange activesync', true],
    ['ExchangeActiveSync (new)', true],
    ['Browser', false],
    [53004, true],
    ['53004', true],
    [0, false],
    [undefined, false],
    [null, false],
    [{ a: 1 }, false],
  ])('admits %p: %p', (value, expected) => {
    const read = {
      source: 'signIns',
      property: 'clientAppUsed',
      values: ['Exchange ActiveSync', 53004],
      prefix: 'Exchange ActiveSync',
    } as const;

    expect(admits(read, value)).toBe(expected);
    expect(admits(read, value)).toBe(expected);
  });
});
