import type { JsonObject } from '../../domain/json';
import { eventSignal, sharedSignal } from '../../domain/findings/event-signal';
import type { AuditRecord, Change, EntraRecord, SignInRecord } from '../../domain/record';
import { isByAnotherPerson, isByMfaService, isGuest, personOf } from '../../domain/records/person';
import { privilegedRolesIn } from '../../domain/records/roles';
import { isFailure, methodOf } from '../../domain/records/security-info';
import {
  authenticatorChange,
  contactChange,
  methodChange,
  type Presence,
} from '../../domain/records/strong-authentication';
import { methodsOf } from '../../domain/records/registered-methods';
import type { Signal, Subject } from '../../domain/findings/signal';
import { dayOf, monthOf } from '../../domain/time';

/** What one record says about a registration, or about the person. */
export type Kind =
  | 'device-added'
  | 'device-removed'
  | 'device-used'
  | 'started'
  | 'completed'
  | 'registered-unnamed'
  | 'registered-all'
  | 'cancelled'
  | 'deleted'
  | 'admin-reset'
  | 'other-method'
  | 'method-removed'
  | 'role-added'
  | 'role-removed'
  | 'asked-again'
  | 'asked-for-info'
  | 'proof-up-blocked'
  | 'left'
  | 'returned';

type Draw = (kind: Kind, facts?: JsonObject, part?: string) => Signal;

/** Everything that a record says to this detector. */
export function signalsOf(record: EntraRecord): readonly Signal[] {
  if (record.source === 'directoryAudits') {
    return auditSignals(record);
  }
  return record.source === 'signIns' ? signInSignals(record) : [];
}

function auditSignals(record: AuditRecord): readonly Signal[] {
  const person = personOf(record);
  if (person === undefined) {
    return [];
  }
  const { subject, changes } = person;
  const draw: Draw = (kind, facts = {}, part = '') =>
    eventSignal(record, subject, kind, facts, part);
  // Some exports leave the result out. A row that says nothing of it is not a failure.
  if (record.result !== undefined && record.result !== 'success') {
    return failureSignals(record, draw);
  }
  switch (record.activity.toLowerCase()) {
    case 'update user':
      return changes.flatMap((change) => changeSignals(record, change, subject, draw));
    case 'user started security info registration':
      return [startedSignal(record, draw)];
    case 'user registered security info':
    case 'admin registered security info':
    case 'add passwordless phone sign-in credential':
    case 'add passkey (device-bound)':
    case 'add passkey (device-bound) security key':
    case 'add fido2 security key':
    case 'add windows hello for business credential':
    case 'add platform credential':
      return registeredSignals(record, draw);
    case 'user registered all required security info':
      return isFailure(record) ? [draw('cancelled')] : [draw('registered-all')];
    case 'user canceled security info registration':
    case 'user cancelled security info registration':
      return [draw('cancelled')];
    case 'user deleted security info':
    case 'admin deleted security info':
      return deletedSignals(record, draw);
    case 'add member to role':
      return privilegedRolesIn(record).map((role) => draw('role-added', { role }, role));
    case 'remove member from role':
    case 'remove member from role (pim activation expired)':
    case 'remove member from role completed (pim deactivate)':
      return privilegedRolesIn(record).map((role) => draw('role-removed', { role }, role));
    case 'delete fido2 security key':
    case 'delete fido2 security key(s)':
    case 'delete passkey (device-bound)':
    case 'delete windows hello for business credential':
    case 'delete platform credential': {
      const method = methodOf(record);
      return [draw('method-removed', { method }, method)];
    }
    case 'delete user':
    case 'hard delete user':
      return [draw('left', { how: 'deleted' })];
    case 'disable account':
      return [draw('left', { how: 'disabled' })];
    case 'restore user':
    case 'enable account':
      return [draw('returned')];
    default:
      return [];
  }
}

// "All required security info" that failed is how some cancellations are logged.
function failureSignals(record: AuditRecord, draw: Draw): readonly Signal[] {
  const activity = record.activity.toLowerCase();
  return activity === 'user registered all required security info' ||
    /^user cancell?ed security info registration$/.test(activity)
    ? [draw('cancelled')]
    : [];
}

// Rows come once more with what they left out at first. So each gives the same signal whatever it names, and whether it
// is one of ours is asked of what all its versions say together (readStory).
function startedSignal(record: AuditRecord, draw: Draw): Signal {
  const kind = methodOf(record);
  return draw('started', {
    reason: record.reason ?? null,
    method: methodsOf(record)[0] ?? null,
    ...(kind !== 'unnamed' && { of: kind }),
    ...(isFailure(record) && { failed: true }),
  });
}

