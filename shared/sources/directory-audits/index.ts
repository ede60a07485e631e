import { isAboutGroup } from '../../domain/records/group';
import type { LogSpec } from '../source';
import { shape } from './shape';

const text = { kind: 'text' } as const;
const prefixed = { kind: 'text', startswith: true } as const;

/** https://learn.microsoft.com/graph/api/directoryaudit-list */
export const directoryAudits: LogSpec<'directoryAudits'> = {
  id: 'directoryAudits',
  kind: 'log',
  title: 'the audit log',
  records: 'audit records',
  path: '/auditLogs/directoryAudits',
  time: 'activityDateTime',
  filterables: {
    activityDateTime: { kind: 'time' },
    activityDisplayName: prefixed,
    loggedByService: text,
    correlationId: text,
    id: text,
    'initiatedBy/user/id': text,
    'initiatedBy/user/displayName': text,
    'initiatedBy/user/userPrincipalName': prefixed,
    'initiatedBy/app/appId': text,
    'initiatedBy/app/displayName': text,
    targetResources: { kind: 'list', of: { id: text, displayName: prefixed } },
  },
  feeds: { activityDisplayName: ({ activity }) => activity },
  about: (id) => `targetResources/any(t:t/id eq ${id})`,
  personId: ({ activity, targets }) =>
    isAboutGroup(activity)
      ? undefined
      : targets.find(({ type = 'User' }) => type === 'User' || type === 'N/A')?.id,
  shape,
  permission: 'AuditLog.Read.All',
};
