import type { Property } from '../../domain/reading/feed';
import type { Source } from '../../domain/record';
import type { Instant } from '../../domain/time';

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
