import type { MissedRow, Log, Target, UserInitiator } from '../../domain/record';
import { looseObject, RowError } from './fields';
import { isAboutGroup } from '../../domain/records/group';
import { MAX_ID_LENGTH, shorten } from './shorten';
import { isRecord, wordOf, type Row } from '../../sources/values';

/** "User registered security info", "Add Passkey ..." and the like: who did it is whom it is about. */
function isOwnDoing(activity: string): boolean {
  return /^\s*(user\s|add\s(passkey|passwordless|fido2|windows hello|platform credential))/i.test(
    activity,
  );
}

function isUser({ type }: { readonly type?: unknown }): boolean {
  return typeof type !== 'string' || type === '' || type === 'User' || type === 'N/A';
}

function isSameName(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && a.toLowerCase() === b.toLowerCase();
}

/**
 * The targets of a row, with the person it is about: some rows name nobody, or only an address, and it is the
 * initiator.
 * @throws RowError when the row must be about somebody and does not say whom.
 */
export function withSubject(
  activity: string,
  targets: readonly Target[],
  by: UserInitiator | undefined,
): readonly Target[] {
  const at = targets.findIndex(isUser);
  const target = targets[at];
  const isNobody = (target === undefined && targets.length > 0) || isAboutGroup(activity);
  if (target?.id !== undefined || isNobody) {
    return targets; // about somebody, or about something that is no person
  }
  const isTheirs =
    target?.name === undefined ? isOwnDoing(activity) : isSameName(target.name, by?.name);
  if (by?.id === undefined || !isTheirs) {
    throw new RowError(
      target === undefined
        ? 'targetResources is empty, so whom the record is about is unknown'
        : 'targetResources names a user without an id',
    );
  }
  const { id, name } = by;
  return target === undefined
    ? [{ id, type: 'User', name, changes: [] }]
    : targets.with(at, { ...target, id });
}

/** Whom an unreadable row is about, where that still stands in it: a line for each source. */
export const SUBJECT_OF_UNREADABLE: Readonly<Record<Log, (row: Row) => MissedRow['subject']>> = {
  directoryAudits: salvageAuditSubject,
  signIns: (row) => userOf(row['userId'], row['userPrincipalName'] ?? row['userDisplayName']),
};

function salvageAuditSubject(row: Row): MissedRow['subject'] {
  if (isAboutGroup(wordOf(row['activityDisplayName']))) {
    return undefined; // it names a member at most
  }
  const by = looseObject(looseObject(row['initiatedBy'])['user']);
  const initiator = userOf(by['id'], by['userPrincipalName'] ?? by['displayName']);
  const target = salvagedTarget(row['targetResources']);
  if (target === undefined) {
    return isOwnDoing(wordOf(row['activityDisplayName'])) ? initiator : undefined;
  }
  const name = target['userPrincipalName'] ?? target['displayName'];
  const subject = userOf(target['id'], name);
  const isTheirs =
    isSameName(name, initiator?.name) ||
    (name === undefined && isOwnDoing(wordOf(row['activityDisplayName'])));
  return subject ?? (isTheirs ? initiator : undefined);
}

function salvagedTarget(value: unknown): Row | undefined {
  const targets = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isRecord);
  return targets.find((each) => isUser({ type: each['type'] ?? each['Type'] }));
}

function userOf(id: unknown, name: unknown): MissedRow['subject'] {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH
    ? {
        type: 'user',
        id: id.toLowerCase(),
        ...(typeof name === 'string' && name !== '' && { name: shorten(name) }),
      }
    : undefined;
}
