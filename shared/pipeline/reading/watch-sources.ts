import { canonical, shortHash, type Json } from '../../domain/json';
import { feedName, type Feed, type Property } from '../../domain/reading/feed';
import { timelineId } from '../../domain/findings/finding';
import type { FeedState } from '../../domain/reading/journal';
import type { Source } from '../../domain/record';
import type { Signal, Subject } from '../../domain/findings/signal';
import {
  feedOf,
  type KnownCondition,
  type ReadingState,
  type SourceState,
} from '../../domain/reading/source-state';
import {
  between,
  formatDuration,
  latest,
  MINUTE,
  monthOf,
  startOfMonth,
  toMinute,
  type Duration,
  type Instant,
  startOfHour,
} from '../../domain/time';
import { inWords } from '../../domain/reading/wrong-clock';
import { announceFirstStart, type FirstStart } from './first-start';
import { keep } from '../findings/keep';
import {
  LOG_READING,
  readingSignal,
  type ReadingCondition,
  type ReadingNews,
} from '../findings/log-reading';
import type { EngineStores } from '../ports/stores';
import type { Now } from '../ports/clock';
import type { Selection } from '../findings/select';
import { SOURCES, titleAtStart } from '../../sources';

/** So many runs in a row before a refusal counts: Graph is known to refuse licensed tenants now and then. */
const RUNS_UNTIL: Readonly<Record<string, number>> = { unlicensed: 3 };
const RUNS_UNTIL_OTHERS = 2;
const SEEN_TWICE = 15 * MINUTE;
const PASSING = ['throttled', 'unavailable', 'bad-answer'];

/** What is known of a condition now. */
interface Condition extends Omit<KnownCondition, 'said'> {
  readonly condition: ReadingCondition;
  readonly facts: Readonly<Record<string, string>>;
}

export interface Watch {
  readonly tenantId: string;
  /** What absences rest on. */
  readonly feeds: readonly Feed[];
  readonly stores: EngineStores;
  readonly clock: Now;
  /** How long the coverage of a source may stand still. */
  readonly standstill: Duration;
  /** For the notice of the first start: without it none is given. */
  readonly announces?: Pick<FirstStart, 'outbox' | 'watchedFor'>;
  /** What the run knows that has read this log: only this one is looked at. Absent: all are looked up. */
  readonly known?: { readonly source: Source; readonly reading: ReadingState } | undefined;
}

/**
 * Looks at how each source is read and hands on what has changed of it as signals of `log-reading`, marked to be
 * assessed. Writes nothing while all is as it was.
 * @returns whether anything has changed.
 */
export async function watchSources(watch: Watch): Promise<boolean> {
  const { stores, clock } = watch;
  const reading = watch.known?.reading ?? (await stores.coverage.reading());
  let hasNews = false;
  for (const source of watch.known === undefined ? SOURCES : [watch.known.source]) {
    const state = reading[source];
    if (state === undefined || state.damaged !== undefined) {
      continue; // nothing is known of it; that is told as a damaged row
    }
    // A clock that was just seen to be wrong would put what is said now before or behind all that is said later.
    const now = state.wrongClock?.lastAt ?? clock.now();
    const feeds = watch.feeds
      .filter((feed) => feed.source === source)
      .map(({ property }) => ({ property, state: feedOf(state, property) }));
    const known = state.conditions ?? [];
    const seen = [...conditionsOf(known, feeds, now, watch.standstill), ...ofClock(state)];
    if (textOf(seen.map(knownOf)) === textOf(known)) {
      continue;
    }
    const isWatched = feeds.length > 0;
    const signals = [
      ...seen.map((each) => toSignal(source, each, each, now)),
      ...known
        .filter((each) => seen.every((other) => !isSame(each, other)))
        .map((each) => toSignal(source, each, { over: isWatched ? 'mended' : 'not-watched' }, now)),
    ];
    await keep(stores, selectionOf(watch.tenantId, source, signals));
    // Remembered last: a crash before it hands on the same again, which changes nothing.
    await stores.coverage.change(source, ({ conditions: _known, ...each }) =>
      seen.length === 0 ? each : { ...each, conditions: seen.map(knownOf) },
    );
    hasNews = true;
  }
  if (watch.announces !== undefined) {
    const { tenantId, feeds, announces } = watch;
    const { coverage } = stores;
    await announceFirstStart({ tenantId, feeds, coverage, ...announces }, reading, clock.now());
  }
  return hasNews;
}

