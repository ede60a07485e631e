import {
  signIn,
  TICK,
  type Row,
  type Said,
  type SignInOptions,
  type Story,
  type When,
} from './play';

// Sign-ins as Graph logs them. All are Ann's, from an Android phone in Norway, unless said otherwise.

const BLOCK = ['Block ActiveSync', 'failure', ['block']] as const;
const COMPLIANT = ['Require compliant device', 'failure', ['compliantDevice']] as const;

/** An ActiveSync sign-in that succeeded although Conditional Access failed it. */
export const eas = (id: string, when: When, options: SignInOptions = {}): Row =>
  signIn(id, when, {
    clientApp: 'Exchange ActiveSync',
    conditionalAccess: 'failure',
    policies: [BLOCK],
    ...options,
  });

const march = (day: number, time = '09:00:00'): string =>
  `2026-03-${String(day).padStart(2, '0')}T${time}Z`;
const april = (day: number, time = '09:00:00'): string => march(day, time).replace('-03-', '-04-');

const HONDURAS = { country: 'HN', city: 'El Progreso' } as const;
/** An ActiveSync sign-in that policy had nothing against. */
const home = (id: string, when: When, options: SignInOptions = {}): Row =>
  eas(id, when, { conditionalAccess: 'success', policies: [], ...options });
/** The user is known from both countries. */
const KNOWN = [home('no', '2026-02-10T09:00:00Z'), home('hn', '2026-02-11T09:00:00Z', HONDURAS)];
const countries = (close: readonly string[], news: readonly string[]): never =>
  expect.objectContaining({ countriesCloseInTime: close, newCountries: news }) as never;

const OPEN = { state: 'open', message: 'blocked', severity: 'medium', stage: 'alert' } as const;
const UNMET = { ...OPEN, message: 'unmet', severity: 'low' } as const;
const UNREADABLE = { ...OPEN, message: 'unreadable' } as const;
const QUIET = { state: 'resolved', resolution: 'quiet' } as const;

/** The sign-in of the seed post; user and address are withheld there. */
export const SEED = eas('73ceb107-3015-496e-9715-1882316c7301', '2021-06-21T02:30:18Z', {
  city: 'El Progreso',
  country: 'HN',
  raw: { correlationId: 'af236446-b0f4-47e5-9b00-ddbcce28baba' },
});
export const SEED_FRAME = { from: '2021-06-20T00:00:00Z', until: '2021-06-21T12:00:00Z' };

// ------------------------------------------------------------------------------------------------------------ raises

