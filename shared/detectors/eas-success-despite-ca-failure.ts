import { eventHash, type JsonObject } from '../domain/json';
import { checkCoverage, type Coverage } from '../domain/reading/coverage';
import {
  defineDetector,
  type Evidence,
  type Severity,
  type Conclusion,
  type Timeline,
  type MessageContext,
} from '../domain/detector';
import { objectsIn, textOf, textsIn } from '../domain/facts';
import type { SignInRecord } from '../domain/record';
import { controlInWords } from '../domain/records/grant-controls';
import { SET_CAP, type Signal } from '../domain/findings/signal';
import { sharedSignal } from '../domain/findings/event-signal';
import { tallySignal } from '../domain/reading/tally';
import { enumerated } from '../domain/text';
import {
  DAY,
  dayOf,
  earliest,
  HOUR,
  latest,
  monthOf,
  plus,
  quietAfter,
  startOfDay,
  startOfMonth,
  toMinute,
  type Instant,
} from '../domain/time';
import { nextQuestion } from './not-followed-by';

export const easSuccessDespiteCaFailure = defineDetector({
  id: 'eas-success-despite-ca-failure',
  version: 2,
  title: 'ActiveSync success despite Conditional Access failure',
  summary:
    'Entra accepted the credential of an ActiveSync client, a password or a certificate, issued a token and logged ' +
    '"success", although Conditional Access failed the sign-in: for this protocol the block is left to Exchange Online. ' +
    'The credential is valid, and it came from a place or device that policy does not allow.',
  severity: 'medium',
  attack: ['T1078.004', 'T1114.002'],
  runbook: [
    'In the Exchange admin center, open Recipients > Mailboxes > the mailbox > Mobile devices > Manage mobile devices (or run Get-MobileDevice -Mailbox with the address of the user) and read the access state of the device from {first seen} to {last seen}: blocked or quarantined means that Exchange stopped it. Everything that is quarantined stands under Mobile > Mobile device access.',
    'Compare countries and addresses with where the user was from {first seen} to {last seen}. Not theirs: read the Authentication details of the sign-in in Entra ID > Monitoring & health > Sign-in logs. A password: reset it and revoke sessions. A certificate: revoke it at its issuer and wipe the device (Clear-MobileDevice).',
    'Theirs: move them to Outlook for iOS and Android, or to another app that signs in with OAuth, and close ActiveSync for the mailbox with a policy or with Set-CASMailbox -ActiveSyncEnabled $false.',
  ],
  falsePositives: [
    'A phone that is being enrolled and is quarantined until it is compliant: severity low.',
    'A test of the policy by an administrator.',
    'A phone whose carrier or VPN leaves in another country: two countries within 12 hours raise the severity.',
  ],
  blindSpots: [
    'Whether Exchange Online blocked the device: it is not in this log.',
    'Whether the credential was a password or a certificate: only the details of the sign-in in the portal tell.',
    'ActiveSync that signs in with OAuth, as the mail apps of today do: the log names another client app, and Entra enforces policy there by itself. What is left under this name is mostly certificates, which Microsoft has announced to end in Exchange Online on 31 December 2026.',
    'Sign-ins that Entra logs only as non-interactive.',
    'A device without id and operating system: all of those of a user count as one, "unknown".',
    'Whether a country is new for the user, until this month and the whole month before it have been read.',
  ],
  references: [
    'https://timmcmic.blog (2021-06, "Azure Conditional Access Policies and Exchange Active Sync")',
    'Exchange team blog (2022-08-22, "Notes from the field: Using OAuth for ActiveSync and POP/IMAP")',
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
  expects: [],
  tally: { source: 'signIns', what: 'ActiveSync sign-ins' },
  // Two calendar months before a finding's own must be in view, and it must outlive its month.
  retain: '92d',
  join: { first: 'min', last: 'max', firstEvents: 'first3', lastEvents: 'last3' },
  messages: {
    blocked: { title: 'ActiveSync accepted where policy said block', summary: accepted },
    unmet: { title: 'ActiveSync accepted while a requirement was unmet', summary: accepted },
    unreadable: { title: 'ActiveSync accepted despite Conditional Access', summary: accepted },
  },

  signals(record) {
    if (
      record.source !== 'signIns' ||
      !/^\s*exchange\s*active\s*sync/i.test(record.clientApp ?? '')
    ) {
      return [];
    }
    const counted = tallySignal(record);
    if (record.errorCode !== 0) {
      return [counted];
    }
    return record.conditionalAccess === 'failure'
      ? [counted, daySignal(record)]
      : [counted, ...knownCountry(record)];
  },

  assess(timeline, coverage, settings) {
    const quiet = settings.quiet;
    const days = readDays(timeline.filter(({ kind }) => kind === 'eas-day'));
    const known = timeline
      .filter(({ kind }) => kind === 'eas-known')
      .map(({ at, facts }) => ({ country: textOf(facts['country']), first: at }));
    const whereabouts = { known, days, coverage: coverage.signIns };
    const months = readMonths(days);
    const findings = months.map((month, i) => {
      const before = months[i - 1];
      const after = months[i + 1];
      const continues = before !== undefined && isSoonAfter(before, month, quiet);
      const goesOn = after !== undefined && isSoonAfter(month, after, quiet);
      return state(month, continues, goesOn, quiet, whereabouts);
    });
    return {
      findings: findings.map(({ stated }) => stated),
      ...nextQuestion(findings.flatMap(({ askAgainAt }) => askAgainAt)),
    };
  },
});

// --------------------------------------------------------------------------------------------- what a record says

/** How exactly a device is named; a sign-in that is republished with a better name counts under that one only. */
const EXACT = { unknown: 0, system: 1, id: 2 } as const;

/**
 * One row per device, country and UTC day: its sets unite, so every sign-in counts once however often it is delivered.
 * The first and the last time in each country of a day are enough to tell whether two countries lie within 12 hours.
 */
function daySignal(record: SignInRecord): Signal {
  const { at, id, city, country } = record;
  const system = systemOf(record.device.operatingSystem);
  const device = record.device.id ?? (system === '' ? 'unknown' : system);
  const events = [{ at, eventId: id }];
  const place =
    city === undefined || country === undefined ? (city ?? country) : `${city}, ${country}`;
  const facts = {
    device,
    exact: record.device.id !== undefined ? EXACT.id : system === '' ? EXACT.unknown : EXACT.system,
    ...{ first: at, last: at, events: [eventHash(id)], firstEvents: events, lastEvents: events },
    country: country ?? null,
    places: listOf(place),
    addresses: listOf(record.address),
    policies: failingPolicies(record),
  };
  return dayOfUser(record, 'eas-day', facts, `${dayOf(at)}|${device}|${country ?? ''}`);
}

/** The first word of it: versions change with every update. */
function systemOf(text: string | undefined): string {
  const name = text?.trim().toLowerCase() ?? '';
  const end = name.search(/[\s/]/);
  return end < 0 ? name : name.slice(0, end);
}

/** By name: the same policy seen with its controls and without them is one policy. */
function failingPolicies({ policies = [] }: SignInRecord): JsonObject {
  return Object.fromEntries(
    policies
      .filter(({ result }) => result === 'failure')
      .map(({ name, grantControls }) => [name, grantControls]),
  );
}

/** A country that a sign-in came from which was accepted, and which policy had nothing against: by day. */
function knownCountry(record: SignInRecord): Signal[] {
  const { at, country } = record;
  return country === undefined
    ? []
    : [dayOfUser(record, 'eas-known', { country }, `known|${country}|${dayOf(at)}`)];
}

function dayOfUser(
  { at, user }: SignInRecord,
  kind: string,
  facts: JsonObject,
  key: string,
): Signal {
  const day = { source: 'signIns', at: startOfDay(at) } as const;
  return sharedSignal(day, { type: 'user', ...user }, kind, facts, key);
}

function listOf(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

// ---------------------------------------------------------------------------------------------- what it amounts to

/** The signs of one device in one country on one day, without the events that a better named one accounts for. */
interface DeviceDay {
  readonly device: string;
  /** Empty when the log does not say. */
  readonly country: string;
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
function readMonths(all: readonly DeviceDay[]): DeviceMonth[] {
  const groups = Map.groupBy(all, (day) => `${day.device}|${monthOf(day.first)}`);
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
    (a, b) =>
      Number(b.facts['exact']) - Number(a.facts['exact']) ||
      textOf(b.facts['country']).length - textOf(a.facts['country']).length,
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
  const own = known.filter(({ eventId }) => !isPart || fresh.has(eventHash(eventId)));
  const edges = own.length > 0 ? own : known;
  return {
    device: textOf(facts['device']),
    country: textOf(facts['country']),
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

/** Two countries so close in time are more than one journey. */
const CLOSE = 12 * HOUR;

/** The countries of sign-ins with one of another country close before or after. */
function countriesCloseInTime(days: readonly DeviceDay[]): string[] {
  const points = days
    .filter(({ country }) => country !== '')
    .flatMap(({ country, first, last }) => [first, last].map((at) => ({ country, at })))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.country < b.country ? -1 : 1));
  const close = points.flatMap((point, i) => {
    const before = points[i - 1];
    const isClose =
      before !== undefined &&
      before.country !== point.country &&
      point.at <= plus(before.at, CLOSE);
    return isClose ? [before.country, point.country] : [];
  });
  return sorted(close);
}

/** What is known of where a user signs in from. */
interface Whereabouts {
  /** Sign-ins that were accepted and that policy had nothing against, by day. */
  readonly known: readonly { readonly country: string; readonly first: Instant }[];
  /** Those that policy objected to, of every device. */
  readonly days: readonly DeviceDay[];
  readonly coverage: Coverage | undefined;
}

/**
 * The countries of a month that the user came from for the first time since the month before began, after another
 * country; and when it may be said of others, because the log is not complete so far.
 */
function newCountries(
  month: DeviceMonth,
  { known, days, coverage }: Whereabouts,
): { readonly news: string[]; readonly askAgainAt: readonly Instant[] } {
  const start = lookBackOf(month.days[0].first);
  const seen = [...known, ...days].filter((each) => each.country !== '' && each.first >= start);
  const news: string[] = [];
  const askAgainAt: Instant[] = [];
  for (const country of sorted(month.days.map((day) => day.country))) {
    const [first, ...others] = month.days
      .filter((day) => day.country === country)
      .map((day) => day.first) as [Instant, ...Instant[]];
    const at = earliest(first, ...others);
    const before = seen.filter((each) => each.first < at).map((each) => each.country);
    if (before.length > 0 && !before.includes(country)) {
      const look = checkCoverage(coverage, start, at);
      news.push(...(look.verdict === 'covered' ? [country] : []));
      askAgainAt.push(...(look.verdict === 'later' ? [at] : []));
    }
  }
  return { news, askAgainAt };
}

/** The start of the month before: so far back may lie what bears on a month. */
function lookBackOf(at: Instant): Instant {
  return startOfMonth(plus(startOfMonth(at), -DAY));
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].filter((each) => each !== '').sort();
}

function state(
  month: DeviceMonth,
  continues: boolean,
  goesOn: boolean,
  quiet: number,
  whereabouts: Whereabouts,
): {
  readonly stated: Conclusion<'blocked' | 'unmet' | 'unreadable'>;
  readonly askAgainAt: readonly Instant[];
} {
  const { days, device, last } = month;
  const [{ first }] = days;
  const quietAt = quietAfter(last, quiet);
  const look = checkCoverage(whereabouts.coverage, last, quietAt);
  const resolution = goesOn ? 'continues' : look.verdict === 'covered' ? 'quiet' : undefined;
  const union = (fact: string): string[] => sorted(days.flatMap((day) => textsIn(day.facts[fact])));
  const close = countriesCloseInTime(days);
  const { news, askAgainAt } = newCountries(month, whereabouts);
  const policies = policiesOf(days);
  const { message, severity } = weigh(policies);
  const stated = {
    state: resolution === undefined ? ('open' as const) : ('resolved' as const),
    ...(resolution !== undefined && { resolution }),
    anchor: { key: `${device}|${month.month}`, from: lookBackOf(first) },
    message,
    severity: close.length + news.length > 0 ? RAISED[severity] : severity,
    stage: 'alert' as const,
    since: lastStretch(days, quiet),
    firstSeenAt: first,
    lastSeenAt: last,
    count: days.reduce((sum, day) => sum + day.count, 0),
    facts: {
      device,
      isAtLeast: days.some((day) => textsIn(day.facts['events']).length >= SET_CAP),
      countries: sorted(days.map((day) => day.country)),
      countriesCloseInTime: close,
      newCountries: news,
      places: union('places'),
      addresses: union('addresses'),
      policies,
    },
    evidence: days.flatMap(eventsOf),
    ...(continues && { continues }),
  };
  const isWaiting = resolution === undefined && look.verdict === 'later';
  return { stated, askAgainAt: [...askAgainAt, ...(isWaiting ? [quietAt] : [])] };
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

function accepted(context: MessageContext): string {
  const { facts, count } = context;
  const places = textsIn(facts['places']);
  const from = places.length === 0 ? 'an unknown place' : places.slice(0, 3).join('; ');
  const policies = objectsIn(facts['policies']).map((policy) => ({
    name: textOf(policy['name']),
    controls: textsIn(policy['controls']),
  }));
  const times = count === 1 && facts['isAtLeast'] !== true ? 'once' : `${amount(context)} times`;
  const when =
    context.firstSeenAt === context.lastSeenAt
      ? `at ${toMinute(context.firstSeenAt)}`
      : `from ${toMinute(context.firstSeenAt)} to ${toMinute(context.lastSeenAt)}`;
  return (
    `Entra accepted the credential (password or certificate) of ${context.who} from ${from} ${times} ${when} (ActiveSync, device ` +
    `${textOf(facts['device'])}) although ${despite(policies)}.${countriesIn(context)} Whether Exchange Online blocked it ` +
    `is not in this log: check the device's access state. Defender for Cloud Apps and Microsoft Sentinel count this as ` +
    `a successful sign-in: close their alert with this finding.`
  );
}

function countriesIn({ facts, firstSeenAt }: MessageContext): string {
  const close = textsIn(facts['countriesCloseInTime']);
  const news = textsIn(facts['newCountries']);
  const back = dayOf(lookBackOf(firstSeenAt));
  return [
    close.length > 0 ? ` ${enumerated(close)} lie within 12 hours of each other.` : '',
    news.length > 0
      ? ` ${enumerated(news)} ${news.length === 1 ? 'is' : 'are'} new for this user: no ActiveSync sign-in of theirs had come from there since ${back}.`
      : '',
  ].join('');
}

function amount({ count, facts }: MessageContext): string {
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
  const asked = new Set(policies.flatMap((policy) => policy.controls.map(controlInWords)));
  return `${named(policies)} asked for ${enumerated([...asked].sort()) || 'something'} that was not met`;
}

function named(policies: readonly { readonly name: string }[]): string {
  const names = policies.map((policy) => `"${policy.name}"`);
  return `${names.length === 1 ? 'policy' : 'policies'} ${names.slice(0, 3).join(', ')}`;
}
