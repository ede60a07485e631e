import type { Log } from '../../shared/domain/record';
import type { Instant } from '../../shared/domain/time';
import type { Person, Phone, Place } from './people';
import type { Random } from './random';

/** JSON as Microsoft Graph v1.0 sends it. */
export type GraphRow = Readonly<Record<string, unknown>>;

/** A row of a log, and since when it is there to be read: logs are late. */
export interface DemoRow {
  readonly source: Log;
  readonly id: string;
  readonly at: Instant;
  readonly visibleAt: Instant;
  readonly json: GraphRow;
}

/** When a row happened, when it shows, and the chance its ids are made of. */
export interface Stamp {
  readonly at: Instant;
  readonly visibleAt: Instant;
  readonly random: Random;
}

// ------------------------------------------------------------------------------------------------- audit records

/** Who did it: one of the two. */
export interface Initiator {
  readonly app: Record<string, string | null> | null;
  readonly user: Record<string, string | null> | null;
}

/** Its appId and servicePrincipalName are null in what Graph sends. */
export const MFA_SERVICE: Initiator = {
  app: {
    appId: null,
    displayName: 'Azure MFA StrongAuthenticationService',
    servicePrincipalId: '797b413b-1b35-45ad-a30a-11c0eb96fa8f',
    servicePrincipalName: null,
  },
  user: null,
};

/** What a row says of one property of its target. */
export interface ModifiedProperty {
  readonly displayName: string;
  readonly oldValue: string | null;
  readonly newValue: string | null;
}

/** What makes one audit record differ from another. */
export interface AuditFields {
  readonly activity: string;
  readonly service?: 'Core Directory' | 'Authentication Methods';
  readonly category?: string;
  readonly operation?: string;
  readonly result?: 'success' | 'failure';
  readonly reason?: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly by: Initiator;
  readonly targets: readonly GraphRow[];
}

