import { checkCoverage, type Coverage } from '../domain/reading/coverage';
import {
  defineDetector,
  type Answer,
  type Assessment,
  type Evidence,
  type Conclusion,
  type Timeline,
  type MessageContext,
} from '../domain/detector';
import { eventSignal } from '../domain/findings/event-signal';
import { textOf, textsIn } from '../domain/facts';
import type { AuditRecord, Change } from '../domain/record';
import { personOf, type Person } from '../domain/records/person';
import { isFailure, METHOD_WORDS } from '../domain/records/security-info';
import { authenticatorChange } from '../domain/records/strong-authentication';
import { methodsOf, runsOf, type Run } from '../domain/records/registered-methods';
import type { Signal } from '../domain/findings/signal';
import {
  dayOf,
  MINUTE,
  plus,
  quietAfter,
  startOfDay,
  toMinute,
  type Instant,
} from '../domain/time';
import {
  evidenceFrom,
  notFollowedBy,
  sequelOf,
  type SequelConclusion,
  type Sequel,
  type Unfollowed,
} from './not-followed-by';

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
    const starts = Map.groupBy(
      timeline.filter((signal) => signal.kind === 'started'),
      methodOf,
    );
    const { findings, ...next } = notFollowedBy({
      entries: attemptsIn(starts, settings),
      anchor: ({ method, at }) => {
        const from = startOfDay(at);
        return { key: `${method ?? 'unnamed'}|${dayOf(from)}`, from };
      },
      deadline: ({ last }) => plus(last.at, settings.wait),
      endedBy: (attempts) => outcomeOf(attempts, outcomes, settings),
      sources: ['directoryAudits'],
      coverage,
      describe: ({ method, at }) =>
        `registration of ${theMethod(method)} was started again and again from ${toMinute(at)}`,
      awaited: 'an outcome',
      missing: 'no outcome logged',
      conclude: (proven) =>
        conclude(
          proven,
          starts.get(proven[0].entry.method) ?? [],
          outcomes,
          coverage.directoryAudits,
          settings,
        ),
    });
    return { ...next, findings: findings.map(goingOn) };
  },
});

type Thresholds = Readonly<Record<'starts' | 'window' | 'wait' | 'quiet', number>>;

// --------------------------------------------------------------------------------------------- what a record says

type Kind = 'started' | 'registered' | 'all-registered' | 'cancelled' | 'failed';

function auditSignals(record: AuditRecord): Signal[] {
  const person = personOf(record);
  const kind = person && kindOf(record, person);
  if (person === undefined || kind === undefined) {
    return []; // about nobody, or of no concern
  }
  const methods = kind === 'added' ? ['authenticator'] : methodsOf(record);
  // The starts of one method belong together; an outcome may be the one of several.
  const facts = kind === 'started' ? { method: methods[0] ?? null } : { methods };
  const signal = eventSignal(record, person.subject, kind, facts);
  return [kind === 'added' ? { ...signal, kind: 'registered' } : signal];
}

function kindOf(record: AuditRecord, { changes }: Person): Kind | 'added' | undefined {
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

function addsAuthenticator(change: Change): boolean {
  return (authenticatorChange(change)?.added.length ?? 0) > 0;
}

// ---------------------------------------------------------------------------------------------- what it amounts to

/** A run of starts of one method. */
interface Attempts extends Run<Signal> {
  /** Absent when the rows name none. */
  readonly method: string | undefined;
  /** When it began. */
  readonly at: Instant;
}

type Proven = readonly [Unfollowed<Attempts>, ...Unfollowed<Attempts>[]];

/**
 * A run belongs to the day of its first start, whatever came before: a row that is not known cannot move it. One that
 * goes on over midnight is told of on both days, the second time as going on.
 */
function attemptsIn(
  starts: ReadonlyMap<string | undefined, Timeline>,
  { starts: least, window }: Thresholds,
): Attempts[] {
  return [...starts].flatMap(([method, ofMethod]) =>
    runsOf(ofMethod, least, window).map((run) => ({ ...run, method, at: run.first.at })),
  );
}

/** What came of it in time; what came later ends no run, but the finding. */
function outcomeOf(
  { method, at, last }: Attempts,
  outcomes: Timeline,
  { wait }: Thresholds,
): Sequel {
  const deadline = plus(last.at, wait);
  const outcome = outcomes.find(
    (each) => each.at < deadline && isOutcome(each, method, at, outcomes),
  );
  return sequelOf(outcome, 'outcome', describe);
}

function conclude(
  proven: Proven,
  starts: Timeline,
  outcomes: Timeline,
  coverage: Coverage | undefined,
  { quiet }: Thresholds,
): SequelConclusion<'no-outcome'> {
  const [{ entry: first }] = proven;
  const { entry, to: deadline } = proven.at(-1) ?? proven[0];
  const { method, last } = entry;
  const members = starts.filter(({ at }) =>
    proven.some((run) => at >= run.entry.at && at <= run.entry.last.at),
  );
  const ends = outcomes.filter(
    (each) => each.kind !== 'failed' && isOutcome(each, method, first.at, outcomes),
  );
  const quietAt = quietAfter(lastBeforeQuiet(starts, last, quiet), quiet);
  const look = checkCoverage(coverage, last.at, quietAt);
  const end = ends.find(({ at }) => at >= deadline && at < quietAt);
  const code = end?.kind === 'cancelled' ? 'cancelled' : 'registered';
  const resolution = end !== undefined ? code : look.verdict === 'covered' ? 'quiet' : undefined;
  return {
    ...{ message: 'no-outcome', severity: 'low', ...(resolution !== undefined && { resolution }) },
    ...{ since: sinceOf(proven, ends), lastSeenAt: last.at, count: members.length },
    facts: {
      method: method ?? null,
      noOutcomeBy: deadline,
      ...(end !== undefined && { ended: describe(end), endedAt: end.at }),
    },
    evidence: [...members, ...(end === undefined ? [] : [end])].map(evidenceOf),
    ...(resolution === undefined && look.verdict === 'later' && { askAgainAt: quietAt }),
  };
}

/** What was told of the day before is no news. */
function goingOn(
  answer: Answer<'no-outcome'>,
  i: number,
  all: readonly Answer<'no-outcome'>[],
): Answer<'no-outcome'> {
  const before = all[i - 1];
  return before !== undefined &&
    isStated(before) &&
    isStated(answer) &&
    before.facts['method'] === answer.facts['method'] &&
    before.lastSeenAt >= answer.firstSeenAt
    ? { ...answer, continues: true }
    : answer;
}

function isStated(answer: Answer<'no-outcome'>): answer is Conclusion<'no-outcome'> {
  return answer.state === 'open' || answer.state === 'resolved';
}

/** The deadline of the first run that no end separates from the last: an acknowledgement of earlier ones is over. */
function sinceOf([first, ...others]: Proven, ends: Timeline): Instant {
  let [since, before] = [first.to, first.to];
  for (const { from, to } of others) {
    const isOver = ends.some(({ at }) => at >= before && at < from);
    since = isOver ? to : since;
    before = to;
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
  return evidenceFrom(each, describe(each));
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

function nothing({
  who,
  count,
  facts,
  firstSeenAt,
  lastSeenAt,
  completeTo,
}: MessageContext): string {
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
