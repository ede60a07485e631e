import { canonical, shortHash, type JsonObject } from '../../domain/json';
import type { Interval } from '../../domain/reading/coverage';
import { PROPERTIES, type Property } from '../../domain/reading/feed';
import type { FeedState, WindowReport } from '../../domain/reading/journal';
import type { Source } from '../../domain/record';
import {
  feedsIn,
  unread,
  type DamagedState,
  type ReadingState,
  type SourceState,
} from '../../domain/reading/source-state';
import { newestFirst, plus, type Instant } from '../../domain/time';
import { UnreadableRowError } from '../../pipeline/ports/unreadable-row';
import type { CoverageStore } from '../../pipeline/ports/coverage-store';
import { toColumns, type Shape } from './columns';
import type { StoredRow } from './guards';
import { untilWritten } from './contention';
import { after, beginning, joinKey, type KeyRange } from './keys';
import { SHAPES } from './row-kinds';
import type { Table, Write } from './table';
import { SOURCES } from '../../sources';

/** How the rows begin that say how far each source was read; the ledger begins otherwise. */
const STATES = 'head';

type ETags = ReadonlyMap<string, string>;

/**
 * What was read of each source: a row for each feed says how far, the ledger beside them says in which windows. All of a
 * tenant lies in one partition, so that a run learns of all sources in one request. Only the rows of feeds that a step
 * has changed are written, so that two readers of different feeds are not in each other's way.
 */
export class TableCoverage implements CoverageStore {
  readonly #table: Table;
  readonly #partition: string;
  /** By a state that was handed out: its rows as they were then. */
  readonly #etags = new WeakMap<SourceState, ETags>();

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId);
  }

  async reading(): Promise<ReadingState> {
    const found = await this.#table.list({
      ...{ partition: this.#partition, rows: beginning(`${STATES}|`) },
    });
    const states = SOURCES.map((source) =>
      this.#stateOrDamaged(
        source,
        found.filter(({ rowKey }) => isOf(source, rowKey)),
      ),
    );
    return Object.fromEntries(
      states.flatMap((state) => (state === undefined ? [] : [[state.source, state] as const])),
    );
  }

  /** A damaged row of one source is no matter of the others. */
  #stateOrDamaged(source: Source, rows: readonly StoredRow[]): SourceState | undefined {
    try {
      return this.#stateIn(source, rows);
    } catch (error) {
      if (error instanceof UnreadableRowError) {
        return { ...unread(source), damaged: this.#damagedIn(source, rows, error.message) };
      }
      throw error;
    }
  }

  #damagedIn(source: Source, rows: readonly StoredRow[], why: string): DamagedState {
    const lost: Property[] = [];
    const readable: Partial<Record<Property, FeedState>> = {};
    for (const row of rows) {
      const property = PROPERTIES.find((each) => feedKey(source, each) === row.rowKey);
      if (property !== undefined) {
        const value = this.#table.valueOrNone(row, SHAPES.feed);
        if (value === undefined) {
          lost.push(property);
        } else {
          const { property: _key, ...feed } = value as FeedState & { property: Property };
          readable[property] = feed;
        }
      }
    }
    return { why, lost, readable };
  }

  async rebuild(source: Source, feeds: SourceState['feeds']): Promise<void> {
    const found = await this.#rowsOf(source);
    const isDamaged = (row: StoredRow): boolean =>
      this.#table.valueOrNone(row, shapeOf(row)) === undefined;
    const damaged = new Set(found.filter(isDamaged).map(({ rowKey }) => rowKey));
    await this.#table.damage?.flush();
    const common = { source } satisfies Omit<SourceState, 'feeds'>;
    const rows = [
      ...(damaged.has(commonKey(source)) ? [[commonKey(source), common] as const] : []),
      ...(Object.entries(feeds) as [Property, FeedState][]).flatMap(([property, feed]) => {
        const rowKey = feedKey(source, property);
        return damaged.has(rowKey) ? [[rowKey, { property, ...feed }] as const] : [];
      }),
    ];
    for (const [rowKey, value] of rows) {
      await this.#table.upsert({ partitionKey: this.#partition, rowKey, ...toColumns(value) });
    }
  }

  async source(source: Source): Promise<SourceState | undefined> {
    return this.#stateIn(source, await this.#rowsOf(source));
  }

  #rowsOf(source: Source): Promise<readonly StoredRow[]> {
    const common = commonKey(source);
    return this.#table.list({
      ...{ partition: this.#partition, rows: { from: common, to: after(`${common}|`) } },
    });
  }

  /**
   * @returns undefined when there are no rows.
   * @throws UnreadableRowError
   */
  #stateIn(source: Source, rows: readonly StoredRow[]): SourceState | undefined {
    let common: object | undefined;
    const feeds: Partial<Record<Property, FeedState>> = {};
    const etags = new Map<string, string>();
    for (const row of rows) {
      etags.set(row.rowKey, row.etag);
      const value = this.#table.value(row, shapeOf(row));
      if (row.rowKey === commonKey(source)) {
        common = value;
      } else {
        const { property, ...feed } = value as FeedState & { property: Property };
        feeds[property] = feed;
      }
    }
    if (etags.size === 0) {
      return undefined;
    }
    const state: SourceState = { ...unread(source), ...common, feeds };
    this.#etags.set(state, etags);
    return state;
  }

  async change(
    of: Source | SourceState,
    step: (state: SourceState) => SourceState,
    windows: readonly WindowReport[] = [],
  ): Promise<SourceState> {
    const source = typeof of === 'string' ? of : of.source;
    let next = unread(source);
    await untilWritten(`what is known of ${source}`, this.#table, async (isAgain) => {
      const isKnown = typeof of !== 'string' && this.#etags.has(of) && !isAgain;
      const before = isKnown ? of : ((await this.source(source)) ?? unread(source));
      next = step(before);
      return this.#write(before, next, windows);
    });
    return next;
  }

  async *ledger(source: Source, { from, to }: Interval): AsyncIterable<WindowReport> {
    // Newest first: the later time is the smaller key.
    const rows = {
      from: joinKey('w', source, newestFirst(to)),
      to: after(`${joinKey('w', source, newestFirst(from))}|`),
    };
    for await (const page of this.#table.pages({ partition: this.#partition, rows })) {
      for (const row of page) {
        const window = this.#table.valueOrNone(row, SHAPES.window) as WindowReport | undefined;
        if (window !== undefined && window.readAt >= from && window.readAt < to) {
          yield window;
        }
      }
    }
  }

  async hasLedgerBefore(before: Instant): Promise<boolean> {
    const found = await Promise.all(this.#ledger(before).map((each) => this.#table.has(each)));
    return found.includes(true);
  }

  async dropLedgerBefore(before: Instant): Promise<void> {
    for (const each of this.#ledger(before)) {
      await this.#table.clear(each);
    }
  }

  /** Keys have milliseconds and sort the newest first. */
  #ledger(before: Instant): { partition: string; rows: KeyRange }[] {
    return SOURCES.map((source) => ({
      partition: this.#partition,
      rows: {
        from: joinKey('w', source, newestFirst(plus(before, -1))),
        to: after(`${joinKey('w', source)}|`),
      },
    }));
  }

  async #write(
    before: SourceState,
    next: SourceState,
    windows: readonly WindowReport[],
  ): Promise<boolean> {
    const partitionKey = this.#partition;
    const known = this.#etags.get(before) ?? new Map<string, string>();
    const writes = changedRows(before, next).map(([rowKey, value]): Write => {
      const row = { partitionKey, rowKey, ...toColumns(value) };
      const etag = known.get(rowKey);
      return etag === undefined ? { insert: row } : { update: row, etag };
    });
    for (const window of windows) {
      // Put, not inserted: a request whose answer got lost is repeated, and must find nothing in its way.
      writes.push({
        upsert: { partitionKey, rowKey: ledgerKey(next.source, window), ...toColumns(window) },
      });
    }
    const written = writes.length === 0 ? [] : await this.#table.transact(writes);
    if (written !== undefined) {
      this.#etags.set(next, new Map([...known, ...written]));
    }
    return written !== undefined;
  }
}

