import { shortHash } from '../../domain/json';
import type { AuditRecord, Change, SignInRecord, UserAgent } from '../../domain/record';
import type { Instant } from '../../domain/time';
import { isRecord, type Row } from '../../sources/values';
import { readChange } from './changes';
import * as field from './fields';
import { MAX_TEXT_LENGTH, shorten } from './shorten';
import { withSubject } from './subject';

/** @throws RowError */
export function toAuditRecord(id: string, at: Instant, row: Row): AuditRecord {
  const activity = field.required(row, 'activityDisplayName').trim();
  const initiator = field.part(row, 'initiatedBy', (by) => ({
    app: field.part(by, 'app', (app) => ({
      name: field.text(app, 'displayName')?.trim(),
      servicePrincipalName: field.text(app, 'servicePrincipalName')?.trim(),
    })),
    user: field.part(by, 'user', (user) => ({
      id: field.objectId(user, 'id'),
      name: field.name(user['userPrincipalName']) ?? field.name(user['displayName']),
    })),
  }));
  return {
    source: 'directoryAudits',
    id,
    at,
    activity,
    result: resultOf(field.text(row, 'result')?.toLowerCase()),
    reason: field.text(row, 'resultReason'),
    service: field.name(row['loggedByService'])?.trim(),
    operation: field.name(row['operationType']),
    correlationId: field.name(row['correlationId']),
    details: detailsOf(row['additionalDetails']),
    initiator: initiator ?? {},
    targets: withSubject(activity, field.list(row, 'targetResources', targetOf), initiator?.user),
  };
}

function targetOf(target: Row): AuditRecord['targets'][number] {
  // Spelled `Type` in documentation examples.
  const type = field.name(target['type']) ?? field.name(target['Type']);
  return {
    id: field.objectId(target, 'id'),
    type,
    name: field.name(target['userPrincipalName']) ?? field.name(target['displayName']),
    changes: field
      .list(target, 'modifiedProperties', (each) =>
        readChange(field.text(each, 'displayName'), each['oldValue'], each['newValue'], type),
      )
      .filter((change): change is Change => change !== undefined),
  };
}

/** @throws RowError */
export function toSignInRecord(id: string, at: Instant, row: Row): SignInRecord {
  const status = field.looseObject(row['status']);
  const device = field.looseObject(row['deviceDetail']);
  const location = field.looseObject(row['location']);
  return {
    source: 'signIns',
    id,
    at,
    user: {
      id: field.requiredId(row, 'userId'),
      name: field.name(row['userPrincipalName']) ?? field.name(row['userDisplayName']),
    },
    clientApp: field.text(row, 'clientAppUsed'),
    appId: field.name(row['appId'])?.toLowerCase(),
    app: field.name(row['appDisplayName']),
    isInteractive: field.flag(row['isInteractive']),
    userAgent: userAgentOf(row['userAgent']),
    errorCode: field.part(row, 'status', errorCodeOf),
    failureReason: field.name(status['failureReason']),
    detail: field.name(status['additionalDetails']),
    correlationId: field.name(row['correlationId']),
    homeTenantId: field.name(row['homeTenantId'])?.toLowerCase(),
    resourceTenantId: field.name(row['resourceTenantId'])?.toLowerCase(),
    conditionalAccess: conditionalAccessOf(field.wordOrNumber(row, 'conditionalAccessStatus')),
    policies: policiesOf(row['appliedConditionalAccessPolicies']),
    device: {
      id: field.name(device['deviceId']),
      operatingSystem: field.name(device['operatingSystem']),
      browser: field.name(device['browser']),
    },
    country: field.name(location['countryOrRegion']),
    city: field.name(location['city']),
    address: field.name(row['ipAddress']),
    resource: field.name(row['resourceDisplayName']),
  };
}

function errorCodeOf(status: Row): number | undefined {
  return field.wholeNumber(status, 'errorCode');
}

// Without the permission for policies the property is left out. What is no list of objects says nothing either.
function policiesOf(value: unknown): SignInRecord['policies'] {
  return Array.isArray(value) && value.every(isRecord)
    ? value.map((policy) => ({
        id: field.name(policy['id'])?.toLowerCase(),
        name: field.name(policy['displayName']) ?? 'a policy without a name',
        result: field.name(policy['result']) ?? 'unknown',
        grantControls: controlsOf(policy['enforcedGrantControls']),
      }))
    : undefined;
}

function controlsOf(value: unknown): readonly string[] {
  const controls: readonly unknown[] = Array.isArray(value) ? value : [];
  return controls.map((each) => (typeof each === 'string' ? shorten(each) : 'unknown'));
}

const MAX_WORD_LENGTH = 40;
/** So many user agents are remembered; few occur, and each comes by a million times. */
const REMEMBERED = 1_000;
const userAgents = new Map<string, UserAgent>();

// Kept as a hash, so its length does not matter.
function userAgentOf(text: unknown): UserAgent | undefined {
  if (typeof text !== 'string' || text === '') {
    return undefined;
  }
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

function conditionalAccessOf(status: string): SignInRecord['conditionalAccess'] {
  const text = status.trim().toLowerCase();
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
