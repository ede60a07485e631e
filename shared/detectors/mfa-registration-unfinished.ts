import type { Json, JsonObject } from '../domain/canonical';
import type { CoverageBySource, Look } from '../domain/coverage';
import {
  defineDetector,
  lookForAbsence,
  type Answer,
  type Evidence,
  type Severity,
  type Stated,
  type Timeline,
  type Told,
} from '../domain/detector';
import { objectsIn, textOf, textsIn } from '../domain/facts';
import type { AuditRecord, Change, EntraRecord, SignInRecord, Target } from '../domain/record';
import type { Signal, Subject } from '../domain/signal';
import {
  dayOf,
  earliest,
  MINUTE,
  monthOf,
  plus,
  toInstant,
  toMinute,
  type Instant,
} from '../domain/time';

const NEEDS = ['directoryAudits'] as const;
const MFA_SERVICE = 'Azure MFA StrongAuthenticationService';
/** Its appId, which Graph leaves null and puts into the service principal name, when anywhere. */
const MFA_SERVICE_APP_ID = 'b5a60e17-278b-4c92-a4e2-b9262e66bb28';
/** Method types of the authenticator: push notification and one-time code. */
const AUTHENTICATOR_METHODS = [6, 7];
/** Within this much of a scanned code, "started" belongs to the same attempt. */
const SAME_ATTEMPT = 15 * MINUTE;
/** Roles whose holder makes an unfinished registration urgent, as Entra names them. */
const PRIVILEGED_ROLES = new Set([
  'global administrator',
  'privileged role administrator',
  'privileged authentication administrator',
  'authentication administrator',
  'security administrator',
  'conditional access administrator',
  'application administrator',
  'cloud application administrator',
  'exchange administrator',
  'sharepoint administrator',
  'user administrator',
  'helpdesk administrator',
  'hybrid identity administrator',
  'intune administrator',
  'billing administrator',
  'company administrator',
]);