function selectionOf(tenantId: string, source: Source, signals: readonly Signal[]): Selection {
  const subject = subjectOf(source);
  const id = timelineId(tenantId, LOG_READING.id, source);
  const timeline = { id, detector: LOG_READING.id, subject };
  const byKey = new Map(signals.map((signal) => [signal.key, signal]));
  return new Map([[LOG_READING, new Map([[source, { timeline, signals: byKey }]])]]);
}

function subjectOf(source: Source): Subject {
  return { type: 'log', id: source, name: titleAtStart(source) };
}

function toSignal(
  source: Source,
  { condition, since, lastSeenAt }: Pick<KnownCondition, 'condition' | 'since' | 'lastSeenAt'>,
  news: ReadingNews,
  now: Instant,
): Signal {
  const stretch = { condition: condition as ReadingCondition, since, month: monthOf(lastSeenAt) };
  return readingSignal(source, subjectOf(source), stretch, news, now);
}

function textOf(known: readonly KnownCondition[]): string {
  return canonical(known as unknown as Json);
}

/** A stretch goes on in the next month under another key: the old one is then not over. */
function isSame(a: KnownCondition, b: Condition): boolean {
  return a.condition === b.condition && a.since === b.since;
}

function knownOf({
  condition,
  since,
  lastSeenAt,
  firstSeenAt,
  isConfirmed,
  facts,
}: Condition): KnownCondition {
  return {
    condition,
    since,
    lastSeenAt,
    firstSeenAt,
    isConfirmed,
    said: shortHash(12, canonical(facts)),
  };
}

/** Coverage has not moved for too long, whatever the reason. */
function isStandingStill({ journal, failure }: FeedState, now: Instant, most: Duration): boolean {
  const since = journal?.movedAt ?? failure?.since;
  return since !== undefined && between(since, now) > most;
}

/**
 * After a pause of the whole app one log is read before the other. So a log that nobody tries must be seen standing
 * still twice, some polls apart.
 */
function isConfirmed({ failure }: FeedState, firstSeenAt: Instant, now: Instant): boolean {
  const isTried = failure !== undefined && between(failure.lastAt, now) <= SEEN_TWICE;
  return isTried || between(firstSeenAt, now) >= SEEN_TWICE;
}

interface WatchedFeed {
  readonly property: Property;
  readonly state: FeedState;
}

/** One for each cause, whatever number of feeds it concerns. */
function conditionsOf(
  known: readonly KnownCondition[],
  feeds: readonly WatchedFeed[],
  now: Instant,
  standstill: Duration,
): readonly Condition[] {
  const refused = byAge(feeds.filter((feed) => isRefused(feed.state)));
  const still = byAge(feeds.filter((feed) => isStandingStill(feed.state, now, standstill)));
  const hiding = feeds.flatMap(({ state: { droppedFilter } }) =>
    droppedFilter?.why === 'hides-rows' ? [droppedFilter] : [],
  );
  const failure = refused[0]?.state.failure;
  const conditions: (Condition | undefined)[] = [
    failure === undefined
      ? stalled(known, still, feeds, now, standstill)
      : {
          condition: 'source-unreadable',
          since: failure.since,
          // By the hour: a finding that changes every five minutes says no more than one that does not.
          lastSeenAt: latest(failure.since, startOfHour(failure.lastAt)),
          firstSeenAt: failure.since,
          isConfirmed: true,
          facts: {
            ...{ failure: failure.failure, error: failure.message, remedy: failure.remedy },
            ...whichOf(refused, feeds),
          },
        },
    hiddenRows(hiding, now),
  ];
  return conditions.filter((each) => each !== undefined);
}

