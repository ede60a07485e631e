import { sha256 } from '../../domain/json';
import { eventSignal, sharedSignal } from '../../domain/findings/event-signal';
import type { AuditRecord, EntraRecord, SignInRecord } from '../../domain/record';
import { personOf } from '../../domain/records/person';
import type { Signal, Subject } from '../../domain/findings/signal';
import { between, type Instant } from '../../domain/time';

/** What the rows of one person amount to in ten minutes, or one change of their password. */
export type Kind =
  'wrong' | 'right' | 'locked' | 'address-blocked' | 'refused' | 'password-changed' | 'revoked';

/** The password was wrong. */
export const WRONG = 50126;
/** Locked by smart lockout, or refused because of the address, whatever the password: the reason tells. */
export const REFUSED = 50053;
/** What is asked or refused after a right password, and 0. */
export const RIGHT: readonly number[] = [
  ...[50055, 50072, 50074, 50076, 50079, 50125, 50140, 50158],
  ...[53000, 53001, 53002, 53003, 53004, 530032, 500121, 65001],
];

const PASSWORD_CHANGES: readonly string[] = [
  'reset user password',
  'reset password (by admin)',
  'reset password (self-service)',
  'change user password',
  'change password (self-service)',
];

const SESSIONS_REVOKED = 'update stsrefreshtokenvalidfrom timestamp';

/** What a record says of tries and of the password. */
export function signalsOf(record: EntraRecord): readonly Signal[] {
  if (record.source === 'signIns') {
    return signInSignals(record);
  }
  return record.source === 'directoryAudits' ? auditSignals(record) : [];
}

function auditSignals(record: AuditRecord): readonly Signal[] {
  const person = personOf(record);
  if (person === undefined || (record.result !== undefined && record.result !== 'success')) {
    return [];
  }
  const activity = record.activity.toLowerCase();
  if (PASSWORD_CHANGES.includes(activity)) {
    return [eventSignal(record, person.subject, 'password-changed')];
  }
  return activity === SESSIONS_REVOKED ? [eventSignal(record, person.subject, 'revoked')] : [];
}

function signInSignals(record: SignInRecord): readonly Signal[] {
  const { errorCode, failureReason } = record;
  if (errorCode === WRONG) {
    return [wrong(record)];
  }
  if (errorCode === REFUSED) {
    return [inBucket(record, refusalOf(failureReason ?? ''), counted(record))];
  }
  return errorCode === 0 || (errorCode !== undefined && RIGHT.includes(errorCode))
    ? [right(record, errorCode)]
    : [];
}

/** The wording changes every few years, so only the words that carry it are looked for. */
function refusalOf(reason: string): Kind {
  if (/malicious|ip address/i.test(reason)) {
    return 'address-blocked';
  }
  return /locked|too many/i.test(reason) ? 'locked' : 'refused';
}

/**
 * All wrong tries of ten minutes are one signal, so that a spray of 100,000 rows is 144 of them a day. The lists but the
 * first keep three members each: whether there is more than one is all that is asked of them.
 */
function wrong(record: SignInRecord): Signal {
  const { clientApp, userAgent, isInteractive, device } = record;
  const client = [clientApp ?? 'unknown app', userAgent?.word].filter((each) => each !== undefined);
  const isBrowser = clientApp?.toLowerCase() === 'browser' && isInteractive !== false;
  const event = { at: record.at, eventId: record.id };
  return inBucket(record, 'wrong', {
    tries: [tokenOf(record)],
    ...{ firstEvents: [event], lastEvents: [event] },
    addresses: listOf(record.address),
    countries: listOf(record.country),
    clients: [client.join(' ').slice(0, 80)],
    devices: [device.id ?? ''],
    systems: listOf(device.operatingSystem?.split(/[\s/]/, 1)[0]),
    apps: listOf(record.app?.slice(0, 80)),
    ways: [isBrowser ? 'browser' : 'other'],
  });
}

/** Those from another address are kept apart: the one that matters must not be lost among many. */
function right(record: SignInRecord, code: number): Signal {
  const { at, id, address, country, city } = record;
  const event = { at, eventId: id, code, attempt: attemptOf(record) };
  const facts = {
    ...{ firstEvents: [event], lastEvents: [event] },
    address: address ?? null,
    country: country ?? null,
    city: city ?? null,
  };
  return inBucket(record, 'right', facts, `|${address ?? ''}`);
}

function counted(record: SignInRecord): Signal['facts'] {
  const event = { at: record.at, eventId: record.id };
  return { events: [hashOf(record.id, 4)], firstEvents: [event], lastEvents: [event] };
}

function inBucket(record: SignInRecord, kind: Kind, facts: Signal['facts'], part = ''): Signal {
  const subject: Subject = { type: 'user', ...record.user };
  const bucket = bucketOf(record.at);
  const key = `${kind}|${bucket.slice(0, 16)}${part}`;
  return { ...sharedSignal(record, subject, kind, facts, key), at: bucket };
}

/** The ten minutes that a time lies in. */
function bucketOf(at: Instant): Instant {
  return `${at.slice(0, 15)}0:00.0000000Z` as Instant;
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

// -------------------------------------------------------------------------------------------------------------- tries

/** One row that says that a password was wrong. */
export interface Try {
  /** Milliseconds since the start of its ten minutes, in whole seconds. */
  readonly after: number;
  readonly event: string;
  /** What rows of one attempt share; undefined when the row does not say. */
  readonly attempt: string | undefined;
  readonly address: string | undefined;
}

const NO_ADDRESS = '...';

/**
 * A try in twelve characters, because 2,000 of them must fit into one column of a table: the second of its ten minutes,
 * then hashes of address, attempt and event.
 */
function tokenOf(record: SignInRecord): string {
  const second = Math.floor(between(bucketOf(record.at), record.at) / 1_000);
  const { address } = record;
  return (
    second.toString(36).padStart(2, '0') +
    (address === undefined ? NO_ADDRESS : addressHash(address)) +
    attemptOf(record) +
    hashOf(record.id, 4)
  );
}

/** Reads what `tokenOf` has written. */
export function readToken(token: string): Try {
  const address = token.slice(2, 5);
  const attempt = token.slice(5, 8);
  const event = token.slice(8);
  return {
    after: parseInt(token.slice(0, 2), 36) * 1_000,
    event,
    attempt: event.startsWith(attempt) ? undefined : attempt,
    address: address === NO_ADDRESS ? undefined : address,
  };
}

/** By what the address of a sign-in is known among those of wrong tries. */
export function addressHash(address: string): string {
  return hashOf(address, 3);
}

/** Without a correlation id a row is an attempt of its own. */
function attemptOf({ correlationId, id }: SignInRecord): string {
  return hashOf(correlationId ?? id, 3);
}

function hashOf(text: string, characters: number): string {
  return Buffer.from(sha256(text).slice(0, 12), 'hex').toString('base64url').slice(0, characters);
}
