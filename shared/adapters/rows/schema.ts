import { z } from 'zod';
import type { AuditRecord, Change, SignInRecord } from '../../domain/record';
import type { Instant } from '../../domain/time';
import { readChange } from './changes';
import { shorten } from './shorten';

/**
 * What Graph may send, narrowed to the fields in use. Documented as optional, seen as null, "" or missing: all the
 * same here. A field of another type is a malformed record, because guessing would hide a change of the API.
 */
const text = z
  .string()
  .nullish()
  .transform((value) => (value ? shorten(value) : undefined));
/** Ids are never cut: two cut ones could be the same. The longest seen have 36 characters. */
const LONGEST_ID = 400;
/** The id of an object or a tenant. Exports differ in the case of its letters, which means nothing. */
const objectId = text.transform((value) => value?.toLowerCase());
/** A name that somebody may have ended with a space. */
const trimmed = text.transform((value) => value?.trim());
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
  loggedByService: trimmed,
  operationType: text,
  correlationId: text,
  additionalDetails: z.unknown(),
  initiatedBy: z
    .object({
      app: z.object({ displayName: trimmed, servicePrincipalName: trimmed }).nullish(),
      user: z.object({ id: objectId, userPrincipalName: text, displayName: text }).nullish(),
    })
    .nullish(),
  targetResources: z
    .array(
      z.object({
        id: objectId,
        type: text,
        Type: text, // spelled so in documentation examples
        displayName: text,
        userPrincipalName: text,
        modifiedProperties: z
          .array(z.object({ displayName: text, oldValue: z.unknown(), newValue: z.unknown() }))
          .nullish(),
      }),
    )
    .nullish(),
});

const signInRow = z.object({
  userId: z
    .string()
    .min(1)
    .max(LONGEST_ID)
    .transform((value) => value.toLowerCase()),
  userPrincipalName: text,
  userDisplayName: text,
  clientAppUsed: text,
  status: z.object({ errorCode: wholeNumber, additionalDetails: text }).nullish(),
  correlationId: text,
  homeTenantId: objectId,
  resourceTenantId: objectId,
  conditionalAccessStatus: z.union([z.string(), z.int()]).nullish(),
  appliedConditionalAccessPolicies: z
    .array(
      z.object({
        displayName: text,
        result: text,
        enforcedGrantControls: z.array(z.string().transform((value) => shorten(value))).nullish(),
      }),
    )
    .nullish(),
  deviceDetail: z.object({ deviceId: text, operatingSystem: text }).nullish(),
  location: z.object({ city: text, countryOrRegion: text }).nullish(),
  ipAddress: text,
  resourceDisplayName: text,
});

/** @throws z.ZodError, ChangeError */
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
    targets: (raw.targetResources ?? []).map((target) => ({
      id: target.id,
      type: target.type ?? target.Type,
      name: target.userPrincipalName ?? target.displayName,
      changes: (target.modifiedProperties ?? [])
        .map((each) => readChange(each.displayName, each.oldValue, each.newValue))
        .filter((change): change is Change => change !== undefined),
    })),
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
