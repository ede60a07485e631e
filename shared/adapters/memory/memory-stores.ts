import { CHANNELS } from '../../domain/findings/delivery';
import type { Stores } from '../../pipeline/ports/stores';
import { storesOver, type StoresOptions } from '../tables/stores';
import { MemoryTables } from './memory-table';

/** Stores that live as long as the process: for exported logs, dry runs and tests. */
export function memoryStores(
  tables = new MemoryTables(),
  channels: Required<StoresOptions>['channels'] = CHANNELS,
): Stores {
  return storesOver(tables, { tenantId: 'memory', createMissingTables: true, channels });
}
