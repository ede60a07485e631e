import type { Coverage } from './coverage';
import type { FeedState, Journal } from './journal';
import {
  feedsIn,
  inFeeds,
  type CutBack,
  type ReadingState,
  type SourceState,
  type WrongClock,
} from './source-state';
import {
  between,
  earliest,
  formatDuration,
  latest,
  MINUTE,
  toMinute,
  type Duration,
  type Instant,
} from '../time';

/** What the clock of a source and ours said at one moment. */
export interface Clocks {
  readonly theirs: Instant;
  readonly ours: Instant;
}

/** A clock that is further off is wrong: tokens and signatures are refused not much later. */
export const MAX_CLOCK_OFFSET: Duration = 2 * MINUTE;

/** How far ours is ahead; negative when it is behind. */
export function aheadBy({ theirs, ours }: Clocks): Duration {
  return between(theirs, ours);
}

export function isWrong(clocks: Clocks): boolean {
  return Math.abs(aheadBy(clocks)) > MAX_CLOCK_OFFSET;
}

/** `26 h ahead of`, to be followed by whose clock it is. */
export function inWords(ahead: Duration): string {
  const minutes = Math.max(1, Math.round(Math.abs(ahead) / MINUTE));
  return `${formatDuration(minutes * MINUTE)} ${ahead > 0 ? 'ahead of' : 'behind'}`;
}

/** A step that notes how wrong our clock is, or that it is right again. */
export function notingClock(clocks: Clocks | undefined) {
  return (state: SourceState): SourceState => {
    const { wrongClock: before, ...rest } = state;
    if (clocks === undefined || (before === undefined && !isWrong(clocks))) {
      return state;
    }
    if (!isWrong(clocks)) {
      return rest;
    }
    const { theirs: lastAt } = clocks;
    const wrongClock: WrongClock = {
      ...{ aheadBy: aheadBy(clocks), lastAt, since: before?.since ?? lastAt },
      runs: (before?.runs ?? 0) + 1,
    };
    return { ...rest, wrongClock };
  };
}

/** The time, for what cannot be taken back: a clock that is known to be ahead is not believed, the logs said what time it is. */
export function believedNow(reading: ReadingState, now: Instant): Instant {
  const times = Object.values(reading).flatMap(({ wrongClock }) =>
    wrongClock !== undefined && wrongClock.aheadBy > 0 ? [wrongClock.lastAt] : [],
  );
  return earliest(now, ...times);
}

/** Where the furthest feed of a source ends. */
export function readTo(state: SourceState): Instant | undefined {
  const [first, ...others] = feedsIn(state).flatMap(([, { journal }]) => journal?.readTo ?? []);
  return first && latest(first, ...others);
}

/**
 * A step that cuts back what was read by a clock that was ahead: nothing after `cut.to` counts as read. It is then read
 * again like any other stretch.
 */
export function cuttingBack(cut: CutBack) {
  return (state: SourceState): SourceState => {
    const properties = feedsIn(state).map(([property]) => property);
    return { ...inFeeds(properties, (feed) => feedTo(feed, cut))(state), cutBack: cut };
  };
}

function feedTo({ journal, failure, ...feed }: FeedState, cut: CutBack): FeedState {
  const byDetector = Object.entries(feed.byDetector).flatMap(([id, coverage]) =>
    coverage.from < cut.to ? [[id, coverageTo(coverage, cut.to)] as const] : [],
  );
  return {
    ...feed,
    byDetector: Object.fromEntries(byDetector),
    // A feed that began later than that begins anew.
    ...(journal !== undefined && journal.began < cut.to && { journal: journalTo(journal, cut) }),
    ...(failure !== undefined && failure.lastAt <= cut.at && { failure }),
  };
}

function coverageTo({ from, to, gaps }: Coverage, end: Instant): Coverage {
  return {
    ...{ from, to: earliest(to, end) },
    gaps: gaps
      .filter((gap) => gap.from < end)
      .map((gap) => ({ ...gap, to: earliest(gap.to, end) })),
  };
}

function journalTo({ skippedTo, ...journal }: Journal, { at, to }: CutBack): Journal {
  return {
    ...journal,
    readTo: earliest(journal.readTo, to),
    completeTo: earliest(journal.completeTo, to),
    hoursTo: earliest(journal.hoursTo, to),
    daysTo: earliest(journal.daysTo, to),
    readAt: earliest(journal.readAt, at),
    movedAt: earliest(journal.movedAt, at),
    ...(skippedTo !== undefined && { skippedTo: earliest(skippedTo, to) }),
  };
}

/** What is wrong with the times of a source, as people read it; each names the source first. */
export function problemsOfTime(state: SourceState, now: Instant): readonly string[] {
  const { source, wrongClock, cutBack } = state;
  const end = readTo(state);
  return [
    ...(wrongClock === undefined
      ? []
      : [
          `${source} is read by a machine whose clock is ${inWords(wrongClock.aheadBy)} that of Microsoft Graph (seen at ${toMinute(wrongClock.lastAt)}). Set it by the network (NTP).`,
        ]),
    ...(cutBack === undefined
      ? []
      : [
          `${source} counted as read to ${toMinute(cutBack.from)}, which was still to come. It is read again from ${toMinute(cutBack.to)}.`,
        ]),
    ...(end === undefined || wrongClock !== undefined || between(now, end) <= MAX_CLOCK_OFFSET
      ? []
      : [
          `${source} counts as read to ${toMinute(end)}, which is later than now: a clock is or was wrong. The next poll asks Microsoft Graph for the time and puts it right.`,
        ]),
  ];
}

/** A step that forgets that a source was cut back, once all of it was read again. */
export function forgettingCut(state: SourceState): SourceState {
  const { cutBack, ...rest } = state;
  const isReadAgain =
    cutBack !== undefined &&
    feedsIn(state).every(
      ([, { journal }]) => journal === undefined || journal.completeTo >= cutBack.at,
    );
  return isReadAgain ? rest : state;
}
