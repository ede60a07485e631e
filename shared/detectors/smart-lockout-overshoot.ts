import type { JsonObject } from '../domain/json';
import { checkCoverage, type CoverageBySource } from '../domain/reading/coverage';
import {
  defineDetector,
  type Anchor,
  type Answer,
  type Assessment,
  type Conclusion,
  type Evidence,
} from '../domain/detector';
import { textsIn } from '../domain/facts';
import type { Signal } from '../domain/findings/signal';
import { plus, startOfDay, toMinute, type Instant } from '../domain/time';
import { evidenceFrom, nextQuestion } from './not-followed-by';
import { REFUSED, RIGHT, signalsOf, WRONG } from './smart-lockout/signals';
import {
  eventsOf,
  isAtLeast,
  readStory,
  seenIn,
  stretchesOf,
  type Story,
  type Stretch,
  type WrongTry,
} from './smart-lockout/story';
import { around, KNOWN, verdictOn, type Thresholds, type Verdict } from './smart-lockout/verdict';
import { MESSAGES, type MessageId } from './smart-lockout/words';

export const smartLockoutOvershoot = defineDetector({
  id: 'smart-lockout-overshoot',
  version: 1,
  title: 'Wrong passwords beyond the lockout threshold',
  summary:
    'More wrong passwords of one person are logged than smart lockout lets through. Mostly that is one device that ' +
    'repeats an old password, which the lockout does not count. What is worth a look: many tries from several places ' +
    'with the right password at the end, which somebody has then guessed, and which device keeps sending the old one. ' +
    'High when the right password followed, medium for tries from many places, else only recorded.',
  severity: 'medium',
  attack: ['T1110.001', 'T1110.003'],
  runbook: [
    'In Entra ID > Monitoring & health > Sign-in logs, show the user from {first seen} to {last seen} with error code 50126: address, client app, user agent.',
    'The right password followed, and it was not them: reset the password, revoke sessions, and check which sign-in methods were added since {first seen}.',
    'A device keeps sending an old password: on the device that the finding names, remove the account and add it again. A service account: give the service the new password.',
    'The threshold stands under Entra ID > Authentication methods > Password protection; set the same one here. With pass-through authentication repeats of one password count, and the threshold on premises must be two to three times as high.',
  ],
  falsePositives: [
    'A penetration test: suppress it by address for its time.',
    'Somebody who tries every password they know, on the computer and on the phone, and remembers it: two addresses, then the right one.',
    'A service account whose password has expired: it is taken for a device with an old password.',
  ],
  blindSpots: [
    'Whether the same password was sent again and again: hashes of passwords are not logged.',
    'Fewer tries than the threshold times the allowance between two long pauses or on one day (UTC): low-and-slow sprays, and tries around midnight of which each day holds less.',
    'Names that do not exist in the tenant.',
    'Microsoft does not promise a row for each try.',
    'A plain success without MFA or another interrupt is not asked for: it is seen in exports, when the person is looked at again before a finding opens, and when a day is read again without a filter, 48 hours later.',
    'A change of the password that only an on-premises directory logs, and sign-ins that are checked on premises only (federation). With pass-through authentication repeats count.',
    'Rows that share a correlation id within 10 minutes count as one try, unless there are more than five of them.',
    'Less than one try a minute for three hours or more, all from one address, is taken for a device, also where the right password follows from there.',
    'Tries of one app from at most two addresses within a day after a change of the password are taken for a device that was left behind, also where the right password follows.',
  ],
  references: [
    'https://learn.microsoft.com/entra/identity/authentication/howto-password-smart-lockout',
    'https://learn.microsoft.com/entra/identity-platform/reference-error-codes',
    'https://timmcmic.blog (2021, Azure AD smart lockout)',
  ],
  settings: {
    threshold: {
      kind: 'count',
      default: '10',
      meaning:
        'The lockout threshold of the tenant, which Graph does not show; 3 by default in the US Government cloud.',
    },
    allowance: {
      kind: 'count',
      default: '2',
      meaning:
        'How many times the threshold is ordinary: familiar and unfamiliar places are counted apart.',
    },
    gap: {
      kind: 'duration',
      default: '30m',
      meaning: 'How long a pause may be between tries that belong together.',
    },
    quiet: {
      kind: 'duration',
      default: '24h',
      meaning: 'Time without another wrong password after which the finding is resolved.',
    },
  },
  reads: [
    { source: 'signIns', property: 'status/errorCode', values: [WRONG, REFUSED, ...RIGHT] },
    // Most sign-ins: Graph is not asked for them.
    { source: 'signIns', property: 'status/errorCode', values: [0], optional: true },
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Reset user password',
        'Reset password (by admin)',
        'Reset password (self-service)',
        'Change user password',
        'Change password (self-service)',
        'Update StsRefreshTokenValidFrom Timestamp',
      ],
    },
  ],
  expects: [],
  // A guessed password stays one until it is changed, however long nobody does.
  retain: '45d',
  join: {
    ...{ firstEvents: 'first3', lastEvents: 'last3', addresses: 'first3', countries: 'first3' },
    ...{ clients: 'first3', devices: 'first3', systems: 'first3', apps: 'first3', ways: 'first3' },
  },
  opens: ['wrong'],
  messages: MESSAGES,
  signals: signalsOf,

  assess(timeline, coverage, settings): Assessment<MessageId> {
    const story = readStory(timeline);
    const verdicts = stretchesOf(story, settings.gap).flatMap(
      (stretch) => verdictOn(stretch, story, coverage, settings) ?? [],
    );
    const read = verdicts.filter(({ look }) => look.verdict === 'covered');
    const byDay = Map.groupBy(read, ({ stretch }) => stretch.day);
    const days = [...byDay.values()].flatMap(([first, ...others]): Day[] =>
      first === undefined ? [] : [[first, ...others]],
    );
    const said = days.map((day, i) => {
      const isNoNews = goesOnFrom(days[i - 1], day, settings);
      const next = days[i + 1];
      const goesOn = next !== undefined && goesOnFrom(day, next, settings);
      return state(day, { isNoNews, goesOn }, story, coverage, settings);
    });
    const undecided = Map.groupBy(
      verdicts.filter(({ stretch }) => !byDay.has(stretch.day)),
      ({ stretch }) => stretch.day,
    );
    const waiting = verdicts.filter(({ look }) => look.verdict === 'later');
    return {
      findings: [
        ...said.map(({ stated }) => stated),
        ...[...undecided.values()].flatMap((each) => unanswered(each, settings)),
      ],
      ...nextQuestion([
        ...said.flatMap(({ asks }) => asks),
        ...waiting.map(({ stretch }) => around(stretch, settings.gap)[1]),
      ]),
    };
  },
});

