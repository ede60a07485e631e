import { readRow } from '../../shared/adapters/rows/read-row';
import type { Json } from '../../shared/domain/json';
import type { CoverageBySource } from '../../shared/domain/reading/coverage';
import {
  parseSetting,
  type Assessment,
  type Detector,
  type Settings,
  type SettingSpecs,
  type Conclusion,
} from '../../shared/domain/detector';
import { edgesOf } from '../../shared/domain/findings/finding';
import type { EntraRecord, Malformed, Log } from '../../shared/domain/record';
import type { Signal } from '../../shared/domain/findings/signal';
import { MINUTE, plus, toInstant, type Instant } from '../../shared/domain/time';
import type { TimelineRef } from '../../shared/pipeline/ports/signal-store';
import { select, wantedBy } from '../../shared/pipeline/findings/select';

/** A row as Graph sends it. */
export type Row = Record<string, unknown>;

/** Minutes after the beginning of a story, or a time. */
export type When = number | string;

/** Stories begin on a Monday at noon. */
const BEGINNING = toInstant('2026-03-02T12:00:00Z');
/** 100 ns, the smallest step of event time, in minutes: this much before or after a deadline. */
export const TICK = 0.0001 / MINUTE;

export interface Frame {
  /** The log is complete to here. */
  readonly until: When;
  /** The log is complete from here; long before the story unless said. */
  readonly from?: When;
  readonly gaps?: readonly (readonly [When, When])[];
  /** Thresholds that differ from the shipped ones, such as `{ grace: '10m' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** One row of a test table. */
export interface Story<Expected = undefined> extends Frame {
  /** Finishes the sentence "raises ..." or "stays silent ...". */
  readonly when: string;
  readonly story: readonly Row[];
  readonly expected: Expected;
}

/** What an answer comes to, in the words that tests compare. */
export interface Said {
  readonly subject: string;
  readonly anchor: string;
  readonly state: string;
  readonly message?: string;
  readonly severity?: string;
  readonly stage?: string;
  readonly resolution?: string;
  readonly count?: number;
  readonly since?: Instant;
  readonly firstSeenAt?: Instant;
  readonly lastSeenAt?: Instant;
  readonly continues?: boolean;
  /** Ids of the first three and the last three events. */
  readonly evidence?: readonly string[];
  readonly facts?: Conclusion['facts'];
  readonly summary?: string;
}

export interface Played {
  /** By subject. */
  readonly answers: ReadonlyMap<string, Assessment>;
  /** The same answers, one after the other. */
  readonly said: readonly Said[];
  readonly malformed: readonly Malformed[];
}

/** Reads raw rows and lets the detector judge them: rows, records, signals, timelines, answers. */
export function play(detector: Detector, rows: readonly Row[], frame: Frame): Played {
  const answers = new Map<string, Assessment>();
  const said: Said[] = [];
  for (const { timeline, signals } of timelinesOf(detector, rows)) {
    const assessment = detector.assess(signals, coverageOf(frame), settingsOf(detector, frame));
    answers.set(timeline.subject.id, assessment);
    said.push(...sayAll(detector, assessment, signals, frame));
  }
  return { answers, said, malformed: read(detector, rows).malformed };
}

/** The timelines that raw rows come to, signals in order. */
export function timelinesOf(
  detector: Detector,
  rows: readonly Row[],
): readonly { readonly timeline: TimelineRef; readonly signals: readonly Signal[] }[] {
  const selection = select('tenant', [detector], read(detector, rows).records);
  return [...(selection.get(detector)?.values() ?? [])].map(({ timeline, signals }) => ({
    timeline,
    signals: [...signals.values()].sort((a, b) =>
      a.at < b.at || (a.at === b.at && a.key < b.key) ? -1 : 1,
    ),
  }));
}

/** The records of raw rows; those that the detector does not look at are left out, as in a poll. */
export function read(
  detector: Detector,
  rows: readonly Row[],
): { records: EntraRecord[]; malformed: Malformed[] } {
  const read = rows.map((row) => readRow(sourceOf(row), row, wantedBy([detector], sourceOf(row))));
  return {
    records: read.flatMap((each) => ('record' in each ? [each.record] : [])),
    malformed: read.flatMap((each) => ('malformed' in each ? [each.malformed] : [])),
  };
}

export function sourceOf(row: Row): Log {
  return 'activityDateTime' in row ? 'directoryAudits' : 'signIns';
}

export function coverageOf({ until, from = -100 * 24 * 60, gaps = [] }: Frame): CoverageBySource {
  const one = {
    from: at(from),
    to: at(until),
    gaps: gaps.map(([start, end]) => ({ from: at(start), to: at(end), why: 'not-read' as const })),
  };
  return { directoryAudits: one, signIns: one };
}

export function settingsOf(detector: Detector, { settings = {} }: Frame): Settings<SettingSpecs> {
  const values = Object.entries(detector.settings).map(([name, spec]) => [
    name,
    parseSetting(spec, settings[name] ?? spec.default),
  ]);
  return Object.fromEntries(values) as Settings<SettingSpecs>;
}

/** The instant that a story means. */
export function at(when: When): Instant {
  return typeof when === 'string' ? toInstant(when) : plus(BEGINNING, when * MINUTE);
}

function sayAll(
  detector: Detector,
  assessment: Assessment,
  timeline: readonly Signal[],
  { until }: Frame,
): readonly Said[] {
  const subject = timeline[0]!.subject;
  return assessment.findings.map((answer): Said => {
    const base = { subject: subject.id, anchor: answer.anchor.key, state: answer.state };
    if (answer.state !== 'open' && answer.state !== 'resolved') {
      return base;
    }
    const { anchor: _a, state: _s, evidence, ...stated } = answer;
    const told = { ...stated, who: subject.name ?? subject.id, completeTo: at(until) };
    return {
      ...base,
      ...stated,
      continues: answer.continues === true,
      evidence: edgesOf(evidence).map((each) => each.eventId),
      summary: detector.messages[answer.message]!.summary(told),
    };
  });
}

// ------------------------------------------------------------------------------------------------------ row factories

/** Who initiated an audit row: an app by name, or a user by id. */
export type By = { readonly app: string } | { readonly user: string };

export interface AuditOptions {
  readonly activity: string;
  /** The object id of the target; its name becomes `<user>@example.com`. */
  readonly user?: string;
  readonly by?: By;
  readonly result?: string;
  readonly reason?: string;
  readonly service?: string;
  readonly changes?: readonly (readonly [property: string, before: unknown, after: unknown])[];
  /** Raw fields laid over the row. */
  readonly raw?: Row;
}

/** A row of `auditLogs/directoryAudits` about a user. */
export function audit(id: string, when: When, options: AuditOptions): Row {
  const { activity, user = 'ann', by = { user }, result = 'success', reason = '' } = options;
  return {
    id,
    category: 'UserManagement',
    correlationId: '00000000-0000-4000-8000-000000000000',
    result,
    resultReason: reason,
    activityDisplayName: activity,
    activityDateTime: at(when),
    loggedByService: options.service ?? 'Authentication Methods',
    operationType: 'Update',
    initiatedBy: initiator(by),
    targetResources: [
      {
        id: user,
        displayName: null,
        type: 'User',
        userPrincipalName: `${user}@example.com`,
        groupType: null,
        modifiedProperties: (options.changes ?? []).map(([displayName, before, after]) => ({
          displayName,
          oldValue: jsonText(before),
          newValue: jsonText(after),
        })),
      },
    ],
    additionalDetails: [{ key: 'UserType', value: 'Member' }],
    ...options.raw,
  };
}

/** An "Update user" row: what the directory logs when an attribute changes. */
export function update(
  id: string,
  when: When,
  changes: AuditOptions['changes'],
  options: Partial<AuditOptions> = {},
): Row {
  return audit(id, when, {
    activity: 'Update user',
    service: 'Core Directory',
    changes: [
      ...(changes ?? []),
      ['Included Updated Properties', null, changes?.map(([name]) => name).join(', ') ?? ''],
      ['TargetId.UserType', null, 'Member'],
    ],
    ...options,
  });
}

function initiator(by: By): Row {
  return 'app' in by
    ? {
        app: {
          appId: null,
          displayName: by.app,
          servicePrincipalId: '00000000-0000-4000-8000-00000000000a',
          servicePrincipalName: null,
        },
        user: null,
      }
    : {
        app: null,
        user: {
          id: by.user,
          displayName: null,
          userPrincipalName: `${by.user}@example.com`,
          ipAddress: '192.0.2.10',
        },
      };
}

// Graph puts JSON text into the values of modified properties; null is null.
function jsonText(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

export interface SignInOptions {
  readonly user?: string;
  readonly clientApp?: string;
  readonly errorCode?: number;
  readonly conditionalAccess?: Json;
  /** `undefined`: the property is left out, as without Policy.Read.All. */
  readonly policies?: readonly (readonly [
    name: string,
    result: string,
    controls: readonly string[],
  ])[];
  readonly deviceId?: string | null;
  readonly system?: string | null;
  readonly country?: string;
  readonly city?: string;
  readonly address?: string;
  readonly raw?: Row;
}

/** A row of `auditLogs/signIns`: a browser sign-in, unless said otherwise. */
export function signIn(id: string, when: When, options: SignInOptions = {}): Row {
  const { user = 'ann', policies } = options;
  return {
    id,
    createdDateTime: at(when),
    userDisplayName: user,
    userPrincipalName: `${user}@example.com`,
    userId: user,
    appDisplayName: 'Office 365 Exchange Online',
    ipAddress: options.address ?? '203.0.113.7',
    clientAppUsed: options.clientApp ?? 'Browser',
    conditionalAccessStatus: options.conditionalAccess ?? 'success',
    isInteractive: true,
    resourceDisplayName: 'Office 365 Exchange Online',
    status: { errorCode: options.errorCode ?? 0, failureReason: null, additionalDetails: null },
    deviceDetail: {
      deviceId: options.deviceId ?? '',
      displayName: null,
      operatingSystem: options.system === undefined ? 'Android' : options.system,
      browser: null,
    },
    location: { city: options.city ?? 'Oslo', countryOrRegion: options.country ?? 'NO' },
    ...(policies !== undefined && {
      appliedConditionalAccessPolicies: policies.map(([displayName, result, controls]) => ({
        displayName,
        result,
        enforcedGrantControls: controls,
        enforcedSessionControls: [],
      })),
    }),
    ...options.raw,
  };
}
