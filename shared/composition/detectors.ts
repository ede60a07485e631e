import { DETECTORS, RETIRED_DETECTORS } from '../detectors/index';
import {
  asksSource,
  needsSource,
  type ConfiguredDetector,
  type Detector,
} from '../domain/detector';
import type { Feed } from '../domain/reading/feed';
import type { Log } from '../domain/record';
import { LOGS } from '../sources';
import { LOG_READING } from '../pipeline/findings/log-reading';
import { feedsFor } from '../pipeline/findings/select';

/** Of those that are switched off, too: they may have left findings. */
export function detectorOf(id: string): Detector | undefined {
  return [LOG_READING, ...DETECTORS].find((each) => each.id === id);
}

/** Of which there may be findings. */
export const DETECTOR_IDS = [
  ...[...DETECTORS, LOG_READING].map(({ id }) => id),
  ...RETIRED_DETECTORS,
];

/** What the detectors look for, in words; of those that alert nobody that is said. */
export function titlesOf(configured: readonly ConfiguredDetector[]): readonly string[] {
  return configured.map(
    ({ detector, stage }) => `${detector.title}${stage === 'watch' ? ' (recorded only)' : ''}`,
  );
}

/** What the absences rest on that the enabled detectors conclude. */
export function neededFeeds(configured: readonly ConfiguredDetector[]): readonly Feed[] {
  const detectors = configured.map(({ detector }) => detector);
  return LOGS.flatMap((source) => feedsFor(detectors, source)).filter(
    ({ neededBy }) => neededBy.length > 0,
  );
}

/** The logs that Graph is asked for, be it only to sharpen findings. */
export function askedSources(detectors: readonly ConfiguredDetector[]): readonly Log[] {
  return LOGS.filter((source) => detectors.some(({ detector }) => asksSource(detector, source)));
}

/** The logs that absences rest on which the enabled detectors conclude. */
export function neededSources(detectors: readonly ConfiguredDetector[]): readonly Log[] {
  return LOGS.filter((source) => detectors.some(({ detector }) => needsSource(detector, source)));
}
