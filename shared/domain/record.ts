import type { Json } from './canonical';
import type { Instant } from './time';

/** The feeds that are read. */
export const SOURCES = ['directoryAudits', 'signIns'] as const;
export type Source = (typeof SOURCES)[number];

/** One row of `GET /auditLogs/directoryAudits`, reduced to the fields that detectors use. */
export interface AuditRecord {
  readonly source: 'directoryAudits';
  readonly id: string;
  readonly at: Instant;
  /** `activityDisplayName`, trimmed: some names end with a space. */
  readonly activity: string;
  readonly result?: 'success' | 'failure' | 'timeout' | 'unknown';
  readonly reason?: string;
  readonly initiator: Initiator;
  readonly targets: readonly Target[];
}

/** Who did it: an app, a user, or neither when the row does not say. */
export interface Initiator {
  readonly app?: { readonly name?: string; readonly servicePrincipalName?: string };
  readonly user?: { readonly id?: string; readonly name?: string };
}

export interface Target {
  readonly id?: string;
  readonly type?: string;
  /** The user principal name, else the display name. */
  readonly name?: string;
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
  readonly user: { readonly id: string; readonly name?: string };
  readonly clientApp?: string;
  readonly errorCode?: number;
  readonly conditionalAccess: 'success' | 'failure' | 'notApplied' | 'unknown';
  /** Absent when the app may not read policies: the property is then omitted, not empty. */
  readonly policies?: readonly AppliedPolicy[];
  readonly device: { readonly id?: string; readonly operatingSystem?: string };
  readonly country?: string;
  readonly city?: string;
  readonly address?: string;
  readonly resource?: string;
}

export interface AppliedPolicy {
  readonly name: string;
  readonly result: string;
  readonly grantControls: readonly string[];
}

export type EntraRecord = AuditRecord | SignInRecord;
export type RecordOf<S extends Source> = Extract<EntraRecord, { source: S }>;

/** A row that cannot be used: what is known of it, and why. Never holds a value of the row. */
export interface Malformed {
  readonly source?: Source;
  readonly id?: string;
  readonly reason: string;
}
