import { z } from 'zod';
import { READINESS_REASONS } from '../../domain/findings/readiness';
import { count, time } from './parts';

export const readinessReport = z.strictObject({
  asOf: time,
  complete: z.boolean().meta({
    description: 'False when something that was asked could not be read; notKnown says what.',
  }),
  counts: z.strictObject({
    blocked: count.meta({ description: 'A method is listed for them, and none of those works.' }),
    fiveSlots: count.meta({ description: 'All their places for authenticators are taken.' }),
    unknown: count.meta({ description: 'They may be stopped: other methods are not known.' }),
  }),
  people: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      reasons: z.array(z.enum(READINESS_REASONS)),
      finding: z.string().optional(),
    }),
  ),
  reservedByDomain: z
    .record(z.string(), count)
    .nullable()
    .meta({ description: 'Null while no directory objects are read.' }),
  notKnown: z.array(z.string()),
});
