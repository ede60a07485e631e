import type { JsonObject } from '../domain/canonical';
import { defineDetector } from '../domain/detector';
import { SOURCES } from '../domain/record';
import { toMinute } from '../domain/time';

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
        `${who}${part(facts)} cannot be read since ${toMinute(since)}: ${text(facts['error'])}. ${text(facts['mend'])} Until then nothing that happens there is seen.`,
    },
    'standing-still': {
      title: 'A log has not been read for too long',
      summary: ({ who, facts, since }) =>
        `Coverage of ${who}${part(facts)} stands still since ${toMinute(since)}: ${text(facts['error'])}. Absences are not concluded until it moves again.`,
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
export type ReadingCondition = 'unreadable' | 'standing-still' | 'filter-hides-rows';

/** Which part of a log: the rows that are picked by some property. */
function part({ feeds }: JsonObject): string {
  return feeds === undefined ? '' : `, read ${text(feeds)},`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
