import { CREDENTIAL_ADDED } from '../domain/records/security-info';
import { checkCoverage } from '../domain/reading/coverage';
import {
  defineDetector,
  type Answer,
  type Assessment,
  type Conclusion,
  type Evidence,
} from '../domain/detector';
import { textOf, textsIn } from '../domain/facts';
import type { JsonObject } from '../domain/json';
import type { CoverageBySource } from '../domain/reading/coverage';
import { OBSERVED_JOIN, observationsOf, type Observation } from '../domain/records/observed';
import type { Signal } from '../domain/findings/signal';
import { dayOf, monthOf, plus, quietAfter, toMinute, type Instant } from '../domain/time';
import {
  ANSWER,
  doneAfter,
  earliestOf,
  readStory,
  rolesAt,
  runsIn,
  type LoopSettings,
  type Prompt,
  type Run,
  type Story,
} from './prompt-loop/loops';
import { satisfiedAt, signalsOf } from './prompt-loop/signals';
import { ASKS_FOR, describe, describePrompt, MESSAGES, type MessageId } from './prompt-loop/words';
import {
  evidenceFrom,
  notFollowedBy,
  sequelOf,
  type SequelConclusion,
  type Unfollowed,
} from './not-followed-by';

export const securityInfoPromptLoop = defineDetector({
  id: 'security-info-prompt-loop',
  version: 1,
  title: 'Asked for more information again and again',
  summary:
    'Somebody who is registered is asked for "more information" at one sign-in after another, and nothing that they do ' +
    'there ends it. The usual cause with administrators: self-service password reset is on for everybody and switched ' +
    'off for administrators, so the page has nothing to ask for and offers only "Skip setup". Each such sign-in is ' +
    'logged as an ordinary interrupt; only their repetition shows that something is wrong.',
  severity: 'medium',
  attack: ['T1556.006'],
  runbook: [
    'In Entra ID > Monitoring & health > Sign-in logs, open the interrupted sign-ins of the user from {first seen} to {last seen} and ask the user what the page wanted. Only "Skip setup" on it: go on with step 2. It asks for a method: let them register it at https://aka.ms/mysecurityinfo.',
    'In Entra ID > Password reset > Properties, change All to Selected, with a group that holds no administrators.',
    'Or move the methods of per-user MFA and of self-service password reset to one place: Entra ID > Authentication methods > Policies > Manage migration.',
    'Until then the user chooses "Sign in with another account" on the page and picks the same account.',
  ],
  falsePositives: [
    'Somebody who is asked to confirm their security info and puts it off day after day.',
    'A registration policy that asks registered people for one more method, for the days that it lets them wait.',
  ],
  blindSpots: [
    'Prompts of clients that log no interrupt, and skipped prompts that leave no row.',
    'For whom self-service password reset is switched on: Graph does not show it. Unless it is known whether it is switched off for administrators, the text says "likely".',
    'Roles that were assigned before the audit log was first read, or by a group, and roles that are not privileged.',
    'People of whom the log shows no registration and no MFA before the first prompt: nobody can tell them from new starters.',
    'That MFA was satisfied is seen in exports and when a day is read again without a filter, 48 hours later; that an authenticator answered is seen at once.',
    'An authenticator that was added and never verified: mfa-registration-unfinished tells of it, and such prompts raise it to high.',
  ],
  references: [
    'https://timmcmic.blog (2023-08, "Office 365: More information required")',
    'https://github.com/MicrosoftDocs/azure-docs/issues/100033',
    'https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy',
  ],
  settings: {
    prompts: {
      kind: 'count',
      default: '3',
      meaning: 'How many interrupted sign-ins of a registered person are a loop.',
    },
    days: {
      kind: 'count',
      default: '2',
      meaning: 'On how many different days (UTC) they lie at least.',
    },
    window: {
      kind: 'duration',
      default: '14d',
      meaning: 'Within how long they lie.',
    },
    quiet: {
      kind: 'duration',
      default: '7d',
      meaning: 'Whole days without another prompt after which the finding is resolved.',
    },
  },
  reads: [
    {
      source: 'signIns',
      property: 'status/errorCode',
      values: [50125, 50072, 50079],
    },
    {
      // That MFA was satisfied. Asking for it would be asking for every sign-in.
      source: 'signIns',
      property: 'status/errorCode',
      values: [0],
      optional: true,
    },
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Update user',
        'User registered security info',
        'User registered all required security info',
        'User reviewed security info',
        'User canceled security info registration',
        'User cancelled security info registration',
        'Admin registered security info',
        'Admin deleted security info',
        ...CREDENTIAL_ADDED,
        'Add member to role',
        'Remove member from role',
      ],
    },
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Remove member from role (PIM activation expired)',
        'Remove member from role completed (PIM deactivate)',
      ],
      optional: true,
    },
  ],
  expects: [],
  // A registration in spring still speaks of a prompt in summer.
  retain: '120d',
  join: { first: 'min', firstRows: 'first3', lastRows: 'last3', ...OBSERVED_JOIN },
  opens: ['prompt'],
  messages: MESSAGES,
  signals: signalsOf,

  assess(timeline, coverage, settings): Assessment<MessageId> {
    const story = readStory(timeline, settings);
    const runs = runsIn(story, settings);
    const { findings, ...next } = notFollowedBy({
      entries: runs,
      anchor: (run) => ({ key: `loop:${run.about}:${monthOf(run.at)}`, from: earliestOf(run) }),
      deadline: ({ last }) => plus(last.at, ANSWER),
      endedBy: (run) => sequelOf(doneAfter(run, story), 'registered', describe),
      sources: ['directoryAudits'],
      coverage,
      describe: ({ at, last }) =>
        `asked for more information again and again from ${toMinute(at)} to ${toMinute(last.at)}`,
      awaited: 'a registration',
      missing: 'no registration completed',
      conclude: (proven) => conclude(proven, runs, story, coverage),
    });
    return {
      ...next,
      findings: findings.map((each, i) => joined(each, findings[i - 1], findings[i + 1], settings)),
    };
  },
});

