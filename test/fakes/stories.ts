import fc from 'fast-check';
import type { Act } from '../../shared/domain/findings/finding';
import type { EntraRecord, Source } from '../../shared/domain/record';
import { HOUR, MINUTE, plus, type Instant } from '../../shared/domain/time';
import { SOURCES } from '../../shared/sources';
import { directoryStory } from './directory-stories';
import * as record from './records';
import { days, minutes, T0 } from './records';
import type { Batch, CoverageStep } from './run';

/** The end of what is read of every source when a story is over. */
export const END = days(30);

// ------------------------------------------------------------------------------------------------- what happened

const users = fc.constantFrom('ann', 'ben');
/** Minutes around the grace, the skew and the same attempt, and one tick to either side of them. */
const TICK = 1 / 600_000_000;
const moments = fc.constantFrom(
  ...[0, 1, 2, 3, 5, 13, 14, 15, 16, 45, 59, 60, 61, 75, 76, 120, 200],
  ...[2 + TICK, 15 + TICK, 60 - TICK, 60 + TICK],
);

type Draw = (row: record.Row, device: string, old: string) => EntraRecord;

const MFA_EVENTS = {
  added: (row, device) => record.deviceAdded(row, device),
  'added next to old': (row, device, old) => record.deviceAdded(row, device, [old]),
  'two added': (row, device, old) =>
    record.phonesChanged(row, [{ id: old }], [{ id: old }, { id: device }, { id: `${device}b` }]),
  started: (row) => record.started(row),
  registered: (row) => record.registered(row),
  'method gained': (row) => record.methodGained(row),
  'all registered': (row) => record.registeredAll(row),
  cancelled: (row) => record.cancelled(row),
  'all failed': (row) => record.registeredAll(row, 'failure'),
  removed: (row, device) => record.deviceRemoved(row, device),
  deleted: (row) => record.deleted(row),
  'admin reset': (row) => record.adminReset(row),
  failed: (row) => record.failedToRegister(row),
  sms: (row) => record.smsGained(row),
  role: (row) => record.roleGained(row),
  routine: (row, device) => record.routineRewrite(row, device),
  used: (row, device) => record.deviceUsed(row, device),
  'used long ago': (row, device) => record.deviceUsed(row, device, T0),
  renamed: (row, device) =>
    record.phonesChanged(row, [{ id: `${device}z`, token: 't' }], [{ id: device, token: 't' }]),
  'proof-up blocked': (row) => record.proofUpBlocked(row),
  'asked again': (row) => record.askedAgain(row),
  'old removed': (row, device, old) =>
    record.phonesChanged(row, [{ id: old }, { id: device }], [{ id: device }]),
  'registered without a name': (row) => record.registeredUnnamed(row),
  'security key': (row) => record.registeredKey(row),
  pass: (row) => record.passIssued(row),
  'role lost': (row) => record.roleLost(row),
  disabled: (row) => record.byAdmin(row, 'Disable account'),
  enabled: (row) => record.byAdmin(row, 'Enable account'),
} as const satisfies Record<string, Draw>;

const mfaKinds = Object.keys(MFA_EVENTS) as (keyof typeof MFA_EVENTS)[];

export interface MfaEvent {
  readonly user: string;
  readonly kind: keyof typeof MFA_EVENTS;
  readonly device: string;
  readonly hour: number;
  readonly minute: number;
  readonly hasLess: boolean;
}

export const mfaEvent: fc.Arbitrary<MfaEvent> = fc.record({
  user: users,
  kind: fc.oneof(
    { arbitrary: fc.constantFrom<MfaEvent['kind']>('added', 'started', 'registered'), weight: 2 },
    { arbitrary: fc.constantFrom(...mfaKinds), weight: 3 },
  ),
  device: fc.constantFrom('d1', 'd2'),
  hour: fc.constantFrom(0, 0, 0, 20, 95),
  minute: moments,
  hasLess: fc.constantFrom(false, false, false, true),
});

/** The rows of a story; a row that was published twice comes as two versions of one record. */
export function mfaRecords(events: readonly MfaEvent[]): EntraRecord[] {
  return events.flatMap(({ user, kind, device, hour, minute, hasLess }, i) => {
    const row = { id: `audit-${i}`, user, at: plus(T0, hour * HOUR + minute * MINUTE) };
    const full = MFA_EVENTS[kind](row, `${user}-${device}`, `${user}-old`);
    return hasLess && full.source === 'directoryAudits' ? [record.lessOf(full), full] : [full];
  });
}

