import { tableStores } from '../../shared/adapters/tables/table-stores';
import type { Stores } from '../../shared/pipeline/ports';
import { startAzurite, startPagingProxy, type Azurite, type PagingProxy } from '../fakes/azurite';
import { storesContract } from './stores';

jest.setTimeout(30_000);

let azurite: Azurite;
let proxy: PagingProxy;
let tenants = 0;

beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await startPagingProxy(azurite, 7);
});

afterAll(async () => {
  await proxy.stop();
  await azurite.stop();
});

/** The tables are shared; each test is a tenant of its own. */
function storesAt(connection: string): Stores {
  tenants += 1;
  return tableStores({ connection, tenantId: `tenant ${tenants}`, createMissingTables: true });
}

describe('stores in tables', () => {
  storesContract(() => storesAt(azurite.connection));
});

describe('stores in tables that answer in small pages with empty ones between', () => {
  storesContract(() => storesAt(proxy.connection));

  it('has met empty pages', () => {
    expect(proxy.emptyPages()).toBeGreaterThan(100);
  });
});
