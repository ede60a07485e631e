import {
  RAISES_TODAY,
  RESOLVES_TODAY,
  SILENT_TODAY,
  WAITS_TODAY,
} from './mfa-registration-unfinished.today.stories';
import { audit, TICK, update, type Row, type Said, type Story, type When } from './play';
import {
  SERVICE,
  ADMIN,
  AUTHENTICATOR,
  phone,
  phones,
  scanned,
  used,
  started,
  registered,
  registeredAll,
  cancelled,
  deleted,
  left,
  removed,
  adminReset,
  methods,
  roleAssigned,
  proofUp,
  DAYS,
} from './mfa-rows';

const PLAIN = { message: 'unfinished', state: 'open', severity: 'medium', stage: 'alert' } as const;
const LOW = { ...PLAIN, severity: 'low' } as const;
const HIGH = { ...PLAIN, severity: 'high' } as const;
const STARTED = {
  message: 'started',
  state: 'open',
  severity: 'info',
  stage: 'watch',
  anchor: 'started:2026-03-02',
} as const;

// --------------------------------------------------------------------------------------- the values of the seed post

const SEED_PHONE = {
  DeviceName: 'iPhone 14 Pro Max',
  DeviceToken: 'apns2-0000000000000000000000000000000000000000000000000000000000000000',
};
const TEST1 = 'd4bf89ba-ef39-4858-99c5-d0a44acfe8d2';
const TEST2 = 'd1bec8bc-cfcd-4b1a-9038-205b9435a5ae';
const seedUser = (id: string, upn: string): Row => ({ id, type: 'User', userPrincipalName: upn });
const seedTarget = (row: Row, id: string, upn: string): Row => ({
  ...row,
  targetResources: (row['targetResources'] as Row[]).map((target) => ({
    ...target,
    ...seedUser(id, upn),
  })),
});
const test1 = (row: Row): Row => seedTarget(row, TEST1, 'MFATest1@domain.com');
const test2 = (row: Row): Row => seedTarget(row, TEST2, 'MFATest2@domain.com');
const FROM_SEED = { from: '2023-08-07T00:00:00Z', until: '2023-08-08T16:40:00Z' };

/** The four rows of the user who finished. */
export const MFATEST1: readonly Row[] = [
  test1(
    phones(
      't1-scanned',
      '2023-08-08T12:35:33Z',
      [],
      [
        phone('a5c2ef35-1db2-49c3-8631-e12a5025859e', {
          ...SEED_PHONE,
          LastAuthenticatedTimestamp: '2023-08-08T12:35:33.183712Z',
        }),
      ],
    ),
  ),
  test1(started('t1-started', '2023-08-08T12:35:40Z', { user: TEST1 })),
  test1(methods('t1-method', '2023-08-08T12:35:46Z', [], [6, 7], { user: TEST1 })),
  test1(registered('t1-registered', '2023-08-08T12:35:46Z', { user: TEST1 })),
];

/** The one row of the user who closed the browser. */
export const MFATEST2: readonly Row[] = [
  test2(
    phones(
      't2-scanned',
      '2023-08-08T12:38:54Z',
      [],
      [
        phone('6ce10fca-fb88-4109-95e4-66d27c3e9f6d', {
          ...SEED_PHONE,
          LastAuthenticatedTimestamp: '2023-08-08T12:38:24.2254241Z',
        }),
      ],
    ),
  ),
];

// ------------------------------------------------------------------------------------------------------------ raises

