import type { Severity } from '../../domain/detector';
import { CrosscheckError } from '../../domain/errors';
import type { Finding, Status } from '../../domain/findings/finding';
import type { Instant } from '../../domain/time';
import type { OnUnreadable } from './unreadable-row';

/** What the lists keep of each finding, in the order of its JSON. */
export const LINE_FIELDS = [
  'id',
  'detector',
  'stage',
  'severity',
  'status',
  'resolution',
  'suppressed',
  'message',
  'title',
  'subject',
  'firstSeenAt',
  'lastSeenAt',
  'openedAt',
  'resolvedAt',
  'count',
] as const satisfies readonly (keyof Finding)[];

/** One line of a list of findings. */
export type ListEntry = Pick<Finding, (typeof LINE_FIELDS)[number]>;

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

export interface ListPage {
  /** The newest opened first. May be empty although there are more: looking has a bound. */
  readonly lines: readonly ListEntry[];
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
  readonly line: ListEntry | undefined;
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
  ): Promise<ListPage>;
  /** Every row of every list, for `repair`. */
  rows(): AsyncIterable<IndexRow>;
  /** Copies one row, as it lies, to where damaged rows are kept: what it says is about to be lost. */
  keep(row: IndexRow): Promise<void>;
  /** Takes away one row. */
  drop(row: IndexRow): Promise<void>;
}
