import { canonical, shortHash } from '../../domain/json';
import type { ConfiguredDetector, Detector } from '../../domain/detector';
import { isTallied } from '../../domain/reading/tally';
import { markConcerned } from './mark';
import type { CatchingUp } from '../ports/work-marks';
import type { EngineStores } from '../ports/stores';
import type { TimelineRef } from '../ports/signal-store';

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
      await markEveryTimeline(stores, detector, 'past');
      changed.push(detector.id);
    }
    // Kept last: a crash before it marks again, which is harmless.
    await stores.marks.keepRule(detector.id, rule);
  }
  return changed;
}

/**
 * Marks every timeline of a detector once: its version or a setting changed, or something was learnt that may concern
 * each of them.
 */
export function markEveryTimeline(
  stores: Pick<EngineStores, 'coverage' | 'marks' | 'signals'>,
  detector: Pick<Detector, 'id'>,
  catchingUp?: CatchingUp,
): Promise<number> {
  return markConcerned(stores, detector.id, judgedOf(stores, detector.id), catchingUp);
}

async function* judgedOf(
  { signals }: Pick<EngineStores, 'signals'>,
  detectorId: string,
): AsyncGenerator<TimelineRef> {
  for await (const timeline of signals.timelinesOf(detectorId)) {
    if (!isTallied(timeline.subject)) {
      yield timeline;
    }
  }
}
