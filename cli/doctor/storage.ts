import type { Account } from '../../shared/adapters/tables/account';
import { StorageError } from '../../shared/adapters/tables/errors';
import { probeTable, type TableProbe } from '../../shared/adapters/tables/probe';
import { TABLES } from '../../shared/adapters/tables/stores';
import type { ChainCopies } from '../../shared/pipeline/ports/audit-trail';
import { failed, sentence, type Check } from './check';

export interface StorageOptions {
  readonly account: Account;
  readonly tenantId: string;
  /** With a connection string the app makes its tables itself. */
  readonly makesTables: boolean;
}

/** Each table read and written. */
export async function lookAtTables(options: StorageOptions): Promise<readonly Check[]> {
  const { account, tenantId, makesTables } = options;
  const probes = await Promise.all(
    TABLES.map(async (name) => {
      try {
        return { name, ...(await probeTable(account, name, tenantId)) };
      } catch (error) {
        return { name, isThere: false, unreadable: asStorageError(error, name) };
      }
    }),
  );
  return probes.map((probe) => aboutTable(probe, makesTables));
}

/**
 * Whether copies can be read, and made as far as that can be told without leaving one: under the container's policy a
 * probe could not be removed. Making the first copy once more is refused because it is there, and for nothing else.
 */
export async function lookAtSeals(copies: ChainCopies | undefined): Promise<Check> {
  const id = 'seals';
  if (copies === undefined) {
    return {
      ...{ id, state: 'warn', says: 'seals are not copied to where nobody can change them' },
      remedy: 'Set SEAL_CONTAINER (docs/integrity.md).',
    };
  }
  try {
    const first = await copies.read(1);
    if (first === undefined) {
      const says =
        'the seal container can be read; it is empty, and writing is not tried, because a probe could not be removed';
      return { id, state: 'ok', says };
    }
    await copies.put(1, first);
    return { id, state: 'ok', says: 'the seal container can be read and written' };
  } catch (error) {
    const { message } = error as Error;
    const [says = '', remedy] = message.split(/; (?=give|create|check|the next)/);
    return { id, state: 'fail', says, ...(remedy !== undefined && { remedy: sentence(remedy) }) };
  }
}

function aboutTable(probe: TableProbe & { readonly name: string }, makesTables: boolean): Check {
  const { name, isThere, unreadable, unwritable } = probe;
  const id = `table-${name}`;
  const error = unreadable ?? unwritable;
  if (error !== undefined) {
    return { id, ...failed(error) };
  }
  if (isThere) {
    return { id, state: 'ok', says: `table ${name} can be read and written` };
  }
  return makesTables
    ? { id, state: 'warn', says: `table ${name} is not there yet; the first write makes it` }
    : {
        ...{ id, state: 'fail', says: `table ${name} is missing` },
        remedy: 'Deploy infra/ again, which makes the tables, or correct TABLES_ENDPOINT.',
      };
}

function asStorageError(error: unknown, table: string): StorageError {
  return error instanceof StorageError
    ? error
    : new StorageError(`table ${table} could not be asked`, table, 'see the cause', error);
}
