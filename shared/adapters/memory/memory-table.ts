import { FORMATS, type Formats } from '../tables/formats';
import type { Row, StoredRow } from '../tables/guards';
import type { KeyRange } from '../tables/keys';
import {
  PAGE_ROWS,
  rowOf,
  Table,
  type Database,
  type ETags,
  type RowPage,
  type RowQuery,
  type RowWrite,
  type Write,
} from '../tables/table';
import { SortedKeys } from './sorted-keys';

/** What one request to a table is, as in the storage account. */
export type MemoryOperation = 'get' | 'list' | 'write' | 'transaction' | 'remove';

/**
 * Runs one request to a table: for tests that count, stop, kill or lie there. `isConditional`: it is refused, which
 * reads `undefined`, when somebody else was faster.
 */
export type Around = <T>(
  run: () => Promise<T>,
  operation: MemoryOperation,
  table: string,
  isConditional: boolean,
) => Promise<T>;

const plainly: Around = (run) => run();

/** Tables that live as long as the process. */
export class MemoryTables implements Database {
  readonly #contents: Map<string, Contents>;
  readonly #around: Around;
  readonly #formats: Formats;

  constructor(
    around: Around = plainly,
    contents = new Map<string, Contents>(),
    formats: Formats = FORMATS,
  ) {
    this.#around = around;
    this.#contents = contents;
    this.#formats = formats;
  }

