import { textOf } from '../facts';
import type { Signal } from '../findings/signal';
import type { AuditRecord } from '../record';

/** Roles whose holder makes a finding urgent, as Entra names them. */
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

/** The privileged roles that a record of an assignment names: in a property of the user, old or new, or as a target. */
export function privilegedRolesIn({ targets }: AuditRecord): readonly string[] {
  const properties = targets
    .flatMap((target) => target.changes)
    .filter((change) => change.property === 'Role.DisplayName')
    .flatMap((change) => [textOf(change.after), textOf(change.before)]);
  const roles = targets.filter((target) => target.type === 'Role').map((target) => target.name);
  const names = [...properties, ...roles].filter((name) => name !== undefined);
  return [...new Set(names.filter((name) => PRIVILEGED_ROLES.has(name.toLowerCase())))];
}

/** Of signals `role-added` and `role-removed`, by time: the latest word on each role, where it is that they have it. */
export function rolesHeld(signals: readonly Signal[]): readonly Signal[] {
  const latest = new Map<string, Signal>();
  for (const each of signals) {
    if (each.kind === 'role-added' || each.kind === 'role-removed') {
      latest.set(textOf(each.facts['role']).toLowerCase(), each);
    }
  }
  return [...latest.values()].filter((each) => each.kind === 'role-added');
}
