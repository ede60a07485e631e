import { lookAtAll, type CoverageBySource, type Look } from '../domain/reading/coverage';
import type { Anchor, Answer, Assessment, Evidence, Conclusion } from '../domain/detector';
import type { Source } from '../domain/record';
import type { Signal } from '../domain/findings/signal';
import { earliest, plus, toMinute, type Duration, type Instant } from '../domain/time';

// The kit of detectors that find what did not happen: an entry that nothing followed in time. A detector says what an
// entry is, what follows it and how to say it; when absence may be concluded, and when to ask again, is decided here.

/** What ended it, and the code that the finding is resolved with. */
export interface End<C extends string = string> {
  readonly at: Instant;
  readonly code: C;
  readonly evidence: Evidence;
  /** It is over, but not by what should have followed; for example the account was deleted. */
  readonly isInstead?: boolean;
}

/** The first end of an entry, however late. `waitFor`: not before then can be said whether there is an earlier one. */
export interface Sequel<C extends string = string> {
  readonly end?: End<C>;
  readonly waitFor?: Instant;
}

/** What must be followed: a signal, or something that several of them amount to. */
export interface Entry {
  readonly at: Instant;
}

/** An entry that nothing followed from `from` to `to`; `end` came later, or ended it in another way. */
export interface Unfollowed<T, C extends string = string> {
  readonly entry: T;
  readonly from: Instant;
  readonly to: Instant;
  readonly end?: End<C>;
}

/** What a detector says; the rest is filled in, and what it gives itself counts. */
export type SequelConclusion<M extends string> = Pick<
  Conclusion<M>,
  'message' | 'severity' | 'evidence'
> &
  Partial<Omit<Conclusion<M>, 'state' | 'anchor'>> & {
    /** When the finding may change without any new event. */
    readonly askAgainAt?: Instant;
    /** False: it is only recorded, and not worth a second look before it opens. */
    readonly isLookedAtAgain?: boolean;
  };

/** A question about entries, and how to answer it. */
export interface NotFollowedBy<T extends Entry, M extends string, C extends string> {
  /** What must be followed, by time. */
  readonly entries: readonly T[];
  /** Entries with the same key are one finding; it is asked of the first of them. */
  readonly anchor: (entry: T) => Anchor;
  /** By when it must have followed. */
  readonly deadline: (entry: T) => Instant;
  /** So long before the entry the sequel may be logged, because clocks differ. */
  readonly skew?: (entry: T) => Duration;
  readonly endedBy: (entry: T) => Sequel<C>;
  /** The sources that would show the sequel, and how far they were read. */
  readonly sources: readonly Source[];
  readonly coverage: CoverageBySource;
  /** The entry in words, with its time. */
  readonly describe: (entry: T) => string;
  /** What should follow, such as "verification". */
  readonly awaited: string;
  /** What did not happen, such as "no verification logged". */
  readonly missing: string;
  /** Asked once for each anchor with entries of which absence is proven. */
  readonly conclude: (
    proven: readonly [Unfollowed<T, C>, ...Unfollowed<T, C>[]],
  ) => SequelConclusion<M>;
}

/**
 * Followed in time, an entry is silence; past its deadline it counts once the log is complete over the whole of it.
 * One answer per anchor: what is proven is said, and what is still open of the same anchor only asks again.
 */
export function notFollowedBy<T extends Entry, M extends string, C extends string>(
  question: NotFollowedBy<T, M, C>,
): Assessment<M> {
  const groups = Map.groupBy(question.entries, (entry) => question.anchor(entry).key);
  const judged = [...groups.values()].map((entries) => judge(entries as [T, ...T[]], question));
  return {
    findings: judged.flatMap(({ findings }) => findings),
    ...nextQuestion(judged.flatMap(({ asks }) => asks)),
  };
}

/** The first of the times at which an answer may change. */
export function nextQuestion(times: readonly Instant[]): { readonly askAgainAt?: Instant } {
  const askAgainAt = earliest(...times);
  return askAgainAt === undefined ? {} : { askAgainAt };
}

/** A reference to the event of a signal, and what it shows. */
export function evidenceFrom(signal: Signal, what: string): Evidence {
  const { source, eventId = signal.key, at, kind } = signal;
  return { source, eventId, at, kind, what };
}

