import type { Interval } from '../domain/coverage';
import { CrosscheckError } from '../domain/errors';
import type { Property } from '../domain/feed';
import type { Severity } from '../domain/detector';
import type { Head } from '../domain/chain';
import type { AlertDelivery, DeliveryResult, DeliveryState, Outcome } from '../domain/delivery';
import type { Alert, Finding, FindingChange, Status, Transition } from '../domain/finding';
import type { WindowReport } from '../domain/journal';
import type { SeenRow } from '../domain/lateness';
import type { Notice } from '../domain/notice';
import type { QuarantineRow, RowEnd } from '../domain/quarantine';
import type { EntraRecord, Malformed, Source } from '../domain/record';
import type { ChainHead, RecordEntry } from '../domain/record-chain';
import type { JoinRules, Signal } from '../domain/signal';
import type { ReadingState, SourceState } from '../domain/source-state';
import type { RuleStep } from '../domain/suppression';
import type { Duration, Instant } from '../domain/time';
import type { Clocks } from '../domain/wrong-clock';
import type { Exhibit } from '../domain/exhibit';

/** The only way to know the time. */
export interface Now {
  now(): Instant;
}

/** The only way to know the time, and to let it pass. */
export interface Clock extends Now {
  /** The milliseconds since some fixed moment. Setting the time of the machine does not change them. */
  passed(): Duration;
  /** Resolves after so many milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(ms: Duration, signal?: AbortSignal): Promise<void>;
}

// ------------------------------------------------------------------------------------------------------- reading

/** Which rows of a source are worth more than a look at id and time. */
export interface Wanted {
  readonly source: Source;
  /**
   * What the server is asked to filter by: one property, exact values, because a filter over several was seen to lose
   * rows. Absent: all rows.
   */
  readonly filter?: { readonly property: Property; readonly values: readonly (string | number)[] };
  /** True for a row, as the source sends it, that a detector looks at. */
  readonly isWanted: (row: Readonly<Record<string, unknown>>) => boolean;
  /** The feeds whose filter must let this row through. */
  readonly feedsOf: (row: Readonly<Record<string, unknown>>) => readonly Property[];
  /** The detectors that need a row like this; another spelling that they look at counts. */
  readonly neededBy: (row: Readonly<Record<string, unknown>>) => readonly string[];
  /** Only rows about this subject, asked for by its id instead of by the filter. */
  readonly about?: string;
}

/** One answer of a source. */
export interface SourcePage {
  /** All rows of the page, also those nobody looks at. */
  readonly rows: number;
  /** The rows that a detector looks at, inside the window. */
  readonly records: readonly EntraRecord[];
  readonly malformed: readonly Malformed[];
  /** The rows inside the window that must come by in some feeds, by id and time. */
  readonly seen: readonly SeenInFeeds[];
  /** The oldest time on the page: pages come newest first, so this says how far into the window it reaches. */
  readonly oldest?: Instant;
  readonly requestId?: string;
  /** The window begins again with this page: what came before comes once more. */
  readonly isAgain?: boolean;
  /** What the clock of the source said when it answered, and ours; absent when it did not say. */
  readonly clocks?: Clocks;
}

/** A row that was seen, and the feeds that it belongs to. */
export interface SeenInFeeds extends SeenRow {
  readonly feeds: readonly Property[];
}

/** A source that can be read window by window. */
export interface RecordSource {
  /**
   * All rows of a half-open window, page by page, in no particular order and possibly with repeats.
   * @throws SourceError when the window could not be read to its end; what was yielded is then only a part.
   */
  read(window: Interval, wanted: Wanted): AsyncIterable<SourcePage>;
  /**
   * Asks for nothing but the time.
   * @returns undefined when the answer does not say.
   * @throws SourceError when there was none.
   */
  clocks?(source: Source): Promise<Clocks | undefined>;
}

/**
 * Why a source could not be read. `throttled` and `unavailable` pass by themselves, and a smaller window may help;
 * the others need a person, and `mend` says what to do.
 */
export type SourceTrouble =
  | 'throttled'
  | 'unavailable'
  | 'bad-answer'
  | 'filter-rejected'
  | 'denied'
  | 'unlicensed'
  | 'signed-out'
  | 'tenant-unknown';

export class SourceError extends CrosscheckError {
  override readonly name = 'SourceError';
  readonly trouble: SourceTrouble;
  readonly mend: string;
  /** The source asked for more patience than one run has: nothing is asked again before the next. */
  readonly isForNextRun: boolean;
  /** The HTTP status of the refusal, when there was one. */
  readonly status: number | undefined;

