import type { Account } from './account';
import { StorageError } from './errors';
import { joinKey } from './keys';
import { refusalOf } from './service-errors';
import { ServiceTable } from './service-table';

/** What may be done with a table. Nothing of the probe stays. */
export interface TableProbe {
  readonly isThere: boolean;
  readonly unreadable?: StorageError;
  readonly unwritable?: StorageError;
}

const ROW = 'probe';

/**
 * Reads, writes and removes one row, in a partition that no store reads. A missing table is not made. The key is always
 * the same, so a probe that is killed leaves at most this row, and the next one removes it.
 */
export async function probeTable(
  account: Account,
  name: string,
  tenantId: string,
): Promise<TableProbe> {
  const table = new ServiceTable(account, name, false);
  const partitionKey = joinKey('doctor', tenantId);
  const unreadable = await failureOf(() => table.get(partitionKey, ROW));
  if (unreadable !== undefined && refusalOf(unreadable.cause) === 'no-table') {
    return { isThere: false };
  }
  const unwritable = await failureOf(async () => {
    await table.upsert({ partitionKey, rowKey: ROW });
    await table.remove(partitionKey, ROW, '*');
  });
  return {
    isThere: true,
    ...(unreadable !== undefined && { unreadable }),
    ...(unwritable !== undefined && { unwritable }),
  };
}

async function failureOf(work: () => Promise<unknown>): Promise<StorageError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) {
      return error;
    }
    throw error;
  }
}
