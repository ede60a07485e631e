import type { StoredText } from '../../domain/audit-trail/stored-text';
import type { ChainHead, TrailEntry } from '../../domain/audit-trail/entries';

/** The chain of the whole record: seals and purges. */
export interface AuditTrail {
  /** An empty head when nothing was ever written. */
  head(): Promise<{ readonly head: ChainHead; readonly etag: string | undefined }>;
  /**
   * Writes the head and, with it, an entry, if the head is still the one with this ETag.
   * @returns false when somebody else was faster; nothing is written then.
   */
  write(next: ChainHead, etag: string | undefined, entry?: TrailEntry): Promise<boolean>;
  /** @returns undefined when there is none of that number. */
  entry(sequence: number): Promise<TrailEntry | undefined>;
}

/** Copies of the chain where nobody can change them. */
export interface ChainCopies {
  /** Makes a copy. @returns false when there is one of that number, whatever it holds. */
  put(sequence: number, text: string): Promise<boolean>;
  /** @returns undefined when there is none. */
  read(sequence: number): Promise<string | undefined>;
}

/** A row as it lies, for verification: nothing of it is trusted. */
export type RawRow = StoredText;

/** Ids of timelines or findings from this on and before that, as texts; without `to`, all that follow. */
export interface IdRange {
  readonly from: string;
  readonly to?: string;
}

/** All rows that verification looks at, in order of their keys. */
export interface AuditTrailRows {
  /** Findings with their history and alerts, timeline by timeline; only those in a range of ids, when there is one. */
  timelines(
    range?: IdRange,
  ): AsyncIterable<{ readonly id: string; readonly rows: readonly RawRow[] }>;
  timeline(id: string): Promise<readonly RawRow[]>;
  rules(): Promise<readonly RawRow[]>;
  /** Row by row: it grows for ever. */
  chain(): AsyncIterable<RawRow>;
}