type Proven = readonly [Unfollowed<Run, 'registered'>, ...Unfollowed<Run, 'registered'>[]];

function conclude(
  all: Proven,
  runs: readonly Run[],
  story: Story,
  coverage: CoverageBySource,
): SequelConclusion<MessageId> {
  const proven = lastStretch(all, story);
  const [{ entry: first, from }] = proven;
  const { entry: last, to, end } = proven.at(-1) ?? proven[0];
  const { about, known } = first;
  const members = promptsOf(proven, runs, story);
  const { quietAt } = last.last;
  const { at: lastSeenAt } = members.at(-1) ?? last.last;
  const roles = rolesAt(story, lastSeenAt);
  const cause = causeOf(story, lastSeenAt, roles);
  const look = checkCoverage(coverage.signIns, lastSeenAt, quietAt);
  const changed =
    cause.changedAt !== undefined && cause.changedAt < (end?.at ?? quietAt)
      ? cause.changedAt
      : undefined;
  const resolution =
    changed !== undefined
      ? 'policy-changed'
      : (end?.code ?? (look.verdict === 'covered' ? 'quiet' : undefined));
  const satisfied = story.satisfied.findLast((each) => satisfiedAt(each).at <= lastSeenAt);
  const cancelled = story.all.filter(
    ({ kind, at }) => kind === 'cancelled' && at >= first.at && at <= to,
  );
  return {
    ...weigh(about, cause),
    ...(resolution !== undefined && { resolution }),
    ...{ firstSeenAt: first.at, lastSeenAt, count: members.length },
    ...{ since: sinceOf(proven), absenceWindow: { from, to } },
    facts: {
      asksFor: ASKS_FOR[about],
      days: new Set(members.map(({ at }) => dayOf(at))).size,
      ...(roles.length > 0 && { roles: roles.map(({ facts }) => textOf(facts['role'])) }),
      ...(about === 'sspr' && cause.facts),
      ...(satisfied === undefined
        ? { registeredAt: known.at }
        : { mfaSatisfiedAt: satisfiedAt(satisfied).at }),
      apps: appsOf(story, about, first.at, lastSeenAt),
      ...(cancelled.length > 0 && { cancelledTimes: cancelled.length }),
      noRegistrationBy: to,
      ...(changed !== undefined
        ? { ended: cause.change, endedAt: changed }
        : end !== undefined && { ended: end.evidence.what, endedAt: end.at }),
    },
    evidence: [
      ...(known.signal === undefined ? [] : [knownEvidence(known.signal)]),
      ...members.map(evidenceOf),
      ...roles.map((each) => evidenceFrom(each, describe(each))),
    ],
    ...(resolution === undefined && look.verdict === 'later' && { askAgainAt: quietAt }),
  };
}