export const mfaRegistrationUnfinished = defineDetector({
  id: 'mfa-registration-unfinished',
  version: 1,
  title: 'Authenticator added but never verified',
  summary:
    'Somebody scanned the QR code, so the authenticator is listed on the account, and closed the page before ' +
    'entering the number. Portal lists and Graph show it like a good one, but it cannot satisfy MFA: the user is ' +
    'asked to set up again at the next MFA prompt, and reports of who is registered are wrong.',
  severity: 'medium',
  attack: ['T1556.006'],
  runbook: [
    'In Entra > Users > the user > Authentication methods, check whether Microsoft Authenticator stands under "Non-usable authentication methods" (the device Id is in the evidence).',
    'Ask the user whether they added it themselves at {first seen}. If not: revoke sessions, reset the password and look at the sign-ins of the day before.',
    'Otherwise delete the listed authenticator and have the user register again at https://aka.ms/mysecurityinfo, up to entering the number.',
    'Before a Conditional Access policy that requires MFA is switched on, check that no finding of this detector is open for the people it covers.',
  ],
  falsePositives: [
    'The user verified in a way that is logged nowhere this detector looks (none is known).',
    'An administrator removed the device by a path that writes no audit row.',
  ],
  blindSpots: [
    'A registration that began before the audit log was first read.',
    'Roles that were assigned before the audit log was first read, or by a group: severity is then medium, not high.',
    'Rows that Graph shows later than 48 hours after they happened.',
  ],
  references: [
    'https://timmcmic.blog (2023-08, "Are my users registered for Azure MFA?")',
    'https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities',
  ],
  settings: {
    grace: {
      kind: 'duration',
      default: '60m',
      meaning: 'How long a registration may take before it counts as unfinished.',
    },
    skew: {
      kind: 'duration',
      default: '2m',
      meaning: 'How far the clocks of the logging services may differ.',
    },
    lookback: {
      kind: 'duration',
      default: '30d',
      meaning: 'How far before the registration another known method lowers the severity.',
    },
  },
  reads: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Update user',
        'User started security info registration',
        'User registered security info',
        'User registered all required security info',
        'User canceled security info registration',
        'User cancelled security info registration',
        'User deleted security info',
        'Admin deleted security info',
        'Admin registered security info',
        'Add passwordless phone sign-in credential',
        'Add Passkey (device-bound)',
        'Add Passkey (device-bound) security key',
        'Add member to role',
      ],
    },
    {
      source: 'signIns',
      property: 'status/errorCode',
      values: [53004, 53010],
      optional: true,
    },
  ],
  expects: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: ['Update user'],
      otherwise:
        'The audit log holds no "Update user" of Core Directory: added authenticators cannot be seen.',
    },
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'User started security info registration',
        'User registered security info',
        'User registered all required security info',
      ],
      otherwise:
        'The audit log holds nothing of the service Authentication Methods: completed registrations are seen only by what they change on the account. Export all services.',
    },
  ],
  retain: '90d',
  join: { uses: 'first3', latestUses: 'last3' },
  messages: {
    unfinished: {
      title: 'Authenticator added but never verified',
      summary: (told) =>
        `${told.who} scanned the code at ${toMinute(told.firstSeenAt)}${deviceIn(told)}, no verification logged by ` +
        `${toMinute(told.since)} (log complete to ${toMinute(told.completeTo)}). The phone is listed but cannot ` +
        `satisfy MFA; at the next MFA prompt they will be asked to set up again.${contextIn(told)}`,
    },
    late: {
      title: 'Authenticator verified late',
      summary: (told) =>
        `${told.who} scanned the code at ${toMinute(told.firstSeenAt)}${deviceIn(told)} and left it unverified past ` +
        `${toMinute(told.since)}. That has ended since: ${textOf(told.facts['ended'])}.`,
    },
    started: {
      title: 'Security info registration started and left',
      summary: (told) =>
        `${told.who} started to register an authenticator at ${toMinute(told.firstSeenAt)} and nothing followed ` +
        `(log complete to ${toMinute(told.completeTo)}). Alone this puts nothing on the account.`,
    },
  },

  signals(record) {
    return record.source === 'directoryAudits' ? auditSignals(record) : signInSignals(record);
  },

  assess(timeline, coverage, settings) {
    const story = readStory(timeline);
    const byDevice = Map.groupBy(story.added, (signal) => textOf(signal.facts['device']));
    const byDay = Map.groupBy(story.alone, (signal) => dayOf(signal.at));
    const findings = [
      ...[...byDevice].map(([device, entries]) =>
        conclude({ key: `device:${device}`, device, entries, story, coverage, settings }),
      ),
      ...[...byDay].map(([day, entries]) =>
        conclude({ key: `started:${day}`, entries, story, coverage, settings }),
      ),
    ].flat();
    const waits = findings.flatMap((each) => (each.state === 'pending' ? [each.until] : []));
    const answers = mostTelling(findings);
    const [first, ...others] = waits;
    return first === undefined
      ? { findings: answers }
      : { findings: answers, askAgainAt: earliest(first, ...others) };
  },
});

// --------------------------------------------------------------------------------------------- what a record says

type Kind =
  | 'device-added'
  | 'device-removed'
  | 'device-used'
  | 'started'
  | 'completed'
  | 'cancelled'
  | 'deleted'
  | 'admin-reset'
  | 'other-method'
  | 'role-added'
  | 'proof-up-blocked';

