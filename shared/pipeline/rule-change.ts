import { canonical, shortHash } from '../domain/canonical';
import type { ConfiguredDetector, Detector } from '../domain/detector';
import { isTallied } from '../domain/tally';
import { endsFor } from '../domain/source-state';
import type { EngineStores, TimelineRef } from './ports';

const BATCH = 100;

/**
 * Notices that a detector has another version or other settings than when its timelines were last marked, and marks
 * them all. To be called once per process, before anything is assessed.
 * @returns the detectors that changed.
 */
export async function noticeRuleChanges(
  stores: EngineStores,
  detectors: readonly ConfiguredDetector[],
): Promise<readonly string[]> {
  const known = await stores.marks.rules();
  const changed: string[] = [];
  for (const { detector, settings } of detectors) {
    const rule = shortHash(16, detector.id, String(detector.version), canonical(settings));
    if (known[detector.id] === rule) {
      continue;
    }
    if (known[detector.id] !== undefined) {
      await markRuleChange(stores, detector);
      changed.push(detector.id);
    }
    // Kept last: a crash before it marks again, which is harmless.
    await stores.marks.keepRule(detector.id, rule);
  }
  return changed;
}

/**
 * Marks every timeline of a detector once, because its version or a setting changed. What it no longer finds is then
 * superseded by the new version, and what it finds now is told in a digest.
 */
export function markRuleChange(stores: EngineStores, detector: Detector): Promise<number> {
  return markEveryTimeline(stores, detector, true);
}

/** Marks every timeline of a detector: something was learnt that may concern each of them. */
export async function markEveryTimeline(
  stores: Pick<EngineStores, 'coverage' | 'signals' | 'marks'>,
  detector: Pick<Detector, 'id'>,
  isCatchingUp: boolean,
): Promise<number> {
  let marked = 0;
  let batch: TimelineRef[] = [];
  const ends = endsFor(detector.id, await stores.coverage.reading());
  for await (const timeline of stores.signals.timelinesOf(detector.id)) {
    if (isTallied(timeline.subject)) {
      continue;
    }
    batch.push(timeline);
    marked += 1;
    if (batch.length === BATCH) {
      await stores.marks.markDirty(batch, ends, isCatchingUp);
      batch = [];
    }
  }
  await stores.marks.markDirty(batch, ends, isCatchingUp);
  return marked;
}