function stalled(
  known: readonly KnownCondition[],
  still: readonly WatchedFeed[],
  feeds: readonly WatchedFeed[],
  now: Instant,
  standstill: Duration,
): Condition | undefined {
  const [first] = still;
  const since = first && sinceOf(first);
  if (first === undefined || since === undefined) {
    return undefined;
  }
  const before = known.find((each) => each.condition === 'source-stalled' && each.since === since);
  const firstSeenAt = before?.firstSeenAt ?? now;
  const confirmed = still.filter((feed) => isConfirmed(feed.state, firstSeenAt, now));
  const error =
    (confirmed[0] ?? first).state.failure?.message ??
    'no run has reached its end; look at the log of its poll function';
  return {
    condition: 'source-stalled',
    ...{ since, firstSeenAt, lastSeenAt: latest(since, startOfHour(now)) },
    isConfirmed: before?.isConfirmed === true || confirmed.length > 0,
    facts: { error, allowed: formatDuration(standstill), ...whichOf(still, feeds) },
  };
}

function hiddenRows(
  hiding: readonly { readonly at: Instant; readonly filter: string }[],
  now: Instant,
): Condition | undefined {
  const times = hiding.map(({ at }) => at).sort();
  const [since] = times;
  const lastSeenAt = times.at(-1);
  return since === undefined || lastSeenAt === undefined
    ? undefined
    : {
        condition: 'filter-hides-rows',
        ...{ since, firstSeenAt: since, isConfirmed: true },
        // Once a month, so that the newest signal of it never gets too old to be seen.
        lastSeenAt: latest(lastSeenAt, startOfMonth(now)),
        facts: { filter: hiding.map(({ filter }) => filter).join('; ') },
      };
}

/** Twice in a row: a clock may be set right while a run goes on. */
const RUNS_UNTIL_WRONG = 2;

function ofClock({ wrongClock, cutBack }: SourceState): readonly Condition[] {
  const conditions: Condition[] = [];
  if (wrongClock !== undefined) {
    const { since, lastAt, runs, aheadBy } = wrongClock;
    conditions.push({
      condition: 'clock-wrong',
      ...{ since, firstSeenAt: since, lastSeenAt: latest(since, startOfHour(lastAt)) },
      isConfirmed: runs >= RUNS_UNTIL_WRONG,
      facts: { off: inWords(aheadBy) },
    });
  }
  if (cutBack !== undefined) {
    const { at: since, from, to } = cutBack;
    conditions.push({
      condition: 'coverage-in-future',
      ...{ since, firstSeenAt: since, lastSeenAt: since, isConfirmed: true },
      facts: { from: toMinute(from), to: toMinute(to) },
    });
  }
  return conditions;
}

function isRefused({ failure }: FeedState): boolean {
  return (
    failure !== undefined &&
    !PASSING.includes(failure.failure) &&
    failure.runs >= (RUNS_UNTIL[failure.failure] ?? RUNS_UNTIL_OTHERS)
  );
}

function sinceOf({ state: { journal, failure } }: WatchedFeed): Instant | undefined {
  return journal?.movedAt ?? failure?.since;
}

/** The one that suffers longest first. */
function byAge(feeds: readonly WatchedFeed[]): readonly WatchedFeed[] {
  return feeds.toSorted((a, b) => ((sinceOf(a) ?? '') < (sinceOf(b) ?? '') ? -1 : 1));
}

/** Which part of the log it is, when it is not all of it. */
function whichOf(
  concerned: readonly WatchedFeed[],
  all: readonly WatchedFeed[],
): { readonly feeds?: string } {
  return concerned.length === all.length
    ? {}
    : { feeds: concerned.map(({ property }) => feedName(property)).join(' and ') };
}
