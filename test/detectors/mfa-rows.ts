import { audit, signIn, update, type AuditOptions, type By, type Row, type When } from './play';

// The events of a registration, as Graph logs them. All are Ann's unless said otherwise, and times are minutes.

export const SERVICE: By = { app: 'Azure MFA StrongAuthenticationService' };
export const ADMIN: By = { user: 'admin' };
export const AUTHENTICATOR = 'Authenticator App with Notification and Code';

/** One entry of StrongAuthenticationPhoneAppDetail. */
export function phone(Id: string, more: Row = {}): Row {
  return {
    DeviceName: 'Pixel 9',
    DeviceToken: `apns2-${Id}`,
    DeviceTag: 'SoftwareTokenActivated',
    PhoneAppVersion: '6.7.12',
    OathTokenTimeDrift: 0,
    DeviceId: '00000000-0000-0000-0000-000000000000',
    Id,
    TimeInterval: 0,
    AuthenticationType: 3,
    NotificationType: 2,
    LastAuthenticatedTimestamp: '2026-03-02T11:59:58.2254241Z',
    AuthenticatorFlavor: null,
    HashFunction: null,
    TenantDeviceId: null,
    SecuredPartitionId: 0,
    SecuredKeyId: 0,
    ...more,
  };
}

export type Options = Partial<AuditOptions>;

export const phones = (
  id: string,
  when: When,
  before: Row[] | null,
  after: Row[],
  options: Options = {},
): Row =>
  update(id, when, [['StrongAuthenticationPhoneAppDetail', before, after]], {
    by: SERVICE,
    ...options,
  });
export const scanned = (id: string, when: When, device: string, options: Options = {}): Row =>
  phones(id, when, [], [phone(device)], options);
export const used = (id: string, when: When, device: string, stamp: string): Row =>
  phones(id, when, [phone(device)], [phone(device, { LastAuthenticatedTimestamp: stamp })]);
export const started = (id: string, when: When, options: Options = {}): Row =>
  audit(id, when, {
    activity: 'User started security info registration',
    reason: `User started the registration for ${AUTHENTICATOR}`,
    ...options,
  });
export const registered = (id: string, when: When, options: Options = {}): Row =>
  audit(id, when, {
    activity: 'User registered security info',
    reason: `User registered ${AUTHENTICATOR}`,
    ...options,
  });
export const registeredAll = (id: string, when: When, options: Options = {}): Row =>
  audit(id, when, {
    activity: 'User registered all required security info',
    reason: 'User registered all required security info.',
    ...options,
  });
export const cancelled = (id: string, when: When, options: Options = {}): Row =>
  audit(id, when, { activity: 'User canceled security info registration', ...options });
export const deleted = (id: string, when: When, options: Options = {}): Row =>
  audit(id, when, {
    activity: 'User deleted security info',
    reason: `User deleted ${AUTHENTICATOR}`,
    ...options,
  });
export const removed = (id: string, when: When, device: string): Row =>
  phones(id, when, [phone(device)], [], { by: { user: 'ann' } });
export const adminReset = (id: string, when: When, options: Options = {}): Row =>
  audit(id, when, {
    activity: 'Admin deleted security info',
    by: ADMIN,
    reason: `Admin deleted ${AUTHENTICATOR} method for user`,
    ...options,
  });
export const methods = (
  id: string,
  when: When,
  before: number[],
  after: number[],
  options: Options = {},
): Row =>
  update(
    id,
    when,
    [['StrongAuthenticationMethod', before.map(methodOf), after.map(methodOf)]],
    options,
  );
export const methodOf = (type: number): Row => ({ MethodType: type, Default: type === 6 });
export const roleAssigned = (id: string, when: When, role: string): Row =>
  audit(id, when, {
    activity: 'Add member to role',
    by: ADMIN,
    service: 'Core Directory',
    changes: [['Role.DisplayName', null, role]],
  });
export const proofUp = (id: string, when: When, errorCode: number): Row =>
  signIn(id, when, { errorCode, conditionalAccess: 'failure' });

/** Any row of Core Directory by an administrator about Ann. */
export const left = (id: string, when: When, activity: string): Row =>
  audit(id, when, { activity, by: ADMIN, service: 'Core Directory' });
export const roleEnded = (
  id: string,
  when: When,
  role: string,
  activity = 'Remove member from role',
): Row =>
  audit(id, when, {
    activity,
    by: { app: 'MS-PIM' },
    service: 'Core Directory',
    changes: [['Role.DisplayName', role, null]],
  });
export const named = (method: string): Row => ({
  additionalDetails: [{ key: 'AuthenticationMethod', value: method }],
});
export const sms = (id: string, when: When): Row =>
  registered(id, when, { reason: 'User registered Mobile Phone SMS' });
export const pass = (id: string, when: When): Row =>
  audit(id, when, {
    activity: 'Admin registered security info',
    by: ADMIN,
    reason: 'Admin registered temporary access pass method for user',
  });
/** The user adds a second authenticator beside the one that works. */
export const secondAdded = (id: string, when: When): Row =>
  phones(id, when, [phone('old')], [phone('old'), phone('phone-1')]);
/** The directory's row that shows which authenticator left. */
export const oldRemoved = (id: string, when: When, by: By = { user: 'ann' }): Row =>
  phones(id, when, [phone('old'), phone('phone-1')], [phone('phone-1')], { by });

export const DAYS = 24 * 60;
