import { canonical, type JsonObject } from '../../domain/json';
import {
  defineDetector,
  type ConfiguredDetector,
  type Severity,
  type Conclusion,
  type Timeline,
} from '../../domain/detector';
import type { Source } from '../../domain/record';
import type { Signal, Subject } from '../../domain/findings/signal';
import { latest, startOfMonth, toInstant, toMinute, type Instant } from '../../domain/time';
import { LOGS } from '../../sources';

/**
 * The watch over the watch: what keeps a log from being read is a finding about that log, with a history, one alert
 * when it begins and one when it ends. Its signals come of no row: the watch makes them of what it knows of the reading
 * (`watch-sources.ts`), one for each stretch of a condition. They are judged like those of every other detector.
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
  reads: LOGS.map((source) => ({ source, property: 'activityDisplayName', values: [] })),
  expects: [],
  // A condition that goes on is said again each month, so that the newest signal of it is always younger.
  retain: '60d',
  join: { lastSeenAt: 'max', said: 'max', over: 'max' },
  messages: {
    'source-unreadable': {
      title: 'A log cannot be read',
      summary: ({ who, facts, since }) =>
        `${who}${part(facts)} cannot be read since ${toMinute(since)}: ${text(facts['error'])}. ${text(facts['remedy'])} Until then nothing that happens there is seen.`,
    },
    'source-stalled': {
      title: 'A log has not been read for too long',
      summary: ({ who, facts, since }) =>
        `Coverage of ${who}${part(facts)} stands still since ${toMinute(since)}: ${text(facts['error'])}. Absences are not concluded until it moves again.`,
    },
    'filter-hides-rows': {
      title: 'A filter hid rows of a log',
      summary: ({ who, facts, since }) =>
        `Microsoft Graph left out rows of ${who} that match the filter "${text(facts['filter'])}" (seen at ${toMinute(since)}). The log is now read without it, and what was read with it since the last whole day is read again.`,
    },
    'clock-wrong': {
      title: 'The clock of the monitor is wrong',
      summary: ({ who, facts, since }) =>
        `The clock of whoever reads ${who} is ${text(facts['off'])} that of Microsoft Graph since ${toMinute(since)}. The log is read by the clock of Graph meanwhile; when alerts are sent, and what is kept how long, still goes by the wrong one. Set it by the network (NTP).`,
    },
    'coverage-in-future': {
      title: 'A log counted as read that was not there yet',
      summary: ({ who, facts, since }) =>
        `At ${toMinute(since)} ${who} counted as read to ${text(facts['from'])}, which was still to come: some clock was ahead. It counts as read to ${text(facts['to'])} now, and is read again from there.`,
    },
    'rows-damaged': {
      title: 'Stored rows cannot be read',
      summary: ({ facts, since }) =>
        `Since ${toMinute(since)} Crosscheck cannot read what it has stored: ${text(facts['rows'])}. Somebody or something has changed it. Everything that does not rest on it goes on. ${text(facts['remedy'])}`,
    },
    'timelines-unjudged': {
      title: 'Some people cannot be judged',
      summary: ({ facts, since }) =>
        `Since ${toMinute(since)} Crosscheck cannot judge ${text(facts['timelines'])}: ${text(facts['error'])}. ${text(facts['remedy'])} Until then nothing new is told of them; everybody else is judged.`,
    },
  },
  signals: () => [],
  assess: (timeline) => ({ findings: CONDITIONS.flatMap((each) => answerOn(each, timeline)) }),
});

/** It cannot be switched off. */
export const WATCH_OVER_LOGS: ConfiguredDetector = {
  detector: LOG_READING,
  settings: {},
  stage: 'alert',
};

/** How much each of them costs while it lasts. */
const SEVERITIES = {
  'source-unreadable': 'high',
  'source-stalled': 'high',
  'filter-hides-rows': 'low',
  'clock-wrong': 'medium',
  'coverage-in-future': 'medium',
  'rows-damaged': 'high',
  'timelines-unjudged': 'high',
} as const satisfies Record<string, Severity>;
export type ReadingCondition = keyof typeof SEVERITIES;
const CONDITIONS = Object.keys(SEVERITIES) as ReadingCondition[];

/** A stretch of a condition, as far as it lies in one month. */
export interface ReadingStretch {
  readonly condition: ReadingCondition;
  readonly since: Instant;
  /** The month that it was last seen in. */
  readonly month: string;
}

/** What is known of a stretch now. */
export type ReadingNews =
  | {
      readonly lastSeenAt: Instant;
      /** Sure enough to tell somebody. */
      readonly isConfirmed: boolean;
      readonly facts: JsonObject;
    }
  | { readonly over: 'mended' | 'not-watched' };

/** A signal about the reading of a source; what was said of the same stretch before is joined to it. */
export function readingSignal(
  source: Source,
  subject: Subject,
  { condition, since, month }: ReadingStretch,
  news: ReadingNews,
  now: Instant,
): Signal {
  // What comes last stands, so each begins with its time.
  const facts: JsonObject =
    'over' in news
      ? { since, over: `${now} ${news.over}` }
      : {
          ...{ since, lastSeenAt: news.lastSeenAt },
          ...(news.isConfirmed && { isConfirmed: true }),
          said: `${now} ${canonical(news.facts)}`,
        };
  return {
    ...{ key: `${condition}|${since}|${month}`, source, subject, kind: condition, facts },
    at: latest(since, startOfMonth(toInstant(`${month}-01T00:00:00Z`))),
  };
}

function answerOn(condition: ReadingCondition, timeline: Timeline): Conclusion<ReadingCondition>[] {
  // What was over before it was sure is nothing to tell.
  const told = timeline
    .filter(({ kind, facts }) => kind === condition && facts['isConfirmed'] === true)
    .sort((a, b) => (newest(a) < newest(b) ? -1 : 1));
  const last = told.at(-1);
  if (last === undefined) {
    return [];
  }
  const [over, said] = [text(last.facts['over']), text(last.facts['said'])];
  const sinces = told.map(({ facts }) => text(facts['since']) as Instant).sort();
  const since = text(last.facts['since']) as Instant;
  return [
    {
      ...(over > said ? { state: 'resolved', resolution: afterTime(over) } : { state: 'open' }),
      anchor: { key: condition, from: last.at },
      message: condition,
      severity: SEVERITIES[condition],
      stage: 'alert',
      since,
      firstSeenAt: sinces[0] ?? since,
      lastSeenAt: text(last.facts['lastSeenAt']) as Instant,
      count: 1,
      facts: JSON.parse(afterTime(said)) as JsonObject,
      evidence: [],
    },
  ];
}

function newest({ facts }: Signal): string {
  const [over, said] = [text(facts['over']), text(facts['said'])];
  return over > said ? over : said;
}

function afterTime(said: string): string {
  return said.slice(said.indexOf(' ') + 1);
}

/** Which part of a log: the rows that are picked by some property. */
function part({ feeds }: JsonObject): string {
  return feeds === undefined ? '' : `, read ${text(feeds)},`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
