import {
  cancelled,
  deleted,
  DAYS,
  methods,
  pass,
  phone,
  phones,
  proofUp,
  registered,
  registeredAll,
  removed,
  roleAssigned,
  roleEnded,
  scanned,
  used,
} from './mfa-rows';
import {
  audit,
  signIn,
  TICK,
  update,
  type Row,
  type Said,
  type SignInOptions,
  type Story,
  type When,
} from './play';

// Sign-ins that ask for more information. All are Ann's; stories begin on a Monday at noon, and times are minutes.

export const [MON, TUE, WED, THU, FRI] = [0, 1, 2, 3, 4].map((day) => day * DAYS) as [
  number,
  number,
  number,
  number,
  number,
];

interface Asked extends SignInOptions {
  readonly correlationId?: string | null;
  readonly app?: string;
}

/** "More information required": an attempt of its own, unless said otherwise. */
export const asked = (
  id: string,
  when: When,
  { correlationId = `c-${id}`, app = 'OfficeHome', raw, ...options }: Asked = {},
): Row =>
  signIn(id, when, {
    errorCode: 50125,
    raw: { correlationId, appDisplayName: app, ...raw },
    ...options,
  });
export const askedForMfa = (id: string, when: When, options: Asked = {}): Row =>
  asked(id, when, { errorCode: 50072, ...options });
/** On Monday, Tuesday and Thursday. */
export const LOOP: readonly Row[] = [asked('mon', MON), asked('tue', TUE), asked('thu', THU)];
export const LOOP_MFA: readonly Row[] = LOOP.map((row) => ({
  ...row,
  status: { errorCode: 50079 },
}));
export const REGISTERED = registered('registered', -60 * DAYS);
export const ROLE = roleAssigned('role', -30 * DAYS, 'Exchange Administrator');
const satisfied = (id: string, when: When, detail: string): Row =>
  signIn(id, when, {
    raw: { status: { errorCode: 0, failureReason: null, additionalDetails: detail } },
  });
const MFA_DONE = 'MFA completed in Azure AD';
const reviewed = (id: string, when: When): Row =>
  audit(id, when, {
    activity: 'User reviewed security info',
    reason: 'User successfully reviewed security info',
  });
const added = (id: string, when: When, activity: string): Row =>
  audit(id, when, { activity, service: 'Device Registration Service' });
const byAdmin = (id: string, when: When, reason: string, activity: string): Row =>
  audit(id, when, { activity, reason, by: { user: 'admin' } });
const contacts = (id: string, when: When, before: Row[], after: Row[]): Row =>
  update(id, when, [['StrongAuthenticationUserDetails', before, after]]);
const rowsOf = (id: string, when: number, options: Asked = {}): Row[] =>
  [0, 1, 2].map((i) => asked(`${id}${i}`, when + i / 10, { correlationId: `c-${id}`, ...options }));

const BASE = {
  subject: 'ann',
  anchor: 'loop:sspr:2026-03',
  state: 'open',
  count: 3,
} as const;
const ADMIN = { ...BASE, message: 'admin-sspr', severity: 'medium', stage: 'alert' } as const;
const UNEXPLAINED = { ...BASE, message: 'unexplained', severity: 'low', stage: 'watch' } as const;
const OF_MFA = { ...UNEXPLAINED, anchor: 'loop:mfa:2026-03' } as const;
/** Friday noon: the hour after Thursday's prompt is over. */
const AFTER = { until: FRI } as const;
const facts = (some: Record<string, unknown>): NonNullable<Said['facts']> =>
  expect.objectContaining(some) as never;

// -------------------------------------------------------------------------------------- the specification's own table

