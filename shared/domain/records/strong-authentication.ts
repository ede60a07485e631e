import type { Json } from '../canonical';
import { objectsIn, textOf } from '../facts';
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
export function authenticatorsIn(value: Json | undefined): readonly ListedAuthenticator[] {
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

// Rows of 2023 hold null for the ordinary app, rows since 2025 its name.
function flavorOf(flavor: string): string | null {
  const folded = flavor.trim().toLowerCase();
  return folded === '' || folded === 'authenticator' ? null : flavor;
}

/** Method types of the authenticator: push notification and one-time code. */
const AUTHENTICATOR_TYPES: readonly number[] = [6, 7];

/** The method types in a value of StrongAuthenticationMethod: of an authenticator, and of phone calls and messages. */
export function methodTypesIn(value: Json | undefined): {
  readonly all: readonly number[];
  readonly authenticator: readonly number[];
  readonly phone: readonly number[];
} {
  const types = objectsIn(value).map((method) => Number(method['MethodType']));
  const all = [...new Set(types)].sort((a, b) => a - b);
  return {
    all,
    authenticator: all.filter((type) => AUTHENTICATOR_TYPES.includes(type)),
    phone: all.filter((type) => type >= 0 && type < 6),
  };
}

/** What a value of StrongAuthenticationUserDetails holds; the adapter keeps only that something is set. */
export function contactIn(value: Json | undefined): {
  readonly phone: boolean;
  readonly email: boolean;
} {
  const set = objectsIn(value).flatMap((details) =>
    Object.entries(details).flatMap(([name, each]) => (each === 'set' ? [name] : [])),
  );
  return {
    phone: set.some((name) => /phone/i.test(name)),
    email: set.some((name) => /mail/i.test(name)),
  };
}

/** A time of a fact; null for what is none. */
export function instantOf(value: Json | undefined): Instant | null {
  try {
    return typeof value === 'string' ? toInstant(value) : null;
  } catch {
    return null; // not a time, so it proves nothing
  }
}
