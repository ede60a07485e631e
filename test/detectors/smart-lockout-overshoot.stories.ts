import { RIGHT } from '../../shared/detectors/smart-lockout/signals';
import {
  audit,
  signIn,
  TICK,
  type Row,
  type Said,
  type SignInOptions,
  type Story,
  type When,
} from './play';

// Sign-ins of Ann with a wrong password, and what smart lockout and Entra say to them.

/** What a row says. */
export interface Step extends SignInOptions {
  readonly reason?: string;
  readonly attempt?: string;
  readonly agent?: string;
  readonly isInteractive?: boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  50126: 'Error validating credentials due to invalid username or password.',
  50053:
    "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
};
const OTHER_LOCKED =
  'Account is locked. The user has tried to sign in too many times with an incorrect user ID or password.';
const MALICIOUS = 'Sign-in was blocked because it came from an IP address with malicious activity.';

const MAIL = 'Mobile Apps and Desktop clients';

const row = (id: string, when: When, errorCode: number, step: Step = {}): Row => {
  const { reason, attempt, agent, isInteractive = true, ...options } = step;
  const status = {
    ...{ errorCode, failureReason: reason ?? REASONS[errorCode] ?? 'Other.' },
    additionalDetails: null,
  };
  const raw = {
    ...{ status, isInteractive, userAgent: agent ?? null },
    ...(attempt !== undefined && { correlationId: attempt }),
    ...options.raw,
  };
  return signIn(id, when, { clientApp: MAIL, conditionalAccess: 'notApplied', ...options, raw });
};

export const wrong = (id: string, when: When, step: Step = {}): Row => row(id, when, 50126, step);
export const right = (id: string, when: When, step: Step = {}, code = 50076): Row =>
  row(id, when, code, step);
export const locked = (id: string, when: When, step: Step = {}): Row => row(id, when, 50053, step);

/** So many wrong tries, evenly in time, from these addresses in turn. */
export interface Burst extends Step {
  readonly from?: number;
  readonly minutes: number;
  readonly addresses?: number;
  readonly id?: string;
}
export const burst = (count: number, options: Burst): Row[] => {
  const { from = 0, minutes, addresses = 1, id = 'w', ...step } = options;
  return Array.from({ length: count }, (_, i) =>
    wrong(`${id}${i}`, from + (i * minutes) / Math.max(count - 1, 1), {
      ...{ address: `203.0.113.${(i % addresses) + 1}`, ...step },
    }),
  );
};

export const reset = (
  id: string,
  when: When,
  activity = 'Reset user password',
  user = 'ann',
): Row => audit(id, when, { activity, user, by: { user: 'admin' }, service: 'Core Directory' });

const BROWSER = { clientApp: 'Browser' } as const;
const LAST = { address: '203.0.113.6' } as const;

/** Six addresses, 24 tries in 20 minutes. */
export const SPRAY = burst(24, { minutes: 20, addresses: 6 });
/** The right password from the last of them, five minutes later. */
export const GUESSED: readonly Row[] = [...SPRAY, right('r', 25, LAST)];

const DAY_ONE = 'day|2026-03-02';
const DAY_TWO = 'day|2026-03-03';
const AFTER = { until: 120 } as const;
const OPEN = { subject: 'ann', anchor: DAY_ONE, state: 'open', continues: false } as const;
const HIGH = { ...OPEN, message: 'guessed', severity: 'high', stage: 'alert' } as const;
const SPREAD = { ...OPEN, message: 'spread', severity: 'medium', stage: 'alert' } as const;
const STALE = { ...OPEN, message: 'stale', severity: 'low', stage: 'watch' } as const;
const FORGOT = { ...OPEN, message: 'forgot', severity: 'info', stage: 'watch' } as const;
const OVER = { ...OPEN, message: 'overshoot', severity: 'info', stage: 'watch' } as const;

