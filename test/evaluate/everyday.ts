import { FAR_AWAY } from '../../cli/demo-tenant/people';
import { seeded, type Random } from '../../cli/demo-tenant/random';
import {
  addedToGroup,
  passIssued,
  phonesRewritten,
  POLICIES,
  profileUpdated,
  securityInfo,
  signIn,
  type DemoRow,
  type SignInFields,
} from '../../cli/demo-tenant/rows';
import { DAY, HOUR, MINUTE, plus, SECOND, type Instant } from '../../shared/domain/time';
import { createPhone } from '../../cli/demo-tenant/people';
import { lateStamp, type Mode } from './arrival';
import { isThere, type Employee } from './people';
import { accountRow, methodsChanged, pimRole } from './rows';

/** What a day brings that is no story. */
export interface Day {
  readonly number: number;
  readonly start: Instant;
  readonly employees: readonly Employee[];
  /** Of whom a story was told: nothing is done to their methods beside it. */
  readonly told: ReadonlySet<string>;
  readonly seed: string;
  readonly mode: Mode;
}

const BROWSER = {
  clientApp: 'Browser',
  conditionalAccess: 'success',
  policies: [
    [POLICIES.requireMfa, 'success'],
    [POLICIES.blockLegacyTrial, 'reportOnlyFailure'],
  ],
} as const satisfies SignInFields;
const APPS = { ...BROWSER, clientApp: 'Mobile Apps and Desktop clients' } as const;
const ACTIVE_SYNC = {
  clientApp: 'Exchange ActiveSync',
  conditionalAccess: 'success',
  operatingSystem: 'iOS 18',
  policies: [[POLICIES.compliantDevice, 'success']],
} as const satisfies SignInFields;
/** What is no success and means nothing: code, how many in a thousand sign-ins, and what the log calls it. */
const HICCUPS: readonly (readonly [number, number, string])[] = [
  [
    50140,
    20,
    "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
  ],
  [50074, 15, 'Strong Authentication is required.'],
  [50058, 10, 'Session information is not sufficient for single-sign-on.'],
  [50097, 4, 'Device authentication is required.'],
  [70043, 4, 'The refresh token has expired due to Conditional Access sign-in frequency checks.'],
  [500121, 4, 'Authentication failed during strong authentication request.'],
  [65001, 2, 'The user or administrator has not consented to use the application.'],
  [50055, 1, 'The password is expired.'],
];
const WRONG_PASSWORD = 'Error validating credentials due to invalid username or password.';
const LOCKED = 'The account is locked, you have tried to sign in too many times.';

const WORKING_DAY = 9 * HOUR;
const WEEK = 7;
const SPRAY_EVERY = 6;
const WEEKEND = 5; // the simulation begins on a Monday
const CHANCE = {
  weekendWork: 0.08,
  travel: 0.02,
  mistyped: 0.02,
  forgotten: 0.004,
  rewrite: 0.3,
  group: 0.02,
  profile: 0.01,
  passwordChange: 0.008,
  passwordReset: 0.003,
  role: 0.6,
} as const;

/** The rows of a day of everyday life. */
export function everydayRows(day: Day): readonly DemoRow[] {
  const random = seeded(`${day.seed}|everyday|${day.number}`);
  const there = day.employees.filter((each) => isThere(each, day.number));
  const admins = there.filter(({ role }) => role === 'admin');
  const spray = spraysOn(day, random);
  return there.flatMap((person) => {
    const admin = random.pick(admins);
    return [
      ...spray(person),
      ...atWork(day, person, random),
      ...mailOnPhone(day, person, random),
      ...ofAccount(day, person, admin, random),
      ...comingAndGoing(day, person, admin, random),
    ];
  });
}

/** Now and then somebody from outside tries one or two passwords on everybody, from many addresses. */
function spraysOn(day: Day, random: Random): (person: Employee) => DemoRow[] {
  if (day.number % SPRAY_EVERY !== SPRAY_EVERY - 1) {
    return () => [];
  }
  return (person) =>
    Array.from({ length: 1 + random.below(2) }, () => {
      const stamp = lateStamp(plus(day.start, random.next() * DAY), random, day.mode);
      return signIn(stamp, person, {
        ...{ clientApp: 'Other clients', conditionalAccess: 'notApplied', policies: [] },
        ...{ errorCode: 50126, failureReason: WRONG_PASSWORD },
        ...{ ipAddress: `203.0.113.${1 + random.below(254)}`, place: random.pick(FAR_AWAY) },
      });
    });
}

function isOff(day: Day, random: Random): boolean {
  return day.number % WEEK >= WEEKEND && random.next() >= CHANCE.weekendWork;
}

