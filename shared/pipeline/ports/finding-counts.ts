import type { Instant } from '../../domain/time';

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
