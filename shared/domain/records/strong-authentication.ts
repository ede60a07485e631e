import type { Json } from '../json';
import { objectsIn, textOf } from '../facts';
import type { Change } from '../record';
import { toInstant, type Instant } from '../time';

// The StrongAuthentication* attributes of a user, as "Update user" rows hold them (the adapter has parsed them).

/** Microsoft Entra keeps so many authenticators for one user; the next one is refused. */
export const PLACES = 5;

/** One authenticator of the list in StrongAuthenticationPhoneAppDetail. */
export interface ListedAuthenticator {
  /** In lower case: rows differ in it. */
  readonly id: string;
  /** Absent for apps that only show codes, which have no phone to name. */
  readonly name: string | null;
  /** An app that only shows codes, of Microsoft or of others. */
  readonly isCodeOnly: boolean;
  /** A stand-in of the push token, equal within one row where the tokens were. */
  readonly token: string | null;
  /** Null for the ordinary app: no flavor, or `Authenticator`. */
  readonly flavor: string | null;
  readonly usedAt: Instant | null;
}

const CODE_ONLY = 'NO_DEVICE';

/** The authenticators in a value of StrongAuthenticationPhoneAppDetail. */
function authenticatorsIn(value: Json | undefined): readonly ListedAuthenticator[] {
  return objectsIn(value).flatMap((device) => {
    const id = textOf(device['Id']).toLowerCase();
    const name = textOf(device['DeviceName']);
    const isCodeOnly = name.toUpperCase() === CODE_ONLY;
    return id === ''
      ? []
      : [
          {
            id,
            name: isCodeOnly ? null : name || null,
            isCodeOnly,
            token: textOf(device['DeviceToken']) || null,
            flavor: flavorOf(textOf(device['AuthenticatorFlavor'])),
            usedAt: instantOf(device['LastAuthenticatedTimestamp']),
          },
        ];
  });
}

/** What a change of StrongAuthenticationPhoneAppDetail did to the list. */
export interface AuthenticatorChange {
  /** Ids that were not listed before. */
  readonly added: readonly ListedAuthenticator[];
  /** Those of them that are no authenticator of before under a new Id: the push token tells. */
  readonly registered: readonly ListedAuthenticator[];
  readonly removed: readonly ListedAuthenticator[];
  /** Those that stayed and whose time of use moved. */
  readonly used: readonly ListedAuthenticator[];
  /** The Ids listed after it, and before it; null where the row does not say what was listed before. */
  readonly listed: readonly string[];
  readonly others: readonly string[] | null;
}

/** What a row says of the authenticators of a user; nothing for a change of anything else. */
export function authenticatorChange({
  property,
  before: old,
  after: now,
}: Change): AuthenticatorChange | undefined {
  if (property !== 'StrongAuthenticationPhoneAppDetail') {
    return undefined;
  }
  const before = authenticatorsIn(old);
  const after = authenticatorsIn(now);
  const idsBefore = before.map(({ id }) => id);
  const listed = after.map(({ id }) => id);
  const added = after.filter(({ id }) => !idsBefore.includes(id));
  const removed = before.filter(({ id }) => !listed.includes(id));
  return {
    added,
    // Added beside the old Id, the same push token is another registration of that phone.
    registered: added.filter(
      ({ token }) => !removed.some((each) => each.token !== null && each.token === token),
    ),
    removed,
    used: after.filter(
      ({ id, usedAt }) =>
        usedAt !== null &&
        idsBefore.includes(id) &&
        before.find((each) => each.id === id)?.usedAt !== usedAt,
    ),
    listed,
    others: old === undefined ? null : idsBefore,
  };
}

// Rows of 2023 hold null for the ordinary app, rows since 2025 its name.
function flavorOf(flavor: string): string | null {
  const folded = flavor.trim().toLowerCase();
  return folded === '' || folded === 'authenticator' ? null : flavor;
}

/** Method types of the authenticator: push notification and one-time code. */
const AUTHENTICATOR_TYPES: readonly number[] = [6, 7];

/** What a change of StrongAuthenticationMethod did to the methods that MFA may use. */
export interface MethodChange {
  /** None is left, and there were some. */
  readonly isEmptied: boolean;
  /** Push notification or one-time code came to it. */
  readonly hasNewAuthenticator: boolean;
  /** Phone calls and messages. */
  readonly phone: Presence;
}

/** Whether something is set after a change, and was not before it. */
export type Presence = 'new' | 'kept' | 'removed' | 'absent';

/** What a row says of the methods of a user; nothing for a change of anything else. */
export function methodChange({ property, before, after }: Change): MethodChange | undefined {
  if (property !== 'StrongAuthenticationMethod') {
    return undefined;
  }
  const old = methodTypesIn(before);
  const now = methodTypesIn(after);
  const isNew = (type: number): boolean => !old.includes(type);
  const phones = now.filter(isPhone);
  return {
    isEmptied: now.length === 0 && old.length > 0,
    hasNewAuthenticator: now.some((type) => AUTHENTICATOR_TYPES.includes(type) && isNew(type)),
    phone: phones.some(isNew) ? 'new' : presence(old.some(isPhone), phones.length > 0),
  };
}

function methodTypesIn(value: Json | undefined): readonly number[] {
  return objectsIn(value).map((method) => Number(method['MethodType']));
}

function isPhone(type: number): boolean {
  return type >= 0 && type < 6;
}

/** What a change of StrongAuthenticationUserDetails did to phone number and mail address. */
export interface ContactChange {
  readonly phone: Presence;
  readonly email: Presence;
}

/** What a row says of the contacts of a user; nothing for a change of anything else. */
export function contactChange({ property, before, after }: Change): ContactChange | undefined {
  if (property !== 'StrongAuthenticationUserDetails') {
    return undefined;
  }
  const of = (name: RegExp): Presence => presence(isSet(before, name), isSet(after, name));
  return { phone: of(/phone/i), email: of(/mail/i) };
}

// The adapter keeps only that something is set.
function isSet(value: Json | undefined, name: RegExp): boolean {
  return objectsIn(value).some((details) =>
    Object.entries(details).some(([key, each]) => each === 'set' && name.test(key)),
  );
}

function presence(before: boolean, after: boolean): Presence {
  return after ? (before ? 'kept' : 'new') : before ? 'removed' : 'absent';
}

/** A time of a fact; null for what is none. */
export function instantOf(value: Json | undefined): Instant | null {
  try {
    return typeof value === 'string' ? toInstant(value) : null;
  } catch {
    return null; // not a time, so it proves nothing
  }
}
