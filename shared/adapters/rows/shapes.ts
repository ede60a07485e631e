import type { Source } from '../../domain/record';

type Row = Record<string, unknown>;

/** What a row of an exported log is: a row as Graph sends it, one that nobody reads, or one that is damaged. */
export type Recognised =
  | { readonly source: Source; readonly row: Row }
  | { readonly ignored: string }
  | { readonly malformed: string };

const UNIFIED_AUDIT_LOG =
  'unified audit log records (Purview, Office 365) do not carry what the detectors need; export the Entra audit log';
const UNKNOWN = 'is neither an audit record nor a sign-in record of Entra';

/** Streams of diagnostic settings, and what each becomes. */
const SOURCE_OF_CATEGORY: Readonly<Record<string, Source>> = {
  auditlogs: 'directoryAudits',
  signinlogs: 'signIns',
  noninteractiveusersigninlogs: 'signIns',
};

/** Tables of Log Analytics, by the `Type` column. */
const SOURCE_OF_TABLE: Readonly<Record<string, Source>> = {
  auditlogs: 'directoryAudits',
  signinlogs: 'signIns',
  aadnoninteractiveusersigninlogs: 'signIns',
};

/**
 * Recognises the shape of a row and turns it into Graph's. A row of Graph itself is handed back as it is: a million
 * of them come by. Ids and times are never made up; a row that lacks one is named by whoever reads it next.
 */
export function recognise(row: Row): Recognised {
  if ('activityDateTime' in row || 'activityDisplayName' in row) {
    return { source: 'directoryAudits', row };
  }
  if ('createdDateTime' in row && ('userId' in row || 'appliedConditionalAccessPolicies' in row)) {
    return { source: 'signIns', row };
  }
  if (isObject(row['properties'])) {
    return fromDiagnosticSettings(row, row['properties']);
  }
  if ('TimeGenerated' in row || 'OperationName' in row) {
    return fromLogAnalytics(row);
  }
  const isUnified = 'Operation' in row && ('Workload' in row || 'RecordType' in row);
  return { ignored: isUnified ? UNIFIED_AUDIT_LOG : UNKNOWN };
}

// ------------------------------------------------------------------------------- diagnostic settings, Event Hubs

function fromDiagnosticSettings(outer: Row, properties: Row): Recognised {
  // Some collectors write the outer names in lower case.
  const envelope = lowerCased(outer);
  const category = text(envelope['category']) ?? '';
  const source = SOURCE_OF_CATEGORY[category.toLowerCase()];
  if (source === undefined) {
    return { ignored: ignoredStream(category) };
  }
  return source === 'directoryAudits'
    ? {
        source,
        row: {
          ...properties,
          activityDisplayName: properties['activityDisplayName'] ?? envelope['operationname'],
          // Here, unlike in sign-ins, the outer time is the time of the activity.
          activityDateTime: properties['activityDateTime'] ?? envelope['time'],
          result: properties['result'] ?? envelope['result'],
          resultReason: properties['resultReason'] ?? envelope['resultdescription'],
        },
      }
    : {
        source,
        row: {
          ...properties,
          status: statusOf(properties['status'], envelope['resulttype']),
          ipAddress: properties['ipAddress'] ?? envelope['calleripaddress'],
          appliedConditionalAccessPolicies:
            properties['appliedConditionalAccessPolicies'] ??
            properties['conditionalAccessPolicies'],
        },
      };
}

/** The outer result type is the error code as text, and the inner status may be left out on success. */
function statusOf(status: unknown, resultType: unknown): unknown {
  if (isObject(status) && status['errorCode'] !== undefined) {
    return status;
  }
  const code = text(resultType);
  return code !== undefined && /^\d+$/.test(code) ? { errorCode: Number(code) } : status;
}

// ------------------------------------------------------------------------------------------------ Log Analytics

const NESTED = [
  'InitiatedBy',
  'TargetResources',
  'Status',
  'DeviceDetail',
  'LocationDetails',
  'ConditionalAccessPolicies',
];

function fromLogAnalytics(columns: Row): Recognised {
  const table = text(columns['Type']) ?? text(columns['Category']) ?? '';
  const source =
    SOURCE_OF_TABLE[table.toLowerCase()] ??
    ('TargetResources' in columns
      ? 'directoryAudits'
      : 'ConditionalAccessStatus' in columns
        ? 'signIns'
        : undefined);
  if (source === undefined) {
    return { ignored: ignoredStream(table) };
  }
  const nested: Row = {};
  for (const name of NESTED) {
    const parsed = parseNested(columns[name]);
    if (parsed === DAMAGED) {
      return { malformed: `the column ${name} is not JSON; the export may have cut it` };
    }
    nested[name] = parsed;
  }
  return source === 'directoryAudits'
    ? {
        source,
        row: {
          id: columns['Id'],
          activityDateTime: columns['ActivityDateTime'],
          activityDisplayName: columns['ActivityDisplayName'] ?? columns['OperationName'],
          result: columns['Result'],
          resultReason: columns['ResultReason'] ?? columns['ResultDescription'],
          initiatedBy: nested['InitiatedBy'],
          targetResources: nested['TargetResources'],
        },
      }
    : {
        source,
        row: {
          id: columns['Id'] ?? columns['OriginalRequestId'],
          createdDateTime: columns['CreatedDateTime'],
          userId: columns['UserId'],
          userPrincipalName: columns['UserPrincipalName'],
          userDisplayName: columns['UserDisplayName'],
          clientAppUsed: columns['ClientAppUsed'],
          conditionalAccessStatus: columns['ConditionalAccessStatus'],
          status: statusOf(nested['Status'], columns['ResultType']),
          deviceDetail: nested['DeviceDetail'],
          location: nested['LocationDetails'],
          appliedConditionalAccessPolicies: nested['ConditionalAccessPolicies'],
          ipAddress: columns['IPAddress'],
          resourceDisplayName: columns['ResourceDisplayName'],
        },
      };
}

const DAMAGED = Symbol('damaged');

function parseNested(value: unknown): unknown {
  if (typeof value !== 'string') {
    return value;
  }
  if (value.trim() === '') {
    return undefined;
  }
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return DAMAGED;
  }
}

function ignoredStream(name: string): string {
  return /^\w{1,60}$/.test(name) ? `${name} records are not read by any detector` : UNKNOWN;
}

function lowerCased(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key.toLowerCase(), value]));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== ''
    ? value
    : typeof value === 'number'
      ? String(value)
      : undefined;
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
