import { z } from 'zod';
import { SEVERITIES } from '../../domain/detector';
import { PROPERTIES } from '../../domain/reading/feed';
import { STATUSES } from '../../domain/findings/finding';
import { SUBJECT_TYPES } from '../../domain/findings/signal';
import type { Instant } from '../../domain/time';
import { SOURCES } from '../../sources';

/** What several answers have in common. */

type Deep<T> = T extends string | number | boolean | undefined
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T;
/** A body that a schema describes; nobody changes it. */
export type Body<S extends z.ZodType> = Deep<z.infer<S>>;

// The schema checks text; that a text of this form is an instant is known to the types alone.
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/)
  .meta({
    id: 'Instant',
    description: 'UTC, with 7 digits after the second.',
  }) as unknown as z.ZodType<Instant>;
export const milliseconds = z.number().meta({ description: 'Milliseconds.' });
export const count = z.int().nonnegative();
export const interval = { from: time, to: time };
export const source = z.enum(SOURCES);
export const status = z.enum(STATUSES);
export const stage = z.enum(['alert', 'watch']);
export const severity = z.enum(SEVERITIES);
export const suppressed = z.strictObject({ rule: z.string() });
export const subject = z.strictObject({
  type: z.enum(SUBJECT_TYPES),
  id: z.string(),
  name: z.string(),
});

export const gapReason = z.enum([
  'not-read',
  'retention',
  'unreadable',
  'filter',
  'row-unreadable',
]);
export const coverageOfDetectors = z
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
export const failure = z
  .strictObject({
    failure: z.string(),
    message: z.string(),
    remedy: z.string(),
    since: time,
    kindSince: time,
    lastAt: time,
    runs: count,
  })
  .meta({ id: 'SourceFailure', description: 'What keeps a source from being read.' });
export const unreadable = z.array(z.string()).optional().meta({
  description: 'Parts of which nothing is known, because their stored rows cannot be read.',
});
export const backfill = z.strictObject({ ...interval, at: time });
export const dropped = z.enum(['rejected', 'hides-rows']);
/** The rows of a source, picked by one property: the unit of reading. */
export const feed = {
  property: z.enum(PROPERTIES),
  name: z.string().meta({ description: 'As people read it: `by error code`.' }),
};
