import type { Interval } from '../../domain/reading/coverage';
import type { WindowReport } from '../../domain/reading/journal';
import type { Source } from '../../domain/record';
import type { ReadingState, SourceState } from '../../domain/reading/source-state';
import type { Instant } from '../../domain/time';

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
