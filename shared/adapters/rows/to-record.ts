import { shortHash } from '../../domain/json';
import type { AuditRecord, Change, SignInRecord, UserAgent } from '../../domain/record';
import type { Instant } from '../../domain/time';
import { readChange } from './changes';
import { plainAudit, plainSignIn } from './plain-rows';
import { narrowAudit, narrowSignIn } from './schema';
import { MAX_TEXT_LENGTH, shorten } from './shorten';
import { withSubject } from './subject';

/** @throws z.ZodError, ChangeError, SubjectError */
export function toAuditRecord(id: string, at: Instant, row: unknown): AuditRecord {
  const raw = plainAudit(row) ?? narrowAudit(row);
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
  const raw = plainSignIn(row) ?? narrowSignIn(row);
  return {
    source: 'signIns',
    id,
    at,
    user: { id: raw.userId, name: raw.userPrincipalName ?? raw.userDisplayName },
    clientApp: raw.clientAppUsed,
    appId: raw.appId,
    app: raw.appDisplayName,
    isInteractive: raw.isInteractive,
    userAgent: raw.userAgent === undefined ? undefined : userAgentOf(raw.userAgent),
    errorCode: raw.status?.errorCode,
    failureReason: raw.status?.failureReason,
    detail: raw.status?.additionalDetails,
    correlationId: raw.correlationId,
    homeTenantId: raw.homeTenantId,
    resourceTenantId: raw.resourceTenantId,
    conditionalAccess: conditionalAccessOf(raw.conditionalAccessStatus),
    policies: raw.appliedConditionalAccessPolicies?.map((policy) => ({
      id: policy.id,
      name: policy.displayName ?? 'a policy without a name',
      result: policy.result ?? 'unknown',
      grantControls: policy.enforcedGrantControls ?? [],
    })),
    device: {
      id: raw.deviceDetail?.deviceId,
      operatingSystem: raw.deviceDetail?.operatingSystem,
      browser: raw.deviceDetail?.browser,
    },
    country: raw.location?.countryOrRegion,
    city: raw.location?.city,
    address: raw.ipAddress,
    resource: raw.resourceDisplayName,
  };
}

const MAX_WORD_LENGTH = 40;
/** So many user agents are remembered; few occur, and each comes by a million times. */
const REMEMBERED = 1_000;
const userAgents = new Map<string, UserAgent>();

function userAgentOf(text: string): UserAgent {
  let known = userAgents.get(text);
  if (known === undefined) {
    const [word = ''] = text.trim().split(/\s/, 1);
    known = { word: shorten(word, MAX_WORD_LENGTH), hash: shortHash(12, text) };
    if (userAgents.size < REMEMBERED && text.length <= MAX_TEXT_LENGTH) {
      userAgents.set(text, known);
    }
  }
  return known;
}

const MAX_DETAILS = 50;
const MAX_DETAIL_LENGTH = 100;

// Decides little, so whatever is not a list of keys and values is left out, and nothing is refused for it.
function detailsOf(value: unknown): AuditRecord['details'] {
  const pairs = Array.isArray(value) ? value.slice(0, MAX_DETAILS).flatMap(pairOf) : [];
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

function pairOf(item: unknown): (readonly [string, string])[] {
  const { key, value } = (item ?? {}) as { readonly key?: unknown; readonly value?: unknown };
  return typeof key === 'string' && typeof value === 'string' && key !== '' && value !== ''
    ? [[shorten(key, MAX_DETAIL_LENGTH), shorten(value, MAX_DETAIL_LENGTH)]]
    : [];
}

// Streamed records carry the number of the enumeration where Graph sends its name.
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