/** The runs that no registration and no reset separates from the last: what was before is another loop, and over. */
function lastStretch(proven: Proven, { done, resets }: Story): Proven {
  const last = (proven.at(-1) ?? proven[0]).entry.at;
  const cut = [...done, ...resets].reduce(
    (at, each) => (each.at <= last && each.at > at ? each.at : at),
    '',
  );
  return proven.filter(({ entry }) => entry.at >= cut) as unknown as Proven;
}

/**
 * The prompts of the runs, each once, and those that follow them before it is quiet or a registration ends it. Those of
 * a run that begins in another month are counted there.
 */
function promptsOf(proven: Proven, runs: readonly Run[], { prompts }: Story): readonly Prompt[] {
  const { about, at: began } = proven[0].entry;
  const ofClass = prompts[about];
  const other = runs.find(
    (each) => each.about === about && each.at > began && monthOf(each.at) !== monthOf(began),
  );
  const most = other?.from ?? ofClass.length;
  let next = 0;
  return proven.flatMap(({ entry: { from, to, last }, end }) => {
    const start = Math.max(from, next);
    const until = end?.at ?? last.quietAt;
    for (next = Math.max(to + 1, next); next < most; next += 1) {
      const prompt = ofClass[next];
      if (prompt?.quietAt !== last.quietAt || prompt.at >= until) {
        break;
      }
    }
    return ofClass.slice(start, next);
  });
}

/** The deadline of the first run after the last quiet time: an acknowledgement of what was before it is over. */
function sinceOf(proven: Proven): Instant {
  let [{ to: since, entry: before }] = proven;
  for (const { entry, to } of proven) {
    since = entry.last.at >= before.last.quietAt ? to : since;
    before = entry;
  }
  return since;
}

function appsOf({ all }: Story, about: string, from: Instant, to: Instant): readonly string[] {
  const asked = all.filter(
    (each) => each.facts['about'] === about && each.at >= from && each.at <= to,
  );
  return [...new Set(asked.flatMap(({ facts }) => textsIn(facts['apps'])))].sort();
}

function evidenceOf({ at, attempt, row }: Prompt): Evidence {
  const what = describePrompt(row?.errorCode ?? '');
  return { source: 'signIns', eventId: row?.eventId ?? attempt, at, kind: 'prompt', what };
}

function knownEvidence(signal: Signal): Evidence {
  const what = describe(signal);
  return signal.kind === 'mfa-satisfied'
    ? { ...evidenceFrom(signal, what), ...satisfiedAt(signal) }
    : evidenceFrom(signal, what);
}

// -------------------------------------------------------------------------------------------------------- the cause

/** What Graph said of the person and the policies, where it was asked. */
interface Cause {
  readonly isAdmin: boolean;
  /** Self-service reset of administrators; undefined: not known. */
  readonly isAllowed: boolean | undefined;
  readonly needsMore: boolean;
  readonly facts: JsonObject;
  /** The setting that was the cause is another one since. */
  readonly changedAt?: Instant;
  readonly change?: string;
}

