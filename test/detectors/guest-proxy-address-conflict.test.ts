import { guestProxyAddressConflict } from '../../shared/detectors/guest-proxy-address-conflict';
import { ADDRESS, RAISES, SILENT } from './guest-proxy-address-conflict.stories';
import { playRounds } from './rounds';

describe('guest-proxy-address-conflict', () => {
  describe('raises', () => {
    it.each(RAISES)('when $when', (story) => {
      const said = playRounds(guestProxyAddressConflict, story);

      expect(said).toContainEqual(
        expect.objectContaining({ subject: subjectOf(story), ...story.expected }),
      );
    });
  });

  describe('stays silent', () => {
    it.each(SILENT)('when $when', (story) => {
      expect(playRounds(guestProxyAddressConflict, story)).toEqual([]);
    });
  });
});

function subjectOf({ rounds }: (typeof RAISES)[number]): string {
  return rounds.some(({ groups }) => groups !== undefined) ? 'all@example.com' : ADDRESS;
}
