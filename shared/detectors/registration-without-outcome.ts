import { lookAt, type Coverage, type Look } from '../domain/coverage';
import {
  defineDetector,
  type Answer,
  type Assessment,
  type Evidence,
  type Stated,
  type Timeline,
  type Told,
} from '../domain/detector';
import { textOf, textsIn } from '../domain/facts';
import type { AuditRecord, Change, Target } from '../domain/record';
import { isFailure, METHOD_WORDS } from '../domain/records/security-info';
import { authenticatorsIn } from '../domain/records/strong-authentication';
import { methodsOf, runsOf, type Run } from '../domain/registration';
import type { Signal, Subject } from '../domain/signal';
import {
  DAY,
  dayOf,
  earliest,
  MINUTE,
  plus,
  startOfDay,
  toInstant,
  toMinute,
  type Instant,
} from '../domain/time';

export const registrationWithoutOutcome = defineDetector({
  id: 'registration-without-outcome',
  version: 1,
  title: 'Registration started repeatedly without outcome',
  summary:
    'Somebody started to register the same sign-in method again and again, and the log shows no end of it: not ' +
    'registered, not cancelled, not failed. There is no error to look for, because none is logged; the person cannot ' +
    'set up the method and may not know why.',
  severity: 'low',
  attack: ['T1098.005'],
  runbook: [
    'Ask the user what they saw from {first seen} to {last seen}, and on which device and browser. Not them: somebody has their password; reset it, revoke sessions and look at their sign-ins of that time.',
    'In Entra ID > Authentication methods > Policies, check that the method is on for the user and that its restrictions (for passkeys: attestation and key restrictions) allow what they use.',
    'A passkey: a Windows Hello for Business credential of the same account on that computer is a known cause. Have the user register on their phone or with a security key instead, or issue a Temporary Access Pass and try from another computer.',
  ],
  falsePositives: [
    'Somebody who opens the page several times and decides to do it later.',
    'A rehearsal of the registration by an administrator.',
  ],
  blindSpots: [
    'Why it came to nothing: the log does not say what the user saw.',
    'Fewer starts than the setting, or starts further apart than its window.',
    'A row that names no method: any outcome of the user, of whatever method, counts as its outcome, and an outcome without a method counts for every method.',
    'An outcome that is logged under a name that is not read.',
  ],
  references: [
    'https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities',
    'https://github.com/MicrosoftDocs/azure-docs/issues/40130',
  ],
  settings: {
    starts: {
      kind: 'count',
      default: '3',
      meaning: 'How many starts of one method without an outcome are a finding.',
    },
    window: {
      kind: 'duration',
      default: '2h',
      meaning: 'Within how long these starts lie.',
    },
    wait: {
      kind: 'duration',
      default: '60m',
      meaning: 'How long after the last start an outcome may be logged.',
    },
    quiet: {
      kind: 'duration',
      default: '7d',
      meaning: 'Whole days without another start after which the finding is resolved.',
    },
  },
  reads: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'User started security info registration',
        'User registered security info',
        'User registered all required security info',
        'User canceled security info registration',
        'User cancelled security info registration',
        'Add Passkey (device-bound)',
        'Add Passkey (device-bound) security key',
        'Add FIDO2 security key',
        'Add passwordless phone sign-in credential',
        'Add Windows Hello for Business credential',
        'Add platform credential',
        'Update user',
      ],
    },
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [],
      prefix: 'Add Passkey',
      optional: true,
    },
  ],
  expects: [],
  retain: '30d',
  opens: ['started'],
  messages: {
    'no-outcome': { title: 'Registration started repeatedly without outcome', summary: nothing },
  },

  signals(record) {
    return record.source === 'directoryAudits' ? auditSignals(record) : [];
  },

  assess(timeline, coverage, settings): Assessment<'no-outcome'> {
    const outcomes = timeline.filter((signal) => signal.kind !== 'started');
    const answers = attemptsIn(timeline, settings)
      .map((each) => conclude(each, outcomes, coverage.directoryAudits, settings))
      .map(goingOn);
    const [first, ...others] = answers.flatMap(({ askAgainAt }) => askAgainAt ?? []);
    return {
      findings: answers.map(({ answer }) => answer),
      ...(first !== undefined && { askAgainAt: earliest(first, ...others) }),
    };
  },
});

