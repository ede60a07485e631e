import { shortHash } from '../../domain/canonical';
import { joinSignals, type JoinRules, type Signal } from '../../domain/signal';
import type { Instant } from '../../domain/time';
import type { SignalMonths, SignalStore, StoredTimeline, TimelineRef } from '../../pipeline/ports';
import { fromColumns, toColumns } from './columns';
import { untilWritten } from './contention';
import type { StoredRow } from './guards';
import {
  after,
  beginning,
  isSignalTable,
  joinKey,
  SIGNAL_TABLES,
  signalTable,
  toKey,
} from './keys';
import { chunked, rowOf, type Database, type Table, type Write } from './table';

/** A timeline whose index row is known to be there is not written again; forgetting only costs a write. */
const REMEMBERED = 20_000;
const ALL_KEYS = { from: '', to: '~~~~' };
const INDEX = 'timelines';

/**
 * Signals, one table per month of their time, so that an old month goes as a whole. A partition is a timeline; one
 * more partition per detector names its timelines, written before their first signal.
 */
export class TableSignals implements SignalStore, SignalMonths {
  readonly #database: Database;
  readonly #tenantId: string;
  readonly #indexed = new Set<string>();
  /** As last listed, newest first. */
  #tables: readonly string[] = [];

  constructor(database: Database, tenantId: string) {
    this.#database = database;
    this.#tenantId = tenantId;
  }

  async merge(timeline: TimelineRef, signals: readonly Signal[], rules: JoinRules): Promise<void> {
    for (const [table, ofTable] of byTable(signals, rules)) {
      await this.#mergeInto(this.#table(table), timeline, ofTable, rules);
    }
  }

  /**
   * The tables are listed each time, beside reading those known: a list that was kept could miss a month that another
   * process has just begun, and a mark would be removed without its signals having been looked at.
   */
  async read(timelineId: string): Promise<StoredTimeline> {
    const known = this.#tables;
    const [listed, ...found] = await Promise.all([
      this.#listTables(),
      ...known.map((table) => this.#readFrom(table, timelineId)),
    ]);
    const added = listed.filter((table) => !known.includes(table));
    const rest = await Promise.all(added.map((table) => this.#readFrom(table, timelineId)));
    const rows = [...found, ...rest].flat();
    const signals = rows.map((row) => fromColumns(row) as Signal);
    refuseRepeats(timelineId, signals);
    const versions = rows.map(({ rowKey, etag }) => `${rowKey} ${etag}`).sort();
    return { signals, version: shortHash(32, ...versions) };
  }

  async *timelinesOf(detectorId: string): AsyncIterable<TimelineRef> {
    const seen = new Set<string>();
    const partition = this.#indexPartition(detectorId);
    for (const table of await this.#listTables()) {
      for await (const page of this.#table(table).pages({ partition, rows: ALL_KEYS })) {
        const fresh = page.filter(({ rowKey }) => !seen.has(rowKey));
        fresh.forEach(({ rowKey }) => seen.add(rowKey));
        yield* fresh.map((row) => fromColumns(row) as TimelineRef);
      }
    }
  }

  async below(floor: Instant): Promise<readonly string[]> {
    const old = (await this.#listTables()).filter((name) => name < signalTable(floor)).sort();
    const own: string[] = [];
    for (const name of old) {
      if (!(await this.#isShared(this.#table(name)))) {
        own.push(name);
      }
    }
    return own;
  }

  async drop(names: readonly string[]): Promise<void> {
    for (const name of names.filter(isSignalTable)) {
      await this.#table(name).dropAll();
    }
    this.#indexed.clear();
    this.#tables = [];
  }

  /** Whether another tenant has rows in the table, too. */
  async #isShared(table: Table): Promise<boolean> {
    const own = beginning(`${joinKey(this.#tenantId)}|`);
    const others = [
      { from: '', to: own.from },
      { from: own.to, to: '~~~~' },
    ];
    const found = await Promise.all(
      others.map((partition) => table.has({ partition, rows: ALL_KEYS })),
    );
    return found.includes(true);
  }

  async #mergeInto(
    table: Table,
    timeline: TimelineRef,
    signals: ReadonlyMap<string, Signal>,
    rules: JoinRules,
  ): Promise<void> {
    const partition = this.#partition(timeline.id);
    let left = signals;
    await untilWritten(`timeline ${timeline.id}`, table.name, async () => {
      const stored = await readKeys(table, partition, [...left.keys()]);
      const writes = joinAll(partition, left, stored, rules);
      if (writes.some((write) => 'insert' in write)) {
        await this.#index(table, timeline);
      }
      const refused = await writeAll(table, writes);
      left = new Map([...left].filter(([rowKey]) => refused.includes(rowKey)));
      return refused.length === 0;
    });
  }

  /** Written before the first signal: a timeline without signals is harmless, an unknown one would be lost. */
  async #index(table: Table, timeline: TimelineRef): Promise<void> {
    const partitionKey = this.#indexPartition(timeline.detector);
    const rowKey = joinKey(timeline.id);
    const known = `${table.name} ${partitionKey} ${rowKey}`;
    if (this.#indexed.has(known)) {
      return;
    }
    await table.insert({ partitionKey, rowKey, ...toColumns(timeline) });
    if (this.#indexed.size >= REMEMBERED) {
      this.#indexed.clear();
    }
    this.#indexed.add(known);
  }

  #readFrom(table: string, timelineId: string): Promise<readonly StoredRow[]> {
    return this.#table(table).list({ partition: this.#partition(timelineId), rows: ALL_KEYS });
  }

  async #listTables(): Promise<readonly string[]> {
    const names = await this.#database.listTables(SIGNAL_TABLES);
    this.#tables = names.filter(isSignalTable).sort().reverse();
    return this.#tables;
  }

