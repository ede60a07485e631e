import { latest, MINUTE, monthOf, plus, SECOND, type Instant } from '../../shared/domain/time';
import { createPhone, FAR_AWAY, type Person } from './people';
import type { Random } from './random';
import {
  addedToRole,
  authenticatorBecameMethod,
  passIssued,
  phonesRewritten,
  POLICIES,
  securityInfo,
  signIn,
  type DemoRow,
  type SignInFields,
  type Stamp,
} from './rows';

/** What the detectors must come to about a story: nothing more, nothing less. */
export interface ExpectedFinding {
  readonly detector:
    | 'bootstrap-not-finished'
    | 'mfa-registration-unfinished'
    | 'eas-success-despite-ca-failure'
    | 'registration-without-outcome';
  readonly subject: { readonly id: string; readonly name: string };
  readonly severity: 'low' | 'medium' | 'high';
  readonly count: number;
  /** Ids of the rows that must be among its evidence. */
  readonly eventIds: readonly string[];
  /** Since when the rows that prove it can be read. */
  readonly visibleAt: Instant;
  /** What ends it, once that can be read. */
  readonly end?: { readonly visibleAt: Instant; readonly resolution: string };
}

export interface Story {
  readonly rows: readonly DemoRow[];
  /** Absent for the honest twins, about whom nothing may be said. */
  readonly truth?: ExpectedFinding;
}

/** About whom, when it begins, and when its rows can be read. */
export interface Cast {
  readonly person: Person;
  /** Somebody else: an administrator. */
  readonly helper: Person;
  readonly at: Instant;
  readonly visibleAt: Instant;
  readonly random: Random;
}

type Teller = (cast: Cast) => Story;

