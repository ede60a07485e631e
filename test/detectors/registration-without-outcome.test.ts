import { registrationWithoutOutcome as detector } from '../../shared/detectors/registration-without-outcome';
import { defaultSettings } from '../../shared/domain/detector';
import { judge } from '../../shared/domain/findings/judge';
import { REPEATED } from '../../shared/domain/records/registered-methods';
import { DAY } from '../../shared/domain/time';
import { at, coverageOf, play, settingsOf, timelinesOf } from './play';
import {
  CANNOT_SAY,
  PUBLIC_CASE,
  RAISES,
  RESOLVES,
  SILENT,
  started,
  STORIES,
  WAITS,
} from './registration-without-outcome.stories';

describe('registration-without-outcome', () => {
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
      const { answers } = play(detector, PUBLIC_CASE, { until: 600 });

      expect(answers.get('ann')?.askAgainAt).toBe(at('2026-03-10T00:00:00Z'));
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

  it('repeats what the other detector gives way to', () => {
    const { starts, window } = defaultSettings(detector.settings);

    expect({ starts, window }).toEqual(REPEATED);
  });

  it('gives each method and each day its own finding', () => {
    const story = [0, 5, 10].flatMap((minute) => [
      started(`p${minute}`, minute),
      started(`a${minute}`, minute, { method: 'Authenticator App with Code' }),
      started(`n${minute}`, minute + 24 * 60),
    ]);

    const { said } = play(detector, story, { until: 2 * 24 * 60 });

    expect(said.map((each) => each.anchor).sort()).toEqual([
      'authenticator|2026-03-02',
      'passkey|2026-03-02',
      'passkey|2026-03-03',
    ]);
  });

  describe('over midnight', () => {
    // 23:50, 00:05, 00:10, 00:15
    const story = [710, 725, 730, 735].map((minute) => started(`s${minute}`, minute));
    const ONE = { anchor: 'passkey|2026-03-02', count: 4, continues: false };
    const OTHER = { anchor: 'passkey|2026-03-03', count: 3 };

    it('tells of both days, the second time as going on', () => {
      const { said } = play(detector, story, { until: 2_000 });

      expect(said).toMatchObject([ONE, { ...OTHER, continues: true }]);
    });

    it('tells the same of the second day when the first is not known', () => {
      const { said } = play(detector, story.slice(1), { until: 2_000 });

      expect(said).toMatchObject([{ ...OTHER, continues: false }]);
    });

    it('makes no new finding of what is left of an old one', () => {
      const [{ timeline, signals }] = timelinesOf(detector, story) as [
        ReturnType<typeof timelinesOf>[number],
      ];
      const judged = (floor: string): readonly (string | undefined)[] =>
        judge({
          ...{ tenantId: 'tenant', timeline: timeline.id, subject: timeline.subject, signals },
          configured: { detector, settings: settingsOf(detector, { until: 0 }), stage: 'alert' },
          coverage: coverageOf({ until: 2_000 }),
          ...{ floor: at(floor), stored: [], now: at(2_000) },
        }).changes.map((each) => each.finding.anchor.key);

      expect(judged('2026-03-02T00:00:00Z')).toEqual([ONE.anchor, OTHER.anchor]);
      expect(judged('2026-03-02T00:00:00.0000001Z')).toEqual([OTHER.anchor]);
      expect(judged('2026-03-03T00:00:00Z')).toEqual([OTHER.anchor]);
      expect(judged('2026-03-03T00:00:00.0000001Z')).toEqual([]);
    });
  });

  it('bears on a finding from the start of its day, and rests on the whole of it', () => {
    const { answers } = play(detector, PUBLIC_CASE, { until: 600 });

    const [finding] = [...answers.values()].flatMap((each) => each.findings);
    expect(finding?.anchor.from).toBe(at('2026-03-02T00:00:00Z'));
    expect(finding).toMatchObject({ absenceWindow: { from: at(0), to: at(140) } });
    expect(detector.retain).toBe(30 * DAY);
  });

  describe('says', () => {
    const summaryOf = (when: string, of: typeof RAISES = RAISES): string | undefined => {
      const { story, expected: _none, ...frame } = of.find((each) => each.when === when)!;
      return play(detector, story, frame).said[0]?.summary;
    };

    it('what did not come, and the known cause with a passkey', () => {
      expect(summaryOf('it is the public case: 13 starts in 80 minutes')).toBe(
        'ann@example.com started to register a passkey 13 times from 2026-03-02 12:00 UTC to 2026-03-02 13:20 UTC, no ' +
          'outcome logged by 2026-03-02 14:20 UTC (log complete to 2026-03-02 22:00 UTC): neither registered, nor ' +
          'cancelled, nor failed. A known cause: a Windows Hello credential of the same account in the ' +
          'same container on that computer.',
      );
    });

    it('no cause where none is known', () => {
      const text = summaryOf('an authenticator is started three times and no phone is added');

      expect(text).toContain('started to register an authenticator 3 times');
      expect(text).not.toContain('known cause');
      expect(summaryOf('the rows name no method')).toContain('register a sign-in method 3 times');
      expect(summaryOf('the method has a name that is not known here')).toContain(
        'register "face check" 3',
      );
    });

    it('how it ended', () => {
      expect(summaryOf('it is registered later', RESOLVES)).toContain(
        ' Since then, at 2026-03-02 13:40 UTC: a passkey was registered.',
      );
      expect(summaryOf('it is cancelled later', RESOLVES)).toContain(
        ' Since then, at 2026-03-02 13:40 UTC: the registration was cancelled.',
      );
    });
  });
});
