import { shortHash, type JsonObject } from '../domain/canonical';
import { lookAt, type Coverage } from '../domain/coverage';
import {
  defineDetector,
  type Evidence,
  type Severity,
  type Stated,
  type Timeline,
  type Told,
} from '../domain/detector';
import { objectsIn, textOf, textsIn } from '../domain/facts';
import type { SignInRecord } from '../domain/record';
import { SET_CAP, type Signal } from '../domain/signal';
import {
  DAY,
  dayOf,
  earliest,
  latest,
  monthOf,
  plus,
  startOfDay,
  startOfMonth,
  toMinute,
  type Instant,
} from '../domain/time';

export const easSuccessDespiteCaFailure = defineDetector({
  id: 'eas-success-despite-ca-failure',
  version: 1,
  title: 'ActiveSync success despite Conditional Access failure',
  summary:
    'Entra accepted the credential of an ActiveSync client, issued a token and logged "success", although ' +
    'Conditional Access failed the sign-in: for this protocol the block is left to Exchange Online. The password is ' +
    'right, from a place or device that policy does not allow.',
  severity: 'medium',
  attack: ['T1078.004', 'T1114.002'],
  runbook: [
    'In Exchange admin center > Mobile > the user (or Get-MobileDevice -Mailbox), read DeviceAccessState of the device for the days from {first seen} to {last seen}: Blocked or Quarantined means Exchange stopped it.',
    'Compare countries and addresses in the finding with where the user was from {first seen} to {last seen}. Not theirs: the password is known to somebody; reset it and revoke sessions.',
    "If the device is the user's own, move them to Outlook mobile and close ActiveSync for them with a policy or Set-CASMailbox -ActiveSyncEnabled $false.",
  ],
  falsePositives: [
    'A phone that is being enrolled and is quarantined until it is compliant: severity low.',
    'A test of the policy by an administrator.',
  ],
  blindSpots: [
    'Whether Exchange Online blocked the device: it is not in this log.',
    'Sign-ins that Entra logs only as non-interactive.',
    'A device without id and operating system: all of those of a user count as one, "unknown".',
  ],
  references: [
    'https://timmcmic.blog (2021-06, "Azure Conditional Access Policies and Exchange Active Sync")',
    'https://learn.microsoft.com/entra/identity/monitoring-health/reports-faq',
  ],
  settings: {
    quiet: {
      kind: 'duration',
      default: '7d',
      meaning: 'Whole days without another such sign-in after which the finding is resolved.',
    },
  },
  reads: [
    {
      source: 'signIns',
      property: 'clientAppUsed',
      values: [
        'Exchange ActiveSync',
        'Exchange ActiveSync (supported)',
        'Exchange ActiveSync (unsupported)',
      ],
      prefix: 'Exchange ActiveSync',
    },
  ],
  expects: [
    {
      source: 'signIns',
      property: 'clientAppUsed',
      values: ['Exchange ActiveSync'],
      otherwise: 'The sign-in log holds no ActiveSync sign-in: there is nothing to watch here.',
    },
  ],
  retain: '60d',
  join: { first: 'min', last: 'max', firstEvents: 'first3', lastEvents: 'last3' },
  messages: {
    blocked: { title: 'ActiveSync accepted where policy said block', summary: accepted },
    unmet: { title: 'ActiveSync accepted while a requirement was unmet', summary: accepted },
    unreadable: { title: 'ActiveSync accepted despite Conditional Access', summary: accepted },
  },

  signals(record) {
    if (
      record.source !== 'signIns' ||
      record.errorCode !== 0 ||
      record.conditionalAccess !== 'failure' ||
      !/^\s*exchange\s*active\s*sync/i.test(record.clientApp ?? '')
    ) {
      return [];
    }
    return [daySignal(record)];
  },

  assess(timeline, coverage, settings) {
    const quiet = settings.quiet;
    const months = readMonths(timeline);
    const findings = months.map((month, i) => {
      const before = months[i - 1];
      const after = months[i + 1];
      const continues = before !== undefined && isSoonAfter(before, month, quiet);
      const goesOn = after !== undefined && isSoonAfter(month, after, quiet);
      return state(month, continues, goesOn, quiet, coverage.signIns);
    });
    const [first, ...others] = findings.flatMap(({ askAgainAt }) => askAgainAt ?? []);
    return {
      findings: findings.map(({ stated }) => stated),
      ...(first !== undefined && { askAgainAt: earliest(first, ...others) }),
    };
  },
});

// --------------------------------------------------------------------------------------------- what a record says

/** How exactly a device is named; a sign-in that is republished with a better name counts under that one only. */
const EXACT = { unknown: 0, system: 1, id: 2 } as const;