/** Everything that can happen to somebody of the demo tenant, by name. */
const STORIES = {
  // The code is scanned, the page is closed: one row, and nothing follows.
  unfinished(cast) {
    const added = phoneAdded(cast);
    return { rows: [added], truth: unfinished(cast, 'medium', [added]) };
  },
  // The same about somebody who is given a privileged role.
  'unfinished-admin'(cast) {
    const later = stampOf(cast, 20 * MINUTE);
    const role = addedToRole(later, cast.person, cast.helper, 'Exchange Administrator');
    const added = phoneAdded(cast);
    return { rows: [added, role], truth: unfinished(cast, 'high', [added]) };
  },
  // Another phone is registered already, so the second, unverified one locks nobody out.
  'unfinished-second-phone'(cast) {
    const known = createPhone(cast.random);
    const fresh = createPhone(cast.random);
    const added = phonesRewritten(stampOf(cast), cast.person, [known], [known, fresh]);
    return { rows: [added], truth: unfinished(cast, 'low', [added]) };
  },
  // A new phone is added and not verified, then the old one is deleted: none is left that works.
  'unfinished-old-phone-removed'(cast) {
    const old = createPhone(cast.random);
    const fresh = createPhone(cast.random);
    const added = phonesRewritten(stampOf(cast), cast.person, [old], [old, fresh]);
    const removal = stampOf(cast, 10 * MINUTE);
    return {
      rows: [
        added,
        securityInfo(removal, cast.person, 'deleted'),
        phonesRewritten(removal, cast.person, [old, fresh], [fresh]),
      ],
      truth: unfinished(cast, 'high', [added]),
    };
  },
  // A security key is registered instead: they can sign in, and the phone stays listed.
  'unfinished-with-security-key'(cast) {
    const added = phoneAdded(cast);
    const key = securityInfo(stampOf(cast, 4 * MINUTE), cast.person, 'registeredKey');
    return { rows: [added, key], truth: unfinished(cast, 'low', [added]) };
  },
  // Somebody new begins with a Temporary Access Pass, and has nothing when it expires.
  'unfinished-after-pass'(cast) {
    const pass = passIssued(stampOf(cast, -MINUTE), cast.person, cast.helper);
    const added = phoneAdded(cast);
    return { rows: [pass, added], truth: unfinished(cast, 'high', [added]) };
  },
  // At the next sign-in Conditional Access wants MFA, and blocks setting it up from there.
  'unfinished-and-blocked'(cast) {
    const added = phoneAdded(cast);
    const blocked = signIn(stampOf(cast, 5 * MINUTE), cast.person, {
      clientApp: 'Browser',
      errorCode: 53004,
      failureReason:
        "The user can't register multifactor authentication methods because of suspicious activity.",
      conditionalAccess: 'failure',
      policies: [[POLICIES.requireMfa, 'failure']],
    });
    return { rows: [added, blocked], truth: unfinished(cast, 'high', [added]) };
  },
  // Cancelled, and the phone stays on the account.
  'cancelled-and-listed'(cast) {
    const added = phoneAdded(cast);
    const cancelled = securityInfo(stampOf(cast, MINUTE), cast.person, 'cancelled');
    return { rows: [added, cancelled], truth: unfinished(cast, 'low', [added]) };
  },
  // Left for hours, then registered again and verified: the finding ends with the verification.
  'completed-late'(cast) {
    const shown = plus(cast.visibleAt, 80 * SECOND);
    const added = phoneAdded(cast);
    const completion = verified({ ...cast, visibleAt: shown, at: plus(shown, -2 * MINUTE) });
    const truth = unfinished(cast, 'medium', [added]);
    const end = { visibleAt: shown, resolution: 'completed' };
    return { rows: [added, ...completion], truth: { ...truth, end } };
  },
  // The verification was logged in time and shows hours later: what was said too early is taken back.
  'completion-shown-too-late'(cast) {
    const shown = plus(cast.visibleAt, 80 * SECOND);
    const added = phoneAdded(cast);
    const completion = verified({ ...cast, visibleAt: shown });
    const truth = unfinished(cast, 'medium', [added]);
    const end = { visibleAt: shown, resolution: 'superseded' };
    return { rows: [added, ...completion], truth: { ...truth, end } };
  },

  // Twin: the registration of the seed post that was finished.
  completed: (cast) => ({
    rows: [
      phoneAdded(cast),
      securityInfo(stampOf(cast, 7 * SECOND), cast.person, 'started'),
      ...verified(cast),
    ],
  }),
  // Twin: its last rows show late, but well before they would be missed.
  'completion-shown-in-time': (cast) => ({
    rows: [phoneAdded({ ...cast, visibleAt: cast.at }), ...verified(cast)],
  }),
  // Twin: the first code was scanned in vain, the second was verified.
  'retried-and-completed'(cast) {
    const first = createPhone(cast.random);
    const second = createPhone(cast.random);
    const again = stampOf(cast, 6 * MINUTE);
    return {
      rows: [
        phonesRewritten(stampOf(cast), cast.person, [], [first]),
        phonesRewritten(again, cast.person, [first], [first, second]),
        ...verified({ ...cast, at: again.at }),
      ],
    };
  },
  // Twin: given up and cleaned up.
  'cancelled-and-removed'(cast) {
    const phone = createPhone(cast.random);
    return {
      rows: [
        phonesRewritten(stampOf(cast), cast.person, [], [phone]),
        securityInfo(stampOf(cast, MINUTE), cast.person, 'cancelled'),
        phonesRewritten(stampOf(cast, 2 * MINUTE), cast.person, [phone], []),
        securityInfo(stampOf(cast, 2 * MINUTE), cast.person, 'deleted'),
      ],
    };
  },
  // Twin: what the service writes at ordinary sign-ins.
  'routine-rewrite'(cast) {
    const phone = createPhone(cast.random);
    const [before, at] = [plus(cast.at, -30 * MINUTE), cast.at];
    const old = { ...phone, usedAt: before, version: '6.8.29', drift: -1 };
    const fresh = { ...phone, usedAt: at, version: '6.8.30', drift: 0 };
    return { rows: [phonesRewritten(stampOf(cast), cast.person, [old], [fresh])] };
  },

  // A passkey is started again and again, and the log never says what came of it.
  'passkey-without-outcome'(cast) {
    const rows = passkeyStarts(cast);
    return { rows, truth: expected('registration-without-outcome', cast, 'low', rows) };
  },
  // Twin: the last try was registered.
  'passkey-registered'(cast) {
    const last = stampOf(cast, MINUTE);
    return {
      rows: [...passkeyStarts(cast), securityInfo(last, cast.person, 'passkey-registered')],
    };
  },

  // ActiveSync with the right password from where policy says block: logged as a success.
  'eas-blocked'(cast) {
    const row = activeSync(cast, abroad(cast));
    return { rows: [row], truth: accepted(cast, 'medium', [row]) };
  },
  // The same from two countries.
  'eas-two-countries'(cast) {
    const later = plus(cast.at, 18 * MINUTE);
    const [here, there] = FAR_AWAY;
    const rows = [
      activeSync(cast, { ...abroad(cast), ...(here && { place: here }) }),
      activeSync(
        // Findings are per month; the story must not become two.
        { ...cast, at: monthOf(later) === monthOf(cast.at) ? later : cast.at },
        { ...abroad(cast), ...(there && { place: there }) },
      ),
    ];
    return { rows, truth: accepted(cast, 'high', rows) };
  },
  // A phone that is not compliant yet: ordinary quarantine at enrolment.
  'eas-quarantined'(cast) {
    const row = activeSync(cast, {
      ...ACCEPTED,
      policies: [
        [POLICIES.compliantDevice, 'failure'],
        [POLICIES.requireMfa, 'notApplied'],
      ],
    });
    return { rows: [row], truth: accepted(cast, 'low', [row]) };
  },

  // Twin: the code says blocked, so nothing was accepted.
  'eas-refused': (cast) => ({
    rows: [
      activeSync(cast, {
        ...abroad(cast),
        errorCode: 53003,
        failureReason: 'Access has been blocked by Conditional Access policies.',
      }),
    ],
  }),
  // Twin: policy allowed it.
  'eas-allowed': (cast) => ({
    rows: [
      activeSync(cast, {
        clientApp: 'Exchange ActiveSync',
        conditionalAccess: 'success',
        policies: [[POLICIES.compliantDevice, 'success']],
      }),
    ],
  }),
  // Twin: a policy that only reports would have failed it.
  'eas-report-only': (cast) => ({
    rows: [
      activeSync(cast, {
        clientApp: 'Exchange ActiveSync',
        conditionalAccess: 'notApplied',
        policies: [
          [POLICIES.blockLegacyTrial, 'reportOnlyFailure'],
          [POLICIES.requireMfa, 'notApplied'],
        ],
      }),
    ],
  }),
} as const satisfies Record<string, Teller>;

