import type { QuarantineRow, RowEnd } from '../../domain/reading/quarantine';
import type { Instant } from '../../domain/time';

/** Rows that could not be read, and the gaps that they leave. */
export interface Quarantine {
  /** Joins rows into what is known of them; one that is known already changes nothing. */
  add(rows: readonly QuarantineRow[]): Promise<void>;
  /** Rows whose gap stands, and those of whose gap or end the timelines concerned have not heard. */
  live(): Promise<readonly QuarantineRow[]>;
  /** Ends the gap of a row; one that is not there is none. */
  end(id: string, end: RowEnd): Promise<void>;
  /** The timelines that the row concerns are marked. It is not so any more when the row has changed meanwhile. */
  markPropagated(row: QuarantineRow): Promise<void>;
  /** Writes the rows of this id anew, of which one is damaged and the other is not. */
  restore(id: string): Promise<void>;
  /** Every row, in no particular order. */
  rows(): AsyncIterable<QuarantineRow>;
  /** Whether there are rows that were seen on a day before that of the instant. */
  hasBefore(before: Instant): Promise<boolean>;
  dropBefore(before: Instant): Promise<void>;
}
