import {
  ADMIN,
  left,
  methods,
  named,
  pass,
  phones,
  roleAssigned,
  roleEnded,
  SERVICE,
} from './mfa-rows';
import { audit, TICK, update, type Row, type Said, type Story, type When } from './play';

// What administrators do to the methods of Ann, and what she registers afterwards.

const DAY = 24 * 60;
/** Three days after a reset; an hour and a day after a pass. */
const GRACE = 3 * DAY;
const PASS = 60 + DAY;
const AFTER = { until: 10 * DAY } as const;

/** All methods off the account: what Core Directory logs of a required re-registration. */
export const emptied = (
  id: string,
  when: When,
  options: { user?: string; by?: typeof ADMIN } = {},
): Row => methods(id, when, [6, 7], [], { by: ADMIN, ...options });
/** The same act in the words of the service Authentication Methods. */
const required = (id: string, when: When): Row =>
  audit(id, when, {
    activity: 'Admin deleted security info',
    by: ADMIN,
    reason: 'Admin required re-registration of MFA authentication methods.',
  });
const byAdmin = (id: string, when: When, activity: string, reason: string): Row =>
  audit(id, when, { activity, by: ADMIN, reason });
/** As Graph sends it: the row says until when the pass is valid. */
const passUntil = (id: string, when: When, to: unknown): Row =>
  audit(id, when, {
    activity: 'Admin registered security info',
    by: ADMIN,
    reason: 'Admin registered temporary access pass method for user',
    changes: [
      ['TemporaryAccessPass.Id', '', '3d38627e-f962-4166-8f96-ea05e09c6309'],
      ['TemporaryAccessPass.EndDateTime', '', to],
      ['TemporaryAccessPass.AccessPassUsage', '', 'Once'],
    ],
  });
const registered = (
  id: string,
  when: When,
  method = 'Authenticator App with Notification and Code',
  user = 'ann',
): Row =>
  audit(id, when, {
    activity: 'User registered security info',
    reason: `User registered ${method}`,
    user,
  });
const allRegistered = (id: string, when: When): Row =>
  audit(id, when, { activity: 'User registered all required security info' });
const added = (id: string, when: When, activity: string): Row =>
  audit(id, when, { activity, service: 'Device Registration Service' });
const scanned = (id: string, when: When): Row =>
  phones(id, when, [], [{ Id: 'd1', DeviceName: 'Pixel 9', DeviceToken: 't-1' }]);

const RESET = {
  ...{ subject: 'ann', anchor: 'reset', state: 'open', message: 'reset-not-followed' },
  ...{ severity: 'medium', stage: 'alert' },
} as const;
const ISSUED = { ...RESET, anchor: 'pass', message: 'pass-not-followed' } as const;

const time = (text: string): never => text as never;

// ------------------------------------------------------------------------------------------------------------ raises

