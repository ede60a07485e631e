import { CHANNELS } from '../../domain/findings/delivery';
import type { Now } from '../../pipeline/ports/clock';
import type { Stores } from '../../pipeline/ports/stores';
import { systemClock } from '../system-clock';
import { TableChain } from './chain';
import { TableCoverage } from './coverage';
import { TableDamaged } from './damaged';
import { TableCounts } from './finding-counts';
import { TableIndex } from './finding-index';
import { TableFindings } from './findings';
import { TableMarks } from './marks';
import { TableOutbox } from './outbox';
import { TableQuarantine } from './quarantine';
import { TableRows } from './rows';
import { TableRules } from './rules';
import { TableSignals } from './signals';
import type { Database, Table } from './table';

export interface StoresOptions {
  /** Whose data it is: the first part of every partition key. */
  readonly tenantId: string;
  readonly createMissingTables: boolean;
  /** The ids of the channels that every alert is owed to; those of the settings when absent. */
  readonly channels?: readonly [string, ...string[]];
  /** Tells when a copy of a damaged row was made; the machine's own when absent. */
  readonly clock?: Now;
}

/** The tables, all made by the infrastructure. */
export const TABLES = [
  'Coverage',
  'Timelines',
  'Work',
  'Findings',
  'FindingIndex',
  'Quarantine',
] as const;

/** Stores over tables, whatever those are made of. */
export function storesOver(database: Database, options: StoresOptions): Stores {
  const { tenantId, createMissingTables, channels = CHANNELS } = options;
  const tables = new Map(TABLES.map((name) => [name, database.table(name, createMissingTables)]));
  const quarantine = database.table('Quarantine', createMissingTables);
  const damaged = new TableDamaged(tables, quarantine, tenantId, options.clock ?? systemClock);
  tables.forEach((each) => {
    each.damage = damaged;
  });
  const table = (name: (typeof TABLES)[number]): Table => tables.get(name) ?? quarantine;
  const findings = table('Findings');
  const work = table('Work');
  const lists = table('FindingIndex');
  return {
    coverage: new TableCoverage(table('Coverage'), tenantId),
    signals: new TableSignals(table('Timelines'), tenantId),
    findings: new TableFindings({ findings, work, tenantId, channels }),
    index: new TableIndex(lists, tenantId),
    counts: new TableCounts(lists, tenantId),
    marks: new TableMarks(work, tenantId),
    outbox: new TableOutbox({ findings, work, tenantId, channels }),
    quarantine: new TableQuarantine(table('Quarantine'), tenantId),
    rules: new TableRules(findings, tenantId),
    chain: new TableChain(findings, tenantId),
    rows: new TableRows(findings, tenantId),
    damaged,
  };
}
