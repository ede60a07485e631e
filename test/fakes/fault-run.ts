import { seeded } from '../../cli/demo-tenant/random';
import { Limiter } from '../../shared/adapters/graph/limiter';
import { graphSource } from '../../shared/adapters/graph/graph-source';
import { memoryStores, type MemoryStores } from './memory-stores';
import { readRow } from '../../shared/adapters/rows/read-row';
import { canonical, type Json, type JsonObject } from '../../shared/domain/json';
import { checkCoverage, type CoverageBySource } from '../../shared/domain/reading/coverage';
import { isAsked, needsSource, type Detector } from '../../shared/domain/detector';
import { isOpen } from '../../shared/domain/reading/quarantine';
import type { Log } from '../../shared/domain/record';
import { joinSignals, type Signal } from '../../shared/domain/findings/signal';
import {
  between,
  DAY,
  earliest,
  HOUR,
  justAfter,
  MINUTE,
  plus,
  SECOND,
  type Duration,
  type Instant,
} from '../../shared/domain/time';
import { StorageError } from '../../shared/adapters/tables/errors';
import { drainMarks, type SecondLook } from '../../shared/pipeline/findings/assess';
import { KnownSignals } from '../../shared/pipeline/reading/known-signals';
import { pollSource } from '../../shared/pipeline/poll';
import type { Clock } from '../../shared/pipeline/ports/clock';
import type { RecordSource } from '../../shared/pipeline/ports/record-source';
import type { Stores } from '../../shared/pipeline/ports/stores';
import type { Reader } from '../../shared/pipeline/reading/read-source';
import { secondLook } from '../../shared/pipeline/reading/second-look';
import { select, wantedBy } from '../../shared/pipeline/findings/select';
import { hearOfRows } from '../../shared/pipeline/reading/unreadable';
import { VirtualClock, wronged, type WrongTime } from './clock';
import type { Laid } from './fault-plan';
import { faultyTables, type StorageFault, type StorageFaultKind } from './faulty-tables';
import { FaultyGraph, isUnseen, perfectGraph, type PlannedRow } from './faulty-graph';
import { FastClock, serveFaultyGraph, virtualFetch } from './faulty-transport';
import { must, type LawBroken } from './law';
import { configured, TENANT, view } from './run';
import { coverageByDetector } from '../../shared/domain/reading/source-state';
import { readCoverage } from './cover';
import { LOGS } from '../../shared/sources';

/** What production runs with: see composition/monitor.ts. */
const BUDGET = 4 * MINUTE;
const READS_PER_10_SECONDS = 2;
const LOOKS_PER_10_SECONDS = 1;
const LOOK_BUDGET = MINUTE;
const RETENTION = 30 * DAY;
const INITIAL_LOOKBACK = DAY;
/** What a source is assumed to be late at most, before its lateness was measured. */
const LAG = 2 * HOUR;
/** No run may take longer or ask more often. */
const MAX_RUN_TIME = 30 * MINUTE;
const MOST_REQUESTS = 200;

/** A fault to plant in the reading, between two parts of it. */
export interface Breakage {
  readonly source?: (records: RecordSource, stores: MemoryStores, clock: Clock) => RecordSource;
  readonly fetch?: (fetchLike: typeof fetch) => typeof fetch;
  readonly stores?: (stores: MemoryStores) => Stores;
  readonly requestsPer10Seconds?: number;
}

/** A clock whose idle time can be passed over. */
interface TestClock extends Clock {
  advance(ms: Duration): void;
}
type BySource<T> = Readonly<Record<Log, T>>;

/** The monitor over one Graph: the real adapter and the real pipeline, as composition/ puts them together. */
interface Monitor {
  readonly stores: MemoryStores;
  /** When each request was sent. */
  readonly sent: BySource<readonly Instant[]>;
  readonly looked: BySource<readonly Instant[]>;
  readonly clocks: BySource<TestClock>;
  poll(source: Log, options?: Partial<Reader>): Promise<void>;
  /** As the timer of that name does, in the turn of the audit log. */
  reassess(): Promise<void>;
}

/** What goes wrong around the monitor, beside Graph. */
interface Wrongs {
  readonly breakage?: Breakage;
  readonly wrong?: readonly WrongTime[];
  readonly storage?: readonly StorageFault[];
  /** From then on the tables do not lie any more. */
  readonly healthyFrom?: Instant;
  readonly met?: (kind: StorageFaultKind) => void;
}

