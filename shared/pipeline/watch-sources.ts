import { canonical } from '../domain/canonical';
import type { ConfiguredDetector, Stated } from '../domain/detector';
import {
  compare,
  findingId,
  stateFinding,
  timelineId,
  withSuppression,
  type FindingChange,
} from '../domain/finding';
import { feedName, type Feed, type Property } from '../domain/feed';
import { startOfHour, type FeedState } from '../domain/journal';
import { SOURCES, type Source } from '../domain/record';
import type { Subject } from '../domain/signal';
import { feedOf, type SourceState } from '../domain/source-state';
import { isSuppression, rulesOf, suppressionOf } from '../domain/suppression';
import {
  between,
  formatDuration,
  latest,
  MINUTE,
  type Duration,
  type Instant,
} from '../domain/time';
import { FindingBusyError } from './decide';
import { FindingWriter, type WriterStores } from './finding-writer';
import { LOG_READING, type ReadingCondition } from './log-reading';
import { UnreadableRowError, type EngineStores, type Now } from './ports';

const CONFIGURED: ConfiguredDetector = { detector: LOG_READING, settings: {}, stage: 'alert' };
const NAMES: Readonly<Record<Source, string>> = {
  directoryAudits: 'The audit log',
  signIns: 'The sign-in log',
};

/** So many runs in a row before a refusal counts: Graph is known to refuse licensed tenants now and then. */
const RUNS_UNTIL: Readonly<Record<string, number>> = { unlicensed: 3 };
const RUNS_UNTIL_OTHERS = 2;
const ROUNDS = 5;
const SEEN_TWICE = 15 * MINUTE;
const PASSING = ['throttled', 'unavailable', 'bad-answer'];

interface Condition {
  readonly message: ReadingCondition;
  readonly severity: 'high' | 'low';
  readonly since: Instant;
  readonly lastSeenAt: Instant;
  readonly facts: Readonly<Record<string, string>>;
}

export interface Watch {
  readonly tenantId: string;
  /** What absences rest on. */
  readonly feeds: readonly Feed[];
  readonly stores: WriterStores & Pick<EngineStores, 'coverage' | 'rules'>;
  readonly clock: Now;
  /** How long the coverage of a source may stand still. */
  readonly standstill: Duration;
}

/** Looks at how each source is read, and opens and ends the findings about it. Writes nothing while all is as it was. */
export async function watchSources(watch: Watch): Promise<readonly FindingChange[]> {
  const { stores, clock } = watch;
  const written: FindingChange[] = [];
  const reading = await stores.coverage.reading();
  for (const source of SOURCES) {
    const state = reading[source];
    if (state === undefined) {
      continue;
    }
    const now = clock.now();
    const feeds = watch.feeds
      .filter((feed) => feed.source === source)
      .map(({ property }) => ({ property, state: feedOf(state, property) }));
    const isWatched = feeds.length > 0;
    const isStill = feeds.some((feed) => isStandingStill(feed.state, now, watch.standstill));
    if (isStill !== (state.stillSeenAt !== undefined)) {
      await stores.coverage.change(source, ({ stillSeenAt: _seen, ...each }) =>
        isStill ? { ...each, stillSeenAt: now } : each,
      );
    }
    const conditions = conditionsOf(state, feeds, now, watch.standstill);
    const alarms = conditions.map(({ message, facts }) => `${message} ${canonical(facts)}`);
    const known = state.alarms ?? [];
    if (alarms.length === 0 && known.length === 0) {
      continue;
    }
    const over = known
      .map((alarm) => alarm.slice(0, alarm.indexOf(' ')) as ReadingCondition)
      .filter((message) => conditions.every((each) => each.message !== message));
    let isTold = true;
    for (const condition of conditions) {
      const told = await tellIfReadable(watch, source, condition.message, condition);
      isTold &&= told !== undefined;
      written.push(...(told ?? []));
    }
    for (const message of over) {
      const told = await tellIfReadable(watch, source, message, undefined, isWatched);
      isTold &&= told !== undefined;
      written.push(...(told ?? []));
    }
    // Remembered last: a crash before it tells the same again, which writes nothing.
    if (isTold && canonical(alarms) !== canonical(known)) {
      await stores.coverage.change(source, (each) => ({ ...each, alarms }));
    }
  }
  return written;
}

/** Coverage has not moved for too long, whatever the reason. */
function isStandingStill({ journal, trouble }: FeedState, now: Instant, most: Duration): boolean {
  const since = journal?.movedAt ?? trouble?.since;
  return since !== undefined && between(since, now) > most;
}

/**
 * After a pause of the whole app one log is read before the other. So a log that nobody tries must be seen standing
 * still twice, some polls apart.
 */
function isConfirmed({ stillSeenAt }: SourceState, { trouble }: FeedState, now: Instant): boolean {
  const isTried = trouble !== undefined && between(trouble.lastAt, now) <= SEEN_TWICE;
  return isTried || (stillSeenAt !== undefined && between(stillSeenAt, now) >= SEEN_TWICE);
}