/** Row 1 with the policy that says false stands in the test: what Graph was asked is no row of a log. */
export const SPECIFIED: readonly Story<Partial<Said> | 'silent' | 'undetermined'>[] = [
  {
    when: '2: registered in winter, asked on Monday, Tuesday and Thursday, holds a role, policy not known',
    story: [REGISTERED, ROLE, ...LOOP],
    ...AFTER,
    expected: {
      ...ADMIN,
      firstSeenAt: '2026-03-02T12:00:00.0000000Z' as never,
      lastSeenAt: '2026-03-05T12:00:00.0000000Z' as never,
      since: '2026-03-05T13:00:00.0000000Z' as never,
      evidence: ['registered', 'role', 'mon', 'tue', 'thu'],
      facts: {
        asksFor: 'self-service password reset',
        days: 3,
        roles: ['Exchange Administrator'],
        resetForAdministrators: 'not known',
        resetForThem: 'not known',
        registeredAt: '2026-01-01T12:00:00.0000000Z',
        apps: ['OfficeHome'],
        noRegistrationBy: '2026-03-05T13:00:00.0000000Z',
      },
    },
  },
  {
    when: '3: all required security info is registered on Tuesday evening, and nothing on Thursday',
    story: [REGISTERED, ROLE, ...LOOP.slice(0, 2), registeredAll('done', TUE + 6 * 60)],
    ...AFTER,
    expected: 'silent',
  },
  {
    when: '4: five prompts within one hour',
    story: [REGISTERED, ROLE, ...[0, 10, 20, 30, 40].map((at) => asked(`p${at}`, at))],
    ...AFTER,
    expected: 'silent',
  },
  {
    when: '5: somebody new, asked for MFA on three days, never registered',
    story: [askedForMfa('mon', MON), askedForMfa('tue', TUE), askedForMfa('wed', WED)],
    ...AFTER,
    expected: 'silent',
  },
  {
    when: '6: an authenticator was added and not verified, and MFA is asked for on two days',
    story: [
      REGISTERED,
      scanned('added', MON, 'phone-1'),
      askedForMfa('tue', TUE),
      askedForMfa('wed', WED),
      askedForMfa('again', WED + 30),
    ],
    ...AFTER,
    expected: 'silent',
  },
  {
    when: '7: three rows per attempt, shuffled and doubled',
    story: [
      ...[...rowsOf('thu', THU), ...rowsOf('mon', MON)].toReversed(),
      ROLE,
      ...rowsOf('tue', TUE),
      ...rowsOf('mon', MON),
      REGISTERED,
    ],
    ...AFTER,
    expected: { ...ADMIN, evidence: ['registered', 'role', 'mon0', 'tue0', 'thu0'] },
  },
  {
    when: '8: the audit log was not read from Tuesday to Wednesday',
    story: [REGISTERED, ROLE, ...LOOP],
    ...AFTER,
    gaps: [[TUE, WED]],
    expected: 'undetermined',
  },
  {
    when: '9: seven whole days without a prompt follow',
    story: [REGISTERED, ROLE, ...LOOP],
    until: THU + 12 * 60 + 7 * DAYS,
    expected: { ...ADMIN, state: 'resolved', resolution: 'quiet' },
  },
  {
    when: '10: a guest of another tenant, asked on three days',
    story: [
      REGISTERED,
      ...LOOP_MFA.map((row) => ({
        ...row,
        homeTenantId: '11111111-0000-4000-8000-000000000001',
        resourceTenantId: '11111111-0000-4000-8000-000000000002',
      })),
    ],
    ...AFTER,
    expected: 'silent',
  },
];

// ------------------------------------------------------------------------------------------------------------ raises

const knownBy = (what: string, row: Row, more: Partial<Said> = {}): Story<Partial<Said>> => ({
  when: `they are known to be registered by ${what}`,
  story: [row, ...LOOP],
  ...AFTER,
  expected: { ...UNEXPLAINED, ...more },
});