/** A signal as the first end of an entry; none where there is no such signal. */
export function sequelOf<C extends string>(
  signal: Signal | undefined,
  code: C,
  describe: (signal: Signal) => string,
): Sequel<C> {
  return signal === undefined
    ? {}
    : { end: { at: signal.at, code, evidence: evidenceFrom(signal, describe(signal)) } };
}

interface Judged<M extends string> {
  readonly findings: readonly Answer<M>[];
  readonly asks: readonly Instant[];
}

interface Stretch<T, C extends string> extends Unfollowed<T, C> {
  readonly isFollowed: boolean;
  readonly look: Look;
}

function judge<T extends Entry, M extends string, C extends string>(
  entries: readonly [T, ...T[]],
  question: NotFollowedBy<T, M, C>,
): Judged<M> {
  const anchor = question.anchor(entries[0]);
  const stretches = entries.map((entry) => stretchOf(entry, question));
  const open = stretches.filter((each) => !each.isFollowed);
  const later = open.filter(({ look }) => look.verdict === 'later');
  const asks = later.map(({ to }) => to);
  const [first, ...others] = open.filter(({ look }) => look.verdict === 'covered');
  if (first !== undefined) {
    const { askAgainAt, ...conclusion } = question.conclude([first, ...others]);
    const last = others.at(-1) ?? first;
    return {
      findings: [state(anchor, first, last, others.length + 1, conclusion, question.missing)],
      asks: askAgainAt === undefined ? asks : [...asks, askAgainAt],
    };
  }
  const [waiting = open[0]] = later;
  if (waiting !== undefined) {
    return { findings: [unanswered(anchor, waiting, question)], asks };
  }
  const ends = stretches.slice(0, 1).flatMap(({ end }) => end ?? []);
  return { findings: ends.map(({ evidence: by }) => ({ state: 'disproved', anchor, by })), asks };
}

function stretchOf<T extends Entry, M extends string, C extends string>(
  entry: T,
  question: NotFollowedBy<T, M, C>,
): Stretch<T, C> {
  const { sources, coverage, skew } = question;
  const deadline = question.deadline(entry);
  const { end, waitFor } = question.endedBy(entry);
  const isInstead = end?.isInstead === true;
  const isFollowed = end !== undefined && end.at < deadline && !isInstead && waitFor === undefined;
  const from = plus(entry.at, -(skew?.(entry) ?? 0));
  const to = isInstead ? earliest(deadline, end.at) : deadline;
  const look = lookAtAll(coverage, sources, from, to);
  const stretch = { entry, from, isFollowed, ...(end !== undefined && { end }) };
  return waitFor !== undefined && look.verdict === 'covered'
    ? { ...stretch, to: waitFor, look: { verdict: 'later' } }
    : { ...stretch, to, look };
}

function unanswered<T extends Entry, M extends string, C extends string>(
  anchor: Anchor,
  { entry, to, look }: Stretch<T, C>,
  { describe, awaited }: NotFollowedBy<T, M, C>,
): Answer<M> {
  const what = `${describe(entry)}; ${awaited} may be logged until ${toMinute(to)}`;
  return look.verdict === 'never'
    ? { state: 'undetermined', anchor, gap: look.gap, what }
    : { state: 'pending', anchor, until: to, what };
}

function state<T extends Entry, M extends string>(
  anchor: Anchor,
  first: Unfollowed<T>,
  last: Unfollowed<T>,
  count: number,
  { isLookedAtAgain = true, ...conclusion }: SequelConclusion<M>,
  missing: string,
): Conclusion<M> {
  const resolution = conclusion.resolution ?? last.end?.code;
  return {
    state: resolution === undefined ? 'open' : 'resolved',
    ...(resolution !== undefined && { resolution }),
    ...{ anchor, stage: 'alert', count, facts: {} },
    ...{ since: last.to, firstSeenAt: first.entry.at, lastSeenAt: last.entry.at },
    missing: { what: missing, by: last.to },
    ...(isLookedAtAgain && { absenceWindow: { from: first.from, to: last.to } }),
    ...conclusion,
    evidence: [...conclusion.evidence, ...(last.end === undefined ? [] : [last.end.evidence])],
  };
}
