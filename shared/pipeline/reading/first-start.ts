import type { Feed } from '../../domain/reading/feed';
import { noticeId, type Notice } from '../../domain/findings/notice';
import type { Source } from '../../domain/record';
import { feedOf, unread, type ReadingState } from '../../domain/reading/source-state';
import { earliest, startOfDay, toMinute, type Instant } from '../../domain/time';
import type { CoverageStore } from '../ports/coverage-store';
import type { Outbox } from '../ports/outbox';
import { SOURCES, titleAtStart } from '../../sources';

export interface FirstStart {
  readonly tenantId: string;
  /** What absences rest on. */
  readonly feeds: readonly Feed[];
  readonly coverage: CoverageStore;
  readonly outbox: Outbox;
  /** The titles of the detectors that are on. */
  readonly watchedFor: readonly string[];
}

/**
 * Says once, over every channel, that the watch is on: when the first log was read, and before what it shows is judged.
 * Costs nothing after that.
 */
export async function announceFirstStart(
  { tenantId, feeds, coverage, outbox, watchedFor }: FirstStart,
  reading: ReadingState,
  now: Instant,
): Promise<void> {
  const logs = SOURCES.flatMap((source) => logOf(source, feeds, reading));
  const first = earliest(...logs.flatMap(({ since }) => since ?? []));
  const isAnnounced = SOURCES.some((source) => reading[source]?.announcedAt !== undefined);
  if (first === undefined || isAnnounced) {
    return;
  }
  const notice: Notice = {
    // By the day: two logs that are read for the first time at once give the same notice.
    id: noticeId('first-start', tenantId, startOfDay(first)),
    form: 'notice',
    kind: 'first-start',
    title: 'The watch is on',
    lines: [
      ...logs.map(({ says }) => says),
      `Crosscheck watches for: ${watchedFor.join('; ')}.`,
      'What it finds comes here, a card for each finding, or one digest when there are many. Silence means that nothing was found: a log that cannot be read is told, too.',
    ],
  };
  await outbox.announceOnce(notice, now);
  const [source] = logs.flatMap((log) => (log.since === undefined ? [] : [log.source]));
  if (source !== undefined) {
    // Remembered last: a crash before it looks for the notice again, and finds it.
    await coverage.change(source, (state) => ({ ...state, announcedAt: now }));
  }
}

interface Log {
  readonly source: Source;
  /** From when on it counts as read; absent while it could not be. */
  readonly since?: Instant;
  readonly says: string;
}

/** What is to be said of a log; nothing of one that no detector reads. */
function logOf(source: Source, feeds: readonly Feed[], reading: ReadingState): readonly Log[] {
  const state = reading[source] ?? unread(source);
  const own = feeds
    .filter((feed) => feed.source === source)
    .map(({ property }) => feedOf(state, property));
  if (own.length === 0) {
    return [];
  }
  const since = earliest(...own.flatMap(({ journal }) => journal?.began ?? []));
  const [failure] = own.flatMap(({ failure }) => failure ?? []);
  const part =
    failure === undefined
      ? ''
      : ` A part of it cannot be read yet: ${failure.message}. ${failure.remedy}`;
  return since === undefined
    ? [
        {
          source,
          says:
            failure === undefined
              ? `${titleAtStart(source)} is read for the first time within five minutes.`
              : `${titleAtStart(source)} cannot be read yet: ${failure.message}. ${failure.remedy}`,
        },
      ]
    : [
        {
          ...{ source, since },
          says: `${titleAtStart(source)} is read since ${toMinute(since)}.${part}`,
        },
      ];
}