function wrongsOf({ clocks, storage, healthyFrom }: Laid): Wrongs {
  return { wrong: clocks, storage, healthyFrom };
}

/** @returns undefined when the run ended at a table: the next one goes on. */
async function unlessStorageFails<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StorageError) {
      return undefined;
    }
    throw error;
  }
}

function monitor(
  clocks: BySource<TestClock>,
  baseUrl: URL,
  fetchFor: (source: Log) => typeof fetch,
  { breakage = {}, wrong = [], storage = [], healthyFrom, met }: Wrongs = {},
): Monitor {
  const stores = memoryStores();
  const ours = bySource((source) => wronged(clocks[source], wrong));
  const isHealthy = (): boolean =>
    healthyFrom !== undefined && clocks.directoryAudits.now() >= healthyFrom;
  const through = breakage.stores?.(stores) ?? stores.over(faultyTables(storage, isHealthy, met));
  const detectors = configured();
  const known = new KnownSignals();
  const sent = bySource((): Instant[] => []);
  const looked = bySource((): Instant[] => []);
  const chance = seeded('jitter');
  /** A source as a door asks it: with the clock of the door, and within its share of what Graph allows. */
  const graphOf = (door: Log, share: number, times: Instant[]): RecordSource => {
    const clock = ours[door];
    const ask = breakage.fetch?.(fetchFor(door)) ?? fetchFor(door);
    const limiter = new Limiter(clock, breakage.requestsPer10Seconds ?? share);
    return graphSource({
      ...{ baseUrl, getToken: undefined, fetch: ask, clock, limiter },
      random: () => chance.next(),
      onRequest: () => times.push(clocks[door].now()),
    });
  };
  /** Whether the last window could not be read. */
  const lastFailed: Record<Log, boolean> = { directoryAudits: false, signIns: false };
  const noticed = (source: Log, records: RecordSource): RecordSource => ({
    clocks: (of) => records.clocks?.(of) ?? Promise.resolve(undefined),
    async *read(window, wanted) {
      lastFailed[source] = false;
      try {
        yield* records.read(window, wanted);
      } catch (error) {
        lastFailed[source] = true;
        throw error;
      }
    },
  });
  const records = bySource((source) => {
    const whole = noticed(source, graphOf(source, READS_PER_10_SECONDS, sent[source]));
    return breakage.source?.(whole, stores, ours[source]) ?? whole;
  });
  const lookers = bySource((door) => graphOf(door, LOOKS_PER_10_SECONDS, looked[door]));
  const lookAgain = (door: Log): SecondLook =>
    secondLook({
      ...{ tenantId: TENANT, stores: through, clock: ours[door], budget: LOOK_BUDGET },
      sourceOf: () => Promise.resolve(lookers[door]),
    });
  const base = { tenantId: TENANT, detectors, stores: through };
  return {
    ...{ stores, sent, looked, clocks },
    async poll(source, options) {
      const clock = clocks[source];
      const reader = {
        ...{ ...base, source, records: records[source], clock: ours[source], known },
        ...{ initialLookback: INITIAL_LOOKBACK, retention: RETENTION, budget: BUDGET },
        ...options,
      };
      const asked = (): number => sent[source].length + looked[source].length;
      const [started, before] = [clock.now(), asked()];
      lastFailed[source] = false;
      const report = await unlessStorageFails(() =>
        pollSource(reader, { secondLook: lookAgain(source) }),
      );
      if (report === undefined) {
        return;
      }
      const { read, assessed } = report;
      must(
        !(read.stopped === 'budget' && read.windows === 0 && lastFailed[source]),
        () => `a run over ${source} read nothing, and did not say why`,
      );
      must(assessed.faults.length === 0, () => assessed.faults[0]?.error.message ?? '');
      const [took, requests] = [between(started, clock.now()), asked() - before];
      must(
        options !== undefined || (took <= MAX_RUN_TIME && requests <= MOST_REQUESTS),
        () => `a run over ${source} took ${took / MINUTE} min and ${requests} requests`,
      );
    },
    async reassess() {
      const door = 'directoryAudits';
      const report = await unlessStorageFails(async () => {
        await hearOfRows(base);
        return drainMarks({ ...{ ...base, clock: ours[door], secondLook: lookAgain(door) } });
      });
      const faults = report?.faults ?? [];
      must(faults.length === 0, () => faults[0]?.error.message ?? '');
    },
  };
}

