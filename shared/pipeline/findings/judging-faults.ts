import type { JsonObject } from '../../domain/json';
import { timelineId } from '../../domain/findings/finding';
import type { Signal, Subject } from '../../domain/findings/signal';
import { latest, monthOf, startOfHour, type Instant } from '../../domain/time';
import { damagedInWords, damagedRemedy, gravestFirst } from '../audit-trail/damaged';
import { keep } from './keep';
import { LOG_READING, readingSignal, type ReadingNews } from './log-reading';
import type { DamagedRow } from '../ports/damaged-rows';
import type { EngineStores } from '../ports/stores';
import type { Now } from '../ports/clock';
import type { TimelineFaults, FaultCount } from '../ports/work-marks';
import type { TimelineRef } from '../ports/signal-store';

/** It is no log, but people are told of it as they are of logs. */
const JUDGING: Subject = { type: 'log', id: 'judging', name: 'Judging' };
const MAX_TEXT = 500;
type Condition = 'timelines-unjudged' | 'rows-damaged';

export interface JudgingDeps {
  readonly tenantId: string;
  readonly stores: Pick<EngineStores, 'coverage' | 'damaged' | 'marks' | 'signals'>;
  readonly clock: Now;
}

/** What a run knows at its end. */
export interface JudgingRun {
  readonly faults: readonly { readonly timeline: TimelineRef; readonly error: Error }[];
  /** No work was left lying: who is not at fault now is not at fault any more. */
  readonly hasTriedAll: boolean;
}

/**
 * Keeps which timelines could not be judged in this run and which rows of our own could not be read, for health, and
 * makes of them, or of their end, what somebody is alerted by: signals of `log-reading`.
 * @returns whether there is something new to judge.
 */
export async function noteFaults(
  { tenantId, stores, clock }: JudgingDeps,
  { faults, hasTriedAll }: JudgingRun,
): Promise<boolean> {
  const { marks, damaged } = stores;
  const now = clock.now();
  const before = await marks.faults();
  const hasDamage = damaged.hasMet || before?.rows !== undefined;
  await damaged.flush();
  const rows = hasDamage ? gravestFirst(await damaged.list()) : [];
  const id = timelineId(tenantId, LOG_READING.id, JUDGING.id);
  // Of this very timeline nothing can be told by itself: the log and health do.
  const others = faults.filter(({ timeline }) => timeline.id !== id);
  const timelines =
    others.length === 0 && !hasTriedAll
      ? before?.timelines
      : failure(before?.timelines, others, ({ error }) => error.message, now);
  const inRows = failure(before?.rows, rows, damagedInWords, now);
  const known: TimelineFaults = {
    at: now,
    ...(timelines !== undefined && { timelines }),
    ...(inRows !== undefined && { rows: inRows }),
  };
  const signals = [
    ...signalsOf('timelines-unjudged', before?.timelines, timelines, now, timelineFacts),
    ...signalsOf('rows-damaged', before?.rows, inRows, now, (now) => rowFacts(now, rows)),
  ];
  if (signals.length === 0) {
    return false;
  }
  await marks.keepFaults(timelines === undefined && inRows === undefined ? undefined : known);
  const timeline = { id, detector: LOG_READING.id, subject: JUDGING };
  const byKey = new Map(signals.map((signal) => [signal.key, signal]));
  await keep(
    stores,
    new Map([[LOG_READING, new Map([[JUDGING.id, { timeline, signals: byKey }]])]]),
  );
  return true;
}

function failure<T>(
  before: FaultCount | undefined,
  items: readonly T[],
  inWords: (item: T) => string,
  now: Instant,
): FaultCount | undefined {
  const [first] = items;
  return first === undefined
    ? undefined
    : {
        ...{ since: before?.since ?? now, count: items.length },
        first: inWords(first).slice(0, MAX_TEXT),
      };
}

function signalsOf(
  condition: Condition,
  before: FaultCount | undefined,
  current: FaultCount | undefined,
  now: Instant,
  factsOf: (current: FaultCount) => JsonObject,
): readonly Signal[] {
  const since = current?.since ?? before?.since;
  if (since === undefined) {
    return [];
  }
  // By the hour: a finding that changes at every run says no more than one that does not.
  const lastSeenAt = latest(since, startOfHour(now));
  const news: ReadingNews =
    current === undefined
      ? { over: 'mended' }
      : { lastSeenAt, isConfirmed: true, facts: factsOf(current) };
  // A stretch that goes on in the next month has a signal of its own there.
  const stretch = { condition, since, month: monthOf(lastSeenAt) };
  return [readingSignal('directoryAudits', JUDGING, stretch, news, now)];
}

function timelineFacts({ count, first }: FaultCount): JsonObject {
  return {
    timelines: count === 1 ? 'the timeline of one person' : `the timelines of ${count} people`,
    error: first,
    remedy: 'Look at the log of the run that judges, and run: crosscheck repair.',
  };
}

function rowFacts({ count, first }: FaultCount, rows: readonly DamagedRow[]): JsonObject {
  const others = count === 1 ? '' : ` and ${count - 1} more`;
  return { rows: `${first}${others}`, remedy: `${damagedRemedy(rows)}.` };
}
