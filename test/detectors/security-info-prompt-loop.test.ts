import { mfaRegistrationUnfinished } from '../../shared/detectors/mfa-registration-unfinished';
import { securityInfoPromptLoop as detector } from '../../shared/detectors/security-info-prompt-loop';
import { joinSignals, SET_CAP, type Signal } from '../../shared/domain/findings/signal';
import { observedSignal } from '../../shared/domain/records/observed';
import { plus, toMinute, DAY } from '../../shared/domain/time';
import { cancelled, DAYS, scanned } from './mfa-rows';
import { at, coverageOf, play, settingsOf, timelinesOf, type Row, type When } from './play';
import {
  asked,
  askedForMfa,
  CANNOT_SAY,
  FRI,
  LOOP,
  LOOP_MFA,
  MON,
  RAISES,
  REGISTERED,
  RESOLVES,
  ROLE,
  SILENT,
  SPECIFIED,
  STORIES,
  THU,
  TUE,
  WAITS,
  WED,
} from './security-info-prompt-loop.stories';

const SUBJECT = { type: 'user', id: 'ann', name: 'ann@example.com' } as const;

/** Something that Graph said of Ann, or of the policies. */
type Seen = readonly [what: string, when: When, value: boolean];

/** The answer to rows and to what Graph said beside them. */
function judged(rows: readonly Row[], seen: readonly Seen[], until: When = FRI) {
  const timelines = timelinesOf(detector, rows);
  const drawn = timelines.flatMap(({ signals }) => signals);
  const observed = seen.map(([what, when, value]) =>
    observedSignal('signIns', SUBJECT, what, { at: at(when), value }),
  );
  const signals = [...joined([...drawn, ...observed]).values()].sort((a, b) =>
    a.at < b.at || (a.at === b.at && a.key < b.key) ? -1 : 1,
  );
  const { findings } = detector.assess(
    signals,
    coverageOf({ until }),
    settingsOf(detector, { until }),
  );
  return findings.map((each) => {
    if (each.state !== 'open' && each.state !== 'resolved') {
      return each;
    }
    const told = { ...each, who: 'ann@example.com', completeTo: at(until) };
    return { ...each, summary: detector.messages[each.message]!.summary(told) };
  });
}

function joined(signals: readonly Signal[]): Map<string, Signal> {
  const known = new Map<string, Signal>();
  for (const each of signals) {
    const other = known.get(each.key);
    known.set(each.key, other === undefined ? each : joinSignals(other, each, detector.join));
  }
  return known;
}

