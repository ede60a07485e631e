import { eventHash } from '../../domain/json';
import { eventSignal, sharedSignal } from '../../domain/findings/event-signal';
import type { Signal, Subject } from '../../domain/findings/signal';
import type { AuditRecord, Change, EntraRecord, SignInRecord } from '../../domain/record';
import { isByMfaService, isGuest, personOf } from '../../domain/records/person';
import { privilegedRolesIn } from '../../domain/records/roles';
import { CREDENTIAL_ADDED, isFailure, methodOf } from '../../domain/records/security-info';
import {
  authenticatorChange,
  contactChange,
  methodChange,
} from '../../domain/records/strong-authentication';
import { monthOf, type Instant } from '../../domain/time';

/** What one record says of a person who is asked for more information. */
export type Kind =
  | 'prompt'
  | 'done'
  | 'mfa-satisfied'
  | 'cancelled'
  | 'methods-reset'
  | 'device-added'
  | 'device-removed'
  | 'role-added'
  | 'role-removed';

/** What a prompt is about: self-service password reset, or MFA. */
export type PromptClass = 'sspr' | 'mfa';

/** Everything that a record says to this detector. */
export function signalsOf(record: EntraRecord): readonly Signal[] {
  if (record.source === 'signIns') {
    return signInSignals(record);
  }
  return record.source === 'directoryAudits' ? auditSignals(record) : [];
}

// ------------------------------------------------------------------------------------------------------- sign-ins

function signInSignals(record: SignInRecord): readonly Signal[] {
  const { errorCode, detail = '', user } = record;
  if (errorCode === 0) {
    return /MFA (completed|requirement satisfied)/i.test(detail)
      ? [satisfiedSignal(record, { type: 'user', ...user }, 'sign-in')]
      : [];
  }
  const isForMfa = errorCode === 50072 || errorCode === 50079;
  return isForMfa || errorCode === 50125 ? promptSignals(record, isForMfa ? 'mfa' : 'sspr') : [];
}

/**
 * One signal per class and hour, however often a client tries: the attempts of the hour as a set, so that several rows
 * of one attempt are one prompt, and the rows at its edges to show. Without anybody at the screen nobody was asked.
 */
function promptSignals(record: SignInRecord, about: PromptClass): readonly Signal[] {
  const { id, at, user, app, correlationId = id, errorCode = 0 } = record;
  if (record.isInteractive === false) {
    return [];
  }
  const attempt = eventHash(correlationId);
  const row = { at, eventId: id, attempt, errorCode };
  const facts = {
    about,
    attempts: [attempt],
    firstRows: [row],
    lastRows: [row],
    apps: app === undefined ? [] : [app],
    ...(isFromElsewhere(record) && { guest: true }),
  };
  const key = `prompt|${about}|${at.slice(0, 13)}`;
  return [sharedSignal(record, { type: 'user', ...user }, 'prompt', facts, key)];
}

/** Guests register where their account lives. */
function isFromElsewhere(record: SignInRecord): boolean {
  return isGuest(record) || /#ext#/i.test(record.user.name ?? '');
}

/** Their methods work. The first of each month is enough, so that an ordinary sign-in writes nothing. */
function satisfiedSignal(record: EntraRecord, subject: Subject, by: string): Signal {
  const { at, id } = record;
  const key = `mfa-satisfied|${by}|${monthOf(at)}`;
  return sharedSignal(record, subject, 'mfa-satisfied', { by, first: { at, eventId: id } }, key);
}

// --------------------------------------------------------------------------------------------------------- audits

/** A method was registered, or those that there are were confirmed. */
const DONE = new Set([
  'user reviewed security info',
  'user registered security info',
  'user registered all required security info',
  'admin registered security info',
  ...CREDENTIAL_ADDED.map((each) => each.toLowerCase()),
]);

function auditSignals(record: AuditRecord): readonly Signal[] {
  const person = personOf(record);
  if (person === undefined) {
    return [];
  }
  const { subject, changes } = person;
  const draw = (kind: Kind, facts: Signal['facts'] = {}, part = ''): Signal =>
    eventSignal(record, subject, kind, facts, part);
  const activity = record.activity.toLowerCase();
  // Some exports leave the result out. A row that says nothing of it is not a failure.
  if (record.result !== undefined && record.result !== 'success') {
    // "All required security info" that failed is how some cancellations are logged.
    return /^user (cancell?ed|registered all)/.test(activity) ? [draw('cancelled')] : [];
  }
  switch (activity) {
    case 'update user':
      return changes.flatMap((change) => changeSignals(record, change, subject, draw));
    case 'user canceled security info registration':
    case 'user cancelled security info registration':
      return [draw('cancelled')];
    case 'admin deleted security info':
      return /re-?regist/i.test(record.reason ?? '') ? [draw('methods-reset')] : [];
    case 'add member to role':
      return privilegedRolesIn(record).map((role) => draw('role-added', { role }, role));
    case 'remove member from role':
    case 'remove member from role (pim activation expired)':
    case 'remove member from role completed (pim deactivate)':
      return privilegedRolesIn(record).map((role) => draw('role-removed', { role }, role));
    default:
      return DONE.has(activity) ? [doneSignal(record, draw)] : [];
  }
}

type Draw = (kind: Kind, facts?: Signal['facts'], part?: string) => Signal;

// A row may come once more with what it left out at first, so each gives the same signal, and what all its versions say
// together decides (readTimeline).
function doneSignal(record: AuditRecord, draw: Draw): Signal {
  const method = methodOf(record);
  return draw('done', {
    activity: record.activity,
    ...(method !== 'unnamed' && { method }),
    ...(isFailure(record) && { failed: true }),
  });
}

function changeSignals(
  record: AuditRecord,
  change: Change,
  subject: Subject,
  draw: Draw,
): readonly Signal[] {
  const phones = authenticatorChange(change);
  const methods = methodChange(change);
  const contacts = contactChange(change);
  const isNew =
    methods?.hasNewAuthenticator === true ||
    [methods?.phone, contacts?.phone, contacts?.email].includes('new');
  return [
    ...(isNew ? [draw('done', { activity: record.activity }, change.property)] : []),
    ...(methods?.isEmptied === true ? [draw('methods-reset')] : []),
    ...(phones !== undefined && isByMfaService(record) ? phones.registered : []).map(({ id }) =>
      draw('device-added', { device: id }, id),
    ),
    ...(phones?.removed ?? []).map(({ id }) => draw('device-removed', { device: id }, id)),
    // The service notes when an authenticator answered.
    ...(phones?.used ?? []).map(({ id }) => satisfiedSignal(record, subject, id)),
  ];
}

/** The first time that a signal says their methods worked. */
export function satisfiedAt({ facts }: Signal): { at: Instant; eventId: string } {
  return facts['first'] as unknown as { at: Instant; eventId: string };
}