export const RAISES: readonly Story<Partial<Said>>[] = [
  {
    when: 'Entra logged success and Conditional Access failure',
    story: [eas('one', 0)],
    until: 60,
    expected: {
      ...OPEN,
      subject: 'ann',
      anchor: 'android|2026-03',
      count: 1,
      evidence: ['one'],
      facts: expect.objectContaining({
        device: 'android',
        countries: ['NO'],
        places: ['Oslo, NO'],
        addresses: ['203.0.113.7'],
        policies: [{ name: 'Block ActiveSync', controls: ['block'] }],
      }) as never,
    },
  },
  {
    when: 'it is the sign-in of the seed post',
    story: [SEED],
    ...SEED_FRAME,
    expected: {
      ...OPEN,
      anchor: 'android|2021-06',
      evidence: ['73ceb107-3015-496e-9715-1882316c7301'],
      facts: expect.objectContaining({ places: ['El Progreso, HN'] }) as never,
    },
  },
  {
    when: 'it is newer than the complete log: what is there needs no waiting',
    story: [eas('one', 0)],
    until: -60,
    expected: { ...OPEN, evidence: ['one'] },
  },
  {
    when: 'the log around it was given up',
    story: [eas('one', 0)],
    until: 60,
    gaps: [[-10, 10]],
    expected: { ...OPEN, evidence: ['one'] },
  },
  ...[
    'Exchange ActiveSync (supported)',
    'Exchange ActiveSync (unsupported)',
    'Exchange ActiveSync (retired)',
    ' exchange activesync',
    'Exchange Active Sync',
  ].map((clientApp) => ({
    when: `the client is labelled "${clientApp}"`,
    story: [eas('one', 0, { clientApp })],
    until: 60,
    expected: OPEN,
  })),
  ...[1, '1', 'Failure'].map((conditionalAccess) => ({
    when: `a streamed row spells the failure as ${JSON.stringify(conditionalAccess)}`,
    story: [eas('one', 0, { conditionalAccess })],
    until: 60,
    expected: OPEN,
  })),
  {
    when: 'the error code is the text "0"',
    story: [eas('one', 0, { raw: { status: { errorCode: '0' } } })],
    until: 60,
    expected: OPEN,
  },
  {
    when: 'the sign-in is delivered twice',
    story: [eas('one', 0), eas('one', 0)],
    until: 60,
    expected: { ...OPEN, count: 1, evidence: ['one'] },
  },
  {
    when: 'an ordinary success of the same device follows',
    story: [eas('one', 0), eas('good', 5, { conditionalAccess: 'success' })],
    until: 60,
    expected: { ...OPEN, count: 1, evidence: ['one'] },
  },
  {
    when: 'somebody else is blocked the ordinary way',
    story: [eas('one', 0), eas('other', 5, { user: 'bob', errorCode: 53003 })],
    until: 60,
    expected: { ...OPEN, subject: 'ann', count: 1 },
  },

  // One finding per user, device and month
  {
    when: 'the device signs in all month: one finding',
    story: [1, 5, 9, 14, 20, 26, 31].map((day) => eas(`day-${day}`, march(day))),
    until: march(31, '12:00:00'),
    expected: {
      ...OPEN,
      count: 7,
      firstSeenAt: '2026-03-01T09:00:00.0000000Z' as never,
      lastSeenAt: '2026-03-31T09:00:00.0000000Z' as never,
      since: '2026-03-01T09:00:00.0000000Z' as never,
      evidence: ['day-1', 'day-5', 'day-9', 'day-20', 'day-26', 'day-31'],
    },
  },
  {
    when: 'the device has an id',
    story: [eas('one', 0, { deviceId: 'd-1' })],
    until: 60,
    expected: { ...OPEN, anchor: 'd-1|2026-03' },
  },
  ...(
    [
      ['Android 14', 'android'],
      ['  iOS/17.4', 'ios'],
      ['', 'unknown'],
      ['   ', 'unknown'],
      [null, 'unknown'],
    ] as const
  ).map(([system, device]) => ({
    when: `the operating system is ${JSON.stringify(system)}`,
    story: [eas('one', 0, { system })],
    until: 60,
    expected: { ...OPEN, anchor: `${device}|2026-03` },
  })),
  {
    when: 'the address changes: never what names the device',
    story: [eas('one', 0), eas('two', 5, { address: '198.51.100.9' })],
    until: 60,
    expected: { ...OPEN, anchor: 'android|2026-03', count: 2 },
  },
  {
    when: 'the system version changes: the first word names the device',
    story: [eas('one', 0, { system: 'Android 13' }), eas('two', 5, { system: 'Android 14' })],
    until: 60,
    expected: { ...OPEN, count: 2 },
  },
  {
    when: 'the sign-in is republished with a better named device: it counts once, there',
    story: [eas('one', 0, { system: null }), eas('one', 0), eas('one', 0, { deviceId: 'd-1' })],
    until: 60,
    expected: { ...OPEN, anchor: 'd-1|2026-03', count: 1, evidence: ['one'] },
  },
  {
    when: 'the sign-in is republished with its policies in two parts: they unite',
    story: [eas('one', 0), eas('one', 0, { policies: [COMPLIANT] })],
    until: 60,
    expected: {
      ...OPEN,
      count: 1,
      facts: expect.objectContaining({
        policies: [
          { name: 'Block ActiveSync', controls: ['block'] },
          { name: 'Require compliant device', controls: ['compliantDevice'] },
        ],
      }) as never,
    },
  },
  {
    when: 'the sign-in is republished, first without policies',
    story: [eas('one', 0, { raw: { appliedConditionalAccessPolicies: null } }), eas('one', 0)],
    until: 60,
    expected: { ...OPEN, count: 1 },
  },

  // Severity
  {
    when: 'the failing policy blocks, spelled with a capital',
    story: [eas('one', 0, { policies: [['Block', 'failure', ['Block']]] })],
    until: 60,
    expected: OPEN,
  },
  ...['compliantDevice', 'approvedApplication', 'mfa'].map((control) => ({
    when: `the failing policy only asks for ${control}`,
    story: [eas('one', 0, { policies: [['Ask', 'failure', [control]]] })],
    until: 60,
    expected: UNMET,
  })),
  {
    when: 'the failing policy asks for nothing that is named',
    story: [eas('one', 0, { policies: [['Ask', 'failure', []]] })],
    until: 60,
    expected: UNMET,
  },
  {
    when: 'one failing policy asks and another blocks',
    story: [eas('one', 0, { policies: [COMPLIANT, BLOCK] })],
    until: 60,
    expected: OPEN,
  },
  {
    when: 'policies are not readable (the property is left out)',
    story: [eas('one', 0, { raw: { appliedConditionalAccessPolicies: undefined } })],
    until: 60,
    expected: UNREADABLE,
  },
  {
    when: 'policies are not readable (null)',
    story: [eas('one', 0, { raw: { appliedConditionalAccessPolicies: null } })],
    until: 60,
    expected: UNREADABLE,
  },
  {
    when: 'policies are readable and none of them is there',
    story: [eas('one', 0, { policies: [] })],
    until: 60,
    expected: UNREADABLE,
  },
  {
    when: 'only report-only policies failed: they are not what failed the sign-in',
    story: [eas('one', 0, { policies: [['Trial', 'reportOnlyFailure', ['block']]] })],
    until: 60,
    expected: { ...UNREADABLE, facts: expect.objectContaining({ policies: [] }) as never },
  },
  {
    when: 'a blocking policy did not apply and another one asks',
    story: [eas('one', 0, { policies: [['Block', 'notApplied', ['block']], COMPLIANT] })],
    until: 60,
    expected: UNMET,
  },
  {
    when: 'a second country within minutes raises medium to high',
    story: [eas('one', 0), eas('two', 5, HONDURAS)],
    until: 60,
    from: 0,
    expected: { ...OPEN, severity: 'high', count: 2, facts: countries(['HN', 'NO'], []) },
  },
  {
    when: 'a second country within minutes raises low to medium',
    story: [
      eas('one', 0, { policies: [COMPLIANT] }),
      eas('two', 5, { policies: [COMPLIANT], ...HONDURAS }),
    ],
    until: 60,
    expected: { ...UNMET, severity: 'medium' },
  },
  {
    when: 'a second country 12 hours later, to the instant, raises',
    story: [...KNOWN, eas('one', march(3, '09:00:00')), eas('two', march(3, '21:00:00'), HONDURAS)],
    until: march(4),
    expected: { ...OPEN, severity: 'high', count: 2, facts: countries(['HN', 'NO'], []) },
  },
  {
    when: 'a known second country more than 12 hours later raises nothing',
    story: [
      ...KNOWN,
      eas('one', march(3, '09:00:00')),
      eas('two', march(3, '21:00:00.0000001'), HONDURAS),
    ],
    until: march(4),
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'the two countries lie on both sides of midnight',
    story: [...KNOWN, eas('one', march(3, '20:00:00')), eas('two', march(4, '04:00:00'), HONDURAS)],
    until: march(5),
    expected: { ...OPEN, severity: 'high', facts: countries(['HN', 'NO'], []) },
  },
  {
    when: 'the sign-in close by is neither the first nor the last of its country that day',
    story: [
      ...KNOWN,
      ...['00:10:00', '12:30:00', '12:40:00'].map((time) => eas(time, march(3, time))),
      eas('there', march(3, '12:35:00'), HONDURAS),
      eas('last', march(3, '23:50:00')),
    ],
    until: march(4),
    expected: { ...OPEN, severity: 'high', count: 5 },
  },
  {
    when: 'the second country is new for the user, days later',
    story: [eas('one', march(3)), eas('two', march(9), HONDURAS)],
    until: march(10),
    expected: { ...OPEN, severity: 'high', count: 2, facts: countries([], ['HN']) },
  },
  {
    when: 'a country is new beside one that policy had nothing against',
    story: [home('before', march(1)), eas('one', march(9), HONDURAS)],
    until: march(10),
    expected: { ...OPEN, severity: 'high', count: 1, facts: countries([], ['HN']) },
  },
  {
    when: 'the user is known from both since the month before began',
    story: [
      home('no', '2026-02-01T00:00:00Z'),
      home('hn', '2026-02-01T00:00:00Z', HONDURAS),
      eas('one', march(3)),
      eas('two', march(9), HONDURAS),
    ],
    until: march(10),
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'the user is known from there on the same day, whenever in it',
    story: [
      eas('one', march(3)),
      eas('two', march(9), HONDURAS),
      home('hn', march(9, '23:00:00'), HONDURAS),
    ],
    until: march(10),
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'the user is there again later, without objection: it was new then',
    story: [eas('one', march(3)), eas('two', march(9), HONDURAS), home('hn', march(10), HONDURAS)],
    until: march(11),
    expected: { ...OPEN, severity: 'high', facts: countries([], ['HN']) },
  },
  {
    when: 'the user was there longer ago than the month before: new again',
    story: [
      eas('one', march(3)),
      eas('two', march(9), HONDURAS),
      home('old', '2026-01-31T23:59:59Z', HONDURAS),
    ],
    until: march(10),
    expected: { ...OPEN, severity: 'high', facts: countries([], ['HN']) },
  },
  {
    when: 'somebody tried from there in vain: that makes it no place of the user',
    story: [
      eas('one', march(3)),
      eas('wrong', march(8), { ...HONDURAS, errorCode: 50126 }),
      eas('two', march(9), HONDURAS),
    ],
    until: march(10),
    expected: { ...OPEN, severity: 'high', count: 2, facts: countries([], ['HN']) },
  },
  {
    when: 'the month before was not read: nobody knows whether the country is new',
    story: [eas('one', march(3)), eas('two', march(9), HONDURAS)],
    from: '2026-02-01T00:00:00.0000001Z',
    until: march(10),
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'a gap lies before it: nobody knows whether the country is new',
    story: [eas('one', march(3)), eas('two', march(9), HONDURAS)],
    gaps: [[march(5), march(6)]],
    until: march(10),
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'the log is not complete to the second country: it may still be known',
    story: [eas('one', march(3)), eas('two', march(9), HONDURAS)],
    until: march(8),
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'the country of one of them is not in the log',
    story: [eas('one', 0), eas('two', 5, { raw: { location: {} } })],
    until: 60,
    expected: { ...OPEN, count: 2, facts: countries([], []) },
  },
  {
    when: 'the sign-in is republished with its country: it counts once, there',
    story: [eas('one', 0, { raw: { location: {} } }), eas('one', 0, HONDURAS)],
    until: 60,
    expected: {
      ...OPEN,
      count: 1,
      facts: expect.objectContaining({ countries: ['HN'], places: ['El Progreso, HN'] }) as never,
    },
  },
  {
    when: 'a second place in the same country raises nothing',
    story: [eas('one', 0), eas('two', 5, { city: 'Bergen' })],
    until: 60,
    expected: OPEN,
  },
  {
    when: 'the place is not known',
    story: [eas('one', 0, { raw: { location: {}, ipAddress: '' } })],
    until: 60,
    expected: { ...OPEN, facts: expect.objectContaining({ places: [], addresses: [] }) as never },
  },

  // Still open
  {
    when: 'seven whole days have not passed, by one instant',
    story: [eas('one', march(3, '23:59:59'))],
    until: 1.5 * 24 * 60 + 7 * 24 * 60 - TICK,
    expected: OPEN,
  },
  {
    when: 'the quiet days hold a gap: nobody knows whether they were quiet',
    story: [eas('one', march(3))],
    until: march(31),
    gaps: [[march(5), march(6)]],
    expected: OPEN,
  },
  {
    when: 'a later sign-in in the month follows a quiet time: open again, since then',
    story: [eas('one', march(3)), eas('two', march(20))],
    until: march(21),
    expected: { ...OPEN, count: 2, since: '2026-03-20T09:00:00.0000000Z' as never },
  },
  {
    when: 'a later sign-in falls on the last of the seven days: the same stretch',
    story: [eas('one', march(3)), eas('two', march(10, '23:59:59'))],
    until: march(12),
    expected: { ...OPEN, count: 2, since: '2026-03-03T09:00:00.0000000Z' as never },
  },
  {
    when: 'a shorter quiet time is set and has not passed',
    story: [eas('one', march(3))],
    until: march(5),
    settings: { quiet: '2d' },
    expected: OPEN,
  },
];

