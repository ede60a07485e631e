import { guestProxyAddressConflict } from '../../shared/detectors/guest-proxy-address-conflict';
import { observed } from '../../shared/detectors/addresses/seen';
import type { Signal } from '../../shared/domain/findings/signal';
import type { DirectoryObjectRecord } from '../../shared/domain/record';
import { MINUTE } from '../../shared/domain/time';
import { at } from './play';
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

describe('a conflict that an error names later', () => {
  const sign = (when: number, by: readonly string[]): Signal[] =>
    ['g', 'w'].flatMap((id) =>
      observed(
        {
          ...{ source: 'directoryObjects', id, at: at(when), collection: 'users', name: id },
          ...{ userPrincipalName: `${id}@example.com`, mail: ADDRESS, isSynced: id === 'w' },
          ...{ guest: id === 'g' ? 'guest' : undefined, hasAddresses: id === 'g' },
          ...{ disabledSince: undefined, createdAt: undefined, gone: undefined, notRead: [] },
          on: [
            id === 'g'
              ? { address: ADDRESS, wants: [], holds: 'primary', heldSince: at(0) }
              : { address: ADDRESS, wants: by.map((each) => ({ by: each })), wantedSince: at(0) },
          ],
        } as DirectoryObjectRecord,
        () => 'wants',
      ),
    );
  const story = [...sign(0, ['mail']), ...sign(600, ['on-premises', 'mail'])];
  const assess = (to: number) =>
    guestProxyAddressConflict.assess(
      story,
      { directoryObjects: { from: at(0), to: at(to), gaps: [] } },
      { settle: 180 * MINUTE },
    );

  it('is asked about again as long as the time before is not read', () => {
    expect(assess(60)).toMatchObject({ findings: [{ since: at(600) }], askAgainAt: at(180) });
  });

  it('is certain since then, once it is read', () => {
    expect(assess(600)).toMatchObject({ findings: [{ since: at(180) }] });
    expect(assess(600).askAgainAt).toBeUndefined();
  });
});

function subjectOf({ rounds }: (typeof RAISES)[number]): string {
  return rounds.some(({ groups }) => groups !== undefined) ? 'all@example.com' : ADDRESS;
}
