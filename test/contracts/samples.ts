import type { JsonObject } from '../../shared/domain/json';
import {
  findingId,
  timelineId,
  type Finding,
  type Verdict,
} from '../../shared/domain/findings/finding';
import { compare, type FindingChange } from '../../shared/domain/findings/transition';
import type { WindowReport } from '../../shared/domain/reading/journal';
import type { QuarantineRow } from '../../shared/domain/reading/quarantine';
import type { Signal, Subject } from '../../shared/domain/findings/signal';
import { MINUTE, plus, toInstant, type Instant } from '../../shared/domain/time';
import type { Stores } from '../../shared/pipeline/ports/stores';
import type { TimelineRef } from '../../shared/pipeline/ports/signal-store';

/** Makes stores that hold nothing yet. */
export type MakeStores = () => Stores;

/** Half an hour before a month ends, on a full five minutes. */
const START = toInstant('2026-01-31T23:30:00Z');

export function minutes(count: number): Instant {
  return plus(START, count * MINUTE);
}

export const DETECTOR = 'some-detector';

/** What a directory may hold as a name, and what breaks keys, filters, batches and encodings. */
export const HOSTILE = [
  "O'Brien 'or 1 eq 1",
  'a/b\\c#d?e%f+g&h=i j|k~l',
  'line\r\n--changeset_1\r\n\r\n{"a":1}',
  '\u0000\u0001\u007f\u0085\u2028\ufeff',
  'Zoë 王小明 \u{1f600}\u{1f468}\u200d\u{1f469}',
  'lone \ud800 surrogate',
  'lone \udc00 surrogate',
  '',
  ' ',
  '~002f',
  '~~',
  'x'.repeat(300),
  'y'.repeat(5_000),
  `${'y'.repeat(5_000)}!`,
  'é'.repeat(200),
];

/** Whose the samples are. */
export const TENANT = 'tenant';
/** Whose timeline an id names: verification looks whether a finding is of its own subject. */
const SUBJECTS = new Map<string, Subject>();

export function timeline(name: string, detector = DETECTOR): TimelineRef {
  const subject: Subject = { type: 'user', id: `id of ${name}`, name };
  const id = timelineId(TENANT, detector, subject.id);
  SUBJECTS.set(id, subject);
  return { id, detector, subject };
}

export function signal(key: string, at: Instant, facts: JsonObject = {}): Signal {
  const subject: Subject = { type: 'user', id: 'user-1', name: 'Ada' };
  return { key, source: 'signIns', eventId: key, at, subject, kind: 'thing', facts };
}

/** A finding that nobody has written yet. */
export function finding(
  ofTimeline: string,
  anchor = 'anchor',
  over: Partial<Finding> = {},
): Finding {
  const [from, to] = [minutes(0), minutes(10)];
  return {
    id: findingId(ofTimeline, anchor),
    tenantId: TENANT,
    detector: DETECTOR,
    detectorVersion: 1,
    stage: 'alert',
    severity: 'high',
    status: 'open',
    message: 'it',
    title: 'It',
    summary: 'It happened.',
    subject: SUBJECTS.get(ofTimeline) ?? { type: 'user', id: 'user-1', name: 'Ada' },
    anchor: { key: anchor, from },
    verdict: { state: 'open' },
    since: from,
    firstSeenAt: from,
    lastSeenAt: to,
    openedAt: to,
    count: 1,
    facts: {},
    evidence: [{ source: 'signIns', eventId: 'event-1', at: from, kind: 'thing', what: 'it' }],
    judgedBy: { signIns: to },
    sequence: 0,
    head: '',
    notified: false,
    ...over,
  };
}

/** The first transition of a finding: it owes a card. */
export function opening(of: Finding, now = minutes(10)): Required<FindingChange> {
  return whole(compare(undefined, of, now));
}

/** The next transition: a line. */
export function ending(of: Finding, now = minutes(20)): Required<FindingChange> {
  const verdict: Verdict = { state: 'resolved', resolution: 'done' };
  return whole(compare(of, { ...of, verdict, status: 'resolved', resolution: 'done' }, now));
}

function whole(change: FindingChange | undefined): Required<FindingChange> {
  if (change?.transition === undefined || change.alert === undefined) {
    throw new Error('the sample makes no transition');
  }
  return change as Required<FindingChange>;
}

export function windowReport(from: Instant, to: Instant): WindowReport {
  return {
    ...{ source: 'signIns', from, to, purpose: 'head', readAt: plus(to, MINUTE) },
    ...{ rows: 10, kept: 2, malformed: 1, pages: 1, ms: 300, filter: 'clientAppUsed' },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
  }
  return all;
}

/** A row that could not be read: about Mary, at one instant, unless it is said otherwise. */
export function unreadableRow(id: string, change: Partial<QuarantineRow> = {}): QuarantineRow {
  const subject: Subject = { type: 'user', id: 'mary' };
  return {
    ...{ id, source: 'signIns', eventId: `event ${id}`, reason: 'bad', firstSeenAt: minutes(0) },
    gap: { from: minutes(0), to: minutes(1), detectors: [DETECTOR], subject },
    ...change,
  };
}
