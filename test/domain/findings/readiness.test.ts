import type { Severity } from '../../../shared/domain/detector';
import { countReadiness, readinessOf } from '../../../shared/domain/findings/readiness';
import { finding } from '../../contracts/samples';

const of = (severity: Severity, placesUsed?: string) =>
  finding('timeline', 'anchor', {
    severity,
    ...(placesUsed !== undefined && { facts: { placesUsed } }),
  });

describe('readiness', () => {
  it.each([
    [
      'only what was never verified',
      of('medium'),
      ['microsoftAuthenticatorPush'],
      ['only-unverified-method'],
    ],
    [
      'also an e-mail address, which answers no prompt',
      of('medium'),
      ['email', 'softwareOneTimePasscode'],
      ['only-unverified-method'],
    ],
    ['nothing at all', of('high'), [], ['only-unverified-method']],
    ['a phone', of('medium'), ['MobilePhone', 'microsoftAuthenticatorPush'], undefined],
    ['a security key', of('medium'), ['fido2'], undefined],
    ['nothing that is known', of('medium'), undefined, ['other-methods-not-known']],
    ['nothing that is known, but the log shows another method', of('low'), undefined, undefined],
    [
      'every place taken',
      of('medium', '5 of 5'),
      ['microsoftAuthenticatorPush'],
      ['only-unverified-method', 'five-places-used'],
    ],
    ['a phone, and every place taken', of('low', '5 of 5'), ['mobilePhone'], ['five-places-used']],
    ['places left', of('low', '3 of 5'), ['mobilePhone'], undefined],
  ] as const)('of whom %s is listed', (_what, found, listed, reasons) => {
    expect(readinessOf(found, listed)).toEqual(
      reasons && { id: 'user-1', name: 'Ada', reasons, finding: found.id },
    );
  });

  it('counts whoever has a reason once for each', () => {
    const people = [
      readinessOf(of('medium', '5 of 5'), [])!,
      readinessOf(of('medium'), undefined)!,
      readinessOf(of('high'), ['email'])!,
    ];

    expect(countReadiness(people)).toEqual({ blocked: 2, fiveSlots: 1, unknown: 1 });
  });
});
