import { intersect, type Coverage, type CoverageBySource, type Interval } from './coverage';
import { feedName, sourcesOf, type Feed, type Property } from './feed';
import { covering, UNREAD, type FeedState, type SourceFailure } from './journal';
import type { Source } from '../record';
import { earliest, type Duration, type Instant } from '../time';

/** Everything that is known of the reading of one source: its feeds, and what they have in common. */
export interface SourceState {
  readonly source: Source;
  readonly feeds: Readonly<Partial<Record<Property, FeedState>>>;
  /** Closed days are read again for all feeds at once, and cannot be: nothing waits for them, so nobody is alerted. */
  readonly dayFailure?: SourceFailure;
  /** When the first start was announced: once, with one of the sources. */
  readonly announcedAt?: Instant;
  /** Our clock, when its last answers showed it to be wrong. */
  readonly wrongClock?: WrongClock;
  /** Coverage ended later than it could; until all of that was read again. */
  readonly cutBack?: CutBack;
  /** Rows of it cannot be read: nobody reads it or judges by it until they are rebuilt. Never stored. */
  readonly damaged?: DamagedState;
  /** What keeps it from being read well, as it was last handed on to be judged. */
  readonly conditions?: readonly KnownCondition[];
}

/** What is left of a source while some of its rows cannot be read. */
export interface DamagedState {
  /** What is wrong with the first of them. */
  readonly why: string;
  /** The feeds of which nothing is known. */
  readonly lost: readonly Property[];
  /** What can be read of the other feeds: to be shown, not to be judged by. */
  readonly readable: SourceState['feeds'];
}

/** How wrong our clock was in the last run; the times are those of the source. */
export interface WrongClock {
  /** Negative when it was behind. */
  readonly aheadBy: Duration;
  readonly since: Instant;
  readonly lastAt: Instant;
  /** Runs in a row. */
  readonly runs: number;
}

/** Coverage that ended in the future. */
export interface CutBack {
  /** When that was seen, by the clock of the source. */
  readonly at: Instant;
  /** Where it ended then. */
  readonly from: Instant;
  /** Where it was cut back to. */
  readonly to: Instant;
}

/** A condition of the reading that goes on. */
export interface KnownCondition {
  readonly condition: string;
  readonly since: Instant;
  readonly lastSeenAt: Instant;
  /** When the watch first saw it. */
  readonly firstSeenAt: Instant;
  /** Sure enough to tell somebody. */
  readonly isConfirmed: boolean;
  /** What was said of it, as a hash. */
  readonly said: string;
}

/** The sources that anybody ever tried to read, as they were at one moment. */
export type ReadingState = Readonly<Partial<Record<Source, SourceState>>>;

export function unread(source: Source): SourceState {
  return { source, feeds: {} };
}

/** The parts of a source of which nothing is known, as people read them: `by client app`. */
export function lostParts({ lost }: DamagedState): readonly string[] {
  return lost.length === 0 ? ['what its parts have in common'] : lost.map(feedName);
}

export function feedOf({ feeds }: SourceState, property: Property): FeedState {
  return feeds[property] ?? UNREAD;
}

/** The feeds of a source that were ever tried, in the order of their properties. */
export function feedsIn({ feeds }: SourceState): readonly (readonly [Property, FeedState])[] {
  return (Object.entries(feeds) as [Property, FeedState][]).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A step that takes some feeds of a source through a step of their own. */
export function inFeeds(
  properties: readonly Property[],
  step: (feed: FeedState, property: Property) => FeedState,
) {
  return (state: SourceState): SourceState => {
    const moved = properties.map((each) => [each, step(feedOf(state, each), each)] as const);
    return { ...state, feeds: { ...state.feeds, ...Object.fromEntries(moved) } };
  };
}

/** What a detector is for coverage: its id, and the feeds that its absences rest on. */
export interface Needing {
  readonly id: string;
  readonly needs: readonly Feed[];
}

/** A step that covers a stretch of a source for all that these detectors need of it. */
export function coveringFor(
  detectors: readonly Needing[],
  source: Source,
  read: Interval,
): (state: SourceState) => SourceState {
  return inNeededFeeds(detectors, source, (ids) => covering(read, ids));
}

/** A step for each feed of a source that some detectors need, with the ids of those. */
export function inNeededFeeds(
  detectors: readonly Needing[],
  source: Source,
  step: (ids: readonly string[]) => (feed: FeedState) => FeedState,
): (state: SourceState) => SourceState {
  const needed = detectors.flatMap(({ id, needs }) =>
    needs.flatMap((feed) => (feed.source === source ? [{ id, property: feed.property }] : [])),
  );
  const byProperty = Map.groupBy(needed, ({ property }) => property);
  return inFeeds([...byProperty.keys()], (feed, property) =>
    step((byProperty.get(property) ?? []).map(({ id }) => id))(feed),
  );
}

/** What each source covers for a detector: what all the feeds that it needs of the source cover. */
export function coverageOf(detector: Needing, reading: ReadingState): CoverageBySource {
  return Object.fromEntries(
    sourcesOf(detector.needs).flatMap((source) => {
      const state = reading[source];
      const needed = detector.needs.filter((feed) => feed.source === source);
      const known = needed.map(({ property }) => state?.feeds[property]?.byDetector[detector.id]);
      const [first, ...others] = known.filter((each) => each !== undefined);
      return first === undefined || others.length + 1 < needed.length
        ? []
        : [[source, intersect(first, ...others)] as const];
    }),
  );
}

/** What a source covers for each detector that ever read it, whatever they need today. */
export function coverageByDetector(state: SourceState): Readonly<Record<string, Coverage>> {
  const known = new Map<string, Coverage>();
  for (const [, { byDetector }] of feedsIn(state)) {
    for (const [id, coverage] of Object.entries(byDetector)) {
      const others = known.get(id);
      known.set(id, others === undefined ? coverage : intersect(others, coverage));
    }
  }
  return Object.fromEntries(known);
}

/** The same ends for a detector of which no more is known than its id: it may be switched off, or be another by now. */
export function endsFor(id: string, reading: ReadingState): ReturnType<typeof endsOf> {
  return endsOf(
    Object.fromEntries(
      Object.values(reading).flatMap((state) => {
        const coverage = coverageByDetector(state)[id];
        return coverage === undefined ? [] : [[state.source, coverage] as const];
      }),
    ),
  );
}

/** The end of what is covered, per source. */
export function endsOf(coverage: CoverageBySource): Readonly<Partial<Record<Source, Instant>>> {
  return Object.fromEntries(Object.entries(coverage).map(([source, { to }]) => [source, to]));
}

/** A source is complete to the earliest of these feeds; absent until each of them was read. */
export function completeTo(
  state: SourceState,
  properties: readonly Property[],
): Instant | undefined {
  const ends = properties.map((each) => state.feeds[each]?.journal?.completeTo);
  return ends.every((end) => end !== undefined) ? earliest(...ends) : undefined;
}