/** One row per device and UTC day: its sets unite, so every sign-in counts once however often it is delivered. */
function daySignal(record: SignInRecord): Signal {
  const { at, id, user } = record;
  const [system = ''] = record.device.operatingSystem?.trim().toLowerCase().split(/[\s/]/) ?? [];
  const device = record.device.id ?? (system === '' ? 'unknown' : system);
  const event = { at, eventId: id };
  const failing = record.policies?.filter((policy) => policy.result === 'failure');
  return {
    key: `${dayOf(at)}|${device}`,
    source: 'signIns',
    at: startOfDay(at),
    subject: { type: 'user', ...user },
    kind: 'eas-day',
    facts: {
      device,
      exact:
        record.device.id !== undefined ? EXACT.id : system === '' ? EXACT.unknown : EXACT.system,
      first: at,
      last: at,
      events: [shortHash(12, id)],
      firstEvents: [event],
      lastEvents: [event],
      countries: listOf(record.country),
      places: listOf(
        [record.city, record.country].filter((part) => part !== undefined).join(', ') || undefined,
      ),
      addresses: listOf(record.address),
      // By name: the same policy seen with its controls and without them is one policy.
      policies: Object.fromEntries(
        (failing ?? []).map((policy) => [policy.name, [...policy.grantControls]]),
      ),
    },
  };
}

function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

// ---------------------------------------------------------------------------------------------- what it amounts to

/** The signs of one device on one day, without the events that a better named device accounts for. */
interface DeviceDay {
  readonly device: string;
  readonly first: Instant;
  readonly last: Instant;
  readonly count: number;
  /** The first and the last of them. */
  readonly edges: readonly { readonly at: Instant; readonly eventId: string }[];
  readonly facts: JsonObject;
}

interface DeviceMonth {
  readonly device: string;
  readonly month: string;
  readonly days: readonly [DeviceDay, ...DeviceDay[]];
  readonly last: Instant;
}

/** Months of each device, in order, devices one after the other. */
function readMonths(timeline: Timeline): DeviceMonth[] {
  const groups = Map.groupBy(readDays(timeline), (day) => `${day.device}|${monthOf(day.first)}`);
  const months = [...groups.values()].map((group): DeviceMonth => {
    const days = group.sort((a, b) => (a.first < b.first ? -1 : 1)) as [DeviceDay, ...DeviceDay[]];
    const [{ device, first }] = days;
    const last = latest(first, ...days.map((day) => day.last));
    return { device, month: monthOf(first), days, last };
  });
  return months.sort((a, b) => (`${a.device}|${a.month}` < `${b.device}|${b.month}` ? -1 : 1));
}

function readDays(timeline: Timeline): DeviceDay[] {
  const seen = new Set<string>();
  const byExactness = timeline.toSorted(
    (a, b) => Number(b.facts['exact']) - Number(a.facts['exact']),
  );
  return byExactness.flatMap((signal) => {
    const { facts } = signal;
    const events = textsIn(facts['events']);
    const fresh = new Set(events.filter((event) => !seen.has(event)));
    events.forEach((event) => seen.add(event));
    return fresh.size === 0 ? [] : [readDay(facts, fresh, fresh.size < events.length)];
  });
}

function readDay(facts: JsonObject, fresh: ReadonlySet<string>, isPart: boolean): DeviceDay {
  const known = [...objectsIn(facts['firstEvents']), ...objectsIn(facts['lastEvents'])].map(
    (event) => ({ at: event['at'] as Instant, eventId: textOf(event['eventId']) }),
  );
  const own = known.filter(({ eventId }) => !isPart || fresh.has(shortHash(12, eventId)));
  const edges = own.length > 0 ? own : known;
  return {
    device: textOf(facts['device']),
    first: edges[0]?.at ?? (facts['first'] as Instant),
    last: edges.at(-1)?.at ?? (facts['last'] as Instant),
    count: fresh.size,
    edges,
    facts,
  };
}

function isSoonAfter(before: DeviceMonth, after: DeviceMonth, quiet: number): boolean {
  return before.device === after.device && after.days[0].first < quietAfter(before.last, quiet);
}

// Whole days, so that the question moves at most once a day.
function quietAfter(last: Instant, quiet: number): Instant {
  return plus(startOfDay(last), quiet + DAY);
}

