import { z } from 'zod';
import { SEVERITIES } from '../domain/detector';
import { PROPERTIES } from '../domain/feed';
import { HISTORY_VERBS, RESOLVE_REASONS, STATUSES } from '../domain/finding';
import { SOURCES } from '../domain/record';
import { SUBJECT_TYPES } from '../domain/signal';
import type { Instant } from '../domain/time';

/** What the API answers: the types of the handlers and the source of `openapi.json`. Unknown fields are errors. */

type Deep<T> = T extends string | number | boolean | undefined
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T;
/** A body that a schema describes; nobody changes it. */
export type Body<S extends z.ZodType> = Deep<z.infer<S>>;

// The schema checks text; that a text of this form is an instant is known to the types alone.
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/)
  .meta({
    id: 'Instant',
    description: 'UTC, with 7 digits after the second.',
  }) as unknown as z.ZodType<Instant>;
const milliseconds = z.number().meta({ description: 'Milliseconds.' });
const count = z.int().nonnegative();
const interval = { from: time, to: time };
const source = z.enum(SOURCES);
const status = z.enum(STATUSES);
const stage = z.enum(['alert', 'watch']);
const severity = z.enum(SEVERITIES);
const suppressed = z.strictObject({ rule: z.string() });
const subject = z.strictObject({
  type: z.enum(SUBJECT_TYPES),
  id: z.string(),
  name: z.string(),
});

// ---------------------------------------------------------------------------------------------------------- findings

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
    record: z
      .strictObject({ sequence: count, head: z.string() })
      .meta({ description: 'The head of its chain, as the daily seals list it.' }),
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

// ----------------------------------------------------------------------------------------------------------- reading

const gapReason = z.enum(['not-read', 'retention', 'unreadable', 'filter', 'row-unreadable']);
const coverageOfDetectors = z
  .record(
    z.string(),
    z
      .strictObject({
        ...interval,
        gaps: z.array(z.strictObject({ ...interval, why: gapReason })),
      })
      .meta({ id: 'Coverage', description: 'What was completely read, and what was not in it.' }),
  )
  .meta({ description: 'By detector.' });
const trouble = z
  .strictObject({
    trouble: z.string(),
    message: z.string(),
    mend: z.string(),
    since: time,
    kindSince: time,
    lastAt: time,
    runs: count,
  })
  .meta({ id: 'SourceFailure', description: 'What keeps a source from being read.' });
const backfill = z.strictObject({ ...interval, at: time });
const dropped = z.enum(['rejected', 'hides-rows']);
/** The rows of a source, picked by one property: the unit of reading. */
const feed = {
  property: z.enum(PROPERTIES),
  name: z.string().meta({ description: 'As people read it: `by error code`.' }),
};
const stretches = z.array(
  z.strictObject({
    ...interval,
    state: z.enum(['read-once', 'complete', 'hours-re-read', 'days-re-read', 'backfilled', 'gap']),
    why: gapReason.optional(),
  }),
);
const unreadableRow = {
  id: z.string(),
  source,
  eventId: z.string().optional(),
  reason: z.string(),
  lengths: z
    .record(z.string(), count)
    .optional()
    .meta({ description: 'The names of its properties and how long the JSON of each is.' }),
  firstSeenAt: time,
  gap: z.strictObject({
    ...interval,
    detectors: z.array(z.string()),
    subject: subject
      .partial({ name: true })
      .optional()
      .meta({ description: 'Absent: it may be about anybody.' }),
    wasWider: z.literal(true).optional(),
  }),
  isMany: z.literal(true).optional(),
  isHeard: z.literal(true).optional(),
};

export const coverage = z.strictObject({
  asOf: time,
  sources: z.array(
    z.strictObject({
      source,
      stretches: stretches.meta({ description: 'What all feeds have in common.' }),
      completeTo: time.optional().meta({ description: 'The earliest of the feeds.' }),
      detectors: coverageOfDetectors,
      lag: milliseconds.meta({ description: 'Milliseconds; the longest of the feeds.' }),
      feeds: z.array(
        z.strictObject({
          ...feed,
          isOptional: z
            .boolean()
            .meta({ description: 'Its rows sharpen findings; nothing waits for it.' }),
          stretches,
          completeTo: time.optional(),
          lag: milliseconds,
          lateness: z
            .strictObject({
              measured: count,
              p50: milliseconds,
              p95: milliseconds,
              p999: milliseconds,
              max: milliseconds,
            })
            .optional(),
          trouble: trouble.optional(),
          filter: z.strictObject({ dropped, at: time }).optional(),
          backfill: backfill.optional(),
        }),
      ),
    }),
  ),
  unreadableRows: z
    .strictObject({
      open: z.array(z.strictObject(unreadableRow)),
      accepted: z.array(
        z.strictObject({
          ...unreadableRow,
          ended: z.strictObject({
            how: z.literal('accepted'),
            at: time,
            by: z.string().optional(),
            reason: z.string().optional(),
          }),
        }),
      ),
      others: count,
    })
    .meta({ description: 'Rows that could not be read, and the gaps they leave.' }),
});

