import { smartLockoutOvershoot as detector } from '../../shared/detectors/smart-lockout-overshoot';
import { play } from './play';
import { RAISES, RESOLVES, SILENT, SPECIFIED, STORIES } from './smart-lockout-overshoot.stories';

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

  describe('answers the same', () => {
    it.each(STORIES)('in any order and with repeats, when $when', ({ story, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(play(detector, story.toReversed(), frame).said).toEqual(said);
      expect(play(detector, [...story, ...story.toReversed()], frame).said).toEqual(said);
    });
  });
});
