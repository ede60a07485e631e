import { smartLockoutOvershoot as detector } from '../../shared/detectors/smart-lockout-overshoot';
import { at, audit, play, TICK, type Frame, type Row, type Said } from './play';
import {
  burst,
  byHand,
  GUESSED,
  locked,
  RAISES,
  RESOLVES,
  reset,
  right,
  SILENT,
  SPECIFIED,
  SPRAY,
  STORIES,
} from './smart-lockout-overshoot.stories';

const SECOND = { address: '203.0.113.2' } as const;

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

  describe('while sign-ins of that time were not read', () => {
    const overshoot = [...byHand(24), locked('l', 50)];
    const last = 39.4;

    interface Unread {
      readonly what: string;
      readonly story: readonly Row[];
      readonly frame: Partial<Frame>;
      readonly expected: Partial<Said>;
    }
    const changed = [
      ...burst(24, { minutes: 20, addresses: 2, clientApp: 'Browser' }),
      ...[reset('p', 22), right('r', 25, SECOND)],
    ];

    // Whoever comes home from a journey signs in from a country that the last week did not show.
    const atHome = [
      right('away', -300, { address: '198.51.100.1', country: 'KR' }),
      ...burst(25, { minutes: 24 * 12.5, country: 'NO' }),
      right('r', 305, { address: '203.0.113.1', country: 'NO' }),
    ];

    it.each<Unread>([
      {
        what: 'waits for them where only the pattern tells what it is',
        story: overshoot,
        frame: { until: last + 30 - TICK },
        expected: { state: 'pending' },
      },
      {
        what: 'says it once they are read',
        story: overshoot,
        frame: { until: last + 30 },
        expected: { state: 'open', message: 'overshoot' },
      },
      {
        what: 'cannot say it where they never will be',
        story: overshoot,
        frame: { gaps: [[last + 1, last + 2]] },
        expected: { state: 'undetermined' },
      },
      {
        what: 'says at once that they came from many places',
        story: SPRAY,
        frame: { until: 20 },
        expected: { state: 'open', message: 'spread' },
      },
      {
        what: 'says that they came from many places, whatever else there was',
        story: SPRAY,
        frame: { gaps: [[-5, -4]] },
        expected: { state: 'open', message: 'spread' },
      },
      {
        what: 'takes back that it was guessed when a change of the password shows, though it cannot say what it was',
        story: changed,
        frame: { gaps: [[40, 41]] },
        expected: { state: 'disproved' },
      },
      {
        what: 'takes back that it was guessed when it turns out that one device has sent it for hours',
        story: atHome,
        frame: { gaps: [[310, 311]], until: 600 },
        expected: { state: 'disproved' },
      },
      {
        what: 'takes the owner of a device that has sent it for hours for its owner, also after a journey',
        story: atHome,
        frame: { until: 600 },
        expected: { state: 'open', message: 'stale' },
      },
      {
        what: 'takes it for forgotten where all is read',
        story: changed,
        frame: {},
        expected: { state: 'resolved', message: 'forgot' },
      },
    ])('$what', ({ story, frame, expected }) => {
      const { said } = play(detector, story, { until: 300, ...frame });

      expect(said).toEqual([expect.objectContaining(expected)]);
    });

    it('asks again when it is known whether a right password followed, though the password is changed', () => {
      const { said, answers } = play(detector, [...SPRAY, reset('p', 22)], { until: 60 });

      expect(said).toEqual([expect.objectContaining({ state: 'resolved', message: 'spread' })]);
      expect([...answers.values()].map(({ askAgainAt }) => askAgainAt)).toEqual([at(20 + 60)]);
    });

    it('asks again when they may be read', () => {
      const { answers } = play(detector, overshoot, { until: 60 });

      expect([...answers.values()].map(({ askAgainAt }) => askAgainAt)).toEqual([at(last + 30)]);
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

    it('that it is not known whether one of them was right, where sign-ins were not read', () => {
      const unread = 'so it is not known whether one of them was right.';

      expect(summaryOf(SPRAY, { gaps: [[50, 60]] })).toContain(unread);
      expect(summaryOf(SPRAY, { gaps: [[90, 100]] })).toContain('No sign-in shows');
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
