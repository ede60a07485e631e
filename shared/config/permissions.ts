import { asksSource, type Detector } from '../domain/detector';
import { REGISTER, SOURCES } from '../sources';

/** A permission of Microsoft Graph that a deployment grants: infra/directory.bicep, docs/permissions.md. */
export interface Permission {
  readonly name: string;
  /** Those that hold it too; a person's token carries other ones than an app's. */
  readonly orElse: readonly string[];
  readonly reason: string;
  /** What its lack costs. */
  readonly without: string;
  /** Whether nothing can be watched without it, or less. */
  readonly isVital: boolean;
  readonly serves: (detector: Detector) => boolean;
}

export const PERMISSIONS: readonly Permission[] = [
  {
    name: 'AuditLog.Read.All',
    orElse: [],
    reason: 'reads the audit log and the sign-in log',
    without: 'nothing is read, so nothing is found',
    isVital: true,
    serves: () => true,
  },
  {
    name: 'Directory.Read.All',
    orElse: ['Directory.ReadWrite.All', 'Directory.AccessAsUser.All'],
    reason: 'Graph looks at the licence of the tenant with it before it shows sign-ins',
    without:
      'the sign-in log may answer 403 as if the tenant had no licence, now and then or always',
    isVital: false,
    serves: (each) =>
      SOURCES.some((id) => REGISTER[id].licence !== undefined && asksSource(each, id)),
  },
  {
    name: 'Policy.Read.All',
    // https://learn.microsoft.com/graph/api/signin-list: each of them shows the applied policies.
    orElse: ['Policy.Read.ConditionalAccess', 'Policy.ReadWrite.ConditionalAccess'],
    reason: 'shows which Conditional Access policies applied to a sign-in',
    without:
      'findings stay, but cannot name the policy that failed, nor tell a block from an unmet requirement: severity is then "medium, policies not readable"',
    isVital: false,
    serves: ({ id }) => id === 'eas-success-despite-ca-failure',
  },
];
