import type { TokenCredential } from '@azure/identity';
import type { AccountOptions } from '../adapters/tables/account';
import type { Config } from '../config/config';
import type { ChainCopies } from '../pipeline/ports/audit-trail';
import type { Stores } from '../pipeline/ports/stores';
import { SubjectLookup } from '../pipeline/queries/subject-lookup';
import { DETECTOR_IDS } from './detectors';

/** The same identity as for the tables; the address of the emulator carries a SAS instead. */
export async function buildCopies(config: Config): Promise<ChainCopies | undefined> {
  const { sealContainer: container, tenantId } = config;
  if (container === undefined) {
    return undefined;
  }
  const { sealContainer } = await import('../adapters/blobs/seal-container');
  const credential = container.search === '' ? await storageCredential(config) : undefined;
  return sealContainer({ container, tenantId, credential, fetch });
}

/** The tables of the settings. */
export async function buildStores(config: Config): Promise<Stores> {
  const { tableStores } = await import('../adapters/tables/table-stores');
  const { tables, tenantId, channels } = config;
  const createMissingTables = 'connection' in tables;
  const account = await accountOf(config);
  const stores = tableStores({ ...account, tenantId, channels, createMissingTables });
  return { ...stores, index: new SubjectLookup(stores, tenantId, DETECTOR_IDS) };
}

/** Where the tables are, and who opens them. */
export async function accountOf(config: Config): Promise<AccountOptions> {
  const { tables } = config;
  return 'connection' in tables
    ? { connection: tables.connection }
    : { endpoint: tables.endpoint, credential: await storageCredential(config) };
}

/** Who opens tables and containers: a person at a terminal, or the app. */
async function storageCredential({ graph, tenantId }: Config): Promise<TokenCredential> {
  const { credentialFor } = await import('../adapters/graph/credential');
  const auth = graph.auth === 'azure-cli' ? 'azure-cli' : 'managed-identity';
  return credentialFor(auth, { tenantId, clientId: graph.clientId });
}
