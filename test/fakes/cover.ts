import { DETECTORS } from '../../shared/detectors/index';
import type { CoverageBySource, Interval } from '../../shared/domain/reading/coverage';
import type { Detector } from '../../shared/domain/detector';
import type { Property } from '../../shared/domain/reading/feed';
import {
  anotherFailure,
  covering,
  markGap,
  type FeedState,
  type SourceFailure,
  type WindowReport,
} from '../../shared/domain/reading/journal';
import type { Source } from '../../shared/domain/record';
import {
  coverageByDetector,
  inFeeds,
  type SourceState,
} from '../../shared/domain/reading/source-state';
import type { Instant } from '../../shared/domain/time';
import type { CoverageStore } from '../../shared/pipeline/ports/coverage-store';

/** The feed of each source that tests read who care for one only. */
export const FEED = {
  directoryAudits: 'activityDisplayName',
  directoryObjects: 'collection',
  signIns: 'clientAppUsed',
} as const satisfies Record<Source, Property>;

/**
 * The shipped detectors without what they ask for only to sharpen findings, and without those that need another feed:
 * one feed of each source.
 */
export const ONE_FEED_EACH: readonly Detector[] = DETECTORS.filter(({ needs }) =>
  needs.every(({ source, property }) => FEED[source] === property),
).map((detector) => ({
  ...detector,
  reads: detector.reads.map((read) => ({ ...read, live: false })),
}));

/** A step for that feed. */
export function inFeed(source: Source, step: (feed: FeedState) => FeedState) {
  return (state: SourceState): SourceState => inFeeds([FEED[source]], step)(state);
}

/** What each source covers for a detector, in all the feeds that it was read in. */
export async function readCoverage(store: CoverageStore, id: string): Promise<CoverageBySource> {
  const reading = await store.reading();
  return Object.fromEntries(
    Object.values(reading).flatMap((state) => {
      const coverage = coverageByDetector(state)[id];
      return coverage === undefined ? [] : [[state.source, coverage] as const];
    }),
  );
}

/** @returns undefined when it was never tried. */
export async function readFeed(
  store: CoverageStore,
  source: Source,
  property: Property = FEED[source],
): Promise<FeedState | undefined> {
  return (await store.source(source))?.feeds[property];
}

/** Covers a stretch for some detectors, as a window that was read does. */
export async function extendCoverage(
  store: CoverageStore,
  source: Source,
  read: Interval,
  ids: readonly string[],
  window?: WindowReport,
): Promise<void> {
  const step = inFeed(source, covering(read, ids));
  await store.change(source, step, window === undefined ? [] : [window]);
}

/** Gives a stretch up for some detectors. */
export async function giveUpCoverage(
  store: CoverageStore,
  source: Source,
  lost: Interval,
  ids: readonly string[],
): Promise<void> {
  await store.change(source, inFeed(source, markGap(lost, ids)));
}

/** One more run that could not read it. */
export function afterTrouble(
  feed: FeedState,
  failure: Pick<SourceFailure, 'failure' | 'message' | 'remedy'>,
  now: Instant,
): FeedState {
  return { ...feed, failure: anotherFailure(feed.failure, failure, now) };
}

/** It can be read again. */
export function withoutTrouble({ failure: _over, ...feed }: FeedState): FeedState {
  return feed;
}
