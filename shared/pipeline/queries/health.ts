import { needsSource, type ConfiguredDetector } from '../../domain/detector';
import { feedName } from '../../domain/reading/feed';
import type { FeedState } from '../../domain/reading/journal';
import type { Source } from '../../domain/record';
import { endOf } from '../../domain/audit-trail/entries';
import {
  coverageOf,
  feedOf,
  lostParts,
  unread,
  type SourceState,
} from '../../domain/reading/source-state';
import { between, HOUR, MINUTE, plus, toMinute, type Instant } from '../../domain/time';
import { problemsOfTime } from '../../domain/reading/wrong-clock';
import { countsOf, type Counted } from './counts';
import { damagedInWords, damagedRemedy, gravestFirst } from '../audit-trail/damaged';
import { isStorageGone } from '../ports/unreadable-row';
import type { Now } from '../ports/clock';
import type { Stores } from '../ports/stores';
import type { Undelivered } from '../ports/outbox';
import { feedsFor, type FeedReads } from '../findings/select';
import { countRows, MAX_COUNTED as MAX_ROWS_COUNTED, type RowCounts } from '../reading/unreadable';
import { SOURCES } from '../../sources';

/** A log that was not read for longer than this is not being watched. */
const STANDSTILL = 30 * MINUTE;
/** The timer that judges what is due keeps the heartbeat, every few minutes. */
const JUDGING_STANDSTILL = 45 * MINUTE;
/** Nobody acts otherwise on a thousand; whoever asks is answered at once. */
const MAX_COUNTED = 100;
const END = '9999-12-31T00:00:00.0000000Z' as Instant;

/** Said wherever somebody looks while READING is off. */
export const READING_OFF =
  'The logs are not read: READING is off. Grant the permissions (docs/deployment.md, step 3), then set READING to on.';

/** Whether the watch is on, and for each thing that is not, how to fix it. */
export interface Health {
  readonly status: 'up' | 'degraded';
  readonly sources: readonly {
    readonly source: Source;
    readonly lastReadAt?: Instant;
    /** Absence is concluded up to here. */
    readonly completeTo?: Instant;
    /** Parts whose stored rows cannot be read, as people read them; absent when all can. */
    readonly unreadable?: readonly string[];
  }[];
  /** Over all channels. */
  readonly alerts: AlertCounts;
  /** Those that are configured, and those that still have alerts. */
  readonly channels: readonly (AlertCounts & {
    readonly channel: string;
    readonly isConfigured: boolean;
  })[];
  /** Rows of the logs that could not be read. */
  readonly unreadableRows: RowCounts;
  readonly problems: readonly string[];
  /** What works, and costs more than it should. */
  readonly notes: readonly string[];
  /** How much of what detectors watch there was: neither good nor bad. */
  readonly counts: readonly Counted[];
}

/** Counted up to a bound of 100 for each channel. */
type AlertCounts = Readonly<Record<'waiting' | 'not-configured' | 'dead', number>>;

/** A channel that alerts are to go to. */
export interface ChannelSetting {
  readonly id: string;
  /** All that it needs is set. */
  readonly isConfigured: boolean;
}

