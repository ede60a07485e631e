import type { Stores } from '../../pipeline/ports';
import { storesOver } from '../tables/stores';
import { MemoryTables } from './memory-table';

/** Stores that live as long as the process: for exported logs, dry runs and tests. */
export function memoryStores(tables = new MemoryTables()): Stores {
  return storesOver(tables, { tenantId: 'memory', createMissingTables: true });
}
