import type { Log } from '../../domain/record';
import { fromEpoch } from '../../domain/time';
import { REGISTER } from '../../sources';
import { isTypeName, tooFlat, type Flaws } from '../../sources/shape';
import { fromJson, isRecord, type Row } from '../../sources/values';

/** The properties that hold objects or lists, which exports write as JSON text. */
export const NESTED = [
  'initiatedBy',
  'targetResources',
  'status',
  'deviceDetail',
  'location',
  'appliedConditionalAccessPolicies',
  'additionalDetails',
] as const;

const NESTED_NAMES: ReadonlySet<string> = new Set(NESTED);

export function isNested(property: string): boolean {
  return NESTED_NAMES.has(property);
}

/** What no row is refused for: where it cannot be read, it counts as missing. */
const SPARE =
  /^(?:additionalDetails|deviceDetail|location(?:Details)?|(?:applied)?conditionalAccessPolicies)(?:_\w+)?$/i;

/** The value of a column; of JSON text what it says, and nothing where the text is broken. */
export function parsed(row: Row, column: string, flaws: Flaws): unknown {
  const value = row[column];
  if (typeof value !== 'string' || value === '') {
    return value;
  }
  if (isTypeName(value)) {
    flaws.push(tooFlat(column));
    return undefined;
  }
  const inner = fromJson(value);
  if (inner === undefined && !SPARE.test(column)) {
    flaws.push(`${column} is not JSON (${value.length} characters); the export may have cut it`);
  }
  return inner;
}

/** Brings what is left of a row in the names of Graph into the values of Graph; a row that needs nothing stays itself. */
export function finish(
  source: Log,
  graph: Record<string, unknown>,
  flaws: Flaws,
): Record<string, unknown> {
  const { time: property, shape } = REGISTER[source];
  const time = graph[property];
  const plain = plainTime(time);
  return shape.finish(plain === time ? graph : { ...graph, [property]: plain }, flaws);
}

// Windows PowerShell 5.1 writes "/Date(1772442000100)/", or an object around it when the time has passed a cmdlet.
function plainTime(value: unknown): unknown {
  if (isRecord(value)) {
    return plainTime(value['value']);
  }
  const [, ms] =
    typeof value === 'string' && value.startsWith('/')
      ? (/^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/.exec(value) ?? [])
      : [];
  return ms === undefined ? value : fromEpoch(Number(ms));
}
