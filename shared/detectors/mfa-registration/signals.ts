import type { JsonObject } from '../../domain/canonical';
import { textOf } from '../../domain/facts';
import type { AuditRecord, Change, EntraRecord, SignInRecord } from '../../domain/record';
import { isFailure, methodOf } from '../../domain/records/security-info';
import {
  authenticatorsIn,
  contactIn,
  methodTypesIn,
  type ListedAuthenticator,
} from '../../domain/records/strong-authentication';
import { methodsOf } from '../../domain/registration';
import type { Signal, Subject } from '../../domain/signal';
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

const MFA_SERVICE = 'azure mfa strongauthenticationservice';
/** Its appId, which Graph leaves null; it stands in the service principal name, or in a modified property. */
const MFA_SERVICE_APP_ID = 'b5a60e17-278b-4c92-a4e2-b9262e66bb28';
const NO_TENANT = '00000000-0000-0000-0000-000000000000';
/** Roles whose holder makes an unfinished registration urgent, as Entra names them. */
const PRIVILEGED_ROLES = new Set([
  'global administrator',
  'privileged role administrator',
  'privileged authentication administrator',
  'authentication administrator',
  'security administrator',
  'conditional access administrator',
  'application administrator',
  'cloud application administrator',
  'exchange administrator',
  'sharepoint administrator',
  'user administrator',
  'helpdesk administrator',
  'hybrid identity administrator',
  'intune administrator',
  'billing administrator',
  'company administrator',
]);

type Draw = (kind: Kind, facts?: JsonObject, part?: string) => Signal;

/** Everything that a record says to this detector. */
export function signalsOf(record: EntraRecord): readonly Signal[] {
  return record.source === 'directoryAudits' ? auditSignals(record) : signInSignals(record);
}

