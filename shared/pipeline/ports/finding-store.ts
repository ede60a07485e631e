import type { Head } from '../../domain/hash-chain';
import type { Finding } from '../../domain/findings/finding';
import type { FindingChange, Transition } from '../../domain/findings/transition';
import type { Instant } from '../../domain/time';
import type { OnUnreadable } from './unreadable-row';

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
