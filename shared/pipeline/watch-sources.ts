import { canonical } from '../domain/canonical';
import { defineDetector, type ConfiguredDetector, type Stated } from '../domain/detector';
import {
  compare,
  findingId,
  stateFinding,
  timelineId,
  type FindingChange,
} from '../domain/finding';
import type { SourceHead } from '../domain/journal';
import { SOURCES, type Source } from '../domain/record';
import type { Subject } from '../domain/signal';
import {
  between,
  formatDuration,
  MINUTE,
  toMinute,
  type Duration,
  type Instant,
} from '../domain/time';
import { FindingBusyError } from './decide';
import { FindingWriter } from './finding-writer';
import type { EngineStores, Now } from './ports';

/**
 * The watch over the watch: what keeps a log from being read is a finding about that log, with a history, one alert
 * when it begins and one when it ends. It has no signals and no rows: its facts are those of the reading.
 */
export const LOG_READING = defineDetector({
  id: 'log-reading',
  version: 1,
  title: 'A log is not being read',
  summary:
    'Crosscheck cannot read a log, or reads it worse than it should. Until it is mended, what happens there is not seen.',
  severity: 'high',
  attack: ['T1562.008'],
  runbook: [
    'Do what the finding says; `crosscheck doctor` and GET /api/health say it too.',
    'Look whether somebody took the permission, the licence or the consent away on purpose.',
    'When the log is read again, the stretch in between is caught up; `crosscheck coverage` shows what stayed a gap.',
  ],
  falsePositives: ['Maintenance of Microsoft Graph that lasts longer than STANDSTILL_ALARM.'],
  blindSpots: ['An app that does not run at all says nothing: alert on that from outside.'],
  references: [
    'https://learn.microsoft.com/graph/throttling-limits#identity-and-access-reports-service-limits',
  ],
  settings: {},
  reads: SOURCES.map((source) => ({ source, property: 'activityDisplayName', values: [] })),
  expects: [],
  retain: '400d',
  messages: {
    unreadable: {
      title: 'A log cannot be read',
      summary: ({ who, facts, since }) =>
        `${who} cannot be read since ${toMinute(since)}: ${text(facts['error'])}. ${text(facts['mend'])} Until then nothing that happens there is seen.`,
    },
    'standing-still': {
      title: 'A log has not been read for too long',
      summary: ({ who, facts, since }) =>
        `Coverage of ${who} stands still since ${toMinute(since)}: ${text(facts['error'])}. Absences are not concluded until it moves again.`,
    },
    'filter-hides-rows': {
      title: 'A filter hid rows of a log',
      summary: ({ who, facts, since }) =>
        `Microsoft Graph left out rows of ${who} that match the filter "${text(facts['filter'])}" (seen at ${toMinute(since)}). The log is now read without it, and what was read with it since the last whole day is read again.`,
    },
  },
  signals: () => [],
  assess: () => ({ findings: [] }),
});
type MessageId = 'unreadable' | 'standing-still' | 'filter-hides-rows';

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
  readonly message: MessageId;
  readonly severity: 'high' | 'low';
  readonly since: Instant;
  readonly lastSeenAt: Instant;
  readonly count: number;
  readonly facts: Readonly<Record<string, string>>;
}

export interface Watch {
  readonly tenantId: string;
  readonly sources: readonly Source[];
  readonly stores: Pick<EngineStores, 'coverage' | 'findings' | 'index' | 'marks'>;
  readonly clock: Now;
  /** How long the coverage of a source may stand still. */
  readonly standstill: Duration;
}

/** Looks at how each source is read, and opens and ends the findings about it. Writes nothing while all is as it was. */
export async function watchSources(watch: Watch): Promise<readonly FindingChange[]> {
  const { stores, clock } = watch;
  const written: FindingChange[] = [];
  for (const source of watch.sources) {
    const head = await stores.coverage.head(source);
    if (head === undefined) {
      continue;
    }
    const now = clock.now();
    const isStill = isStandingStill(head, now, watch.standstill);
    if (isStill !== (head.stillSeenAt !== undefined)) {
      await stores.coverage.change(source, ({ stillSeenAt: _seen, ...each }) =>
        isStill ? { ...each, stillSeenAt: now } : each,
      );
    }
    const conditions = conditionsOf(head, now, watch.standstill);
    const alarms = conditions.map(({ message, facts }) => `${message} ${canonical(facts)}`);
    const known = head.alarms ?? [];
    if (canonical(alarms) === canonical(known)) {
      continue;
    }
    const over = known
      .map((alarm) => alarm.slice(0, alarm.indexOf(' ')) as MessageId)
      .filter((message) => conditions.every((each) => each.message !== message));
    for (const condition of conditions) {
      written.push(...(await tell(watch, source, condition.message, condition)));
    }
    for (const message of over) {
      written.push(...(await tell(watch, source, message, undefined)));
    }
    // Remembered last: a crash before it tells the same again, which writes nothing.
    await stores.coverage.change(source, (each) => ({ ...each, alarms }));
  }
  return written;
}

