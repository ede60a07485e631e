import type { Source } from '../../domain/record';

/** What a row is: a record in the shape of Graph v1.0, something that is not read, or a record with a broken part. */
export type Recognised =
  | { readonly source: Source; readonly row: Record<string, unknown> }
  | { readonly ignored: string }
  | { readonly malformed: string };

type Row = Readonly<Record<string, unknown>>;

/**
 * Tells what a row of an export is and brings it into the shape of Graph v1.0. Knows Graph, diagnostic settings
 * (Event Hub, storage account) and Log Analytics; Graph PowerShell writes names like the latter.
 * Invents neither id nor time: what the row does not say stays absent, for the check that follows.
 */
export function recognise(row: Record<string, unknown>): Recognised {
  // Most rows are Graph's, and there may be a million of them: they are handed on as they are.
  const source = sourceOfGraph(row);
  if (source !== undefined) {
    return { source, row };
  }
  const category = row['category'] ?? row['Category'];
  if (isGiven(row['properties']) && typeof category === 'string') {
    return recogniseDiagnostic(row, category);
  }
  if (isUnifiedAudit(row)) {
    return UNIFIED_AUDIT;
  }
  return recogniseColumns(row);
}

const UNIFIED_AUDIT = {
  ignored:
    'unified audit log records do not carry what the detectors need; export the Entra audit log instead',
} as const;
const UNKNOWN = { ignored: 'is neither an audit record nor a sign-in record of Entra' } as const;

/** What is read of all that Entra exports: categories of diagnostic settings, tables of Log Analytics. */
const SOURCES: ReadonlyMap<string, Source> = new Map([
  ['auditlogs', 'directoryAudits'],
  ['signinlogs', 'signIns'],
  ['noninteractiveusersigninlogs', 'signIns'],
  ['aadnoninteractiveusersigninlogs', 'signIns'],
]);

function notRead(category: string): Recognised {
  // Anything may stand in a foreign file, but not in a message.
  return /^[A-Za-z]\w{0,59}$/.test(category)
    ? { ignored: `${category} records are not read by any detector` }
    : UNKNOWN;
}

// Looks for names that users, risk detections, provisioning rows and the like do not have.
function sourceOfGraph(row: Row): Source | undefined {
  if (
    row['activityDisplayName'] !== undefined ||
    (row['activityDateTime'] !== undefined && row['targetResources'] !== undefined)
  ) {
    return 'directoryAudits';
  }
  const isSignIn =
    row['conditionalAccessStatus'] !== undefined ||
    row['clientAppUsed'] !== undefined ||
    (row['createdDateTime'] !== undefined && row['userId'] !== undefined);
  return isSignIn ? 'signIns' : undefined;
}

// The records of the Office 365 management activity API, and what Search-UnifiedAuditLog makes of them.
function isUnifiedAudit(row: Row): boolean {
  const isRecord =
    isGiven(row['Operation']) && (isGiven(row['Workload']) || isGiven(row['RecordType']));
  return isRecord || (isGiven(row['AuditData']) && isGiven(row['RecordType']));
}

// ------------------------------------------------------------------------------------------- diagnostic settings

function recogniseDiagnostic(row: Row, category: string): Recognised {
  const source = SOURCES.get(category.toLowerCase());
  if (source === undefined) {
    return notRead(category);
  }
  return convert(source, row, () => {
    const properties = parsed(row, 'properties');
    if (!isRecord(properties)) {
      return {};
    }
    const graph = { ...properties };
    for (const property of NESTED) {
      if (isGiven(graph[property])) {
        graph[property] = parsed(graph, property);
      }
    }
    return graph;
  });
}

// ------------------------------------------------------------------------------------------------- Log Analytics

function recogniseColumns(row: Row): Recognised {
  // Only a name that ends in Logs names a table: analysts like to put something else into `Type`.
  const table = [row['Type'], row['Category']].find(isTableName);
  const found = table === undefined ? sourceOfColumns(row) : SOURCES.get(table.toLowerCase());
  if (found === undefined) {
    return table === undefined ? UNKNOWN : notRead(table);
  }
  return convert(found, row, () => {
    const graph: Record<string, unknown> = {};
    for (const [property, columns] of COLUMNS[found]) {
      const column = columns.find((name) => isGiven(row[name]));
      if (column !== undefined) {
        graph[property] = NESTED.has(property) ? camelCased(parsed(row, column)) : row[column];
      }
    }
    return graph;
  });
}

function isTableName(value: unknown): value is string {
  return typeof value === 'string' && /Logs$/i.test(value);
}