  constructor(
    trouble: SourceTrouble,
    message: string,
    mend: string,
    options: {
      readonly cause?: unknown;
      readonly isForNextRun?: boolean;
      readonly status?: number;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.trouble = trouble;
    this.mend = mend;
    this.isForNextRun = options.isForNextRun === true;
    this.status = options.status;
  }

  /** A smaller window or a later try may do. */
  get isPassing(): boolean {
    return ['throttled', 'unavailable', 'bad-answer'].includes(this.trouble);
  }
}

// ------------------------------------------------------------------------------------------------------- storing

/** Which timeline: one detector's signals about one subject. */
export interface TimelineRef {
  readonly id: string;
  readonly detector: string;
  readonly subject: Signal['subject'];
}

export interface StoredTimeline {
  readonly signals: readonly Signal[];
  /** Differs whenever any signal of the timeline differs; absent while it was never written. */
  readonly version?: string;
  /** Signals were written that nobody has assessed since. */
  readonly isDirty: boolean;
  /** False when no finding of it was ever about to be written: none needs to be looked for. */
  readonly hasFindings: boolean;
  /** As last told by who wrote it. */
  readonly canOpen: boolean;
}

/** New signals of one timeline. */
export interface Touched {
  readonly timeline: TimelineRef;
  readonly signals: readonly Signal[];
}

/** What a store must know of a detector to write its signals. */
export interface MergeRules {
  readonly join: JoinRules;
  /** Kinds of signals that a finding can begin with; absent: any. */
  readonly opens?: readonly string[];
}

export interface SignalStore {
  /**
   * Joins signals into their timelines; repeating it changes nothing, and writes nothing. What is written makes a
   * timeline dirty, unless it has no findings and holds nothing that one could begin with.
   * @param mark is told of the timelines that will be dirty before any of them is written.
   * @returns the timelines that are dirty now, by this or an earlier call: they need a mark written after this.
   */
  merge(
    touched: readonly Touched[],
    rules: MergeRules,
    mark?: (timelines: readonly TimelineRef[]) => Promise<void>,
  ): Promise<readonly TimelineRef[]>;
  read(timelineId: string): Promise<StoredTimeline>;
  /** Many at once, each as it is some time during the call; one that cannot be read is its error. */
  readMany(
    timelineIds: readonly string[],
  ): Promise<ReadonlyMap<string, StoredTimeline | UnreadableRowError>>;
  /**
   * Remembers that findings of timelines are about to be written.
   * @returns those that have not moved since they were read, as they are stored now.
   */
  flagFindings(
    timelines: readonly Pick<Assessed, 'timeline' | 'stored'>[],
  ): Promise<ReadonlyMap<string, StoredTimeline>>;
  /**
   * Takes the dirt from timelines that were assessed as they were read.
   * @returns the ids of those that have moved since: they must be assessed again.
   */
  markClean(assessed: readonly Assessed[]): Promise<ReadonlySet<string>>;
  /** Every timeline of a detector that still holds a signal. */
  timelinesOf(detectorId: string): AsyncIterable<TimelineRef>;
}

export interface Assessed {
  readonly timeline: TimelineRef;
  readonly stored: StoredTimeline;
  /** It holds a signal that a finding may begin with. */
  readonly canOpen: boolean;
}

/** Signals are removed by the month of their time. */
export interface SignalRetention {
  /** Before which time they were last removed. */
  purgedBefore(): Promise<Instant | undefined>;
  /**
   * Removes the signals of all months that are over by then, and timelines of which nothing is left; repeating it is
   * harmless.
   * @param hasFindings whether there still are findings of a timeline.
   */
  purgeBefore(
    before: Instant,
    hasFindings: (timelineId: string) => Promise<boolean>,
  ): Promise<void>;
}

/** A row that somebody or something has spoilt. Whoever reads many rows leaves it out and goes on. */
export class UnreadableRowError extends CrosscheckError {
  override readonly name = 'UnreadableRowError';
  /** Of which finding, when it is the row of one. */
  readonly findingId: string | undefined;

