import {
  audit,
  TICK,
  update,
  type AuditOptions,
  type Row,
  type Said,
  type Story,
  type When,
} from './play';

// Registrations as the service Authentication Methods logs them. All are Ann's passkey, unless said otherwise.

/** What a row says of which method. */
export interface Step extends Partial<AuditOptions> {
  readonly method?: string;
}

export const started = (
  id: string,
  when: When,
  { method = 'Passkey', ...options }: Step = {},
): Row =>
  audit(id, when, {
    activity: 'User started security info registration',
    reason: `User started the registration for ${method}`,
    ...options,
  });

/** Starts at these minutes: `s0`, `s5` ... */
const starts = (...minutes: readonly number[]): Row[] => minutes.map((at) => started(`s${at}`, at));

const registered = (id: string, when: When, { method = 'Passkey', ...options }: Step = {}): Row =>
  audit(id, when, {
    activity: 'User registered security info',
    reason: `User registered ${method}`,
    ...options,
  });
const added = (id: string, when: When, activity: string, options: Step = {}): Row =>
  audit(id, when, { activity, service: 'Device Registration Service', ...options });
const cancelled = (id: string, when: When, options: Step = {}): Row =>
  audit(id, when, {
    activity: 'User canceled security info registration',
    reason: 'User canceled security info registration',
    ...options,
  });
const allRegistered = (id: string, when: When, options: Step = {}): Row =>
  audit(id, when, {
    activity: 'User registered all required security info',
    reason: 'User registered all required security info.',
    ...options,
  });
const phone = (id: string, when: When, before: readonly string[], after: readonly string[]): Row =>
  update(
    id,
    when,
    [['StrongAuthenticationPhoneAppDetail', before.map(device), after.map(device)]],
    { by: { app: 'Azure MFA StrongAuthenticationService' } },
  );
const device = (id: string): Row => ({ Id: id, DeviceName: 'Pixel 7', DeviceToken: `t-${id}` });

const AUTHENTICATOR = { method: 'Authenticator App with Notification and Code' };
const authenticatorStarts = [0, 5, 10].map((at) => started(`s${at}`, at, AUTHENTICATOR));

const OPEN = {
  subject: 'ann',
  anchor: 'passkey|2026-03-02',
  state: 'open',
  message: 'no-outcome',
  severity: 'low',
  stage: 'alert',
} as const;
const AFTER = { until: 600 } as const;

/** The public case of September 2026: 13 starts in 80 minutes, and nothing else in the log. */
export const PUBLIC_CASE = starts(
  ...Array.from({ length: 13 }, (_, i) => Math.round((i * 80) / 12)),
);

// ------------------------------------------------------------------------------------------------------------ raises

