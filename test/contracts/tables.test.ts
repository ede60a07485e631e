import { tableStores } from '../../shared/adapters/tables/table-stores';
import { Account } from '../../shared/adapters/tables/account';
import { ServiceTables } from '../../shared/adapters/tables/service-table';
import type { Table } from '../../shared/adapters/tables/table';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { startAzurite, startPagingProxy, type Azurite, type PagingProxy } from '../fakes/azurite';
import { storesContract } from './stores';
import { tableContract, tablePagesContract } from './table';

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

function tableAt(connection: string): Table {
  tenants += 1;
  return new ServiceTables(new Account({ connection })).table(`Some${tenants}`, true);
}

describe('tables of the service', () => {
  tableContract(() => tableAt(azurite.connection));
  tablePagesContract(() => tableAt(azurite.connection));
});

describe('tables that answer in small pages with empty ones between', () => {
  tableContract(() => tableAt(proxy.connection));
});

describe('stores in tables', () => {
  storesContract(() => storesAt(azurite.connection));
});

describe('stores in tables that answer in small pages with empty ones between', () => {
  storesContract(() => storesAt(proxy.connection));

  it('has met empty pages', () => {
    expect(proxy.emptyPages()).toBeGreaterThan(100);
  });
});
