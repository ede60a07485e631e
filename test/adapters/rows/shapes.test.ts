import { recognise } from '../../../shared/adapters/rows/shapes';

type Row = Record<string, unknown>;

const USER = { id: 'ann', userPrincipalName: 'ann@example.com' };
const TARGETS = [
  {
    id: 'ann',
    type: 'User',
    modifiedProperties: [
      { displayName: 'StrongAuthenticationMethod', oldValue: '[]', newValue: '[{"MethodType":6}]' },
    ],
  },
];
const GRAPH_AUDIT = {
  id: 'Directory_1',
  activityDateTime: '2026-03-02T12:00:00.1234567Z',
  activityDisplayName: 'Update user',
  result: 'success',
  initiatedBy: { app: null, user: USER },
  targetResources: TARGETS,
};
const POLICIES = [
  { displayName: 'Block EAS', result: 'failure', enforcedGrantControls: ['Block'] },
];
const GRAPH_SIGN_IN = {
  id: 'sign-in-1',
  createdDateTime: '2026-03-02T12:00:00Z',
  userId: 'ann',
  clientAppUsed: 'Exchange ActiveSync',
  conditionalAccessStatus: 'failure',
  status: { errorCode: 0 },
  ipAddress: '192.0.2.7',
  location: { countryOrRegion: 'NO' },
  deviceDetail: { operatingSystem: 'Android' },
  appliedConditionalAccessPolicies: POLICIES,
};

const record = (category: string, properties: unknown, rest: Row = {}): Row => ({
  time: '2026-03-02T12:05:00Z',
  category,
  operationName: 'Sign-in activity',
  properties,
  ...rest,
});
const without = (row: Row, ...names: string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));

const AUDIT_COLUMNS = {
  TenantId: 'tenant',
  TimeGenerated: '2026-03-02T12:09:00Z',
  Type: 'AuditLogs',
  Id: 'Directory_1',
  ActivityDateTime: GRAPH_AUDIT.activityDateTime,
  ActivityDisplayName: 'Update user',
  Result: 'success',
  InitiatedBy: JSON.stringify(GRAPH_AUDIT.initiatedBy),
  TargetResources: JSON.stringify(TARGETS),
};
const SIGN_IN_COLUMNS = {
  TimeGenerated: '2026-03-02T12:09:00Z',
  Type: 'SigninLogs',
  Id: 'sign-in-1',
  CreatedDateTime: GRAPH_SIGN_IN.createdDateTime,
  UserId: 'ann',
  ClientAppUsed: 'Exchange ActiveSync',
  ConditionalAccessStatus: 'failure',
  ResultType: '0',
  IPAddress: '192.0.2.7',
  Location: 'NO',
  LocationDetails: JSON.stringify(GRAPH_SIGN_IN.location),
  Status: JSON.stringify(GRAPH_SIGN_IN.status),
  DeviceDetail: JSON.stringify(GRAPH_SIGN_IN.deviceDetail),
  ConditionalAccessPolicies: JSON.stringify(POLICIES),
};

interface JudgeInput {
  readonly what: string;
  readonly row: Row;
  readonly gives: Row;
}

