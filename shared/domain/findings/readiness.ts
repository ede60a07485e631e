import { textOf } from '../facts';
import type { Finding } from './finding';

/**
 * Why somebody is on the list: none of the methods that are listed for them works; what other methods are listed is not
 * known; all their places for authenticators are taken, so no other can be registered.
 */
export const READINESS_REASONS = [
  'only-unverified-method',
  'other-methods-not-known',
  'five-places-used',
] as const;
export type ReadinessReason = (typeof READINESS_REASONS)[number];

/** Somebody whom an MFA requirement would stop today, or may. */
export interface ReadinessPerson {
  /** The object id of the user. */
  readonly id: string;
  readonly name: string;
  readonly reasons: readonly ReadinessReason[];
  /** The finding that says why. */
  readonly finding: string;
}

export interface ReadinessCounts {
  /** Who would be stopped: a method is listed for them, and none of those listed works. */
  readonly blocked: number;
  /** Whose places for authenticators are all taken. */
  readonly fiveSlots: number;
  /** Who may be stopped: their other methods are not known. */
  readonly unknown: number;
}

// Names of `methodsRegistered` in Graph. `microsoftAuthenticatorPush` and `softwareOneTimePasscode` are not here: they are
// what a registration that was never verified lists. E-mail and security questions answer no MFA prompt.
const ANSWERS_MFA: ReadonlySet<string> = new Set(
  [
    ...['mobilePhone', 'alternateMobilePhone', 'officePhone', 'hardwareOneTimePasscode'],
    ...['fido2', 'fido2SecurityKey', 'passKeyDeviceBound', 'passKeyDeviceBoundAuthenticator'],
    ...['passKeyDeviceBoundWindowsHello', 'passKeySynced', 'windowsHelloForBusiness'],
    ...['macOsSecureEnclaveKey', 'x509CertificateMultiFactor'],
  ].map((name) => name.toLowerCase()),
);

/**
 * What an open finding about an unfinished registration means for a policy that requires MFA.
 * @param listed the methods that the service lists for the person; absent when they are not known.
 * @returns undefined when the person can answer by another method.
 */
export function readinessOf(
  finding: Finding,
  listed: readonly string[] | undefined,
): ReadinessPerson | undefined {
  const { id, subject, severity, facts } = finding;
  const [used, all] = textOf(facts['placesUsed']).split(' of ');
  const isFull = used !== '' && used === all;
  // Low is what the detector says of whom another method is known, by the log.
  const canAnswer =
    severity === 'low' || listed?.some((each) => ANSWERS_MFA.has(each.toLowerCase())) === true;
  const reasons: readonly ReadinessReason[] = [
    ...(canAnswer
      ? []
      : [
          listed === undefined
            ? ('other-methods-not-known' as const)
            : ('only-unverified-method' as const),
        ]),
    ...(isFull ? ['five-places-used' as const] : []),
  ];
  return reasons.length === 0
    ? undefined
    : { id: subject.id, name: subject.name ?? subject.id, reasons, finding: id };
}

/** How many of each. */
export function countReadiness(people: readonly ReadinessPerson[]): ReadinessCounts {
  const count = (reason: ReadinessReason): number =>
    people.filter(({ reasons }) => reasons.includes(reason)).length;
  return {
    blocked: count('only-unverified-method'),
    fiveSlots: count('five-places-used'),
    unknown: count('other-methods-not-known'),
  };
}