function state(
  month: DeviceMonth,
  continues: boolean,
  goesOn: boolean,
  quiet: number,
  coverage: Coverage | undefined,
): { stated: Stated<'blocked' | 'unmet' | 'unreadable'>; askAgainAt?: Instant } {
  const { days, device, last } = month;
  const [{ first }] = days;
  const quietAt = quietAfter(last, quiet);
  const look = lookAt(coverage, last, quietAt);
  const resolution = goesOn ? 'continues' : look.verdict === 'covered' ? 'quiet' : undefined;
  const union = (fact: string): string[] =>
    [...new Set(days.flatMap((day) => textsIn(day.facts[fact])))].sort();
  const countries = union('countries');
  const policies = policiesOf(days);
  const { message, severity } = weigh(policies);
  const stated = {
    state: resolution === undefined ? ('open' as const) : ('resolved' as const),
    ...(resolution !== undefined && { resolution }),
    anchor: { key: `${device}|${month.month}`, from: startOfMonth(first) },
    message,
    severity: countries.length > 1 ? RAISED[severity] : severity,
    stage: 'alert' as const,
    since: lastStretch(days, quiet),
    firstSeenAt: first,
    lastSeenAt: last,
    count: days.reduce((sum, day) => sum + day.count, 0),
    facts: {
      device,
      isAtLeast: days.some((day) => textsIn(day.facts['events']).length >= SET_CAP),
      countries,
      places: union('places'),
      addresses: union('addresses'),
      policies,
    },
    evidence: days.flatMap(eventsOf),
    ...(continues && { continues }),
  };
  return resolution === undefined && look.verdict === 'later'
    ? { stated, askAgainAt: quietAt }
    : { stated };
}

const RAISED = { low: 'medium', medium: 'high' } as const satisfies Partial<
  Record<Severity, Severity>
>;

/** Start of the last run of sign-ins that no quiet time interrupts: an acknowledgement of an earlier one is over. */
function lastStretch(days: DeviceMonth['days'], quiet: number): Instant {
  let [{ first: since, last }] = days;
  for (const day of days) {
    since = day.first >= quietAfter(last, quiet) ? day.first : since;
    last = latest(last, day.last);
  }
  return since;
}

function policiesOf(days: readonly DeviceDay[]): { name: string; controls: string[] }[] {
  const controls = new Map<string, Set<string>>();
  for (const { facts } of days) {
    for (const [name, values] of Object.entries((facts['policies'] ?? {}) as JsonObject)) {
      const known = controls.get(name) ?? new Set();
      textsIn(values).forEach((value) => known.add(value));
      controls.set(name, known);
    }
  }
  return [...controls]
    .map(([name, values]) => ({ name, controls: [...values].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function weigh(policies: readonly { controls: readonly string[] }[]): {
  message: 'blocked' | 'unmet' | 'unreadable';
  severity: keyof typeof RAISED;
} {
  if (policies.length === 0) {
    return { message: 'unreadable', severity: 'medium' };
  }
  return policies.some(isBlock)
    ? { message: 'blocked', severity: 'medium' }
    : { message: 'unmet', severity: 'low' };
}

function isBlock(policy: { readonly controls: readonly string[] }): boolean {
  return policy.controls.some((control) => control.toLowerCase() === 'block');
}

function eventsOf(day: DeviceDay): Evidence[] {
  // The day's events share one row, so a place is only sure when the day has but one.
  const [place, ...others] = textsIn(day.facts['places']);
  const where = place === undefined || others.length > 0 ? '' : ` (${place})`;
  return day.edges.map(({ at, eventId }) => ({
    source: 'signIns',
    eventId,
    at,
    kind: 'eas-sign-in',
    what: `ActiveSync sign-in logged success, Conditional Access failure${where}`,
  }));
}

function accepted(told: Told): string {
  const { facts, count } = told;
  const places = textsIn(facts['places']);
  const from = places.length === 0 ? 'an unknown place' : places.slice(0, 3).join('; ');
  const policies = objectsIn(facts['policies']).map((policy) => ({
    name: textOf(policy['name']),
    controls: textsIn(policy['controls']),
  }));
  const times = count === 1 && facts['isAtLeast'] !== true ? 'once' : `${amount(told)} times`;
  const when =
    told.firstSeenAt === told.lastSeenAt
      ? `at ${toMinute(told.firstSeenAt)}`
      : `from ${toMinute(told.firstSeenAt)} to ${toMinute(told.lastSeenAt)}`;
  return (
    `Entra accepted the credential of ${told.who} from ${from} ${times} ${when} (ActiveSync, device ` +
    `${textOf(facts['device'])}) although ${despite(policies)}. Whether Exchange Online blocked it is not in this ` +
    `log: check the device's access state.`
  );
}

function amount({ count, facts }: Told): string {
  return facts['isAtLeast'] === true ? `${count.toLocaleString('en')} or more` : String(count);
}

function despite(policies: readonly { name: string; controls: readonly string[] }[]): string {
  if (policies.length === 0) {
    return 'Conditional Access failed the sign-in (the log names no failing policy: reading policies needs Policy.Read.All)';
  }
  const blocking = policies.filter(isBlock);
  if (blocking.length > 0) {
    return `${named(blocking)} said block`;
  }
  const asked = [...new Set(policies.flatMap((policy) => policy.controls))].sort();
  return `${named(policies)} asked for ${asked.join(', ') || 'something'} that was not met`;
}

function named(policies: readonly { readonly name: string }[]): string {
  const names = policies.map((policy) => `"${policy.name}"`);
  return `${names.length === 1 ? 'policy' : 'policies'} ${names.slice(0, 3).join(', ')}`;
}