function auditSignals(record: AuditRecord): readonly Signal[] {
  const target = record.targets.find(
    (each) => each.type === undefined || each.type === 'User' || each.type === 'N/A',
  );
  if (target?.id === undefined) {
    return []; // about something that is no person
  }
  const { id, name } = target;
  const subject: Subject = { type: 'user', id, ...(name !== undefined && { name }) };
  const draw: Draw = (kind, facts = {}, part = '') => signal(record, subject, kind, facts, part);
  // Some exports leave the result out. A row that says nothing of it is not a failure.
  if (record.result !== undefined && record.result !== 'success') {
    return failureSignals(record, draw);
  }
  switch (record.activity.toLowerCase()) {
    case 'update user':
      return target.changes.flatMap((change) => changeSignals(record, change, draw));
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
      return privilegedRoles(record).map((role) => draw('role-added', { role }, role));
    case 'remove member from role':
    case 'remove member from role (pim activation expired)':
    case 'remove member from role completed (pim deactivate)':
      return privilegedRoles(record).map((role) => draw('role-removed', { role }, role));
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

function changeSignals(record: AuditRecord, change: Change, draw: Draw): readonly Signal[] {
  switch (change.property) {
    case 'StrongAuthenticationPhoneAppDetail':
      return authenticatorSignals(record, change, draw);
    case 'StrongAuthenticationMethod':
      return methodSignals(record, change, draw);
    case 'StrongAuthenticationUserDetails':
      return contactSignals(change, draw);
    default:
      return [];
  }
}

function authenticatorSignals(record: AuditRecord, change: Change, draw: Draw): readonly Signal[] {
  const before = authenticatorsIn(change.before);
  const after = authenticatorsIn(change.after);
  const added = after.filter((device) => !before.some((each) => each.id === device.id));
  const removed = before.filter((device) => !after.some((each) => each.id === device.id));
  const listed = after.map((each) => each.id);
  return [
    // An Id that changed while the push token stayed is the same phone under a new name; added beside the old Id, it
    // is another registration of that phone.
    ...added
      .filter((device) => !removed.some((old) => old.token !== null && old.token === device.token))
      .filter(() => isByMfaService(record))
      .map((device) =>
        draw(
          'device-added',
          addedFacts(device, change.before === undefined ? undefined : before, listed),
          device.id,
        ),
      ),
    ...removed.map((device) => draw('device-removed', { device: device.id, listed }, device.id)),
    // Rewritten at ordinary sign-ins, so one signal a month per device keeps the earliest and the latest uses. Rows
    // that rewrite something else are left out: they would push the first uses out.
    ...after
      .filter((device) => !added.includes(device) && isMoved(device, before))
      .map((device): Signal => {
        const use = { at: record.at, stamp: device.usedAt, eventId: record.id };
        const { eventId: _sharedByMonth, ...shared } = draw('device-used', {
          device: device.id,
          uses: [use],
          latestUses: [use],
        });
        return { ...shared, key: `used|${device.id}|${monthOf(record.at)}` };
      }),
  ];
}

function addedFacts(
  device: ListedAuthenticator,
  before: readonly ListedAuthenticator[] | undefined,
  listed: readonly string[],
): JsonObject {
  const { id, name, isCodeOnly, flavor } = device;
  // Null where the row does not say what was listed before.
  const others = before?.map((old) => old.id) ?? null;
  return { device: id, name, isCodeOnly, flavor, others, listed };
}

function isMoved(device: ListedAuthenticator, before: readonly ListedAuthenticator[]): boolean {
  const old = before.find((each) => each.id === device.id);
  return device.usedAt !== null && device.usedAt !== old?.usedAt;
}

function methodSignals(record: AuditRecord, change: Change, draw: Draw): readonly Signal[] {
  const before = methodTypesIn(change.before);
  const after = methodTypesIn(change.after);
  const isReset = after.all.length === 0 && before.all.length > 0 && isByAnotherPerson(record);
  const isCompletion = after.authenticator.some((type) => !before.all.includes(type));
  const isNew = after.phone.some((type) => !before.all.includes(type));
  return [
    ...(isReset ? [draw('admin-reset')] : []),
    ...(isCompletion ? [draw('completed', { by: change.property })] : []),
    ...(after.phone.length > 0 ? [draw('other-method', { method: 'phone', isNew })] : []),
    ...(before.phone.length > 0 && after.phone.length === 0
      ? [draw('method-removed', { method: 'phone' })]
      : []),
  ];
}

function contactSignals(change: Change, draw: Draw): readonly Signal[] {
  const before = contactIn(change.before);
  const after = contactIn(change.after);
  return (['phone', 'email'] as const).flatMap((method) =>
    after[method]
      ? [draw('other-method', { method, isNew: !before[method] }, `contact ${method}`)]
      : before[method]
        ? [draw('method-removed', { method }, `contact ${method}`)]
        : [],
  );
}

// ------------------------------------------------------------------------------------------------------- sign-ins

function signInSignals(record: SignInRecord): readonly Signal[] {
  const { errorCode, user, homeTenantId: home, resourceTenantId: resource } = record;
  const subject: Subject = { type: 'user', ...user };
  if (errorCode === 53004 || errorCode === 53010) {
    return [signal(record, subject, 'proof-up-blocked', { errorCode }, '')];
  }
  if (errorCode === 50072 || errorCode === 50079) {
    // Guests register where their account lives.
    const isGuest = [home, resource].every((id) => id && id !== NO_TENANT) && home !== resource;
    return isGuest ? [] : [asked(record, subject, 'asked-again')];
  }
  return errorCode === 50125 ? [asked(record, subject, 'asked-for-info')] : [];
}

// A person may be asked at every sign-in, so one signal a day keeps the earliest and the latest.
function asked(record: SignInRecord, subject: Subject, kind: Kind): Signal {
  const ask = { at: record.at, eventId: record.id };
  const facts = { asks: [ask], latestAsks: [ask] };
  const { eventId: _sharedByDay, ...shared } = signal(record, subject, kind, facts, '');
  return { ...shared, key: `${kind}|${dayOf(record.at)}` };
}

// ------------------------------------------------------------------------------------------------------- who, what

function signal(
  record: EntraRecord,
  subject: Subject,
  kind: Kind,
  facts: JsonObject,
  part: string,
): Signal {
  const { source, id, at } = record;
  return { key: `${id}|${kind}|${part}`, source, eventId: id, at, subject, kind, facts };
}

function isByMfaService({ initiator: { app, user }, targets }: AuditRecord): boolean {
  if (app?.name?.toLowerCase() === MFA_SERVICE) {
    return true;
  }
  const principals = targets
    .flatMap((target) => target.changes)
    .filter(({ property }) => property === 'SPN' || property === 'ActorId.ServicePrincipalNames')
    .map((change) => textOf(change.after));
  return [app?.servicePrincipalName ?? '', ...(user?.id === undefined ? principals : [])].some(
    (name) => name.toLowerCase().includes(MFA_SERVICE_APP_ID),
  );
}

function isByAnotherPerson({ initiator: { user }, targets }: AuditRecord): boolean {
  if (user?.id !== undefined) {
    return targets.every((target) => target.id !== user.id);
  }
  const name = user?.name?.toLowerCase();
  return name !== undefined && targets.every((target) => target.name?.toLowerCase() !== name);
}

// The role stands in a property of the user, old or new, or is a target itself.
function privilegedRoles({ targets }: AuditRecord): readonly string[] {
  const properties = targets
    .flatMap((target) => target.changes)
    .filter((change) => change.property === 'Role.DisplayName')
    .flatMap((change) => [textOf(change.after), textOf(change.before)]);
  const roles = targets.filter((target) => target.type === 'Role').map((target) => target.name);
  const names = [...properties, ...roles].filter((name) => name !== undefined);
  return [...new Set(names.filter((name) => PRIVILEGED_ROLES.has(name.toLowerCase())))];
}