export const RAISES: readonly Story<Partial<Said>>[] = [
  {
    when: 'a passkey is started three times and nothing follows within the hour',
    story: starts(0, 5, 10),
    until: 70,
    expected: {
      ...OPEN,
      count: 3,
      firstSeenAt: '2026-03-02T12:00:00.0000000Z' as never,
      lastSeenAt: '2026-03-02T12:10:00.0000000Z' as never,
      since: '2026-03-02T13:10:00.0000000Z' as never,
      evidence: ['s0', 's5', 's10'],
      facts: { method: 'passkey', noOutcomeBy: '2026-03-02T13:10:00.0000000Z' },
    },
  },
  {
    when: 'it is the public case: 13 starts in 80 minutes',
    story: PUBLIC_CASE,
    ...AFTER,
    expected: { ...OPEN, count: 13, evidence: ['s0', 's7', 's13', 's67', 's73', 's80'] },
  },
  {
    when: 'the three lie exactly the window apart',
    story: starts(0, 60, 120),
    ...AFTER,
    expected: { ...OPEN, count: 3 },
  },
  {
    when: 'the outcome comes exactly an hour after the last start: too late to be silence',
    story: [...starts(0, 5, 10), registered('done', 70)],
    ...AFTER,
    expected: { ...OPEN, state: 'resolved', resolution: 'registered' },
  },
  ...[
    ['another method is registered', registered('other', 20, { method: 'Mobile Phone SMS' })],
    ['a phone is added, which is no passkey', phone('other', 20, [], ['new'])],
    [
      'a Windows Hello credential is added',
      added('other', 20, 'Add Windows Hello for Business credential'),
    ],
    [
      'another method is cancelled',
      cancelled('other', 20, { reason: 'User canceled the registration for Email' }),
    ],
    ['somebody else registers theirs', registered('other', 20, { user: 'bob' })],
    ['an authenticator is only rewritten', phone('other', 20, ['old'], ['old'])],
    ['an authenticator is removed', phone('other', 20, ['old'], [])],
  ].map(([when, row]) => ({
    when: `meanwhile ${when as string}`,
    story: [...starts(0, 5, 10), row as Row],
    ...AFTER,
    expected: { ...OPEN, count: 3 },
  })),
  {
    when: 'the outcome was before the first start',
    story: [registered('before', -1), cancelled('also', -1), ...starts(0, 5, 10)],
    ...AFTER,
    expected: { ...OPEN, count: 3 },
  },
  {
    when: 'SMS is registered instead, and with it all that is required',
    story: [
      ...starts(0, 5, 10),
      allRegistered('all', 20),
      registered('sms', 21, { method: 'Mobile Phone SMS' }),
    ],
    ...AFTER,
    expected: { ...OPEN, count: 3 },
  },
  {
    when: 'every row comes twice: each start counts once',
    story: [...starts(0, 5, 10), ...starts(0, 5, 10)],
    ...AFTER,
    expected: { ...OPEN, count: 3 },
  },
  {
    when: 'an outcome ends the first starts and three more follow it',
    story: [...starts(0, 5), cancelled('end', 7), ...starts(20, 25, 30)],
    ...AFTER,
    expected: { ...OPEN, count: 3, evidence: ['s20', 's25', 's30'] },
  },
  {
    when: 'an authenticator is started three times and no phone is added',
    story: authenticatorStarts,
    ...AFTER,
    expected: { ...OPEN, anchor: 'authenticator|2026-03-02' },
  },
  {
    when: 'the method has a name that is not known here',
    story: [0, 5, 10].map((at) => started(`s${at}`, at, { method: 'Face Check' })),
    ...AFTER,
    expected: { ...OPEN, anchor: 'face check|2026-03-02' },
  },
  {
    when: 'the rows name no method',
    story: [0, 5, 10].map((at) => started(`s${at}`, at, { reason: '' })),
    ...AFTER,
    expected: {
      ...OPEN,
      anchor: 'unnamed|2026-03-02',
      facts: expect.objectContaining({ method: null }) as never,
    },
  },
  {
    when: 'the method stands in the additional details',
    story: [0, 5, 10].map((at) =>
      started(`s${at}`, at, {
        reason: '',
        raw: { additionalDetails: [{ key: 'AuthenticationMethod', value: 'Passkey' }] },
      }),
    ),
    ...AFTER,
    expected: OPEN,
  },
  {
    when: 'the target is named by address alone and the initiator has the id',
    story: [0, 5, 10].map((at) =>
      started(`s${at}`, at, {
        raw: {
          targetResources: [
            {
              id: null,
              type: 'User',
              userPrincipalName: 'Ann@example.com',
              modifiedProperties: [],
            },
          ],
        },
      }),
    ),
    ...AFTER,
    expected: OPEN,
  },
  {
    when: 'fewer are set to be enough',
    story: starts(0, 5),
    ...AFTER,
    settings: { starts: '2' },
    expected: { ...OPEN, count: 2 },
  },
  {
    when: 'the log before the first start was not read',
    story: starts(0, 5, 10),
    from: 0,
    ...AFTER,
    expected: OPEN,
  },
  {
    when: 'seven whole days have not passed, by one instant',
    story: starts(0, 5, 10),
    until: 12 * 60 + 7 * 24 * 60 - TICK,
    expected: OPEN,
  },
  {
    when: 'another start within the seven days breaks the quiet',
    story: [...starts(0, 5, 10), started('again', 6 * 24 * 60)],
    until: 9 * 24 * 60,
    expected: { ...OPEN, count: 3 },
  },
  {
    when: 'it failed later: that is no end of it',
    story: [...starts(0, 5, 10), registered('failed', 100, { result: 'failure' })],
    ...AFTER,
    expected: OPEN,
  },
  {
    when: 'it ended and began again: open again, since then',
    story: [...starts(0, 5, 10), registered('done', 80), ...starts(100, 105, 110)],
    ...AFTER,
    expected: {
      ...OPEN,
      count: 3,
      since: '2026-03-02T14:50:00.0000000Z' as never,
      evidence: ['s100', 's105', 's110'],
    },
  },
  {
    when: 'it ended, too late to be heard, and began again: one finding, since then',
    story: [...starts(0, 5, 10), registered('done', 100), ...starts(130, 135, 140)],
    ...AFTER,
    expected: { ...OPEN, count: 6, since: '2026-03-02T15:20:00.0000000Z' as never },
  },
];