/** Tries at times that no clock makes. */
export const byHand = (count: number, step: Step = {}): Row[] => {
  let minute = 0;
  return Array.from({ length: count }, (_, i) => {
    minute += [0.2, 0.5, 3, 0.3, 1.7, 0.2, 6][i % 7]!;
    return wrong(`h${i}`, minute, { ...BROWSER, address: '203.0.113.1', ...step });
  });
};

// ------------------------------------------------------------------------------------------------------------ raises

/** The rows of the specification, in its order. */
export const SPECIFIED: readonly Story<readonly Partial<Said>[]>[] = [
  {
    when: '24 wrong passwords come from six addresses in 20 minutes, and the right one from the last of them',
    story: GUESSED,
    ...AFTER,
    expected: [{ ...HIGH, count: 24, evidence: ['w0', 'w1', 'w2', 'w22', 'w23', 'r'] }],
  },
  {
    when: 'the password was reset before the right one came',
    story: [...SPRAY, reset('p', 22), right('r', 25, LAST)],
    ...AFTER,
    expected: [{ ...SPREAD, state: 'resolved', resolution: 'password-changed', count: 24 }],
  },
  {
    when: 'one Android sends a wrong password every 15 minutes for a day',
    story: burst(96, { minutes: 95 * 15 }),
    until: 95 * 15 + 30,
    expected: [
      { ...STALE, state: 'resolved', resolution: 'continues', count: 48 },
      { ...STALE, anchor: DAY_TWO, continues: true, count: 48 },
    ],
  },
  {
    when: 'it is the story of 2021: eight tries in a minute and then the lockout, with its threshold',
    story: [...burst(8, { minutes: 1 }), locked('l', 1.5)],
    ...AFTER,
    settings: { threshold: '5', allowance: '1' },
    expected: [{ ...OVER, count: 8, evidence: ['w0', 'w1', 'w2', 'w6', 'w7', 'l'] }],
  },
  {
    when: 'the same comes with the settings as shipped',
    story: [...burst(8, { minutes: 1 }), locked('l', 1.5)],
    ...AFTER,
    expected: [],
  },
  {
    when: 'an address is refused 40 times for what else it does',
    story: Array.from({ length: 40 }, (_, i) => locked(`m${i}`, i, { reason: MALICIOUS })),
    ...AFTER,
    expected: [],
  },
  {
    when: 'somebody tries 21 times in one browser, changes the password and signs in',
    story: [
      ...burst(21, { minutes: 20, ...BROWSER }),
      reset('p', 25, 'Change password (self-service)'),
      right('r', 26, BROWSER, 0),
    ],
    ...AFTER,
    expected: [{ ...FORGOT, state: 'resolved', resolution: 'password-changed', count: 21 }],
  },
  {
    when: 'there are 21 tries around midnight, about half of them on each day',
    story: burst(21, { from: 590, minutes: 260, addresses: 6 }),
    until: 2_000,
    expected: [],
  },
  {
    when: 'rows come twice and out of order, and the last of them late',
    story: [right('r', 25, LAST), ...SPRAY.toReversed(), ...SPRAY],
    until: 210,
    expected: [{ ...HIGH, count: 24 }],
  },
  {
    when: 'the audit log was not read in between',
    story: GUESSED,
    ...AFTER,
    gaps: [[19, 30]],
    expected: [{ ...HIGH, count: 24 }],
  },
];