type Thresholds = Readonly<Record<'starts' | 'window' | 'wait' | 'quiet', number>>;

// --------------------------------------------------------------------------------------------- what a record says

type Kind = 'started' | 'registered' | 'all-registered' | 'cancelled' | 'failed';

function auditSignals(record: AuditRecord): Signal[] {
  const target = record.targets.find(
    (each) => each.type === undefined || each.type === 'User' || each.type === 'N/A',
  );
  const kind = target && kindOf(record, target);
  if (target?.id === undefined || kind === undefined) {
    return []; // about nobody, or of no concern
  }
  const subject: Subject = { type: 'user', id: target.id, name: target.name };
  const { source, id, at } = record;
  const methods = kind === 'added' ? ['authenticator'] : methodsOf(record);
  return [
    {
      ...{ key: `${id}|${kind}`, source, eventId: id, at, subject },
      kind: kind === 'added' ? 'registered' : kind,
      // The starts of one method belong together; an outcome may be the one of several.
      facts: kind === 'started' ? { method: methods[0] ?? null } : { methods },
    },
  ];
}

function kindOf(record: AuditRecord, { changes }: Target): Kind | 'added' | undefined {
  const { activity, result } = record;
  const hasFailed = result === 'failure' || result === 'timeout' || isFailure(record);
  switch (activity.toLowerCase()) {
    case 'user started security info registration':
      return hasFailed ? 'failed' : 'started';
    case 'user registered security info':
      return hasFailed ? 'failed' : 'registered';
    case 'user registered all required security info':
      return hasFailed ? 'cancelled' : 'all-registered'; // a failed one is how some cancellations are logged
    case 'user canceled security info registration':
    case 'user cancelled security info registration':
      return 'cancelled';
    case 'update user':
      return !hasFailed && changes.some(addsAuthenticator) ? 'added' : undefined;
    default:
      return hasFailed ? 'failed' : 'registered'; // "Add ..."
  }
}

function addsAuthenticator({ property, before, after }: Change): boolean {
  const known = authenticatorsIn(before).map(({ id }) => id);
  return (
    property === 'StrongAuthenticationPhoneAppDetail' &&
    authenticatorsIn(after).some(({ id }) => !known.includes(id))
  );
}

// ---------------------------------------------------------------------------------------------- what it amounts to

/** The runs of starts of one method that began on one day: one finding. */
interface Attempts {
  /** Absent when the rows name none. */
  readonly method: string | undefined;
  readonly day: string;
  /** All starts of that method, by time. */
  readonly starts: Timeline;
  readonly runs: readonly [Run<Signal>, ...Run<Signal>[]];
}

/** Until when an outcome of a run may be logged, and what is known of that. */
interface JudgedRun extends Run<Signal> {
  readonly deadline: Instant;
  readonly outcome: Signal | undefined;
  readonly look: Look;
}

interface Judged {
  readonly answer: Answer<'no-outcome'>;
  readonly askAgainAt?: Instant;
}

/**
 * A run belongs to the day of its first start, whatever came before: a row that is not known cannot move it. One that
 * goes on over midnight is told of on both days, the second time as going on.
 */
function attemptsIn(timeline: Timeline, { starts: least, window }: Thresholds): Attempts[] {
  const byMethod = Map.groupBy(
    timeline.filter((signal) => signal.kind === 'started'),
    methodOf,
  );
  return [...byMethod].flatMap(([method, starts]) => {
    const byDay = Map.groupBy(runsOf(starts, least, window), (run) => dayOf(run.first.at));
    return [...byDay].map(([day, runs]) => ({
      ...{ method, day, starts },
      runs: runs as [Run<Signal>, ...Run<Signal>[]],
    }));
  });
}

