import type { Detector } from '../../domain/detector';
import type { FindingChange } from '../../domain/findings/transition';
import type { Judgement } from '../../domain/findings/judge';
import type { SuppressionRule } from '../../domain/findings/suppression';
import type { Interval } from '../../domain/reading/coverage';
import type { QuarantineRow } from '../../domain/reading/quarantine';
import type { ReadingState } from '../../domain/reading/source-state';
import type { Now } from '../ports/clock';
import type { TimelineRef } from '../ports/signal-store';
import type { EngineStores } from '../ports/stores';
import type { Work } from './work';

/**
 * Reads the log once more about one subject, in the stretch where something did not happen, and keeps what it finds.
 * @returns `later` when the log cannot be read now: the finding waits for the next run.
 */
export type SecondLook = (
  detector: Detector,
  timeline: TimelineRef,
  stretch: Interval,
) => Promise<'looked' | 'later'>;

/** What judging a timeline needs besides the timeline. */
export interface Bench {
  readonly tenantId: string;
  readonly stores: EngineStores;
  readonly clock: Now;
  readonly rules: readonly SuppressionRule[];
  readonly isExport: boolean;
  /** What was read; looked up anew when a finding was judged by more. */
  reading: ReadingState;
  /** The rows of it that could not be, as they were last looked up. */
  live: readonly QuarantineRow[];
  readonly secondLook?: SecondLook | undefined;
}

/** Who is told what becomes of the timelines of a wave. */
export interface WaveReport {
  /** Whether there is time for one more. */
  mayGoOn(): Promise<boolean>;
  /** It is looked at. */
  onLook(work: Work): void;
  onChange(change: FindingChange): void;
  /** It needs nothing more; without a judgement it needed nothing at all. */
  onDone(work: Work, judgement?: Judgement): Promise<void>;
  /** Its mark must stay. */
  onLeft(work: Work): void;
  /** @throws the error when it says that the storage is gone. */
  onFault(work: Work, error: unknown): void;
}
