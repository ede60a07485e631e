import { timelineId } from '../domain/finding';
import { startOfHour } from '../domain/journal';
import type { Signal, Subject } from '../domain/signal';
import { latest, monthOf, type Instant } from '../domain/time';
import { keep } from './keep';
import { LOG_READING, readingSignal, type ReadingNews } from './log-reading';
import type { EngineStores, Now, TimelineFaults, TimelineRef } from './ports';

/** It is no log, but people are told of it as they are of logs. */
const JUDGING: Subject = { type: 'log', id: 'judging', name: 'Judging' };
const MOST_TEXT = 500;

export interface JudgingDeps {
  readonly tenantId: string;
  readonly stores: Pick<EngineStores, 'coverage' | 'marks' | 'signals'>;
  readonly clock: Now;
}

/**
 * Keeps which timelines could not be judged in this run, for health, and makes of them, or of their end, what somebody
 * is alerted by: a signal of `log-reading`.
 * @returns whether there is something new to judge.
 */
export async function noteFaults(
  { tenantId, stores, clock }: JudgingDeps,
  faults: readonly { readonly timeline: TimelineRef; readonly error: Error }[],
): Promise<boolean> {
  const now = clock.now();
  const before = await stores.marks.faults();
  const id = timelineId(tenantId, LOG_READING.id, JUDGING.id);
  // Of this very timeline nothing can be told by itself: the log and health do.
  const others = faults.filter(({ timeline }) => timeline.id !== id);
  const [first] = others;
  if (first === undefined && before === undefined) {
    return false;
  }
  const since = before?.since ?? now;
  const known: TimelineFaults | undefined = first && {
    ...{ at: now, since, timelines: others.length },
    first: first.error.message,
  };
  await stores.marks.keepFaults(known);
  // By the hour: a finding that changes at every run says no more than one that does not.
  const lastSeenAt = latest(since, startOfHour(known?.at ?? before?.at ?? now));
  const signal = faultSignal({ since, lastSeenAt }, newsOf(known, lastSeenAt), now);
  const timeline = { id, detector: LOG_READING.id, subject: JUDGING };
  const signals = new Map([[signal.key, signal]]);
  await keep(stores, new Map([[LOG_READING, new Map([[JUDGING.id, { timeline, signals }]])]]));
  return true;
}

function newsOf(known: TimelineFaults | undefined, lastSeenAt: Instant): ReadingNews {
  if (known === undefined) {
    return { over: 'mended' };
  }
  const { timelines, first } = known;
  return {
    ...{ lastSeenAt, isConfirmed: true },
    facts: {
      timelines:
        timelines === 1 ? 'the timeline of one person' : `the timelines of ${timelines} people`,
      error: first.slice(0, MOST_TEXT),
      remedy: 'Look at the log of the run that judges, and run: crosscheck repair.',
    },
  };
}

/** A stretch that goes on in the next month has a signal of its own there. */
function faultSignal(
  { since, lastSeenAt }: { readonly since: Instant; readonly lastSeenAt: Instant },
  news: ReadingNews,
  now: Instant,
): Signal {
  const stretch = { condition: 'timelines-unjudged', since, month: monthOf(lastSeenAt) } as const;
  return readingSignal('directoryAudits', JUDGING, stretch, news, now);
}
