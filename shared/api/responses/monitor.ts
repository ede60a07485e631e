import { z } from 'zod';
import {
  backfill,
  count,
  coverageOfDetectors,
  dropped,
  feed,
  interval,
  source,
  stage,
  time,
  failure,
  unreadable,
} from './parts';

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
      unreadable,
      coverage: coverageOfDetectors,
      dayFailure: failure.optional(),
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
          failure: failure.optional(),
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
    undelivered: z
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
  differences: z.array(z.string()).meta({
    description: 'Derived rows that are not what the findings say: crosscheck repair fixes them.',
  }),
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