// ------------------------------------------------------------------------------------------------------ stays silent

const quietly = (when: string, options: SignInOptions): Story => ({
  when,
  story: [eas('one', 0, options)],
  until: 60,
  expected: undefined,
});

export const SILENT: readonly Story[] = [
  quietly('Conditional Access agreed', { conditionalAccess: 'success' }),
  quietly('Conditional Access did not apply', { conditionalAccess: 'notApplied' }),
  quietly('Conditional Access did not apply, as a number', { conditionalAccess: 2 }),
  quietly('the status is unknownFutureValue', { conditionalAccess: 'unknownFutureValue' }),
  quietly('the status is unknownFutureValue, as a number', { conditionalAccess: 3 }),
  quietly('the status is not there', { raw: { conditionalAccessStatus: null } }),
  quietly('only a report-only policy failed', {
    conditionalAccess: 'success',
    policies: [['Trial', 'reportOnlyFailure', ['block']]],
  }),
  quietly('Entra blocked it: 53003 is an ordinary block', { errorCode: 53003 }),
  quietly('Entra interrupted it: 50076', { errorCode: 50076 }),
  quietly('the password was wrong: 50126', { errorCode: 50126 }),
  quietly('the error code is not there', { raw: { status: null } }),
  quietly('the client is a browser', { clientApp: 'Browser' }),
  quietly('the client only speaks like it', { clientApp: 'Legacy Exchange ActiveSync' }),
  quietly('the client is not named', { clientApp: '' }),
  {
    when: 'an audit row comes by',
    story: [{ id: 'audit', activityDateTime: '2026-03-02T12:00:00Z', activityDisplayName: 'x' }],
    until: 60,
    expected: undefined,
  },
];