export interface EasEvent {
  readonly user: string;
  readonly system: string;
  readonly deviceId: string | undefined;
  readonly day: number;
  readonly minute: number;
  readonly country: string | undefined;
  readonly policy: string;
  readonly controls: readonly string[];
  readonly isBlocked: boolean;
  readonly versions: 1 | 2;
}

export const easEvent: fc.Arbitrary<EasEvent> = fc.record({
  user: users,
  system: fc.constantFrom('Android', 'Android 14', 'iOS 17'),
  deviceId: fc.constantFrom(undefined, undefined, undefined, 'device-1'),
  day: fc.oneof(fc.integer({ min: 0, max: 24 }), fc.constantFrom(3, 4, 11, 12)),
  minute: fc.constantFrom(0, 13, 26, 600, 1439),
  country: fc.constantFrom('NO', 'NO', 'NO', 'HN', undefined),
  policy: fc.constantFrom('p1', 'p2'),
  controls: fc.constantFrom(['block'], ['mfa'], []),
  isBlocked: fc.constantFrom(false, false, false, true),
  versions: fc.constantFrom(1, 1, 2),
});

/** Published twice: first without device, place and one policy, then with all of it. */
export function easRecords(events: readonly EasEvent[]): EntraRecord[] {
  return events.flatMap((event, i) => {
    const { user, system, deviceId, country, controls, day, minute } = event;
    const full = record.easAccepted(
      { id: `signin-${i}`, user, at: days(day, minute) },
      {
        errorCode: event.isBlocked ? 53003 : 0,
        device: { operatingSystem: system, ...(deviceId !== undefined && { id: deviceId }) },
        policies: [record.policy(event.policy, ...controls)],
      },
    );
    const { country: _country, city: _city, ...placeless } = full;
    const placed = country === undefined ? placeless : { ...full, country };
    const less = { ...placeless, device: {}, policies: [record.policy(`${event.policy}-early`)] };
    return event.versions === 2 ? [less, placed] : [placed];
  });
}

const SYNC = 'ConnectSyncProvisioning_SRV01';
const [SALES, STAND_IN] = ['Sales EU', 'Sales EU-MigTmp'];

/** What happens to the group Sales EU (`g1`, later `g3`) and to its stand-in (`g2`). */
const GROUP_EVENTS = {
  deleted: (row) => [record.groupRow(row, 'Delete group', { group: 'g1', label: SALES, by: SYNC })],
  'deleted by hand': (row) => [
    record.groupRow(row, 'Delete group', { group: 'g3', label: SALES, by: 'Portal' }),
  ],
  back: (row) => [record.groupRow(row, 'Add group', { group: 'g3', label: SALES, by: SYNC })],
  'stand-in': (row) => [
    record.groupRow(row, 'Add group', { group: 'g2', label: STAND_IN, by: 'Portal' }),
    record.groupMember({ ...row, id: `${row.id}-member` }, 'g2', STAND_IN),
  ],
  member: (row) => [record.groupMember(row, 'g2', STAND_IN)],
  'stand-in renamed': (row) => [
    record.groupRow(row, 'Update group', { group: 'g2', label: SALES, by: 'Portal' }, [STAND_IN]),
  ],
  'stand-in deleted': (row) => [
    record.groupRow(row, 'Delete group', { group: 'g2', label: STAND_IN, by: 'Portal' }),
  ],
  many: (row) =>
    Array.from({ length: 7 }, (_, i) =>
      record.groupRow(
        { ...row, id: `${row.id}-${i}`, at: plus(row.at, i * MINUTE) },
        'Delete group',
        { group: `m${i}`, label: `Team ${i}`, by: SYNC },
      ),
    ),
  'many back': (row) =>
    [0, 1, 2].map((i) =>
      record.groupRow({ ...row, id: `${row.id}-${i}` }, 'Add group', {
        ...{ group: `n${i}`, label: `Team ${i}`, by: SYNC },
      }),
    ),
} as const satisfies Record<string, (row: record.Row) => EntraRecord[]>;

const groupKinds = Object.keys(GROUP_EVENTS) as (keyof typeof GROUP_EVENTS)[];

/** Hours around the grace of a day, and what lies before it. */
export const groupEvent = fc.record({
  kind: fc.constantFrom(...groupKinds, 'deleted' as const, 'stand-in' as const),
  hour: fc.constantFrom(0, 1, 3, 4, 5, 23, 24, 25, 30, 48, 72),
});