/** Reads the state of the watch from the stores alone: what the functions last did, not what they hope to do. */
export async function health(
  stores: Stores,
  detectors: readonly ConfiguredDetector[],
  options: {
    readonly tenantId: string;
    /** False keeps the functions from reading; absent is true. */
    readonly isReading?: boolean;
    readonly channels: readonly ChannelSetting[];
    /** Seals are to be copied. */
    readonly hasContainer?: boolean;
    /** Settings that cannot be used, with what is switched off for them. */
    readonly switchedOff?: readonly string[];
    readonly clock: Now;
  },
): Promise<Health> {
  const now = options.clock.now();
  const problems: string[] = [...(options.switchedOff ?? [])];
  const notes: string[] = [];
  const sources: Health['sources'][number][] = [];
  const isReading = options.isReading !== false;
  if (!isReading) {
    problems.push(READING_OFF);
  }
  // One part that cannot be read is a problem that is said; the others are answered all the same.
  const part = async <T>(read: Promise<T>, instead: T): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      if (isStorageGone(error) || !(error instanceof Error)) {
        throw error;
      }
      problems.push(`A part of this could not be read: ${error.message}.`);
      return instead;
    }
  };
  const reading = await part(stores.coverage.reading(), {});
  for (const source of SOURCES) {
    const concerned = detectors
      .map(({ detector }) => detector)
      .filter((detector) => needsSource(detector, source));
    const state = reading[source] ?? unread(source);
    if (state.damaged !== undefined) {
      const parts = lostParts(state.damaged);
      problems.push(
        `${source} is not read, and nobody is judged by it, while what is stored of ${parts.join(' and ')} is damaged: ${state.damaged.why}.`,
      );
      sources.push({ source, unreadable: parts });
      continue;
    }
    problems.push(...problemsOfTime(state, now));
    const feeds = feedsFor(
      detectors.map(({ detector }) => detector),
      source,
    ).map((feed) => ({ ...feed, state: feedOf(state, feed.property) }));
    notes.push(...notesOf(state, feeds));
    if (concerned.length === 0) {
      continue;
    }
    const needed = feeds.filter(isNeeded);
    problems.push(...problemsOf(source, feeds, { now, isReading }));
    const reads = needed.map((each) => each.state.journal?.readAt);
    const lastReadAt = reads.includes(undefined) ? undefined : reads.toSorted()[0];
    const ends = concerned.flatMap((each) => coverageOf(each, reading)[source]?.to ?? []);
    const completeTo = ends.toSorted()[0];
    sources.push({
      source,
      ...(lastReadAt !== undefined && { lastReadAt }),
      ...(completeTo !== undefined && { completeTo }),
    });
  }
  problems.push(...(await part(problemsOfRecord(stores, now, options.hasContainer === true), [])));
  const channels = await part(countAlerts(stores.outbox, options.channels), []);
  problems.push(...problemsOfChannels(channels, options.channels));
  notes.push(...notesOfChannels(channels, options.channels));
  const unreadableRows = await part(countRows(stores.quarantine), {
    ...{ ofPersons: 0, ofAll: 0, others: 0 },
  });
  const { ofPersons, ofAll, others } = unreadableRows;
  if (ofPersons + ofAll > 0) {
    const whom = [
      ...(ofPersons > 0 ? [`${ofPersons} about one person each`] : []),
      ...(ofAll > 0 ? [`${ofAll} that may be about anybody`] : []),
    ];
    problems.push(
      `Rows that could not be read leave gaps over which nothing is concluded: ${whom.join(', ')}. ` +
        'List them with: crosscheck quarantine',
    );
  }
  if (others > 0) {
    const count = others < MAX_ROWS_COUNTED ? others : `${MAX_ROWS_COUNTED} or more`;
    notes.push(
      `${count} rows of unknown or unneeded kind could not be read: crosscheck quarantine --all`,
    );
  }
  problems.push(...(await part(problemsOfJudging(stores, now), [])));
  const about = { tenantId: options.tenantId, now };
  const counts = await part(countsOf(stores, detectors, about), []);
  problems.push(...(await part(problemsOfRows(stores), [])));
  return {
    status: problems.length === 0 ? 'up' : 'degraded',
    ...{ sources, alerts: sumOf(channels), channels, unreadableRows, problems, notes, counts },
  };
}

/** Whether judging reaches its end, and who could not be judged when it last did. */
async function problemsOfJudging(
  { marks }: Pick<Stores, 'marks'>,
  now: Instant,
): Promise<readonly string[]> {
  const drained = await marks.drained();
  const { at = now, timelines } = (await marks.faults()) ?? {};
  const problems: string[] = [];
  if (drained !== undefined && between(drained, now) > JUDGING_STANDSTILL) {
    problems.push(
      `Judging has not reached its end since ${drained}; look at the log of the poll functions and of reassessDue.`,
    );
  }
  if (timelines !== undefined && between(at, now) <= STANDSTILL) {
    const { count, first } = timelines;
    const what = count === 1 ? '1 timeline' : `${count} timelines`;
    problems.push(`${what} cannot be assessed, and wait: ${first}.`);
  }
  return problems;
}

