import { SEVERITIES, type Severity } from '../detector';
import { linked } from '../hash-chain';
import { canonical, type Json } from '../json';
import { pick } from '../pick';
import type { Instant } from '../time';
import { withAct, type Act, type Finding, type Status } from './finding';

/** Who writes what no person decides. */
const CROSSCHECK = 'crosscheck';
const VERBS = [
  ...(['opened', 'recorded', 'reopened', 'escalated'] as const),
  ...(['acknowledged', 'resolved', 'superseded'] as const),
] as const;
export type Verb = (typeof VERBS)[number];

/** A flag that came or went while the status stayed is history too. */
export const HISTORY_VERBS = [...VERBS, 'suppressed', 'unsuppressed'] as const;
export type HistoryVerb = (typeof HISTORY_VERBS)[number];

/** What people are told: that a rule ended, of what they know; what they never heard of is `opened` for them then. */
export const ALERT_VERBS = [...VERBS, 'unsuppressed'] as const;
export type AlertVerb = (typeof ALERT_VERBS)[number];

/** A change of status or resolution, of severity upward, or of the flag of a rule: one row of a finding's history. */
export interface Transition {
  readonly findingId: string;
  readonly sequence: number;
  readonly at: Instant;
  readonly verb: HistoryVerb;
  readonly status: Status;
  readonly resolution?: string;
  readonly supersededBy?: string;
  /** The rule of a person by which nobody was alerted. */
  readonly suppressed?: { readonly rule: string };
  readonly severity: Severity;
  /** Which message the finding said then. */
  readonly message: string;
  /** What people were to be told of it, over every channel: without it nobody was. */
  readonly alert?: AlertVerb;
  /** `crosscheck`, or the person. */
  readonly by: string;
  readonly reason?: string;
  readonly note?: string;
  readonly count: number;
  readonly previous: string;
  /** SHA-256 of this row's canonical JSON without this field. */
  readonly hash: string;
}

/** A card to act on, one line, or one row of a digest. */
export const ALERT_FORMS = ['card', 'line', 'digest'] as const;

/** A message owed to the channels. The id is the same however often it is posted. */
export interface Alert {
  readonly id: string;
  readonly findingId: string;
  readonly verb: AlertVerb;
  readonly form: (typeof ALERT_FORMS)[number];
}

/** What must be written as one: the finding, and when it is a transition its history row and alert. */
export interface FindingChange {
  readonly finding: Finding;
  readonly transition?: Transition;
  readonly alert?: Alert;
}

/**
 * Compares a finding with what is stored and says what must be written: nothing, the finding alone (count, last
 * seen, wording), or a transition.
 */
export function compare(
  stored: Finding | undefined,
  next: Finding,
  now: Instant,
  news: { readonly continues?: boolean | undefined; readonly why?: string | undefined } = {},
): FindingChange | undefined {
  const flag = flagBetween(stored, next);
  const verb = verbBetween(stored, next) ?? flag;
  if (verb === undefined) {
    return isSameFinding(stored, next) ? undefined : { finding: next };
  }
  const why = flag !== undefined && news.why !== undefined ? { reason: news.why } : {};
  return makeTransition(next, verb, { at: now, by: CROSSCHECK, ...why }, news.continues, flag);
}

/** Why an act would change nothing or contradict what holds, in words; undefined when it may be recorded. */
export function rejectionReason(
  { verdict, status, resolution, act: last }: Finding,
  act: Act,
): string | undefined {
  if (verdict.state === 'resolved') {
    return `is ended by evidence (${resolution ?? 'resolved'}); there is nothing left to decide`;
  }
  switch (act.verb) {
    case 'acknowledge':
      return status === 'resolved'
        ? 'is resolved; reopen it first'
        : status === 'acknowledged'
          ? 'is acknowledged already'
          : undefined;
    case 'resolve':
      return status === 'resolved' && last?.reason === act.reason
        ? `is resolved as ${act.reason ?? 'fixed'} already`
        : undefined;
    case 'reopen':
      return status === 'open' ? 'is open already' : undefined;
  }
}

