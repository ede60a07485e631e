import { easSuccessDespiteCaFailure as detector } from '../../shared/detectors/eas-success-despite-ca-failure';
import { DAY } from '../../shared/domain/time';
import {
  eas,
  MONTHS,
  RAISES,
  RESOLVES,
  SEED,
  SEED_FRAME,
  SILENT,
  STORIES,
  WAITS,
} from './eas-success-despite-ca-failure.stories';
import { at, play, timelinesOf } from './play';

describe('eas-success-despite-ca-failure', () => {
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
      expect(said).toEqual([]);
    });
  });

  describe('waits', () => {
    it.each(WAITS)('$when', ({ story, expected, ...frame }) => {
      const { answers } = play(detector, story, frame);

      const instant = expected === undefined ? undefined : at(expected);
      expect(answers.get('ann')?.askAgainAt).toBe(instant);
    });
  });

  describe('resolves', () => {
    it.each(RESOLVES)('when $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(said).toEqual([expect.objectContaining(expected)]);
    });

    it.each(MONTHS)('each month and device: $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(Object.fromEntries(said.map((each) => [each.anchor, each]))).toEqual(
        Object.fromEntries(
          Object.entries(expected).map(([anchor, each]) => [anchor, expect.objectContaining(each)]),
        ),
      );
    });
  });

  describe('answers the same', () => {
    it.each(STORIES)('in any order and with repeats, when $when', ({ story, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(play(detector, story.toReversed(), frame).said).toEqual(said);
      expect(play(detector, [...story, ...story.toReversed()], frame).said).toEqual(said);
    });
  });

  it('bears on a finding from the start of the month before', () => {
    const { answers } = play(detector, [eas('one', '2026-03-20T09:00:00Z')], { until: 60 });

    const findings = [...answers.values()].flatMap((each) => each.findings);
    expect(findings.map((each) => each.anchor.from)).toEqual([at('2026-02-01T00:00:00Z')]);
    expect(detector.retain).toBe(92 * DAY);
  });

  it('keeps one signal per device, country and UTC day', () => {
    const rows = [
      eas('one', '2026-03-20T00:00:00Z'),
      eas('two', '2026-03-20T23:59:59.9999999Z'),
      eas('three', '2026-03-21T00:00:00Z'),
      eas('four', '2026-03-21T00:00:00Z', { country: 'SE' }),
    ];

    const signals = timelinesOf(detector, rows)
      .flatMap((each) => each.signals)
      .filter(({ kind }) => kind === 'eas-day');

    expect(signals.map(({ facts }) => facts['first'])).toEqual([
      at('2026-03-20T00:00:00Z'),
      at('2026-03-21T00:00:00Z'),
      at('2026-03-21T00:00:00Z'),
    ]);
    expect(signals.map(({ facts }) => facts['country'])).toEqual(['NO', 'NO', 'SE']);
    expect(signals[0]?.facts['last']).toBe(at('2026-03-20T23:59:59.9999999Z'));
    expect(signals[0]?.facts['events']).toEqual([
      expect.stringMatching(/^[0-9a-f]{12}$/),
      expect.stringMatching(/^[0-9a-f]{12}$/),
    ]);
  });

  it('counts exactly below 2,000 a day and says "or more" from there', () => {
    const rows = (count: number): ReturnType<typeof eas>[] =>
      Array.from({ length: count }, (_, i) => eas(`e${i}`, i / 10));

    const [below] = play(detector, rows(1_999), { until: 300 }).said;
    const [above] = play(detector, rows(2_100), { until: 300 }).said;

    expect(below).toMatchObject({ count: 1_999, facts: { isAtLeast: false } });
    expect(below?.summary).toContain(' 1999 times ');
    expect(above).toMatchObject({ count: 2_000, facts: { isAtLeast: true } });
    expect(above?.summary).toContain(' 2,000 or more times ');
    expect(above?.evidence).toEqual(['e0', 'e1', 'e2', 'e2097', 'e2098', 'e2099']);
  });

  describe('says', () => {
    const summaryOf = (when: string): string | undefined => {
      const { story, expected: _none, ...frame } = RAISES.find((each) => each.when === when)!;
      return play(detector, story, frame).said[0]?.summary;
    };
    const END =
      " Whether Exchange Online blocked it is not in this log: check the device's access state. Defender for Cloud Apps " +
      'and Microsoft Sentinel count this as a successful sign-in: close their alert with this finding.';

    it('blocked, in the words of the design', () => {
      expect(play(detector, [SEED], SEED_FRAME).said[0]?.summary).toBe(
        'Entra accepted the credential (password or certificate) of ann@example.com from El Progreso, HN once at 2021-06-21 02:30 UTC ' +
          `(ActiveSync, device android) although policy "Block ActiveSync" said block.${END}`,
      );
    });

    it('unmet', () => {
      expect(summaryOf('the failing policy only asks for compliantDevice')).toBe(
        'Entra accepted the credential (password or certificate) of ann@example.com from Oslo, NO once at 2026-03-02 12:00 UTC (ActiveSync, ' +
          `device android) although policy "Ask" asked for a compliant device that was not met.${END}`,
      );
      expect(summaryOf('the failing policy asks for nothing that is named')).toContain(
        'although policy "Ask" asked for something that was not met.',
      );
    });

    it('unreadable', () => {
      expect(summaryOf('policies are not readable (null)')).toBe(
        'Entra accepted the credential (password or certificate) of ann@example.com from Oslo, NO once at 2026-03-02 12:00 UTC (ActiveSync, ' +
          'device android) although Conditional Access failed the sign-in (the log names no failing policy: reading ' +
          `policies needs Policy.Read.All).${END}`,
      );
    });

    it('how often, and from where', () => {
      expect(summaryOf('a second country within minutes raises medium to high')).toContain(
        'from El Progreso, HN; Oslo, NO 2 times from 2026-03-02 12:00 UTC to 2026-03-02 12:05 UTC',
      );
      expect(summaryOf('the place is not known')).toContain('from an unknown place once');
    });

    it('why a country raises it', () => {
      expect(summaryOf('a second country within minutes raises medium to high')).toContain(
        ' HN and NO lie within 12 hours of each other.',
      );
      expect(summaryOf('the second country is new for the user, days later')).toContain(
        ' HN is new for this user: no ActiveSync sign-in of theirs had come from there since 2026-02-01.',
      );
      expect(
        summaryOf('the month before was not read: nobody knows whether the country is new'),
      ).not.toMatch(/new for this user|within 12 hours/);
    });

    it('credential where it may be a certificate, and the remedy for each', () => {
      const { summary, runbook } = detector;

      expect(summary).toContain('a password or a certificate');
      expect(summary).not.toContain('The password is');
      expect(runbook.join('\n')).toContain('A password: reset it and revoke sessions.');
      expect(runbook.join('\n')).toContain('A certificate: revoke it at its issuer');
    });

    it('where the devices of a mailbox stand today', () => {
      expect(detector.runbook[0]).toContain(
        'Recipients > Mailboxes > the mailbox > Mobile devices > Manage mobile devices',
      );
      expect(detector.runbook[0]).toContain('Get-MobileDevice -Mailbox');
    });

    it('what other tools make of it on the card alone', () => {
      expect(detector.runbook.join('\n')).not.toMatch(/Defender|Sentinel/);
    });

    it('two policies', () => {
      const policies = [
        ['P1', 'failure', ['block']],
        ['P2', 'failure', ['block']],
      ] as const;

      const { said } = play(detector, [eas('one', 0, { policies })], { until: 60 });

      expect(said[0]?.summary).toContain('although policies "P1", "P2" said block.');
    });

    it('never that it was blocked, or that data was accessed', () => {
      const titles = Object.values(detector.messages).map((each) => each.title);
      const said = STORIES.flatMap(({ story, ...frame }) => play(detector, story, frame).said);
      const texts = [
        detector.title,
        detector.summary,
        ...titles,
        ...said.map((each) => each.summary),
      ];

      for (const text of texts.map((each = '') => each.replace(END, ''))) {
        expect(text).not.toMatch(/\bblocked\b|data (was |were )?accessed/i);
      }
    });
  });
});
