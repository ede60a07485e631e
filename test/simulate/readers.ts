import { seeded } from '../../cli/demo-tenant/random';
import { graphSource } from '../../shared/adapters/graph/graph-source';
import { Limiter } from '../../shared/adapters/graph/limiter';
import { memoryStores, type MemoryStores } from '../fakes/memory-stores';
import { configureDetectors } from '../../shared/config/detectors';
import { shortHash } from '../../shared/domain/json';
import { easSuccessDespiteCaFailure } from '../../shared/detectors/eas-success-despite-ca-failure';
import type { Detector } from '../../shared/domain/detector';
import { textsIn } from '../../shared/domain/facts';
import type { Signal } from '../../shared/domain/findings/signal';
import { epochOf, fromEpoch, HOUR, MINUTE, plus, type Instant } from '../../shared/domain/time';
import { KnownSignals } from '../../shared/pipeline/reading/known-signals';
import { pollSource } from '../../shared/pipeline/poll';
import type { Clock } from '../../shared/pipeline/ports/clock';
import type { Stores } from '../../shared/pipeline/ports/stores';
import type { Reader } from '../../shared/pipeline/reading/read-source';
import type { VirtualClock } from '../fakes/clock';
import type { AnsweredPage, SimulatedGraph } from './graph';
import { everySignIn, wrongPassword } from './simulated-detectors';
import { DAY_START, rowId, rowOf, userId, type World } from './world';

/** Something that polls, and what it made of a world. */
export interface Contestant {
  poll(): Promise<void>;
  /** The process is started anew: what it only had in memory is gone. */
  restart(): void;
  outcome(): Promise<Outcome>;
}

/** Per row of the world: how often it counts in the end, and when it first did (NaN: never). */
export interface Outcome {
  readonly counted: Uint8Array;
  readonly countedAt: Float64Array;
  /** Signals that were counted or told more often than they happened, and those that are missing. */
  readonly doubleSignals: number;
  readonly lostSignals: number;
}

/** Where a contestant runs. */
export interface Setting {
  readonly world: World;
  readonly clock: VirtualClock;
  /** What whoever polls takes for the time. */
  readonly ours: Clock;
  readonly graph: SimulatedGraph;
  readonly reading: Reading;
}

/**
 * What is read and kept. `everything`: all rows, and each is a signal, so that a lost one shows. `signals`: all rows,
 * because Graph rejects the filter, and few are signals. `filtered`: Graph is asked for the ActiveSync sign-ins alone.
 * `feeds`: for those and, in a feed of its own, for the sign-ins with an error code.
 */
export type Reading = 'everything' | 'signals' | 'filtered' | 'feeds';
export const UNFILTERED: readonly Reading[] = ['everything', 'signals'];

const DETECTORS = {
  everything: [easSuccessDespiteCaFailure, everySignIn],
  signals: [easSuccessDespiteCaFailure],
  filtered: [easSuccessDespiteCaFailure],
  feeds: [easSuccessDespiteCaFailure, wrongPassword],
} as const satisfies Record<Reading, readonly Detector[]>;

export const CONTESTANTS = {
  crosscheck,
  watermark: (setting: Setting) => collector(setting, 'watermark'),
  'overlap 180 min': (setting: Setting) => collector(setting, 'overlap'),
} as const satisfies Record<string, (setting: Setting) => Contestant>;

// ----------------------------------------------------------------------------------------------------- Crosscheck

const BASE_URL = new URL('https://graph.microsoft.com');
const TENANT = 'simulation';
/** As the deployed door has it: composition/monitor.ts. */
const REQUESTS_PER_10_SECONDS = 2;
const RUN_BUDGET = 4 * MINUTE;

/** The shipped reader: its own pipeline and Graph adapter, with stores in memory. */
function crosscheck({ world, clock, ours, graph, reading }: Setting): Contestant {
  const stores = memoryStores();
  const countedAt = new Float64Array(world.size).fill(NaN);
  const detectors = configureDetectors({}, DETECTORS[reading]);
  const random = seeded(TENANT); // for the waits between repeats
  const newProcess = (): Reader => ({
    ...{ source: 'signIns', tenantId: TENANT, detectors, clock: ours },
    stores: { ...stores, signals: noting(stores.signals, world, clock, countedAt) },
    records: graphSource({
      ...{ baseUrl: BASE_URL, getToken: undefined, fetch: graph.fetch, clock: ours },
      limiter: new Limiter(ours, REQUESTS_PER_10_SECONDS),
      random: () => random.next(),
    }),
    known: new KnownSignals(),
    initialLookback: 24 * HOUR,
    budget: RUN_BUDGET,
  });
  let reader = newProcess();
  return {
    poll: async () => {
      await pollSource(reader);
    },
    restart: () => {
      reader = newProcess();
    },
    outcome: async () => ({
      counted: await countRows(stores, world),
      countedAt,
      ...countSignals(stores, world),
    }),
  };
}