const VIRTUAL_BASE = new URL('https://graph.example.com');

/** Plays a plan in virtual time. @throws LawBroken */
export async function playVirtually(
  plan: Laid,
  breakage: Breakage = {},
  met?: (kind: StorageFaultKind) => void,
): Promise<FaultyGraph> {
  const clocks = bySource(() => new VirtualClock(first(plan.polls)));
  const graph = new FaultyGraph(plan, (source) => clocks[source].now());
  const broken: LawBroken[] = [];
  const fetchFor = (source: Log): typeof fetch =>
    virtualFetch(graph, VIRTUAL_BASE, clocks[source], (law) => broken.push(law));
  const wrongs = { ...wrongsOf(plan), breakage, ...(met !== undefined && { met }) };
  await hold(plan, monitor(clocks, VIRTUAL_BASE, fetchFor, wrongs));
  if (broken[0] !== undefined) {
    throw broken[0];
  }
  return graph;
}

/** Plays a plan over loopback HTTP with real waiting. @throws LawBroken */
export async function playOverHttp(plan: Laid): Promise<FaultyGraph> {
  const clocks = bySource(() => new FastClock(first(plan.polls)));
  const graph = new FaultyGraph(plan, (source) => clocks[source].now());
  const server = await serveFaultyGraph(graph);
  try {
    await hold(
      plan,
      monitor(clocks, new URL(server.url), () => fetch, wrongsOf(plan)),
      3 * SECOND, // 30 ms of a busy machine
    );
  } finally {
    await server.close();
  }
  return graph;
}

/** @param jitter by how much real timers may fire early. */
async function hold(plan: Laid, watch: Monitor, jitter = 0): Promise<void> {
  const evidence = evidenceOf(plan.rows);
  const soundness = new Soundness(plan, evidence, watch);
  for (const [i, at] of plan.polls.entries()) {
    for (const source of LOGS) {
      const clock = watch.clocks[source];
      const idle = between(clock.now(), at);
      // A run that is still busy when its time comes is not started twice.
      if (idle >= 0) {
        clock.advance(idle);
        await watch.poll(source);
      }
    }
    if (i % 3 === 0) {
      await watch.reassess();
    }
    await soundness.check();
  }
  await watch.reassess();

  mustKeepLimit(watch, jitter);
  await mustCover(plan, watch.stores);
  await mustHold(evidence, watch.stores);
  await mustHaveRead(watch.stores);
  mustAlertOnce(watch.stores);
  await mustEqualPerfect(plan, watch.stores);
}

// ------------------------------------------------------------------------------------------------ what must hold

/** What a row must have left in the signal store once its stretch is covered. */
interface Evidence {
  readonly row: PlannedRow;
  readonly detector: Detector;
  readonly timeline: string;
  readonly signals: readonly Signal[];
}

const MFA = 'mfa-registration-unfinished';
const DETECTORS = configured().map(({ detector }) => detector);

/** Without the rows that they only look at when they come by: nobody promises to have seen those. */
const ASKING = DETECTORS.map((each) => ({ ...each, reads: each.reads.filter(isAsked) }));

function evidenceOf(rows: readonly PlannedRow[]): readonly Evidence[] {
  const wanted = bySource((source) => wantedBy(ASKING, source));
  return rows.flatMap((row) => {
    const read = readRow(row.source, row.json, wanted[row.source]);
    if ('malformed' in read || read.record === undefined) {
      return [];
    }
    const selection = select(TENANT, ASKING, [read.record]);
    return [...selection].flatMap(([detector, timelines]) =>
      [...timelines.values()].map(({ timeline, signals }) => ({
        ...{ row, detector, timeline: timeline.id },
        signals: [...signals.values()],
      })),
    );
  });
}

async function isKept({ detector, timeline, signals }: Evidence, stores: Stores): Promise<boolean> {
  const stored = new Map((await stores.signals.read(timeline)).signals.map((s) => [s.key, s]));
  return signals.every((signal) => {
    const known = stored.get(signal.key);
    return (
      known !== undefined && textOf(joinSignals(known, signal, detector.join)) === textOf(known)
    );
  });
}

