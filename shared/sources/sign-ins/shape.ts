import { camelCased, envelopeValue, fill, type GraphRow, type RowShape } from '../shape';
import { isGiven, isRecord, wordOf, type Row } from '../values';
import { portal } from './portal';

/** The rows of the sign-in log. */
export const shape: RowShape = {
  isGraph: (row) =>
    row['conditionalAccessStatus'] !== undefined ||
    row['clientAppUsed'] !== undefined ||
    (row['createdDateTime'] !== undefined && row['userId'] !== undefined),
  isColumns: (row) =>
    isGiven(row['ConditionalAccessStatus']) ||
    isGiven(row['ClientAppUsed']) ||
    (isGiven(row['CreatedDateTime']) && isGiven(row['UserId'])),
  tables: ['signinlogs', 'noninteractiveusersigninlogs', 'aadnoninteractiveusersigninlogs'],
  columns: [
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
  necessary: [
    ['id', 'Id'],
    ['createdDateTime', 'CreatedDateTime'],
    ['userId', 'UserId'],
  ],
  complete,
  finish: (row) => {
    const policies = row['appliedConditionalAccessPolicies'];
    return Array.isArray(policies) && policies.some(hasNumericResult)
      ? { ...row, appliedConditionalAccessPolicies: policies.map(withNamedResult) }
      : row;
  },
  problem,
  portal,
};

// A query over both sign-in tables has two columns of each that is text in one table and dynamic in the other.
function withUnion(column: string): readonly string[] {
  return [column, `${column}_dynamic`, `${column}_string`];
}

// A sign-in has no other time than its own: `time` and `TimeGenerated` tell when the record was published.
function complete(graph: GraphRow, envelope: Row): void {
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

const RESULT_DESCRIPTION = ['resultDescription', 'resultdescription', 'ResultDescription'];
const RESULT_TYPE = ['resultType', 'resulttype', 'ResultType'];
const CALLER_IP_ADDRESS = ['callerIpAddress', 'calleripaddress', 'CallerIpAddress'];

function problem(row: Row): string | undefined {
  const { clientAppUsed: client, status } = row;
  if (client !== undefined && client !== null && typeof client !== 'string') {
    return 'clientAppUsed is not a text';
  }
  if (status === undefined || status === null) {
    return undefined;
  }
  if (typeof status !== 'object') {
    return 'status is not an object';
  }
  const code = (status as Readonly<Record<string, unknown>>)['errorCode'];
  const isCode =
    code === undefined ||
    code === null ||
    Number.isInteger(code) ||
    (typeof code === 'string' && /^-?\d+$/.test(code));
  return isCode ? undefined : 'status.errorCode is not a number';
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
