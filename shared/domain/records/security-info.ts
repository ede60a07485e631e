import type { AuditRecord } from '../record';

// What rows of the service Authentication Methods say about the method they are about. They say it in words, in the
// reason or in the additional details, and the words differ by year and language.

/** How it is logged that a credential without a password was put on an account, under names of several years. */
export const CREDENTIAL_ADDED = [
  'Add passwordless phone sign-in credential',
  'Add Passkey (device-bound)',
  'Add Passkey (device-bound) security key',
  'Add FIDO2 security key',
  'Add Windows Hello for Business credential',
  'Add platform credential',
] as const;

/** A kind of method. `unnamed`: the row does not say; `unknown`: it names one that is not known here. */
export type MethodKind =
  | 'authenticator'
  | 'phone'
  | 'hardware-token'
  | 'security-key'
  | 'windows-hello'
  | 'passkey'
  | 'platform-credential'
  | 'temporary-pass'
  | 'email'
  | 'app-password'
  | 'questions'
  | 'unknown'
  | 'unnamed';

/** What people call it. */
export const METHOD_WORDS: Readonly<Record<MethodKind, string>> = {
  authenticator: 'an authenticator',
  phone: 'a phone number',
  'hardware-token': 'a hardware token',
  'security-key': 'a security key',
  'windows-hello': 'Windows Hello',
  passkey: 'a passkey',
  'platform-credential': 'a platform credential',
  'temporary-pass': 'a Temporary Access Pass',
  email: 'an e-mail address',
  'app-password': 'an app password',
  questions: 'security questions',
  unknown: 'another method',
  unnamed: 'a method without a name',
};

/** Stronger than a push notification, and no authenticator that could be the one in question. */
export const STRONG_METHODS: readonly MethodKind[] = [
  'security-key',
  'windows-hello',
  'platform-credential',
  'passkey',
];

/** What can answer an MFA prompt. */
export const USABLE_METHODS: readonly MethodKind[] = ['phone', 'hardware-token', ...STRONG_METHODS];

// In this order: a passkey in Microsoft Authenticator is the authenticator, a software token is a code-only one.
const APP = /microsoft authenticator/i;
const WORDS: readonly (readonly [RegExp, MethodKind])[] = [
  [APP, 'authenticator'],
  [/fido|security key/i, 'security-key'],
  [/authenticator|phone sign-?in|mobile app/i, 'authenticator'],
  [/hardware.*oath|oath.*hardware/i, 'hardware-token'],
  [/oath|software token/i, 'authenticator'],
  [/windows hello/i, 'windows-hello'],
  [/platform credential/i, 'platform-credential'],
  [/passkey/i, 'passkey'],
  [/temporary access pass/i, 'temporary-pass'],
  [/app(lication)?\s?password/i, 'app-password'],
  [/security question/i, 'questions'],
  [/e-?mail/i, 'email'],
  [/phone|mobile|sms|voice|call/i, 'phone'],
];

/** The kind of method that a row is about. */
export function methodOf(record: AuditRecord): MethodKind {
  const { activity, reason = '', details = {} } = record;
  const labels = Object.entries(details).flatMap(([key, value]) =>
    /method/i.test(key) || (!/agent/i.test(key) && APP.test(value)) ? [value] : [],
  );
  // "Add Windows Hello for Business credential" and the like name the method in the activity.
  const texts = [reason, ...labels, ...(/^(add|delete) /i.test(activity) ? [activity] : [])];
  const found = WORDS.find(([words]) => texts.some((text) => words.test(text)));
  const isNamed = labels.length > 0 || namesSomething(reason);
  return found?.[1] ?? (isNamed ? 'unknown' : 'unnamed');
}

/** True when the row says of itself that it tells of a failure, whatever its result. */
export function isFailure(record: AuditRecord): boolean {
  return /^\s*user failed\b/i.test(record.reason ?? '');
}

// "User registered security info" names nothing, and a sentence in another language may not either.
function namesSomething(text: string): boolean {
  const [, label = ''] =
    /^\s*(?:user|admin)\s+(?:registered|deleted|started the registration for)\s+(.+)$/i.exec(
      text,
    ) ?? [];
  return label !== '' && !/^(all required )?security info\b/i.test(label);
}