describe('security-info-prompt-loop', () => {
  describe('answers the table of its specification', () => {
    it('1: the role is held, and the policy says that administrators have no self-service reset', () => {
      const findings = judged(
        [REGISTERED, ROLE, ...LOOP],
        [
          ['allowedToUseSSPR', FRI - 60, false],
          ['isSsprEnabled', FRI - 60, true],
        ],
      );

      expect(findings).toEqual([
        expect.objectContaining({
          ...{ state: 'open', message: 'admin-sspr', severity: 'medium', stage: 'alert', count: 3 },
          summary:
            'ann@example.com was asked for "more information" at 3 sign-ins on 3 days since 2026-03-02 12:00 UTC ' +
            'although they are registered (since 2026-01-01 12:00 UTC or before). They hold Exchange Administrator. ' +
            'Self-service password reset is on for them and switched off for administrators: the page then asks for ' +
            'nothing and offers only "Skip setup". They were signing in to OfficeHome. No registration was completed ' +
            'by 2026-03-05 13:00 UTC (log complete to 2026-03-06 12:00 UTC).',
        }),
      ]);
    });

    it.each(SPECIFIED)('$when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter((each) => each.state !== 'disproved')).toEqual(
        expected === 'silent'
          ? []
          : [
              expect.objectContaining(
                expected === 'undetermined' ? { state: 'undetermined' } : expected,
              ),
            ],
      );
    });

    it('6: of the unverified authenticator the other detector tells, as confirmed', () => {
      const story = [
        scanned('added', '2026-08-08T09:00:00Z', 'phone-1'),
        askedForMfa('first', '2026-08-09T09:00:00Z'),
        askedForMfa('second', '2026-08-10T09:00:00Z'),
      ];
      const frame = { until: '2026-08-11T09:00:00Z' };

      const { said } = play(mfaRegistrationUnfinished, story, frame);

      expect(said).toEqual([
        expect.objectContaining({
          ...{ state: 'open', message: 'unfinished', severity: 'high', stage: 'alert' },
          summary: expect.stringContaining(
            'Confirmed by the sign-in log: they were asked to set up again at 2026-08-09 09:00 UTC.',
          ) as string,
        }),
      ]);
      expect(play(detector, [REGISTERED, ...story], frame).said).toEqual([]);
    });
  });

  describe('raises', () => {
    it.each(RAISES)('when $when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said).toEqual([expect.objectContaining(expected)]);
    });
  });

  describe('stays silent', () => {
    it.each(SILENT)('when $when', ({ story, expected: _none, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter((each) => each.state !== 'disproved')).toEqual([]);
    });
  });

  describe('waits', () => {
    it.each(WAITS)('when $when', ({ story, expected, ...frame }) => {
      const { answers, said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(['pending']);
      expect(answers.get('ann')?.askAgainAt).toBe(at(expected));
    });

    it('for the quiet days once it is open', () => {
      const { answers } = play(detector, [REGISTERED, ...LOOP], { until: FRI });

      expect(answers.get('ann')?.askAgainAt).toBe(at('2026-03-13T00:00:00Z'));
    });
  });

  describe('cannot say', () => {
    it.each(CANNOT_SAY)('when $when', ({ story, expected: _none, ...frame }) => {
      const { answers, said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(['undetermined']);
      expect(answers.get('ann')?.askAgainAt).toBeUndefined();
    });
  });

  describe('resolves', () => {
    it.each(RESOLVES)('when $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(said).toEqual([expect.objectContaining(expected)]);
    });
  });

  describe('answers the same', () => {
    it.each(STORIES)('in any order and with repeats, when $when', ({ story, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(play(detector, story.toReversed(), frame).said).toEqual(said);
      expect(play(detector, [...story, ...story.toReversed()], frame).said).toEqual(said);
    });
  });

  describe('hears what Graph says beside the log', () => {
    const loop = [REGISTERED, ...LOOP];
    const admin = { message: 'admin-sspr', severity: 'medium', stage: 'alert' };
    const more = { message: 'needs-more', severity: 'low', stage: 'alert' };
    const unexplained = { message: 'unexplained', severity: 'low', stage: 'watch' };
    const MORE: readonly Seen[] = [
      ['isSsprRegistered', THU + 5, false],
      ['isMfaCapable', THU + 5, true],
    ];

    it.each<[string, readonly Row[], readonly Seen[], object]>([
      ['isAdmin without a role in the log', loop, [['isAdmin', THU + 5, true]], admin],
      ['no administrator', loop, [['isAdmin', THU + 5, false]], unexplained],
      [
        'that administrators may reset: something else is the cause',
        [...loop, ROLE],
        [['allowedToUseSSPR', THU + 5, true]],
        unexplained,
      ],
      ['MFA works and password reset wants more', loop, MORE, more],
      [
        'both: the first message of the table counts',
        [...loop, ROLE],
        [...MORE, ['allowedToUseSSPR', THU + 5, false]],
        admin,
      ],
      ['MFA works and password reset is registered too', loop, [MORE[1]!], unexplained],
      ['password reset wants more, and MFA asks', [REGISTERED, ...LOOP_MFA], MORE, unexplained],
      ['they are capable of MFA, and the log shows no registration', LOOP, MORE, more],
    ])('%s', (_what, rows, seen, expected) => {
      expect(judged(rows, seen)).toEqual([expect.objectContaining({ state: 'open', ...expected })]);
    });

    it('capable of MFA since a registration after the prompts shows nothing of before', () => {
      const answers = judged(
        [...LOOP, { ...REGISTERED, activityDateTime: at(THU + 90) }],
        [['isMfaCapable', FRI - 60, true]],
      );

      expect(answers).toEqual([]);
    });

    it.each<[string, readonly Seen[], string]>([
      [
        'self-service reset is switched on for administrators',
        [
          ['allowedToUseSSPR', TUE, false],
          ['allowedToUseSSPR', FRI, true],
        ],
        'self-service password reset was seen switched on for administrators',
      ],
      [
        'self-service reset is switched off for the person',
        [
          ['isSsprEnabled', TUE, true],
          ['isSsprEnabled', FRI, false],
        ],
        'self-service password reset was seen switched off for this person',
      ],
    ])('is over when %s', (_what, seen, change) => {
      const [finding] = judged([...loop, ROLE], seen, FRI + 60);

      expect(finding).toMatchObject({
        ...{ state: 'resolved', resolution: 'policy-changed', message: 'admin-sspr' },
        facts: { ended: change, endedAt: at(FRI) },
        summary: expect.stringContaining(
          ` Since then, at 2026-03-06 12:00 UTC: ${change}.`,
        ) as string,
      });
    });

    it('of one day the last counts', () => {
      const seen: readonly Seen[] = [
        ['allowedToUseSSPR', THU - 2, true],
        ['allowedToUseSSPR', THU - 1, false],
      ];

      expect(judged([...loop, ROLE], seen)).toMatchObject([{ message: 'admin-sspr' }]);
      expect(judged([...loop, ROLE], seen.toReversed())).toMatchObject([{ message: 'admin-sspr' }]);
    });

    it('nothing from what is no observation', () => {
      const strange = {
        ...observedSignal('signIns', SUBJECT, 'isAdmin', { at: at(0), value: true }),
      };
      const signals = [
        ...timelinesOf(detector, loop).flatMap((each) => each.signals),
        { ...strange, facts: { what: 'isAdmin', seen: [{ at: 'x', value: true }, { at: at(0) }] } },
      ];

      const { findings } = detector.assess(
        signals,
        coverageOf({ until: FRI }),
        settingsOf(detector, { until: FRI }),
      );

      expect(findings).toMatchObject([{ message: 'unexplained' }]);
    });
  });

  describe('from month to month', () => {
    const daily = [23, 25, 27, 29, 31, 33, 35].map((day) => asked(`day${day}`, day * DAYS));

    it('a loop that goes on is told once', () => {
      const { said } = play(detector, [REGISTERED, ...daily], { until: 36 * DAYS });

      expect(said).toMatchObject([
        {
          anchor: 'loop:sspr:2026-03',
          state: 'resolved',
          resolution: 'continues',
          continues: false,
        },
        { anchor: 'loop:sspr:2026-04', state: 'open', continues: true },
      ]);
    });

    it('what ends the second month ends nothing of the first', () => {
      const done = { ...REGISTERED, id: 'done', activityDateTime: at(36 * DAYS) };

      const { said } = play(detector, [REGISTERED, ...daily, done], { until: 37 * DAYS });

      expect(said).toMatchObject([
        {
          resolution: 'continues',
          evidence: ['registered', 'day23', 'day25', 'day29', 'day31', 'day33'],
        },
        { resolution: 'registered' },
      ]);
      expect(said[0]?.facts).not.toHaveProperty('endedAt');
    });

    it('a loop that ended is not continued by the next', () => {
      const done = { ...REGISTERED, id: 'done', activityDateTime: at(27 * DAYS + 90) };

      const { said } = play(
        detector,
        [
          REGISTERED,
          ...daily.slice(0, 3),
          done,
          ...[30, 31, 32].map((day) => asked(`p${day}`, day * DAYS)),
        ],
        {
          until: 34 * DAYS,
        },
      );

      expect(said).toMatchObject([
        { anchor: 'loop:sspr:2026-03', resolution: 'registered' },
        { anchor: 'loop:sspr:2026-04', state: 'open', continues: false },
      ]);
    });

    it('says of each kind what is so', () => {
      const { said } = play(
        detector,
        [
          REGISTERED,
          ...LOOP,
          ...LOOP_MFA.map((row) => ({
            ...row,
            id: `${String(row['id'])}2`,
            correlationId: `${String(row['id'])}2`,
          })),
        ],
        { until: FRI },
      );

      expect(said.map((each) => each.anchor)).toEqual(['loop:sspr:2026-03', 'loop:mfa:2026-03']);
      expect(said.map((each) => each.continues)).toEqual([false, false]);
    });
  });

  it('bears on a finding from what shows the registration, and rests on the hour after the prompts', () => {
    const { answers } = play(detector, [REGISTERED, ...LOOP], { until: FRI });

    const [finding] = answers.get('ann')!.findings;
    expect(finding?.anchor.from).toBe(at(-60 * DAYS));
    expect(finding).toMatchObject({ absenceWindow: { from: at(MON), to: at(THU + 60) } });
    expect(detector.retain).toBe(120 * DAY);
  });

  it('keeps one signal per class and hour, whatever a client tries', () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => asked(`p${i}`, MON + i / 60));

    const { signals } = timelinesOf(detector, rows)[0]!;

    expect(signals).toHaveLength(1);
    expect(signals[0]?.facts['attempts']).toHaveLength(SET_CAP);
    expect(signals[0]?.facts['firstRows']).toHaveLength(3);
  });

  it('tells of many prompts in one hour, though it kept the rows of six', () => {
    const rows = [WED, THU].flatMap((day) =>
      Array.from({ length: 20 }, (_, i) => asked(`p${day}-${i}`, day + i)),
    );

    const { said } = play(detector, [REGISTERED, ...rows], { until: FRI });

    expect(said).toMatchObject([{ count: 40, facts: { days: 2 } }]);
  });

  it('keeps the first of a month that shows that MFA works', () => {
    const ok = (id: string, when: When): Row => ({
      ...asked(id, when),
      status: { errorCode: 0, additionalDetails: 'MFA completed in Azure AD' },
    });

    const [{ signals }] = timelinesOf(detector, [
      ok('b', 5),
      ok('a', 1),
      ok('c', 9),
    ]) as unknown as [{ signals: readonly Signal[] }];

    expect(signals).toMatchObject([{ at: at(1), facts: { first: { eventId: 'a', at: at(1) } } }]);
  });

  describe('says', () => {
    const summaryOf = (when: string): string | undefined => {
      const { story, ...frame } = STORIES.find((each) => each.when === when)!;
      return play(detector, story, frame).said[0]?.summary;
    };

    it('likely, where the policy is not known', () => {
      expect(summaryOf(SPECIFIED[0]!.when)).toContain(
        'They hold Exchange Administrator. Likely, self-service password reset is on for them and switched off for ' +
          'administrators (the policy is not known): the page then asks for nothing and offers only "Skip setup".',
      );
      const [finding] = judged(
        [REGISTERED, ...LOOP],
        [
          ['isAdmin', THU, true],
          ['allowedToUseSSPR', THU, false],
        ],
      );
      expect(finding).toMatchObject({
        summary: expect.stringContaining(
          'They hold an administrator role. Self-service password reset is likely on for them and switched off',
        ) as string,
      });
    });

    it('that their methods work, and when that was seen', () => {
      expect(summaryOf('they are known to be registered by MFA completed at a sign-in')).toContain(
        `although their methods work (MFA satisfied at ${toMinute(plus(at(0), -DAY))}).`,
      );
    });

    it('what the page wanted, where nothing explains it', () => {
      expect(summaryOf('nobody knows of a role: it is stored, and nobody is alerted')).toContain(
        'Entra wanted them to register for self-service password reset; why it does not take what they have is not known.',
      );
      expect(summaryOf('somebody who is registered is asked for MFA (50072 and 50079)')).toContain(
        'Entra wanted them to register for MFA; why',
      );
    });

    it('what password reset wants', () => {
      const [finding] = judged(
        [REGISTERED, ...LOOP],
        [
          ['isSsprRegistered', THU, false],
          ['isMfaCapable', THU, true],
        ],
      );

      expect(finding).toMatchObject({
        summary: expect.stringContaining(
          'They can do MFA and are not registered for self-service password reset, which wants more methods than they have.',
        ) as string,
      });
    });

    it('how often they cancelled', () => {
      const once = play(detector, [REGISTERED, ...LOOP, cancelled('x', TUE + 5)], { until: FRI });

      expect(once.said[0]?.summary).toContain(' They cancelled a registration once.');
      expect(summaryOf('a registration is cancelled meanwhile: said, and no end')).toContain(
        ' They cancelled a registration 3 times.',
      );
    });
  });
});