export const RAISES: readonly Story<Partial<Said>>[] = [
  ...RIGHT.map((code): Story<Partial<Said>> => ({
    when: `code ${code} shows that the password was right`,
    story: [...SPRAY, right('r', 25, LAST, code)],
    ...AFTER,
    expected: HIGH,
  })),
  {
    when: 'an export shows that the right one was accepted without another question',
    story: [...SPRAY, right('r', 25, LAST, 0)],
    ...AFTER,
    expected: HIGH,
  },
  {
    when: 'the right one comes 60 minutes after the last wrong one',
    story: [...SPRAY, right('r', 80, LAST)],
    ...AFTER,
    expected: HIGH,
  },
  {
    when: 'it comes one tick later: it is another sign-in',
    story: [...SPRAY, right('r', 80 + TICK, LAST)],
    ...AFTER,
    expected: SPREAD,
  },
  {
    when: 'the tool goes on although it has the right one',
    story: [...burst(60, { minutes: 40, addresses: 6 }), right('r', 30, LAST)],
    ...AFTER,
    expected: { ...HIGH, count: 60 },
  },
  {
    when: 'the right one comes from an address that had sent none: it is the owner',
    story: [...SPRAY, right('r', 25, { address: '198.51.100.1' })],
    ...AFTER,
    expected: SPREAD,
  },
  {
    when: 'somebody else has the right one',
    story: [...SPRAY, right('r', 25, { ...LAST, user: 'ben' })],
    ...AFTER,
    expected: SPREAD,
  },
  {
    when: 'the password of somebody else was reset',
    story: [...SPRAY, reset('p', 22, 'Reset user password', 'ben'), right('r', 25, LAST)],
    ...AFTER,
    expected: HIGH,
  },
  {
    when: 'the password was reset too late, after the last wrong one and before the tries began',
    story: [reset('p', -60), ...SPRAY, right('r', 25, LAST)],
    ...AFTER,
    expected: HIGH,
  },
  {
    when: 'the reset failed',
    story: [...SPRAY, { ...reset('p', 22), result: 'failure' }, right('r', 25, LAST)],
    ...AFTER,
    expected: HIGH,
  },
  {
    when: 'the sessions were revoked before the right one came: the password is the same',
    story: [
      ...SPRAY,
      reset('p', 22, 'Update StsRefreshTokenValidFrom Timestamp'),
      right('r', 25, LAST),
    ],
    ...AFTER,
    expected: HIGH,
  },
  {
    when: 'one address guesses it, in a country that the person never came from',
    story: [
      right('home', -300, { address: '198.51.100.1' }),
      ...burst(24, { minutes: 20, country: 'KP' }),
      right('r', 25, { address: '203.0.113.1', country: 'KP' }),
    ],
    ...AFTER,
    expected: { ...HIGH, count: 24 },
  },
  {
    when: 'three countries send wrong ones',
    story: [
      ...burst(8, { minutes: 10, id: 'a' }),
      ...burst(8, { minutes: 10, id: 'b', country: 'SE', from: 1 }),
      ...burst(8, { minutes: 10, id: 'c', country: 'DK', from: 2 }),
    ],
    ...AFTER,
    expected: SPREAD,
  },
  {
    when: 'a registered device with an old password travels',
    story: burst(24, { minutes: 350, addresses: 3, deviceId: 'd-1' }),
    until: 400,
    expected: STALE,
  },
  {
    when: 'a device tries at odd times for three hours, at most once a minute',
    story: [...Array.from({ length: 24 }, (_, i) => wrong(`w${i}`, i * 8 + (i % 3) * 2.4))],
    until: 400,
    expected: STALE,
  },
  {
    when: 'nobody follows a browser that tries by the clock',
    story: burst(21, { minutes: 20, ...BROWSER }),
    ...AFTER,
    expected: STALE,
  },
  {
    when: 'somebody at a browser remembers it the next day',
    story: [...byHand(21), right('r', 24 * 60, BROWSER, 0)],
    until: 24 * 60 + 1,
    expected: FORGOT,
  },
  {
    when: 'somebody tries at two addresses, and the administrator resets the password',
    story: [
      ...burst(21, { minutes: 30, addresses: 2, ...BROWSER }),
      reset('p', 40, 'Reset password (by admin)'),
    ],
    ...AFTER,
    expected: { ...FORGOT, state: 'resolved', resolution: 'password-changed' },
  },
  {
    when: 'more tries than the threshold times the allowance come before the lockout, of several clients',
    story: [
      ...burst(14, { minutes: 2, addresses: 2 }),
      ...burst(10, { minutes: 2, id: 'b', clientApp: 'IMAP4' }),
      locked('l', 2.1, { reason: OTHER_LOCKED }),
    ],
    ...AFTER,
    expected: { ...OVER, count: 24 },
  },
  {
    when: 'a day has an old password in the morning and a guess in the evening: the worse one counts',
    story: [
      ...burst(24, { minutes: 230, id: 'p', address: '198.51.100.9' }),
      ...burst(24, { from: 400, minutes: 20, addresses: 6 }),
      right('r', 425, LAST),
    ],
    until: 500,
    expected: { ...HIGH, count: 48 },
  },
  {
    when: 'one correlation id spans a whole session of tries',
    story: [...burst(24, { minutes: 20, addresses: 6, attempt: 'session' }), right('r', 25, LAST)],
    ...AFTER,
    expected: { ...HIGH, count: 24 },
  },
  {
    when: 'three rows tell of each try',
    story: Array.from({ length: 24 }, (_, i) =>
      [0, 0.02, 0.05].map((after, k) =>
        wrong(`w${i}.${k}`, i * 0.8 + after, {
          attempt: `a${i}`,
          address: `203.0.113.${(i % 6) + 1}`,
        }),
      ),
    ).flat(),
    ...AFTER,
    expected: { ...SPREAD, count: 24 },
  },
  {
    when: 'a row is published again with what it left out',
    story: [
      ...SPRAY.map((each) => ({ ...each, ipAddress: null, location: null })),
      ...SPRAY.map((each) => ({ ...each, correlationId: `c-${each['id'] as string}` })),
    ],
    ...AFTER,
    expected: { ...SPREAD, count: 24 },
  },
];

