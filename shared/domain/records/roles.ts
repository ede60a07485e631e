import { textOf } from '../facts';
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
