import { z } from 'zod';
import { MAX_ID_LENGTH, shorten } from './shorten';

/**
 * What Graph may send, narrowed to the fields in use. Documented as optional, seen as null, "" or missing: all the
 * same here. Of another type it is an unreadable record where the field decides something, because guessing would hide
 * a change of the API; where it decides nothing (names, places) it counts as missing.
 */
const text = z
  .string()
  .nullish()
  .transform((value) => (value ? shorten(value) : undefined));
const name = text.catch(undefined);
/** The id of an object or a tenant. Exports differ in the case of its letters, which means nothing. */
const objectId = text.transform((value) => value?.toLowerCase());
/** A name that somebody may have ended with a space. */
const trimmed = text.transform((value) => value?.trim());
/** Some serialisers write a list of one as the one. */
function listOf<T extends z.ZodType>(item: T): z.ZodType<z.output<T>[]> {
  return z.preprocess(
    (value) =>
      value === null || value === undefined
        ? []
        : typeof value === 'object' && !Array.isArray(value)
          ? [value]
          : value,
    z.array(item),
  );
}
const wholeNumber = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number),
  ])
  .nullish()
  .transform((value) => value ?? undefined);

/** Some exports write it as text. */
const flag = z
  .union([
    z.boolean(),
    z
      .string()
      .regex(/^(?:true|false)$/i)
      .transform((value) => value.toLowerCase() === 'true'),
  ])
  .nullish()
  .transform((value) => value ?? undefined)
  .catch(undefined);
/** Kept as a hash, so that its length does not matter. */
const anyText = z
  .string()
  .nullish()
  .transform((value) => (value === '' ? undefined : (value ?? undefined)))
  .catch(undefined);

const auditRow = z.object({
  activityDisplayName: z.string(),
  result: text,
  resultReason: text,
  loggedByService: trimmed.catch(undefined),
  operationType: name,
  correlationId: name,
  additionalDetails: z.unknown().optional(),
  initiatedBy: z
    .object({
      app: z.object({ displayName: trimmed, servicePrincipalName: trimmed }).nullish(),
      user: z.object({ id: objectId, userPrincipalName: name, displayName: name }).nullish(),
    })
    .nullish(),
  targetResources: listOf(
    z.object({
      id: objectId,
      type: name,
      Type: name, // spelled so in documentation examples
      displayName: name,
      userPrincipalName: name,
      modifiedProperties: listOf(
        z.object({
          displayName: text,
          oldValue: z.unknown().optional(), // some serialisers leave out what is null
          newValue: z.unknown().optional(),
        }),
      ),
    }),
  ),
});

const signInRow = z.object({
  userId: z
    .string()
    .min(1)
    .max(MAX_ID_LENGTH)
    .transform((value) => value.toLowerCase()),
  userPrincipalName: name,
  userDisplayName: name,
  clientAppUsed: text,
  appId: objectId.catch(undefined),
  appDisplayName: name,
  isInteractive: flag,
  userAgent: anyText,
  status: z
    .object({ errorCode: wholeNumber, failureReason: name, additionalDetails: name })
    .nullish(),
  correlationId: name,
  homeTenantId: objectId.catch(undefined),
  resourceTenantId: objectId.catch(undefined),
  conditionalAccessStatus: z.union([z.string(), z.int()]).nullish(),
  appliedConditionalAccessPolicies: z
    .array(
      z.object({
        id: objectId.catch(undefined),
        displayName: name,
        result: name,
        enforcedGrantControls: z
          .array(
            z
              .string()
              .transform((value) => shorten(value))
              .catch('unknown'),
          )
          .nullish()
          .catch(undefined),
      }),
    )
    .nullish()
    .catch(undefined),
  deviceDetail: z
    .object({ deviceId: name, operatingSystem: name, browser: name })
    .nullish()
    .catch(undefined),
  location: z.object({ city: name, countryOrRegion: name }).nullish().catch(undefined),
  ipAddress: name,
  resourceDisplayName: name,
});

/** A row with its fields narrowed, and not yet put together. */
export type RawAudit = z.output<typeof auditRow>;
export type RawSignIn = z.output<typeof signInRow>;

/** @throws z.ZodError */
export function narrowAudit(row: unknown): RawAudit {
  return auditRow.parse(row);
}

/** @throws z.ZodError */
export function narrowSignIn(row: unknown): RawSignIn {
  return signInRow.parse(row);
}