export const RAISES: readonly Story<Partial<Said>>[] = [
  {
    when: 'an administrator takes all methods off and nothing is registered in three days',
    story: [emptied('reset', 0)],
    until: GRACE,
    expected: {
      ...{ ...RESET, count: 1, evidence: ['reset'] },
      firstSeenAt: time('2026-03-02T12:00:00.0000000Z'),
      since: time('2026-03-05T12:00:00.0000000Z'),
      facts: {
        awaitedUntil: '2026-03-05T12:00:00.0000000Z',
        resetAt: '2026-03-02T12:00:00.0000000Z',
      },
    },
  },
  {
    when: 're-registration is required and nothing is registered in three days',
    story: [required('reset', 0)],
    until: GRACE,
    expected: {
      ...RESET,
      facts: expect.objectContaining({ reregistrationRequired: true }) as never,
    },
  },
  {
    when: 'it is logged by both services, which is one act',
    story: [emptied('reset', 0), required('too', 1)],
    ...AFTER,
    expected: { ...RESET, count: 1, evidence: ['reset', 'too'] },
  },
  {
    when: 'a pass is issued and nothing is registered a day after its hour',
    story: [pass('pass', 0)],
    until: PASS,
    expected: {
      ...{ ...ISSUED, count: 1, evidence: ['pass'] },
      since: time('2026-03-03T13:00:00.0000000Z'),
      facts: {
        awaitedUntil: '2026-03-03T13:00:00.0000000Z',
        passIssuedAt: '2026-03-02T12:00:00.0000000Z',
      },
    },
  },
  {
    when: 'the pass says that it is valid for eight hours',
    story: [passUntil('pass', 0, '2026-03-02T20:00:00.0000000Z')],
    until: 8 * 60 + DAY,
    expected: {
      ...{ ...ISSUED, since: time('2026-03-03T20:00:00.0000000Z') },
      facts: expect.objectContaining({ passValidTo: '2026-03-02T20:00:00.0000000Z' }) as never,
    },
  },
  ...[
    ['is no time', '3/2/2026 8:00 PM'],
    ['lies before it was issued', '2026-03-01T20:00:00Z'],
    ['lies further away than any pass is valid', '2027-03-01T20:00:00Z'],
  ].map(([when, to]) => ({
    when: `the end of the pass ${when}: the usual hour is assumed`,
    story: [passUntil('pass', 0, to)],
    until: PASS,
    expected: { ...ISSUED, since: time('2026-03-03T13:00:00.0000000Z') },
  })),
  ...[
    'Create Temporary Access Pass method for user',
    'Admin generated temporary access pass method for user',
  ].map((activity) => ({
    when: `the pass is logged as "${activity}"`,
    story: [audit('pass', 0, { activity, by: ADMIN })],
    ...AFTER,
    expected: ISSUED,
  })),
  {
    when: 'the registration comes exactly at the end of the three days: too late to be silence',
    story: [emptied('reset', 0), registered('done', GRACE)],
    ...AFTER,
    expected: {
      ...RESET,
      state: 'resolved',
      resolution: 'registered',
      evidence: ['reset', 'done'],
    },
  },
  {
    when: 'the registration comes exactly a day after the pass has expired',
    story: [pass('pass', 0), registered('done', PASS)],
    ...AFTER,
    expected: {
      ...ISSUED,
      state: 'resolved',
      resolution: 'registered',
      evidence: ['pass', 'done'],
    },
  },
  {
    when: 'somebody else registers',
    story: [pass('pass', 0), registered('other', 5, 'Passkey', 'bob')],
    ...AFTER,
    expected: ISSUED,
  },
  {
    when: 'a method was registered before the reset, which took it off',
    story: [registered('before', -5), emptied('reset', 0)],
    ...AFTER,
    expected: RESET,
  },
  {
    when: 'a method was registered before the pass, which may still be there',
    story: [registered('before', -5), pass('pass', 0)],
    ...AFTER,
    expected: {
      ...ISSUED,
      facts: expect.objectContaining({
        earlier: 'an authenticator was registered',
        earlierAt: '2026-03-02T11:55:00.0000000Z',
      }) as never,
    },
  },
  {
    when: 'registrations are started, cancelled or fail',
    story: [
      pass('pass', 0),
      audit('started', 5, { activity: 'User started security info registration' }),
      audit('cancelled', 6, { activity: 'User canceled security info registration' }),
      audit('failed', 7, {
        activity: 'User registered security info',
        result: 'failure',
        reason: 'User failed to register Passkey',
      }),
      audit('failed2', 8, {
        activity: 'User registered all required security info',
        result: 'failure',
      }),
    ],
    ...AFTER,
    expected: ISSUED,
  },
  {
    when: 'a registration turns out to have failed',
    story: [
      pass('pass', 0),
      registered('row', 5, '', 'ann'),
      audit('row', 5, {
        activity: 'User registered security info',
        reason: 'User failed to register Passkey',
      }),
    ],
    ...AFTER,
    expected: ISSUED,
  },
  {
    when: 'they hold a privileged role',
    story: [roleAssigned('role', -DAY, 'Global Administrator'), emptied('reset', 0)],
    ...AFTER,
    expected: {
      ...{ ...RESET, severity: 'high', evidence: ['role', 'reset'] },
      facts: expect.objectContaining({ roles: ['Global Administrator'] }) as never,
    },
  },
  {
    when: 'they are given a privileged role afterwards',
    story: [pass('pass', 0), roleAssigned('role', 5 * DAY, 'Exchange Administrator')],
    ...AFTER,
    expected: { ...ISSUED, severity: 'high' },
  },
  ...[
    'Remove member from role',
    'Remove member from role (PIM activation expired)',
    'Remove member from role completed (PIM deactivate)',
  ].map((activity) => ({
    when: `a privileged role has ended: "${activity}"`,
    story: [
      roleAssigned('role', -DAY, 'Global Administrator'),
      roleEnded('ended', -60, 'Global Administrator', activity),
      pass('pass', 0),
    ],
    ...AFTER,
    expected: { ...ISSUED, severity: 'medium' },
  })),
  {
    when: 'the role they hold is not privileged',
    story: [roleAssigned('role', -DAY, 'Reports Reader'), pass('pass', 0)],
    ...AFTER,
    expected: { ...ISSUED, severity: 'medium' },
  },
  {
    when: 'a pass follows the reset: one finding, told when the pass has come to nothing',
    story: [emptied('reset', 0), pass('pass', 60)],
    until: 2 * DAY,
    expected: { ...RESET, message: 'pass-not-followed', count: 1, evidence: ['pass'] },
  },
  {
    when: 'a pass follows the reset and the three days are over: the reset is what counts',
    story: [emptied('reset', 0), pass('pass', 60)],
    ...AFTER,
    expected: {
      ...{ ...RESET, count: 2, evidence: ['reset', 'pass'] },
      since: time('2026-03-03T14:00:00.0000000Z'),
    },
  },
  {
    when: 'the pass is issued first and the methods are taken off then',
    story: [pass('pass', 0), emptied('reset', 5)],
    ...AFTER,
    expected: { ...RESET, anchor: 'pass', count: 2 },
  },
  {
    when: 'another pass is issued because the first was not used: one finding',
    story: [pass('pass', 0), pass('again', 5 * 60)],
    ...AFTER,
    expected: { ...ISSUED, count: 2, evidence: ['pass', 'again'] },
  },
  {
    when: 'the first pass led to a registration and the next one, later that day, to none',
    story: [pass('first', 0), registered('done', 30), pass('pass', 5 * 60)],
    ...AFTER,
    expected: { ...ISSUED, count: 1, evidence: ['pass'] },
  },
  {
    when: 'the pass is deleted after it had expired, which is cleaning up',
    story: [
      pass('pass', 0),
      byAdmin(
        'deleted',
        60,
        'Admin deleted security info',
        'Admin deleted temporary access pass method for user',
      ),
    ],
    ...AFTER,
    expected: ISSUED,
  },
  {
    when: 'the account was disabled and is enabled again: the three days run from then',
    story: [
      left('disabled', -DAY, 'Disable account'),
      emptied('reset', 0),
      left('enabled', 5 * DAY, 'Enable account'),
    ],
    until: 8 * DAY,
    expected: { ...RESET, since: time('2026-03-10T12:00:00.0000000Z') },
  },
  {
    when: 'the account was deleted and restored',
    story: [
      emptied('reset', 0),
      left('deleted', 60, 'Delete user'),
      left('restored', 120, 'Restore user'),
    ],
    ...AFTER,
    expected: RESET,
  },
  {
    when: 'the account is disabled later',
    story: [emptied('reset', 0), left('disabled', 4 * DAY, 'Disable account')],
    ...AFTER,
    expected: { ...RESET, state: 'resolved', resolution: 'user-disabled' },
  },
  {
    when: 'the account is deleted later',
    story: [emptied('reset', 0), left('deleted', 4 * DAY, 'Delete user')],
    ...AFTER,
    expected: { ...RESET, state: 'resolved', resolution: 'user-deleted' },
  },
  {
    when: 'an authenticator is added late and not verified: that registers nothing',
    story: [emptied('reset', 0), scanned('scan', 4 * DAY)],
    ...AFTER,
    expected: RESET,
  },
  {
    when: 'only their profile changes',
    story: [
      emptied('reset', 0),
      update('profile', 5, [['PreferredLanguage', 'en', 'nb']], { by: ADMIN }),
      phones('routine', 6, [{ Id: 'd1' }], [{ Id: 'd1' }]),
      methods('kept', 7, [6], [6], { by: SERVICE }),
    ],
    ...AFTER,
    expected: RESET,
  },
  {
    when: 'three passes, each before a day after the one before, and a gap after the first',
    story: [pass('pass', 0), pass('two', DAY), pass('three', 2 * DAY)],
    until: 10 * DAY,
    gaps: [[26 * 60, 27 * 60]],
    expected: {
      ...{ ...ISSUED, count: 1, evidence: ['three'] },
      firstSeenAt: time('2026-03-04T12:00:00.0000000Z'),
    },
  },
  {
    when: 'every row comes twice: one act',
    story: [pass('pass', 0), pass('pass', 0)],
    ...AFTER,
    expected: { ...ISSUED, count: 1 },
  },
  {
    when: 'the row comes first without its reason and then as a pass',
    story: [byAdmin('pass', 0, 'Admin registered security info', ''), pass('pass', 0)],
    ...AFTER,
    expected: ISSUED,
  },
  {
    when: 'another time is set for either',
    story: [emptied('reset', 0)],
    until: DAY,
    settings: { grace: '1d' },
    expected: RESET,
  },
  {
    when: 'passes are set to be valid for eight hours',
    story: [pass('pass', 0)],
    until: 8 * 60 + DAY,
    settings: { 'pass-lifetime': '8h' },
    expected: ISSUED,
  },
];