/** Wrong passwords of a day beside sign-ins that were not read, or not yet: those might show another story, or none. */
function unanswered(
  verdicts: readonly Verdict[],
  { gap }: Thresholds,
): readonly Answer<MessageId>[] {
  const lost = verdicts.find(({ look }) => look.verdict === 'never');
  return [lost ?? verdicts[0]]
    .filter((each) => each !== undefined)
    .map(({ stretch, look }) => {
      const anchor = anchorOf(stretch);
      const instead = verdicts.find((each) => each.instead !== undefined)?.instead;
      if (instead !== undefined) {
        // It may have been told as guessed before this was known.
        const what =
          instead.by === 'change' ? CHANGED : 'one device has sent a wrong password for hours';
        return { state: 'disproved', anchor, by: evidenceFrom(instead.signal, what) };
      }
      const what = `${stretch.tries.length} wrong passwords from ${toMinute(stretch.first)} to ${toMinute(stretch.last)}; more sign-ins of that time`;
      return look.verdict === 'never'
        ? { state: 'undetermined', anchor, gap: look.gap, what: `${what} were not read` }
        : {
            state: 'pending',
            anchor,
            until: around(stretch, gap)[1],
            what: `${what} may be logged`,
          };
    });
}

const CHANGED = 'the password was changed';

function anchorOf(stretch: Stretch): Anchor {
  return { key: `day|${stretch.day}`, from: plus(startOfDay(stretch.first), -KNOWN) };
}

/** What the stretches of one day are taken for. */
type Day = readonly [Verdict, ...Verdict[]];

const ORDER = Object.keys(MESSAGES) as readonly MessageId[];

/** Of several that fit, the first of the catalogue counts. */
function worstOf(day: Day): Verdict {
  const [worst = day[0]] = day.toSorted(
    (a, b) => ORDER.indexOf(a.message) - ORDER.indexOf(b.message),
  );
  return worst;
}

function firstOf([{ stretch }]: Day): Instant {
  return stretch.first;
}

function lastOf(day: Day): Instant {
  return (day.at(-1) ?? day[0]).stretch.last;
}

/** The day goes on with what was told of the one before, and with nothing worse. */
function goesOnFrom(before: Day | undefined, day: Day, { quiet }: Thresholds): boolean {
  return (
    before !== undefined &&
    firstOf(day) < plus(lastOf(before), quiet) &&
    ORDER.indexOf(worstOf(day).message) >= ORDER.indexOf(worstOf(before).message)
  );
}

interface Neighbours {
  readonly isNoNews: boolean;
  readonly goesOn: boolean;
}

const SEVERITY = {
  guessed: 'high',
  spread: 'medium',
  stale: 'low',
  forgot: 'info',
  overshoot: 'info',
} as const;

