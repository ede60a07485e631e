import type { Log } from '../../domain/record';
import { REGISTER, LOGS } from '../../sources';
import type { Flaws } from '../../sources/shape';
import { fromColumns } from './columns';
import { defenderTable } from './defender';
import { finish, NESTED, parsed } from './graph-shape';
import { isGiven, isRecord, type Row } from '../../sources/values';

/** What a row of an export is. */
export type Recognised =
  /** A record in the shape of Graph v1.0. With a flaw it cannot be used as it is, and the flaw says why. */
  | { readonly source: Log; readonly row: Record<string, unknown>; readonly flaw?: string }
  /** A record of Entra that no detector reads. */
  | { readonly ignored: string }
  /** It may say what a detector would read, in a shape that does not hold what is needed. */
  | { readonly refused: string }
  /** Nothing of Entra that is known. */
  | { readonly unknown: true };

/** Why a row of which nothing is known cannot be used. */
export const UNKNOWN = 'is neither an audit record nor a sign-in record of Entra';

/**
 * Tells what a row of an export is and brings it into the shape of Graph v1.0. Knows Graph, diagnostic settings
 * (Event Hub, storage account), Log Analytics, the sign-in CSV of the portal, and what PowerShell makes of them.
 * Invents neither id nor time: what the row does not say stays absent, for the check that follows.
 */
export function recognise(row: Record<string, unknown>): Recognised {
  const source = LOGS.find((each) => REGISTER[each].shape.isGraph(row));
  if (source !== undefined) {
    return ofGraph(source, row);
  }
  const category = row['category'] ?? row['Category'];
  if (isGiven(row['properties']) && typeof category === 'string') {
    return recogniseDiagnostic(row, category);
  }
  if (isUnifiedAudit(row)) {
    return UNIFIED_AUDIT;
  }
  const table = defenderTable(row);
  if (table !== undefined) {
    return {
      refused:
        `is of the table ${table} of Microsoft Defender, which lacks what the detectors need; export SigninLogs and ` +
        'AuditLogs from Log Analytics, or download the logs as JSON from the Entra admin center',
    };
  }
  return recogniseColumns(row);
}

const UNIFIED_AUDIT = {
  refused:
    'unified audit log records do not carry what the detectors need; export the Entra audit log instead',
} as const;

function sourceOfTable(name: string): Log | undefined {
  return LOGS.find((each) => REGISTER[each].shape.tables.includes(name.toLowerCase()));
}

function notRead(category: string): Recognised {
  // Anything may stand in a foreign file, but not in a message.
  return /^[A-Za-z]\w{0,59}$/.test(category)
    ? { ignored: `${category} records are not read by any detector` }
    : { unknown: true };
}

// Most rows are Graph's, and there may be a million of them: those that need nothing are handed on as they are.
function ofGraph(source: Log, row: Record<string, unknown>): Recognised {
  const flaws: Flaws = [];
  let graph = row;
  for (const property of NESTED) {
    if (typeof row[property] === 'string') {
      graph = { ...graph, [property]: parsed(row, property, flaws) };
    }
  }
  return toRecognised(source, graph, flaws);
}

function toRecognised(source: Log, graph: Record<string, unknown>, flaws: Flaws): Recognised {
  const row = finish(source, graph, flaws);
  const [flaw] = flaws;
  return { source, row, ...(flaw !== undefined && { flaw }) };
}

// The records of the Office 365 management activity API, and what Search-UnifiedAuditLog makes of them.
function isUnifiedAudit(row: Row): boolean {
  const isActivity =
    isGiven(row['Operation']) && (isGiven(row['Workload']) || isGiven(row['RecordType']));
  return isActivity || (isGiven(row['AuditData']) && isGiven(row['RecordType']));
}

function recogniseDiagnostic(row: Row, category: string): Recognised {
  const source = sourceOfTable(category);
  if (source === undefined) {
    return notRead(category);
  }
  const flaws: Flaws = [];
  const properties = parsed(row, 'properties', flaws);
  const graph = isRecord(properties) ? { ...properties } : {};
  for (const property of NESTED) {
    if (isGiven(graph[property])) {
      graph[property] = parsed(graph, property, flaws);
    }
  }
  REGISTER[source].shape.complete(graph, row);
  return toRecognised(source, graph, flaws);
}

function recogniseColumns(row: Row): Recognised {
  for (const source of LOGS) {
    const { portal } = REGISTER[source].shape;
    if (portal?.is(row) === true) {
      return toRecognised(source, portal.toGraph(row), []);
    }
  }
  // Only a name that ends in Logs names a table: analysts like to put something else into `Type`.
  const table = [row['Type'], row['Category']].find(isTableName);
  const source =
    table === undefined
      ? LOGS.find((each) => REGISTER[each].shape.isColumns(row))
      : sourceOfTable(table);
  if (source === undefined) {
    return table === undefined ? { unknown: true } : notRead(table);
  }
  const flaws: Flaws = [];
  return toRecognised(source, fromColumns(source, row, flaws), flaws);
}

function isTableName(value: unknown): value is string {
  return typeof value === 'string' && /Logs$/i.test(value);
}
