import { textOf } from '../facts';
import type { AuditRecord, SignInRecord, Target } from '../record';
import type { Subject } from '../findings/signal';

// Whom a record is about, and who did it.

/** A user that an audit record is about, and what it changed of them. */
export interface Person {
  readonly subject: Subject;
  readonly changes: Target['changes'];
}

/** The user that an audit record is about; undefined for records about something that is no person. */
export function personOf({ targets }: AuditRecord): Person | undefined {
  const target = targets.find(
    ({ type }) => type === undefined || type === 'User' || type === 'N/A',
  );
  if (target?.id === undefined) {
    return undefined;
  }
  const { id, name, changes } = target;
  return { subject: { type: 'user', id, ...(name !== undefined && { name }) }, changes };
}

/** True when somebody other than the user did it. */
export function isByAnotherPerson({ initiator: { user }, targets }: AuditRecord): boolean {
  if (user?.id !== undefined) {
    return targets.every((target) => target.id !== user.id);
  }
  const name = user?.name?.toLowerCase();
  return name !== undefined && targets.every((target) => target.name?.toLowerCase() !== name);
}

const MFA_SERVICE = 'azure mfa strongauthenticationservice';
/** Its appId, which Graph leaves null; it stands in the service principal name, or in a modified property. */
const MFA_SERVICE_APP_ID = 'b5a60e17-278b-4c92-a4e2-b9262e66bb28';

/** True when the service that registers MFA methods did it. */
export function isByMfaService({ initiator: { app, user }, targets }: AuditRecord): boolean {
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

const NO_TENANT = '00000000-0000-0000-0000-000000000000';

/** True when the account of a sign-in lives in another tenant than what was signed in to. */
export function isGuest({ homeTenantId: home, resourceTenantId: resource }: SignInRecord): boolean {
  return [home, resource].every((id) => id && id !== NO_TENANT) && home !== resource;
}
