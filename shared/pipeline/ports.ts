import type { CoverageBySource, Interval } from '../domain/coverage';
import type { Finding, FindingChange } from '../domain/finding';
import type { Source } from '../domain/record';
import type { JoinRules, Signal } from '../domain/signal';
import type { Instant } from '../domain/time';

/** The only way to know the time. */
export interface Clock {
  now(): Instant;
}

/** Which timeline: one detector's signals about one subject. */
export interface TimelineRef {
  readonly id: string;
  readonly detector: string;
  readonly subject: Signal['subject'];
}

export interface StoredTimeline {
  readonly signals: readonly Signal[];
  /** Differs whenever any signal of the timeline differs. */
  readonly version: string;
}

export interface SignalStore {
  /** Joins signals into a timeline; repeating it changes nothing. */
  merge(timeline: TimelineRef, signals: readonly Signal[], rules: JoinRules): Promise<void>;
  read(timelineId: string): Promise<StoredTimeline>;
  /** Every timeline of a detector that still holds a signal. */
  timelinesOf(detectorId: string): AsyncIterable<TimelineRef>;
}

export interface StoredFinding {
  readonly finding: Finding;
  readonly etag: string;
}

export interface FindingStore {
  readTimeline(timelineId: string): Promise<readonly StoredFinding[]>;
  /**
   * Writes finding, history row and alert as one transaction, if the finding is still the one with this ETag
   * (`undefined`: does not exist yet).
   * @returns false when somebody else was faster; nothing is written then.
   */
  commit(change: FindingChange, etag: string | undefined): Promise<boolean>;
}

/** A timeline that must be assessed: written before the work it names, deleted after it. */
export interface WorkMark {
  readonly timeline: TimelineRef;
  readonly cause: 'dirty' | 'due';
  /**
   * Dirty marks: the end of coverage before the records came, per source. Signals are judged by the floor of that
   * time, however long the work was left lying.
   */
  readonly coverageEnds?: CoverageEnds;
  readonly etag: string;
}
export type CoverageEnds = Readonly<Partial<Record<Source, Instant>>>;

export interface WorkMarks {
  /** Marks a timeline now. A mark that is there already keeps its older coverage ends and gets a new ETag. */
  markDirty(timelines: readonly TimelineRef[], coverageEnds: CoverageEnds): Promise<void>;
  /** Marks a timeline for when coverage has reached `at`. */
  markDue(timeline: TimelineRef, at: Instant): Promise<void>;
  dirty(): Promise<readonly WorkMark[]>;
  /** Marks of this detector that are due at or before the end of its coverage. */
  due(detectorId: string, end: Instant): Promise<readonly WorkMark[]>;
  /** Deletes a mark unless it was written again meanwhile. */
  remove(mark: WorkMark): Promise<void>;
}

export interface CoverageStore {
  /** What each source covers for the rows that this detector reads. */
  read(detectorId: string): Promise<CoverageBySource>;
  /** Records that a stretch of a source was completely read for these detectors. */
  extend(source: Source, read: Interval, detectorIds: readonly string[]): Promise<void>;
  /** Records that a stretch was given up: a gap from now on, until it is read after all. */
  giveUp(source: Source, lost: Interval, detectorIds: readonly string[]): Promise<void>;
}

export interface Stores {
  readonly signals: SignalStore;
  readonly findings: FindingStore;
  readonly marks: WorkMarks;
  readonly coverage: CoverageStore;
}