  /** The same tables with something else around each request. */
  through(around: Around): MemoryTables {
    return new MemoryTables(around, this.#contents, this.#formats);
  }

  /** The same tables by other formats. */
  by(formats: Formats): MemoryTables {
    return new MemoryTables(this.#around, this.#contents, formats);
  }

  table(name: string): Table {
    return new MemoryTable(name, this.contents(name), this.#around, this.#formats);
  }

  /** What lies in a table. */
  contents(name: string): Contents {
    const known = this.#contents.get(name) ?? new Contents();
    this.#contents.set(name, known);
    return known;
  }
}

/** The rows of a table, in order of their keys. Nothing in here waits: each call is one moment. */
export class Contents {
  readonly rows = new Map<string, StoredRow>();
  readonly #keys = new SortedKeys();
  #writes = 0;

  isRefused(write: Write): boolean {
    const known = this.rows.get(keyOf(rowOf(write)));
    return 'insert' in write
      ? known !== undefined
      : 'update' in write
        ? known === undefined || !isOf(known, write.etag)
        : 'remove' in write && known === undefined;
  }

  /** @returns the new ETag. */
  write(write: RowWrite): string {
    const row = rowOf(write);
    const isMerge = 'update' in write && write.isMerge === true;
    return this.put(isMerge ? { ...this.rows.get(keyOf(row)), ...row } : row);
  }

  /** @returns the new ETag. */
  put(row: Row): string {
    const key = keyOf(row);
    this.#writes += 1;
    const etag = String(this.#writes);
    this.#keys.add(key);
    this.rows.set(key, { ...row, etag });
    return etag;
  }

  remove(key: string): void {
    this.#keys.remove(key);
    this.rows.delete(key);
  }

  /** At most so many rows of a query, after a key. */
  select(
    { partition, rows, where, without = [] }: RowQuery,
    most: number,
    after = '',
  ): StoredRow[] {
    const found: StoredRow[] = [];
    const partitions =
      typeof partition === 'string' ? { from: partition, to: `${partition}${END}` } : partition;
    // A partition has many rows outside the range: they are leapt over.
    let leap: string | undefined = `${partitions.from}${END}${rows.from}`;
    leap = leap > after ? leap : after;
    while (leap !== undefined) {
      const start: string = leap;
      leap = undefined;
      for (const key of this.#keys.from(start)) {
        const row = this.rows.get(key);
        if (row === undefined || row.partitionKey >= partitions.to || found.length === most) {
          break;
        }
        if (row.rowKey < rows.from) {
          leap = `${row.partitionKey}${END}${rows.from}`;
          break;
        }
        if (row.rowKey >= rows.to) {
          leap = `${row.partitionKey}${AFTER_END}`;
          break;
        }
        const value = where && row[where.column];
        const isAsked =
          where === undefined ||
          (typeof value === 'string' && where.from <= value && value < where.to);
        if (key > after && isAsked && !without.some((each) => isIn(row.rowKey, each))) {
          found.push(row);
        }
      }
    }
    return found;
  }
}

/** Keys hold no control characters: this is less than all that a key may go on with. */
const END = '\u0000';
const AFTER_END = '\u0001';

/** A table in memory: the same answers, ETags and bounds as the service's. */
class MemoryTable extends Table {
  readonly #contents: Contents;
  readonly #around: Around;

  constructor(name: string, contents: Contents, around: Around, formats: Formats) {
    super(name, formats);
    this.#contents = contents;
    this.#around = around;
  }

  protected fetch(partitionKey: string, rowKey: string): Promise<StoredRow | undefined> {
    return this.#run('get', () => this.#contents.rows.get(keyOf({ partitionKey, rowKey })));
  }

  protected async *query(query: RowQuery): AsyncGenerator<RowPage> {
    const { page = PAGE_ROWS } = query;
    for (let after = ''; ;) {
      const found = await this.#run('list', () => this.#contents.select(query, page + 1, after));
      const rows = found.slice(0, page);
      const isLast = found.length <= page;
      yield { rows: rows.map((row) => project(row, query.columns)), isLast };
      const last = rows.at(-1);
      if (isLast || last === undefined) {
        return;
      }
      after = keyOf(last);
    }
  }

  remove(partitionKey: string, rowKey: string, etag: string): Promise<boolean> {
    return this.#run('remove', () => {
      const key = keyOf({ partitionKey, rowKey });
      const known = this.#contents.rows.get(key);
      const isThere = known !== undefined && isOf(known, etag);
      if (isThere) {
        this.#contents.remove(key);
      }
      return isThere;
    });
  }

  /** Who shares a process takes turns as it is. */
  pause(): Promise<void> {
    return Promise.resolve();
  }

  protected write(write: RowWrite): Promise<string | undefined> {
    return this.#run(
      'write',
      () => (this.#contents.isRefused(write) ? undefined : this.#contents.write(write)),
      isConditional(write),
    );
  }

  protected writeTogether(writes: readonly Write[]): Promise<ETags | undefined> {
    return this.#run(
      'transaction',
      () =>
        writes.some((write) => this.#contents.isRefused(write))
          ? undefined
          : new Map(writes.flatMap((write) => this.#do(write))),
      writes.some(isConditional),
    );
  }

  protected removeTogether(partitionKey: string, rowKeys: readonly string[]): Promise<boolean> {
    return this.#run('transaction', () => {
      const keys = rowKeys.map((rowKey) => keyOf({ partitionKey, rowKey }));
      const areThere = keys.every((key) => this.#contents.rows.has(key));
      if (areThere) {
        keys.forEach((key) => {
          this.#contents.remove(key);
        });
      }
      return areThere;
    });
  }

  #do(write: Write): readonly (readonly [rowKey: string, etag: string])[] {
    if ('remove' in write) {
      this.#contents.remove(keyOf(write.remove));
      return [];
    }
    return [[rowOf(write).rowKey, this.#contents.write(write)]];
  }

  #run<T>(operation: MemoryOperation, work: () => T, isConditional = false): Promise<T> {
    return this.#around(() => Promise.resolve(work()), operation, this.name, isConditional);
  }
}

function isConditional(write: Write): boolean {
  return 'insert' in write || ('update' in write && write.etag !== '*');
}

function keyOf({ partitionKey, rowKey }: Pick<Row, 'partitionKey' | 'rowKey'>): string {
  return `${partitionKey}${END}${rowKey}`;
}

function isOf(row: StoredRow, etag: string): boolean {
  return etag === '*' || etag === row.etag;
}

function isIn(key: string, range: KeyRange): boolean {
  return range.from <= key && key < range.to;
}

function project(row: StoredRow, columns: readonly string[] | undefined): StoredRow {
  if (columns === undefined) {
    return row;
  }
  const { partitionKey, rowKey, etag } = row;
  const kept = columns.flatMap((name) => {
    const value = row[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), partitionKey, rowKey, etag };
}