describe('adapters/rows/shapes', () => {
  it.each([
    ['an audit record', GRAPH_AUDIT, 'directoryAudits'],
    [
      'an audit record without its time',
      without(GRAPH_AUDIT, 'activityDateTime'),
      'directoryAudits',
    ],
    ['a sign-in record', GRAPH_SIGN_IN, 'signIns'],
    ['a sign-in record of few fields', { createdDateTime: 'x', userId: 'ann' }, 'signIns'],
  ])('hands on %s of Graph as it is', (_what, row, source) => {
    const recognised = recognise(row);

    expect(recognised).toEqual({ source, row });
    expect('row' in recognised && recognised.row).toBe(row);
  });

  it.each<JudgeInput>([
    { what: 'as it should be', row: record('AuditLogs', GRAPH_AUDIT), gives: GRAPH_AUDIT },
    {
      what: 'with its properties as text',
      row: record('auditlogs', JSON.stringify(GRAPH_AUDIT)),
      gives: GRAPH_AUDIT,
    },
    {
      what: 'with its lists as text',
      row: record('AuditLogs', { ...GRAPH_AUDIT, targetResources: JSON.stringify(TARGETS) }),
      gives: GRAPH_AUDIT,
    },
    {
      what: 'that says most in the envelope',
      row: record('AuditLogs', { id: 'a' }, { ...{ result: 'FAILURE', resultDescription: 'why' } }),
      gives: {
        id: 'a',
        activityDisplayName: 'Sign-in activity',
        activityDateTime: '2026-03-02T12:05:00Z',
        result: 'FAILURE',
        resultReason: 'why',
      },
    },
    {
      what: 'with lower-case names',
      row: {
        category: 'AuditLogs',
        operationname: 'Update user',
        resultdescription: 'why',
        properties: { id: 'a', resultReason: '', activityDateTime: 'then' },
      },
      gives: {
        id: 'a',
        activityDisplayName: 'Update user',
        activityDateTime: 'then',
        resultReason: 'why',
      },
    },
  ])('reads an audit record of diagnostic settings $what', ({ row, gives }) => {
    expect(recognise(row)).toEqual({ source: 'directoryAudits', row: gives });
  });

  it.each<JudgeInput>([
    { what: 'as it should be', row: record('SignInLogs', GRAPH_SIGN_IN), gives: GRAPH_SIGN_IN },
    {
      what: 'that is not interactive',
      row: record('NonInteractiveUserSignInLogs', GRAPH_SIGN_IN),
      gives: GRAPH_SIGN_IN,
    },
    {
      what: 'that says its outcome, address and country in the envelope',
      row: record(
        'SignInLogs',
        { userId: 'ann', status: { failureReason: 'why' } },
        {
          ...{ resultType: '50126', resultDescription: 'another' },
          ...{ callerIpAddress: '192.0.2.7', location: 'NO' },
        },
      ),
      gives: {
        userId: 'ann',
        status: { failureReason: 'why', errorCode: 50126 },
        ipAddress: '192.0.2.7',
        location: { countryOrRegion: 'NO' },
      },
    },
    {
      what: 'with lower-case names',
      row: { category: 'SignInLogs', resulttype: '0', calleripaddress: '::1', properties: {} },
      gives: { status: { errorCode: 0 }, ipAddress: '::1' },
    },
    {
      what: 'that says why it failed in the envelope alone',
      row: record(
        'SignInLogs',
        { userId: 'ann', status: { errorCode: 50053 } },
        { resultDescription: 'The account is locked.' },
      ),
      gives: {
        userId: 'ann',
        status: { errorCode: 50053, failureReason: 'The account is locked.' },
      },
    },
    {
      what: 'whose result is no number',
      row: record('SignInLogs', { userId: 'ann' }, { resultType: 'Failure' }),
      gives: { userId: 'ann' },
    },
    {
      what: 'whose two results differ: the inner one counts',
      row: record('SignInLogs', { status: { errorCode: 0 } }, { resultType: '53003' }),
      gives: { status: { errorCode: 0 } },
    },
  ])('reads a sign-in record of diagnostic settings $what', ({ row, gives }) => {
    // No `createdDateTime` is made of `time`, which is when the record was published, and no id of anything.
    expect(recognise(row)).toEqual({ source: 'signIns', row: gives });
  });

  it.each<JudgeInput & { source: string }>([
    {
      what: 'an audit record',
      source: 'directoryAudits',
      row: AUDIT_COLUMNS,
      gives: GRAPH_AUDIT,
    },
    {
      what: 'an audit record whose lists are no text',
      source: 'directoryAudits',
      row: { ...AUDIT_COLUMNS, TargetResources: TARGETS },
      gives: GRAPH_AUDIT,
    },
    {
      what: 'an audit record after a query that put something else into Type',
      source: 'directoryAudits',
      row: { ...AUDIT_COLUMNS, Type: 'Application' },
      gives: GRAPH_AUDIT,
    },
    {
      what: 'an audit record of few columns',
      source: 'directoryAudits',
      row: {
        ...{ Id: 'a', ActivityDateTime: 'then', OperationName: 'Update user' },
        ...{ TargetResources: '[]', ResultDescription: 'why' },
      },
      gives: {
        ...{ id: 'a', activityDateTime: 'then', activityDisplayName: 'Update user' },
        ...{ targetResources: [], resultReason: 'why' },
      },
    },
    { what: 'a sign-in record', source: 'signIns', row: SIGN_IN_COLUMNS, gives: GRAPH_SIGN_IN },
    {
      what: 'a sign-in record that is not interactive',
      source: 'signIns',
      row: { ...SIGN_IN_COLUMNS, Type: 'AADNonInteractiveUserSignInLogs' },
      gives: GRAPH_SIGN_IN,
    },
    {
      what: 'a sign-in record of few columns',
      source: 'signIns',
      row: {
        Id: 's',
        CreatedDateTime: 'then',
        UserId: 'ann',
        ResultType: 53003,
        Location: 'NO',
        Status: '',
      },
      gives: {
        id: 's',
        createdDateTime: 'then',
        userId: 'ann',
        status: { errorCode: 53003 },
        location: { countryOrRegion: 'NO' },
      },
    },
    {
      what: 'a sign-in record of a query over both tables',
      source: 'signIns',
      row: {
        ...without(SIGN_IN_COLUMNS, 'Status', 'DeviceDetail'),
        Status_dynamic: null,
        Status_string: SIGN_IN_COLUMNS.Status,
        DeviceDetail_dynamic: GRAPH_SIGN_IN.deviceDetail,
        DeviceDetail_string: '',
      },
      gives: GRAPH_SIGN_IN,
    },
  ])('reads $what of Log Analytics', ({ source, row, gives }) => {
    expect(recognise(row)).toEqual({ source, row: gives });
  });

  it.each<JudgeInput & { source: string }>([
    {
      what: 'audit',
      source: 'directoryAudits',
      row: {
        Id: 'Directory_1',
        ActivityDateTime: GRAPH_AUDIT.activityDateTime,
        ActivityDisplayName: 'Update user',
        Result: 'success',
        InitiatedBy: { App: null, User: { Id: 'ann', UserPrincipalName: 'ann@example.com' } },
        TargetResources: [
          {
            Id: 'ann',
            Type: 'User',
            ModifiedProperties: [
              {
                DisplayName: 'StrongAuthenticationMethod',
                OldValue: '[]',
                NewValue: '[{"MethodType":6}]',
              },
            ],
          },
        ],
      },
      gives: GRAPH_AUDIT,
    },
    {
      what: 'sign-in',
      source: 'signIns',
      row: {
        Id: 'sign-in-1',
        CreatedDateTime: GRAPH_SIGN_IN.createdDateTime,
        UserId: 'ann',
        ClientAppUsed: 'Exchange ActiveSync',
        ConditionalAccessStatus: 'failure',
        Status: { ErrorCode: 0 },
        IPAddress: '192.0.2.7',
        Location: { CountryOrRegion: 'NO' },
        DeviceDetail: { OperatingSystem: 'Android' },
        AppliedConditionalAccessPolicies: [
          { DisplayName: 'Block EAS', Result: 'failure', EnforcedGrantControls: ['Block'] },
        ],
      },
      gives: GRAPH_SIGN_IN,
    },
  ])('reads what Graph PowerShell makes of a record: $what', ({ source, row, gives }) => {
    expect(recognise(row)).toEqual({ source, row: gives });
  });

  it.each<JudgeInput & { source: string }>([
    {
      what: 'additional details and tenants of Log Analytics',
      source: 'directoryAudits',
      row: {
        ...AUDIT_COLUMNS,
        LoggedByService: 'Authentication Methods',
        OperationType: 'Add',
        AADOperationType: 'Update',
        AdditionalDetails: '[{"key":"AuthenticationMethod","value":"Fido"}]',
      },
      gives: {
        ...GRAPH_AUDIT,
        loggedByService: 'Authentication Methods',
        operationType: 'Update',
        additionalDetails: [{ key: 'AuthenticationMethod', value: 'Fido' }],
      },
    },
    {
      what: 'additional details of Graph PowerShell',
      source: 'directoryAudits',
      row: { ...AUDIT_COLUMNS, AdditionalDetails: [{ Key: 'UserType', Value: 'Member' }] },
      gives: { ...GRAPH_AUDIT, additionalDetails: [{ key: 'UserType', value: 'Member' }] },
    },
    {
      what: 'a row whose additional details were cut: nothing is decided by them',
      source: 'directoryAudits',
      row: record('AuditLogs', { ...GRAPH_AUDIT, additionalDetails: '[{"key":"Auth' }),
      gives: { ...GRAPH_AUDIT, additionalDetails: undefined },
    },
    {
      what: 'the tenants of a sign-in of Log Analytics',
      source: 'signIns',
      row: { ...SIGN_IN_COLUMNS, HomeTenantId: 'home', ResourceTenantId: 'ours' },
      gives: { ...GRAPH_SIGN_IN, homeTenantId: 'home', resourceTenantId: 'ours' },
    },
    {
      what: 'app, user agent, kind of sign-in and reason of Log Analytics',
      source: 'signIns',
      row: {
        ...without(SIGN_IN_COLUMNS, 'Status'),
        ...{ AppId: 'app', AppDisplayName: 'OfficeHome', IsInteractive: 'True' },
        ...{ UserAgent: 'Mozilla/5.0', ResultDescription: 'The account is locked.' },
      },
      gives: {
        ...GRAPH_SIGN_IN,
        ...{ appId: 'app', appDisplayName: 'OfficeHome', isInteractive: 'True' },
        userAgent: 'Mozilla/5.0',
        status: { errorCode: 0, failureReason: 'The account is locked.' },
      },
    },
  ])('keeps $what', ({ source, row, gives }) => {
    expect(recognise(row)).toEqual({ source, row: gives });
  });

  it('keeps the names inside the values of changed properties', () => {
    const change = { displayName: 'x', newValue: { DeviceName: 'phone' } };
    const row = { ...AUDIT_COLUMNS, TargetResources: [{ modifiedProperties: [change] }] };

    expect(recognise(row)).toMatchObject({
      row: { targetResources: [{ modifiedProperties: [change] }] },
    });
  });

  it.each([
    ['InitiatedBy', AUDIT_COLUMNS],
    ['TargetResources', AUDIT_COLUMNS],
    ['Status', SIGN_IN_COLUMNS],
    ['properties', record('SignInLogs', {})],
  ])('names the column %s when it is cut, and quotes nothing', (column, row) => {
    expect(recognise({ ...row, [column]: '{"secret":"' })).toMatchObject({
      flaw: `${column} is not JSON (11 characters); the export may have cut it`,
    });
  });

  it.each([
    ['DeviceDetail', 'deviceDetail'],
    ['LocationDetails', 'location'],
    ['ConditionalAccessPolicies', 'appliedConditionalAccessPolicies'],
  ])('does without the column %s when it is cut', (column, property) => {
    const recognised = recognise({ ...SIGN_IN_COLUMNS, Location: '', [column]: '{"secret":"' });

    const row = without(GRAPH_SIGN_IN, property);
    expect(recognised).toEqual({ source: 'signIns', row: { ...row, [property]: undefined } });
  });

  it.each<[string, Row, string]>([
    ['Id', without(AUDIT_COLUMNS, 'Id'), 'lacks Id, '],
    ['the time', without(AUDIT_COLUMNS, 'ActivityDateTime'), 'lacks ActivityDateTime, '],
    ['two columns', without(SIGN_IN_COLUMNS, 'Id', 'UserId'), 'lacks Id and UserId, '],
  ])('says that a query left out %s', (_what, row, sentence) => {
    expect(recognise(row)).toMatchObject({ flaw: expect.stringContaining(sentence) as string });
  });

  it.each<[string, Row]>([
    ['the initiator', { ...GRAPH_AUDIT, initiatedBy: 'System.Collections.Hashtable' }],
    ['the initiator in a column', { ...AUDIT_COLUMNS, InitiatedBy: '@{user=; app=}' }],
    ['the targets', { ...AUDIT_COLUMNS, TargetResources: ['@{id=ann; type=User}'] }],
    ['the targets of Export-Csv', { ...AUDIT_COLUMNS, TargetResources: 'System.Object[]' }],
    [
      'the changed properties',
      {
        ...AUDIT_COLUMNS,
        TargetResources: [{ Id: 'ann', ModifiedProperties: 'System.Object[]' }],
      },
    ],
    [
      'each changed property',
      {
        ...GRAPH_AUDIT,
        targetResources: [
          {
            id: 'ann',
            modifiedProperties: [
              'Microsoft.Graph.PowerShell.Models.MicrosoftGraphModifiedProperty',
            ],
          },
        ],
      },
    ],
  ])('says -Depth 10 when PowerShell wrote a type name for %s', (_what, row) => {
    expect(recognise(row)).toMatchObject({
      flaw: expect.stringContaining('ConvertTo-Json -Depth 10') as string,
    });
  });

  it.each<[string, unknown, string]>([
    ['text', '/Date(1772442000100)/', '2026-03-02T09:00:00.1000000Z'],
    ['text with an offset', '/Date(1772442000100+0100)/', '2026-03-02T09:00:00.1000000Z'],
    ['text before 1970', '/Date(-1)/', '1969-12-31T23:59:59.9990000Z'],
    [
      'an object',
      { value: '/Date(1772442000100)/', DateTime: 'Monday' },
      '2026-03-02T09:00:00.1000000Z',
    ],
    ['an object around ISO', { value: '2026-03-02T09:00:00Z' }, '2026-03-02T09:00:00Z'],
  ])('reads the time that Windows PowerShell writes as %s', (_what, time, gives) => {
    expect(recognise({ ...AUDIT_COLUMNS, ActivityDateTime: time })).toMatchObject({
      row: { activityDateTime: gives },
    });
    expect(recognise({ ...GRAPH_SIGN_IN, createdDateTime: time })).toMatchObject({
      row: { createdDateTime: gives },
    });
  });

  it('reads a list that Windows PowerShell writes as an object', () => {
    const row = { ...AUDIT_COLUMNS, TargetResources: { value: TARGETS, Count: 1 } };

    expect(recognise(row)).toMatchObject({ row: { targetResources: TARGETS } });
  });

  it.each<[unknown, string]>([
    [1, 'failure'],
    ['1', 'failure'],
    [7, 'reportOnlyFailure'],
    [99, 'unknown'],
    ['success', 'success'],
  ])('names the policy result %j', (result, gives) => {
    const rows = [
      { ...GRAPH_SIGN_IN, appliedConditionalAccessPolicies: [{ result }] },
      { ...SIGN_IN_COLUMNS, ConditionalAccessPolicies: JSON.stringify([{ result }]) },
      record('SignInLogs', { ...GRAPH_SIGN_IN, appliedConditionalAccessPolicies: [{ result }] }),
    ];

    for (const row of rows) {
      expect(recognise(row)).toMatchObject({
        row: { appliedConditionalAccessPolicies: [{ result: gives }] },
      });
    }
  });

  it('reads Graph rows whose lists are text, as in a CSV', () => {
    const row = { ...GRAPH_AUDIT, targetResources: JSON.stringify(TARGETS) };

    expect(recognise(row)).toEqual({ source: 'directoryAudits', row: GRAPH_AUDIT });
  });

  it("reads a row of the portal's sign-in CSV", () => {
    const row = {
      ...{ Date: '2026-03-02T09:00:00Z', 'Request ID': 'r1', 'User ID': 'ann', User: 'Ann' },
      ...{ Username: 'ann@example.com', 'IP address': '192.0.2.7', Location: 'Oslo, Oslo, NO' },
      ...{ Status: 'Success', 'Sign-in error code': 'None', 'Client app': 'Exchange ActiveSync' },
      ...{ 'Conditional Access': 'Not Applied', 'Operating System': 'Android' },
      ...{ 'Application ID': 'app', Application: 'OfficeHome', Browser: 'Edge 128' },
      ...{ 'User agent': 'Mozilla/5.0', 'Failure reason': 'Other.' },
    };

    expect(recognise(row)).toMatchObject({
      source: 'signIns',
      row: {
        ...{ id: 'r1', createdDateTime: '2026-03-02T09:00:00Z', userId: 'ann' },
        status: { errorCode: 0, failureReason: 'Other.' },
        conditionalAccessStatus: 'NotApplied',
        ...{ appId: 'app', appDisplayName: 'OfficeHome', userAgent: 'Mozilla/5.0' },
        location: { countryOrRegion: 'NO', city: 'Oslo' },
        deviceDetail: { operatingSystem: 'Android', browser: 'Edge 128' },
      },
    });
    const blocked = recognise({ ...row, Status: 'Failure', 'Sign-in error code': '53003' });
    expect(blocked).toMatchObject({ row: { status: { errorCode: 53003 } } });
    expect(recognise({ ...row, Status: 'Interrupted' })).not.toHaveProperty('row.status');
  });

  it.each<[string, Row]>([
    [
      'AADSignInEventsBeta',
      { Timestamp: 'x', AccountObjectId: 'ann', ErrorCode: 0, ClientAppUsed: 'Browser' },
    ],
    ['AADSpnSignInEventsBeta', { Timestamp: 'x', ServicePrincipalId: 's', ErrorCode: 0 }],
    ['CloudAppEvents', { Timestamp: 'x', ActionType: 'Update user.', RawEventData: '{}' }],
    ['IdentityLogonEvents', { Timestamp: 'x', ActionType: 'y', LogonType: 'z', Protocol: 'p' }],
  ])('refuses the Defender table %s by its name', (table, row) => {
    expect(recognise(row)).toMatchObject({
      refused: expect.stringContaining(`is of the table ${table}`) as string,
    });
  });

  it.each<[string, Row, object]>([
    [
      'sign-ins of service principals',
      record('ServicePrincipalSignInLogs', {}),
      { ignored: 'ServicePrincipalSignInLogs records are not read by any detector' },
    ],
    [
      'tables of Log Analytics that nobody reads',
      { ...SIGN_IN_COLUMNS, Type: 'AADManagedIdentitySignInLogs' },
      { ignored: 'AADManagedIdentitySignInLogs records are not read by any detector' },
    ],
    [
      'unified audit log records',
      { Operation: 'Update user.', Workload: 'AzureActiveDirectory', RecordType: 8, UserId: 'x' },
      { refused: expect.stringMatching(/^unified audit log records/) as string },
    ],
    [
      'the output of Search-UnifiedAuditLog',
      { RecordType: 'AzureActiveDirectory', Operations: 'x', AuditData: '{}' },
      { refused: expect.stringMatching(/^unified audit log records/) as string },
    ],
    ['a category that may be anything', record('ann@example.com', {}), { unknown: true }],
    [
      'a category that every object has',
      record('constructor', {}),
      { ignored: expect.stringMatching(/^constructor records/) as string },
    ],
    ['properties without a category', { properties: {} }, { unknown: true }],
    ['a user', { id: 'ann', userPrincipalName: 'x', createdDateTime: 'x' }, { unknown: true }],
    ['a risk detection', { id: 'r', userId: 'ann', activityDateTime: 'x' }, { unknown: true }],
    ['an error of Graph', { error: { code: 'x' } }, { unknown: true }],
    ['nothing', {}, { unknown: true }],
  ])('passes over %s and says why', (_what, row, outcome) => {
    expect(recognise(row)).toEqual(outcome);
  });
});