function causeOf(story: Story, at: Instant, roles: readonly Signal[]): Cause {
  const of = (what: string): readonly Observation[] => observationsOf(story.all, what);
  const then = (what: string): boolean | undefined => {
    const seen = of(what);
    return (seen.findLast((each) => each.at <= at) ?? seen[0])?.value;
  };
  const isAllowed = then('allowedToUseSSPR');
  const isSsprEnabled = then('isSsprEnabled');
  const allowed = isAllowed === false ? changeOf(of('allowedToUseSSPR'), at, true) : undefined;
  const disabled = isSsprEnabled === true ? changeOf(of('isSsprEnabled'), at, false) : undefined;
  const [changedAt] = [allowed, disabled].filter((each) => each !== undefined).sort();
  return {
    isAdmin: roles.length > 0 || then('isAdmin') === true,
    isAllowed,
    needsMore: then('isSsprRegistered') === false && then('isMfaCapable') === true,
    facts: {
      resetForAdministrators: onOff(isAllowed),
      resetForThem: onOff(isSsprEnabled),
    },
    ...(changedAt !== undefined && {
      changedAt,
      change:
        changedAt === allowed
          ? 'self-service password reset was seen switched on for administrators'
          : 'self-service password reset was seen switched off for this person',
    }),
  };
}

function onOff(value: boolean | undefined): string {
  return value === undefined ? 'not known' : value ? 'on' : 'off';
}

/** When a setting was first seen to be otherwise than it was during the prompts. */
function changeOf(seen: readonly Observation[], at: Instant, value: boolean): Instant | undefined {
  return seen.find((each) => each.at > at && each.value === value)?.at;
}

/** The first that fits. */
function weigh(
  about: Run['about'],
  { isAdmin, isAllowed, needsMore }: Cause,
): Pick<Conclusion<MessageId>, 'message' | 'severity' | 'stage'> {
  if (about === 'sspr' && isAdmin && isAllowed !== true) {
    return { message: 'admin-sspr', severity: 'medium', stage: 'alert' };
  }
  return about === 'sspr' && needsMore
    ? { message: 'needs-more', severity: 'low', stage: 'alert' }
    : { message: 'unexplained', severity: 'low', stage: 'watch' };
}

// --------------------------------------------------------------------------------------------- from month to month

/** A loop that goes on in the next month is told once: there it continues, and here it is over as such. */
function joined(
  answer: Answer<MessageId>,
  before: Answer<MessageId> | undefined,
  after: Answer<MessageId> | undefined,
  settings: LoopSettings,
): Answer<MessageId> {
  if (!isStated(answer)) {
    return answer;
  }
  const continued = after !== undefined && goesOn(answer, after, settings) ? leave(answer) : answer;
  return before !== undefined && isStated(before) && goesOn(before, answer, settings)
    ? { ...continued, continues: true }
    : continued;
}

function goesOn(
  before: Conclusion<MessageId>,
  after: Answer<MessageId>,
  { quiet }: LoopSettings,
): boolean {
  const endedAt = textOf(before.facts['endedAt']);
  return (
    isStated(after) &&
    before.facts['asksFor'] === after.facts['asksFor'] &&
    after.firstSeenAt < quietAfter(before.lastSeenAt, quiet) &&
    (endedAt === '' || endedAt > after.firstSeenAt)
  );
}

function leave(answer: Conclusion<MessageId>): Conclusion<MessageId> {
  const { ended: _what, endedAt, ...facts } = answer.facts;
  return {
    ...answer,
    ...{ state: 'resolved', resolution: 'continues', facts },
    evidence: answer.evidence.filter(({ at }) => at !== endedAt),
  };
}

function isStated(answer: Answer<MessageId>): answer is Conclusion<MessageId> {
  return answer.state === 'open' || answer.state === 'resolved';
}
