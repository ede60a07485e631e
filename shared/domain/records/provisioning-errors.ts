import type { WantedAddress } from '../record';
import { cutText, plainText } from '../text';

/** One of `serviceProvisioningErrors`, as Graph sends it. */
export interface ServiceError {
  readonly isResolved: boolean;
  /** Such as `exchange/NAMPRD04-001-01`. */
  readonly instance: string;
  /** XML, or what has become of it. */
  readonly detail: string;
}

/** One of `onPremisesProvisioningErrors`. */
export interface SyncError {
  readonly category: string;
  readonly property: string;
  readonly value: string;
}

/** An address that an error names. */
export interface NamedAddress {
  readonly address: string;
  readonly want: WantedAddress;
}

/** "The proxy address is already being used", by Exchange. */
const ALREADY_USED = 'Ex1472D1';
/** "The execution of cmdlet Enable-MailUser failed": it comes beside another and says nothing of its own. */
const FAILED_CMDLET = 'ExFEBFF0';

/**
 * The addresses that unresolved errors of Exchange say an object cannot get. An error that says an address is taken and
 * names none means the object's own mail address.
 */
export function namedByService(
  errors: readonly ServiceError[],
  mail: string | undefined,
): readonly NamedAddress[] {
  return errors
    .filter(({ isResolved, instance }) => !isResolved && /^exchange\b/i.test(instance.trim()))
    .flatMap(({ detail }) => errorsIn(detail))
    .filter(({ code }) => code !== FAILED_CMDLET)
    .flatMap(({ code, says }): readonly NamedAddress[] => {
      const own = code === ALREADY_USED && mail !== undefined ? [mail] : [];
      const named = addressesIn(says);
      const want: WantedAddress = {
        by: 'service',
        ...(code !== undefined && { code }),
        ...(says !== '' && { says: firstSentence(says) }),
      };
      return (named.length > 0 ? named : own).map((address) => ({ address, want }));
    });
}

/** The addresses that synchronisation left out because another object has them. */
export function namedBySync(errors: readonly SyncError[]): readonly NamedAddress[] {
  return errors.flatMap(({ category, property, value }): readonly NamedAddress[] => {
    const isOfAddress = /^(proxyaddress|userprincipalname)/i.test(property.trim());
    const address = addressOf(value);
    return category.trim().toLowerCase() === 'propertyconflict' && isOfAddress && address
      ? [{ address, want: { by: 'on-premises', code: 'PropertyConflict' } }]
      : [];
  });
}

/** An address without the prefix of its kind, in lower case; undefined for `sip:`, `x500:` and what is none. */
export function addressOf(text: string): string | undefined {
  const [, prefix = '', rest = ''] = /^\s*(?:([a-z0-9]+):)?(.*?)\s*$/is.exec(text) ?? [];
  return /^(smtp)?$/i.test(prefix) && /^[^\s@]+@[^\s@]+$/.test(rest)
    ? rest.toLowerCase()
    : undefined;
}

/** Longer ones are cut: what matters stands at the beginning. */
const MAX_DETAIL = 20_000;

interface DetailedError {
  readonly code?: string;
  readonly says: string;
}

/**
 * What `errorDetail` says, error by error. It is XML that may be cut, carry curly quotes for straight ones or be no XML at
 * all, so it is searched and not parsed: nothing in it is ever evaluated.
 */
function errorsIn(detail: string): readonly DetailedError[] {
  const text = detail.slice(0, MAX_DETAIL);
  const [before = '', ...records] = text.split(/<(?:\w+:)?ErrorCode\b[^>]*>/i);
  if (records.length === 0) {
    return [{ says: descriptionIn(before) ?? plain(before.replace(/<[^>]*>/g, ' ')) }];
  }
  return records.map((record) => {
    const code = /^\s*(\w{1,40})/.exec(record)?.[1];
    return { ...(code !== undefined && { code }), says: descriptionIn(record) ?? '' };
  });
}

function descriptionIn(xml: string): string | undefined {
  const [, text] = /<(?:\w+:)?ErrorDescription\b[^>]*>([^<]*)/i.exec(xml) ?? [];
  return text === undefined ? undefined : plain(text);
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&#39;': "'", '&#34;': '"' },
};

/** On one line, with straight quotes. The names of five characters are replaced; any other entity stays as it is. */
function plain(text: string): string {
  return plainText(text)
    .replace(/&(?:lt|gt|quot|apos|#39|#34);/g, (each) => ENTITIES[each] ?? each)
    .replace(/[\u201c-\u201f\u2033]/g, '"')
    .replace(/[\u2018-\u201b\u2032]/g, "'")
    .replace(/\s+/g, ' ')
    .trim();
}

const MAX_SENTENCE = 300;

function firstSentence(text: string): string {
  return cutText(/^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text, MAX_SENTENCE);
}

/** Those with a prefix, which stand for what cannot be had; where none has one, the first: the next is whose it is. */
function addressesIn(text: string): readonly string[] {
  const prefixed = [...text.matchAll(/\bsmtp:([^\s"'<>&;,()]+@[^\s"'<>&;,()]+)/gi)];
  const [bare] = /[^\s"'<>&;:,()]+@[^\s"'<>&;:,()]+/.exec(text) ?? [];
  const found =
    prefixed.length > 0 ? prefixed.map(([, each = '']) => each) : bare === undefined ? [] : [bare];
  return [...new Set(found.flatMap((each) => addressOf(each.replace(/\.+$/, '')) ?? []))];
}