// ------------------------------------------------------------------------------------------------------ stays silent

export const SILENT: readonly Story[] = [
  {
    when: 'a method is registered just before the three days are over',
    story: [emptied('reset', 0), registered('done', GRACE - TICK)],
  },
  {
    when: 'a method is registered just before a day after the pass has expired',
    story: [pass('pass', 0), registered('done', PASS - TICK)],
  },
  {
    when: 'the rows come in reverse',
    story: [registered('done', 10), required('too', 1), emptied('reset', 0)],
  },
  ...[
    'Add passwordless phone sign-in credential',
    'Add Passkey (device-bound)',
    'Add Passkey (device-bound) security key',
    'Add Passkey (synced)',
    'Add FIDO2 security key',
    'Add Windows Hello for Business credential',
    'Add platform credential',
  ].map((activity) => ({
    when: `it is followed by "${activity}"`,
    story: [pass('pass', 0), added('done', 20, activity)],
  })),
  ...(
    [
      ['all required security info', allRegistered('done', 20)],
      ['a phone number', registered('done', 20, 'Mobile Phone SMS')],
      ['a method without a name', registered('done', 20, '')],
      [
        'a passkey that the details name',
        audit('done', 20, { activity: 'User registered security info', raw: named('Passkey') }),
      ],
      ['a row without a result', { ...registered('done', 20), result: null }],
      [
        'an authenticator, seen by what it changed',
        methods('done', 20, [], [6, 7], { by: SERVICE }),
      ],
      ['a phone, seen by what it changed', methods('done', 20, [], [5], { by: SERVICE })],
      [
        'a phone number that an administrator enters',
        byAdmin(
          'done',
          20,
          'Admin registered security info',
          'Admin registered phone method for user',
        ),
      ],
      [
        'something that an administrator registers without saying what',
        byAdmin('done', 20, 'Admin registered security info', ''),
      ],
      [
        'an authenticator that is never verified, of which another detector tells',
        scanned('scan', 20),
      ],
    ] as const
  ).flatMap(([what, row]) => [
    { when: `a reset is followed by ${what}`, story: [emptied('reset', 0), row] },
    { when: `a pass is followed by ${what}`, story: [pass('pass', 0), row] },
  ]),
  { when: 'nothing was reset and nothing issued', story: [registered('done', 0)] },
  {
    when: 'they take their own methods off',
    story: [emptied('own', 0, { by: { user: 'ann' } })],
  },
  {
    when: 'an administrator deletes one of several methods',
    story: [
      byAdmin('one', 0, 'Admin deleted security info', 'Admin deleted phone method for user'),
      methods('left', 1, [5, 6], [6], { by: ADMIN }),
    ],
  },
  {
    when: 'the registration service empties the list and fills it again',
    story: [
      methods('a', 0, [6, 7], [], { by: SERVICE }),
      methods('b', 1, [], [6], { by: SERVICE }),
    ],
  },
  {
    when: 'an administrator registers a phone number for them',
    story: [
      byAdmin(
        'phone',
        0,
        'Admin registered security info',
        'Admin registered phone method for user',
      ),
    ],
  },
  {
    when: 'the pass could not be issued',
    story: [
      audit('pass', 0, {
        activity: 'Admin registered security info',
        by: ADMIN,
        result: 'failure',
        reason: 'Admin registered temporary access pass method for user',
      }),
    ],
  },
  {
    when: 'the pass is withdrawn before it has expired',
    story: [
      pass('pass', 0),
      byAdmin(
        'gone',
        60 - TICK,
        'Admin deleted security info',
        'Admin deleted temporary access pass method for user',
      ),
    ],
  },
  ...['Delete user', 'Hard Delete user', 'Disable account'].map((activity) => ({
    when: `the person leaves: "${activity}" follows the reset`,
    story: [emptied('reset', 0), left('left', 60, activity)],
  })),
  {
    when: 'the person has left: the methods are taken off a disabled account',
    story: [left('left', -60, 'Disable account'), emptied('reset', 0), pass('pass', 5)],
  },
  {
    when: 'the first pass came to nothing and the second, on the same day, to a registration',
    story: [pass('pass', 0), pass('again', 5 * 60), registered('done', 6 * 60)],
  },
  {
    when: 'reset and pass are both followed by one registration',
    story: [emptied('reset', 0), pass('pass', 5), registered('done', 20)],
  },
  {
    when: 'the row is about something that is no person',
    story: [
      {
        ...pass('pass', 0),
        targetResources: [{ id: 'g1', type: 'Group', modifiedProperties: [] }],
      },
    ],
  },
].map((each) => ({ ...each, ...AFTER, expected: undefined }));

