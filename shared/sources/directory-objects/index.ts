import type { SnapshotSpec } from '../source';

const everywhere = [
  'id',
  'displayName',
  'mail',
  'proxyAddresses',
  'onPremisesSyncEnabled',
  'onPremisesProvisioningErrors',
  'serviceProvisioningErrors',
] as const;

/**
 * Users, groups and contacts, and which addresses they hold and want.
 * https://learn.microsoft.com/graph/delta-query-overview
 */
export const directoryObjects: SnapshotSpec = {
  id: 'directoryObjects',
  kind: 'snapshot',
  title: 'the directory',
  records: 'directory objects',
  collections: {
    users: {
      path: '/users',
      select: [...everywhere, 'userPrincipalName', 'userType', 'accountEnabled', 'createdDateTime'],
    },
    groups: { path: '/groups', select: everywhere },
    contacts: { path: '/contacts', select: everywhere },
  },
  feeds: { collection: ({ collection }) => collection },
  personId: ({ collection, id }) => (collection === 'users' ? id : undefined),
  permission: 'Directory.Read.All',
};