function auditSignals(record: AuditRecord): Signal[] {
  const target = record.targets.find(
    (each) => each.type === undefined || each.type === 'User' || each.type === 'N/A',
  );
  const subject = target && subjectOf(record, target);
  if (target === undefined || subject === undefined) {
    return [];
  }
  if (record.result !== 'success') {
    return failureSignals(record, subject);
  }
  const draw = (kind: Kind, facts: JsonObject = {}, part = ''): Signal =>
    signal(record, subject, kind, facts, part);
  const names = reasonNames(record.reason);
  switch (record.activity.toLowerCase()) {
    case 'update user':
      return target.changes.flatMap((change) => changeSignals(record, change, draw));
    case 'user started security info registration':
      return !names.isFailure && (names.authenticator || record.reason === undefined)
        ? [draw('started', { reason: record.reason ?? null })]
        : [];
    case 'user registered security info':
      return names.isFailure
        ? []
        : names.authenticator || names.passkey
          ? [draw('completed', { by: record.reason ?? 'registered' })]
          : [draw('other-method', { method: record.reason ?? 'unnamed' })];
    case 'user registered all required security info':
      return [draw('completed', { by: 'all required security info' })];
    case 'add passwordless phone sign-in credential':
    case 'add passkey (device-bound)':
    case 'add passkey (device-bound) security key':
      return [draw('completed', { by: record.activity })];
    case 'user canceled security info registration':
    case 'user cancelled security info registration':
      return [draw('cancelled')];
    case 'user deleted security info':
      return names.authenticator ? [draw('deleted')] : [];
    case 'admin deleted security info':
      return names.authenticator || record.reason === undefined ? [draw('admin-reset')] : [];
    case 'admin registered security info':
      return [draw('other-method', { method: record.reason ?? 'unnamed' })];
    case 'add member to role':
      return privilegedRoles(target).map((role) => draw('role-added', { role }, role));
    default:
      return [];
  }
}

// "All required security info" that failed is how some cancellations are logged.
function failureSignals(record: AuditRecord, subject: Subject): Signal[] {
  const activity = record.activity.toLowerCase();
  return activity === 'user registered all required security info' ||
    /^user cancell?ed security info registration$/.test(activity)
    ? [signal(record, subject, 'cancelled', {}, '')]
    : [];
}

function signInSignals(record: SignInRecord): Signal[] {
  const { errorCode, user } = record;
  return errorCode === 53004 || errorCode === 53010
    ? [signal(record, { type: 'user', ...user }, 'proof-up-blocked', { errorCode }, '')]
    : [];
}

function changeSignals(
  record: AuditRecord,
  change: Change,
  draw: (kind: Kind, facts?: JsonObject, part?: string) => Signal,
): Signal[] {
  if (change.property === 'StrongAuthenticationPhoneAppDetail') {
    return phoneAppSignals(record, change, draw);
  }
  if (change.property === 'StrongAuthenticationMethod') {
    const before = methodTypes(change.before);
    const after = methodTypes(change.after);
    if (after.some((type) => AUTHENTICATOR_METHODS.includes(type) && !before.includes(type))) {
      return [draw('completed', { by: 'StrongAuthenticationMethod' })];
    }
    if (after.length === 0 && before.length > 0) {
      return isByOther(record) ? [draw('admin-reset')] : [];
    }
    return after.length > 0
      ? [draw('other-method', { method: `method types ${after.join()}` })]
      : [];
  }
  return change.property === 'StrongAuthenticationUserDetails' && hasContact(change.after)
    ? [draw('other-method', { method: 'a phone number or address' }, 'contact')]
    : [];
}

function phoneAppSignals(
  record: AuditRecord,
  change: Change,
  draw: (kind: Kind, facts?: JsonObject, part?: string) => Signal,
): Signal[] {
  const before = devicesIn(change.before);
  const after = devicesIn(change.after);
  const added = after.filter((device) => !before.some((each) => each.id === device.id));
  const removed = before.filter((device) => !after.some((each) => each.id === device.id));
  const isService = isByMfaService(record);
  return [
    // An Id that changed while the push token stayed is the same phone under a new name; added beside the old Id, it
    // is another registration of that phone.
    ...added
      .filter((device) => !removed.some((old) => old.token !== null && old.token === device.token))
      .filter(() => isService)
      .map((device) =>
        draw(
          'device-added',
          {
            device: device.id,
            name: device.name,
            flavor: device.flavor,
            others: before.map((old) => old.id),
          },
          device.id,
        ),
      ),
    ...removed.map((device) => draw('device-removed', { device: device.id }, device.id)),
    // Rewritten at ordinary sign-ins, so one signal a month per device keeps the earliest and the latest uses. Rows
    // that rewrite something else are left out: they would push the first uses out.
    ...after
      .filter((device) => !added.includes(device) && isMoved(device, before))
      .map((device): Signal => {
        const use = { at: record.at, stamp: device.usedAt, eventId: record.id };
        const { eventId: _sharedByMonth, ...shared } = draw('device-used', {
          device: device.id,
          uses: [use],
          latestUses: [use],
        });
        return { ...shared, key: `used|${device.id}|${monthOf(record.at)}` };
      }),
  ];
}

