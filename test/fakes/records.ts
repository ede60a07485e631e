import type { Json, JsonObject } from '../../shared/domain/json';
import type { AppliedPolicy, AuditRecord, Change, SignInRecord } from '../../shared/domain/record';
import { DAY, MINUTE, plus, toInstant, type Instant } from '../../shared/domain/time';

/** Stories begin four days before a month ends, so that they cross its end. */
export const T0 = toInstant('2026-11-27T00:00:00Z');

export function minutes(count: number): Instant {
  return plus(T0, count * MINUTE);
}

export function days(count: number, plusMinutes = 0): Instant {
  return plus(T0, count * DAY + plusMinutes * MINUTE);
}

/** Which row, about whom, when. */
export interface Row {
  readonly id: string;
  readonly user: string;
  readonly at: Instant;
}

// ------------------------------------------------------------------------------------------------- audit records

export interface Phone {
  readonly id: string;
  readonly name?: string;
  /** The stand-in that the adapter leaves of a push token. */
  readonly token?: string;
  readonly usedAt?: Instant;
  readonly flavor?: string;
}

export function audit(row: Row, fields: Partial<AuditRecord> = {}): AuditRecord {
  const { id, at, user } = row;
  return {
    source: 'directoryAudits',
    id,
    at,
    activity: 'Update user',
    result: 'success',
    initiator: { user: { id: user, name: nameOf(user) } },
    targets: [{ id: user, type: 'User', name: nameOf(user), changes: [] }],
    ...fields,
  };
}