export type StoryName = keyof typeof STORIES;
export const STORY_NAMES = Object.keys(STORIES) as readonly StoryName[];

/** Makes the rows of a story, and what must be found in them. */
export function tellStory(name: StoryName, cast: Cast): Story {
  return STORIES[name](cast);
}

// ------------------------------------------------------------------------------------------------------ what is told

function stampOf({ at, visibleAt, random }: Cast, later = 0): Stamp {
  const then = plus(at, later);
  return { at: then, visibleAt: latest(then, visibleAt), random };
}

function phoneAdded(cast: Cast): DemoRow {
  return phonesRewritten(stampOf(cast), cast.person, [], [createPhone(cast.random)]);
}

/** Four starts, the last of them now; close together, because a row that shows three hours late is just still read. */
function passkeyStarts(cast: Cast): DemoRow[] {
  return [-140, -95, -50, 0].map((second) =>
    securityInfo(stampOf(cast, second * SECOND), cast.person, 'passkey-started'),
  );
}

/** The two rows of a verification, 13 s after the code was scanned. */
function verified(cast: Cast): DemoRow[] {
  const stamp = stampOf(cast, 13 * SECOND);
  return [
    authenticatorBecameMethod(stamp, cast.person),
    securityInfo(stamp, cast.person, 'registered'),
  ];
}

const ACCEPTED = {
  clientApp: 'Exchange ActiveSync',
  conditionalAccess: 'failure',
} as const satisfies Partial<SignInFields>;

function abroad({ random }: Cast): SignInFields {
  return {
    ...ACCEPTED,
    place: random.pick(FAR_AWAY),
    ipAddress: `203.0.113.${1 + random.below(254)}`,
    policies: [
      [POLICIES.blockActiveSync, 'failure'],
      [POLICIES.requireMfa, 'notApplied'],
    ],
  };
}

function activeSync(cast: Cast, fields: SignInFields): DemoRow {
  return signIn(stampOf(cast), cast.person, { operatingSystem: 'Android', ...fields });
}

function unfinished(
  cast: Cast,
  severity: ExpectedFinding['severity'],
  rows: readonly DemoRow[],
): ExpectedFinding {
  return expected('mfa-registration-unfinished', cast, severity, rows);
}

function accepted(
  cast: Cast,
  severity: ExpectedFinding['severity'],
  rows: readonly DemoRow[],
): ExpectedFinding {
  return expected('eas-success-despite-ca-failure', cast, severity, rows);
}

function expected(
  detector: ExpectedFinding['detector'],
  { person, at, visibleAt }: Cast,
  severity: ExpectedFinding['severity'],
  rows: readonly DemoRow[],
): ExpectedFinding {
  return {
    detector,
    subject: { id: person.id, name: person.upn },
    severity,
    count: rows.length,
    eventIds: rows.map((row) => row.id),
    visibleAt: latest(at, visibleAt),
  };
}
