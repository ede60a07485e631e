import { eventSignal } from '../../domain/findings/event-signal';
import type { Signal } from '../../domain/findings/signal';
import type { JsonObject } from '../../domain/json';
import type { AuditRecord, Change, EntraRecord } from '../../domain/record';
import { isByAnotherPerson, isByMfaService, personOf } from '../../domain/records/person';
import { privilegedRolesIn } from '../../domain/records/roles';
import { isFailure, methodOf } from '../../domain/records/security-info';
import {
  authenticatorChange,
  instantOf,
  methodChange,
} from '../../domain/records/strong-authentication';

/** `registered-by-admin` of a Temporary Access Pass is an entry; of anything else it is a registration. */
export type Kind =
  | 'reset'
  | 'registered-by-admin'
  | 'withdrawn'
  | 'registered'
  | 'added'
  | 'role-added'
  | 'role-removed'
  | 'left'
  | 'returned';

type Draw = (kind: Kind, facts?: JsonObject, part?: string) => Signal;

/** Everything that a record says to this detector. */
export function signalsOf(record: EntraRecord): readonly Signal[] {
  const person = record.source === 'directoryAudits' ? personOf(record) : undefined;
  if (record.source !== 'directoryAudits' || person === undefined) {
    return [];
  }
  const { subject, changes } = person;
  const draw: Draw = (kind, facts, part) => eventSignal(record, subject, kind, facts, part);
  const hasFailed = record.result === 'failure' || record.result === 'timeout' || isFailure(record);
  if (hasFailed) {
    // Takes back what the row seemed to say when it came without its reason.
    return /^user registered /i.test(record.activity) ? [draw('registered', { failed: true })] : [];
  }
  const activity = record.activity.toLowerCase();
  switch (activity) {
    case 'update user':
      return changes.flatMap((change) => changeSignals(record, change, draw));
    case 'admin registered security info':
    case 'create temporary access pass method for user':
    case 'admin generated temporary access pass method for user':
      return [draw('registered-by-admin', byAdminFacts(record, changes))];
    case 'admin deleted security info':
      return deletedSignals(record, draw);
    case 'user registered all required security info':
      return [draw('registered', { method: 'all' })];
    case 'add member to role':
      return privilegedRolesIn(record).map((role) => draw('role-added', { role }, role));
    case 'remove member from role':
    case 'remove member from role (pim activation expired)':
    case 'remove member from role completed (pim deactivate)':
      return privilegedRolesIn(record).map((role) => draw('role-removed', { role }, role));
    case 'delete user':
    case 'hard delete user':
      return [draw('left', { how: 'deleted' })];
    case 'disable account':
      return [draw('left', { how: 'disabled' })];
    case 'restore user':
    case 'enable account':
      return [draw('returned')];
    case 'user registered security info':
    case 'add passwordless phone sign-in credential':
    case 'add fido2 security key':
    case 'add windows hello for business credential':
    case 'add platform credential':
      return [draw('registered', methodIn(record))];
    default: // of passkeys there are ever more kinds
      return activity.startsWith('add passkey') ? [draw('registered', methodIn(record))] : [];
  }
}

/** Rows come once more with what they left out at first: what names no method says nothing of it. */
function methodIn(record: AuditRecord): JsonObject {
  const method = methodOf(record);
  return method === 'unnamed' ? {} : { method };
}

function byAdminFacts(record: AuditRecord, changes: readonly Change[]): JsonObject {
  const isPass = /temporary access pass/i.test(record.activity);
  const end = changes.find(({ property }) => property === 'TemporaryAccessPass.EndDateTime');
  return {
    ...(isPass || end !== undefined ? { method: 'temporary-pass' } : methodIn(record)),
    ...(end !== undefined && { validTo: instantOf(end.after) }),
  };
}

function deletedSignals(record: AuditRecord, draw: Draw): readonly Signal[] {
  // "Admin required re-registration of MFA authentication methods."
  if (/re-?regist/i.test(record.reason ?? '')) {
    return [draw('reset', { required: true })];
  }
  return methodOf(record) === 'temporary-pass' ? [draw('withdrawn')] : [];
}

function changeSignals(record: AuditRecord, change: Change, draw: Draw): readonly Signal[] {
  const methods = methodChange(change);
  const isGained = methods?.hasNewAuthenticator === true || methods?.phone === 'new';
  const added = isByMfaService(record) ? (authenticatorChange(change)?.registered ?? []) : [];
  return [
    ...(methods?.isEmptied === true && isByAnotherPerson(record) ? [draw('reset')] : []),
    ...(isGained
      ? [draw('registered', { method: methods.phone === 'new' ? 'phone' : 'authenticator' })]
      : []),
    ...(added.length > 0 ? [draw('added')] : []),
  ];
}
