import type { Json, JsonObject } from '../../domain/json';
import type { Change } from '../../domain/record';
import { RowError } from './fields';
import { shorten } from './shorten';

/** Replaces what may not leave this room; the same value gets the same stand-in throughout one property. */
type Scrub = (value: Json, standIn: (secret: string) => string) => Json;

/** What is kept of a property. A text may stand there plainly, a list must be JSON. */
interface Kept {
  readonly holds: 'text' | 'list';
  readonly scrub: Scrub;
}

/**
 * The modified properties that detectors use, and what is kept of each. Everything else is dropped here: push tokens,
 * phone numbers and keys must not travel further (a detector that needs another property adds it to this list).
 */
const KEPT: Readonly<Record<string, Kept>> = {
  StrongAuthenticationPhoneAppDetail: each((device, standIn) => ({
    ...pick(device, ['Id', 'DeviceName', 'LastAuthenticatedTimestamp', 'AuthenticatorFlavor']),
    ...tokenOf(device, standIn),
  })),
  StrongAuthenticationMethod: each((method) => pick(method, ['MethodType', 'Default'])),
  StrongAuthenticationUserDetails: each((details) =>
    Object.fromEntries(
      Object.entries(details).map(([key, value]) => [
        key,
        value === null || value === '' ? null : 'set',
      ]),
    ),
  ),
  'Role.DisplayName': { holds: 'text', scrub: scalar },
  // Until when a pass works. The pass itself is in no row.
  'TemporaryAccessPass.EndDateTime': { holds: 'text', scrub: scalar },
  // Names the service that wrote the row when the row's initiator does not.
  SPN: { holds: 'text', scrub: scalar },
  'ActorId.ServicePrincipalNames': { holds: 'text', scrub: scalar },
  // Which group somebody was added to or removed from.
  'Group.ObjectID': { holds: 'text', scrub: scalar },
  'Group.DisplayName': { holds: 'text', scrub: texts },
};

/** What a group is called: kept only of groups, of a person these are names and addresses. */
const KEPT_OF_GROUPS: Readonly<Record<string, Kept>> = {
  DisplayName: { holds: 'text', scrub: texts },
  Mail: { holds: 'text', scrub: texts },
  MailNickname: { holds: 'text', scrub: texts },
  ProxyAddresses: { holds: 'text', scrub: texts },
};

/**
 * Parses the JSON text that Graph puts into `oldValue` and `newValue`, for the properties in use.
 * @param targetType of what the row changed: `Group`, `User` and the like.
 * @returns undefined for a property that nobody uses.
 * @throws RowError when a value that must be JSON is not.
 */
export function readChange(
  property: string | undefined,
  before: unknown,
  after: unknown,
  targetType?: string,
): Change | undefined {
  const kept =
    keptOf(KEPT, property) ??
    (targetType === 'Group' ? keptOf(KEPT_OF_GROUPS, property) : undefined);
  if (property === undefined || kept === undefined) {
    return undefined;
  }
  const { holds, scrub } = kept;
  const standIns = new Map<string, string>();
  function standIn(secret: string): string {
    const known = standIns.get(secret) ?? `token-${standIns.size + 1}`;
    standIns.set(secret, known);
    return known;
  }
  const old = parse(property, 'oldValue', before, holds);
  const fresh = parse(property, 'newValue', after, holds);
  return {
    property,
    ...(old !== undefined && { before: scrub(old, standIn) }),
    ...(fresh !== undefined && { after: scrub(fresh, standIn) }),
  };
}

function keptOf(list: Readonly<Record<string, Kept>>, property = ''): Kept | undefined {
  return Object.hasOwn(list, property) ? list[property] : undefined;
}

/** Some exports encode the JSON text once more, or twice. */
const MAX_CODINGS = 3;

function parse(
  property: string,
  side: string,
  value: unknown,
  holds: Kept['holds'],
): Json | undefined {
  let parsed = value;
  for (let coding = 0; coding < MAX_CODINGS && isCoded(parsed); coding++) {
    try {
      parsed = JSON.parse(parsed) as unknown;
    } catch {
      break;
    }
  }
  if (holds === 'list' && isCoded(parsed)) {
    throw new RowError(
      `the ${side} of ${property} is not JSON (${parsed.length} characters); the export may have cut it`,
    );
  }
  return parsed === null || parsed === undefined || parsed === '' ? undefined : (parsed as Json);
}

function isCoded(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function each(keep: (item: JsonObject, standIn: (secret: string) => string) => JsonObject): Kept {
  return {
    holds: 'list',
    scrub: (value, standIn) => {
      const items = Array.isArray(value) ? (value as readonly Json[]) : [value];
      return items
        .filter((item): item is JsonObject => typeof item === 'object' && item !== null)
        .map((item) => keep(item, standIn));
    },
  };
}

function pick(item: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, scalar(item[key])]));
}

// What has an inside may hide there what must not travel.
function scalar(value: Json | undefined): Json {
  if (value === undefined || typeof value === 'object') {
    return null;
  }
  return typeof value === 'string' ? shorten(value) : value;
}

/** More addresses than this are not compared with anything. */
const MAX_NAMES = 20;

/** One name stands there plainly or as a list of one, and a name may be a number. */
function texts(value: Json): Json {
  return (Array.isArray(value) ? (value as readonly Json[]) : [value])
    .filter((each) => typeof each === 'string' || typeof each === 'number')
    .slice(0, MAX_NAMES)
    .map((each) => shorten(String(each)));
}

// Code-only apps have no push token and say so; two of those are not the same phone.
function tokenOf(device: JsonObject, standIn: (secret: string) => string): JsonObject {
  const token = device['DeviceToken'];
  return typeof token === 'string' && token !== '' && token !== 'NO_DEVICE_TOKEN'
    ? { DeviceToken: standIn(token) }
    : {};
}