function atWork(day: Day, person: Employee, random: Random): DemoRow[] {
  if (isOff(day, random)) {
    return [];
  }
  const times = person.role === 'guest' ? random.below(2) : 3 + random.below(5);
  const where = whereabouts(day, person);
  const rows: DemoRow[] = [];
  for (let i = 0; i < times; i++) {
    const at = plus(day.start, person.begins + random.next() * WORKING_DAY);
    const add = (fields: SignInFields, after = 0): void => {
      const stamp = lateStamp(plus(at, after), random, day.mode);
      rows.push(signIn(stamp, person, { ...where, ...fields }));
    };
    const usual: SignInFields = random.next() < 0.7 ? BROWSER : APPS;
    const fails = (errorCode: number, failureReason: string, after = 0): void => {
      const { clientApp } = usual;
      const fields = { clientApp, errorCode, failureReason, policies: [] } as const;
      add({ ...fields, conditionalAccess: 'notApplied' }, after);
    };
    const chance = random.next();
    if (chance < CHANCE.mistyped) {
      fails(50126, WRONG_PASSWORD);
      add(usual, 20 * SECOND);
    } else if (chance < CHANCE.mistyped + CHANCE.forgotten) {
      const tries = 3 + random.below(9);
      for (let each = 0; each < tries; each++) {
        fails(50126, WRONG_PASSWORD, each * 15 * SECOND);
      }
      if (tries >= 10) {
        fails(50053, LOCKED, tries * 15 * SECOND);
      }
      add(usual, 20 * MINUTE);
    } else {
      const hiccup = hiccupAt(random.below(1_000));
      if (hiccup !== undefined) {
        fails(hiccup[0], hiccup[2]);
      }
      add(usual, hiccup === undefined ? 0 : 30 * SECOND);
    }
  }
  return rows;
}

function hiccupAt(chance: number): (typeof HICCUPS)[number] | undefined {
  let to = 0;
  return HICCUPS.find(([, share]) => {
    to += share;
    return chance < to;
  });
}

/** Somewhere else for a whole week, now and then. */
function whereabouts({ number, seed }: Day, person: Employee): Partial<SignInFields> {
  const random = seeded(`${seed}|${person.id}|week ${Math.floor(number / WEEK)}`);
  return random.next() < CHANCE.travel
    ? { place: random.pick(FAR_AWAY), ipAddress: `198.51.100.${1 + random.below(254)}` }
    : {};
}

/** Phones fetch mail every day, also where their people travel. */
function mailOnPhone(day: Day, person: Employee, random: Random): DemoRow[] {
  if (!person.hasMailOnPhone) {
    return [];
  }
  const where = whereabouts(day, person);
  return Array.from({ length: 1 + random.below(3) }, () => {
    const stamp = lateStamp(plus(day.start, random.next() * DAY), random, day.mode);
    return signIn(stamp, person, { ...ACTIVE_SYNC, ...where });
  });
}

/** Phone lists that are rewritten at sign-ins, groups, profiles, passwords, and roles for an hour or three. */
function ofAccount(day: Day, person: Employee, admin: Employee, random: Random): DemoRow[] {
  if (isOff(day, random)) {
    return [];
  }
  const at = plus(day.start, person.begins + random.next() * WORKING_DAY);
  const stamp = (after = 0) => lateStamp(plus(at, after), random, day.mode);
  const rows: DemoRow[] = [];
  const happens = (chance: number): boolean => random.next() < chance;
  const { phone } = person;
  if (happens(CHANCE.rewrite) && phone !== undefined && !day.told.has(person.id)) {
    const before = { ...phone, usedAt: plus(at, -3 * DAY), drift: random.below(3) };
    rows.push(phonesRewritten(stamp(), person, [before], [{ ...phone, usedAt: at, drift: 0 }]));
  }
  if (happens(CHANCE.group)) {
    rows.push(addedToGroup(stamp(), person, admin, 'Project Northwind'));
  }
  if (happens(CHANCE.profile)) {
    rows.push(profileUpdated(stamp(), person, admin));
  }
  if (happens(CHANCE.passwordChange)) {
    rows.push(accountRow(stamp(), person, person, 'Change user password'));
  } else if (happens(CHANCE.passwordReset)) {
    rows.push(
      accountRow(stamp(), person, admin, 'Reset user password'),
      accountRow(stamp(20 * MINUTE), person, person, 'Change user password'),
    );
  }
  if (person.role === 'admin' && happens(CHANCE.role)) {
    const role = random.pick(['Exchange Administrator', 'User Administrator', 'Reports Reader']);
    const expired = 'Remove member from role (PIM activation expired)';
    rows.push(
      pimRole(stamp(), person, role, 'Add member to role'),
      pimRole(stamp((1 + random.below(3)) * HOUR), person, role, expired),
    );
  }
  return rows;
}

/** Somebody new gets a pass and registers with it; somebody who goes is disabled, and deleted in the evening. */
function comingAndGoing(day: Day, person: Employee, admin: Employee, random: Random): DemoRow[] {
  const at = plus(day.start, person.begins + 30 * MINUTE);
  const stamp = (after: number) => lateStamp(plus(at, after), random, day.mode);
  if (person.joins === day.number) {
    return [
      accountRow(stamp(-HOUR), person, admin, 'Add user'),
      passIssued(stamp(0), person, admin),
      securityInfo(stamp(20 * MINUTE), person, 'started'),
      phonesRewritten(stamp(21 * MINUTE), person, [], [createPhone(random)]),
      methodsChanged(stamp(22 * MINUTE), person, [], [6, 7]),
      securityInfo(stamp(22 * MINUTE), person, 'registered'),
    ];
  }
  return person.leaves === day.number + 1
    ? [
        accountRow(stamp(4 * HOUR), person, admin, 'Disable account'),
        accountRow(stamp(6 * HOUR), person, admin, 'Delete user'),
      ]
    : [];
}