export const RAISES: readonly Story<Partial<Said>>[] = [
  {
    when: 'nobody knows of a role: it is stored, and nobody is alerted',
    story: [REGISTERED, ...LOOP],
    ...AFTER,
    expected: { ...UNEXPLAINED, evidence: ['registered', 'mon', 'tue', 'thu'] },
  },
  {
    when: 'somebody who is registered is asked for MFA (50072 and 50079)',
    story: [REGISTERED, askedForMfa('mon', MON), ...LOOP_MFA.slice(1)],
    ...AFTER,
    expected: { ...OF_MFA, facts: facts({ asksFor: 'MFA' }) },
  },
  {
    when: 'an administrator is asked for MFA: that is not about password reset',
    story: [REGISTERED, ROLE, ...LOOP_MFA],
    ...AFTER,
    expected: OF_MFA,
  },
  knownBy('MFA completed at a sign-in', satisfied('ok', -DAYS, MFA_DONE), {
    evidence: ['ok', 'mon', 'tue', 'thu'],
    facts: facts({ mfaSatisfiedAt: '2026-03-01T12:00:00.0000000Z' }),
  }),
  knownBy(
    'MFA that a token satisfied',
    satisfied('ok', -DAYS, 'MFA requirement satisfied by claim in the token'),
  ),
  knownBy('an authenticator that answered', used('ok', -DAYS, 'old', '2026-03-01T11:59:00Z'), {
    facts: facts({ mfaSatisfiedAt: '2026-03-01T12:00:00.0000000Z' }),
  }),
  knownBy('a review', reviewed('ok', -DAYS)),
  knownBy('all required security info', registeredAll('ok', -DAYS)),
  knownBy('a changed method', methods('ok', -DAYS, [], [6])),
  knownBy('a phone that calls', methods('ok', -DAYS, [], [0])),
  knownBy('an address for password reset', contacts('ok', -DAYS, [], [{ Email: 'a@b.example' }])),
  knownBy(
    'a phone that an administrator registered',
    byAdmin(
      'ok',
      -DAYS,
      'Admin registered phone method for user',
      'Admin registered security info',
    ),
  ),
  ...[
    'Add passwordless phone sign-in credential',
    'Add Passkey (device-bound)',
    'Add Passkey (device-bound) security key',
    'Add FIDO2 security key',
    'Add Windows Hello for Business credential',
    'Add platform credential',
  ].map((activity) => knownBy(`"${activity}"`, added('ok', -DAYS, activity))),
  {
    when: 'their methods work meanwhile: the latest such time that is known is told',
    story: [
      satisfied('before', -5 * DAYS, MFA_DONE),
      satisfied('meanwhile', MON + 60, MFA_DONE),
      satisfied('later', FRI - 60, MFA_DONE),
      ...LOOP,
    ],
    ...AFTER,
    expected: {
      ...UNEXPLAINED,
      evidence: ['before', 'mon', 'tue', 'thu'],
      facts: facts({ mfaSatisfiedAt: '2026-03-02T13:00:00.0000000Z' }),
    },
  },
  {
    when: 'the role is held during the prompts and ends afterwards',
    story: [REGISTERED, ROLE, ...LOOP, roleEnded('end', THU + 30, 'Exchange Administrator')],
    ...AFTER,
    expected: ADMIN,
  },
  ...[
    'Remove member from role',
    'Remove member from role (PIM activation expired)',
    'Remove member from role completed (PIM deactivate)',
  ].map((activity) => ({
    when: `the role ended before: ${activity}`,
    story: [REGISTERED, ROLE, roleEnded('end', -DAYS, 'Exchange Administrator', activity), ...LOOP],
    ...AFTER,
    expected: UNEXPLAINED,
  })),
  {
    when: 'a correlation id comes back on another day: it is another attempt (B0.4)',
    story: [
      REGISTERED,
      ...[MON, TUE, THU].map((at, i) =>
        asked(['mon', 'tue', 'thu'][i]!, at, { correlationId: 'c' }),
      ),
    ],
    ...AFTER,
    expected: UNEXPLAINED,
  },
  {
    when: 'an attempt goes over midnight: it is one prompt, of the day before',
    story: [
      REGISTERED,
      asked('mon', 11 * 60 + 59.9, { correlationId: 'same' }),
      asked('tue', 12 * 60 + 0.1, { correlationId: 'same' }),
      asked('wed', WED),
      asked('thu', THU),
    ],
    ...AFTER,
    expected: { ...UNEXPLAINED, facts: facts({ days: 3 }) },
  },
  {
    when: 'an attempt asks for both: it is about MFA',
    story: [
      REGISTERED,
      ...LOOP,
      ...LOOP.map((row) => ({
        ...row,
        id: `${String(row['id'])}-2`,
        status: { errorCode: 50072 },
      })),
    ],
    ...AFTER,
    expected: OF_MFA,
  },
  {
    when: 'the export leaves correlation ids out: each row is an attempt',
    story: [REGISTERED, ...LOOP.map(({ correlationId: _none, ...row }) => row)],
    ...AFTER,
    expected: UNEXPLAINED,
  },
  {
    when: 'the three lie exactly the window apart',
    story: [REGISTERED, asked('first', 0), asked('mid', 7 * DAYS), asked('last', 14 * DAYS)],
    until: 15 * DAYS,
    expected: { ...UNEXPLAINED, firstSeenAt: '2026-03-02T12:00:00.0000000Z' as never },
  },
  {
    when: 'the first two are of one day',
    story: [REGISTERED, asked('a', 0), asked('b', 5), asked('c', TUE)],
    ...AFTER,
    expected: { ...UNEXPLAINED, facts: facts({ days: 2 }) },
  },
  {
    when: 'fewer are set to be enough',
    story: [REGISTERED, ...LOOP.slice(0, 2)],
    ...AFTER,
    settings: { prompts: '2' },
    expected: { ...UNEXPLAINED, count: 2 },
  },
  {
    when: 'one day is set to be enough',
    story: [REGISTERED, asked('a', 0), asked('b', 5), asked('c', 9)],
    ...AFTER,
    settings: { days: '1' },
    expected: { ...UNEXPLAINED, facts: facts({ days: 1 }) },
  },
  {
    when: 'a registration is cancelled meanwhile: said, and no end',
    story: [
      REGISTERED,
      ...LOOP,
      cancelled('x', TUE + 5),
      cancelled('y', THU + 5, { activity: 'User cancelled security info registration' }),
      registeredAll('z', THU + 6, { result: 'failure' }),
    ],
    ...AFTER,
    expected: { ...UNEXPLAINED, facts: facts({ cancelledTimes: 3 }) },
  },
  ...[
    ['a registration fails', registered('x', TUE + 5, { result: 'failure' })],
    [
      'a registration fails and is logged as a success',
      registered('x', TUE + 5, { reason: 'User failed to register Authenticator App' }),
    ],
    ['somebody else registers', registered('x', TUE + 5, { user: 'bob' })],
    ['a Temporary Access Pass is issued', pass('x', TUE + 5)],
    ['one of several methods is deleted', deleted('x', TUE + 5)],
    ['an authenticator is only rewritten', phones('x', TUE + 5, [phone('a')], [phone('a')])],
  ].map(([what, row]) => ({
    when: `meanwhile ${what as string}`,
    story: [REGISTERED, ...LOOP, row as Row],
    ...AFTER,
    expected: UNEXPLAINED,
  })),
  {
    when: 'a registration comes exactly an hour after the last prompt: too late to be the answer',
    story: [REGISTERED, ...LOOP, registered('done', THU + 60)],
    ...AFTER,
    expected: { ...UNEXPLAINED, state: 'resolved', resolution: 'registered' },
  },
  {
    when: 'a registration answers the first prompts, and three more follow it',
    story: [
      REGISTERED,
      asked('mon', MON),
      registered('done', MON + 5),
      ...[asked('tue', TUE), asked('wed', WED), asked('thu', THU)],
    ],
    ...AFTER,
    expected: { ...UNEXPLAINED, evidence: ['done', 'tue', 'wed', 'thu'] },
  },
  {
    when: 'somebody new registers and is asked again and again afterwards',
    story: [
      asked('sat', -2 * DAYS),
      asked('sun', -DAYS),
      registeredAll('done', -DAYS + 10),
      ...LOOP,
    ],
    ...AFTER,
    expected: { ...UNEXPLAINED, evidence: ['done', 'mon', 'tue', 'thu'] },
  },
  {
    when: 'the log before the first prompt was not read, and the registration is known all the same',
    story: [REGISTERED, ...LOOP],
    from: MON,
    ...AFTER,
    expected: UNEXPLAINED,
  },
  {
    when: 'the authenticator that was added has been verified',
    story: [scanned('added', -2 * DAYS, 'phone-1'), registered('done', -2 * DAYS + 1), ...LOOP_MFA],
    ...AFTER,
    expected: OF_MFA,
  },
  {
    when: 'the authenticator that was added answered later',
    story: [
      REGISTERED,
      scanned('added', -2 * DAYS, 'phone-1'),
      used('used', -DAYS, 'phone-1', '2026-03-01T11:59:00Z'),
      ...LOOP_MFA,
    ],
    ...AFTER,
    expected: OF_MFA,
  },
  {
    when: 'the authenticator that was added is gone again',
    story: [
      REGISTERED,
      scanned('added', -2 * DAYS, 'phone-1'),
      removed('gone', -DAYS, 'phone-1'),
      ...LOOP_MFA,
    ],
    ...AFTER,
    expected: OF_MFA,
  },
  {
    when: 'password reset asks while an authenticator is unverified: that is another matter',
    story: [REGISTERED, scanned('added', -2 * DAYS, 'phone-1'), ...LOOP],
    ...AFTER,
    expected: UNEXPLAINED,
  },
  {
    when: 'seven whole days have not passed, by one instant',
    story: [REGISTERED, ...LOOP],
    until: THU + 12 * 60 + 7 * DAYS - TICK,
    expected: UNEXPLAINED,
  },
  {
    when: 'a prompt within the seven days breaks the quiet',
    story: [REGISTERED, ...LOOP, asked('again', THU + 7 * DAYS)],
    until: THU + 12 * 60 + 7 * DAYS,
    expected: { ...UNEXPLAINED, count: 4 },
  },
  {
    when: 'one more follows the quiet within the window of two before: open again, since then',
    story: [REGISTERED, ...LOOP, asked('again', TUE + 14 * DAYS)],
    until: TUE + 15 * DAYS,
    expected: { ...UNEXPLAINED, count: 4, since: '2026-03-17T13:00:00.0000000Z' as never },
  },
  {
    when: 'it ended and began again: the new loop is told, since then',
    story: [
      REGISTERED,
      ...LOOP,
      registered('done', THU + 90),
      ...[asked('a', FRI), asked('b', FRI + DAYS), asked('c', FRI + 2 * DAYS)],
    ],
    until: FRI + 3 * DAYS,
    expected: {
      ...UNEXPLAINED,
      evidence: ['done', 'a', 'b', 'c'],
      since: '2026-03-08T13:00:00.0000000Z' as never,
    },
  },
];