export function groupRecords(
  events: readonly { readonly kind: keyof typeof GROUP_EVENTS; readonly hour: number }[],
): EntraRecord[] {
  return events.flatMap(({ kind, hour }, i) =>
    GROUP_EVENTS[kind]({ id: `group-${i}`, user: 'ann', at: plus(T0, hour * HOUR) }),
  );
}

/** Wrong passwords of one person in a few minutes, and what came of them. */
export interface LockoutEvent {
  readonly user: string;
  readonly day: number;
  readonly minute: number;
  readonly count: number;
  readonly addresses: number;
  readonly client: string;
  readonly then: 'nothing' | 'right' | 'reset' | 'reset, right' | 'locked' | 'right, reset';
}

export const lockoutEvent: fc.Arbitrary<LockoutEvent> = fc.record({
  user: users,
  day: fc.constantFrom(0, 1, 1, 9),
  minute: fc.constantFrom(0, 20, 600, 1425),
  count: fc.constantFrom(5, 21, 21, 24),
  addresses: fc.constantFrom(1, 2, 6),
  client: fc.constantFrom('Browser', 'Mobile Apps and Desktop clients'),
  then: fc.constantFrom('nothing', 'right', 'reset', 'reset, right', 'locked', 'right, reset'),
});

/** Every third try is published twice, first without where it came from. */
export function lockoutRecords(events: readonly LockoutEvent[]): EntraRecord[] {
  return events.flatMap(({ user, day, minute, count, addresses, client, then }, i) => {
    const rowAt = (id: string, after: number): record.Row => ({
      ...{ id: `lockout-${i}-${id}`, user, at: days(day, minute + after) },
    });
    const from = (n: number): { readonly address: string } => ({ address: `192.0.2.${n + 1}` });
    const tries = Array.from({ length: count }, (_, n): EntraRecord[] => {
      const row = rowAt(`wrong-${n}`, n * 0.9);
      const full = record.wrongPassword(row, { clientApp: client, ...from(n % addresses) });
      return n % 3 === 0 ? [record.wrongPassword(row, { clientApp: client }), full] : [full];
    });
    const next = then.split(', ').flatMap((what, n): EntraRecord[] => {
      const row = rowAt(what, count + n * 5);
      switch (what) {
        case 'right':
          return [record.signIn(row, { errorCode: 50076, ...from(0) })];
        case 'reset':
          return [record.byAdmin(row, 'Reset user password')];
        case 'locked':
          return [record.signIn(row, { errorCode: 50053, failureReason: 'Account is locked.' })];
        default:
          return [];
      }
    });
    return [...tries.flat(), ...next];
  });
}

/** Of registrations and ActiveSync alone: with more, the turns of two runners that matter are drawn too rarely. */
export const racingStory: fc.Arbitrary<EntraRecord[]> = fc
  .tuple(fc.array(mfaEvent, { maxLength: 9 }), fc.array(easEvent, { maxLength: 7 }))
  .map(([mfa, eas]) => [...mfaRecords(mfa), ...easRecords(eas)]);

export interface PromptEvent {
  readonly user: string;
  readonly kind: 'asked' | 'asked for MFA' | 'MFA satisfied' | 'registered';
  readonly day: number;
  readonly minute: number;
  readonly attempt: number;
}

/** Enough of them on few days to be a loop, with and without what shows a registration before. */
export const promptEvent: fc.Arbitrary<PromptEvent> = fc.record({
  user: users,
  kind: fc.constantFrom(
    ...(['asked', 'asked', 'asked', 'asked for MFA', 'MFA satisfied', 'registered'] as const),
  ),
  day: fc.constantFrom(-3, 0, 1, 2, 3, 4, 5, 18),
  minute: fc.constantFrom(0, 1, 59, 60, 120, 1439),
  attempt: fc.integer({ min: 1, max: 12 }),
});

export function promptRecords(events: readonly PromptEvent[]): EntraRecord[] {
  return events.map(({ user, kind, day, minute, attempt }, i) => {
    const row = { id: `prompt-${i}`, user, at: days(day, minute) };
    switch (kind) {
      case 'asked':
      case 'asked for MFA':
        return record.askedForInfo(row, `${user}-${attempt}`, kind === 'asked' ? 50125 : 50072);
      case 'MFA satisfied':
        return record.mfaSatisfied(row);
      case 'registered':
        return record.registered(row);
    }
  });
}