function isMoved(device: PhoneApp, before: readonly PhoneApp[]): boolean {
  const old = before.find((each) => each.id === device.id);
  return device.usedAt !== null && device.usedAt !== old?.usedAt;
}

function signal(
  record: EntraRecord,
  subject: Subject,
  kind: Kind,
  facts: JsonObject,
  part: string,
): Signal {
  const { source, id, at } = record;
  return { key: `${id}|${kind}|${part}`, source, eventId: id, at, subject, kind, facts };
}

// Some rows name their target by address alone; when the user did it to themselves, the initiator has the id.
function subjectOf(record: AuditRecord, target: Target): Subject | undefined {
  const { user } = record.initiator;
  const id = target.id ?? (user?.name === target.name ? user?.id : undefined);
  return id === undefined
    ? undefined
    : { type: 'user', id, ...(target.name !== undefined && { name: target.name }) };
}

function isByMfaService(record: AuditRecord): boolean {
  const { app } = record.initiator;
  return app?.name === MFA_SERVICE || app?.servicePrincipalName === MFA_SERVICE_APP_ID;
}

function isByOther(record: AuditRecord): boolean {
  const by = record.initiator.user?.id;
  return by !== undefined && record.targets.every((target) => target.id !== by);
}

function reasonNames(reason = ''): {
  readonly isFailure: boolean;
  readonly authenticator: boolean;
  readonly passkey: boolean;
} {
  return {
    isFailure: /^\s*user failed\b/i.test(reason),
    authenticator: /authenticator/i.test(reason),
    passkey: /passkey|fido|passwordless/i.test(reason),
  };
}

function privilegedRoles(target: Target): string[] {
  return target.changes
    .filter((change) => change.property === 'Role.DisplayName')
    .map((change) => textOf(change.after))
    .filter((role) => PRIVILEGED_ROLES.has(role.toLowerCase()));
}

interface PhoneApp {
  readonly id: string;
  readonly name: string | null;
  readonly token: string | null;
  readonly flavor: string | null;
  readonly usedAt: Instant | null;
}

function devicesIn(value: Json | undefined): PhoneApp[] {
  return objectsIn(value).flatMap((device) => {
    const id = textOf(device['Id']);
    return id === ''
      ? []
      : [
          {
            id,
            name: textOf(device['DeviceName']) || null,
            token: textOf(device['DeviceToken']) || null,
            flavor: textOf(device['AuthenticatorFlavor']) || null,
            usedAt: instantOf(device['LastAuthenticatedTimestamp']),
          },
        ];
  });
}

function methodTypes(value: Json | undefined): number[] {
  const types = objectsIn(value).map((method) => Number(method['MethodType']));
  return [...new Set(types)].sort((a, b) => a - b);
}

function hasContact(value: Json | undefined): boolean {
  return objectsIn(value).some((details) => Object.values(details).some((each) => each === 'set'));
}

function instantOf(value: Json | undefined): Instant | null {
  try {
    return typeof value === 'string' ? toInstant(value) : null;
  } catch {
    return null; // not a time, so it proves no use
  }
}

// ---------------------------------------------------------------------------------------------- what it amounts to