// ------------------------------------------------------------------------------------------------------ stays silent

const pageOfDays = (...days: readonly number[]): Row[] =>
  days.map((day) => asked(`day${day}`, day * DAYS));

export const SILENT: readonly Story[] = [
  { when: 'two prompts are not three', story: [REGISTERED, ROLE, ...LOOP.slice(0, 2)] },
  {
    when: 'the third comes just after the window',
    story: [REGISTERED, ROLE, asked('a', 0), asked('b', DAYS), asked('c', 14 * DAYS + TICK)],
    until: 16 * DAYS,
  },
  {
    when: 'nobody knows whether the person was registered',
    story: [ROLE, ...LOOP],
  },
  {
    when: 'somebody new is asked daily for the 14 days of a registration policy',
    story: pageOfDays(...Array.from({ length: 14 }, (_, i) => i)),
    until: 15 * DAYS,
  },
  {
    when: 'the new starter registers on the last day',
    story: [...pageOfDays(0, 1, 2, 3), registeredAll('done', 3 * DAYS + 5)],
    until: 5 * DAYS,
  },
  {
    when: 'the person confirms their security info: one prompt, and a review',
    story: [REGISTERED, asked('one', MON), reviewed('done', MON + 3)],
  },
  {
    when: 'they put it off twice and then review it',
    story: [REGISTERED, ...LOOP, reviewed('done', THU + 3)],
  },
  {
    when: 'they cancel five times in one morning',
    story: [
      REGISTERED,
      ...[0, 3, 6, 9, 12].flatMap((at) => [asked(`p${at}`, at), cancelled(`c${at}`, at + 1)]),
    ],
  },
  {
    when: 'a guest by name, without tenants',
    story: [
      REGISTERED,
      ...LOOP_MFA.map((row) => ({
        ...row,
        userPrincipalName: 'ann_other.example#EXT#@example.com',
      })),
    ],
  },
  {
    when: 'the row that shows a guest comes in a second version',
    story: [
      REGISTERED,
      ...LOOP,
      ...LOOP.map((row) => ({
        ...row,
        homeTenantId: '11111111-0000-4000-8000-000000000001',
        resourceTenantId: '11111111-0000-4000-8000-000000000002',
      })),
    ],
  },
  {
    when: 'nobody sat at the screen',
    story: [REGISTERED, ...LOOP.map((row) => ({ ...row, isInteractive: false }))],
  },
  {
    when: 'the last prompt is answered, just within the hour',
    story: [REGISTERED, ROLE, ...LOOP, registered('done', THU + 60 - TICK)],
  },
  {
    when: 'a registration lies between the prompts',
    story: [REGISTERED, ROLE, ...LOOP, registered('done', TUE + 5)],
  },
  {
    when: 'the rows come in reverse',
    story: [registered('done', TUE + 5), ...LOOP.toReversed(), ROLE, REGISTERED],
  },
  {
    when: 'an administrator required to register again, and they are asked until they do',
    story: [
      REGISTERED,
      byAdmin(
        'reset',
        -60,
        'Admin required re-registration of MFA authentication methods.',
        'Admin deleted security info',
      ),
      ...LOOP_MFA,
    ],
  },
  {
    when: 'their methods were removed between the prompts',
    story: [REGISTERED, ...LOOP_MFA, methods('reset', TUE + 5, [6], [])],
  },
  {
    when: 'a Temporary Access Pass is all they had',
    story: [pass('pass', -60), ...LOOP_MFA],
  },
  {
    when: 'MFA was denied, skipped or not asked for: nothing shows that they can do it',
    story: [
      satisfied('denied', -60, 'MFA denied; user declined the authentication'),
      satisfied('skipped', -50, 'MFA requirement skipped due to remembered device'),
      signIn('plain', -40),
      ...LOOP,
    ],
  },
  {
    when: 'it was somebody else who can do MFA',
    story: [
      { ...satisfied('ok', -60, MFA_DONE), userId: 'bob', userPrincipalName: 'bob@example.com' },
      ...LOOP,
    ],
  },
  {
    when: 'three people are asked once each',
    story: ['ann', 'bob', 'eve'].flatMap((user, day) => [
      registered(`r-${user}`, -DAYS, { user }),
      asked(`p-${user}`, day * DAYS, { user }),
    ]),
  },
  {
    when: 'the rows of one attempt, on two sides of midnight, are one prompt',
    story: [
      REGISTERED,
      asked('p0', 11 * 60 + 59, { correlationId: 'c' }),
      asked('p1', 12 * 60 + 1, { correlationId: 'c' }),
      asked('p2', TUE, { correlationId: 'd' }),
    ],
  },
  {
    when: 'two are of one kind and one of the other',
    story: [REGISTERED, ...LOOP.slice(0, 2), ...LOOP_MFA.slice(2)],
  },
  {
    when: 'they were blocked from registering: that is no prompt',
    story: [REGISTERED, ...[MON, TUE, THU].map((at, i) => proofUp(`p${i}`, at, 53004))],
  },
  {
    when: 'the row is about something that is no person',
    story: [
      audit('g', -60, {
        activity: 'Update user',
        raw: { targetResources: [{ id: 'g1', type: 'Group' }] },
      }),
      ...LOOP,
    ],
  },
  {
    when: 'a new authenticator replaces the old one during the prompts and is never verified',
    story: [
      REGISTERED,
      ...LOOP_MFA,
      phones('added', TUE + 5, [phone('old')], [phone('old'), phone('new')]),
    ],
  },
].map((each) => ({ ...AFTER, ...each, expected: undefined }));

