import { readRow } from '../../shared/adapters/rows/read-row';
import { mfaRegistrationUnfinished as detector } from '../../shared/detectors/mfa-registration-unfinished';
import { judge } from '../../shared/domain/findings/judge';
import { DAY, plus } from '../../shared/domain/time';
import {
  CANNOT_SAY,
  DESPITE_GAPS,
  DEVICES,
  MFATEST2,
  RAISES,
  RESOLVES,
  SILENT,
  STORIES,
  WAITS,
} from './mfa-registration-unfinished.stories';
import {
  RAISES_TODAY,
  RESOLVES_TODAY,
  SILENT_TODAY,
  WAITS_TODAY,
} from './mfa-registration-unfinished.today.stories';
import { at, audit, coverageOf, play, settingsOf, timelinesOf } from './play';

describe('mfa-registration-unfinished', () => {
  describe('raises', () => {
    it.each(RAISES)('when $when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter((each) => each.state !== 'disproved')).toEqual([
        expect.objectContaining(expected),
      ]);
    });
  });

  describe('raises, of what is logged today,', () => {
    it.each(RAISES_TODAY)('when $when', ({ story, expected, ...frame }) => {
      const { says, saysNot, ...about } = expected;

      const { said, malformed } = play(detector, story, frame);

      const open = said.filter((each) => each.state !== 'disproved');
      expect(malformed).toEqual([]);
      expect(open).toEqual([expect.objectContaining(about)]);
      expect(open[0]!.summary).toMatch(says ?? /./);
      expect(open[0]!.summary).not.toMatch(saysNot ?? /undefined|null/);
    });
  });

  describe('stays silent', () => {
    it.each([...SILENT, ...SILENT_TODAY])('when $when', ({ story, expected: _none, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter((each) => each.state !== 'disproved')).toEqual([]);
    });
  });

  describe('waits', () => {
    it.each([...WAITS, ...WAITS_TODAY])('when $when', ({ story, expected, ...frame }) => {
      const { answers, said } = play(detector, story, frame);

      expect(new Set(said.map((each) => each.state))).toEqual(new Set(['pending']));
      expect(answers.get('ann')?.askAgainAt).toBe(at(expected));
    });
  });

  describe('cannot say', () => {
    it.each(CANNOT_SAY)('when $when', ({ story, expected: _none, ...frame }) => {
      const { answers, said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(['undetermined']);
      expect(answers.get('ann')?.askAgainAt).toBeUndefined();
    });

    it('names the gap', () => {
      const [{ story, expected: _none, ...frame }] = CANNOT_SAY as [(typeof CANNOT_SAY)[number]];

      const { answers } = play(detector, story, frame);

      expect(answers.get('ann')?.findings).toEqual([
        expect.objectContaining({ gap: { from: at(20), to: at(30) } }),
      ]);
    });

    it.each(DESPITE_GAPS)('but does when $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(expected);
    });
  });

  describe('resolves', () => {
    it.each(RESOLVES)('when $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(said).toEqual([expect.objectContaining(expected)]);
    });

    it.each(RESOLVES_TODAY)('today when $when', ({ story, expected, ...frame }) => {
      const { says, saysNot: _nothing, ...about } = expected;

      const { said } = play(detector, story, frame);

      const [ended] = said.filter((each) => each.state === 'resolved');
      expect(ended).toEqual(expect.objectContaining(about));
      expect(ended!.summary).toMatch(says ?? /./);
    });

    it.each(DEVICES)('each device: $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      const outcomes = said.map((each) => [each.anchor, each.resolution ?? each.state]);
      expect(Object.fromEntries(outcomes)).toEqual(expected);
    });

    it('when its evidence may be dropped: expired, 60 days after the entry', () => {
      const entry = at('2023-08-08T12:38:54Z');
      const openAt = (days: number): string[] => {
        const frame = { from: '2023-08-07T00:00:00Z', until: plus(entry, days * DAY) };
        const [one] = timelinesOf(detector, MFATEST2);
        const judgement = judge({
          configured: { detector, settings: settingsOf(detector, frame), stage: 'alert' },
          tenantId: 't',
          timeline: one!.timeline.id,
          subject: one!.timeline.subject,
          signals: one!.signals,
          coverage: coverageOf(frame),
          stored: [],
          now: frame.until,
        });
        return judgement.changes.map(({ finding }) => finding.resolution ?? finding.status);
      };

      expect(detector.retain).toBe(90 * DAY);
      expect(openAt(59)).toEqual(['open']);
      expect(openAt(60)).toEqual(['expired']);
    });
  });

  describe('answers the same', () => {
    it.each(STORIES)('in any order and with repeats, when $when', ({ story, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(play(detector, story.toReversed(), frame).said).toEqual(said);
      expect(play(detector, [...story, ...story.toReversed()], frame).said).toEqual(said);
    });
  });

  it('bears on a finding from the look-back before the first entry', () => {
    const { answers } = play(detector, MFATEST2, FRAME);

    const findings = [...answers.values()].flatMap((each) => each.findings);
    expect(findings.map((each) => each.anchor.from)).toEqual([at('2023-07-09T12:38:54Z')]);
  });

  it('keeps one compact signal of the uses of a device', () => {
    const uses = SILENT.find(({ when }) => when.startsWith('the use within the grace'))!;

    const [one] = timelinesOf(detector, uses.story);

    const kinds = one!.signals.map((signal) => signal.kind);
    expect(kinds).toEqual(['device-added', 'device-used']);
  });

  it('draws nothing from a row that only another detector looks at', () => {
    const row = audit('other', 0, { activity: 'Add user' });

    const read = readRow('directoryAudits', row, {
      isWanted: () => true,
    });

    expect('record' in read && detector.signals(read.record)).toEqual([]);
  });

  it('drops every push token and phone number', () => {
    const text = JSON.stringify(STORIES.flatMap(({ story }) => timelinesOf(detector, story)));

    expect(text).toContain('phone-1');
    expect(text).not.toMatch(/apns2|NO_DEVICE_TOKEN|\+47/);
  });

  describe('says', () => {
    const summaryOf = (story: string, list: typeof RAISES): string | undefined => {
      const { story: rows, expected: _none, ...frame } = list.find(({ when }) => when === story)!;
      return play(detector, rows, frame).said[0]?.summary;
    };

    it('unfinished, in the words of the design', () => {
      expect(play(detector, MFATEST2, FRAME).said[0]?.summary).toBe(
        'MFATest2@domain.com added the authenticator "iPhone 14 Pro Max" at 2023-08-08 12:38 UTC, no verification ' +
          'logged by 2023-08-08 13:38 UTC (log complete to 2023-08-08 16:40 UTC). It is listed on the account ' +
          'but cannot satisfy MFA. At the next MFA prompt they will be asked to set up again. Whether they have ' +
          'another method is unknown. 1 of 5 places used by authenticators.',
      );
    });

    it('what makes it matter more or less', () => {
      const urgent = summaryOf(
        'the user holds a privileged role and has another method: urgent wins',
        RAISES,
      );
      const blocked = summaryOf('registering MFA was blocked at sign-in with 53004', RAISES);
      const cancelled = summaryOf('it was canceled and the device stayed listed', RAISES);

      expect(urgent).toMatch(
        /Another method of theirs is known: another authenticator\. They hold Global Administrator\./,
      );
      expect(blocked).toMatch(
        /A sign-in at 2026-03-02 12:30 UTC was blocked from registering MFA\./,
      );
      expect(cancelled).toMatch(
        /They cancelled the registration; the authenticator stayed listed\./,
      );
    });

    it.each([
      ['completed', 'it is registered', 'Registration was completed'],
      ['used', 'the device is used', 'The authenticator was used to sign in'],
      ['removed', 'the device is removed', 'The authenticator was removed from the account'],
      ['deleted', 'the user deletes the authenticator', 'The user deleted the authenticator'],
      [
        'admin-reset',
        'an admin deletes the authenticator',
        'An administrator deleted the authenticator',
      ],
      ['user-deleted', 'the person is deleted', 'The account was deleted'],
      ['user-disabled', 'the account is disabled', 'The account was disabled'],
    ])('how it ended: %s', (code, when, ending) => {
      expect(summaryOf(`${when}, after the grace: ${code}`, RESOLVES)).toBe(
        'ann@example.com added the authenticator "Pixel 9" at 2026-03-02 12:00 UTC and had not verified it by ' +
          `2026-03-02 13:00 UTC. ${ending} at 2026-03-02 14:00 UTC.`,
      );
    });

    it('nothing of a scan, and "verified" in a title only where it was', () => {
      const said = STORIES.flatMap(({ story, ...frame }) => play(detector, story, frame).said);

      for (const { summary = '', resolution, message } of said) {
        expect(summary).not.toMatch(/scan|NO_DEVICE|undefined|null/i);
        const isVerified = ['completed', 'used', 'retried'].includes(resolution ?? '');
        const title = message === undefined ? '' : detector.messages[message]!.title;
        expect({
          resolution,
          title: /verified( late)?$/.test(title) && !/never|before/.test(title),
        }).toEqual({ resolution, title: isVerified && message !== 'started' });
      }
    });

    it('started', () => {
      expect(summaryOf('registration was only started: told to nobody', RAISES)).toBe(
        'ann@example.com started to register an authenticator at 2026-03-02 12:00 UTC and nothing followed (log ' +
          'complete to 2026-03-02 16:40 UTC). Alone this puts nothing on the account.',
      );
    });

    it('never that anybody is locked out', () => {
      const { title, summary, runbook, messages } = detector;
      const said = STORIES.flatMap(({ story, ...frame }) => play(detector, story, frame).said);
      const texts = [
        title,
        summary,
        ...runbook,
        ...Object.values(messages).map((each) => each.title),
      ];

      for (const text of [...texts, ...said.map((each) => each.summary ?? '')]) {
        expect(text).not.toMatch(/locked out/i);
      }
    });
  });
});

const FRAME = { from: '2023-08-07T00:00:00Z', until: '2023-08-08T16:40:00Z' };
