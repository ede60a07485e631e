import type { Stores } from '../../pipeline/ports';
import { Account, type AccountOptions } from './account';
import { TableChain } from './chain';
import { TableCoverage } from './coverage';
import { TableIndex } from './finding-index';
import { TableFindings } from './findings';
import { TableMarks } from './marks';
import { TableOutbox } from './outbox';
import { TableQuarantine } from './quarantine';
import { TableRows } from './rows';
import { TableRules } from './rules';
import { TableSignals } from './signals';
import { Table } from './table';

export interface TableStoresOptions extends AccountOptions {
  /** Whose data it is: the first part of every partition key. */
  readonly tenantId: string;
  /** Only for the emulator: in Azure the infrastructure makes all tables but the monthly ones. */
  readonly createMissingTables: boolean;
}

/** The tables that are always there; those of signals come and go by month. */
export const FIXED_TABLES = ['Coverage', 'Work', 'Findings', 'FindingIndex', 'Quarantine'] as const;

/**
 * Stores in Azure Table Storage. Nothing is sent before it is needed.
 * @throws StorageError when the options name no usable account.
 */
export function tableStores(options: TableStoresOptions): Stores {
  const { tenantId, createMissingTables } = options;
  const account = new Account(options);
  const table = (name: string): Table => new Table(account, name, createMissingTables);
  const findings = table('Findings');
  const work = table('Work');
  const coverage = new TableCoverage(table('Coverage'), tenantId);
  return {
    coverage,
    signals: new TableSignals(account, tenantId),
    findings: new TableFindings({
      findings,
      work,
      tenantId,
      onRead: () => {
        coverage.forget();
      },
    }),
    index: new TableIndex(table('FindingIndex'), tenantId),
    marks: new TableMarks(work, tenantId),
    outbox: new TableOutbox({ findings, work, tenantId }),
    quarantine: new TableQuarantine(table('Quarantine'), tenantId),
    rules: new TableRules(findings, tenantId),
    chain: new TableChain(findings, tenantId),
    rows: new TableRows(findings, tenantId),
  };
}
