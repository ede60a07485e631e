import { setTimeout as sleep } from 'node:timers/promises';
import type { Around } from '../../shared/adapters/memory/memory-table';
import { DETECTORS } from '../../shared/detectors/index';
import type { EntraRecord } from '../../shared/domain/record';
import type { ReadingState } from '../../shared/domain/reading/source-state';
import { MINUTE, plus } from '../../shared/domain/time';
import { drainMarks } from '../../shared/pipeline/findings/assess';
import { keep } from '../../shared/pipeline/findings/keep';
import { KnownSignals } from '../../shared/pipeline/reading/known-signals';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { select } from '../../shared/pipeline/findings/select';
import { memoryStores } from '../fakes/memory-stores';
import { REQUEST, ROW } from './slow-storage';
import { deviceAdded, minutes, registered } from '../fakes/records';
import { configured, cover, TENANT } from '../fakes/run';
import { END, PLAIN, stepsOf } from '../fakes/stories';

/** Of a poll, beside the four minutes of reading. */
const BUDGET = 3 * MINUTE;
/** 3 h 05 min of a day. */
const TAIL = 185 / (24 * 60);
/** So many rows of a window are stored at once. */
const PAGE = 10_000;

/** Storage requests, the timelines whose rows came, and how long it took. */
export interface Measured {
  readonly operations: number;
  readonly timelines: number;
  readonly seconds: number;
}

export interface LargeTenant {
  /** The first look at a day of all users: three rows each, one user in a hundred with an unfinished registration. */
  readonly first: Measured & {
    /** Seconds of each drain; more than one when the time of the first was not enough. */
    readonly drains: readonly number[];
    /** How often a timeline was judged, above once each. */
    readonly repeated: number;
    readonly findings: number;
  };
  /** The rows of its last hours once more, by the process that read them and by one that knows nothing. */
  readonly again: Measured;
  readonly againAnew: Measured;
  readonly steady: readonly (Measured & { readonly touched: number })[];
  /** Of 100 new findings, the timelines that get one. */
  readonly opened: Measured;
}

/** Where a tenant is stored, and what was asked of it so far. */
export interface Storage {
  readonly stores: Stores;
  readonly operations: () => number;
}

/** Tables in this process that take as long as those of a storage account: only what the code does is measured. */
export function slowMemory(): Storage {
  let operations = 0;
  const stores = memoryStores().over(
    taking((count) => {
      operations += count;
    }),
  );
  return { stores, operations: () => operations };
}

/**
 * Runs polls of a tenant with so many users over tables that take as long as those of a storage account. Graph is left
 * out: it lets an app ask for about 10,000 rows in 10 s, and that is waiting, whatever the code does.
 */
export async function measureLargeTenant(
  users: number,
  { stores, operations: asked }: Storage = slowMemory(),
): Promise<LargeTenant> {
  for (const source of ['directoryAudits', 'signIns'] as const) {
    const [step] = stepsOf(source, PLAIN[source === 'signIns' ? 'signIns' : 'audits']);
    await cover({ stores, detectors: configured() }, step!);
  }
  const names = Array.from({ length: users }, (_, i) => `user-${i}`);
  const ofDay = names.flatMap((user, i) => (i % 100 === 0 ? unfinished(user) : finished(user)));
  const known = new KnownSignals();
  const poll = async (
    records: readonly EntraRecord[],
    remembers = new KnownSignals(),
  ): Promise<Measured & { drains: number[]; repeated: number }> => {
    const before = asked();
    const started = performance.now();
    const touched = new Set<string>();
    const reading = await stores.coverage.reading();
    for (let from = 0; from < records.length; from += PAGE) {
      const selection = select(TENANT, DETECTORS, records.slice(from, from + PAGE));
      for (const { timeline } of [...selection.values()].flatMap((each) => [...each.values()])) {
        touched.add(timeline.id);
      }
      await keep(stores, selection, { reading, known: remembers });
    }
    const drains: number[] = [];
    let judged = 0;
    for (let left = 1; left > 0;) {
      const began = performance.now();
      const report = await drainOnce(stores, reading);
      drains.push((performance.now() - began) / 1_000);
      judged += report.timelines;
      left = report.left;
    }
    const seconds = (performance.now() - started) / 1_000;
    const timelines = touched.size;
    const operations = asked() - before;
    return { operations, timelines, seconds, drains, repeated: Math.max(0, judged - timelines) };
  };
  const first = await poll(ofDay, known);
  let findings = 0;
  for await (const _each of stores.findings.all()) {
    findings += 1;
  }
  // What a poll reads again: the last three hours of the day.
  const tail = ofDay.slice(-Math.ceil(ofDay.length * TAIL));
  const again = await poll(tail, known);
  const againAnew = await poll(tail);
  const steady = [];
  for (const touched of [100, 10]) {
    const some = names.filter((_, i) => i % Math.floor(users / touched) === 1);
    const rows = some.map((user) => completion(user, `later ${touched}`, 90));
    steady.push({ touched, ...(await poll(rows, known)) });
  }
  const fresh = names.filter((_, i) => i % Math.floor(users / 100) === 2).slice(0, 100);
  const opened = await poll(
    fresh.map((user) =>
      deviceAdded({ id: `second-${user}`, user, at: minutes(200) }, `tablet of ${user}`),
    ),
    known,
  );
  return { first: { ...first, findings }, again, againAnew, steady, opened };
}

/** By the real clock: the budget of a run counts what storage makes it wait. */
function drainOnce(stores: Stores, reading: ReadingState): ReturnType<typeof drainMarks> {
  const began = performance.now();
  return drainMarks({
    ...{ tenantId: TENANT, detectors: configured(), stores, reading, budget: BUDGET },
    clock: { now: () => plus(END, Math.round(performance.now() - began)) },
  });
}

function taking(count: (operations: number) => void): Around {
  return async (run) => {
    count(1);
    const result = await run();
    await sleep(REQUEST + ROW * rowsIn(result));
    return result;
  };
}

/** The rows of an answer, or those that were written. */
function rowsIn(result: unknown): number {
  if (Array.isArray(result)) {
    return result.length;
  }
  if (result instanceof Map) {
    return result.size;
  }
  const { rows } = (result ?? {}) as { readonly rows?: readonly unknown[] };
  return rows?.length ?? 1;
}

function unfinished(user: string): EntraRecord[] {
  return [deviceAdded({ id: `added-${user}`, user, at: minutes(0) }, `phone of ${user}`)];
}

function finished(user: string): EntraRecord[] {
  return [...unfinished(user), completion(user, 'first', 1), completion(user, 'again', 2)];
}

function completion(user: string, what: string, at: number): EntraRecord {
  return registered({ id: `${what} ${user}`, user, at: minutes(at) });
}
