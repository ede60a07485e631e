import type { JoinRules, Signal } from '../../domain/findings/signal';
import type { Instant } from '../../domain/time';
import type { UnreadableRowError } from './unreadable-row';

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
