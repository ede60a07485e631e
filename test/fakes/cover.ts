import type { Interval } from '../../shared/domain/coverage';
import { covering, givingUp, type WindowReport } from '../../shared/domain/journal';
import type { Source } from '../../shared/domain/record';
import type { CoverageStore } from '../../shared/pipeline/ports';

/** Covers a stretch for some detectors, as a window that was read does. */
export async function extendCoverage(
  store: CoverageStore,
  source: Source,
  read: Interval,
  ids: readonly string[],
  window?: WindowReport,
): Promise<void> {
  await store.change(source, covering(read, ids), window === undefined ? [] : [window]);
}

/** Gives a stretch up for some detectors. */
export async function giveUpCoverage(
  store: CoverageStore,
  source: Source,
  lost: Interval,
  ids: readonly string[],
): Promise<void> {
  await store.change(source, givingUp(lost, ids));
}