function state(
  day: Day,
  { isNoNews, goesOn }: Neighbours,
  story: Story,
  coverage: CoverageBySource,
  settings: Thresholds,
): { readonly stated: Conclusion<MessageId>; readonly asks: readonly Instant[] } {
  const verdict = worstOf(day);
  const { message, stretch, right, changes } = verdict;
  const isGuessed = message === 'guessed';
  const since = isGuessed ? right?.at : day.at(-1)?.stretch.first;
  const after = (isGuessed ? right?.at : undefined) ?? lastOf(day);
  const changed = story.changes.find(({ at }) => at >= after);
  const lastWrong = lastBeforeQuiet(story.tries, lastOf(day), settings.quiet);
  const quietAt = plus(lastWrong, settings.quiet);
  const quiet = checkCoverage(coverage.signIns, lastWrong, quietAt).verdict;
  const silent = goesOn ? 'continues' : quiet === 'covered' ? 'quiet' : undefined;
  // That nothing more happens does not make a guessed password good.
  const resolution = changed !== undefined ? 'password-changed' : isGuessed ? undefined : silent;
  const revoked = isGuessed && !changed ? story.revoked.find(({ at }) => at >= after) : undefined;
  const stated: Conclusion<MessageId> = {
    state: resolution === undefined ? 'open' : 'resolved',
    ...(resolution !== undefined && { resolution }),
    anchor: anchorOf(stretch),
    ...{ message, severity: SEVERITY[message] },
    stage: isGuessed || message === 'spread' ? 'alert' : 'watch',
    since: since ?? stretch.first,
    ...{ firstSeenAt: firstOf(day), lastSeenAt: lastOf(day) },
    count: day.reduce((sum, each) => sum + each.stretch.tries.length, 0),
    facts: {
      ...factsOf(verdict, story, settings),
      ...(changed !== undefined && { passwordChangedAt: changed.at }),
      ...(revoked !== undefined && { sessionsRevokedAt: revoked.at }),
      ...(resolution === 'quiet' && { quietSince: lastWrong }),
    },
    evidence: evidenceOf(day, [verdict.changed, changed, revoked]),
    ...(isNoNews && { continues: true }),
    ...(isGuessed &&
      right !== undefined && { absenceWindow: { from: stretch.first, to: right.at } }),
  };
  const isWaiting = resolution === undefined && !isGuessed && quiet === 'later';
  return {
    stated,
    asks: [
      ...(isWaiting ? [quietAt] : []),
      ...(changes === 'not-yet' && right !== undefined ? [right.at] : []),
      ...(verdict.rightKnownAt !== undefined ? [verdict.rightKnownAt] : []),
    ],
  };
}

/** The last wrong password before a time without any. */
function lastBeforeQuiet(tries: readonly WrongTry[], from: Instant, quiet: number): Instant {
  return tries.reduce((last, { at }) => (at > last && at < plus(last, quiet) ? at : last), from);
}

function factsOf(verdict: Verdict, { blocked }: Story, { threshold }: Thresholds): JsonObject {
  const { stretch, locked, right, message } = verdict;
  const blockedEvents = blocked
    .filter(({ at }) => at >= stretch.buckets[0].at && at <= stretch.last)
    .flatMap(({ facts }) => textsIn(facts['events']));
  const place = [right?.city, right?.country].filter((each) => each !== undefined && each !== '');
  return {
    ...{ tries: stretch.tries.length, from: stretch.first, to: stretch.last },
    ...(isAtLeast(stretch) && { isAtLeast: true }),
    addressCount: Math.max(stretch.addresses.size, 1),
    addresses: seenIn(stretch, 'addresses'),
    countries: seenIn(stretch, 'countries'),
    ...{ clients: seenIn(stretch, 'clients'), systems: seenIn(stretch, 'systems') },
    apps: seenIn(stretch, 'apps'),
    ...(blockedEvents.length > 0 && { blockedByAddress: new Set(blockedEvents).size }),
    ...(locked !== undefined && { lockedAt: locked.at }),
    ...(right !== undefined && {
      ...{ rightAt: right.at, rightCode: right.code },
      ...{ rightAddress: right.address ?? null, rightPlace: place.join(', ') },
    }),
    ...(verdict.changes !== undefined && { passwordChanges: verdict.changes }),
    ...(verdict.isRightUnknown && { isRightUnknown: true }),
    ...(verdict.every !== undefined && { every: verdict.every }),
    ...(message === 'overshoot' && {
      ...{ triesBeforeLockout: verdict.before ?? null, threshold },
    }),
  };
}

function evidenceOf(day: Day, changes: readonly (Signal | undefined)[]): readonly Evidence[] {
  const signIn = (
    { at, eventId }: { readonly at: Instant; readonly eventId: string },
    kind: string,
    what: string,
  ): Evidence => ({ source: 'signIns', ...{ eventId, at, kind, what } });
  return [
    ...day.flatMap(({ stretch, locked, right }) => [
      ...stretch.buckets
        .flatMap(eventsOf)
        .map((event) => signIn(event, 'wrong-password', 'wrong password')),
      ...(locked === undefined ? [] : [signIn(locked, 'locked', 'locked by smart lockout')]),
      ...(right === undefined
        ? []
        : [signIn(right, 'right-password', `the right password (sign-in code ${right.code})`)]),
    ]),
    ...changes
      .filter((each) => each !== undefined)
      .map((each) =>
        evidenceFrom(each, each.kind === 'revoked' ? 'sessions were revoked' : CHANGED),
      ),
  ];
}