// ------------------------------------------------------------------------------------------------------------ silence

export const SILENT: readonly Story[] = (
  [
    {
      when: 'nine wrong ones are followed by the right one',
      story: [...burst(9, { minutes: 5, addresses: 3 }), right('r', 6, { address: '203.0.113.1' })],
    },
    {
      when: '19 wrong ones from six addresses are followed by the right one',
      story: [...burst(19, { minutes: 20, addresses: 6 }), right('r', 25, LAST)],
    },
    {
      when: 'there are interrupts only, hundreds of them',
      story: RIGHT.flatMap((code) =>
        Array.from({ length: 20 }, (_, i) => right(`${code}-${i}`, i, {}, code)),
      ),
    },
    {
      when: 'a whole office of people mistypes behind one address',
      story: Array.from({ length: 60 }, (_, i) =>
        wrong(`w${i}`, i / 4, { user: `user-${i % 20}` }),
      ),
    },
    {
      when: 'a morning and an afternoon of mistyping make 24 together',
      story: [
        ...burst(12, { minutes: 10, addresses: 6, id: 'a' }),
        ...burst(12, { from: 300, minutes: 10, addresses: 6, id: 'b' }),
      ],
    },
    {
      when: 'one person remembers it in one place: 24 tries at a browser by hand, and nothing else yet',
      story: byHand(24),
    },
    {
      when: 'every try is told of by three rows, so that 21 rows are seven tries',
      story: Array.from({ length: 21 }, (_, i) =>
        wrong(`w${i}`, i / 2, {
          attempt: `a${Math.floor(i / 3)}`,
          address: `203.0.113.${(i % 6) + 1}`,
        }),
      ),
    },
    {
      when: 'every try ends with the right password in the same attempt',
      story: Array.from({ length: 24 }, (_, i) => [
        wrong(`w${i}`, i, { attempt: `a${i}`, address: `203.0.113.${(i % 6) + 1}` }),
        right(`r${i}`, i + 0.2, { attempt: `a${i}`, address: `203.0.113.${(i % 6) + 1}` }),
      ]).flat(),
    },
    {
      when: 'a phone has sent an old password for hours, one try of a spray falls into it, and its owner signs in at home',
      story: [
        ...burst(40, { minutes: 39 * 10 }),
        wrong('stray', 200, { address: '198.51.100.9', clientApp: 'Other clients' }),
        right('r', 39 * 10 + 20, { ...BROWSER, address: '203.0.113.1' }, 0),
      ],
    },
    {
      when: 'a phone at home and on the way learns the new password an hour after it was changed',
      story: [
        reset('p', -30, 'Change user password'),
        ...byHand(24, { clientApp: MAIL }).map((each, i) => ({
          ...each,
          ipAddress: `203.0.113.${(i % 2) + 1}`,
        })),
        right('r', 60, { address: '203.0.113.1' }),
      ],
    },
    {
      when: 'one address at a known place tries by hand and gets in',
      story: [
        right('home', -300),
        ...byHand(24, { clientApp: MAIL }),
        right('r', 60, { address: '203.0.113.1' }),
      ],
    },
    {
      when: 'the lockout comes at 20 tries of two clients: no more than is ordinary',
      story: [
        ...burst(10, { minutes: 2, addresses: 2 }),
        ...burst(10, { minutes: 2, id: 'b', clientApp: 'IMAP4' }),
        locked('l', 2.1),
      ],
    },
    {
      when: 'a reason says nothing of a lockout',
      story: [
        ...burst(14, { minutes: 2, addresses: 2 }),
        ...burst(10, { minutes: 2, id: 'b', clientApp: 'IMAP4' }),
        locked('l', 2.1, { reason: 'Other.' }),
      ],
    },
    {
      when: 'passwords are reset and sessions revoked, and nobody tries anything',
      story: [
        reset('a', 0),
        reset('b', 1, 'Reset password (self-service)'),
        reset('c', 2, 'Update StsRefreshTokenValidFrom Timestamp'),
      ],
    },
    {
      when: 'names that do not exist are tried',
      story: Array.from({ length: 40 }, (_, i) => row(`n${i}`, i / 4, 50034)),
    },
    {
      when: 'a gap hides whether the country is a new one',
      story: [
        right('home', -300, { address: '198.51.100.1' }),
        ...byHand(24, { clientApp: MAIL, country: 'KP' }),
        right('r', 60, { address: '203.0.113.1', country: 'KP' }),
      ],
      gaps: [[-100, -50]],
    },
  ] satisfies Omit<Story, 'until' | 'expected'>[]
).map((each) => ({ ...each, until: 500, expected: undefined }));