/** Notes when the store first takes the signal of a row. */
function noting(
  signals: Stores['signals'],
  world: World,
  clock: VirtualClock,
  countedAt: Float64Array,
): Stores['signals'] {
  const rowByHash = new Map<string, number>();
  for (let row = 0; row < world.size; row++) {
    if (world.isSignal[row] === 1) {
      rowByHash.set(shortHash(12, rowId(row)), row);
    }
  }
  const rowsOf = (signal: Signal): readonly number[] =>
    signal.eventId !== undefined
      ? [rowOf(signal.eventId)]
      : textsIn(signal.facts['events']).flatMap((hash) => rowByHash.get(hash) ?? []);
  const merge = signals.merge.bind(signals);
  return Object.assign(signals, {
    merge: ((touched, rules, mark) => {
      const now = epochOf(clock.now());
      for (const row of touched.flatMap((each) => each.signals.flatMap(rowsOf))) {
        countedAt[row] = Math.min(now, countedAt[row]! || now);
      }
      return merge(touched, rules, mark);
    }) satisfies Stores['signals']['merge'],
  });
}

async function countRows({ signals }: MemoryStores, world: World): Promise<Uint8Array> {
  const counted = new Uint8Array(world.size);
  for await (const timeline of signals.timelinesOf(everySignIn.id)) {
    for (const { eventId } of (await signals.read(timeline.id)).signals) {
      counted[rowOf(eventId!)]! += 1;
    }
  }
  return counted;
}

/** By what people see: the counts in the findings, and that nobody was told of one twice. */
function countSignals(
  { findings, outbox }: MemoryStores,
  world: World,
): Pick<Outcome, 'doubleSignals' | 'lostSignals'> {
  const expected = new Map<string, number>();
  for (let row = 0; row < world.size; row++) {
    if (world.isSignal[row] === 1) {
      const id = userId(world.user[row]!);
      expected.set(id, (expected.get(id) ?? 0) + 1);
    }
  }
  const found = new Map<string, number>();
  const stated = findings
    .list()
    .filter((finding) => finding.detector === easSuccessDespiteCaFailure.id);
  for (const { subject, count } of stated) {
    found.set(subject.id, (found.get(subject.id) ?? 0) + count);
  }
  let [lostSignals, doubleSignals] = [0, 0];
  for (const id of new Set([...expected.keys(), ...found.keys()])) {
    const surplus = (found.get(id) ?? 0) - (expected.get(id) ?? 0);
    lostSignals += Math.max(0, -surplus);
    doubleSignals += Math.max(0, surplus);
  }
  const told = outbox.alerts.map((alert) => alert.findingId);
  return { lostSignals, doubleSignals: doubleSignals + told.length - new Set(told).size };
}

// ------------------------------------------------------------------------------------------------ the known ways

const OVERLAP = 180 * MINUTE;

/**
 * The two ways in which shipped collectors follow the log. `watermark` reads from the newest row it saw; `overlap`
 * reads the last three hours at each poll and drops the ids that it knows. Both keep what came before a page failed,
 * and go on from there the next time.
 */
function collector(setting: Setting, by: 'watermark' | 'overlap'): Contestant {
  const { world, clock, ours, reading } = setting;
  const counted = new Uint8Array(world.size);
  const countedAt = new Float64Array(world.size).fill(NaN);
  let watermark: Instant = DAY_START;

  function take(rows: readonly number[]): void {
    const now = epochOf(clock.now());
    for (const row of rows) {
      if (by === 'watermark' || counted[row] === 0) {
        counted[row] = Math.min(255, counted[row]! + 1);
      }
      countedAt[row] = Math.min(now, countedAt[row]! || now);
    }
  }

  return {
    poll: async () => {
      const from = by === 'watermark' ? watermark : plus(ours.now(), -OVERLAP);
      const pages = readPages(setting, from, !UNFILTERED.includes(reading));
      for await (const { rows, newest } of pages) {
        take(rows);
        watermark = newest !== undefined && newest > watermark ? newest : watermark;
      }
    },
    restart: () => undefined, // the watermark and the known ids are stored
    outcome: () =>
      Promise.resolve({
        ...{ counted, countedAt },
        lostSignals: countOf(world, counted, (times) => times === 0),
        doubleSignals: countOf(world, counted, (times) => times > 1),
      }),
  };
}

function countOf(world: World, counted: Uint8Array, is: (times: number) => boolean): number {
  return counted.reduce(
    (sum, times, row) => sum + (world.isSignal[row] === 1 && is(times) ? 1 : 0),
    0,
  );
}

interface CollectedPage {
  readonly rows: readonly number[];
  readonly newest: Instant | undefined;
}

/** The pages up to the first that fails. */
async function* readPages(
  { world, graph }: Setting,
  from: Instant,
  isFiltered: boolean,
): AsyncIterable<CollectedPage> {
  const client = isFiltered ? " and (clientAppUsed eq 'Exchange ActiveSync')" : '';
  const filter = encodeURIComponent(`createdDateTime ge ${from}${client}`);
  let link: string | undefined =
    `${BASE_URL.origin}/v1.0/auditLogs/signIns?$filter=${filter}&$top=999`;
  while (link !== undefined) {
    const page: AnsweredPage | undefined = await graph.ask(link).catch(() => undefined);
    if (page === undefined) {
      return; // a refusal, no answer, or one that is cut off
    }
    const [newest] = page.rows;
    yield {
      rows: page.rows,
      newest: newest === undefined ? undefined : fromEpoch(world.at[newest]!),
    };
    link = page.nextLink;
  }
}
