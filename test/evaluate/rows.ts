import type { Phone } from '../../cli/demo-tenant/people';
import {
  audit,
  byUser,
  modified,
  otherTarget,
  updateUser,
  userTarget,
  type DemoRow,
  type Initiator,
  type Stamp,
} from '../../cli/demo-tenant/rows';
import type { Random } from '../../cli/demo-tenant/random';
import type { Employee } from './people';

// What the demo tenant has no need of.

const PIM: Initiator = {
  app: {
    appId: null,
    displayName: 'MS-PIM',
    servicePrincipalId: '0a7cbb5b-6a5c-4c1e-8e58-1e2f9d0f3a11',
    servicePrincipalName: null,
  },
  user: null,
};

/** A row of the service Authentication Methods, in the words it is given. */
export function securityInfoRow(
  stamp: Stamp,
  person: Employee,
  activity: string,
  {
    reason = '',
    by = person,
    ...more
  }: {
    readonly reason?: string;
    readonly by?: Employee;
    readonly result?: 'success' | 'failure';
    readonly details?: Readonly<Record<string, string>>;
  } = {},
): DemoRow {
  return audit(stamp, {
    ...{ activity, reason, service: 'Authentication Methods', operation: 'Add', by: byUser(by) },
    targets: [{ ...userTarget(person, []), displayName: person.name }],
    ...more,
  });
}

/** The methods on the account, by the numbers that StrongAuthenticationMethod has for them. */
export function methodsChanged(
  stamp: Stamp,
  person: Employee,
  before: readonly number[],
  after: readonly number[],
): DemoRow {
  const list = (types: readonly number[]) =>
    types.map((MethodType, i) => ({ MethodType, Default: i === 0 }));
  const change = modified('StrongAuthenticationMethod', list(before), list(after));
  return updateUser(stamp, person, byUser(person), change);
}

/** What an administrator does to an account: "Delete user", "Disable account", "Reset user password". */
export function accountRow(
  stamp: Stamp,
  person: Employee,
  by: Employee,
  activity: string,
): DemoRow {
  return audit(stamp, { activity, by: byUser(by), targets: [userTarget(person, [])] });
}

/** A role that Privileged Identity Management gives for a while, or ends. */
export function pimRole(
  stamp: Stamp,
  person: Employee,
  role: string,
  activity: 'Add member to role' | 'Remove member from role (PIM activation expired)',
): DemoRow {
  const isAdded = activity === 'Add member to role';
  const property = modified('Role.DisplayName', isAdded ? null : role, isAdded ? role : null);
  return audit(stamp, {
    ...{ activity, category: 'RoleManagement', by: PIM },
    operation: isAdded ? 'Assign' : 'Unassign',
    targets: [userTarget(person, [property]), otherTarget(stamp, 'Role', role, null)],
  });
}

/** The same row with something else in it. */
export function withJson(row: DemoRow, more: Readonly<Record<string, unknown>>): DemoRow {
  return { ...row, json: { ...row.json, ...more } };
}

/** An app of another maker, which only shows codes. */
export function codesOnly(random: Random): Phone {
  return { id: random.guid(), name: 'NO_DEVICE', token: 'NO_DEVICE_TOKEN' };
}