function sourceOfColumns(row: Row): Source | undefined {
  const isAboutTargets = isGiven(row['TargetResources']) || isGiven(row['InitiatedBy']);
  if (
    isGiven(row['ActivityDisplayName']) ||
    (isAboutTargets && (isGiven(row['ActivityDateTime']) || isGiven(row['OperationName'])))
  ) {
    return 'directoryAudits';
  }
  const isSignIn =
    isGiven(row['ConditionalAccessStatus']) ||
    isGiven(row['ClientAppUsed']) ||
    (isGiven(row['CreatedDateTime']) && isGiven(row['UserId']));
  return isSignIn ? 'signIns' : undefined;
}

/** The properties that hold objects or lists, which exports write as JSON text. */
const NESTED: ReadonlySet<string> = new Set([
  'initiatedBy',
  'targetResources',
  'additionalDetails',
  'status',
  'deviceDetail',
  'location',
  'appliedConditionalAccessPolicies',
]);

/** What no row is refused for. */
const SPARE = /^additionalDetails$/i;

/** For each property of Graph the columns that may hold it: a detector that needs another one adds it here. */
const COLUMNS: Readonly<Record<Source, readonly (readonly [string, readonly string[]])[]>> = {
  directoryAudits: [
    ['id', ['Id']],
    ['activityDateTime', ['ActivityDateTime']],
    ['activityDisplayName', ['ActivityDisplayName']],
    ['category', ['Category']],
    ['correlationId', ['CorrelationId']],
    ['result', ['Result']],
    ['resultReason', ['ResultReason']],
    ['loggedByService', ['LoggedByService']],
    ['operationType', ['AADOperationType', 'OperationType']],
    ['initiatedBy', ['InitiatedBy']],
    ['targetResources', ['TargetResources']],
    ['additionalDetails', ['AdditionalDetails']],
  ],
  signIns: [
    ['id', ['Id']],
    ['createdDateTime', ['CreatedDateTime']],
    ['userId', ['UserId']],
    ['userPrincipalName', ['UserPrincipalName']],
    ['userDisplayName', ['UserDisplayName']],
    ['appId', ['AppId']],
    ['appDisplayName', ['AppDisplayName']],
    ['resourceDisplayName', ['ResourceDisplayName']],
    ['clientAppUsed', ['ClientAppUsed']],
    ['correlationId', ['CorrelationId']],
    ['ipAddress', ['IPAddress', 'IpAddress']],
    ['isInteractive', ['IsInteractive']],
    ['homeTenantId', ['HomeTenantId']],
    ['resourceTenantId', ['ResourceTenantId']],
    ['userAgent', ['UserAgent']],
    ['conditionalAccessStatus', ['ConditionalAccessStatus']],
    [
      'appliedConditionalAccessPolicies',
      [...withUnion('ConditionalAccessPolicies'), 'AppliedConditionalAccessPolicies'],
    ],
    ['status', withUnion('Status')],
    ['deviceDetail', withUnion('DeviceDetail')],
    ['location', withUnion('LocationDetails')],
  ],
};

// A query over both sign-in tables has two columns of each that is text in one table and dynamic in the other.
function withUnion(column: string): readonly string[] {
  return [column, `${column}_dynamic`, `${column}_string`];
}

// Graph PowerShell writes nested names in PascalCase too. The values of modified properties keep theirs.
function camelCased(value: unknown, levels = 6): unknown {
  if (levels === 0) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((each) => camelCased(each, levels - 1));
  }
  if (!isRecord(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key.charAt(0).toLowerCase() + key.slice(1);
      const isChange = name === 'oldValue' || name === 'newValue';
      return [name, isChange ? inner : camelCased(inner, levels - 1)];
    }),
  );
}

// ---------------------------------------------------------------------------------------------------------- both

/** A column that should hold JSON text and does not. */
class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
}

function convert(source: Source, row: Row, toGraph: () => Record<string, unknown>): Recognised {
  try {
    const graph = toGraph();
    const complete = source === 'directoryAudits' ? completeAudit : completeSignIn;
    complete(graph, row);
    return { source, row: graph };
  } catch (error) {
    if (error instanceof NotJsonError) {
      return { malformed: error.message };
    }
    throw error;
  }
}

// Some pipelines lower-case the names of the envelope, hence three spellings of each.
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
  if (!isGiven(status['errorCode']) && /^\d+$/.test(String(code))) {
    graph['status'] = { ...status, errorCode: Number(code) };
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

function parsed(row: Row, column: string): unknown {
  const value = row[column];
  if (typeof value !== 'string') {
    return value;
  }
  try {
    return JSON.parse(value) as unknown;
  } catch {
    if (SPARE.test(column)) {
      return undefined;
    }
    throw new NotJsonError(
      `${column} is not JSON (${value.length} characters); the export may have cut it`,
    );
  }
}

// Exports write what is absent as null, as an empty text, or not at all.
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function isRecord(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
