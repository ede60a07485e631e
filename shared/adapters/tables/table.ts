import { UnreadableRowError } from '../../pipeline/ports/unreadable-row';
import { fromColumns, type Shape } from './columns';
import { RowRefusedError } from './errors';
import { FORMAT, FORMATS, upToDate, withFormat, type Formats } from './formats';
import { guardRow, sizeOf, type Row, type StoredRow } from './guards';
import type { KeyRange } from './keys';

export interface RowQuery {
  readonly partition: string | KeyRange;
  readonly rows: KeyRange;
  /** Only these columns; all when absent. */
  readonly columns?: readonly string[];
  /** Only rows that have this text column, from `from` on and before `to`. */
  readonly where?: KeyRange & { readonly column: string };
  /** Row keys in the middle of the range that are left out: at most `MOST_LEFT_OUT`. */
  readonly without?: readonly KeyRange[];
  /** How many rows a page may have. */
  readonly page?: number;
  /** The rows as they lie, of whatever format. */
  readonly isRaw?: boolean;
}

export interface RowPage {
  readonly rows: readonly StoredRow[];
  /** No other page will be asked for. */
  readonly isLast: boolean;
}

/** A write that is part of a transaction. */
export type Write =
  | { readonly insert: Row }
  | { readonly upsert: Row }
  | {
      readonly update: Row;
      readonly etag: string;
      /** Only these columns; the others stay as they are, and the version of the row with them. */
      readonly isMerge?: boolean;
    }
  /** Refused when there is no such row. */
  | { readonly remove: Pick<Row, 'partitionKey' | 'rowKey'> };

/** A write of a row. */
export type RowWrite = Exclude<Write, { readonly remove: unknown }>;

export type ETags = ReadonlyMap<string, string>;

export const PAGE_ROWS = 1_000;
/**
 * The service takes 15 comparisons in a filter: three are for partition and range, two for each that is left out.
 * https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
 */
export const MAX_LEFT_OUT = 6;
export const TRANSACTION_ROWS = 100;
/** 4 MiB is the wall; each row travels as UTF-8 JSON with headers of its own. */
export const TRANSACTION_BYTES = 3.5 * 1024 * 1024;
/** A UTF-16 unit takes 2 bytes in a row and up to 3 on the way. */
const ON_THE_WAY = 1.5;
const HEADERS = 1_500;

/** Where tables are. */
export interface Database {
  /** @param createsItself makes the table when a write finds none. */
  table(name: string, createsItself?: boolean): Table;
}

/** Where rows are noted that cannot be read. */
export interface Damage {
  note(table: string, row: StoredRow): void;
  /** Keeps what was noted: to be called before such a row is written anew. */
  flush(): Promise<void>;
  /** Keeps a copy of a row that can be read and is to go all the same. */
  keep(table: string, row: StoredRow): Promise<void>;
}

/**
 * One table, whatever it is made of. What is not there, is there already or has changed meanwhile is an answer;
 * everything else is thrown as a StorageError. Writes are checked here, so that what one table takes every table takes, and
 * versions of rows are told apart here: nobody else sees another than that of today.
 */
export abstract class Table {
  readonly name: string;
  /** Told of each row that cannot be read. */
  damage: Damage | undefined;
  readonly #formats: Formats;

  constructor(name: string, formats: Formats = FORMATS) {
    this.name = name;
    this.#formats = formats;
  }

  protected abstract fetch(partitionKey: string, rowKey: string): Promise<StoredRow | undefined>;

  /** All rows of a query, page by page; pages may be empty. */
  protected abstract query(query: RowQuery): AsyncGenerator<RowPage>;

  /** @returns false when the row is gone, or is not the one with this ETag (`*`: any) any more. */
  abstract remove(partitionKey: string, rowKey: string, etag: string): Promise<boolean>;

  /** Lets time pass, so that writers do not stay in step. */
  abstract pause(ms: number): Promise<void>;

  /** @returns the new ETag, or undefined when the write is refused. */
  protected abstract write(write: RowWrite): Promise<string | undefined>;