/** The transition that a person's act is. Whether it may be one, `rejectionReason` says. */
export function decide(stored: Finding, act: Act): FindingChange {
  const next = withAct(stored, act);
  const verb =
    act.verb === 'resolve' ? 'resolved' : act.verb === 'reopen' ? 'reopened' : 'acknowledged';
  const { by, at, reason, note } = act;
  const why = { ...(reason !== undefined && { reason }), ...(note !== undefined && { note }) };
  return makeTransition(next, verb, { at, by, ...why });
}

function flagBetween(
  stored: Finding | undefined,
  next: Finding,
): 'suppressed' | 'unsuppressed' | undefined {
  return stored?.suppressed?.rule === next.suppressed?.rule
    ? undefined
    : next.suppressed === undefined
      ? 'unsuppressed'
      : 'suppressed';
}

function verbBetween(stored: Finding | undefined, next: Finding): Verb | undefined {
  if (stored === undefined) {
    return next.status === 'resolved' ? 'recorded' : 'opened';
  }
  if (next.status === 'resolved') {
    const isNews =
      stored.status !== 'resolved' ||
      stored.resolution !== next.resolution ||
      stored.supersededBy !== next.supersededBy;
    return !isNews ? undefined : next.resolution === 'superseded' ? 'superseded' : 'resolved';
  }
  if (stored.status !== next.status) {
    return next.status === 'acknowledged' ? 'acknowledged' : 'reopened';
  }
  return SEVERITIES.indexOf(next.severity) > SEVERITIES.indexOf(stored.severity)
    ? 'escalated'
    : undefined;
}

// What a reader of the finding would notice. `judgedBy` and the wording that quotes it may move without news.
function isSameFinding(stored: Finding | undefined, next: Finding): boolean {
  return (
    stored === next ||
    (stored !== undefined && canonical(substance(stored)) === canonical(substance(next)))
  );
}

function substance(finding: Finding): Json {
  const { judgedBy: _j, summary: _s, ...rest } = finding;
  return rest as unknown as Json;
}

function makeTransition(
  next: Finding,
  verb: HistoryVerb,
  who: { at: Instant; by: string; reason?: string; note?: string },
  continues = false,
  flag?: 'suppressed' | 'unsuppressed',
): FindingChange {
  const sequence = next.sequence + 1;
  const told = alertVerb(next, verb, flag);
  const form = told && alertForm(next, told, continues);
  // A person knows what they did.
  const isOwed = told !== undefined && form !== undefined && who.by === CROSSCHECK;
  const content = {
    findingId: next.id,
    sequence,
    verb,
    status: next.status,
    ...pick(next, ['resolution', 'supersededBy', 'suppressed']),
    severity: next.severity,
    message: next.message,
    ...(isOwed && { alert: told }),
    ...who,
    count: next.count,
  };
  const transition = linked(content, next.head);
  return {
    finding: {
      ...{ ...next, sequence, head: transition.hash, movedAt: who.at },
      notified: next.notified || form !== undefined,
    },
    transition,
    ...(isOwed && {
      alert: { id: `${next.id}-${sequence}`, findingId: next.id, verb: told, form },
    }),
  };
}

/** What a transition is to whoever is alerted: still open when its rule ends, and never told, it opens for them now. */
function alertVerb(
  next: Finding,
  verb: HistoryVerb,
  flag: 'suppressed' | 'unsuppressed' | undefined,
): AlertVerb | undefined {
  if (next.suppressed !== undefined || verb === 'suppressed') {
    return undefined;
  }
  if (flag === 'unsuppressed' && next.status === 'open' && !next.notified) {
    return 'opened';
  }
  return verb === 'unsuppressed' && next.status !== 'open' ? undefined : verb;
}

function alertForm(next: Finding, verb: AlertVerb, continues: boolean): Alert['form'] | undefined {
  if (next.stage === 'watch') {
    return undefined;
  }
  switch (verb) {
    case 'opened':
      return continues ? 'line' : 'card';
    case 'reopened':
    case 'escalated':
      return 'card';
    case 'unsuppressed':
      return 'line';
    case 'resolved':
    case 'superseded':
      return next.notified ? 'line' : undefined;
    case 'recorded':
    case 'acknowledged':
      return undefined;
  }
}