// -------------------------------------------------------------------------------------------------- waits, cannot say

/** `askAgainAt` of each. */
export const WAITS: readonly Story<When>[] = [
  {
    when: 'the three days are not over, by one instant',
    story: [emptied('reset', 0)],
    until: GRACE - TICK,
    expected: GRACE,
  },
  {
    when: 'the day after the pass has expired is not over',
    story: [pass('pass', 0)],
    until: PASS - TICK,
    expected: PASS,
  },
  {
    when: 'the account has been enabled only now',
    story: [
      left('disabled', -DAY, 'Disable account'),
      emptied('reset', 0),
      left('enabled', 5 * DAY, 'Enable account'),
    ],
    until: 6 * DAY,
    expected: 8 * DAY,
  },
];

export const CANNOT_SAY: readonly Story[] = [
  { when: 'the log was not read at the reset', story: [emptied('reset', 0)], from: 1 },
  {
    when: 'a gap lies in the three days',
    story: [emptied('reset', 0)],
    gaps: [[DAY, DAY + 1] as const],
  },
  {
    when: 'a gap lies in the day after the pass',
    story: [pass('pass', 0)],
    gaps: [[70, 80] as const],
  },
].map((each) => ({ ...each, ...AFTER, expected: undefined }));

export const STORIES: readonly Story<unknown>[] = [...RAISES, ...SILENT, ...WAITS, ...CANNOT_SAY];
