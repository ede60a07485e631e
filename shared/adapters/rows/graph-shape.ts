import type { Source } from '../../domain/record';
import { fromEpoch } from '../../domain/time';
import { REGISTER } from '../../sources';
import { fromJson, isGiven, isRecord, wordOf, type Row } from './values';

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

/** Gathers what is wrong with a row; the first thing is what a person is told. */
export type Flaws = string[];

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
  source: Source,
  graph: Record<string, unknown>,
  flaws: Flaws,
): Record<string, unknown> {
  const property = REGISTER[source].time;
  const time = graph[property];
  const plain = plainTime(time);
  const row = plain === time ? graph : { ...graph, [property]: plain };
  if (source === 'directoryAudits') {
    checkDepth(row, flaws);
    return row;
  }
  const policies = row['appliedConditionalAccessPolicies'];
  return Array.isArray(policies) && policies.some(hasNumericResult)
    ? { ...row, appliedConditionalAccessPolicies: policies.map(withNamedResult) }
    : row;
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

// "System.Object[]", "Microsoft.Graph.PowerShell.Models.MicrosoftGraphTargetResource", "@{user=; app=}"
function isTypeName(value: unknown): boolean {
  return typeof value === 'string' && /^(?:System\.|Microsoft\.Graph\.|@\{)/.test(value);
}

function tooFlat(property: string): string {
  return (
    `${property} holds the name of a type instead of its content, as ConvertTo-Json writes below its depth and ` +
    'Export-Csv everywhere; export again with ConvertTo-Json -Depth 10'
  );
}

function checkDepth(row: Row, flaws: Flaws): void {
  if (isTypeName(row['initiatedBy'])) {
    flaws.push(tooFlat('initiatedBy'));
  }
  const targets = row['targetResources'];
  if (!Array.isArray(targets)) {
    return;
  }
  for (const target of targets as readonly unknown[]) {
    if (isTypeName(target)) {
      flaws.push(tooFlat('targetResources'));
    } else if (isRecord(target) && isFlat(target['modifiedProperties'])) {
      flaws.push(tooFlat('modifiedProperties'));
    }
  }
}

function isFlat(changes: unknown): boolean {
  return isTypeName(Array.isArray(changes) ? changes[0] : changes);
}

// Streamed records carry the number of the enumeration where Graph sends its name.
const RESULTS = [
  ...['success', 'failure', 'notApplied', 'notEnabled', 'unknown', 'unknownFutureValue'],
  ...['reportOnlySuccess', 'reportOnlyFailure', 'reportOnlyNotApplied', 'reportOnlyInterrupted'],
];

function hasNumericResult(policy: unknown): boolean {
  return isRecord(policy) && /^\d+$/.test(wordOf(policy['result']));
}

function withNamedResult(policy: unknown): unknown {
  return isRecord(policy) && hasNumericResult(policy)
    ? { ...policy, result: RESULTS[Number(policy['result'])] ?? 'unknown' }
    : policy;
}

/** Fills what a record lacks from what stands around it. Some pipelines lower-case the names of the envelope. */
export function complete(source: Source, graph: Record<string, unknown>, envelope: Row): void {
  if (source === 'directoryAudits') {
    completeAudit(graph, envelope);
  } else {
    completeSignIn(graph, envelope);
  }
}

function completeAudit(graph: Record<string, unknown>, envelope: Row): void {
  fill(graph, 'activityDisplayName', graph['operationName']);
  fill(graph, 'activityDisplayName', envelopeValue(envelope, OPERATION_NAME));
  fill(graph, 'activityDateTime', envelope['time']); // of an audit the time of the activity
  fill(graph, 'result', envelope['result']);
  fill(graph, 'resultReason', envelopeValue(envelope, RESULT_DESCRIPTION));
}

// A sign-in has no other time than its own: `time` and `TimeGenerated` tell when the record was published.
function completeSignIn(graph: Record<string, unknown>, envelope: Row): void {
  fill(graph, 'ipAddress', envelopeValue(envelope, CALLER_IP_ADDRESS));
  const country = envelope['location'] ?? envelope['Location'];
  if (typeof country === 'string' && country !== '') {
    fill(graph, 'location', { countryOrRegion: country });
  } else if (isRecord(country)) {
    fill(graph, 'location', camelCased(country));
  }
  const status = isRecord(graph['status']) ? graph['status'] : {};
  const code = envelopeValue(envelope, RESULT_TYPE);
  const reason = envelopeValue(envelope, RESULT_DESCRIPTION);
  const isCodeMissing = !isGiven(status['errorCode']) && /^\d+$/.test(wordOf(code));
  const isReasonMissing = !isGiven(status['failureReason']) && isGiven(reason);
  if (isCodeMissing || isReasonMissing) {
    graph['status'] = {
      ...status,
      ...(isCodeMissing && { errorCode: Number(code) }),
      ...(isReasonMissing && { failureReason: reason }),
    };
  }
}

const OPERATION_NAME = ['operationName', 'operationname', 'OperationName'];
const RESULT_DESCRIPTION = ['resultDescription', 'resultdescription', 'ResultDescription'];
const RESULT_TYPE = ['resultType', 'resulttype', 'ResultType'];
const CALLER_IP_ADDRESS = ['callerIpAddress', 'calleripaddress', 'CallerIpAddress'];

function envelopeValue(envelope: Row, names: readonly string[]): unknown {
  return names.map((name) => envelope[name]).find(isGiven);
}

function fill(graph: Record<string, unknown>, property: string, value: unknown): void {
  if (!isGiven(graph[property]) && isGiven(value)) {
    graph[property] = value;
  }
}

/**
 * Graph PowerShell writes nested names in PascalCase too; the values of modified properties keep theirs. Windows
 * PowerShell 5.1 writes some lists as an object of `value` and `Count`.
 */
export function camelCased(value: unknown, levels = 6): unknown {
  if (levels === 0) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((each) => camelCased(each, levels - 1));
  }
  if (!isRecord(value)) {
    return value;
  }
  if (Array.isArray(value['value']) && typeof value['Count'] === 'number') {
    return camelCased(value['value'], levels);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key.charAt(0).toLowerCase() + key.slice(1);
      const isChange = name === 'oldValue' || name === 'newValue';
      return [name, isChange ? inner : camelCased(inner, levels - 1)];
    }),
  );
}