// ---------------------------------------------------------------------------------------------------- waits, resolves

/** `askAgainAt` of each; undefined when waiting changes nothing. */
export const WAITS: readonly Story<When | undefined>[] = [
  {
    when: 'for seven whole days after the last day',
    story: [eas('one', march(3)), eas('two', march(4))],
    until: march(5),
    expected: march(12, '00:00:00'),
  },
  {
    when: 'for the device that comes first',
    story: [eas('one', march(3), { deviceId: 'd-1' }), eas('two', march(4), { deviceId: 'd-2' })],
    until: march(5),
    expected: march(11, '00:00:00'),
  },
  {
    when: 'for nothing when the quiet days hold a gap',
    story: [eas('one', march(3))],
    until: march(5),
    gaps: [[march(4), march(4, '10:00:00')]],
    expected: undefined,
  },
  {
    when: 'until the log has come to a country that may be new',
    story: [eas('one', march(3)), eas('two', march(9), HONDURAS)],
    until: march(8),
    expected: march(9),
  },
  {
    when: 'for nothing when it is over',
    story: [eas('one', march(3))],
    until: march(20),
    expected: undefined,
  },
];

export const RESOLVES: readonly Story<Partial<Said>>[] = [
  {
    when: 'seven whole days were quiet, to the instant: quiet',
    story: [eas('one', march(3, '00:00:00'))],
    until: march(11, '00:00:00'),
    expected: { ...QUIET, evidence: ['one'] },
  },
  {
    when: 'the last sign-in was late in its day: the day does not count',
    story: [eas('one', march(3, '23:59:59'))],
    until: march(11, '00:00:00'),
    expected: QUIET,
  },
  {
    when: 'a shorter quiet time has passed',
    story: [eas('one', march(3))],
    until: march(6, '00:00:00'),
    settings: { quiet: '2d' },
    expected: QUIET,
  },
  {
    when: 'the quiet days follow the last of several',
    story: [eas('one', march(3)), eas('two', march(8)), eas('three', march(20))],
    until: march(28, '00:00:00'),
    expected: { ...QUIET, count: 3, since: '2026-03-20T09:00:00.0000000Z' as never },
  },
  {
    when: 'a gap lies before the quiet days',
    story: [eas('one', march(3))],
    until: march(11, '00:00:00'),
    gaps: [[march(1), march(3)]],
    expected: QUIET,
  },
];

