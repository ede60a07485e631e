import { upnProxyAddressReserved } from '../../shared/detectors/upn-proxy-address-reserved';
import { playRounds } from './rounds';
import { PENDING, RAISES, RESERVED, SILENT } from './upn-proxy-address-reserved.stories';

describe('upn-proxy-address-reserved', () => {
  describe('raises', () => {
    it.each(RAISES)('when $when', (story) => {
      const said = playRounds(upnProxyAddressReserved, story);

      expect(said).toContainEqual(
        expect.objectContaining({ subject: RESERVED, ...story.expected }),
      );
      expect(said.filter(({ state }) => state === 'open').length).toBeLessThan(2);
    });
  });

  describe('stays silent', () => {
    it.each(SILENT)('when $when', (story) => {
      expect(playRounds(upnProxyAddressReserved, story)).toEqual([]);
    });

    it(`when ${PENDING.when}, for now`, () => {
      expect(playRounds(upnProxyAddressReserved, PENDING)).toEqual([
        { subject: RESERVED, anchor: 'h-1|w-1', state: 'pending' },
      ]);
    });
  });
});