/** Rows of our own that cannot be read, also those that this very look has met. */
async function problemsOfRows({ damaged }: Pick<Stores, 'damaged'>): Promise<readonly string[]> {
  const rows = gravestFirst(await damaged.list());
  const [first] = rows;
  if (first === undefined) {
    return [];
  }
  const others = rows.length === 1 ? '' : ` and ${rows.length - 1} more`;
  return [`Stored rows cannot be read: ${damagedInWords(first)}${others}. ${damagedRemedy(rows)}.`];
}

interface ReadFeed extends FeedReads {
  readonly state: FeedState;
}

interface Moment {
  readonly now: Instant;
  /** The polls are switched on. */
  readonly isReading: boolean;
}

/** What concerns all feeds of a source alike is said once. */
function problemsOf(source: Source, feeds: readonly ReadFeed[], when: Moment): readonly string[] {
  const problems = feeds.flatMap((feed) => {
    const what = problemOf(feed.state, when);
    return what === undefined ? [] : [{ what, feed }];
  });
  return [...Map.groupBy(problems, ({ what }) => what)].flatMap(([what, same]) => {
    const names = same.flatMap(({ feed }) => (isNeeded(feed) ? [feedName(feed.property)] : []));
    const isAll = same.length === feeds.length;
    return names.length === 0 ? [] : `${source}${isAll ? '' : ` ${names.join(' and ')}`} ${what}`;
  });
}

function problemOf(
  { failure, journal }: FeedState,
  { now, isReading }: Moment,
): string | undefined {
  if (failure !== undefined) {
    const { since, message, remedy } = failure;
    return `cannot be read since ${since}: ${message}. ${remedy}`;
  }
  if (!isReading) {
    return undefined; // said already
  }
  if (journal === undefined) {
    return 'was never read; look at the log of the poll functions.';
  }
  return between(journal.readAt, now) > STANDSTILL
    ? `was last read at ${journal.readAt}; look at the log of its poll function.`
    : undefined;
}

function isNeeded({ neededBy }: FeedReads): boolean {
  return neededBy.length > 0;
}

function notesOf({ source, dayFailure }: SourceState, feeds: readonly ReadFeed[]): string[] {
  const notes: string[] = [];
  if (dayFailure !== undefined) {
    const { since, message } = dayFailure;
    notes.push(`days of ${source} cannot be read again since ${since}: ${message}.`);
  }
  // When no feed can be read, the problem of those that are needed says so for all of them.
  const isSaid = feeds.some(isNeeded) && feeds.every(({ state }) => state.failure !== undefined);
  for (const feed of feeds) {
    const { state, property } = feed;
    const name = `${source} ${feedName(property)}`;
    if (state.failure !== undefined && !isNeeded(feed) && !isSaid) {
      const { since, message, remedy } = state.failure;
      notes.push(
        `${name} cannot be read since ${since}, and sharpens no finding: ${message}. ${remedy}`,
      );
    }
    if (state.droppedFilter !== undefined) {
      const { why, filter } = state.droppedFilter;
      const said = why === 'rejected' ? 'Graph rejects the filter' : 'the filter hides rows';
      notes.push(`${name} is read without a filter: ${said} ${filter}.`);
    }
  }
  return notes;
}

async function countAlerts(
  outbox: Stores['outbox'],
  settings: readonly ChannelSetting[],
): Promise<Health['channels']> {
  const [marks, unsent, dead] = await Promise.all([
    outbox.due(END, MAX_COUNTED),
    outbox.undelivered('not-configured', MAX_COUNTED),
    outbox.undelivered('dead', MAX_COUNTED),
  ]);
  const left = [...marks, ...unsent, ...dead].map(({ channel }) => channel);
  const ids = new Set([...settings.map(({ id }) => id), ...left]);
  const count = (channel: string, alerts: readonly Undelivered[]): number => {
    const own = alerts.filter((each) => each.channel === channel);
    return Math.min(MAX_COUNTED, new Set(own.map(({ alertId }) => alertId)).size);
  };
  return [...ids].map((channel) => ({
    channel,
    isConfigured: settings.some(({ id, isConfigured }) => id === channel && isConfigured),
    waiting: count(channel, marks),
    'not-configured': count(channel, unsent),
    dead: count(channel, dead),
  }));
}