interface Story {
  readonly added: readonly Signal[];
  readonly started: readonly Signal[];
  /** Starts that no scanned code belongs to. */
  readonly alone: readonly Signal[];
  readonly all: Timeline;
}

/** Something that ends an unfinished registration, and the code it ends with. */
interface End {
  readonly at: Instant;
  readonly code: string;
  readonly evidence: Evidence;
}

function readStory(timeline: Timeline): Story {
  const added = timeline.filter((signal) => signal.kind === 'device-added');
  const started = timeline.filter((signal) => signal.kind === 'started');
  const alone = started.filter((start) => !added.some((entry) => isSameAttempt(start, entry)));
  return { added, started, alone, all: timeline };
}

function isSameAttempt(start: Signal, entry: Signal): boolean {
  return entry.at >= plus(start.at, -SAME_ATTEMPT) && entry.at <= plus(start.at, SAME_ATTEMPT);
}

interface Question {
  readonly key: string;
  /** Absent for a registration that was only started. */
  readonly device?: string;
  readonly entries: readonly Signal[];
  readonly story: Story;
  readonly coverage: CoverageBySource;
  readonly settings: { readonly grace: number; readonly skew: number; readonly lookback: number };
}

type MessageId = 'unfinished' | 'late' | 'started';

/**
 * Every entry opens a stretch, and the first end at or after it closes it. Ended within the grace it is silence; past
 * it, the stretch counts once the log is complete over the whole of it.
 */
function conclude(question: Question): Answer<MessageId>[] {
  const { entries, settings, coverage, key, device } = question;
  const [first] = entries as [Signal];
  const anchor = { key, from: plus(first.at, -settings.lookback) };
  const stretches = entries.map((entry) => {
    const deadline = deadlineOf(entry, question);
    const end = endOf(entry, question);
    const isSilent = end !== undefined && end.at < deadline;
    const from = plus(entry.at, -(device === undefined ? SAME_ATTEMPT : settings.skew));
    const look = lookForAbsence({ needs: NEEDS }, coverage, from, deadline);
    return { entry, deadline, end, isSilent, look };
  });
  const bad = stretches.filter((each) => !each.isSilent);
  const proven = bad.filter((each) => each.look.verdict === 'covered');
  const answers: Answer<MessageId>[] = bad.flatMap(({ look, deadline, entry }) =>
    unanswered(look, anchor, deadline, entry),
  );
  const last = proven.at(-1);
  if (last !== undefined) {
    const story = { entries: proven.map((each) => each.entry), end: last.end };
    return [...answers, state(question, anchor, last.deadline, story)];
  }
  const ended = stretches.find((each) => each.isSilent)?.end;
  return bad.length === 0 && ended !== undefined
    ? [{ state: 'disproved', anchor, by: ended.evidence }]
    : answers;
}

/** A start alone must also wait for the device row that would make it the same attempt. */
function deadlineOf(entry: Signal, { device, settings }: Question): Instant {
  return plus(
    entry.at,
    device === undefined ? Math.max(settings.grace, SAME_ATTEMPT) : settings.grace,
  );
}

function unanswered(
  look: Look,
  anchor: Answer['anchor'],
  until: Instant,
  entry: Signal,
): Answer<MessageId>[] {
  const what = `${describe(entry)} at ${toMinute(entry.at)}; verification may be logged until ${toMinute(until)}`;
  switch (look.verdict) {
    case 'covered':
      return [];
    case 'later':
      return [{ state: 'pending', anchor, until, what }];
    case 'never':
      return [{ state: 'undetermined', anchor, gap: look.gap, what }];
  }
}

/** One answer per anchor: what is proven is said, what is still open of the same anchor only asks again. */
function mostTelling(findings: readonly Answer<MessageId>[]): Answer<MessageId>[] {
  const rank = { undetermined: 0, pending: 1, disproved: 2, open: 3, resolved: 3 } as const;
  const best = new Map<string, Answer<MessageId>>();
  for (const answer of findings) {
    const known = best.get(answer.anchor.key);
    if (known === undefined || rank[answer.state] > rank[known.state]) {
      best.set(answer.anchor.key, answer);
    }
  }
  return [...best.values()];
}

