import type { RawAudit, RawSignIn } from './schema';
import { MAX_ID_LENGTH, MAX_TEXT_LENGTH } from './shorten';

/**
 * The usual row, narrowed by hand: what the schema would make of it, in a tenth of the time. Anything that is not as
 * Graph sends it every day (another type, a text too long) is left to the schema, which says what becomes of it.
 */

/** Not a failure: the schema looks at the row instead. */
class UnusualError extends Error {}
const UNUSUAL = new UnusualError();

type Row = Readonly<Record<string, unknown>>;

/** @returns undefined when the row is an unusual one. */
export function plainAudit(row: unknown): RawAudit | undefined {
  return usual(row, narrowAudit);
}

/** @returns undefined when the row is an unusual one. */
export function plainSignIn(row: unknown): RawSignIn | undefined {
  return usual(row, narrowSignIn);
}

function usual<T>(row: unknown, narrow: (row: Row) => T): T | undefined {
  try {
    return narrow(object(row) ?? unusual());
  } catch (error) {
    if (error === UNUSUAL) {
      return undefined;
    }
    throw error;
  }
}

function narrowSignIn(row: Row): RawSignIn {
  const status = object(row['status']);
  const device = object(row['deviceDetail']);
  const location = object(row['location']);
  const policies = row['appliedConditionalAccessPolicies'];
  const { conditionalAccessStatus } = row;
  const userId = text(row['userId']);
  return {
    userId: userId === undefined || userId.length > MAX_ID_LENGTH ? unusual() : lower(userId),
    userPrincipalName: text(row['userPrincipalName']),
    userDisplayName: text(row['userDisplayName']),
    clientAppUsed: text(row['clientAppUsed']),
    appId: lower(text(row['appId'])),
    appDisplayName: text(row['appDisplayName']),
    isInteractive: flag(row['isInteractive']),
    userAgent: anyText(row['userAgent']),
    status: status && {
      errorCode: code(status['errorCode']),
      failureReason: text(status['failureReason']),
      additionalDetails: text(status['additionalDetails']),
    },
    correlationId: text(row['correlationId']),
    homeTenantId: lower(text(row['homeTenantId'])),
    resourceTenantId: lower(text(row['resourceTenantId'])),
    conditionalAccessStatus:
      typeof conditionalAccessStatus === 'string' ? conditionalAccessStatus : unusual(),
    appliedConditionalAccessPolicies: isNothing(policies) ? undefined : list(policies).map(policy),
    deviceDetail: device && {
      deviceId: text(device['deviceId']),
      operatingSystem: text(device['operatingSystem']),
      browser: text(device['browser']),
    },
    location: location && {
      city: text(location['city']),
      countryOrRegion: text(location['countryOrRegion']),
    },
    ipAddress: text(row['ipAddress']),
    resourceDisplayName: text(row['resourceDisplayName']),
  };
}

function policy(
  value: unknown,
): NonNullable<RawSignIn['appliedConditionalAccessPolicies']>[number] {
  const row = object(value) ?? unusual();
  const controls = row['enforcedGrantControls'];
  return {
    id: lower(text(row['id'])),
    displayName: text(row['displayName']),
    result: text(row['result']),
    enforcedGrantControls: isNothing(controls)
      ? undefined
      : list(controls).map((each) => text(each) ?? unusual()),
  };
}

function narrowAudit(row: Row): RawAudit {
  const { activityDisplayName } = row;
  const by = object(row['initiatedBy']);
  const app = by && object(by['app']);
  const user = by && object(by['user']);
  return {
    activityDisplayName: typeof activityDisplayName === 'string' ? activityDisplayName : unusual(),
    result: text(row['result']),
    resultReason: text(row['resultReason']),
    loggedByService: text(row['loggedByService'])?.trim(),
    operationType: text(row['operationType']),
    correlationId: text(row['correlationId']),
    additionalDetails: row['additionalDetails'],
    initiatedBy: by && {
      app: app && {
        displayName: text(app['displayName'])?.trim(),
        servicePrincipalName: text(app['servicePrincipalName'])?.trim(),
      },
      user: user && {
        id: lower(text(user['id'])),
        userPrincipalName: text(user['userPrincipalName']),
        displayName: text(user['displayName']),
      },
    },
    targetResources: list(row['targetResources']).map(target),
  };
}

function target(value: unknown): RawAudit['targetResources'][number] {
  const row = object(value) ?? unusual();
  return {
    id: lower(text(row['id'])),
    type: text(row['type']),
    Type: text(row['Type']),
    displayName: text(row['displayName']),
    userPrincipalName: text(row['userPrincipalName']),
    modifiedProperties: list(row['modifiedProperties']).map(change),
  };
}

function change(value: unknown): RawAudit['targetResources'][number]['modifiedProperties'][number] {
  const row = object(value) ?? unusual();
  return {
    displayName: text(row['displayName']),
    oldValue: row['oldValue'],
    newValue: row['newValue'],
  };
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return value.length > MAX_TEXT_LENGTH ? unusual() : value === '' ? undefined : value;
  }
  return isNothing(value) ? undefined : unusual();
}

function anyText(value: unknown): string | undefined {
  return typeof value === 'string' ? value || undefined : isNothing(value) ? undefined : unusual();
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : isNothing(value) ? undefined : unusual();
}

function lower(value: string): string;
function lower(value: string | undefined): string | undefined;
function lower(value: string | undefined): string | undefined {
  return value?.toLowerCase();
}

function code(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : isNothing(value) ? undefined : unusual();
}

function object(value: unknown): Row | undefined {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? unusual() : (value as Row);
  }
  return isNothing(value) ? undefined : unusual();
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isNothing(value) ? [] : unusual();
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function unusual(): never {
  throw UNUSUAL;
}