  /** @returns undefined when one of the writes is refused; nothing is written then. */
  protected abstract writeTogether(writes: readonly Write[]): Promise<ETags | undefined>;

  /** @returns false when one of the rows is gone; nothing is deleted then. */
  protected abstract removeTogether(
    partitionKey: string,
    rowKeys: readonly string[],
  ): Promise<boolean>;

  /**
   * @returns undefined when there is no such row.
   * @throws NewerRowError
   */
  async get(partitionKey: string, rowKey: string): Promise<StoredRow | undefined> {
    const row = await this.fetch(partitionKey, rowKey);
    return row && this.upToDate(row);
  }

  /**
   * All rows of a query, page by page, and after each page whether another will be asked for; pages may be empty.
   * @throws NewerRowError
   */
  async *answers(query: RowQuery): AsyncGenerator<RowPage> {
    const { columns = [], isRaw = false } = query;
    const asked = columns.length === 0 ? query : { ...query, columns: [...columns, FORMAT] };
    for await (const { rows, isLast } of this.query(asked)) {
      yield { rows: isRaw ? rows : rows.map((row) => this.upToDate(row)), isLast };
    }
  }

  /**
   * What a row of this table says.
   * @throws UnreadableRowError when it is not of this shape; it is noted as damaged.
   */
  value(row: StoredRow, shape: Shape = {}): object {
    try {
      return fromColumns(row, this.name, shape);
    } catch (error) {
      this.damage?.note(this.name, row);
      throw error;
    }
  }

  /** What the rows say that can be read; the others are noted as damaged and left out. */
  values<T>(
    rows: readonly StoredRow[],
    shape: Shape,
    read: (value: object, row: StoredRow) => T,
  ): T[] {
    return rows.flatMap((row) => {
      const value = this.valueOrNone(row, shape);
      return value === undefined ? [] : [read(value, row)];
    });
  }

