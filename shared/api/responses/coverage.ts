import { z } from 'zod';
import {
  backfill,
  count,
  coverageOfDetectors,
  dropped,
  feed,
  gapReason,
  interval,
  milliseconds,
  source,
  subject,
  time,
  failure,
  unreadable,
} from './parts';

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
      unreadable,
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
          failure: failure.optional(),
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