type IsCovered = (evidence: Evidence) => boolean;

/** Tells of what coverage says is complete now. */
async function coveredBy(stores: Stores): Promise<IsCovered> {
  const known = new Map<string, CoverageBySource>();
  for (const { id } of DETECTORS) {
    known.set(id, await readCoverage(stores.coverage, id));
  }
  return ({ detector, row }) => {
    const coverage = known.get(detector.id)?.[row.source];
    return checkCoverage(coverage, row.at, justAfter(row.at)).verdict === 'covered';
  };
}

/** In the middle of it all: what is called complete holds every row that was there within the assumed lag. */
class Soundness {
  #open: readonly Evidence[];
  readonly #spoilt: readonly Evidence[];
  readonly #stores: MemoryStores;
  readonly #now: (source: Log) => Instant;

  constructor({ lies }: Laid, evidence: readonly Evidence[], { stores, clocks }: Monitor) {
    this.#stores = stores;
    this.#now = (source) => clocks[source].now();
    // Of a log that only sharpens a finding nothing is concluded by absence, so that nothing has to wait for its rows.
    this.#spoilt = evidence.filter(
      ({ row, detector }) =>
        row.isSpoilt === true &&
        needsSource(detector, row.source) &&
        row.visibleAt <= plus(row.at, LAG) &&
        !(isUnseen(row.id) && lies.some((lie) => lie.source === row.source)),
    );
    this.#open = evidence.filter(
      ({ row }) =>
        row.completeAt <= plus(row.at, LAG) &&
        !(isUnseen(row.id) && lies.some((lie) => lie.source === row.source)),
    );
  }

  async check(): Promise<void> {
    const isCovered = await coveredBy(this.#stores);
    for (const each of this.#open.filter(isCovered)) {
      const isThere = await isKept(each, this.#stores);
      must(isThere, () => `covered in mid-run, but not kept: ${nameOf(each.row)}`);
    }
    this.#open = this.#open.filter((each) => !isCovered(each));
    this.#mustConcludeNothing();
  }

  /** Nobody is said to have left undone what a row that cannot be read yet may show. */
  #mustConcludeNothing(): void {
    const spoilt = this.#spoilt.filter(({ row }) => row.completeAt > this.#now(row.source));
    if (spoilt.length === 0) {
      return;
    }
    for (const {
      id,
      detector,
      count,
      verdict,
      firstSeenAt,
      since,
    } of this.#stores.findings.list()) {
      if (detector === MFA && count === 1 && verdict.state === 'open') {
        const over = spoilt.find(
          ({ row, timeline }) => id.startsWith(timeline) && row.at > firstSeenAt && row.at < since,
        );
        must(
          over === undefined,
          () => `concluded over ${over === undefined ? '' : nameOf(over.row)}`,
        );
      }
    }
  }
}

async function mustHold(evidence: readonly Evidence[], stores: Stores): Promise<void> {
  for (const each of evidence.filter(await coveredBy(stores))) {
    must(await isKept(each, stores), () => `covered, but not kept: ${nameOf(each.row)}`);
  }
}

async function mustCover(plan: Laid, stores: Stores): Promise<void> {
  for (const source of LOGS) {
    for (const detector of DETECTORS.filter((each) => asks(each, source))) {
      const coverage = (await readCoverage(stores.coverage, detector.id))[source];
      must(coverage !== undefined, () => `${source} is not covered at all`);
      const { from, to, gaps } = coverage!;
      must(gaps.length === 0, () => `${source} has a gap that is none: ${textOf(gaps)}`);
      const healthy = plan.polls.find((at) => at >= plus(plan.healthyFrom, MAX_RUN_TIME));
      const latestFrom = plus(healthy ?? plan.end, -INITIAL_LOOKBACK + MINUTE);
      must(from <= latestFrom, () => `${source} is covered from ${from} only`);
      must(to >= plus(plan.end, -LAG - MINUTE), () => `${source} is covered to ${to} only`);
    }
  }
}

function asks(detector: Detector, source: Log): boolean {
  return detector.reads.some((read) => read.source === source && isAsked(read));
}