export const story: fc.Arbitrary<EntraRecord[]> = fc
  .tuple(
    racingStory,
    // Half of the stories are about people alone.
    fc.oneof(fc.constant([]), fc.array(groupEvent, { maxLength: 5 })),
    fc.oneof(
      { arbitrary: fc.constant([]), weight: 2 },
      { arbitrary: fc.array(lockoutEvent, { minLength: 1, maxLength: 3 }), weight: 1 },
    ),
    fc.oneof(
      { arbitrary: fc.constant([]), weight: 2 },
      { arbitrary: fc.array(promptEvent, { minLength: 3, maxLength: 8 }), weight: 1 },
    ),
    fc.oneof({ arbitrary: fc.constant([]), weight: 1 }, { arbitrary: directoryStory, weight: 1 }),
  )
  .map(([others, groups, lockout, prompts, directory]) => [
    ...others,
    ...groupRecords(groups),
    ...lockoutRecords(lockout),
    ...promptRecords(prompts),
    ...directory,
  ]);

export const mfaStory = fc.array(mfaEvent, { minLength: 1, maxLength: 9 }).map(mfaRecords);
export const easStory = fc.array(easEvent, { minLength: 1, maxLength: 8 }).map(easRecords);

/** A device and one other event of the same person, for two runners to quarrel about. */
export const quarrel = fc.tuple(mfaEvent, mfaEvent).map(([first, second]) =>
  mfaRecords([
    { ...first, user: 'ann', hour: 0, minute: 0, kind: 'added', hasLess: false },
    { ...second, user: 'ann', hour: 0, device: first.device },
  ]),
);

// ---------------------------------------------------------------------------------------------- how it was read

/** Which stretches of a source are read, which are given up, and which are given up and read after all. */
export interface ReadPlan {
  readonly from: Instant;
  readonly cuts: readonly Instant[];
  readonly fates: readonly ('read' | 'lost' | 'read late')[];
  /** Empty: in order of time, as a watermark moves. Else the stretches come in the order of these keys. */
  readonly order: readonly number[];
}

const edges = fc.oneof(
  fc.constantFrom(10, 30, 59, 61, 62, 75, 90, 180, 1_260).map(minutes),
  fc.integer({ min: 0, max: 29 }).map((day) => days(day)),
);

export const wholeRead: fc.Arbitrary<ReadPlan> = fc.record({
  from: fc.constant(days(-90)),
  cuts: fc.array(edges, { maxLength: 6 }),
  fates: fc.constant([]),
  order: fc.constant([]),
});

export const anyRead: fc.Arbitrary<ReadPlan> = fc.record({
  from: fc.oneof(fc.constant(days(-90)), fc.constantFrom(-1, 30, 61).map(minutes)),
  cuts: fc.array(edges, { maxLength: 6 }),
  fates: fc.array(fc.constantFrom('read', 'read', 'read', 'lost', 'read late'), { maxLength: 7 }),
  order: fc.oneof(fc.constant([]), fc.array(fc.nat(99), { minLength: 7, maxLength: 7 })),
});

/** The same without a stretch that is given up and read after all: of two runners, one would undo the other's reading. */
export const steadyRead: fc.Arbitrary<ReadPlan> = anyRead.map((plan) => ({
  ...plan,
  fates: plan.fates.map((fate) => (fate === 'read late' ? 'read' : fate)),
}));

/** The steps in which the coverage of a source comes to its end. */
export function stepsOf(source: Source, plan: ReadPlan): CoverageStep[] {
  const inside = plan.cuts.filter((cut) => cut > plan.from && cut < END);
  const bounds = [...new Set([plan.from, ...inside, END])].sort();
  const stretches = bounds.slice(1).map((to, i) => {
    const interval = { from: bounds[i]!, to };
    const fate = plan.fates[i] ?? 'read';
    const lost: CoverageStep = { source, verb: 'giveUp', interval };
    const read: CoverageStep = { source, verb: 'extend', interval };
    const steps = fate === 'lost' ? [lost] : fate === 'read' ? [read] : [lost, read];
    return { steps, key: plan.order[i] ?? i };
  });
  return stretches.sort((a, b) => a.key - b.key).flatMap(({ steps }) => steps);
}

/** How a story is delivered. Numbers stand for whatever is there, so that any story goes with any schedule. */
export interface Schedule {
  readonly shuffle: readonly number[];
  readonly repeats: readonly number[];
  readonly cuts: readonly number[];
  readonly audits: ReadPlan;
  readonly signIns: ReadPlan;
  /** Where in the sequence of batches each step of coverage falls, in thousandths. */
  readonly pace: readonly number[];
}

