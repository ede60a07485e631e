import { defineDetector, type Timeline } from '../../../shared/domain/detector';
import { eventSignal } from '../../../shared/domain/findings/event-signal';
import { personOf } from '../../../shared/domain/records/person';
import { methodOf } from '../../../shared/domain/records/security-info';
import type { Signal } from '../../../shared/domain/findings/signal';
import { plus, toMinute, type Instant } from '../../../shared/domain/time';
import { evidenceFrom, notFollowedBy, sequelOf } from '../../../shared/detectors/not-followed-by';

export const passWithoutRegistration = defineDetector({
  id: 'pass-without-registration',
  version: 1,
  title: 'Temporary Access Pass issued, nothing registered',
  summary:
    'An administrator issued a Temporary Access Pass and the person registered no method with it. When the pass ' +
    'expires they cannot sign in, or whoever knows the password can register a method in their place.',
  severity: 'low',
  attack: ['T1098.005'],
  runbook: [
    'Ask the user whether they got the pass that was issued at {first seen}, and what happened.',
    'Issue another one, and stay with them until a method is registered.',
  ],
  falsePositives: ['Somebody who is on leave.'],
  blindSpots: ['Passes that are issued in a way that names no method.'],
  references: [
    'https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities',
  ],
  settings: {
    grace: { kind: 'duration', default: '25h', meaning: 'How long a registration may take.' },
    skew: { kind: 'duration', default: '2m', meaning: 'How far clocks may differ.' },
  },
  reads: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: ['Admin registered security info', 'User registered security info'],
    },
  ],
  expects: [],
  retain: '30d',
  opens: ['issued'],
  messages: {
    unused: {
      title: 'Temporary Access Pass issued, nothing registered',
      summary: ({ who, firstSeenAt, since }) =>
        `${who} got a Temporary Access Pass at ${toMinute(firstSeenAt)} and registered nothing by ${toMinute(since)}.`,
    },
    late: {
      title: 'Method registered long after the pass was issued',
      summary: ({ who, since }) =>
        `${who} had registered nothing by ${toMinute(since)}, and has now.`,
    },
  },

  signals(record) {
    const person = record.source === 'directoryAudits' ? personOf(record) : undefined;
    if (record.source !== 'directoryAudits' || person === undefined) {
      return [];
    }
    const isIssued = /^admin /i.test(record.activity);
    return isIssued && methodOf(record) !== 'temporary-pass'
      ? []
      : [eventSignal(record, person.subject, isIssued ? 'issued' : 'registered')];
  },

  assess: (timeline, coverage, { grace, skew }) =>
    notFollowedBy({
      entries: timeline.filter(({ kind }) => kind === 'issued'),
      anchor: ({ key, at }) => ({ key, from: plus(at, -skew) }),
      deadline: ({ at }) => plus(at, grace),
      skew: () => skew,
      endedBy: ({ at }) => sequelOf(registrationIn(timeline, plus(at, -skew)), 'late', describe),
      sources: ['directoryAudits'],
      coverage,
      describe: (pass) => `${describe(pass)} at ${toMinute(pass.at)}`,
      awaited: 'a registration',
      missing: 'no registration logged',
      conclude: (proven) => ({
        message: proven[0].end === undefined ? 'unused' : 'late',
        severity: 'low',
        evidence: proven.map(({ entry }) => evidenceFrom(entry, describe(entry))),
      }),
    }),
});

function registrationIn(timeline: Timeline, from: Instant): Signal | undefined {
  return timeline.find(({ kind, at }) => kind === 'registered' && at >= from);
}

function describe({ kind }: Signal): string {
  return kind === 'issued' ? 'a Temporary Access Pass was issued' : 'a method was registered';
}
