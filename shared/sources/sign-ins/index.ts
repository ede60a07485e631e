import type { LogSpec } from '../source';
import { shape } from './shape';

const text = { kind: 'text' } as const;
const prefixed = { kind: 'text', startswith: true } as const;

/** https://learn.microsoft.com/graph/api/signin-list */
export const signIns: LogSpec<'signIns'> = {
  id: 'signIns',
  kind: 'log',
  title: 'the sign-in log',
  records: 'sign-in records',
  path: '/auditLogs/signIns',
  time: 'createdDateTime',
  filterables: {
    createdDateTime: { kind: 'time' },
    appDisplayName: prefixed,
    userDisplayName: prefixed,
    userPrincipalName: prefixed,
    ipAddress: prefixed,
    userAgent: prefixed,
    appId: text,
    userId: text,
    id: text,
    correlationId: text,
    resourceId: text,
    resourceDisplayName: text,
    clientAppUsed: text,
    conditionalAccessStatus: text,
    'status/errorCode': { kind: 'number' },
    'deviceDetail/browser': prefixed,
    'deviceDetail/operatingSystem': prefixed,
    'location/city': prefixed,
    'location/state': prefixed,
    'location/countryOrRegion': prefixed,
  },
  feeds: {
    clientAppUsed: ({ clientApp }) => clientApp,
    'status/errorCode': ({ errorCode }) => errorCode,
  },
  about: (id) => `userId eq ${id}`,
  personId: ({ user }) => user.id,
  shape,
  permission: 'AuditLog.Read.All',
  licence: 'Entra ID P1 or P2',
  policies: 'appliedConditionalAccessPolicies',
};