export function scheduleOf(read: fc.Arbitrary<ReadPlan>): fc.Arbitrary<Schedule> {
  return fc.record({
    shuffle: fc.array(fc.nat(999), { maxLength: 30 }),
    repeats: fc.array(fc.nat(999), { maxLength: 6 }),
    cuts: fc.array(fc.nat(999), { maxLength: 6 }),
    audits: read,
    signIns: read,
    pace: fc.array(fc.nat(999), { minLength: 16, maxLength: 16 }),
  });
}

/** Everything at once, and all of it covered. */
export const PLAIN: Schedule = {
  shuffle: [],
  repeats: [],
  cuts: [],
  audits: { from: days(-90), cuts: [], fates: [], order: [] },
  signIns: { from: days(-90), cuts: [], fates: [], order: [] },
  pace: [],
};

/** Every record at least once, in any order, cut into batches, while coverage grows as planned. */
export function batchesOf(records: readonly EntraRecord[], schedule: Schedule): Batch[] {
  const shuffled = records
    .map((each, i) => ({ each, key: schedule.shuffle[i] ?? 1_000 + i }))
    .sort((a, b) => a.key - b.key)
    .map(({ each }) => each);
  const repeats = schedule.repeats.flatMap((i) => records[i % Math.max(records.length, 1)] ?? []);
  const sequence = [...shuffled, ...repeats];
  const cuts = schedule.cuts.map((cut) => cut % (sequence.length + 1)).sort((a, b) => a - b);
  const bounds = [0, ...cuts, sequence.length];
  const parts = bounds.slice(1).map((to, i) => sequence.slice(bounds[i], to));
  const steps = dealt(
    [
      ...stepsOf('directoryAudits', schedule.audits),
      ...stepsOf('directoryObjects', schedule.signIns),
      ...stepsOf('signIns', schedule.signIns),
    ],
    schedule.pace,
    parts.length,
  );
  return parts.map((part, i) => ({
    records: part,
    coverage: steps[i] ?? [],
    now: plus(END, i * MINUTE),
  }));
}

/** The same records and the same coverage in the end, in one run and in order. */
export function inOrder(records: readonly EntraRecord[], schedule: Schedule): Batch[] {
  const steps = [
    ...stepsOf('directoryAudits', { ...schedule.audits, order: [] }),
    ...stepsOf('directoryObjects', { ...schedule.signIns, order: [] }),
    ...stepsOf('signIns', { ...schedule.signIns, order: [] }),
  ];
  return [{ records: records.toSorted(byTime), coverage: steps, now: END }];
}

function byTime(a: EntraRecord, b: EntraRecord): number {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : 0;
}

/** Steps of one source keep their order; where they fall between the batches does not matter. */
function dealt(
  steps: readonly CoverageStep[],
  pace: readonly number[],
  count: number,
): CoverageStep[][] {
  const hands = Array.from({ length: count }, (): CoverageStep[] => []);
  for (const source of SOURCES) {
    const own = steps.filter((step) => step.source === source);
    const places = own
      .map((_, i) => Math.floor(((pace[i] ?? 999) * count) / 1_000))
      .sort((a, b) => a - b);
    own.forEach((step, i) => hands[places[i]!]!.push(step));
  }
  return hands;
}

// --------------------------------------------------------------------------------------------------- interventions

/** A decision after a batch, about whichever finding is there. */
export interface PlannedAct {
  readonly afterBatch: number;
  readonly pick: number;
  readonly act: Act;
}

const verbs: fc.Arbitrary<Pick<Act, 'verb' | 'reason'>> = fc.constantFrom(
  { verb: 'acknowledge' },
  { verb: 'resolve', reason: 'fixed' },
  { verb: 'resolve', reason: 'accepted' },
  { verb: 'resolve', reason: 'false-positive' },
  { verb: 'reopen' },
);

export const plannedActs: fc.Arbitrary<PlannedAct[]> = fc.array(
  fc.record({
    afterBatch: fc.nat(5),
    pick: fc.nat(5),
    act: fc
      .tuple(verbs, fc.oneof(edges, fc.constant(END)))
      .map(([what, at]) => ({ ...what, by: 'olga', at })),
  }),
  { minLength: 1, maxLength: 4 },
);

/** A kill at one store operation, just before it or just after it. */
export interface PlannedCrash {
  readonly operation: number;
  readonly side: 'before' | 'after';
}

export const plannedCrashes: fc.Arbitrary<PlannedCrash[]> = fc.array(
  fc.record({ operation: fc.nat(60), side: fc.constantFrom('before', 'after') }),
  { minLength: 1, maxLength: 5 },
);