function conclude(
  attempts: Attempts,
  outcomes: Timeline,
  coverage: Coverage | undefined,
  settings: Thresholds,
): Judged {
  const { method, day } = attempts;
  const anchor = { key: `${method ?? 'unnamed'}|${day}`, from: toInstant(`${day}T00:00:00Z`) };
  const judged = (run: Run<Signal>): JudgedRun => {
    const deadline = plus(run.last.at, settings.wait);
    const outcome = outcomes.find(
      (each) => each.at < deadline && isOutcome(each, method, run.first.at, outcomes),
    );
    return { ...run, deadline, outcome, look: lookAt(coverage, run.first.at, deadline) };
  };
  const [firstRun, ...otherRuns] = attempts.runs;
  const runs = [judged(firstRun), ...otherRuns.map(judged)] as const;
  const open = runs.filter((run) => run.outcome === undefined);
  const proven = open.filter((run) => run.look.verdict === 'covered');
  const until = open.find((run) => run.look.verdict === 'later')?.deadline; // deadlines come in order
  const [first, ...others] = proven;
  if (first !== undefined) {
    const said = state(attempts, anchor, [first, ...others], outcomes, coverage, settings);
    const askAgainAt =
      until === undefined ? said.askAgainAt : earliest(until, said.askAgainAt ?? until);
    return { answer: said.answer, ...(askAgainAt !== undefined && { askAgainAt }) };
  }
  const [run = runs[0]] = open;
  if (run.outcome !== undefined) {
    return { answer: { state: 'disproved', anchor, by: evidenceOf(run.outcome) } };
  }
  const what =
    `registration of ${theMethod(method)} was started again and again from ${toMinute(run.first.at)}; an outcome may ` +
    `be logged until ${toMinute(run.deadline)}`;
  return run.look.verdict === 'never' && until === undefined
    ? { answer: { state: 'undetermined', anchor, gap: run.look.gap, what } }
    : pending(anchor, until ?? run.deadline, what);
}

function pending(anchor: Stated['anchor'], until: Instant, what: string): Judged {
  return { answer: { state: 'pending', anchor, until, what }, askAgainAt: until };
}

function state(
  { method, starts }: Attempts,
  anchor: Stated['anchor'],
  proven: readonly [JudgedRun, ...JudgedRun[]],
  outcomes: Timeline,
  coverage: Coverage | undefined,
  { quiet }: Thresholds,
): Judged {
  const [first] = proven;
  const { last, deadline } = proven.at(-1) ?? first;
  const firstSeenAt = first.first.at;
  const members = starts.filter(({ at }) =>
    proven.some((run) => at >= run.first.at && at <= run.last.at),
  );
  const ends = outcomes.filter(
    (each) => each.kind !== 'failed' && isOutcome(each, method, firstSeenAt, outcomes),
  );
  const quietAt = quietAfter(lastBeforeQuiet(starts, last, quiet), quiet);
  const look = lookAt(coverage, last.at, quietAt);
  const end = ends.find(({ at }) => at >= deadline && at < quietAt);
  const resolution =
    end === undefined
      ? look.verdict === 'covered'
        ? 'quiet'
        : undefined
      : end.kind === 'cancelled'
        ? 'cancelled'
        : 'registered';
  const answer: Stated<'no-outcome'> = {
    state: resolution === undefined ? 'open' : 'resolved',
    ...(resolution !== undefined && { resolution }),
    ...{ anchor, message: 'no-outcome', severity: 'low', stage: 'alert' },
    ...{ since: sinceOf(proven, ends), firstSeenAt, lastSeenAt: last.at, count: members.length },
    facts: {
      method: method ?? null,
      noOutcomeBy: deadline,
      ...(end !== undefined && { ended: describe(end), endedAt: end.at }),
    },
    evidence: [...members, ...(end === undefined ? [] : [end])].map(evidenceOf),
    missing: { what: 'no outcome logged', by: deadline },
    absenceWindow: { from: firstSeenAt, to: deadline },
  };
  const isAskedAgain = resolution === undefined && look.verdict === 'later';
  return { answer, ...(isAskedAgain && { askAgainAt: quietAt }) };
}

/** What was told of the day before is no news. */
function goingOn(judged: Judged, i: number, all: readonly Judged[]): Judged {
  const { answer } = judged;
  const before = all[i - 1]?.answer;
  const isGoingOn =
    isStated(answer) &&
    before !== undefined &&
    isStated(before) &&
    before.facts['method'] === answer.facts['method'] &&
    before.lastSeenAt >= answer.firstSeenAt;
  return isGoingOn ? { ...judged, answer: { ...answer, continues: true } } : judged;
}