/** Stories of more than one finding: each by anchor. */
export const MONTHS: readonly Story<Readonly<Record<string, Partial<Said>>>>[] = [
  {
    when: 'the next month begins within seven days: continues, and its opening is a line',
    story: [eas('one', march(28)), eas('two', april(2))],
    until: april(3),
    expected: {
      'android|2026-03': { state: 'resolved', resolution: 'continues', count: 1 },
      'android|2026-04': { ...OPEN, continues: true, count: 1 },
    },
  },
  {
    when: 'the next month begins on the last of the seven days',
    story: [eas('one', march(25)), eas('two', april(1, '23:59:59'))],
    until: april(3),
    expected: {
      'android|2026-03': { resolution: 'continues' },
      'android|2026-04': { state: 'open', continues: true },
    },
  },
  {
    when: 'the next month begins after seven quiet days: a card of its own',
    story: [eas('one', march(25)), eas('two', april(2, '00:00:00'))],
    until: april(3),
    expected: {
      'android|2026-03': QUIET,
      'android|2026-04': { state: 'open', continues: false },
    },
  },
  {
    when: 'three months go on: the middle one does both',
    story: [
      eas('one', march(31)),
      ...[1, 7, 13, 19, 25, 30].map((day) => eas(`april-${day}`, april(day))),
      eas('last', '2026-05-01T09:00:00Z'),
    ],
    until: '2026-05-02T00:00:00Z',
    expected: {
      'android|2026-03': { resolution: 'continues' },
      'android|2026-04': { resolution: 'continues', continues: true, count: 6 },
      'android|2026-05': { state: 'open', continues: true },
    },
  },
  {
    when: 'a country of the month before, policy against it or not, is not new',
    story: [
      eas('one', '2026-02-20T09:00:00Z', HONDURAS),
      eas('two', march(20), { deviceId: 'd-1' }),
      eas('three', march(22), { deviceId: 'd-1', ...HONDURAS }),
    ],
    until: march(23),
    expected: {
      'android|2026-02': { resolution: 'quiet', severity: 'medium' },
      // Norway is the one that is new.
      'd-1|2026-03': { ...OPEN, severity: 'high', count: 2, facts: countries([], ['NO']) },
    },
  },
  {
    when: 'another device in the next month continues nothing',
    story: [eas('one', march(31)), eas('two', april(1), { system: 'iOS' })],
    until: april(2),
    expected: {
      'android|2026-03': { state: 'open' },
      'ios|2026-04': { state: 'open', continues: false },
    },
  },
  {
    when: 'two devices of one user: one finding each',
    story: [eas('one', 0), eas('two', 5, { deviceId: 'd-1' })],
    until: 60,
    expected: { 'android|2026-03': { count: 1 }, 'd-1|2026-03': { count: 1 } },
  },
  {
    when: 'one of two sign-ins is republished with a better named device: each counts once',
    story: [eas('one', 0), eas('two', 5), eas('one', 0, { deviceId: 'd-1' })],
    until: 60,
    expected: {
      'android|2026-03': {
        count: 1,
        evidence: ['two'],
        firstSeenAt: '2026-03-02T12:05:00.0000000Z' as never,
      },
      'd-1|2026-03': { count: 1, evidence: ['one'] },
    },
  },
  {
    when: 'so many are republished that the day no longer knows which one is left: it shows its own',
    story: [
      ...Array.from({ length: 9 }, (_, i) => eas(`e${i}`, i)),
      ...[0, 1, 2, 3, 5, 6, 7, 8].map((i) => eas(`e${i}`, i, { deviceId: 'd-1' })),
    ],
    until: 60,
    expected: {
      'android|2026-03': { count: 1, evidence: ['e0', 'e1', 'e2', 'e6', 'e7', 'e8'] },
      'd-1|2026-03': { count: 8 },
    },
  },
];

export const STORIES: readonly Story<unknown>[] = [
  ...RAISES,
  ...SILENT,
  ...WAITS,
  ...RESOLVES,
  ...MONTHS,
];
