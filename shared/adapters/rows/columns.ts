import type { Source } from '../../domain/record';
import { camelCased, complete, isNested, parsed, type Flaws } from './graph-shape';
import { isGiven, type Row } from './values';

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

/** Without these nothing can be said of a record, so a query that leaves them out gives no usable export. */
const NECESSARY: Readonly<Record<Source, readonly (readonly [string, string])[]>> = {
  directoryAudits: [
    ['id', 'Id'],
    ['activityDateTime', 'ActivityDateTime'],
    ['targetResources', 'TargetResources'],
  ],
  signIns: [
    ['id', 'Id'],
    ['createdDateTime', 'CreatedDateTime'],
    ['userId', 'UserId'],
  ],
};

/** Tells of a row in columns (Log Analytics, Graph PowerShell) whose record it is. */
export function sourceOfColumns(row: Row): Source | undefined {
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

/** Brings the columns of a record into the shape of Graph. */
export function fromColumns(source: Source, row: Row, flaws: Flaws): Record<string, unknown> {
  const graph: Record<string, unknown> = {};
  for (const [property, columns] of COLUMNS[source]) {
    const column = columns.find((name) => isGiven(row[name]));
    if (column !== undefined) {
      graph[property] = isNested(property) ? camelCased(parsed(row, column, flaws)) : row[column];
    }
  }
  complete(source, graph, row);
  const missing = NECESSARY[source].flatMap(([property, column]) =>
    isGiven(graph[property]) || isGiven(row[column]) ? [] : [column],
  );
  if (missing.length > 0) {
    flaws.push(
      `lacks ${missing.join(' and ')}, which the query or selection left out; add ${missing.length > 1 ? 'them' : 'it'} ` +
        'to its columns and export again',
    );
  }
  return graph;
}

// A query over both sign-in tables has two columns of each that is text in one table and dynamic in the other.
function withUnion(column: string): readonly string[] {
  return [column, `${column}_dynamic`, `${column}_string`];
}

/** True for a row of the sign-in CSV of the Entra admin center, which has columns of its own. */
export function isPortalSignIn(row: Row): boolean {
  return isGiven(row['Request ID']) && isGiven(row['Client app']);
}

/** Brings a row of the sign-in CSV of the Entra admin center into the shape of Graph. It names no policies. */
export function fromPortalSignIn(row: Row): Record<string, unknown> {
  const place = textOf(row['Location']).split(', ');
  const country = place.at(-1);
  const code = row['Status'] === 'Success' ? 0 : Number(row['Sign-in error code']);
  return {
    id: row['Request ID'],
    createdDateTime: row['Date'],
    userId: row['User ID'],
    userPrincipalName: row['Username'],
    userDisplayName: row['User'],
    correlationId: row['Correlation ID'],
    appId: row['Application ID'],
    appDisplayName: row['Application'],
    resourceDisplayName: row['Resource'],
    clientAppUsed: row['Client app'],
    conditionalAccessStatus: textOf(row['Conditional Access']).replaceAll(' ', ''),
    ipAddress: row['IP address'],
    userAgent: row['User agent'],
    ...(Number.isInteger(code) && {
      status: { errorCode: code, failureReason: row['Failure reason'] },
    }),
    ...(country !== undefined &&
      /^[A-Z]{2}$/.test(country) && {
        location: { countryOrRegion: country, city: place.length > 1 ? place[0] : undefined },
      }),
    deviceDetail: {
      deviceId: row['Device ID'],
      operatingSystem: row['Operating System'],
      browser: row['Browser'],
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