export const RESOLVES: readonly Story<Partial<Said>>[] = [
  {
    when: 'there was no wrong one for 24 hours',
    story: SPRAY,
    until: 20 + 24 * 60,
    expected: { ...SPREAD, state: 'resolved', resolution: 'quiet' },
  },
  {
    when: 'that is not yet over',
    story: SPRAY,
    until: 20 + 24 * 60 - TICK,
    expected: SPREAD,
  },
  {
    when: 'single ones go on',
    story: [...SPRAY, wrong('later', 600)],
    until: 600 + 24 * 60 - TICK,
    expected: SPREAD,
  },
  {
    when: 'the quiet time was not wholly read',
    story: SPRAY,
    until: 5_000,
    gaps: [[300, 400]],
    expected: SPREAD,
  },
  {
    when: 'a guessed one is changed',
    story: [...GUESSED, reset('p', 60)],
    until: 90,
    expected: { ...HIGH, state: 'resolved', resolution: 'password-changed' },
  },
  {
    when: 'a guessed one stays as it is, however quiet it is',
    story: GUESSED,
    until: 20 * 24 * 60,
    expected: HIGH,
  },
  {
    when: 'of a guessed one the sessions are revoked, and no more',
    story: [...GUESSED, reset('p', 60, 'Update StsRefreshTokenValidFrom Timestamp')],
    until: 20 * 24 * 60,
    expected: HIGH,
  },
];

export const STORIES: readonly Story<unknown>[] = [...SPECIFIED, ...RAISES, ...SILENT, ...RESOLVES];