// ------------------------------------------------------------------------------------------------------------ status

const alerts = { waiting: count, 'not-configured': count, dead: count };

export const statusReport = z.strictObject({
  now: time,
  tenantId: z.string(),
  status: z.enum(['up', 'degraded']),
  problems: z.array(z.string()),
  counts: z
    .array(
      z.strictObject({
        source,
        what: z.string(),
        count,
        isAtLeast: z.boolean(),
        ...interval,
        knownFrom: time.optional(),
      }),
    )
    .meta({ description: 'How many rows of a kind were read of the last 30 days: information.' }),
  versions: z.strictObject({
    crosscheck: z.string(),
    node: z.string(),
    detectors: z.record(z.string(), z.int()),
  }),
  sources: z.array(
    z.strictObject({
      source,
      lastReadAt: time.optional(),
      completeTo: time
        .optional()
        .meta({ description: 'The earliest of the feeds that detectors need.' }),
      coverage: coverageOfDetectors,
      dayTrouble: trouble.optional(),
      feeds: z.array(
        z.strictObject({
          ...feed,
          journal: z
            .strictObject({
              began: time,
              readTo: time,
              readAt: time,
              completeTo: time,
              movedAt: time,
              hoursTo: time,
              daysTo: time,
              skippedTo: time.optional(),
              rowsPerHour: z.number(),
              allRowsPerHour: z.number(),
            })
            .optional()
            .meta({ description: 'How far its cursors have come, in event time.' }),
          trouble: trouble.optional(),
          droppedFilter: z.strictObject({ filter: z.string(), why: dropped, at: time }).optional(),
          backfill: backfill.optional(),
        }),
      ),
    }),
  ),
  detectors: z.array(
    z.strictObject({
      id: z.string(),
      version: z.int(),
      title: z.string(),
      stage,
      needs: z.array(source),
      feeds: z
        .array(z.string())
        .meta({ description: 'What its absences rest on, as people read it.' }),
    }),
  ),
  alerts: z.strictObject({
    ...alerts,
    unsaid: z
      .array(
        z.strictObject({
          id: z.string(),
          channel: z.string(),
          findingId: z.string().optional(),
          verb: z.string().optional(),
          state: z.enum(['dead', 'not-configured']),
          createdAt: time.optional(),
          attempts: count.optional(),
          lastError: z.string().optional(),
          refusals: z
            .array(
              z.strictObject({
                at: time,
                outcome: z.enum(['later', 'refused']),
                code: z.string().optional(),
                reason: z.string(),
              }),
            )
            .optional()
            .meta({ description: 'The last attempts that failed, the oldest first.' }),
        }),
      )
      .meta({
        description:
          'Alerts that nobody was told of over a channel. Of one that cannot be read not more is known than which it is.',
      }),
    channels: z.array(
      z.strictObject({ ...alerts, channel: z.string(), isConfigured: z.boolean() }),
    ),
  }),
  unreadableRows: z.strictObject({
    ofPersons: count.meta({ description: 'Gaps of one person each.' }),
    ofAll: count.meta({ description: 'Gaps of everybody.' }),
    others: count.meta({ description: 'Rows without a gap, counted up to 100.' }),
  }),
  settings: z
    .array(z.strictObject({ name: z.string(), value: z.string(), isDefault: z.boolean() }))
    .meta({ description: 'As shown: of a secret only whether it is set.' }),
});

export const health = z.strictObject({ status: z.enum(['up', 'down']) });

export const verification = z.strictObject({
  asOf: time,
  isSound: z
    .boolean()
    .meta({ description: 'The record is what was written, and all of it was seen.' }),
  tamperings: z.array(
    z.strictObject({
      what: z.enum(['changed', 'removed', 'inserted']),
      place: z.string(),
      detail: z.string(),
    }),
  ),
  unseen: z.array(z.string()).meta({ description: 'What could not be looked at, and why.' }),
  notes: z.array(z.string()),
  looked: z.strictObject({
    findings: count,
    transitions: count,
    rules: count,
    seals: count,
    purges: count,
    copies: count,
  }),
  sealedThrough: time.optional(),
});

export const problemDetails = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.array(z.strictObject({ parameter: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details, RFC 9457.' });