  constructor(table: string, partitionKey: string, rowKey: string, findingId?: string) {
    // What the audit trail says cannot be derived; everything else can.
    const mend = table === 'Findings' ? 'verify' : 'repair';
    super(`the row ${table} ${partitionKey} ${rowKey} cannot be read; run: crosscheck ${mend}`);
    this.findingId = findingId;
  }
}

/**
 * Whether an error says that the storage itself cannot be used: then nothing else can be done either. Every other error
 * is a matter of the row or the timeline that it was met at, and the next one goes on.
 */
export function isStorageGone(error: unknown): boolean {
  return error instanceof Error && 'isStorageGone' in error && error.isStorageGone === true;
}

/** Told of each row that is left out. Without it such a row ends the reading with its `UnreadableRowError`. */
export type OnUnreadable = (error: UnreadableRowError) => void;

export interface StoredFinding {
  readonly finding: Finding;
  readonly etag: string;
}

export interface FindingWithHistory {
  readonly finding: Finding;
  /** The oldest first. */
  readonly history: readonly Transition[];
}

export interface FindingStore {
  readTimeline(timelineId: string, onUnreadable?: OnUnreadable): Promise<readonly StoredFinding[]>;
  /**
   * Writes finding, history row and alert as one transaction, if the finding is still the one with this ETag
   * (`undefined`: does not exist yet).
   * @returns false when somebody else was faster; nothing is written then.
   */
  commit(change: FindingChange, etag: string | undefined): Promise<boolean>;
  /** @returns undefined when there is none. */
  find(findingId: string): Promise<StoredFinding | undefined>;
  /** The transitions of a finding, oldest first. */
  history(findingId: string): Promise<readonly Transition[]>;
  /** Every finding, in no particular order. */
  all(onUnreadable?: OnUnreadable): AsyncIterable<Finding>;
  /**
   * Every finding with its history, in order of the ids, many per request: whole timelines at a time.
   * @param options `after`: only what lies behind this timeline; `hasHistory`: without it histories stay empty.
   */
  scan(
    options: { readonly after?: string | undefined; readonly hasHistory: boolean },
    onUnreadable?: OnUnreadable,
  ): AsyncIterable<{
    readonly found: readonly FindingWithHistory[];
    /** The last timeline of the page. */
    readonly upTo: string;
  }>;
  /** Findings whose last transition was at or after `from` and before `to`, in no particular order. */
  movedBetween(from: Instant, to: Instant, onUnreadable?: OnUnreadable): AsyncIterable<Finding>;
  /**
   * Removes a finding with its history and its alerts, if this still is its head; finishes what a crash left of it.
   * @returns false when it has moved meanwhile; nothing is removed then.
   */
  purge(head: Head): Promise<boolean>;
}

/** The delivery of an alert over one channel, as it is stored. */
export interface OutboxRow extends AlertDelivery {
  readonly etag: string;
}

/** A digest that somebody makes. Until then the alerts are theirs; who finds it later finishes it. */
export interface DigestClaim {
  readonly id: string;
  readonly until: Instant;
  /** Nobody is at it: it waits for its next attempt. */
  readonly isPutOff?: true;
}

/**
 * Names an alert that may be sent over a channel. It is written before the alert and removed after it is settled; a
 * mark whose alert was never committed is harmless.
 */
export interface SendMark {
  readonly alertId: string;
  readonly channel: string;
  readonly at: Instant;
  /** As far as its making tells: a line may become a card. */
  readonly form: AlertDelivery['alert']['form'];
  /** The digest that tells of it. */
  readonly digest?: DigestClaim;
}

/** A mark that has done its work. */
export interface EndedMark {
  readonly mark: SendMark;
  /** When the alert is to be looked at next, if it is. */
  readonly next?: Instant;
  /** The digest that it stays under, or comes back to: that is to be looked at next. */
  readonly digest?: DigestClaim;
  /** What the alert came to: health counts some. */
  readonly state?: DeliveryState;
}

/** What delivery must know of a finding, over one channel. */
export interface FindingToSend {
  /** Absent when it is gone, and for notices; an error when it cannot be read. */
  readonly finding: Finding | UnreadableRowError | undefined;
  /** The oldest first. */
  readonly alerts: readonly OutboxRow[];
  /** By alert, the rows that cannot be read. */
  readonly unreadable: ReadonlyMap<string, UnreadableRowError>;
}

/** Nobody was told of it. */
export type Undelivered = Pick<SendMark, 'alertId' | 'channel'>;

/** For whom an alert is claimed, and what is known of the attempts before. */
export type AlertClaim = Pick<AlertDelivery, 'digestId' | 'mayHaveArrived'> & {
  readonly until: Instant;
};

/** Alerts, each with a row for every channel. */
export interface Outbox {
  /**
   * Marks of all digests that are begun, and then, channel by channel, of alerts to be sent at or before `now`: the
   * oldest first, at most `max` of each channel.
   */
  due(now: Instant, max: number): Promise<readonly SendMark[]>;
  /** A finding and its alerts over a channel, from the transition of that number on: one request. */
  look(findingId: string, channel: string, from: number): Promise<FindingToSend>;
  /**
   * Owes a notice over every channel. One that is owed already, or was sent, stays as it is.
   * @returns false when a notice of the same series was owed before: nothing is written then.
   */
  announceOnce(notice: Notice, at: Instant): Promise<boolean>;
  /** An alert, over every channel; empty when no such alert was ever committed. */
  read(alertId: string): Promise<readonly OutboxRow[]>;
  /**
   * Counts an attempt and takes the alert, in the form it now has, until then, for a digest or for a post of its own, in
   * one write: what is not claimed must not be posted.
   * @returns undefined when somebody else changed the row meanwhile; nothing is written then.
   */
  claim(row: OutboxRow, claim: AlertClaim): Promise<OutboxRow | undefined>;
  /**
   * Records what came of it. Its mark is to be released after that.
   * @returns false when somebody else changed the row meanwhile; nothing is written then.
   */
  settle(row: OutboxRow, outcome: Outcome): Promise<boolean>;
  /**
   * Queues an alert for delivery again that was given up or had no channel.
   * @returns false when somebody else changed the row meanwhile.
   */
  requeue(row: OutboxRow, now: Instant): Promise<boolean>;
  /**
   * Puts marks under a digest, also those of a digest whose claim is over.
   * @returns those that could be; none when the first were somebody else's already.
   */
  gather(marks: readonly SendMark[], digest: DigestClaim): Promise<readonly SendMark[]>;
  /** Removes marks, or replaces them, many in one request. */
  release(ended: readonly EndedMark[]): Promise<void>;
  /** Alerts that were given up or had no channel, at most `max` of each channel. */
  undelivered(state: 'dead' | 'not-configured', max: number): Promise<readonly Undelivered[]>;
}

// ---------------------------------------------------------------------------------------------------------- asking

/** One line of a list of findings: what the index keeps of each. */
export type FindingLine = Pick<
  Finding,
  | 'id'
  | 'detector'
  | 'stage'
  | 'severity'
  | 'status'
  | 'resolution'
  | 'suppressed'
  | 'message'
  | 'title'
  | 'subject'
  | 'openedAt'
  | 'resolvedAt'
  | 'firstSeenAt'
  | 'lastSeenAt'
  | 'count'
>;

/** Which findings; what is absent is not asked for. */
export interface FindingFilter {
  readonly detector?: string;
  readonly status?: Status;
  readonly severity?: Severity;
  readonly suppressed?: boolean;
  /** The id of a subject, exact. */
  readonly subjectId?: string;
  /** How the name of a subject begins, without regard to case. */
  readonly subjectName?: string;
  /** Opened at or after. */
  readonly from?: Instant;
  /** Opened before. */
  readonly to?: Instant;
  /** Occurs in title or subject, without regard to case. */
  readonly text?: string;
}

export interface FindingLines {
  /** The newest opened first. May be empty although there are more: looking has a bound. */
  readonly lines: readonly FindingLine[];
  /** Where to go on; absent at the end. Only for the filter that it came from. */
  readonly next?: string;
}

/** A continuation that this list never gave for this filter. */
export class PositionError extends CrosscheckError {
  override readonly name = 'PositionError';