function isStated(answer: Answer<'no-outcome'>): answer is Stated<'no-outcome'> {
  return answer.state === 'open' || answer.state === 'resolved';
}

/** The deadline of the first run that no end separates from the last: an acknowledgement of earlier ones is over. */
function sinceOf(
  [first, ...others]: readonly [JudgedRun, ...JudgedRun[]],
  ends: Timeline,
): Instant {
  let [since, before] = [first.deadline, first.deadline];
  for (const { first: began, deadline } of others) {
    const isOver = ends.some(({ at }) => at >= before && at < began.at);
    since = isOver ? deadline : since;
    before = deadline;
  }
  return since;
}

/** The last start before a time without any. */
function lastBeforeQuiet(starts: Timeline, last: Signal, quiet: number): Instant {
  return starts.reduce(
    (at, next) => (next.at > at && next.at < quietAfter(at, quiet) ? next.at : at),
    last.at,
  );
}

// Whole days, so that the question moves at most once a day.
function quietAfter(last: Instant, quiet: number): Instant {
  return plus(startOfDay(last), quiet + DAY);
}

/** The rows of one registration are logged within this much of each other. */
const SAME_REGISTRATION = 5 * MINUTE;

/** Whether something is the outcome of starts of a method; who names no method may mean any. */
function isOutcome(
  outcome: Signal,
  method: string | undefined,
  from: Instant,
  all: Timeline,
): boolean {
  if (outcome.at < from) {
    return false;
  }
  const methods = textsIn(outcome.facts['methods']);
  if (outcome.kind !== 'all-registered') {
    return method === undefined || methods.length === 0 || methods.includes(method);
  }
  // It says that policy is content, which another method that was registered meanwhile explains.
  const until = plus(outcome.at, SAME_REGISTRATION);
  return !all.some(
    (each) =>
      each.kind === 'registered' &&
      each.at >= from &&
      each.at <= until &&
      !isOutcome(each, method, from, all),
  );
}

function methodOf(signal: Signal): string | undefined {
  return textOf(signal.facts['method']) || undefined;
}

function evidenceOf(each: Signal): Evidence {
  const { source, eventId = each.key, at, kind } = each;
  return { source, eventId, at, kind, what: describe(each) };
}

function describe({ kind, facts }: Signal): string {
  const [method] = textsIn(facts['methods']);
  switch (kind as Kind) {
    case 'started':
      return `registration of ${theMethod(textOf(facts['method']) || undefined)} was started`;
    case 'registered':
      return `${theMethod(method)} was registered`;
    case 'all-registered':
      return 'all required security info was registered';
    case 'cancelled':
      return 'the registration was cancelled';
    case 'failed':
      return `registration of ${theMethod(method)} failed`;
  }
}

function theMethod(method: string | undefined): string {
  const words: Readonly<Record<string, string>> = METHOD_WORDS;
  return method === undefined ? 'a sign-in method' : (words[method] ?? `"${method}"`);
}

function nothing({ who, count, facts, firstSeenAt, lastSeenAt, completeTo }: Told): string {
  const method = textOf(facts['method']) || undefined;
  const [by, endedAt] = [facts['noOutcomeBy'] as Instant, facts['endedAt'] as Instant | undefined];
  const times = `${count} times from ${toMinute(firstSeenAt)} to ${toMinute(lastSeenAt)}`;
  const cause =
    method === 'passkey'
      ? ' A known cause: a Windows Hello credential of the same account in the same container on that computer.'
      : '';
  const end =
    endedAt === undefined ? '' : ` Since then, at ${toMinute(endedAt)}: ${textOf(facts['ended'])}.`;
  return (
    `${who} started to register ${theMethod(method)} ${times}, no outcome logged by ` +
    `${toMinute(by)} (log complete to ${toMinute(completeTo)}): neither registered, nor cancelled, ` +
    `nor failed.${cause}${end}`
  );
}