/** Every row that could not be read at first was read again, so no gap stands. */
async function mustHaveRead({ quarantine }: Stores): Promise<void> {
  const open = (await quarantine.live()).filter(isOpen);
  must(open.length === 0, () => `gaps are left: ${textOf(open)}`);
}

function mustKeepLimit({ sent, looked }: Monitor, jitter: Duration): void {
  const shares = [
    [sent, READS_PER_10_SECONDS],
    [looked, LOOKS_PER_10_SECONDS],
  ] as const;
  for (const [bySources, share] of shares) {
    for (const starts of Object.values(bySources)) {
      starts.forEach((start, i) => {
        const before = starts[i - share];
        must(
          before === undefined || between(before, start) >= 10 * SECOND - jitter,
          () => `${share + 1} requests from ${before ?? ''} to ${start}`,
        );
      });
    }
  }
}

function mustAlertOnce({ outbox }: MemoryStores): void {
  const ids = outbox.alerts.map((each) => each.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  must(twice.length === 0, () => `alerted twice: ${twice.join(', ')}`);
}

/** The same rows read once, at the end, from a Graph that shows everything at once and never fails. */
async function mustEqualPerfect(plan: Laid, stores: MemoryStores): Promise<void> {
  const clocks = bySource(() => new VirtualClock(plan.end));
  const graph = perfectGraph(plan.rows, (source) => clocks[source].now());
  const unlimited = { requestsPer10Seconds: 1_000_000 };
  const fetchFor = (source: Log): typeof fetch =>
    virtualFetch(graph, VIRTUAL_BASE, clocks[source], (law) => {
      throw law;
    });
  const perfect = monitor(clocks, VIRTUAL_BASE, fetchFor, { breakage: unlimited });
  for (const source of LOGS) {
    const state = await stores.coverage.source(source);
    const known = state === undefined ? {} : coverageByDetector(state);
    const [oldest = plan.end, ...others] = Object.values(known).map((each) => each.from);
    const initialLookback = between(earliest(oldest, ...others), plan.end);
    await perfect.poll(source, { initialLookback });
  }
  await perfect.reassess();
  mustEqualFindings(view(stores), view(perfect.stores));
  mustTellTruth(plan, perfect.stores);
}

function mustEqualFindings(actual: Json, expected: Json): void {
  const [is, should] = [byId(actual), byId(expected)];
  const differing = [...new Set([...is.keys(), ...should.keys()])].filter(
    (id) => is.get(id) !== should.get(id),
  );
  must(differing.length === 0, () =>
    differing
      .map(
        (id) =>
          `finding ${id}\n  is       ${is.get(id) ?? '-'}\n  expected ${should.get(id) ?? '-'}`,
      )
      .join('\n'),
  );
}

function byId(findings: Json): ReadonlyMap<string, string> {
  return new Map(
    (findings as JsonObject[]).map((each) => [canonical(each['id']), canonical(each)]),
  );
}

/** That the perfect run is right is not for itself to say: the stories know what they come to. */
function mustTellTruth({ truth }: Laid, stores: MemoryStores): void {
  const expected = truth
    .filter((each) => each.resolution !== 'superseded')
    .map((each) => [each.subject.id, each.detector, each.severity, each.count, each.status].join());
  const found = stores.findings
    .list()
    .filter(({ verdict, stage }) => verdict.resolution !== 'superseded' && stage === 'alert')
    .map((each) => [each.subject.id, each.detector, each.severity, each.count, each.status].join());
  const [a, b] = [found.toSorted().join('\n'), expected.toSorted().join('\n')];
  must(a === b, () => `the perfect run is wrong\n${a}\nand the truth is\n${b}`);
}

// ------------------------------------------------------------------------------------------------------- plain help

function bySource<T>(make: (source: Log) => T): Record<Log, T> {
  return { directoryAudits: make('directoryAudits'), signIns: make('signIns') };
}

function first<T>([one]: readonly T[]): T {
  if (one === undefined) {
    throw new RangeError('a plan has at least one poll');
  }
  return one;
}

function textOf(value: unknown): string {
  return canonical(value as Json);
}

function nameOf({ source, id, at, visibleAt, completeAt }: PlannedRow): string {
  return `${source} ${id} of ${at}, visible at ${visibleAt}, complete at ${completeAt}`;
}