export const RAISES: readonly Story<Partial<Said>>[] = [
  {
    when: 'a code was scanned and nothing followed',
    story: [scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: { ...PLAIN, anchor: 'device:phone-1', count: 1, evidence: ['scan'] },
  },
  {
    when: 'MFATest2 of the seed post closed the browser after scanning',
    story: MFATEST2,
    ...FROM_SEED,
    expected: {
      ...PLAIN,
      subject: TEST2,
      anchor: 'device:6ce10fca-fb88-4109-95e4-66d27c3e9f6d',
      evidence: ['t2-scanned'],
    },
  },
  {
    when: 'the log is complete to exactly the deadline',
    story: [scanned('scan', 0, 'phone-1')],
    until: 60,
    expected: { ...PLAIN, evidence: ['scan'] },
  },
  {
    when: 'a shorter grace has passed',
    story: [scanned('scan', 0, 'phone-1')],
    until: 10,
    settings: { grace: '10m' },
    expected: PLAIN,
  },
  {
    when: 'registration was started (page closed after Next) and is the same attempt',
    story: [scanned('scan', 0, 'phone-1'), started('start', 0.2)],
    until: 280,
    expected: { ...PLAIN, evidence: ['scan', 'start'] },
  },
  {
    when: 'the row is delivered twice',
    story: [scanned('scan', 0, 'phone-1'), scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: { ...PLAIN, count: 1, evidence: ['scan'] },
  },
  {
    when: 'somebody else finished',
    story: [scanned('scan', 0, 'phone-1'), registered('done', 1, { user: 'bob' })],
    until: 280,
    expected: { ...PLAIN, subject: 'ann', evidence: ['scan'] },
  },
  {
    when: 'the completion came first, by more than the skew (of a device that is not listed any more)',
    story: [registered('done', -2 - TICK), scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: { ...PLAIN, evidence: ['scan'] },
  },
  {
    when: 'the completion came first, and the row does not say what was listed then: another one is known',
    story: [registered('done', -2 - TICK), phones('scan', 0, null, [phone('phone-1')])],
    until: 280,
    expected: { ...LOW, evidence: ['scan'] },
  },
  {
    when: 'the attribute was not in the row before (null, not an empty list)',
    story: [phones('scan', 0, null, [phone('phone-1')])],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the writing app is named by its service principal name only',
    story: [
      scanned('scan', 0, 'phone-1', {
        raw: {
          initiatedBy: { app: { servicePrincipalName: 'b5a60e17-278b-4c92-a4e2-b9262e66bb28' } },
        },
      }),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the result is spelled "Success" and the time carries an offset',
    story: [
      scanned('scan', 0, 'phone-1', {
        result: 'Success',
        raw: { activityDateTime: '2026-03-02T13:00:00+01:00', activityDisplayName: 'Update user ' },
      }),
    ],
    until: 280,
    expected: { ...PLAIN, firstSeenAt: '2026-03-02T12:00:00.0000000Z' as never },
  },

  // Not a completion
  {
    when: 'registering failed, said by result',
    story: [scanned('scan', 0, 'phone-1'), registered('failed', 1, { result: 'failure' })],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'registering failed, said by reason',
    story: [
      scanned('scan', 0, 'phone-1'),
      registered('failed', 1, { reason: 'User failed to register Authenticator App with Code' }),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the completion timed out: only success counts',
    story: [scanned('scan', 0, 'phone-1'), methods('slow', 1, [], [6, 7], { result: 'timeout' })],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the device was used at most 2 min after it was added',
    story: [
      scanned('scan', 0, 'phone-1'),
      used('use', 5, 'phone-1', '2026-03-02T12:02:00.0000000Z'),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'another device of the user was used',
    story: [scanned('scan', 0, 'phone-1'), used('use', 5, 'phone-0', '2026-03-02T12:04:00Z')],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the device was rewritten without being used',
    story: [
      scanned('scan', 0, 'phone-1'),
      phones('version', 5, [phone('phone-1')], [phone('phone-1', { PhoneAppVersion: '6.8' })]),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the device was rewritten with a time that is none',
    story: [scanned('scan', 0, 'phone-1'), used('use', 5, 'phone-1', 'yesterday')],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the methods were put in another order (compared as sets)',
    story: [scanned('scan', 0, 'phone-1'), methods('order', 1, [6, 7], [7, 6])],
    until: 280,
    expected: PLAIN,
  },

  // Not an end
  {
    when: 'another device was removed',
    story: [scanned('scan', 0, 'phone-1'), removed('gone', 5, 'phone-0')],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'another method was deleted by the user',
    story: [
      scanned('scan', 0, 'phone-1'),
      deleted('sms', 5, { reason: 'User deleted Mobile Phone Call and SMS' }),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'another method was deleted by an admin',
    story: [
      scanned('scan', 0, 'phone-1'),
      adminReset('tap', 5, { reason: 'Admin deleted temporary access pass method for user' }),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the user emptied their own methods',
    story: [scanned('scan', 0, 'phone-1'), methods('empty', 5, [0], [])],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the authenticator was deleted before this one was added',
    story: [deleted('old', -1), scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'an admin reset the methods before this one was added',
    story: [adminReset('reset', -1), scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: PLAIN,
  },

  // Cancelled, still listed
  {
    when: 'it was canceled and the device stayed listed',
    story: [scanned('scan', 0, 'phone-1'), cancelled('cancel', 1)],
    until: 280,
    expected: { ...LOW, evidence: ['scan', 'cancel'] },
  },
  {
    when: 'it was cancelled (the other spelling) and the device stayed listed',
    story: [
      scanned('scan', 0, 'phone-1'),
      cancelled('cancel', 1, { activity: 'User cancelled security info registration' }),
    ],
    until: 280,
    expected: { ...LOW, evidence: ['scan', 'cancel'] },
  },
  {
    when: 'the cancellation is itself logged as a failure',
    story: [scanned('scan', 0, 'phone-1'), cancelled('cancel', 1, { result: 'failure' })],
    until: 280,
    expected: { ...LOW, evidence: ['scan', 'cancel'] },
  },
  {
    when: 'the cancellation in the other spelling is itself logged as a failure',
    story: [
      scanned('scan', 0, 'phone-1'),
      cancelled('cancel', 1, {
        activity: 'User cancelled security info registration',
        result: 'failure',
      }),
    ],
    until: 280,
    expected: { ...LOW, evidence: ['scan', 'cancel'] },
  },
  {
    when: '"all required security info" ended in failure, which is a cancellation and no completion',
    story: [
      scanned('scan', 0, 'phone-1'),
      registeredAll('all', 1, { result: 'failure', reason: 'User failed to register' }),
    ],
    until: 280,
    expected: { ...LOW, evidence: ['scan', 'all'] },
  },

  // Another method or device is known
  {
    when: 'a phone number was registered instead',
    story: [
      scanned('scan', 0, 'phone-1'),
      registered('sms', 5, { reason: 'User registered Mobile Phone SMS' }),
    ],
    until: 280,
    expected: { ...LOW, evidence: ['scan', 'sms'] },
  },
  {
    when: 'a method without a name was registered, more than 10 min after: nobody knows which',
    story: [scanned('scan', 0, 'phone-1'), registered('some', 10 + TICK, { reason: '' })],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the methods gained SMS only',
    story: [scanned('scan', 0, 'phone-1'), methods('sms', 5, [], [0, 5])],
    until: 280,
    expected: LOW,
  },
  {
    when: 'a phone number was written to the account',
    story: [
      scanned('scan', 0, 'phone-1'),
      update('number', 5, [
        ['StrongAuthenticationUserDetails', [], [{ PhoneNumber: '+47 000', Email: null }]],
      ]),
    ],
    until: 280,
    expected: LOW,
  },
  {
    when: 'an admin registered a phone number for them',
    story: [
      scanned('scan', 0, 'phone-1'),
      audit('admin', 5, {
        activity: 'Admin registered security info',
        by: ADMIN,
        reason: 'Admin registered phone method for user',
      }),
    ],
    until: 280,
    expected: LOW,
  },
  {
    when: 'an admin registered something without a name for them',
    story: [
      scanned('scan', 0, 'phone-1'),
      audit('admin', 5, { activity: 'Admin registered security info', by: ADMIN }),
    ],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'another device was listed before',
    story: [phones('scan', 0, [phone('phone-0')], [phone('phone-0'), phone('phone-1')])],
    until: 280,
    expected: { ...LOW, anchor: 'device:phone-1' },
  },
  {
    when: 'an authenticator was verified 30 days before: inside the look-back',
    story: [registered('before', -30 * DAYS), phones('scan', 0, null, [phone('phone-1')])],
    until: 280,
    expected: { ...LOW, evidence: ['scan'] },
  },
  {
    when: 'an authenticator was verified before the look-back: nobody knows',
    story: [registered('before', -30 * DAYS - TICK), phones('scan', 0, null, [phone('phone-1')])],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'contact details were emptied, which is no method',
    story: [
      scanned('scan', 0, 'phone-1'),
      update('number', 5, [
        ['StrongAuthenticationUserDetails', [{ PhoneNumber: '+47 000' }], [{ PhoneNumber: null }]],
      ]),
    ],
    until: 280,
    expected: PLAIN,
  },

  // Urgent
  {
    when: 'the user holds a privileged role',
    story: [roleAssigned('role', -5 * DAYS, 'Global Administrator'), scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: { ...HIGH, evidence: ['role', 'scan'] },
  },
  {
    when: 'the role is not privileged',
    story: [roleAssigned('role', -5 * DAYS, 'Directory Readers'), scanned('scan', 0, 'phone-1')],
    until: 280,
    expected: PLAIN,
  },
  ...[53004, 53010].map((code) => ({
    when: `registering MFA was blocked at sign-in with ${code}`,
    story: [scanned('scan', 0, 'phone-1'), proofUp('blocked', 30, code)],
    until: 280,
    expected: { ...HIGH, evidence: ['scan', 'blocked'] },
  })),
  {
    when: 'registering MFA was blocked again and again, days later: the first block is shown',
    story: [
      scanned('scan', 0, 'phone-1'),
      proofUp('blocked-1', 5 * DAYS, 53004),
      proofUp('blocked-2', 6 * DAYS, 53004),
    ],
    until: 7 * DAYS,
    expected: { ...HIGH, evidence: ['scan', 'blocked-1'] },
  },
  {
    when: 'a sign-in failed with another code',
    story: [scanned('scan', 0, 'phone-1'), proofUp('wrong', 30, 50126)],
    until: 280,
    expected: PLAIN,
  },
  {
    when: 'the user holds a privileged role and has another method: urgent wins',
    story: [
      roleAssigned('role', -5 * DAYS, 'Global Administrator'),
      phones('scan', 0, [phone('phone-0')], [phone('phone-0'), phone('phone-1')]),
    ],
    until: 280,
    expected: HIGH,
  },

  // Which Id is new
  {
    when: 'the same phone was added once more beside its old Id (the push token is the same)',
    story: [
      phones(
        'scan',
        0,
        [phone('phone-0', { DeviceToken: 'same' })],
        [phone('phone-0', { DeviceToken: 'same' }), phone('phone-1', { DeviceToken: 'same' })],
      ),
    ],
    until: 280,
    expected: { ...LOW, anchor: 'device:phone-1' },
  },
  {
    when: 'one code-only app took the place of another: NO_DEVICE_TOKEN is not a token',
    story: [
      phones(
        'scan',
        0,
        [phone('phone-0', { DeviceToken: 'NO_DEVICE_TOKEN' })],
        [phone('phone-1', { DeviceToken: 'NO_DEVICE_TOKEN' })],
      ),
    ],
    until: 280,
    expected: { ...LOW, anchor: 'device:phone-1' },
  },
  {
    when: 'the authenticator is of a flavor that no public row shows: on probation',
    story: [phones('scan', 0, [], [phone('phone-1', { AuthenticatorFlavor: 'Outlook' })])],
    until: 280,
    expected: { ...PLAIN, stage: 'watch' },
  },

  // A start alone
  {
    when: 'registration was only started: told to nobody',
    story: [started('start', 0)],
    until: 280,
    expected: { ...STARTED, evidence: ['start'] },
  },
  {
    when: 'registration was only started, without a reason',
    story: [started('start', 0, { reason: '' })],
    until: 280,
    expected: { ...STARTED, evidence: ['start'] },
  },
  {
    when: 'registration was started twice on one day: one finding a day',
    story: [started('start-1', 0), started('start-2', 90)],
    until: 280,
    expected: { ...STARTED, count: 2, evidence: ['start-1', 'start-2'] },
  },
  {
    when: 'registration was started three times, further apart than two hours',
    story: [started('start-1', 0), started('start-2', 60), started('start-3', 120 + TICK)],
    until: 400,
    expected: { ...STARTED, count: 3 },
  },
  {
    when: 'the third start within two hours names no method: nobody else tells of them',
    story: [started('start-1', 0), started('start-2', 60), started('start-3', 90, { reason: '' })],
    until: 400,
    expected: { ...STARTED, count: 3 },
  },
  {
    when: 'one start stands apart from three that registration-without-outcome tells of',
    story: [0, 60, 120, 300].map((at) => started(`start-${at}`, at)),
    until: 600,
    expected: { ...STARTED, count: 1, evidence: ['start-300'] },
  },
  {
    when: 'registration was started and SMS was registered',
    story: [
      started('start', 0),
      registered('sms', 5, { reason: 'User registered Mobile Phone SMS' }),
    ],
    until: 280,
    expected: { ...STARTED, evidence: ['start', 'sms'] },
  },
];

// ------------------------------------------------------------------------------------------------------ stays silent

export const SILENT: readonly Story[] = (
  [
    { when: 'MFATest1 of the seed post finished', story: MFATEST1, ...FROM_SEED },
    {
      when: 'the authenticator was registered a moment later',
      story: [scanned('scan', 0, 'phone-1'), registered('done', 1)],
    },
    {
      when: 'it was registered one instant before the deadline',
      story: [scanned('scan', 0, 'phone-1'), registered('done', 60 - TICK)],
    },
    {
      when: 'the completion was logged before the entry, within the skew (reverse order)',
      story: [registered('done', -2), scanned('scan', 0, 'phone-1')],
    },
    {
      when: 'the rows come newest first',
      story: [registered('done', 1), scanned('scan', 0, 'phone-1')],
    },
    {
      when: 'the rows come twice',
      story: [
        scanned('scan', 0, 'phone-1'),
        registered('done', 1),
        registered('done', 1),
        scanned('scan', 0, 'phone-1'),
      ],
    },
    {
      when: 'the push method was gained, written by the user',
      story: [scanned('scan', 0, 'phone-1'), methods('gain', 1, [], [6])],
    },
    {
      when: 'the code method was gained, written by the service',
      story: [scanned('scan', 0, 'phone-1'), methods('gain', 1, [0], [0, 7], { by: SERVICE })],
    },
    {
      when: 'all required security info was registered',
      story: [scanned('scan', 0, 'phone-1'), registeredAll('done', 1)],
    },
    {
      when: 'the same device was used more than 2 min after it was added',
      story: [
        scanned('scan', 0, 'phone-1'),
        used('use', 30, 'phone-1', '2026-03-02T12:02:00.0000001Z'),
      ],
    },
    {
      when: 'the use within the grace is followed by uses after it and preceded by other rewrites',
      story: [
        scanned('scan', 0, 'phone-1'),
        ...[0.1, 0.2, 0.3].map((when, i) =>
          phones(
            `drift-${i}`,
            when,
            [phone('phone-1')],
            [phone('phone-1', { OathTokenTimeDrift: i })],
          ),
        ),
        used('use', 5, 'phone-1', '2026-03-02T12:05:00Z'),
        ...[70, 80, 90].map((when, i) =>
          used(`later-${i}`, when, 'phone-1', `2026-03-02T13:${10 * (i + 1)}:00Z`),
        ),
      ],
    },

    // Ended without fault
    {
      when: 'the device was removed',
      story: [scanned('scan', 0, 'phone-1'), removed('gone', 5, 'phone-1')],
    },
    {
      when: 'the authenticator was deleted',
      story: [scanned('scan', 0, 'phone-1'), deleted('gone', 5)],
    },
    {
      when: 'it was cancelled and the device removed',
      story: [
        scanned('scan', 0, 'phone-1'),
        cancelled('cancel', 1),
        removed('gone', 1.1, 'phone-1'),
      ],
    },
    {
      when: 'an admin deleted the authenticator',
      story: [scanned('scan', 0, 'phone-1'), adminReset('reset', 5)],
    },
    {
      when: 'an admin deleted security info, without a reason',
      story: [scanned('scan', 0, 'phone-1'), adminReset('reset', 5, { reason: '' })],
    },
    {
      when: 'an admin emptied the methods',
      story: [scanned('scan', 0, 'phone-1'), methods('reset', 5, [0], [], { by: ADMIN })],
    },
    {
      when: 'an admin of whom only the name is logged emptied the methods',
      story: [
        scanned('scan', 0, 'phone-1'),
        methods('reset', 5, [0], [], {
          raw: { initiatedBy: { user: { id: null, userPrincipalName: 'admin@example.com' } } },
        }),
      ],
    },

    // Not an entry
    {
      when: 'an admin wrote the device',
      story: [scanned('scan', 0, 'phone-1', { by: ADMIN })],
    },
    {
      when: 'another app wrote the device',
      story: [scanned('scan', 0, 'phone-1', { by: { app: 'Contoso Provisioning' } })],
    },
    ...['failure', 'timeout', 'unknownFutureValue'].map((result) => ({
      when: `writing the device ended in ${result}`,
      story: [scanned('scan', 0, 'phone-1', { result })],
    })),
    {
      when: 'the Id changed while the push token stayed the same in the row',
      story: [
        phones(
          'rename',
          0,
          [phone('phone-0', { DeviceToken: 'same' })],
          [phone('phone-1', { DeviceToken: 'same' })],
        ),
      ],
    },
    {
      when: 'the device has no Id',
      story: [phones('scan', 0, [], [phone('')])],
    },
    {
      when: 'the target is not a user',
      story: [
        audit('group', 0, {
          activity: 'Add member to role',
          raw: { targetResources: [{ id: 'group', Type: 'Group', modifiedProperties: [] }] },
        }),
      ],
    },

    // Routine rewrites
    {
      when: 'LastAuthenticatedTimestamp is rewritten at a sign-in',
      story: [used('use', 0, 'phone-1', '2026-03-02T12:00:00Z')],
    },
    {
      when: 'PhoneAppVersion is rewritten',
      story: [
        phones('version', 0, [phone('phone-1')], [phone('phone-1', { PhoneAppVersion: '6.8.1' })]),
      ],
    },
    {
      when: 'OathTokenTimeDrift is rewritten',
      story: [
        phones('drift', 0, [phone('phone-1')], [phone('phone-1', { OathTokenTimeDrift: -1 })]),
      ],
    },
    {
      when: 'the order of the devices is rewritten',
      story: [
        phones(
          'order',
          0,
          [phone('phone-1'), phone('phone-2')],
          [phone('phone-2'), phone('phone-1')],
        ),
      ],
    },
    {
      when: 'the order of the methods is rewritten',
      story: [methods('order', 0, [6, 7], [7, 6, 0, 5])],
    },
    {
      when: 'an update touches nothing of this',
      story: [update('other', 0, [['DisplayName', 'Ann', 'Anne']])],
    },

    // Starts
    {
      when: 'registration was started up to 15 min before the code was scanned, and finished',
      story: [started('start', 0), scanned('scan', 15, 'phone-1'), registered('done', 16)],
    },
    {
      when: 'registration was started up to 15 min after the code was scanned, and finished',
      story: [scanned('scan', 0, 'phone-1'), started('start', 15), registered('done', 16)],
    },
    {
      when: 'starting failed, said by reason',
      story: [
        started('start', 0, {
          reason: `User failed to start the registration for ${AUTHENTICATOR}`,
        }),
      ],
    },
    {
      when: 'starting failed, said by result',
      story: [started('start', 0, { result: 'failure' })],
    },
    {
      when: 'another method was started',
      story: [
        started('start', 0, { reason: 'User started the registration for Mobile Phone SMS' }),
      ],
    },
    {
      when: 'registration was started three times in two hours: registration-without-outcome tells of it',
      story: [0, 60, 120].map((at) => started(`start-${at}`, at)),
      until: 400,
    },
    {
      when: 'a start alone was finished',
      story: [started('start', 0), registered('done', 5)],
    },
    {
      when: 'a start alone was cancelled',
      story: [started('start', 0), cancelled('cancel', 5)],
    },
  ] satisfies readonly (Omit<Story, 'until' | 'expected'> & { until?: When })[]
).map((each) => ({ until: 280, ...each, expected: undefined }));

// ---------------------------------------------------------------------------------------------------- cannot say yet

/** `askAgainAt` of each. */
export const WAITS: readonly Story<When>[] = [
  {
    when: 'the log is complete to one instant before the deadline',
    story: [scanned('scan', 0, 'phone-1')],
    until: 60 - TICK,
    expected: 60,
  },
  {
    when: 'the scan itself is newer than the complete log',
    story: [scanned('scan', 0, 'phone-1')],
    until: -1,
    expected: 60,
  },
  {
    when: 'only a start is logged so far',
    story: [started('start', 0)],
    until: 59,
    expected: 60,
  },
  {
    when: 'a start alone must wait for the scan that would belong to it, however short the grace',
    story: [started('start', 0)],
    until: 12,
    settings: { grace: '10m' },
    expected: 15,
  },
  {
    when: 'two devices were scanned: the first deadline comes first',
    story: [scanned('scan-1', 0, 'phone-1'), scanned('scan-2', 20, 'phone-2')],
    until: 30,
    expected: 60,
  },
];

export const CANNOT_SAY: readonly Story[] = [
  {
    when: 'part of the hour after the scan was given up',
    story: [scanned('scan', 0, 'phone-1')],
    until: 280,
    gaps: [[20, 30]],
    expected: undefined,
  },
  {
    when: 'a gap begins one instant before the deadline',
    story: [scanned('scan', 0, 'phone-1')],
    until: 280,
    gaps: [[60 - TICK, 90]],
    expected: undefined,
  },
  {
    when: 'a gap ends inside the skew before the scan',
    story: [scanned('scan', 0, 'phone-1')],
    until: 280,
    gaps: [[-60, -2 + TICK]],
    expected: undefined,
  },
  {
    when: 'reading began inside the skew before the scan',
    story: [scanned('scan', 0, 'phone-1')],
    from: -2 + TICK,
    until: 280,
    expected: undefined,
  },
  {
    when: 'the scan is older than what was read (state was forgotten)',
    story: [scanned('scan', 0, 'phone-1')],
    from: 10,
    until: 280,
    expected: undefined,
  },
  {
    when: 'a start alone may belong to a scan in a gap',
    story: [started('start', 0)],
    until: 280,
    gaps: [[-15, -14]],
    expected: undefined,
  },
  {
    when: 'it was finished late, but the hour after the scan holds a gap',
    story: [scanned('scan', 0, 'phone-1'), registered('done', 120)],
    until: 280,
    gaps: [[20, 30]],
    expected: undefined,
  },
];

/** Gaps that change nothing. */
export const DESPITE_GAPS: readonly Story<readonly string[]>[] = [
  {
    when: 'a gap ends exactly the skew before the scan',
    story: [scanned('scan', 0, 'phone-1')],
    until: 280,
    gaps: [[-60, -2]],
    expected: ['open'],
  },
  {
    when: 'a gap begins exactly at the deadline',
    story: [scanned('scan', 0, 'phone-1')],
    until: 280,
    gaps: [[60, 90]],
    expected: ['open'],
  },
  {
    when: 'it was finished in time, whatever else was missed',
    story: [scanned('scan', 0, 'phone-1'), registered('done', 40)],
    until: 280,
    gaps: [[20, 30]],
    expected: ['disproved'],
  },
];

// ---------------------------------------------------------------------------------------------------------- resolves

export const RESOLVES: readonly Story<Partial<Said>>[] = [
  ...(
    [
      ['completed', 'late', 'it is registered', registered('end', 120)],
      ['completed', 'late', 'it is registered exactly at the deadline', registered('end', 60)],
      ['completed', 'late', 'the methods gain the authenticator', methods('end', 120, [], [6, 7])],
      ['used', 'late', 'the device is used', used('end', 120, 'phone-1', '2026-03-02T14:00:00Z')],
      ['removed', 'removed', 'the device is removed', removed('end', 120, 'phone-1')],
      ['deleted', 'removed', 'the user deletes the authenticator', deleted('end', 120)],
      ['admin-reset', 'reset', 'an admin deletes the authenticator', adminReset('end', 120)],
      ['user-deleted', 'left', 'the person is deleted', left('end', 120, 'Delete user')],
      [
        'user-deleted',
        'left',
        'the person is deleted for good',
        left('end', 120, 'Hard Delete user'),
      ],
      ['user-disabled', 'left', 'the account is disabled', left('end', 120, 'Disable account')],
    ] as const
  ).map(([resolution, message, when, row]) => ({
    when: `${when}, after the grace: ${resolution}`,
    story: [scanned('scan', 0, 'phone-1'), row],
    until: 280,
    expected: {
      message,
      state: 'resolved',
      severity: 'medium',
      resolution,
      evidence: ['scan', 'end'],
    },
  })),
  {
    when: 'it is first removed and registered again later: the first end counts',
    story: [
      scanned('scan', 0, 'phone-1'),
      removed('gone', 120, 'phone-1'),
      registered('done', 180),
    ],
    until: 280,
    expected: { state: 'resolved', resolution: 'removed', evidence: ['scan', 'gone'] },
  },
  {
    when: 'the same device is removed and added again, unfinished: open once more',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      removed('gone', 100, 'phone-1'),
      scanned('scan-2', 200, 'phone-1'),
    ],
    until: 280,
    expected: { ...PLAIN, count: 2, since: '2026-03-02T16:20:00.0000000Z' as never },
  },
  {
    when: 'the same device is added again and finished in time: the first stretch is over',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      removed('gone', 100, 'phone-1'),
      scanned('scan-2', 200, 'phone-1'),
      registered('done', 201),
    ],
    until: 280,
    expected: { state: 'resolved', resolution: 'removed', count: 1, evidence: ['scan-1', 'gone'] },
  },
  {
    when: 'a start alone is cancelled late',
    story: [started('start', 0), cancelled('cancel', 120)],
    until: 280,
    expected: { ...STARTED, state: 'resolved', resolution: 'cancelled' },
  },
  {
    when: 'a start alone is started again and finished: retried',
    story: [started('start-1', 0), started('start-2', 119), registered('done', 120)],
    until: 280,
    expected: { ...STARTED, state: 'resolved', resolution: 'retried', count: 1 },
  },
];

/** Stories of more than one device: what becomes of each. */
export const DEVICES: readonly Story<Readonly<Record<string, string>>>[] = [
  {
    when: 'the second attempt succeeds in time: the first was retried',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      phones('scan-2', 120, [phone('phone-1')], [phone('phone-1'), phone('phone-2')]),
      registered('done', 121),
    ],
    until: 280,
    expected: { 'device:phone-1': 'retried', 'device:phone-2': 'disproved' },
  },
  {
    when: 'the second attempt succeeds late: completed, and the first was retried',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      scanned('scan-2', 70, 'phone-2'),
      registered('done', 200),
    ],
    until: 280,
    expected: { 'device:phone-1': 'retried', 'device:phone-2': 'completed' },
  },
  {
    when: 'the completion is logged before the second scan, within the skew',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      registered('done', 119),
      scanned('scan-2', 120, 'phone-2'),
    ],
    until: 280,
    expected: { 'device:phone-1': 'retried', 'device:phone-2': 'disproved' },
  },
  {
    when: 'both attempts within the grace: silence for both',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      scanned('scan-2', 10, 'phone-2'),
      registered('done', 11),
    ],
    until: 280,
    expected: { 'device:phone-1': 'disproved', 'device:phone-2': 'disproved' },
  },
  {
    when: 'both attempts are left unfinished',
    story: [scanned('scan-1', 0, 'phone-1'), scanned('scan-2', 10, 'phone-2')],
    until: 280,
    expected: { 'device:phone-1': 'open', 'device:phone-2': 'open' },
  },
  {
    when: 'two devices are added by one row',
    story: [phones('scan', 0, [], [phone('phone-1'), phone('phone-2')])],
    until: 280,
    expected: { 'device:phone-1': 'open', 'device:phone-2': 'open' },
  },
  {
    when: 'a start more than 15 min before the scan is an attempt of its own',
    story: [started('start', 0), scanned('scan', 15 + TICK, 'phone-1')],
    until: 280,
    expected: { 'device:phone-1': 'open', 'started:2026-03-02': 'open' },
  },
  {
    when: 'the same device is finished once and waits the second time',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      registered('done', 1),
      removed('gone', 100, 'phone-1'),
      scanned('scan-2', 250, 'phone-1'),
    ],
    until: 280,
    expected: { 'device:phone-1': 'pending' },
  },
  {
    when: 'the same device is unfinished once and waits the second time: what is proven is said',
    story: [
      scanned('scan-1', 0, 'phone-1'),
      removed('gone', 100, 'phone-1'),
      scanned('scan-2', 250, 'phone-1'),
    ],
    until: 280,
    expected: { 'device:phone-1': 'removed' },
  },
];

export const STORIES: readonly Story<unknown>[] = [
  ...RAISES,
  ...RAISES_TODAY,
  ...SILENT,
  ...SILENT_TODAY,
  ...RESOLVES_TODAY,
  ...WAITS_TODAY,
  ...WAITS,
  ...CANNOT_SAY,
  ...DESPITE_GAPS,
  ...RESOLVES,
  ...DEVICES,
];
