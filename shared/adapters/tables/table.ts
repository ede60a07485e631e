import { odata, type TransactionAction } from '@azure/data-tables';
import type { Account } from './account';
import { refusalOf, type Refusal } from './errors';
import { guardRow, sizeOf, type Row, type StoredRow } from './guards';
import type { KeyRange } from './keys';

export interface RowQuery {
  readonly partition: string | KeyRange;
  readonly rows: KeyRange;
  /** Only these columns; all when absent. */
  readonly columns?: readonly string[];
  /** A further condition, made with `odata`. */
  readonly where?: string;
  /** How many rows a page may have. */
  readonly page?: number;
}

/** A write that is part of a transaction. */
export type Write =
  | { readonly insert: Row }
  | { readonly upsert: Row }
  | { readonly update: Row; readonly etag: string };

const TRANSACTION_ROWS = 100;
/** 4 MiB is the wall; each row travels as UTF-8 JSON with headers of its own. */
const TRANSACTION_BYTES = 3.5 * 1024 * 1024;
/** A UTF-16 unit takes 2 bytes in a row and up to 3 on the way. */
const ON_THE_WAY = 1.5;
const HEADERS = 1_500;

/**
 * One table. What is not there, is there already or has changed meanwhile is an answer; everything else is thrown as
 * a StorageError.
 */
export class Table {
  readonly name: string;
  readonly #account: Account;
  readonly #createsItself: boolean;

  constructor(account: Account, name: string, createsItself: boolean) {
    this.#account = account;
    this.name = name;
    this.#createsItself = createsItself;
  }