/** Coverage has not moved for too long, whatever the reason. */
function isStandingStill({ journal, trouble }: SourceHead, now: Instant, most: Duration): boolean {
  const since = journal?.movedAt ?? trouble?.since;
  return since !== undefined && between(since, now) > most;
}

/**
 * After a pause of the whole app one log is read before the other. So a log that nobody tries must be seen standing
 * still twice, some polls apart.
 */
function isConfirmed({ trouble, stillSeenAt }: SourceHead, now: Instant): boolean {
  const isTried = trouble !== undefined && between(trouble.lastAt, now) <= SEEN_TWICE;
  return isTried || (stillSeenAt !== undefined && between(stillSeenAt, now) >= SEEN_TWICE);
}

function conditionsOf(head: SourceHead, now: Instant, standstill: Duration): Condition[] {
  const { journal, trouble, droppedFilter } = head;
  const conditions: Condition[] = [];
  if (
    trouble !== undefined &&
    !PASSING.includes(trouble.trouble) &&
    trouble.runs >= (RUNS_UNTIL[trouble.trouble] ?? RUNS_UNTIL_OTHERS)
  ) {
    const { since, lastAt, runs, message, mend } = trouble;
    conditions.push({
      ...{ message: 'unreadable', severity: 'high', since, lastSeenAt: lastAt, count: runs },
      facts: { trouble: trouble.trouble, error: message, mend },
    });
  } else {
    const since = journal?.movedAt ?? trouble?.since;
    const isStill = isStandingStill(head, now, standstill) && isConfirmed(head, now);
    if (since !== undefined && isStill) {
      const error =
        trouble?.message ?? 'no run has reached its end; look at the log of its poll function';
      conditions.push({
        ...{ message: 'standing-still', severity: 'high', since, lastSeenAt: since, count: 1 },
        facts: { error, allowed: formatDuration(standstill) },
      });
    }
  }
  if (droppedFilter?.why === 'hides-rows') {
    const { at, filter } = droppedFilter;
    conditions.push({
      ...{ message: 'filter-hides-rows', severity: 'low', since: at, lastSeenAt: at, count: 1 },
      facts: { filter },
    });
  }
  return conditions;
}

/** Writes the finding about a condition that is, or is over. */
async function tell(
  { tenantId, stores, clock }: Watch,
  source: Source,
  message: MessageId,
  condition: Condition | undefined,
): Promise<readonly FindingChange[]> {
  const timeline = timelineId(tenantId, LOG_READING.id, source);
  const subject: Subject = { type: 'log', id: source, name: NAMES[source] };
  const now = clock.now();
  const anchor = { key: message, from: now };
  for (let round = 0; round < ROUNDS; round++) {
    const stored = await stores.findings.find(findingId(timeline, message));
    const was = stored?.finding;
    if (condition === undefined && was === undefined) {
      return [];
    }
    const answer: Stated = {
      ...(condition === undefined
        ? { state: 'resolved', resolution: 'mended' }
        : { state: 'open' }),
      anchor: was?.anchor ?? anchor,
      message,
      severity: condition?.severity ?? was?.severity ?? 'high',
      stage: 'alert',
      since: condition?.since ?? was?.since ?? now,
      firstSeenAt: was?.firstSeenAt ?? condition?.since ?? now,
      lastSeenAt: condition?.lastSeenAt ?? was?.lastSeenAt ?? now,
      count: condition?.count ?? was?.count ?? 1,
      facts: condition?.facts ?? was?.facts ?? {},
      evidence: [],
    };
    const context = { tenantId, timeline, subject, judgedBy: {}, completeTo: now, now };
    const change = compare(was, stateFinding(CONFIGURED, context, answer, was), now);
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

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
