import type { AuditTrail, AuditTrailRows } from './audit-trail';
import type { CoverageStore } from './coverage-store';
import type { DamagedRows } from './damaged-rows';
import type { FindingCounts } from './finding-counts';
import type { FindingIndex } from './finding-index';
import type { FindingStore } from './finding-store';
import type { Outbox } from './outbox';
import type { Quarantine } from './quarantine';
import type { RuleStore } from './rule-store';
import type { SignalRetention, SignalStore } from './signal-store';
import type { WorkMarks } from './work-marks';

/** What judging needs. */
export interface EngineStores {
  readonly damaged: DamagedRows;
  readonly signals: SignalStore;
  readonly findings: FindingStore;
  readonly index: FindingIndex;
  readonly counts: FindingCounts;
  readonly marks: WorkMarks;
  readonly coverage: CoverageStore;
  readonly rules: RuleStore;
  readonly quarantine: Quarantine;
}

export interface Stores extends EngineStores {
  readonly signals: SignalStore & SignalRetention;
  readonly outbox: Outbox;
  readonly chain: AuditTrail;
  readonly rows: AuditTrailRows;
}
