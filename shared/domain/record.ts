import type { Json } from './json';
import type { Instant } from './time';

// Fields of foreign rows are `| undefined`: a million rows a run are copied into these shapes, field by field.

/** One row of `GET /auditLogs/directoryAudits`, reduced to the fields that detectors use. */
export interface AuditRecord {
  readonly source: 'directoryAudits';
  readonly id: string;
  readonly at: Instant;
  /** `activityDisplayName`, trimmed: some names end with a space. */
  readonly activity: string;
  readonly result?: 'success' | 'failure' | 'timeout' | 'unknown' | undefined;
  readonly reason?: string | undefined;
  /** `loggedByService`, trimmed. */
  readonly service?: string | undefined;
  /** `operationType`: Add, Update, Delete and the like; a free text. */
  readonly operation?: string | undefined;
  readonly correlationId?: string | undefined;
  /** `additionalDetails` by key, values cut to 100 characters; absent when the row holds none. */
  readonly details?: Readonly<Record<string, string>> | undefined;
  readonly initiator: Initiator;
  readonly targets: readonly Target[];
}

/** Who did it: an app, a user, or neither when the row does not say. */
export interface Initiator {
  readonly app?: AppInitiator | undefined;
  readonly user?: UserInitiator | undefined;
}

export interface AppInitiator {
  /** Trimmed: some rows end it with a space. */
  readonly name?: string | undefined;
  readonly servicePrincipalName?: string | undefined;
}

export interface UserInitiator {
  /** In lower case, as every id of an object: exports differ in the case of letters. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

export interface Target {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  /** The user principal name, else the display name. */
  readonly name?: string | undefined;
  readonly changes: readonly Change[];
}

/**
 * One of the row's `modifiedProperties`, with the JSON text of its values parsed. `undefined` means that the row
 * holds no value (`null`), which differs from an empty list.
 */
export interface Change {
  readonly property: string;
  readonly before?: Json;
  readonly after?: Json;
}

/** One row of `GET /auditLogs/signIns`, reduced to the fields that detectors use. */
export interface SignInRecord {
  readonly source: 'signIns';
  readonly id: string;
  readonly at: Instant;
  readonly user: { readonly id: string; readonly name?: string | undefined };
  readonly clientApp?: string | undefined;
  /** What was signed in with: `appId` and `appDisplayName`. */
  readonly appId?: string | undefined;
  readonly app?: string | undefined;
  readonly isInteractive?: boolean | undefined;
  readonly userAgent?: UserAgent | undefined;
  readonly errorCode?: number | undefined;
  /** `status.failureReason`: Microsoft changes its wording, so it is searched and never compared. */
  readonly failureReason?: string | undefined;
  /** `status.additionalDetails`: what happened to MFA, in a few words. */
  readonly detail?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Where the person's account lives, and whose resource was signed in to: they differ for guests. */
  readonly homeTenantId?: string | undefined;
  readonly resourceTenantId?: string | undefined;
  readonly conditionalAccess: 'success' | 'failure' | 'notApplied' | 'unknown';
  /** Absent when the app may not read policies: the property is then omitted, not empty. */
  readonly policies?: readonly AppliedPolicy[] | undefined;
  readonly device: {
    readonly id?: string | undefined;
    readonly operatingSystem?: string | undefined;
    readonly browser?: string | undefined;
  };
  readonly country?: string | undefined;
  readonly city?: string | undefined;
  readonly address?: string | undefined;
  readonly resource?: string | undefined;
}

/** A user agent, by which two sign-ins are told apart without keeping what it says. */
export interface UserAgent {
  /** Its first word, such as `Mozilla/5.0` or `BAV2ROPC`. */
  readonly word: string;
  /** The first 12 hexadecimal digits of its SHA-256. */
  readonly hash: string;
}

export interface AppliedPolicy {
  /** In lower case; some exports leave it out. */
  readonly id?: string | undefined;
  readonly name: string;
  readonly result: string;
  readonly grantControls: readonly string[];
}

/** The collections of the directory that are read. */
export const COLLECTIONS = ['users', 'groups', 'contacts'] as const;
export type Collection = (typeof COLLECTIONS)[number];

/**
 * What one object of the directory had to do with some mail addresses at the start of a round. All objects that name an
 * address are recorded together when one of them changes, so each such round tells the whole story of the address.
 */
export interface DirectoryObjectRecord {
  readonly source: 'directoryObjects';
  /** The object id, in lower case. */
  readonly id: string;
  /** When the round began that showed it so. */
  readonly at: Instant;
  readonly collection: Collection;
  readonly name?: string | undefined;
  readonly userPrincipalName?: string | undefined;
  readonly mail?: string | undefined;
  /** A guest by its type, or an account of another tenant that is a member here. */
  readonly guest?: 'guest' | 'external-member' | undefined;
  readonly isSynced: boolean;
  /** Since which round it is seen to be disabled; absent while it is not. */
  readonly disabledSince?: Instant | undefined;
  readonly createdAt?: Instant | undefined;
  /** It holds at least one mail address. */
  readonly hasAddresses: boolean;
  /** It is no longer there: it says so (`deleted`, or `in-bin` as long as it can be restored), or it is listed no more. */
  readonly gone?: Gone | undefined;
  readonly on: readonly AddressView[];
  /** Collections of which nothing was completely read: what they hold is not known. */
  readonly notRead: readonly Collection[];
}

export type Gone = 'in-bin' | 'deleted' | 'missing';

/** What an object has to do with one address: nothing any more where it only has the address. */
export interface AddressView {
  /** In lower case, without a prefix. */
  readonly address: string;
  readonly holds?: 'primary' | 'alias' | undefined;
  readonly heldSince?: Instant | undefined;
  readonly wants: readonly WantedAddress[];
  readonly wantedSince?: Instant | undefined;
  /** Since which round its mail address is another one; absent while it is this, and if it never was. */
  readonly mailUntil?: Instant | undefined;
}

/** What says that an object should have an address and cannot get it. */
export interface WantedAddress {
  /** An error of a service such as Exchange, a conflict that synchronisation met, or its own mail address. */
  readonly by: 'service' | 'on-premises' | 'mail';
  /** Of the error. */
  readonly code?: string | undefined;
  /** What the error says, in its first sentence. */
  readonly says?: string | undefined;
}

/** Records of logs: each says that something happened. */
export type LogRecord = AuditRecord | SignInRecord;
export type EntraRecord = LogRecord | DirectoryObjectRecord;

/** What is read: the register of sources (`shared/sources`) has an entry for each. */
export type Source = EntraRecord['source'];
/** The sources that are logs. */
export type Log = LogRecord['source'];

/** A row that cannot be used: what is known of it, and why. Never holds a value of the row. */
export interface Malformed {
  readonly source?: Source;
  readonly id?: string;
  readonly reason: string;
  /** The names of its properties and how long the JSON of each is. */
  readonly lengths?: Readonly<Record<string, number>>;
  /** Absent: no detector reads rows of this kind, or its kind cannot be read. */
  readonly missed?: MissedRow;
}

/** What is known of an unreadable row that a detector needed: about whom it was and when, and nothing that it said. */
export interface MissedRow {
  /** The detectors that need rows of its kind. */
  readonly detectors: readonly string[];
  /** When it happened, half-open; absent: at some time in the window that it was read in. */
  readonly when?: { readonly from: Instant; readonly to: Instant };
  /** Absent: it may be about anybody. */
  readonly subject?: {
    readonly type: 'user';
    readonly id: string;
    readonly name?: string | undefined;
  };
}