function endOf(entry: Signal, question: Question): End | undefined {
  const { story, settings, device } = question;
  const skewed = plus(entry.at, -settings.skew);
  const ends = story.all.flatMap((each): End[] => {
    if (each.kind === 'device-used' && device !== undefined && each.facts['device'] === device) {
      return usesAfter(each, plus(entry.at, settings.skew));
    }
    const code = codeOf(each, entry, device, skewed);
    return code === undefined ? [] : [{ at: each.at, code, evidence: evidenceOf(each) }];
  });
  const end = ends.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))[0];
  if (end?.code !== 'completed') {
    return end;
  }
  // A completion names no device: it verifies the newest entry before it and shows that the older ones were retried.
  const isNewest = ![...story.added, ...story.alone].some(
    (other) => other.at > entry.at && other.at <= plus(end.at, settings.skew),
  );
  return isNewest ? end : { ...end, code: 'retried' };
}

function codeOf(
  each: Signal,
  entry: Signal,
  device: string | undefined,
  skewed: Instant,
): string | undefined {
  switch (each.kind) {
    case 'completed':
      return each.at >= skewed ? 'completed' : undefined;
    case 'deleted':
      return each.at >= entry.at ? 'deleted' : undefined;
    case 'admin-reset':
      return each.at >= entry.at ? 'admin-reset' : undefined;
    case 'device-removed':
      return device !== undefined && each.facts['device'] === device && each.at >= entry.at
        ? 'removed'
        : undefined;
    case 'cancelled':
      // Cancelled while the device stays listed is still unfinished; a start alone is over.
      return device === undefined && each.at >= entry.at ? 'cancelled' : undefined;
    default:
      return undefined;
  }
}

// Used means usable: the device's own timestamp moved past the registration.
function usesAfter(each: Signal, after: Instant): End[] {
  return [...objectsIn(each.facts['uses']), ...objectsIn(each.facts['latestUses'])].flatMap(
    (use) => {
      const [at, stamp] = [instantOf(use['at']), instantOf(use['stamp'])];
      if (at === null || stamp === null || stamp <= after || at <= after) {
        return [];
      }
      const eventId = textOf(use['eventId']);
      const evidence = { source: each.source, eventId, at, kind: each.kind, what: describe(each) };
      return [{ at, code: 'used', evidence }];
    },
  );
}

function state(
  question: Question,
  anchor: Answer['anchor'],
  since: Instant,
  stretch: { readonly entries: readonly Signal[]; readonly end: End | undefined },
): Stated<MessageId> {
  const { story, device } = question;
  const { entries, end } = stretch;
  const [first] = entries as [Signal];
  const last = entries.at(-1) ?? first;
  const context = contextOf(question, entries);
  const related = [...story.started, ...context.evidence].filter(
    (each) => each.at >= plus(first.at, -SAME_ATTEMPT) && each.at <= since,
  );
  return {
    state: end === undefined ? 'open' : 'resolved',
    ...(end !== undefined && { resolution: end.code }),
    anchor,
    message: device === undefined ? 'started' : end === undefined ? 'unfinished' : 'late',
    severity: device === undefined ? 'info' : context.severity,
    stage: device === undefined || last.facts['flavor'] !== null ? 'watch' : 'alert',
    since,
    firstSeenAt: first.at,
    lastSeenAt: last.at,
    count: entries.length,
    facts: {
      ...(device !== undefined && { device, deviceName: last.facts['name'] ?? null }),
      ...context.facts,
      ...(end !== undefined && { ended: end.evidence.what, endedAt: end.at }),
    },
    evidence: [
      ...[...entries, ...related, ...context.urgent].map(evidenceOf),
      ...(end === undefined ? [] : [end.evidence]),
    ],
    // A start alone is only recorded: not worth a second look.
    ...(device !== undefined && {
      restsOn: { from: plus(first.at, -question.settings.skew), to: since },
    }),
  };
}