// ------------------------------------------------------------------------------------------------------ stays silent

export const SILENT: readonly Story[] = [
  { when: 'two starts are not three', story: starts(0, 5) },
  { when: 'the third comes just after the window', story: starts(0, 60, 120 + TICK) },
  {
    when: 'three methods are started once each',
    story: [
      started('one', 0),
      started('two', 5, AUTHENTICATOR),
      started('three', 10, { method: 'Mobile Phone SMS' }),
    ],
  },
  {
    when: 'three people start once each',
    story: ['ann', 'bob', 'eve'].map((user, i) => started(`s${i}`, i, { user })),
  },
  {
    when: 'one start is delivered three times',
    story: [started('one', 0), started('one', 0), started('one', 0)],
  },
  {
    when: 'the third try is registered, just within the hour',
    story: [...starts(0, 5, 10), registered('done', 70 - TICK)],
  },
  {
    when: 'the rows come in reverse',
    story: [registered('done', 12), ...starts(0, 5, 10).toReversed()],
  },
  ...(
    [
      ['Add Passkey (device-bound)', added('done', 12, 'Add Passkey (device-bound)')],
      [
        'Add Passkey (device-bound) security key',
        added('done', 12, 'Add Passkey (device-bound) security key'),
      ],
      ['Add FIDO2 security key', added('done', 12, 'Add FIDO2 security key')],
      [
        'Add Passkey (synced), a name that is not asked for',
        added('done', 12, 'Add Passkey (synced)'),
      ],
      [
        'Fido2 Authentication Method',
        registered('done', 12, { method: 'Fido2 Authentication Method' }),
      ],
      [
        'Passkey in Microsoft Authenticator',
        registered('done', 12, { method: 'Passkey in Microsoft Authenticator' }),
      ],
      ['a method without a name', registered('done', 12, { reason: '' })],
      ['a row without a result', registered('done', 12, { raw: { result: null } })],
      ['all required security info, and nothing else', allRegistered('done', 12)],
    ] as const
  ).map(([what, row]) => ({
    when: `it is registered: ${what}`,
    story: [...starts(0, 5, 10), row],
  })),
  {
    when: 'all required security info and the passkey itself are registered',
    story: [...starts(0, 5, 10), allRegistered('all', 12), registered('done', 13)],
  },
  { when: 'it is cancelled', story: [...starts(0, 5, 10), cancelled('end', 12)] },
  {
    when: 'it is cancelled, in the other spelling',
    story: [
      ...starts(0, 5, 10),
      cancelled('end', 12, { activity: 'User cancelled security info registration' }),
    ],
  },
  {
    when: 'it is cancelled, logged as a failure of all required security info',
    story: [...starts(0, 5, 10), allRegistered('end', 12, { result: 'failure' })],
  },
  {
    when: 'it failed, and the log says so',
    story: [
      ...starts(0, 5, 10),
      registered('end', 12, { result: 'failure', reason: 'User failed to register Passkey' }),
    ],
  },
  {
    when: 'the last start failed, and the log says so',
    story: [
      ...starts(0, 5, 10),
      started('end', 15, {
        result: 'failure',
        reason: 'User failed to start the registration for Passkey',
      }),
    ],
  },
  {
    when: 'a failed start is no start',
    story: [
      ...starts(0, 5),
      started('end', 10, { reason: 'User failed to start the registration for Passkey' }),
    ],
  },
  {
    when: 'an authenticator is started three times and a phone is added',
    story: [...authenticatorStarts, phone('added', 12, ['old'], ['old', 'new'])],
  },
  {
    when: 'an authenticator is started three times and becomes a passwordless sign-in',
    story: [...authenticatorStarts, added('done', 12, 'Add passwordless phone sign-in credential')],
  },
  {
    when: 'a software token is registered where an authenticator app was started',
    story: [...authenticatorStarts, registered('done', 12, { method: 'Software OATH token' })],
  },
  {
    when: 'a platform credential is started three times and added',
    story: [
      ...[0, 5, 10].map((at) => started(`s${at}`, at, { method: 'Platform Credential' })),
      added('done', 12, 'Add platform credential'),
    ],
  },
  {
    when: 'Windows Hello is started three times and added',
    story: [
      ...[0, 5, 10].map((at) => started(`s${at}`, at, { method: 'Windows Hello for Business' })),
      added('done', 12, 'Add Windows Hello for Business credential'),
    ],
  },
  {
    when: 'the starts name no method, and any is registered',
    story: [
      ...[0, 5, 10].map((at) => started(`s${at}`, at, { reason: '' })),
      registered('done', 12, { method: 'Mobile Phone SMS' }),
    ],
  },
  {
    when: 'the row is about something that is no person',
    story: [0, 5, 10].map((at) =>
      started(`s${at}`, at, { raw: { targetResources: [{ id: 'g1', type: 'Group' }] } }),
    ),
  },
].map((each) => ({ ...each, ...AFTER, expected: undefined }));

