import { memoryStores } from '../../shared/adapters/memory/memory-stores';
import { MemoryTables } from '../../shared/adapters/memory/memory-table';
import { storesContract } from './stores';
import { tableContract, tablePagesContract } from './table';

describe('tables in memory', () => {
  tableContract(() => new MemoryTables().table('Some'));
  tablePagesContract(() => new MemoryTables().table('Some'));
});

describe('stores in memory', () => {
  storesContract(memoryStores);
});