  /** @param problem is like `it is cut off`. */
  constructor(problem: string) {
    super(
      `the continuation cannot be used: ${problem}; repeat the same filter with the continuation exactly as it was ` +
        'given, or begin again without one',
    );
  }
}

/** A row of one of the lists, as `repair` looks at it. */
export interface IndexRow {
  readonly list: 'opened' | 'open';
  /** Absent when it cannot be read. */
  readonly line: FindingLine | undefined;
  /** It stands where no line of this finding belongs, or under the detector of another. */
  readonly isMisplaced: boolean;
  /** Which row it is. */
  readonly key: string;
}

/**
 * Lists of findings by month opened, and of what is open: written under the same work mark as the finding and rebuilt
 * from the findings by `repair`.
 */
export interface FindingIndex {
  /** Brings the lines of a finding up to date; repeating it changes nothing. */
  put(finding: Finding): Promise<void>;
  /** Adds findings that are in no list yet, in few requests: for many at once. */
  addAll(findings: readonly Finding[]): Promise<void>;
  /** Takes a finding out of every list. */
  remove(finding: Finding): Promise<void>;
  /**
   * A page of at most `top` lines.
   * @throws PositionError when `after` is none that this index gave for this filter.
   */
  page(
    filter: FindingFilter,
    top: number,
    after?: string,
    onUnreadable?: OnUnreadable,
  ): Promise<FindingLines>;
  /** Every row of every list, for `repair`. */
  rows(): AsyncIterable<IndexRow>;
  /** Copies one row, as it lies, to where damaged rows are kept: what it says is about to be lost. */
  keep(row: IndexRow): Promise<void>;
  /** Takes away one row. */
  drop(row: IndexRow): Promise<void>;
}

/** A finding was opened or resolved on a day: counted once for that day, however often it happened. */
export interface CountEntry {
  readonly findingId: string;
  readonly detector: string;
  /** As `2026-01-31`. */
  readonly day: string;
  readonly what: 'opened' | 'resolved';
}

/** How many findings of a detector were opened and resolved on a day. */
export interface DayCount {
  readonly day: string;
  readonly detector: string;
  readonly opened: number;
  readonly resolved: number;
}

/** The findings of a detector that were opened and resolved on a day, or a part of them, as the row lies. */
export interface CountRow {
  readonly day: string;
  readonly detector: string;
  /** Which row it is. */
  readonly key: string;
  /** What it counts, each as `keyOfEntry` writes it. */
  readonly counted: readonly string[];
  /** It can be read, and its numbers are those of what it counts. */
  readonly isSound: boolean;
  /** It counts as many as it may: it lacks what came after. */
  readonly isFull: boolean;
}

/**
 * What was opened and resolved per day: counted under the same work mark as the transition, completed by `repair`. A
 * count holds which findings it counts, so that a repeat, a crash or two writers at once cannot make it wrong.
 */
export interface FindingCounts {
  /** Counts; repeating it changes nothing. */
  add(entries: readonly CountEntry[]): Promise<void>;
  /** The days from the first on and up to the last, both with it, as far as anything is counted on them. */
  days(first: string, last: string): AsyncIterable<DayCount>;
  /** All counts as they lie: for `verify` and `repair`. */
  rows(): AsyncIterable<CountRow>;
  /**
   * Takes these away from a count, each as `keyOfEntry` writes it, and makes its numbers those of what is left. A copy of
   * what is taken away stays in the quarantine.
   */
  correct(row: Pick<CountRow, 'key'>, gone: ReadonlySet<string>): Promise<void>;
  /** Forgets the days before that of the instant. */
  dropBefore(before: Instant): Promise<void>;
}

// -------------------------------------------------------------------------------------------- rules and the record

/** Suppression rules and holds: each is a chain of steps, of which none is ever changed or removed. */
export interface RuleStore {
  /**
   * All steps of all rules and holds; those of one rule in order. They grow for ever: not for every run. One that cannot
   * be read is left out and noted.
   * @throws UnreadableRowError instead, when a hold may not be missed.
   */
  everyStep(options?: { readonly mustBeWhole: true }): Promise<readonly RuleStep[]>;
  /** What runs need of the suppression rules, in one query. */
  current(now: Instant): Promise<CurrentRules>;
  /**
   * Adds a step. One of a suppression rule is to be propagated to the findings.
   * @returns false when there is a step of that number; nothing is written then.
   */
  add(step: RuleStep): Promise<boolean>;
  /** The findings that a step concerns are marked. */
  markPropagated(step: StepRef): Promise<void>;
}

export interface CurrentRules {
  /** At least the steps of the rules that have not ended, or ended a short while ago. */
  readonly steps: readonly RuleStep[];
  /** Those that the findings have not learnt of yet. */
  readonly unpropagated: readonly StepRef[];
}
export type StepRef = Pick<RuleStep, 'ruleId' | 'sequence'>;

/** The chain of the whole record: seals and purges. */
export interface RecordChain {
  /** An empty head when nothing was ever written. */
  head(): Promise<{ readonly head: ChainHead; readonly etag: string | undefined }>;
  /**
   * Writes the head and, with it, an entry, if the head is still the one with this ETag.
   * @returns false when somebody else was faster; nothing is written then.
   */
  write(next: ChainHead, etag: string | undefined, entry?: RecordEntry): Promise<boolean>;
  /** @returns undefined when there is none of that number. */
  entry(sequence: number): Promise<RecordEntry | undefined>;
}

/** Copies of the chain where nobody can change them. */
export interface ChainCopies {
  /** Makes a copy. @returns false when there is one of that number, whatever it holds. */
  put(sequence: number, text: string): Promise<boolean>;
  /** @returns undefined when there is none. */
  read(sequence: number): Promise<string | undefined>;
}

/** A row as it lies, for verification: nothing of it is trusted. */
export type RawRow = Exhibit;

/** Ids of timelines or findings from this on and before that, as texts; without `to`, all that follow. */
export interface IdRange {
  readonly from: string;
  readonly to?: string;
}

/** All rows that verification looks at, in order of their keys. */
export interface RecordRows {
  /** Findings with their history and alerts, timeline by timeline; only those in a range of ids, when there is one. */
  timelines(
    range?: IdRange,
  ): AsyncIterable<{ readonly id: string; readonly rows: readonly RawRow[] }>;
  timeline(id: string): Promise<readonly RawRow[]>;
  rules(): Promise<readonly RawRow[]>;
  /** Row by row: it grows for ever. */
  chain(): AsyncIterable<RawRow>;
}

// ------------------------------------------------------------------------------------------------------------ work

/**
 * Timelines that must be looked at: written before the work it names, deleted after it. It is never changed, so that
 * whoever has listed it and then done all it names may delete it.
 */
export interface WorkMark {
  /** Which row it is. */
  readonly key: string;
  /** At least one, all of one detector. */
  readonly timelines: readonly TimelineRef[];
  /**
   * `signals`: they may be dirty. `concern`: each must be assessed, something else changed that bears on it. `writing`:
   * somebody is about to write findings, and then their lines; left over, the lines may be wrong.
   */
  readonly cause: 'signals' | 'concern' | 'writing';
  /** Only and always with `writing`. */
  readonly since?: Instant;
  /**
   * The end of coverage before the records came, per source; not with `writing`. Signals are judged by the floor of
   * that time, however long the work was left lying.
   */
  readonly coverageEnds?: CoverageEnds;
  readonly catchingUp?: CatchingUp;
}

/**
 * What was read only now and is not of now: no second look is needed before anything opens. `past`: of a backfill, a
 * filled gap or a rule change; what opens is told in a digest. `first-read`: of the very first window of a log.
 */
export type CatchingUp = 'first-read' | 'past';

/** A timeline that must be assessed once coverage has come so far. */
export interface DueMark {
  readonly timeline: TimelineRef;
  /** Which row and which version of it. */
  readonly etag: string;
}

/** The right to be the only one at some work; it runs out by itself. */
export interface Lease {
  readonly name: string;
  readonly etag: string;
}

/** What a run could not judge, or not read: both are tried again in every run. */
export interface TimelineFaults {
  readonly at: Instant;
  readonly timelines?: Trouble;
  readonly rows?: Trouble;
}

/** So many timelines or rows. */
export interface Trouble {
  /** Since when there are some in every run. */
  readonly since: Instant;
  readonly count: number;
  /** What the first of them came to. */
  readonly first: string;
}
export type CoverageEnds = Readonly<Partial<Record<Source, Instant>>>;

export interface WorkMarks {
  /** Marks timelines now, in rows of their own: up to 200 timelines share one. */
  mark(
    timelines: readonly TimelineRef[],
    why: Pick<WorkMark, 'coverageEnds' | 'catchingUp'> & {
      readonly cause: 'signals' | 'concern';
    },
  ): Promise<void>;
  /** Marks timelines for when coverage has reached a time. */
  markDue(due: readonly { readonly timeline: TimelineRef; readonly at: Instant }[]): Promise<void>;
  /** Marks that findings of timelines are about to be written. Others leave the marks alone while they are young. */
  markWriting(timelines: readonly TimelineRef[], since: Instant): Promise<readonly WorkMark[]>;
  /** What is to be done now; a part of it when there is very much. */
  list(): Promise<readonly WorkMark[]>;
  /** Marks that are due at or before the end of the coverage of their detector; `ends`: by detector. */
  due(ends: ReadonlyMap<string, Instant>): Promise<readonly DueMark[]>;
  /** Deletes marks; those that are gone already do not matter. */
  remove(marks: readonly WorkMark[]): Promise<void>;
  /** Deletes a mark unless it was written again meanwhile. */
  removeDue(mark: DueMark): Promise<void>;
  /** @returns undefined when somebody else has it, and it has not run out. */
  takeLease(name: string, now: Instant, until: Instant): Promise<Lease | undefined>;
  /** @returns undefined when it ran out and somebody else took it. */
  renewLease(lease: Lease, until: Instant): Promise<Lease | undefined>;
  releaseLease(lease: Lease): Promise<void>;
  /** By detector: under which version and settings all its timelines were last marked. */
  rules(): Promise<Readonly<Record<string, string>>>;
  keepRule(detectorId: string, rule: string): Promise<void>;
  /** Keeps which timelines could not be assessed in this run, for health; `undefined` when all could. */
  keepFaults(faults: TimelineFaults | undefined): Promise<void>;
  faults(): Promise<TimelineFaults | undefined>;
  /** This process has kept some that are not over. */
  readonly hasKeptFaults: boolean;
  /** The heartbeat of judging: a drain has reached its end. */
  keepDrained(at: Instant): Promise<void>;
  /** When a drain that keeps the heartbeat last reached its end. */
  drained(): Promise<Instant | undefined>;
}

export interface CoverageStore {
  /**
   * What is known of the reading of every source that anybody ever tried to read. A run reads it once and passes it. Of a
   * source of which a row is damaged nothing is known but that.
   */
  reading(): Promise<ReadingState>;
  /** @returns undefined when nobody ever tried to read the source. */
  source(source: Source): Promise<SourceState | undefined>;
  /**
   * Changes what is known of a source by a pure step, taken again when somebody else was faster; the windows go into
   * the ledger in the same transaction.
   * @param of the source, or its state as this store has given it: it is then not read again unless it has changed.
   */
  change(
    of: Source | SourceState,
    step: (state: SourceState) => SourceState,
    windows?: readonly WindowReport[],
  ): Promise<SourceState>;
  /** Writes the damaged rows of a source anew: those of feeds as they are given. */
  rebuild(source: Source, feeds: SourceState['feeds']): Promise<void>;
  /** The windows that were read in a stretch of time, the newest first. */
  ledger(source: Source, read: Interval): AsyncIterable<WindowReport>;
  /** Whether the ledger has windows that were read before. */
  hasLedgerBefore(before: Instant): Promise<boolean>;
  dropLedgerBefore(before: Instant): Promise<void>;
}

/** Rows that could not be read, and the gaps that they leave. */
export interface Quarantine {
  /** Joins rows into what is known of them; one that is known already changes nothing. */
  add(rows: readonly QuarantineRow[]): Promise<void>;
  /** Rows whose gap stands, and those of whose gap or end the timelines concerned have not heard. */
  live(): Promise<readonly QuarantineRow[]>;
  /** Ends the gap of a row; one that is not there is none. */
  end(id: string, end: RowEnd): Promise<void>;
  /** The timelines that the row concerns are marked. It is not so any more when the row has changed meanwhile. */
  heard(row: QuarantineRow): Promise<void>;
  /** Writes the rows of this id anew, of which one is damaged and the other is not. */
  restore(id: string): Promise<void>;
  /** Every row, in no particular order. */
  rows(): AsyncIterable<QuarantineRow>;
  /** Whether there are rows that were seen on a day before that of the instant. */
  hasBefore(before: Instant): Promise<boolean>;
  dropBefore(before: Instant): Promise<void>;
}

/** What a row of our own is. */
export type DamagedKind =
  | ('coverage' | 'feed' | 'window')
  | ('timeline' | 'signal')
  | ('mark' | 'writing-mark' | 'due-mark' | 'send-mark' | 'detector-version' | 'note')
  | ('finding' | 'history' | 'alert' | 'suppression' | 'seal')
  | ('list' | 'count')
  | ('quarantined' | 'copy' | 'unknown');

/** A row of our own that somebody or something has spoilt: where it lies, and what its key tells of it. */
export interface DamagedRow {
  readonly table: string;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly kind: DamagedKind;
  readonly source?: Source;
  readonly property?: Property;
  readonly detector?: string;
  /** The id of a timeline. */
  readonly timeline?: string;
  /** Of a signal: in which month it was, as far as the row still says so. */
  readonly month?: string;
  /** Of a quarantined row. */
  readonly id?: string;
}

/**
 * Rows of our own that cannot be read. Whoever meets one leaves it out and goes on; it is noted, so that people are told
 * of it and `repair` rebuilds what can be derived.
 */
export interface DamagedRows {
  /** Rows were met since the last flush. */
  readonly hasMet: boolean;
  /** Keeps where the rows lie that were met since the last call, and a copy of their text. */
  flush(): Promise<void>;
  /** Those that stand, as far as anybody has met them; the first hundred. */
  list(): Promise<readonly DamagedRow[]>;
  /** Looks at every row of every table. */
  search(): Promise<void>;
  /** It was rebuilt: it does not stand any more, and its copy stays. */
  repaired(row: DamagedRow): Promise<void>;
  /** Takes it away; its copy stays. */
  remove(row: DamagedRow): Promise<void>;
  /** Forgets those that were written anew or removed since; their copies stay. */
  retire(): Promise<void>;
  /** Whether there are copies of before the day of the instant. */
  hasCopiesBefore(before: Instant): Promise<boolean>;
  dropCopiesBefore(before: Instant): Promise<void>;
}

/** What judging needs. */
export interface EngineStores {
  readonly damaged: DamagedRows;
  readonly signals: SignalStore;
  readonly findings: FindingStore;
  readonly index: FindingIndex;
  readonly counts: FindingCounts;
  readonly marks: WorkMarks;
  readonly coverage: CoverageStore;
  readonly rules: RuleStore;
  readonly quarantine: Quarantine;
}

export interface Stores extends EngineStores {
  readonly signals: SignalStore & SignalRetention;
  readonly outbox: Outbox;
  readonly chain: RecordChain;
  readonly rows: RecordRows;
}

// ------------------------------------------------------------------------------------------------------- telling

/** What is posted, rendered by the channel: findings with what happened to them, or a notice. */
export type Post = FindingPost | NoticePost;

export interface FindingPost {
  /** The same for every repeat of the same post. */
  readonly id: string;
  readonly form: Alert['form'];
  /** At least one; several only in a digest. */
  readonly items: readonly { readonly alert: Alert; readonly finding: Finding }[];
}

export interface NoticePost {
  /** The same for every repeat of the same post. */
  readonly id: string;
  readonly form: 'notice';
  readonly items: readonly [];
  readonly notice: Notice;
}

export type { DeliveryResult } from '../domain/delivery';

/** Where alerts go. */
export interface Channel {
  /** Between the beginnings of two posts; as fast as they go when absent. */
  readonly pace?: Duration;
  post(post: Post): Promise<DeliveryResult>;
}

/** A channel by its id, which stands in the row of every alert that it is to carry. */
export interface ConfiguredChannel {
  readonly id: string;
  /** Absent while its settings are: alerts are then marked so, and not sent later by themselves. */
  readonly channel: Channel | undefined;
}