  /** @returns undefined when there is no such row. */
  async get(partitionKey: string, rowKey: string): Promise<StoredRow | undefined> {
    const client = this.#account.client(this.name);
    const answer = await this.#ask('read from', ['no-row', 'no-table'], () =>
      client.getEntity<StoredRow>(partitionKey, rowKey),
    );
    return 'refused' in answer ? undefined : answer.done;
  }

  /** All rows of a query, page by page; pages may be empty. */
  async *pages(query: RowQuery): AsyncGenerator<readonly StoredRow[]> {
    for await (const { rows } of this.answers(query)) {
      yield rows;
    }
  }

  /** The same, and after each page whether another will be asked for. */
  async *answers({
    partition,
    rows,
    columns,
    where,
    page = 1_000,
  }: RowQuery): AsyncGenerator<{ readonly rows: readonly StoredRow[]; readonly isLast: boolean }> {
    const within =
      typeof partition === 'string'
        ? odata`PartitionKey eq ${partition}`
        : odata`PartitionKey ge ${partition.from} and PartitionKey lt ${partition.to}`;
    const keys = `${within} and ${odata`RowKey ge ${rows.from} and RowKey lt ${rows.to}`}`;
    const filter = where === undefined ? keys : `${keys} and ${where}`;
    const select = columns && ['PartitionKey', 'RowKey', ...columns];
    const client = this.#account.client(this.name);
    // A page without rows is not the end: the service hands them out at partition borders and after five seconds.
    // https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
    const found = client
      .listEntities<StoredRow>({
        queryOptions: { filter, ...(select !== undefined && { select }) },
      })
      .byPage({ maxPageSize: page });
    for (;;) {
      const answer = await this.#ask('read from', ['no-table'], () => found.next());
      if ('refused' in answer || answer.done.done === true) {
        return;
      }
      const rows = answer.done.value;
      yield { rows, isLast: (rows as TablePage).continuationToken === undefined };
    }
  }

  async list(query: RowQuery): Promise<readonly StoredRow[]> {
    const all: StoredRow[] = [];
    for await (const page of this.pages(query)) {
      all.push(...page);
    }
    return all;
  }

  /** @returns false when the row is there already. */
  async insert(row: Row): Promise<boolean> {
    guardRow(this.name, row);
    const client = this.#account.client(this.name);
    const answer = await this.#write(['exists'], () => client.createEntity(row));
    return 'done' in answer;
  }

  async upsert(row: Row): Promise<void> {
    guardRow(this.name, row);
    const client = this.#account.client(this.name);
    await this.#write([], () => client.upsertEntity(row, 'Replace'));
  }

  /** @returns false when the row is not the one with this ETag any more. */
  async update(row: Row, etag: string): Promise<boolean> {
    guardRow(this.name, row);
    const client = this.#account.client(this.name);
    const answer = await this.#write(['changed', 'no-row'], () =>
      client.updateEntity(row, 'Replace', { etag }),
    );
    return 'done' in answer;
  }

  /** @returns false when the row is there already, or is not the one with this ETag any more. */
  async writeOne(write: Write): Promise<boolean> {
    if ('insert' in write) {
      return this.insert(write.insert);
    }
    if ('update' in write) {
      return this.update(write.update, write.etag);
    }
    await this.upsert(write.upsert);
    return true;
  }

  /** @returns false when the row is gone, or is not the one with this ETag (`*`: any) any more. */
  async remove(partitionKey: string, rowKey: string, etag: string): Promise<boolean> {
    const client = this.#account.client(this.name);
    const answer = await this.#ask('delete from', ['changed', 'no-row', 'no-table'], () =>
      client.deleteEntity(partitionKey, rowKey, { etag }),
    );
    return 'done' in answer;
  }

  /** Deletes rows of one partition, a hundred at a time; those that are gone already do not matter. */
  async removeAll(partitionKey: string, rowKeys: readonly string[]): Promise<void> {
    const client = this.#account.client(this.name);
    for (let from = 0; from < rowKeys.length; from += TRANSACTION_ROWS) {
      const chunk = rowKeys.slice(from, from + TRANSACTION_ROWS);
      const answer = await this.#ask('delete from', ['no-row', 'no-table'], () =>
        client.submitTransaction(chunk.map((rowKey) => ['delete', { partitionKey, rowKey }])),
      );
      if ('refused' in answer) {
        // Somebody else removed one of them, and the transaction failed as a whole.
        for (const rowKey of chunk) {
          await this.remove(partitionKey, rowKey, '*');
        }
      }
    }
  }

  /** Deletes every row of a range, page by page. */
  async clear(query: Pick<RowQuery, 'partition' | 'rows'>): Promise<void> {
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

  /** Whether a range holds any row. */
  async has(query: Pick<RowQuery, 'partition' | 'rows'>): Promise<boolean> {
    for await (const page of this.pages({ ...query, columns: [], page: 1 })) {
      if (page.length > 0) {
        return true;
      }
    }
    return false;
  }

  /** Deletes the table; that there is none does not matter. */
  async dropAll(): Promise<void> {
    await this.#ask('delete', ['no-table'], () => this.#account.client(this.name).deleteTable());
  }

  /**
   * Writes rows of one partition as one; at most what `chunked` puts together.
   * @returns the new ETags by row key, or undefined when one of the writes was refused; nothing is written then.
   */
  async transact(writes: readonly Write[]): Promise<ReadonlyMap<string, string> | undefined> {
    for (const write of writes) {
      guardRow(this.name, rowOf(write));
    }
    const client = this.#account.client(this.name);
    const answer = await this.#write(['exists', 'changed', 'no-row'], () =>
      client.submitTransaction(writes.map(toAction)),
    );
    if ('refused' in answer) {
      return undefined;
    }
    // Answers come in the order of the writes; most name no row.
    const etags = answer.done.subResponses.map((each) => each.etag);
    return new Map(
      writes.flatMap((write, i) => {
        const etag = etags[i];
        return etag === undefined ? [] : [[rowOf(write).rowKey, etag] as const];
      }),
    );
  }

  async #write<T>(expected: readonly Refusal[], run: () => Promise<T>): Promise<Answer<T>> {
    const answer = await this.#ask('write to', [...expected, 'no-table'], run);
    if (!('refused' in answer) || answer.refused !== 'no-table') {
      return answer;
    }
    await this.#ask('create', [], () => this.#account.client(this.name).createTable());
    return this.#ask('write to', expected, run);
  }

  // A missing table is as good as an empty one only where it may be created.
  async #ask<T>(
    action: string,
    expected: readonly Refusal[],
    run: () => Promise<T>,
  ): Promise<Answer<T>> {
    try {
      return { done: await run() };
    } catch (error) {
      const refused = refusalOf(error);
      const isFailure = refused === 'no-table' && !this.#createsItself;
      if (refused === undefined || isFailure || !expected.includes(refused)) {
        throw this.#account.failure(error, action, this.name);
      }
      return { refused };
    }
  }
}

/** The SDK hangs the token on the page. */
type TablePage = readonly StoredRow[] & { readonly continuationToken?: string };

type Answer<T> = { readonly done: T } | { readonly refused: Refusal };

/** Cuts writes into what one transaction takes. */
export function chunked<W extends Write>(writes: readonly W[]): readonly (readonly W[])[] {
  const chunks: W[][] = [];
  let room = 0;
  for (const write of writes) {
    const bytes = HEADERS + ON_THE_WAY * sizeOf(rowOf(write));
    const last = chunks.at(-1);
    if (last === undefined || last.length === TRANSACTION_ROWS || bytes > room) {
      chunks.push([write]);
      room = TRANSACTION_BYTES - bytes;
    } else {
      last.push(write);
      room -= bytes;
    }
  }
  return chunks;
}

export function rowOf(write: Write): Row {
  return 'insert' in write ? write.insert : 'upsert' in write ? write.upsert : write.update;
}

function toAction(write: Write): TransactionAction {
  if ('insert' in write) {
    return ['create', write.insert];
  }
  return 'upsert' in write
    ? ['upsert', write.upsert, 'Replace']
    : ['update', write.update, 'Replace', { etag: write.etag }];
}
