import type { Interval } from '../../domain/reading/coverage';
import { CrosscheckError } from '../../domain/errors';
import type { Property } from '../../domain/reading/feed';
import type { SeenRow } from '../../domain/reading/lateness';
import type { EntraRecord, Log, Malformed } from '../../domain/record';
import type { Instant } from '../../domain/time';
import type { Clocks } from '../../domain/reading/wrong-clock';

/** Which rows of a source are worth more than a look at id and time. */
export interface Wanted {
  readonly source: Log;
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
  clocks?(source: Log): Promise<Clocks | undefined>;
}

/**
 * Why a source could not be read. `throttled` and `unavailable` pass by themselves, and a smaller window may help;
 * the others need a person, and `remedy` says what to do.
 */
export type SourceFailureKind =
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
  readonly failure: SourceFailureKind;
  readonly remedy: string;
  /** The source asked for more patience than one run has: nothing is asked again before the next. */
  readonly isForNextRun: boolean;
  /** The HTTP status of the refusal, when there was one. */
  readonly status: number | undefined;

  constructor(
    failure: SourceFailureKind,
    message: string,
    remedy: string,
    options: {
      readonly cause?: unknown;
      readonly isForNextRun?: boolean;
      readonly status?: number;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.failure = failure;
    this.remedy = remedy;
    this.isForNextRun = options.isForNextRun === true;
    this.status = options.status;
  }

  /** A smaller window or a later try may do. */
  get isPassing(): boolean {
    return ['throttled', 'unavailable', 'bad-answer'].includes(this.failure);
  }
}
