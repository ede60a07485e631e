import type { SnapshotSpec } from '../source';

/**
 * Users, groups and contacts, and which addresses they hold and want.
 * https://learn.microsoft.com/graph/delta-query-overview
 */
export const directoryObjects: SnapshotSpec = {
  id: 'directoryObjects',
  kind: 'snapshot',
  title: 'the directory',
  records: 'directory objects',
  feeds: { collection: ({ collection }) => collection },
  personId: ({ collection, id }) => (collection === 'users' ? id : undefined),
  permission: 'Directory.Read.All',
};
