import { coverageEnd, floorOf } from '../domain/judge';
import { isTallied } from '../domain/tally';
import { coverageOf, endsOf, type ReadingState } from '../domain/source-state';
import type { KnownSignals } from './known-signals';
import type { EngineStores } from './ports';
import type { Selection } from './select';

export interface KeepOptions {
  /** What was read before these records. Absent: it is looked up. */
  readonly reading?: ReadingState | undefined;
  readonly known?: KnownSignals | undefined;
  readonly isCatchingUp?: boolean;
}

/**
 * Stores the signals of a selection, each touched timeline marked before its signals are written, and again after.
 * After this the coverage of the records' window may move: whatever happens next, the marks say what is left to do.
 * @param options.known leaves out what this process has stored before.
 * @param options.isCatchingUp the records are of the past: what opens by them is told in a digest, whoever drains the marks.
 * @returns how many signals came later than their retention and were dropped.
 */
export async function keep(
  stores: EngineStores,
  selection: Selection,
  { known, reading, isCatchingUp = false }: KeepOptions = {},
): Promise<{ tooOld: number }> {
  let tooOld = 0;
  let current = reading;
  for (const [detector, timelines] of selection) {
    if (timelines.size === 0) {
      continue;
    }
    current ??= await stores.coverage.reading();
    const coverage = coverageOf(detector, current);
    const ends = endsOf(coverage);
    const floor = floorOf(detector, coverageEnd(detector, coverage));
    const fresh = [...timelines.values()].flatMap(({ timeline, signals }) => {
      const inTime = [...signals.values()].filter(
        (each) => floor === undefined || each.at >= floor,
      );
      tooOld += signals.size - inTime.length;
      const kept = inTime.filter((each) => known?.has(timeline.id, each) !== true);
      return kept.length > 0 ? [{ timeline, signals: kept }] : [];
    });
    const touched = fresh.map((each) => each.timeline).filter(({ subject }) => !isTallied(subject));
    await stores.marks.markDirty(touched, ends, isCatchingUp);
    for (const { timeline, signals } of fresh) {
      await stores.signals.merge(timeline, signals, detector.join);
    }
    // Another runner may have drained the marks before the signals were there, and would remove them now.
    await stores.marks.markDirty(touched, ends, isCatchingUp);
    for (const { timeline, signals } of fresh) {
      signals.forEach((signal) => known?.add(timeline.id, signal));
    }
  }
  return { tooOld };
}