/** A row of the audit log. */
export function audit({ at, visibleAt, random }: Stamp, fields: AuditFields): DemoRow {
  const service = fields.service ?? 'Core Directory';
  const correlationId = random.guid();
  const prefix = service === 'Core Directory' ? 'Directory' : service;
  const letters = random.text(5, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
  const id = `${prefix}_${correlationId}_${letters}_${random.text(8, '123456789')}`;
  const json = {
    id,
    category: fields.category ?? 'UserManagement',
    correlationId,
    result: fields.result ?? 'success',
    resultReason: fields.reason ?? '',
    activityDisplayName: fields.activity,
    activityDateTime: at,
    loggedByService: service,
    operationType: fields.operation ?? 'Update',
    initiatedBy: fields.by,
    targetResources: fields.targets,
    additionalDetails: Object.entries({ UserType: 'Member', ...fields.details }).map(
      ([key, value]) => ({ key, value }),
    ),
  };
  return { source: 'directoryAudits', id, at, visibleAt, json };
}

/** A person as who did it. */
export function byUser(person: Person): Initiator {
  const { id, upn, ipAddress } = person;
  return { app: null, user: { id, displayName: null, userPrincipalName: upn, ipAddress } };
}

/** A person as whom it was done to. */
export function userTarget(
  person: Person,
  modifiedProperties: readonly ModifiedProperty[],
): GraphRow {
  return {
    id: person.id,
    displayName: null,
    type: 'User',
    userPrincipalName: person.upn,
    groupType: null,
    modifiedProperties,
  };
}

/** Old and new values are JSON text. */
export function modified(displayName: string, before: unknown, after: unknown): ModifiedProperty {
  const text = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
  return { displayName, oldValue: text(before), newValue: text(after) };
}

/** Core Directory tells of one changed attribute of a user. */
export function updateUser(
  stamp: Stamp,
  person: Person,
  by: Initiator,
  change: ModifiedProperty,
): DemoRow {
  const properties = [
    change,
    modified('Included Updated Properties', null, change.displayName),
    modified('TargetId.UserType', null, 'Member'),
  ];
  return audit(stamp, { activity: 'Update user', by, targets: [userTarget(person, properties)] });
}

/** One phone as the attribute StrongAuthenticationPhoneAppDetail holds it. */
export interface ListedPhone extends Phone {
  readonly usedAt?: Instant;
  readonly version?: string;
  readonly drift?: number;
  readonly flavor?: string;
}

function phoneDetail(phone: ListedPhone): GraphRow {
  return {
    DeviceName: phone.name,
    DeviceToken: phone.token,
    DeviceTag: 'SoftwareTokenActivated',
    PhoneAppVersion: phone.version ?? '6.8.30',
    OathTokenTimeDrift: phone.drift ?? 0,
    DeviceId: '00000000-0000-0000-0000-000000000000',
    Id: phone.id,
    TimeInterval: 0,
    AuthenticationType: 3,
    NotificationType: 2,
    LastAuthenticatedTimestamp: phone.usedAt ?? '0001-01-01T00:00:00Z',
    AuthenticatorFlavor: phone.flavor ?? 'Authenticator',
    HashFunction: 'hmacsha1',
    TenantDeviceId: null,
    SecuredPartitionId: 0,
    SecuredKeyId: 0,
  };
}

/** The MFA service rewrites the list of phones: at a registration, and at ordinary sign-ins. */
export function phonesRewritten(
  stamp: Stamp,
  person: Person,
  before: readonly ListedPhone[],
  after: readonly ListedPhone[],
): DemoRow {
  const lists = [before.map(phoneDetail), after.map(phoneDetail)] as const;
  const change = modified('StrongAuthenticationPhoneAppDetail', ...lists);
  return updateUser(stamp, person, MFA_SERVICE, change);
}

/** The methods on the account now include the authenticator: what a verified registration writes. */
export function authenticatorBecameMethod(stamp: Stamp, person: Person): DemoRow {
  const methods = [
    { MethodType: 6, Default: true },
    { MethodType: 7, Default: false },
  ];
  const change = modified('StrongAuthenticationMethod', [], methods);
  return updateUser(stamp, person, byUser(person), change);
}

export type SecurityInfoStep = keyof typeof SECURITY_INFO;
const SECURITY_INFO = {
  started: {
    activity: 'User started security info registration',
    reason: 'User started the registration for Authenticator App with Notification and Code',
  },
  'passkey-started': {
    activity: 'User started security info registration',
    reason: 'User started the registration for Passkey',
  },
  'passkey-registered': {
    activity: 'User registered security info',
    reason: 'User registered Passkey',
  },
  registered: {
    activity: 'User registered security info',
    reason: 'User registered Authenticator App with Notification and Code',
  },
  cancelled: { activity: 'User canceled security info registration', reason: '' },
  deleted: {
    activity: 'User deleted security info',
    reason: 'User deleted Authenticator App with Notification and Code',
  },
  registeredKey: {
    activity: 'User registered security info',
    reason: 'User registered Fido2 Authentication Method',
  },
} as const;

/** What the service Authentication Methods logs of a registration. */
export function securityInfo(stamp: Stamp, person: Person, step: SecurityInfoStep): DemoRow {
  return audit(stamp, {
    ...SECURITY_INFO[step],
    service: 'Authentication Methods',
    operation: 'Add',
    by: byUser(person),
    targets: [{ ...userTarget(person, []), displayName: person.name }],
  });
}

/** An administrator gives somebody a Temporary Access Pass to begin with. */
export function passIssued(stamp: Stamp, person: Person, by: Person): DemoRow {
  return audit(stamp, {
    activity: 'Admin registered security info',
    reason: 'Admin registered temporary access pass method for user',
    service: 'Authentication Methods',
    operation: 'Add',
    by: byUser(by),
    targets: [{ ...userTarget(person, []), displayName: person.name }],
  });
}

export function addedToGroup(stamp: Stamp, person: Person, by: Person, group: string): DemoRow {
  const properties = [
    modified('Group.ObjectID', null, stamp.random.guid()),
    modified('Group.DisplayName', null, group),
  ];
  return audit(stamp, {
    activity: 'Add member to group',
    category: 'GroupManagement',
    operation: 'Assign',
    by: byUser(by),
    targets: [userTarget(person, properties), otherTarget(stamp, 'Group', group, 'azureAD')],
  });
}

export function addedToRole(stamp: Stamp, person: Person, by: Person, role: string): DemoRow {
  const properties = [
    modified('Role.ObjectID', null, stamp.random.guid()),
    modified('Role.DisplayName', null, role),
  ];
  return audit(stamp, {
    activity: 'Add member to role',
    category: 'RoleManagement',
    operation: 'Assign',
    by: byUser(by),
    targets: [userTarget(person, properties), otherTarget(stamp, 'Role', role, null)],
  });
}

/** A target that is no person. */
export function otherTarget(
  { random }: Stamp,
  type: string,
  displayName: string,
  groupType: string | null,
): GraphRow {
  const id = random.guid();
  return { id, displayName, type, userPrincipalName: null, groupType, modifiedProperties: [] };
}

export function profileUpdated(stamp: Stamp, person: Person, by: Person): DemoRow {
  const change = modified('PreferredLanguage', 'en-US', 'nb-NO');
  return updateUser(stamp, person, byUser(by), change);
}

// ------------------------------------------------------------------------------------------------ sign-in records

export interface Policy {
  readonly id: string;
  readonly displayName: string;
  readonly controls: readonly string[];
}

export const POLICIES = {
  blockActiveSync: {
    id: '5b1f3a52-7c1e-4b57-9a3e-0d8d6d4f1a01',
    displayName: 'Block ActiveSync',
    controls: ['block'],
  },
  requireMfa: {
    id: '5b1f3a52-7c1e-4b57-9a3e-0d8d6d4f1a02',
    displayName: 'Require MFA',
    controls: ['mfa'],
  },
  compliantDevice: {
    id: '5b1f3a52-7c1e-4b57-9a3e-0d8d6d4f1a03',
    displayName: 'Mail only on compliant devices',
    controls: ['compliantDevice'],
  },
  blockAbroad: {
    id: '5b1f3a52-7c1e-4b57-9a3e-0d8d6d4f1a04',
    displayName: 'Block sign-ins from abroad',
    controls: ['block'],
  },
  blockLegacyTrial: {
    id: '5b1f3a52-7c1e-4b57-9a3e-0d8d6d4f1a05',
    displayName: 'Trial: block legacy protocols',
    controls: ['block'],
  },
} as const satisfies Record<string, Policy>;

type PolicyResult = 'success' | 'failure' | 'notApplied' | 'reportOnlyFailure';

const EXCHANGE = {
  appId: '00000002-0000-0ff1-ce00-000000000000',
  appDisplayName: 'Office 365 Exchange Online',
};
const PORTAL = { appId: '4765445b-32c6-49b0-83e6-1d93765276ca', appDisplayName: 'OfficeHome' };

export interface SignInFields {
  readonly clientApp: string;
  readonly errorCode?: number;
  readonly failureReason?: string;
  readonly conditionalAccess: 'success' | 'failure' | 'notApplied';
  readonly policies: readonly (readonly [Policy, PolicyResult])[];
  readonly place?: Place;
  readonly ipAddress?: string;
  readonly operatingSystem?: string;
}

export function signIn(stamp: Stamp, person: Person, fields: SignInFields): DemoRow {
  const { at, visibleAt, random } = stamp;
  const id = random.guid();
  const isBrowser = fields.clientApp === 'Browser';
  const app = isBrowser ? PORTAL : EXCHANGE;
  const json = {
    id,
    createdDateTime: at,
    userDisplayName: person.name,
    userPrincipalName: person.upn,
    userId: person.id,
    ...app,
    ipAddress: fields.ipAddress ?? person.ipAddress,
    clientAppUsed: fields.clientApp,
    userAgent: isBrowser ? 'Mozilla/5.0' : null,
    correlationId: random.guid(),
    conditionalAccessStatus: fields.conditionalAccess,
    isInteractive: true,
    riskDetail: 'none',
    riskLevelAggregated: 'none',
    riskLevelDuringSignIn: 'none',
    riskState: 'none',
    riskEventTypes: [],
    riskEventTypes_v2: [],
    resourceDisplayName: EXCHANGE.appDisplayName,
    resourceId: EXCHANGE.appId,
    homeTenantId: null,
    resourceTenantId: null,
    servicePrincipalId: '',
    servicePrincipalName: null,
    authenticationAppDeviceDetails: null,
    status: {
      errorCode: fields.errorCode ?? 0,
      failureReason: fields.failureReason ?? null,
      additionalDetails: null,
    },
    deviceDetail: {
      deviceId: '',
      displayName: null,
      operatingSystem: fields.operatingSystem ?? person.operatingSystem,
      browser: isBrowser ? person.browser : null,
      isCompliant: null,
      isManaged: null,
      trustType: null,
    },
    location: { ...(fields.place ?? person.place), geoCoordinates: {} },
    appliedConditionalAccessPolicies: fields.policies.map(([policy, result]) => ({
      id: policy.id,
      displayName: policy.displayName,
      enforcedGrantControls: policy.controls,
      enforcedSessionControls: [],
      result,
    })),
  };
  return { source: 'signIns', id, at, visibleAt, json };
}