interface WatchedFeed {
  readonly property: Property;
  readonly state: FeedState;
}

/** One for each cause, whatever number of feeds it concerns. */
function conditionsOf(
  state: SourceState,
  feeds: readonly WatchedFeed[],
  now: Instant,
  standstill: Duration,
): Condition[] {
  const conditions: Condition[] = [];
  const refused = byAge(feeds.filter((feed) => isRefused(feed.state)));
  const still = byAge(
    feeds.filter(
      (feed) => isStandingStill(feed.state, now, standstill) && isConfirmed(state, feed.state, now),
    ),
  );
  const trouble = refused[0]?.state.trouble;
  const since = still[0] && sinceOf(still[0]);
  if (trouble !== undefined) {
    const { lastAt, message, mend } = trouble;
    // By the hour: a finding that changes every five minutes says no more than one that does not.
    const lastSeenAt = latest(trouble.since, startOfHour(lastAt));
    conditions.push({
      ...{ message: 'unreadable', severity: 'high', since: trouble.since, lastSeenAt },
      facts: { trouble: trouble.trouble, error: message, mend, ...whichOf(refused, feeds) },
    });
  } else if (since !== undefined) {
    const error =
      still[0]?.state.trouble?.message ??
      'no run has reached its end; look at the log of its poll function';
    const lastSeenAt = latest(since, startOfHour(now));
    conditions.push({
      ...{ message: 'standing-still', severity: 'high', since, lastSeenAt },
      facts: { error, allowed: formatDuration(standstill), ...whichOf(still, feeds) },
    });
  }
  const hiding = feeds.flatMap(({ state: { droppedFilter } }) =>
    droppedFilter?.why === 'hides-rows' ? [droppedFilter] : [],
  );
  const times = hiding.map(({ at }) => at).sort();
  const [first] = times;
  const last = times.at(-1);
  if (first !== undefined && last !== undefined) {
    conditions.push({
      ...{ message: 'filter-hides-rows', severity: 'low', since: first, lastSeenAt: last },
      facts: { filter: hiding.map(({ filter }) => filter).join('; ') },
    });
  }
  return conditions;
}

function isRefused({ trouble }: FeedState): boolean {
  return (
    trouble !== undefined &&
    !PASSING.includes(trouble.trouble) &&
    trouble.runs >= (RUNS_UNTIL[trouble.trouble] ?? RUNS_UNTIL_OTHERS)
  );
}

function sinceOf({ state: { journal, trouble } }: WatchedFeed): Instant | undefined {
  return journal?.movedAt ?? trouble?.since;
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

/** @returns undefined when the finding is there and cannot be read: the watch goes on, and tries again in the next run. */
async function tellIfReadable(
  ...what: Parameters<typeof tell>
): Promise<readonly FindingChange[] | undefined> {
  try {
    return await tell(...what);
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return undefined;
    }
    throw error;
  }
}

/** Writes the finding about a condition that is, or is over. */
async function tell(
  { tenantId, stores, clock }: Watch,
  source: Source,
  message: ReadingCondition,
  condition: Condition | undefined,
  isWatched = true,
): Promise<readonly FindingChange[]> {
  const timeline = timelineId(tenantId, LOG_READING.id, source);
  const subject: Subject = { type: 'log', id: source, name: NAMES[source] };
  const now = clock.now();
  const anchor = { key: message, from: now };
  const suppressions = rulesOf((await stores.rules.current(now)).steps).filter(isSuppression);
  for (let round = 0; round < ROUNDS; round++) {
    const stored = await stores.findings.find(findingId(timeline, message));
    const was = stored?.finding;
    if (condition === undefined && was === undefined) {
      return [];
    }
    const answer: Stated = {
      ...(condition === undefined
        ? { state: 'resolved', resolution: isWatched ? 'mended' : 'not-watched' }
        : { state: 'open' }),
      anchor: was?.anchor ?? anchor,
      message,
      severity: condition?.severity ?? was?.severity ?? 'high',
      stage: 'alert',
      since: condition?.since ?? was?.since ?? now,
      firstSeenAt: was?.firstSeenAt ?? condition?.since ?? now,
      lastSeenAt: condition?.lastSeenAt ?? was?.lastSeenAt ?? now,
      count: 1,
      facts: condition?.facts ?? was?.facts ?? {},
      evidence: [],
    };
    const context = { tenantId, timeline, subject, judgedBy: {}, completeTo: now, now };
    const stated = stateFinding(CONFIGURED, context, answer, was);
    const { rule, why } = suppressionOf(suppressions, was, stated, now);
    const change = compare(was, withSuppression(stated, rule), now, { why });
    if (change === undefined) {
      return [];
    }
    const writer = new FindingWriter(
      stores,
      { id: timeline, detector: LOG_READING.id, subject },
      now,
    );
    const isWritten = await writer.commit(change, stored?.etag);
    await writer.writeLines();
    if (isWritten) {
      return [change];
    }
    // Somebody else was faster: look again.
  }
  throw new FindingBusyError(findingId(timeline, message));
}