// ---------------------------------------------------------------------------------------- waits, cannot say, resolves

/** `askAgainAt` of each. */
export const WAITS: readonly Story<When>[] = [
  {
    when: 'the hour after the last start is not over, by one instant',
    story: starts(0, 5, 10),
    until: 70 - TICK,
    expected: 70,
  },
  {
    when: 'a later start within the window may still get its outcome',
    story: starts(0, 5, 10, 100),
    until: 80,
    expected: 160,
  },
];

export const CANNOT_SAY: readonly Story[] = [
  {
    when: 'the log was not read at the first start',
    story: starts(0, 5, 10),
    from: 1,
    until: 600,
    expected: undefined,
  },
  {
    when: 'a gap lies in the hour after',
    story: starts(0, 5, 10),
    until: 600,
    gaps: [[60, 70]],
    expected: undefined,
  },
  {
    when: 'a gap lies between the starts',
    story: starts(0, 5, 10),
    until: 600,
    gaps: [[6, 7]],
    expected: undefined,
  },
];

export const RESOLVES: readonly Story<Partial<Said>>[] = [
  {
    when: 'it is registered later',
    story: [...starts(0, 5, 10), registered('done', 100)],
    ...AFTER,
    expected: {
      ...OPEN,
      ...{ state: 'resolved', resolution: 'registered', evidence: ['s0', 's5', 's10', 'done'] },
      facts: {
        method: 'passkey',
        noOutcomeBy: '2026-03-02T13:10:00.0000000Z',
        ended: 'a passkey was registered',
        endedAt: '2026-03-02T13:40:00.0000000Z',
      },
    },
  },
  {
    when: 'it is cancelled later',
    story: [...starts(0, 5, 10), cancelled('end', 100)],
    ...AFTER,
    expected: { ...OPEN, state: 'resolved', resolution: 'cancelled' },
  },
  {
    when: 'a later try is registered at once',
    story: [...starts(0, 5, 10), started('again', 200), registered('done', 202)],
    ...AFTER,
    expected: { ...OPEN, state: 'resolved', resolution: 'registered', count: 3 },
  },
  {
    when: 'seven whole days were quiet, to the instant',
    story: starts(0, 5, 10),
    until: 12 * 60 + 7 * 24 * 60,
    expected: { ...OPEN, state: 'resolved', resolution: 'quiet' },
  },
  {
    when: 'it is registered after the quiet days: they had ended it',
    story: [...starts(0, 5, 10), registered('done', 10 * 24 * 60)],
    until: 11 * 24 * 60,
    expected: { ...OPEN, state: 'resolved', resolution: 'quiet' },
  },
  {
    when: 'a shorter quiet time has passed',
    story: starts(0, 5, 10),
    until: 12 * 60 + 24 * 60,
    settings: { quiet: '1d' },
    expected: { ...OPEN, state: 'resolved', resolution: 'quiet' },
  },
];

export const STORIES: readonly Story<unknown>[] = [
  ...RAISES,
  ...SILENT,
  ...WAITS,
  ...CANNOT_SAY,
  ...RESOLVES,
];
