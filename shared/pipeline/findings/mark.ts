import { endsFor } from '../../domain/reading/source-state';
import type { CatchingUp } from '../ports/work-marks';
import type { EngineStores } from '../ports/stores';
import type { TimelineRef } from '../ports/signal-store';

const BATCH = 2_000;

/**
 * Marks timelines of one detector that something bears on besides their signals: a rule change, a filled gap, a
 * suppression. All are assessed again.
 * @returns how many.
 */
export async function markConcerned(
  { marks, coverage }: Pick<EngineStores, 'marks' | 'coverage'>,
  detectorId: string,
  timelines: AsyncIterable<TimelineRef> | Iterable<TimelineRef>,
  catchingUp?: CatchingUp,
): Promise<number> {
  const coverageEnds = endsFor(detectorId, await coverage.reading());
  const why = {
    ...({ cause: 'concern', coverageEnds } as const),
    ...(catchingUp !== undefined && { catchingUp }),
  };
  let marked = 0;
  let batch: TimelineRef[] = [];
  for await (const timeline of timelines) {
    batch.push(timeline);
    if (batch.length === BATCH) {
      await marks.mark(batch, why);
      marked += batch.length;
      batch = [];
    }
  }
  await marks.mark(batch, why);
  return marked + batch.length;
}
