import { guestProxyAddressConflict } from '../../shared/detectors/guest-proxy-address-conflict';
import { ADDRESS, PENDING, RAISES, SILENT } from './guest-proxy-address-conflict.stories';
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

    it(`as long as ${PENDING.when}`, () => {
      expect(playRounds(guestProxyAddressConflict, PENDING)).toEqual([
        { subject: ADDRESS, anchor: 'g-1|s-1', state: 'pending' },
      ]);
    });
  });
});

function subjectOf({ rounds }: (typeof RAISES)[number]): string {
  return rounds.some(({ groups }) => groups !== undefined) ? 'all@example.com' : ADDRESS;
}
