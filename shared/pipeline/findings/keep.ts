import { coverageEnd, floorOf } from '../../domain/findings/judge';
import { coverageOf, endsOf, type ReadingState } from '../../domain/reading/source-state';
import { isTallied } from '../../domain/reading/tally';
import type { KnownSignals } from '../reading/known-signals';
import type { CatchingUp } from '../ports/work-marks';
import type { EngineStores } from '../ports/stores';
import type { TimelineRef, Touched } from '../ports/signal-store';
import type { Selection } from './select';
import { wavesOf } from './waves';

export interface KeepOptions {
  /** What was read before these records. Absent: it is looked up. */
  readonly reading?: ReadingState | undefined;
  readonly known?: KnownSignals | undefined;
  readonly catchingUp?: CatchingUp | undefined;
}

/**
 * Stores the signals of a selection, each timeline that they change marked before they are written, and again after.
 * After this the coverage of the records' window may move: whatever happens next, the marks say what is left to do.
 * Signals that say nothing new mark nothing and write nothing.
 * @param options.known leaves out what this process has stored before.
 * @param options.catchingUp the records are of the past: the marks say so to whoever drains them.
 * @returns how many signals came later than their retention and were dropped.
 */
export async function keep(
  stores: Pick<EngineStores, 'coverage' | 'marks' | 'signals'>,
  selection: Selection,
  { known, reading, catchingUp }: KeepOptions = {},
): Promise<{ tooOld: number }> {
  let tooOld = 0;
  let current = reading;
  for (const [detector, timelines] of selection) {
    if (timelines.size === 0) {
      continue;
    }
    current ??= await stores.coverage.reading();
    const coverage = coverageOf(detector, current);
    const floor = floorOf(detector, coverageEnd(detector, coverage));
    const fresh = [...timelines.values()].flatMap(({ timeline, signals }): Touched[] => {
      const inTime = [...signals.values()].filter(
        (each) => floor === undefined || each.at >= floor,
      );
      tooOld += signals.size - inTime.length;
      const kept = inTime.filter((each) => known?.has(timeline.id, each) !== true);
      return kept.length > 0 ? [{ timeline, signals: kept }] : [];
    });
    const why = {
      ...({ cause: 'signals', coverageEnds: endsOf(coverage) } as const),
      ...(catchingUp !== undefined && { catchingUp }),
    };
    const mark = (touched: readonly TimelineRef[]): Promise<void> =>
      stores.marks.mark(touched, why);
    const counted = fresh.filter(({ timeline }) => isTallied(timeline.subject));
    const judged = fresh.filter(({ timeline }) => !isTallied(timeline.subject));
    if (counted.length > 0) {
      await stores.signals.merge(counted, { join: detector.join, opens: [] });
    }
    for (const wave of wavesOf(judged, ({ timeline }) => timeline.id)) {
      // Another runner may drain the marks before the signals are there, and removes them then.
      await mark(await stores.signals.merge(wave, detector, mark));
    }
    for (const { timeline, signals } of fresh) {
      signals.forEach((signal) => known?.add(timeline.id, signal));
    }
  }
  return { tooOld };
}
