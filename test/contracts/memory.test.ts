import { memoryStores } from '../../shared/adapters/memory/memory-stores';
import { storesContract } from './stores';

describe('stores in memory', () => {
  storesContract(memoryStores);
});
