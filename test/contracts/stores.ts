import { coverageStoreContract } from './coverage-store';
import { findingCountsContract } from './finding-counts';
import { findingIndexContract } from './finding-index';
import { findingStoreContract } from './finding-store';
import { outboxContract } from './outbox';
import { quarantineContract } from './quarantine';
import { recordContract } from './record';
import type { MakeStores } from './samples';
import { signalStoreContract } from './signal-store';
import { workMarksContract } from './work-marks';

/** What every store must do, whatever it is made of. */
export function storesContract(make: MakeStores): void {
  signalStoreContract(make);
  findingStoreContract(make);
  findingIndexContract(make);
  findingCountsContract(make);
  outboxContract(make);
  workMarksContract(make);
  coverageStoreContract(make);
  quarantineContract(make);
  recordContract(make);
}