// ---------------------------------------------------------------------------------------- waits, cannot say, resolves

/** `askAgainAt` of each. */
export const WAITS: readonly Story<When>[] = [
  {
    when: 'the hour after the last prompt is not over, by one instant',
    story: [REGISTERED, ...LOOP],
    until: THU + 60 - TICK,
    expected: THU + 60,
  },
];

export const CANNOT_SAY: readonly Story[] = [
  {
    when: 'the audit log was not read at the first prompt',
    story: [REGISTERED, ...LOOP],
    from: MON + 1,
    until: FRI,
    expected: undefined,
  },
  {
    when: 'a gap lies in the hour after the last',
    story: [REGISTERED, ...LOOP],
    until: FRI,
    gaps: [[THU + 30, THU + 31]],
    expected: undefined,
  },
];

export const RESOLVES: readonly Story<Partial<Said>>[] = [
  {
    when: 'they register on Friday',
    story: [
      REGISTERED,
      ROLE,
      ...LOOP,
      registered('done', FRI, { reason: 'User registered Email' }),
    ],
    until: FRI + 60,
    expected: {
      ...ADMIN,
      ...{ state: 'resolved', resolution: 'registered' },
      evidence: ['registered', 'role', 'mon', 'tue', 'thu', 'done'],
      facts: facts({
        ended: 'an e-mail address was registered',
        endedAt: '2026-03-06T12:00:00.0000000Z',
      }),
    },
  },
  {
    when: 'a fourth prompt is answered at once',
    story: [REGISTERED, ...LOOP, asked('fri', FRI), registeredAll('done', FRI + 5)],
    until: FRI + 120,
    expected: {
      ...UNEXPLAINED,
      ...{ state: 'resolved', resolution: 'registered', count: 4 },
      facts: facts({ ended: 'all required security info was registered' }),
    },
  },
  {
    when: 'they review it on Friday',
    story: [REGISTERED, ...LOOP, reviewed('done', FRI)],
    until: FRI + 60,
    expected: {
      ...UNEXPLAINED,
      ...{ state: 'resolved', resolution: 'registered' },
      facts: facts({ ended: 'the security info was reviewed' }),
    },
  },
  {
    when: 'the quiet came first, and a registration weeks later',
    story: [REGISTERED, ...LOOP, registered('done', THU + 20 * DAYS)],
    until: THU + 21 * DAYS,
    expected: {
      ...UNEXPLAINED,
      ...{ state: 'resolved', resolution: 'quiet' },
      evidence: ['registered', 'mon', 'tue', 'thu'],
    },
  },
];

export const STORIES: readonly Story<unknown>[] = [
  ...SPECIFIED,
  ...RAISES,
  ...SILENT,
  ...WAITS,
  ...CANNOT_SAY,
  ...RESOLVES,
];
