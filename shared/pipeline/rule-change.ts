import type { Detector } from '../domain/detector';
import type { EngineStores, TimelineRef } from './ports';

const BATCH = 100;

/**
 * Marks every timeline of a detector once, because its version or a setting changed. What it no longer finds is then
 * superseded by the new version.
 */
export async function markRuleChange(stores: EngineStores, detector: Detector): Promise<number> {
  let marked = 0;
  let batch: TimelineRef[] = [];
  const ends = Object.fromEntries(
    Object.entries(await stores.coverage.read(detector.id)).map(([source, { to }]) => [source, to]),
  );
  for await (const timeline of stores.signals.timelinesOf(detector.id)) {
    batch.push(timeline);
    marked += 1;
    if (batch.length === BATCH) {
      await stores.marks.markDirty(batch, ends);
      batch = [];
    }
  }
  await stores.marks.markDirty(batch, ends);
  return marked;
}