function sumOf(channels: Health['channels']): AlertCounts {
  const sum = (state: keyof AlertCounts): number =>
    channels.reduce((total, each) => total + each[state], 0);
  return {
    waiting: sum('waiting'),
    'not-configured': sum('not-configured'),
    dead: sum('dead'),
  };
}

function problemsOfChannels(
  channels: Health['channels'],
  settings: readonly ChannelSetting[],
): readonly string[] {
  const problems: string[] = [];
  if (settings.every(({ isConfigured }) => !isConfigured)) {
    problems.push('No channel is configured: set TEAMS_WEBHOOK_URL, or nobody is told.');
  } else {
    const missing = settings.filter(({ isConfigured }) => !isConfigured);
    problems.push(...missing.map(({ id }) => `The channel ${id} is not configured.`));
  }
  for (const { channel, dead } of channels.filter((each) => each.dead > 0)) {
    const where = channels.length === 1 ? '' : ` over ${channel}`;
    problems.push(
      `${many(dead)} alerts could not be delivered${where} and were given up; status names each, and "crosscheck resend <id>" owes it again.`,
    );
  }
  return problems;
}

/** Of a channel that is gone from the settings: nobody can fix it, and nobody may wonder. */
function notesOfChannels(
  channels: Health['channels'],
  settings: readonly ChannelSetting[],
): readonly string[] {
  return channels
    .filter(({ channel }) => settings.every(({ id }) => id !== channel))
    .map(({ channel, waiting, 'not-configured': unsent }) => [channel, waiting + unsent] as const)
    .filter(([, left]) => left > 0)
    .map(
      ([channel, left]) =>
        `${many(left)} alerts were for the channel ${channel}, which is not in the settings any more: they were not told there.`,
    );
}

function many(count: number): string {
  return count < MAX_COUNTED ? String(count) : `${MAX_COUNTED} or more`;
}

/** A seal is written at least once a day, 20 minutes after midnight, and copied then; the first one within the hour. */
const SEALED_EVERY = 27 * HOUR;
const FIRST_SEALED_AFTER = 3 * HOUR;

async function problemsOfRecord(
  { chain, coverage }: Pick<Stores, 'chain' | 'coverage'>,
  now: Instant,
  hasContainer: boolean,
): Promise<readonly string[]> {
  const { head } = await chain.head();
  const { lastSeal, differs, copied = 0, sequence } = head;
  const latest = plus(now, -SEALED_EVERY);
  const problems: string[] = [];
  if (lastSeal === undefined && (await coverage.hasLedgerBefore(plus(now, -FIRST_SEALED_AFTER)))) {
    problems.push('The record was never sealed; look at the log of the seal function.');
  } else if (lastSeal !== undefined && endOf(lastSeal) > now) {
    problems.push(
      `The record is sealed to ${toMinute(endOf(lastSeal))}, which is still to come: some clock was ahead. Until then nothing is sealed, and verification takes what is written for inserted.`,
    );
  } else if (lastSeal !== undefined && endOf(lastSeal) < latest) {
    const to = toMinute(endOf(lastSeal));
    problems.push(`The record is sealed to ${to} only; look at the log of the seal function.`);
  }
  if (differs !== undefined) {
    problems.push(
      `The container of the seals holds another entry ${differs} than the chain; find out who changed the record with: crosscheck verify`,
    );
  } else if (hasContainer && copied < sequence) {
    const since = (await chain.entry(copied + 1))?.at;
    if (since === undefined || since < latest) {
      problems.push('Seals are not copied to the container; look at the log of the seal function.');
    }
  }
  return problems;
}
