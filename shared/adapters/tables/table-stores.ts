import type { Stores } from '../../pipeline/ports/stores';
import { Account, type AccountOptions } from './account';
import { ServiceTables } from './service-table';
import { storesOver, type StoresOptions } from './stores';

/** `createMissingTables` only for the emulator: in Azure the infrastructure makes all tables. */
export type TableStoresOptions = AccountOptions & StoresOptions;

/**
 * Stores in Azure Table Storage. Nothing is sent before it is needed.
 * @throws StorageError when the options name no usable account.
 */
export function tableStores(options: TableStoresOptions): Stores {
  return storesOver(new ServiceTables(new Account(options)), options);
}
