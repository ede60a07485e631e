import { z } from 'zod';
import { RESOLVE_REASONS } from '../../domain/findings/finding';
import { ALERT_VERBS, HISTORY_VERBS } from '../../domain/findings/transition';
import { count, severity, source, stage, status, subject, suppressed, time } from './parts';

const entry = {
  id: z.string(),
  detector: z.string(),
  stage,
  severity,
  status,
  resolution: z.string().optional(),
  suppressed: suppressed.optional(),
  message: z.string().meta({ description: "The id of the detector's message." }),
  title: z.string(),
  subject,
  firstSeenAt: time,
  lastSeenAt: time,
  openedAt: time,
  resolvedAt: time.optional(),
  count,
};

export const findingList = z.strictObject({
  findings: z.array(z.strictObject(entry).meta({ id: 'FindingLine' })),
  next: z.string().optional().meta({
    description: 'Send it as `after` to go on. A page may be empty and still have one.',
  }),
});

const transition = z
  .strictObject({
    findingId: z.string(),
    sequence: count,
    at: time,
    verb: z.enum(HISTORY_VERBS),
    status,
    resolution: z.string().optional(),
    supersededBy: z.string().optional(),
    suppressed: suppressed.optional(),
    severity,
    message: z.string(),
    alert: z
      .enum(ALERT_VERBS)
      .meta({ description: 'What people were told of it, over every channel; absent: nothing.' })
      .optional(),
    by: z.string().meta({ description: 'crosscheck, or the person: name and object id.' }),
    reason: z.string().optional(),
    note: z.string().optional(),
    count,
    previous: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'Transition', description: 'One row of the history, chained to the row before.' });

export const finding = z
  .strictObject({
    ...entry,
    tenantId: z.string(),
    detectorVersion: z.int(),
    supersededBy: z.string().optional(),
    decision: z
      .strictObject({
        verb: z.enum(['acknowledge', 'resolve', 'reopen']),
        reason: z.enum(RESOLVE_REASONS).optional(),
        by: z.string(),
        at: time,
        note: z.string().optional(),
      })
      .optional(),
    summary: z.string(),
    facts: z.record(z.string(), z.unknown()),
    evidence: z.array(
      z.strictObject({
        source,
        eventId: z.string(),
        at: time,
        kind: z.string(),
        what: z.string(),
      }),
    ),
    missing: z
      .strictObject({ what: z.string(), by: time })
      .optional()
      .meta({ description: 'What did not happen, and by when: why it was found.' }),
    record: z
      .strictObject({ sequence: count, head: z.string() })
      .meta({ description: 'The head of its chain, as the seals list it.' }),
    history: z.array(transition),
  })
  .meta({ id: 'Finding' });

export const resent = z.strictObject({
  id: z.string(),
  channels: z.array(z.string()).meta({ description: 'Over which it is queued for delivery.' }),
  state: z.literal('waiting'),
  nextAttemptAt: time,
});

export const stats = z.strictObject({
  total: count,
  byDetector: z.record(z.string(), count),
  byStatus: z.record(status, count),
  bySeverity: z.record(severity, count),
  suppressed: count,
  byMonth: z.array(z.strictObject({ month: z.string(), total: count, open: count })),
  byDay: z.array(z.strictObject({ day: z.string(), opened: count, resolved: count })).meta({
    description:
      'What was opened and resolved on each day (UTC), the newest first, at most the last year; days without either are left out. A finding counts once a day. Of from and to only the days matter.',
  }),
  complete: z.boolean().meta({
    description:
      'False when there were too many to count in time: all since countedTo are counted.',
  }),
  countedTo: time.optional(),
});