/** "Update user" with one modified property. `undefined` is a value that the row does not hold. */
export function updated(
  row: Row,
  property: string,
  before: Json | undefined,
  after: Json | undefined,
  fields: Partial<AuditRecord> = {},
): AuditRecord {
  const change: Change = {
    property,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
  const targets = [{ id: row.user, type: 'User', name: nameOf(row.user), changes: [change] }];
  return audit(row, { targets, ...fields });
}

/** The MFA service rewrites the list of authenticators. */
export function phonesChanged(
  row: Row,
  before: readonly Phone[],
  after: readonly Phone[],
): AuditRecord {
  return updated(row, 'StrongAuthenticationPhoneAppDetail', before.map(phone), after.map(phone), {
    initiator: { app: { name: 'Azure MFA StrongAuthenticationService' } },
  });
}

export function deviceAdded(row: Row, device: string, others: readonly string[] = []): AuditRecord {
  const known = others.map((id) => ({ id }));
  return phonesChanged(row, known, [...known, { id: device }]);
}

export function deviceRemoved(row: Row, device: string): AuditRecord {
  return phonesChanged(row, [{ id: device }], []);
}

export function deviceUsed(row: Row, device: string, usedAt = row.at): AuditRecord {
  return phonesChanged(row, [{ id: device }], [{ id: device, usedAt }]);
}

/** What the service does at ordinary sign-ins: nothing that matters changed. */
export function routineRewrite(row: Row, device: string): AuditRecord {
  return phonesChanged(row, [{ id: device }], [{ id: device }]);
}

export function methodGained(row: Row): AuditRecord {
  const types = [{ MethodType: 6 }, { MethodType: 7 }];
  return updated(row, 'StrongAuthenticationMethod', [], types);
}

export function smsGained(row: Row): AuditRecord {
  return updated(row, 'StrongAuthenticationMethod', [], [{ MethodType: 0 }]);
}

export function started(row: Row): AuditRecord {
  return audit(row, {
    activity: 'User started security info registration',
    reason: 'User started the registration for Authenticator App with Notification and Code',
  });
}

export function registered(row: Row): AuditRecord {
  return audit(row, {
    activity: 'User registered security info',
    reason: 'User registered Authenticator App with Notification and Code',
  });
}

export function registeredAll(row: Row, result: 'success' | 'failure' = 'success'): AuditRecord {
  return audit(row, { activity: 'User registered all required security info', result });
}

export function failedToRegister(row: Row): AuditRecord {
  return audit(row, {
    activity: 'User registered security info',
    reason: 'User failed to register Authenticator App with Code',
    result: 'failure',
  });
}

export function cancelled(row: Row): AuditRecord {
  return audit(row, { activity: 'User canceled security info registration' });
}

export function deleted(row: Row): AuditRecord {
  return audit(row, {
    activity: 'User deleted security info',
    reason: 'User deleted Authenticator App with Notification and Code',
  });
}

export function adminReset(row: Row): AuditRecord {
  return updated(row, 'StrongAuthenticationMethod', [{ MethodType: 6 }], [], {
    initiator: { user: { id: 'admin', name: nameOf('admin') } },
  });
}

/** A row that does not name the method. */
export function registeredUnnamed(row: Row): AuditRecord {
  return audit(row, { activity: 'User registered security info' });
}

export function registeredKey(row: Row): AuditRecord {
  return audit(row, {
    activity: 'User registered security info',
    reason: 'User registered Fido2 Authentication Method',
  });
}

export function passIssued(row: Row): AuditRecord {
  return audit(row, {
    activity: 'Admin registered security info',
    reason: 'Admin registered temporary access pass method for user',
    initiator: { user: { id: 'admin', name: nameOf('admin') } },
  });
}

/** An administrator did it to the person: "Delete user", "Disable account" and the like. */
export function byAdmin(row: Row, activity: string): AuditRecord {
  return audit(row, { activity, initiator: { user: { id: 'admin', name: nameOf('admin') } } });
}

export function roleLost(row: Row, role = 'Global Administrator'): AuditRecord {
  return updated(row, 'Role.DisplayName', role, undefined, { activity: 'Remove member from role' });
}

export function roleGained(row: Row, role = 'Global Administrator'): AuditRecord {
  return updated(row, 'Role.DisplayName', undefined, role, { activity: 'Add member to role' });
}

/** A row of a group: `label` is what it is called, then or until then. */
export function groupRow(
  row: Row,
  activity: string,
  { group, label, by }: { readonly group: string; readonly label: string; readonly by: string },
  was: Json = [],
): AuditRecord {
  const isGone = activity === 'Delete group';
  const change: Change = isGone
    ? { property: 'Group.DisplayName', after: [label] }
    : { property: 'DisplayName', before: was, after: [label] };
  return audit(row, {
    ...{ activity, initiator: { app: { name: by } } },
    targets: [{ id: group, type: 'Group', changes: [change] }],
  });
}

/** Somebody is added to a group. */
export function groupMember(row: Row, group: string, label: string): AuditRecord {
  const changes: Change[] = [
    { property: 'Group.ObjectID', after: group },
    { property: 'Group.DisplayName', after: [label] },
  ];
  return audit(row, {
    activity: 'Add member to group',
    initiator: { user: { id: 'admin', name: nameOf('admin') } },
    targets: [
      { id: row.user, type: 'User', name: nameOf(row.user), changes },
      { id: group, type: 'Group', changes: [] },
    ],
  });
}

/** An earlier version of the same row, which did not hold everything yet. */
export function lessOf(record: AuditRecord): AuditRecord {
  const { reason: _reason, ...rest } = record;
  return {
    ...rest,
    targets: record.targets.map(({ id, changes }) => ({
      ...(id !== undefined && { id }),
      changes,
    })),
  };
}

function phone(each: Phone): JsonObject {
  return {
    Id: each.id,
    DeviceName: each.name ?? `Phone ${each.id}`,
    LastAuthenticatedTimestamp: each.usedAt ?? null,
    AuthenticatorFlavor: each.flavor ?? null,
    ...(each.token !== undefined && { DeviceToken: each.token }),
  };
}

export function nameOf(user: string): string {
  return `${user}@example.com`;
}

// ------------------------------------------------------------------------------------------------ sign-in records

export function signIn(row: Row, fields: Partial<SignInRecord> = {}): SignInRecord {
  const { id, at, user } = row;
  return {
    source: 'signIns',
    id,
    at,
    user: { id: user, name: nameOf(user) },
    clientApp: 'Browser',
    errorCode: 0,
    conditionalAccess: 'success',
    device: {},
    ...fields,
  };
}

/** ActiveSync logged success although Conditional Access failed it. */
export function easAccepted(row: Row, fields: Partial<SignInRecord> = {}): SignInRecord {
  return signIn(row, {
    clientApp: 'Exchange ActiveSync',
    conditionalAccess: 'failure',
    policies: [policy('Block legacy', 'block')],
    device: { operatingSystem: 'Android 14' },
    country: 'NO',
    city: 'Oslo',
    address: '192.0.2.7',
    ...fields,
  });
}

/** An ordinary block: the code says so. */
export function easBlocked(row: Row): SignInRecord {
  return easAccepted(row, { errorCode: 53003 });
}

export function proofUpBlocked(row: Row): SignInRecord {
  return signIn(row, { errorCode: 53004, conditionalAccess: 'failure' });
}

/** The password was wrong. */
export function wrongPassword(row: Row, fields: Partial<SignInRecord> = {}): SignInRecord {
  return signIn(row, { errorCode: 50126, conditionalAccess: 'notApplied', ...fields });
}

export function askedAgain(row: Row): SignInRecord {
  return signIn(row, { errorCode: 50079, conditionalAccess: 'failure' });
}

/** "More information required"; rows of one attempt share its correlation id. */
export function askedForInfo(row: Row, attempt: string, errorCode = 50125): SignInRecord {
  return signIn(row, { errorCode, correlationId: attempt, app: 'OfficeHome' });
}

export function mfaSatisfied(row: Row): SignInRecord {
  return signIn(row, { detail: 'MFA completed in Azure AD' });
}

export function policy(name: string, ...grantControls: string[]): AppliedPolicy {
  return { name, result: 'failure', grantControls };
}
