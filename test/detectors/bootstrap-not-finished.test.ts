import { bootstrapNotFinished as detector } from '../../shared/detectors/bootstrap-not-finished';
import { judge } from '../../shared/domain/findings/judge';
import {
  CANNOT_SAY,
  emptied,
  RAISES,
  SILENT,
  STORIES,
  WAITS,
} from './bootstrap-not-finished.stories';
import { left, pass, roleAssigned } from './mfa-rows';
import { at, coverageOf, play, settingsOf, timelinesOf, type Row } from './play';

const DAY = 24 * 60;

describe('bootstrap-not-finished', () => {
  describe('raises', () => {
    it.each(RAISES)('when $when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter((each) => each.state !== 'disproved')).toEqual([
        expect.objectContaining(expected),
      ]);
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
  });

  describe('cannot say', () => {
    it.each(CANNOT_SAY)('when $when', ({ story, expected: _none, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(['undetermined']);
    });
  });

  describe('answers the same', () => {
    it.each(STORIES)('in any order and with repeats, when $when', ({ story, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(play(detector, story.toReversed(), frame).said).toEqual(said);
      expect(play(detector, [...story, ...story.toReversed()], frame).said).toEqual(said);
    });
  });

  it('gives each act its own finding when the one before is over', () => {
    const { said } = play(detector, [pass('first', 0), pass('second', 5 * DAY)], {
      until: 10 * DAY,
    });

    expect(said.map(({ anchor, state }) => ({ anchor, state }))).toEqual([
      { anchor: 'first', state: 'open' },
      { anchor: 'second', state: 'open' },
    ]);
  });

  it('makes no new finding of what is left of an old one', () => {
    const story = [pass('first', 0), pass('second', 20 * 60)];
    const [{ timeline, signals }] = timelinesOf(detector, story) as [
      ReturnType<typeof timelinesOf>[number],
    ];
    const judged = (floor: number): readonly string[] =>
      judge({
        ...{ tenantId: 'tenant', timeline: timeline.id, subject: timeline.subject, signals },
        configured: { detector, settings: settingsOf(detector, { until: 0 }), stage: 'alert' },
        coverage: coverageOf({ until: 10 * DAY }),
        ...{ floor: at(floor), stored: [], now: at(10 * DAY) },
      }).changes.map((each) => each.finding.anchor.key);

    expect(judged(-40 * DAY)).toEqual(['first']);
    expect(judged(1)).toEqual([]); // the first is hidden, and the second is no finding of its own
  });

  it('rests on the whole time in which nothing was registered', () => {
    const { answers } = play(detector, [emptied('reset', 0), pass('pass', 60)], {
      until: 10 * DAY,
    });

    expect(answers.get('ann')?.findings).toEqual([
      expect.objectContaining({
        absenceWindow: { from: at(0), to: at(3 * DAY) },
        missing: { what: 'no registration logged', by: at(3 * DAY) },
      }),
    ]);
  });

  describe('says', () => {
    const summaryOf = (...story: readonly Row[]): string | undefined =>
      play(detector, story, { until: 10 * DAY }).said[0]?.summary;
    const said = (when: string): string | undefined => {
      const { story, expected: _none, ...frame } = RAISES.find((each) => each.when === when)!;
      return play(detector, story, frame).said.find((each) => each.summary !== undefined)?.summary;
    };

    it('what was done, what did not follow, and what that means', () => {
      expect(summaryOf(emptied('reset', 0))).toBe(
        'An administrator took all MFA methods off the account of ann@example.com at 2026-03-02 12:00 UTC. No ' +
          'registration was logged after that by 2026-03-05 12:00 UTC (log complete to 2026-03-12 12:00 UTC). Without a method ' +
          'they cannot pass an MFA prompt, and whoever knows the password can register one in their place. They may ' +
          'be on leave.',
      );
    });

    it('that a pass was issued as well, and the role they hold', () => {
      const text = summaryOf(
        roleAssigned('role', -DAY, 'Global Administrator'),
        emptied('reset', 0),
        pass('pass', 60),
      );

      expect(text).toContain('A Temporary Access Pass was issued at 2026-03-02 13:00 UTC.');
      expect(text).toContain('They hold Global Administrator.');
    });

    it('that registration was required anew', () => {
      expect(said('re-registration is required and nothing is registered in three days')).toMatch(
        /^ann@example.com was required by an administrator to register MFA methods again at/,
      );
    });

    it('until when a pass was valid, where the log says it, and that no method is known', () => {
      expect(said('the pass says that it is valid for eight hours')).toMatch(
        /^ann@example.com was issued a Temporary Access Pass at 2026-03-02 12:00 UTC, valid to 2026-03-02 20:00 UTC\. No registration .* No method of theirs is known;/,
      );
    });

    it('a method that they may still have', () => {
      expect(said('a method was registered before the pass, which may still be there')).toContain(
        'They may still have a method from before: at 2026-03-02 11:55 UTC an authenticator was registered.',
      );
    });

    it('no method from before a reset', () => {
      const { said } = play(
        detector,
        [left('x', -9 * DAY, 'Enable account'), emptied('reset', 0), pass('pass', 5 * DAY)],
        { until: 10 * DAY },
      );

      expect(said[1]?.summary).toContain('No method of theirs is known');
    });

    it('how it ended', () => {
      expect(said('the registration comes exactly a day after the pass has expired')).toContain(
        ' Since then, at 2026-03-03 13:00 UTC: an authenticator was registered.',
      );
    });
  });
});