function registeredSignals(record: AuditRecord, draw: Draw): readonly Signal[] {
  if (isFailure(record)) {
    return [draw('registered-unnamed', { failed: true })]; // takes back what the row seemed to say before
  }
  const method = methodOf(record);
  const isByAdmin = /^admin /i.test(record.activity);
  if (method === 'authenticator' && !isByAdmin) {
    return [draw('completed', { by: record.reason ?? record.activity })];
  }
  return method === 'unnamed' && !isByAdmin
    ? [draw('registered-unnamed')]
    : [draw('other-method', { method, isNew: true }, method)];
}

function deletedSignals(record: AuditRecord, draw: Draw): readonly Signal[] {
  const by = /^admin /i.test(record.activity) ? 'admin' : 'user';
  // "Admin required re-registration of MFA authentication methods."
  if (by === 'admin' && /re-?regist/i.test(record.reason ?? '')) {
    return [draw('admin-reset')];
  }
  const method = methodOf(record);
  if (method === 'authenticator' || method === 'unnamed') {
    return [draw('deleted', { by, ...(method === 'authenticator' && { method }) })];
  }
  return [draw('method-removed', { method }, method)];
}

// ------------------------------------------------------------------------------------------------- "Update user"

function changeSignals(
  record: AuditRecord,
  change: Change,
  subject: Subject,
  draw: Draw,
): readonly Signal[] {
  return [
    ...authenticatorSignals(record, change, subject, draw),
    ...methodSignals(record, change, draw),
    ...contactSignals(change, draw),
  ];
}

function authenticatorSignals(
  record: AuditRecord,
  change: Change,
  subject: Subject,
  draw: Draw,
): readonly Signal[] {
  const authenticators = authenticatorChange(change);
  if (authenticators === undefined) {
    return [];
  }
  const { registered, removed, used, listed, others } = authenticators;
  return [
    ...(isByMfaService(record) ? registered : []).map(({ id, name, isCodeOnly, flavor }) =>
      draw('device-added', { device: id, name, isCodeOnly, flavor, others, listed }, id),
    ),
    ...removed.map(({ id }) => draw('device-removed', { device: id, listed }, id)),
    // Rewritten at ordinary sign-ins, so one signal a month per device keeps the earliest and the latest uses. Rows
    // that rewrite something else are left out: they would push the first uses out.
    ...used.map(({ id, usedAt }) => {
      const use = { at: record.at, stamp: usedAt, eventId: record.id };
      const facts = { device: id, uses: [use], latestUses: [use] };
      const key = `used|${id}|${monthOf(record.at)}`;
      return sharedSignal(record, subject, 'device-used', facts, key);
    }),
  ];
}

function methodSignals(record: AuditRecord, change: Change, draw: Draw): readonly Signal[] {
  const methods = methodChange(change);
  return methods === undefined
    ? []
    : [
        ...(methods.isEmptied && isByAnotherPerson(record) ? [draw('admin-reset')] : []),
        ...(methods.hasNewAuthenticator ? [draw('completed', { by: change.property })] : []),
        ...presenceSignals('phone', methods.phone, draw),
      ];
}

function contactSignals(change: Change, draw: Draw): readonly Signal[] {
  const contacts = contactChange(change);
  return contacts === undefined
    ? []
    : (['phone', 'email'] as const).flatMap((method) =>
        presenceSignals(method, contacts[method], draw, `contact ${method}`),
      );
}

function presenceSignals(
  method: 'phone' | 'email',
  presence: Presence,
  draw: Draw,
  part?: string,
): readonly Signal[] {
  switch (presence) {
    case 'new':
    case 'kept':
      return [draw('other-method', { method, isNew: presence === 'new' }, part)];
    case 'removed':
      return [draw('method-removed', { method }, part)];
    case 'absent':
      return [];
  }
}

// ------------------------------------------------------------------------------------------------------- sign-ins

function signInSignals(record: SignInRecord): readonly Signal[] {
  const { errorCode, user } = record;
  const subject: Subject = { type: 'user', ...user };
  if (errorCode === 53004 || errorCode === 53010) {
    return [eventSignal(record, subject, 'proof-up-blocked', { errorCode }, '')];
  }
  if (errorCode === 50072 || errorCode === 50079) {
    // Guests register where their account lives.
    return isGuest(record) ? [] : [asked(record, subject, 'asked-again')];
  }
  return errorCode === 50125 ? [asked(record, subject, 'asked-for-info')] : [];
}

// A person may be asked at every sign-in, so one signal a day keeps the earliest and the latest.
function asked(record: SignInRecord, subject: Subject, kind: Kind): Signal {
  const ask = { at: record.at, eventId: record.id };
  const facts = { asks: [ask], latestAsks: [ask] };
  return sharedSignal(record, subject, kind, facts, `${kind}|${dayOf(record.at)}`);
}