  #table(name: string): Table {
    return this.#database.table(name, true);
  }

  #partition(timelineId: string): string {
    return joinKey(this.#tenantId, timelineId);
  }

  #indexPartition(detectorId: string): string {
    return joinKey(this.#tenantId, INDEX, detectorId);
  }
}

/** Signals by table and row key. */
function byTable(
  signals: readonly Signal[],
  rules: JoinRules,
): ReadonlyMap<string, ReadonlyMap<string, Signal>> {
  const tables = new Map<string, Map<string, Signal>>();
  for (const signal of signals) {
    const name = signalTable(signal.at);
    const table = tables.get(name) ?? new Map<string, Signal>();
    const rowKey = toKey(signal.key);
    const known = table.get(rowKey);
    tables.set(name, table);
    table.set(rowKey, known === undefined ? signal : joinSignals(known, signal, rules));
  }
  return tables;
}

/** One row is fetched by its keys, several as the range they span: keys that are written together are neighbours. */
async function readKeys(
  table: Table,
  partition: string,
  rowKeys: readonly string[],
): Promise<ReadonlyMap<string, StoredRow>> {
  const [first = '', ...others] = [...rowKeys].sort();
  const last = others.at(-1);
  const only = last === undefined ? await table.get(partition, first) : undefined;
  const rows =
    last === undefined
      ? only === undefined
        ? []
        : [only]
      : await table.list({ partition, rows: { from: first, to: after(`${last}|`) } });
  return new Map(rows.map((row) => [row.rowKey, row]));
}

/** What must be written: signals that are new, and those that bring something new. */
function joinAll(
  partitionKey: string,
  signals: ReadonlyMap<string, Signal>,
  stored: ReadonlyMap<string, StoredRow>,
  rules: JoinRules,
): Write[] {
  const writes: Write[] = [];
  for (const [rowKey, signal] of signals) {
    const row = stored.get(rowKey);
    const known = row && (fromColumns(row) as Signal);
    const joined = known === undefined ? signal : joinSignals(known, signal, rules);
    if (joined !== known) {
      const next = { partitionKey, rowKey, ...toColumns(joined) };
      writes.push(row === undefined ? { insert: next } : { update: next, etag: row.etag });
    }
  }
  return writes;
}

/** @returns the row keys that somebody else changed meanwhile, or that were to be written together with one. */
async function writeAll(table: Table, writes: readonly Write[]): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const chunk of chunked(writes)) {
    const [first] = chunk;
    const isWritten =
      chunk.length > 1 || first === undefined
        ? (await table.transact(chunk)) !== undefined
        : await table.writeOne(first);
    if (!isWritten) {
      refused.push(...chunk.map((write) => rowOf(write).rowKey));
    }
  }
  return refused;
}

// A joined signal takes the earlier time, so a key that two months share would be in two tables and never meet.
// The detector is at fault, and a TypeError is what the engine expects of one.
function refuseRepeats(timelineId: string, signals: readonly Signal[]): void {
  const keys = new Set(signals.map((signal) => signal.key));
  if (keys.size < signals.length) {
    const repeated = signals.find(({ key }, i) => signals.findIndex((s) => s.key === key) < i);
    throw new TypeError(
      `the key of a ${repeated?.kind} signal of timeline ${timelineId} is shared by two months; ` +
        'a shared key must name its day or month',
    );
  }
}
