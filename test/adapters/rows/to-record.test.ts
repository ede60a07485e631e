import { toAuditRecord, toSignInRecord } from '../../../shared/adapters/rows/to-record';
import { audit, at, signIn, type Row } from '../../detectors/play';
import { shortHash } from '../../../shared/domain/json';
import { RowError } from '../../../shared/adapters/rows/fields';

const toAudit = (raw: Row): ReturnType<typeof toAuditRecord> =>
  toAuditRecord('id', at(0), audit('id', 0, { activity: 'Update user', raw }));
const toSignIn = (raw: Row): ReturnType<typeof toSignInRecord> =>
  toSignInRecord('id', at(0), signIn('id', 0, { raw }));

describe('adapters/rows/to-record', () => {
  describe('audit rows', () => {
    it('keeps the fields in use and drops the rest', () => {
      const record = toAuditRecord(
        'id',
        at(0),
        audit('id', 0, {
          activity: ' Update user ',
          reason: 'why',
          changes: [
            ['StrongAuthenticationMethod', [], [{ MethodType: 6, Default: true }]],
            ['TargetId.UserType', null, 'Member'],
          ],
        }),
      );

      expect(record).toEqual({
        source: 'directoryAudits',
        id: 'id',
        at: at(0),
        activity: 'Update user',
        result: 'success',
        reason: 'why',
        service: 'Authentication Methods',
        operation: 'Update',
        correlationId: '00000000-0000-4000-8000-000000000000',
        details: { UserType: 'Member' },
        initiator: { user: { id: 'ann', name: 'ann@example.com' } },
        targets: [
          {
            id: 'ann',
            type: 'User',
            name: 'ann@example.com',
            changes: [
              {
                property: 'StrongAuthenticationMethod',
                before: [],
                after: [{ MethodType: 6, Default: true }],
              },
            ],
          },
        ],
      });
    });

    it.each([
      ['success', 'success'],
      ['Failure', 'failure'],
      ['TIMEOUT', 'timeout'],
      ['unknownFutureValue', 'unknown'],
      ['', undefined],
      [null, undefined],
      [undefined, undefined],
    ])('reads result %j as %j', (result, expected) => {
      expect(toAudit({ result }).result).toBe(expected);
    });

    it('reads the app that acted, or nobody', () => {
      const app = { displayName: 'App', servicePrincipalName: 'spn', appId: null };

      expect(toAudit({ initiatedBy: { app, user: null } }).initiator).toEqual({
        app: { name: 'App', servicePrincipalName: 'spn' },
      });
      expect(toAudit({ initiatedBy: null }).initiator).toEqual({});
      expect(toAudit({ initiatedBy: { user: { displayName: 'Ann' } } }).initiator).toEqual({
        user: { name: 'Ann' },
      });
    });

    it('reads a target whose type is spelled with a capital, and one without a principal name', () => {
      const { targets } = toAudit({
        targetResources: [{ id: 'g', Type: 'Group', displayName: 'G' }],
      });

      expect(targets).toEqual([{ id: 'g', type: 'Group', name: 'G', changes: [] }]);
    });

    it('reads additional details by their keys, cut, and whatever else stands there for none', () => {
      const detailsOf = (additionalDetails: unknown): unknown =>
        toAudit({ additionalDetails }).details;

      expect(
        detailsOf([
          { key: 'AuthenticationMethod', value: 'Software OATH token' },
          { key: 'User-Agent', value: 'x'.repeat(101) },
          { key: 'Empty', value: '' },
          { key: 7, value: 'seven' },
          { key: 'Object', value: {} },
          null,
          'text',
        ]),
      ).toEqual({
        AuthenticationMethod: 'Software OATH token',
        'User-Agent': `${'x'.repeat(100)}…`,
      });
      expect([null, undefined, [], {}, 'text', 7, [{}]].map(detailsOf)).toEqual(
        Array(7).fill(undefined),
      );
    });

    it('compares ids without case and names of services without the spaces around them', () => {
      const record = toAudit({
        loggedByService: 'Core Directory ',
        initiatedBy: {
          app: { displayName: 'Azure MFA StrongAuthenticationService ' },
          user: { id: 'ANN', userPrincipalName: 'Ann@Example.com' },
        },
        targetResources: [{ id: 'ANN', type: 'User', userPrincipalName: 'Ann@Example.com' }],
      });

      expect(record).toMatchObject({
        service: 'Core Directory',
        initiator: {
          app: { name: 'Azure MFA StrongAuthenticationService' },
          user: { id: 'ann', name: 'Ann@Example.com' },
        },
        targets: [{ id: 'ann', name: 'Ann@Example.com' }],
      });
      expect(toSignIn({ userId: 'ANN' }).user.id).toBe('ann');
    });

    it.each([null, undefined, []])(
      'takes who did it for whom it is about, where a person did it to themselves: %j',
      (targetResources) => {
        const activityDisplayName = 'User registered security info';
        const initiatedBy = { user: { id: 'ann', userPrincipalName: 'ann@contoso.com' } };

        const { targets } = toAudit({ activityDisplayName, targetResources, initiatedBy });

        expect(targets).toEqual([
          { id: 'ann', type: 'User', name: 'ann@contoso.com', changes: [] },
        ]);
      },
    );

    it.each([
      ['who did it to somebody', 'Admin deleted security info', []],
      ['nobody', 'Update user', [{ type: 'User' }]],
    ])(
      'does not guess whom it is about when it names %s',
      (_what, activityDisplayName, targets) => {
        const initiatedBy = { user: { id: 'admin', userPrincipalName: 'admin@contoso.com' } };
        const row = { activityDisplayName, targetResources: targets, initiatedBy };

        expect(() => toAudit(row)).toThrow(RowError);
      },
    );

    it('takes one target that is no list for a list of one', () => {
      const { targets } = toAudit({ targetResources: { id: 'g', type: 'Group' } });

      expect(targets).toMatchObject([{ id: 'g', type: 'Group', changes: [] }]);
    });
  });

  describe('sign-in rows', () => {
    it('keeps the fields in use and drops the rest', () => {
      const record = toSignInRecord(
        'id',
        at(0),
        signIn('id', 0, {
          deviceId: 'd-1',
          policies: [['Block', 'failure', ['block']]],
          raw: { appId: 'APP', userAgent: 'Mozilla/5.0 (Linux; Android 15)' },
        }),
      );

      expect(record).toEqual({
        source: 'signIns',
        id: 'id',
        at: at(0),
        user: { id: 'ann', name: 'ann@example.com' },
        clientApp: 'Browser',
        appId: 'app',
        app: 'Office 365 Exchange Online',
        isInteractive: true,
        userAgent: { word: 'Mozilla/5.0', hash: shortHash(12, 'Mozilla/5.0 (Linux; Android 15)') },
        errorCode: 0,
        conditionalAccess: 'success',
        policies: [{ name: 'Block', result: 'failure', grantControls: ['block'] }],
        device: { id: 'd-1', operatingSystem: 'Android' },
        country: 'NO',
        city: 'Oslo',
        address: '203.0.113.7',
        resource: 'Office 365 Exchange Online',
      });
    });

    it.each([
      ['success', 'success'],
      ['failure', 'failure'],
      ['Failure', 'failure'],
      ['notApplied', 'notApplied'],
      [0, 'success'],
      [1, 'failure'],
      ['1', 'failure'],
      [2, 'notApplied'],
      [3, 'unknown'],
      [-1, 'unknown'],
      ['unknownFutureValue', 'unknown'],
      ['', 'unknown'],
      [' ', 'unknown'],
      [null, 'unknown'],
      [undefined, 'unknown'],
    ])('reads the Conditional Access status %j as %j', (conditionalAccessStatus, expected) => {
      expect(toSignIn({ conditionalAccessStatus }).conditionalAccess).toBe(expected);
    });

    it.each([
      [0, 0],
      ['53003', 53003],
      [null, undefined],
      [undefined, undefined],
    ])('reads the error code %j as %j', (errorCode, expected) => {
      expect(toSignIn({ status: { errorCode } }).errorCode).toBe(expected);
    });

    it('reads what happened to MFA and whose tenants it was', () => {
      const record = toSignIn({
        status: { errorCode: 0, additionalDetails: 'MFA completed in Azure AD' },
        correlationId: 'c-1',
        homeTenantId: 'AAAA',
        resourceTenantId: 'bbbb',
      });

      expect(record).toMatchObject({
        detail: 'MFA completed in Azure AD',
        correlationId: 'c-1',
        homeTenantId: 'aaaa',
        resourceTenantId: 'bbbb',
      });
    });

    it('reads why it failed, in whatever words', () => {
      const status = { errorCode: 50053, failureReason: 'The account is locked.' };

      expect(toSignIn({ status }).failureReason).toBe('The account is locked.');
      expect(
        [null, '', 7, {}].map(
          (failureReason) => toSignIn({ status: { failureReason } }).failureReason,
        ),
      ).toEqual(Array(4).fill(undefined));
    });

    it.each([
      [true, true],
      [false, false],
      ['True', true],
      ['false', false],
      ['yes', undefined],
      [1, undefined],
      [null, undefined],
    ])('reads whether it was interactive of %j: %j', (isInteractive, expected) => {
      expect(toSignIn({ isInteractive }).isInteractive).toBe(expected);
    });

    it('keeps of a user agent its first word, and a hash by which it is known again', () => {
      const agentOf = (userAgent: unknown): unknown => toSignIn({ userAgent }).userAgent;
      const long = 'x'.repeat(600);

      expect(agentOf(' BAV2ROPC ')).toEqual({
        word: 'BAV2ROPC',
        hash: shortHash(12, ' BAV2ROPC '),
      });
      expect(agentOf(long)).toEqual({ word: `${'x'.repeat(40)}…`, hash: shortHash(12, long) });
      expect([null, undefined, '', 7, {}].map(agentOf)).toEqual(Array(5).fill(undefined));
    });

    it('reads the browser of the device and the ids of policies', () => {
      const record = toSignIn({
        deviceDetail: { browser: 'Edge 128' },
        appliedConditionalAccessPolicies: [{ id: 'P-1' }, { id: 7 }],
      });

      expect(record.device.browser).toBe('Edge 128');
      expect(record.policies?.map(({ id }) => id)).toEqual(['p-1', undefined]);
    });

    it('tells policies that are not readable from none', () => {
      const policies = (value: unknown): unknown =>
        toSignIn({ appliedConditionalAccessPolicies: value }).policies;

      expect(policies(undefined)).toBeUndefined();
      expect(policies(null)).toBeUndefined();
      expect(policies([])).toEqual([]);
      expect(policies([{}])).toEqual([
        { name: 'a policy without a name', result: 'unknown', grantControls: [] },
      ]);
    });

    it('takes null, empty and missing for absent', () => {
      const { name: _name, ...user } = toSignIn({
        userPrincipalName: '',
        userDisplayName: null,
      }).user;
      const empty = toSignIn({ deviceDetail: { deviceId: '' }, location: {}, ipAddress: '' });

      expect(user).toEqual({ id: 'ann' });
      expect(empty.device).toEqual({});
      expect([empty.country, empty.city, empty.address]).toEqual([undefined, undefined, undefined]);
    });
  });
});
