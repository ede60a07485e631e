import type { Around } from '../../shared/adapters/memory/memory-table';
import { StorageError } from '../../shared/adapters/tables/errors';

/**
 * What can go wrong with one write. `bogus refusal`: 409 or 412 although nobody was faster. `answer lost`: it was done,
 * and its repetition is refused by what it has itself written. `being deleted`: the table is for longer than anybody
 * waits, so the run ends there.
 */
export const STORAGE_FAULT_KINDS = ['bogus refusal', 'answer lost', 'being deleted'] as const;
export type StorageFaultKind = (typeof STORAGE_FAULT_KINDS)[number];

/** The so-manieth write with a condition goes wrong. */
export interface StorageFault {
  readonly kind: StorageFaultKind;
  readonly write: number;
}

/** Around each request to a table: what goes wrong there, each once. */
export function faultyTables(
  faults: readonly StorageFault[],
  isHealthy: () => boolean,
  met: (kind: StorageFaultKind) => void = () => undefined,
): Around {
  let writes = 0;
  return async <T>(
    run: () => Promise<T>,
    _operation: string,
    table: string,
    isConditional: boolean,
  ): Promise<T> => {
    if (!isConditional || isHealthy()) {
      return run();
    }
    const fault = faults.find(({ write }) => write === writes);
    writes += 1;
    if (fault === undefined) {
      return run();
    }
    met(fault.kind);
    if (fault.kind === 'being deleted') {
      throw new StorageError('the table is being deleted', table, 'wait');
    }
    if (fault.kind === 'answer lost') {
      await run();
    }
    return undefined as T;
  };
}
