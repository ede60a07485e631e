import { smartLockoutOvershoot as detector } from '../../shared/detectors/smart-lockout-overshoot';
import { audit, play, type Frame, type Row } from './play';
import {
  GUESSED,
  locked,
  RAISES,
  RESOLVES,
  SILENT,
  SPECIFIED,
  STORIES,
} from './smart-lockout-overshoot.stories';

describe('smart-lockout-overshoot', () => {
  describe('answers as specified', () => {
    it.each(SPECIFIED)('when $when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said).toEqual(expected.map((each) => expect.objectContaining(each) as unknown));
    });
  });

  describe.each([
    ['raises', RAISES],
    ['resolves', RESOLVES],
  ])('%s', (_, stories) => {
    it.each(stories)('when $when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter(({ subject }) => subject === 'ann')).toEqual([
        expect.objectContaining(expected),
      ]);
    });
  });

  describe('stays silent', () => {
    it.each(SILENT)('when $when', ({ story, expected: _none, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said).toEqual([]);
    });
  });

  describe('says', () => {
    const refused = [0, 1, 2].map((i) =>
      locked(`m${i}`, 2 + i, { reason: 'Blocked: an IP address with malicious activity.' }),
    );
    const summaryOf = (story: readonly Row[], frame: Partial<Frame> = {}): string =>
      play(detector, story, { until: 120, ...frame }).said[0]?.summary ?? '';

    it('how many tries were refused because of their address, and when smart lockout showed', () => {
      const text = summaryOf([...GUESSED, ...refused, ...refused, locked('l', 10)]);

      expect(text).toContain('3 more tries were refused because of the address.');
      expect(text).toContain('Smart lockout appeared at 2026-03-02 12:10 UTC.');
      expect(text).toContain('Change the password and revoke sessions.');
    });

    it('that it is not known whether the password was changed, where the audit log was not read', () => {
      expect(summaryOf(GUESSED, { gaps: [[19, 30]] })).toContain(
        'It is not known whether the password was changed in between.',
      );
      expect(summaryOf(GUESSED, { until: 22 })).toContain('the audit log was not read so far yet.');
      expect(summaryOf(GUESSED)).not.toContain('not known');
    });

    it('that sessions were revoked, and that this is not enough', () => {
      const revoked = audit('s', 40, { activity: 'Update StsRefreshTokenValidFrom Timestamp' });

      expect(summaryOf([...GUESSED, revoked])).toContain(
        'Sessions were revoked at 2026-03-02 12:40 UTC; no change of the password is logged since.',
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
});