interface Context {
  readonly severity: Severity;
  readonly facts: JsonObject;
  readonly evidence: readonly Signal[];
  /** What made it urgent, whenever that was. */
  readonly urgent: readonly Signal[];
}

/** What makes an unfinished registration matter more or less. */
function contextOf(question: Question, entries: readonly Signal[]): Context {
  const { story, settings } = question;
  const [first] = entries as [Signal];
  const last = entries.at(-1) ?? first;
  const to = plus(last.at, settings.grace);
  const window = story.all.filter((each) => each.at >= plus(first.at, -settings.lookback));
  const roles = story.all.filter((each) => each.kind === 'role-added');
  const blocked = window.filter((each) => each.kind === 'proof-up-blocked');
  const other = window.filter(
    (each) =>
      (each.kind === 'other-method' && each.at < to) ||
      (each.kind === 'completed' && each.at < plus(first.at, -settings.skew)),
  );
  const cancelled = window.filter(
    (each) => each.kind === 'cancelled' && each.at >= first.at && each.at < to,
  );
  const isKnown = other.length > 0 || entries.some((entry) => hasOtherDevice(entry, story));
  const isUrgent = roles.length > 0 || blocked.length > 0;
  return {
    severity: isUrgent ? 'high' : isKnown || cancelled.length > 0 ? 'low' : 'medium',
    facts: {
      otherMethod: isKnown ? 'known' : 'unknown',
      cancelled: cancelled.length > 0,
      roles: roles.map((each) => textOf(each.facts['role'])),
      proofUpBlocked: blocked.length > 0,
    },
    evidence: [...cancelled, ...other.filter((each) => each.at >= first.at)],
    urgent: [...roles.slice(-1), ...blocked.slice(0, 1)],
  };
}

// A device whose own adding is in view says nothing by being listed: if it was verified, that is in view, too.
function hasOtherDevice(entry: Signal, story: Story): boolean {
  return textsIn(entry.facts['others']).some(
    (id) => !story.added.some((each) => each.facts['device'] === id),
  );
}

function evidenceOf(each: Signal): Evidence {
  const { source, eventId = each.key, at, kind } = each;
  return { source, eventId, at, kind, what: describe(each) };
}

function describe(each: Signal): string {
  const name = textOf(each.facts['name']);
  switch (each.kind as Kind) {
    case 'device-added':
      return `the authenticator${name && ` "${name}"`} was added to the account`;
    case 'device-removed':
      return 'the authenticator was removed from the account';
    case 'device-used':
      return 'the authenticator was used to sign in';
    case 'started':
      return 'registration was started';
    case 'completed':
      return 'registration was completed';
    case 'cancelled':
      return 'registration was cancelled';
    case 'deleted':
      return 'the user deleted the authenticator';
    case 'admin-reset':
      return 'an administrator reset the methods';
    case 'other-method':
      return 'another method was registered';
    case 'role-added':
      return `the role ${textOf(each.facts['role'])} was assigned`;
    case 'proof-up-blocked':
      return `registering MFA was blocked at sign-in (${textOf(each.facts['errorCode'])})`;
  }
}

function deviceIn(told: Told): string {
  const name = textOf(told.facts['deviceName']);
  return name && ` with "${name}"`;
}

function contextIn(told: Told): string {
  const { facts } = told;
  const roles = textsIn(facts['roles']);
  return [
    facts['otherMethod'] === 'known' ? ' Another method of theirs is known.' : '',
    facts['otherMethod'] === 'unknown' ? ' Whether they have another method is unknown.' : '',
    facts['cancelled'] === true
      ? ' They cancelled the registration; the device stayed listed.'
      : '',
    facts['proofUpBlocked'] === true ? ' A sign-in was blocked from registering MFA.' : '',
    roles.length > 0 ? ` They hold ${roles.join(', ')}.` : '',
  ].join('');
}