  /** @returns undefined when the row cannot be read; it is noted as damaged. */
  valueOrNone(row: StoredRow, shape: Shape): object | undefined {
    try {
      return this.value(row, shape);
    } catch (error) {
      if (error instanceof UnreadableRowError) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * A row that was read as it lies, as one of today.
   * @throws NewerRowError
   */
  upToDate(row: StoredRow): StoredRow {
    return upToDate(this.name, row, this.#formats);
  }

  async *pages(query: RowQuery): AsyncGenerator<readonly StoredRow[]> {
    for await (const { rows } of this.answers(query)) {
      yield rows;
    }
  }

  async list(query: RowQuery): Promise<readonly StoredRow[]> {
    const all: StoredRow[] = [];
    for await (const page of this.pages(query)) {
      all.push(...page);
    }
    return all;
  }

  /** Whether a range holds any row. */
  async has(query: Pick<RowQuery, 'partition' | 'rows' | 'where'>): Promise<boolean> {
    for await (const page of this.pages({ ...query, columns: [], page: 1 })) {
      if (page.length > 0) {
        return true;
      }
    }
    return false;
  }

  async upsert(row: Row): Promise<void> {
    await this.writeOne({ upsert: row });
  }

  /** @returns false when the row is not the one with this ETag any more. */
  update(row: Row, etag: string): Promise<boolean> {
    return this.writeOne({ update: row, etag });
  }

  /** @returns the new ETag, or undefined when the row is not the one with this ETag any more. */
  replace(row: Row, etag: string): Promise<string | undefined> {
    return this.#writeRow({ update: row, etag });
  }

  /** @returns false when it is refused. */
  async writeOne(write: Write): Promise<boolean> {
    if ('remove' in write) {
      return this.remove(write.remove.partitionKey, write.remove.rowKey, '*');
    }
    return (await this.#writeRow(write)) !== undefined;
  }

  /**
   * Writes rows of one partition as one; at most what `chunked` puts together.
   * @returns the new ETags by row key, or undefined when one of the writes was refused; nothing is written then.
   */
  async transact(writes: readonly Write[]): Promise<ETags | undefined> {
    const whole = writes.map((write) => ('remove' in write ? write : this.#withFormat(write)));
    this.#guardTransaction(whole.map(rowOf));
    return this.writeTogether(whole);
  }

  /** Puts rows of one partition, at most what `chunked` puts together: as one when there are several. */
  async writeAll(writes: readonly { readonly upsert: Row }[]): Promise<void> {
    const [first, ...others] = writes;
    if (first !== undefined) {
      await (others.length === 0 ? this.writeOne(first) : this.transact(writes));
    }
  }

  /** Deletes rows of one partition, a hundred at a time; those that are gone already do not matter. */
  async removeAll(partitionKey: string, rowKeys: readonly string[]): Promise<void> {
    for (let from = 0; from < rowKeys.length; from += TRANSACTION_ROWS) {
      const chunk = rowKeys.slice(from, from + TRANSACTION_ROWS);
      if (chunk.length > 1 && (await this.removeTogether(partitionKey, chunk))) {
        continue;
      }
      // Somebody else removed one of them, and the transaction failed as a whole.
      for (const rowKey of chunk) {
        await this.remove(partitionKey, rowKey, '*');
      }
    }
  }

  /** Deletes every row of a range, page by page. */
  async clear(query: Pick<RowQuery, 'partition' | 'rows' | 'where'>): Promise<void> {
    for await (const page of this.pages({ ...query, columns: [] })) {
      const byPartition = Map.groupBy(page, (row) => row.partitionKey);
      for (const [partition, rows] of byPartition) {
        await this.removeAll(
          partition,
          rows.map((row) => row.rowKey),
        );
      }
    }
  }

  #writeRow(write: RowWrite): Promise<string | undefined> {
    const whole = this.#withFormat(write);
    guardRow(this.name, rowOf(whole));
    return this.write(whole);
  }

  #withFormat(write: RowWrite): RowWrite {
    if ('insert' in write) {
      return { insert: withFormat(write.insert, this.#formats) };
    }
    return 'upsert' in write
      ? { upsert: withFormat(write.upsert, this.#formats) }
      : write.isMerge === true
        ? write
        : { ...write, update: withFormat(write.update, this.#formats) };
  }

  /** The service's bounds of a transaction; each row by itself is guarded too. */
  #guardTransaction(rows: readonly Row[]): void {
    const [first] = rows;
    if (first === undefined) {
      return;
    }
    rows.forEach((row) => {
      guardRow(this.name, row);
    });
    const isWhole = rows.every(({ partitionKey }) => partitionKey === first.partitionKey);
    const problem = !isWhole
      ? 'a transaction has one partition'
      : rows.length > TRANSACTION_ROWS
        ? `a transaction has ${rows.length} rows, ${TRANSACTION_ROWS} are allowed`
        : new Set(rows.map(({ rowKey }) => rowKey)).size < rows.length
          ? 'a transaction has a row twice'
          : undefined;
    if (problem !== undefined) {
      throw new RowRefusedError(problem, this.name, first);
    }
  }
}

/** Cuts writes into what one transaction takes. */
export function chunked<W extends Write>(
  writes: readonly W[],
  most = TRANSACTION_ROWS,
): readonly (readonly W[])[] {
  const chunks: W[][] = [];
  let room = 0;
  for (const write of writes) {
    const bytes = bytesOf(rowOf(write));
    const last = chunks.at(-1);
    if (last === undefined || last.length === most || bytes > room) {
      chunks.push([write]);
      room = TRANSACTION_BYTES - bytes;
    } else {
      last.push(write);
      room -= bytes;
    }
  }
  return chunks;
}

/** What a row takes of a transaction on its way. */
export function bytesOf(row: Row): number {
  return HEADERS + ON_THE_WAY * sizeOf(row);
}

export function rowOf(write: Write): Row {
  return 'insert' in write
    ? write.insert
    : 'upsert' in write
      ? write.upsert
      : 'update' in write
        ? write.update
        : write.remove;
}
