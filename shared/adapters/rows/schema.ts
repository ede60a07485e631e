import { z } from 'zod';
import type { AuditRecord, Change, SignInRecord } from '../../domain/record';
import type { Instant } from '../../domain/time';
import { readChange } from './changes';
import { LONGEST_ID, shorten } from './shorten';
import { withSubject } from './subject';

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
    .max(LONGEST_ID)
    .transform((value) => value.toLowerCase()),
  userPrincipalName: name,
  userDisplayName: name,
  clientAppUsed: text,
  status: z.object({ errorCode: wholeNumber, additionalDetails: name }).nullish(),
  correlationId: name,
  homeTenantId: objectId.catch(undefined),
  resourceTenantId: objectId.catch(undefined),
  conditionalAccessStatus: z.union([z.string(), z.int()]).nullish(),
  appliedConditionalAccessPolicies: z
    .array(
      z.object({
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
  deviceDetail: z.object({ deviceId: name, operatingSystem: name }).nullish().catch(undefined),
  location: z.object({ city: name, countryOrRegion: name }).nullish().catch(undefined),
  ipAddress: name,
  resourceDisplayName: name,
});

/** @throws z.ZodError, ChangeError, SubjectError */
export function toAuditRecord(id: string, at: Instant, row: unknown): AuditRecord {
  const raw = auditRow.parse(row);
  const { app, user } = raw.initiatedBy ?? {};
  return {
    source: 'directoryAudits',
    id,
    at,
    activity: raw.activityDisplayName.trim(),
    result: resultOf(raw.result?.toLowerCase()),
    reason: raw.resultReason,
    service: raw.loggedByService,
    operation: raw.operationType,
    correlationId: raw.correlationId,
    details: detailsOf(raw.additionalDetails),
    initiator: {
      app: app
        ? { name: app.displayName, servicePrincipalName: app.servicePrincipalName }
        : undefined,
      user: user ? { id: user.id, name: user.userPrincipalName ?? user.displayName } : undefined,
    },
    targets: withSubject(
      raw.activityDisplayName,
      raw.targetResources.map((target) => ({
        id: target.id,
        type: target.type ?? target.Type,
        name: target.userPrincipalName ?? target.displayName,
        changes: target.modifiedProperties
          .map((each) => readChange(each.displayName, each.oldValue, each.newValue))
          .filter((change): change is Change => change !== undefined),
      })),
      user ? { id: user.id, name: user.userPrincipalName ?? user.displayName } : undefined,
    ),
  };
}

/** @throws z.ZodError */
export function toSignInRecord(id: string, at: Instant, row: unknown): SignInRecord {
  const raw = signInRow.parse(row);
  return {
    source: 'signIns',
    id,
    at,
    user: { id: raw.userId, name: raw.userPrincipalName ?? raw.userDisplayName },
    clientApp: raw.clientAppUsed,
    errorCode: raw.status?.errorCode,
    detail: raw.status?.additionalDetails,
    correlationId: raw.correlationId,
    homeTenantId: raw.homeTenantId,
    resourceTenantId: raw.resourceTenantId,
    conditionalAccess: conditionalAccessOf(raw.conditionalAccessStatus),
    policies: raw.appliedConditionalAccessPolicies?.map((policy) => ({
      name: policy.displayName ?? 'a policy without a name',
      result: policy.result ?? 'unknown',
      grantControls: policy.enforcedGrantControls ?? [],
    })),
    device: {
      id: raw.deviceDetail?.deviceId,
      operatingSystem: raw.deviceDetail?.operatingSystem,
    },
    country: raw.location?.countryOrRegion,
    city: raw.location?.city,
    address: raw.ipAddress,
    resource: raw.resourceDisplayName,
  };
}

const MOST_DETAILS = 50;
const LONGEST_DETAIL = 100;

// Decides little, so whatever is not a list of keys and values is left out, and nothing is refused for it.
function detailsOf(value: unknown): AuditRecord['details'] {
  const pairs = Array.isArray(value) ? value.slice(0, MOST_DETAILS).flatMap(pairOf) : [];
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

function pairOf(item: unknown): (readonly [string, string])[] {
  const { key, value } = (item ?? {}) as { readonly key?: unknown; readonly value?: unknown };
  return typeof key === 'string' && typeof value === 'string' && key !== '' && value !== ''
    ? [[shorten(key, LONGEST_DETAIL), shorten(value, LONGEST_DETAIL)]]
    : [];
}

// Streamed records carry the number of the enumeration where Graph sends its name (domain.md 2.1).
const CONDITIONAL_ACCESS = ['success', 'failure', 'notApplied'] as const;

function conditionalAccessOf(
  status: string | number | null | undefined,
): SignInRecord['conditionalAccess'] {
  const text = String(status ?? '')
    .trim()
    .toLowerCase();
  return (
    CONDITIONAL_ACCESS.find(
      (name, number) => text === String(number) || text === name.toLowerCase(),
    ) ?? 'unknown'
  );
}

function resultOf(text: string | undefined): AuditRecord['result'] {
  if (text === undefined || text === 'success' || text === 'failure' || text === 'timeout') {
    return text;
  }
  return 'unknown';
}