/** The row of what the feeds of a source have in common; beside it one row for each feed. */
function commonKey(source: Source): string {
  return joinKey(STATES, source);
}

function feedKey(source: Source, property: Property): string {
  return joinKey(STATES, source, property);
}

function isOf(source: Source, rowKey: string): boolean {
  return rowKey === commonKey(source) || rowKey.startsWith(`${commonKey(source)}|`);
}

function shapeOf({ rowKey }: StoredRow): Shape {
  return SOURCES.some((source) => rowKey === commonKey(source)) ? SHAPES.coverage : SHAPES.feed;
}

/** A step leaves what it does not change as it is. */
function changedRows(before: SourceState, next: SourceState): (readonly [string, object])[] {
  const { source } = next;
  const feeds = feedsIn(next)
    .filter(([property, feed]) => feed !== before.feeds[property])
    .map(([property, feed]) => [feedKey(source, property), { property, ...feed }] as const);
  const [was, is] = [commonOf(before), commonOf(next)];
  return canonical(was) === canonical(is) ? feeds : [[commonKey(source), is], ...feeds];
}

function commonOf({ feeds: _rows, ...common }: SourceState): JsonObject {
  return common as unknown as JsonObject;
}

function ledgerKey(source: Source, window: WindowReport): string {
  const { readAt, from, to, filter, purpose, feeds = [] } = window;
  const hash = shortHash(16, readAt, from, to, filter, purpose, ...feeds);
  return joinKey('w', source, newestFirst(readAt), hash);
}
