import { setTimeout } from 'node:timers/promises';
import { odata, type TransactionAction } from '@azure/data-tables';
import type { Account } from './account';
import type { Formats } from './formats';
import type { Row, StoredRow } from './guards';
import { refusalOf, type Refusal } from './service-errors';
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
} from './table';

/** The tables of a storage account. */
export class ServiceTables implements Database {
  readonly #account: Account;
  readonly #formats: Formats | undefined;

  constructor(account: Account, formats?: Formats) {
    this.#account = account;
    this.#formats = formats;
  }

  table(name: string, createsItself = false): Table {
    return new ServiceTable(this.#account, name, createsItself, this.#formats);
  }
}

/** A table of Azure Table Storage, or of the emulator. */
export class ServiceTable extends Table {
  readonly #account: Account;
  readonly #createsItself: boolean;

  constructor(account: Account, name: string, createsItself: boolean, formats?: Formats) {
    super(name, formats);
    this.#account = account;
    this.#createsItself = createsItself;
  }

  protected async fetch(partitionKey: string, rowKey: string): Promise<StoredRow | undefined> {
    const client = this.#account.client(this.name);
    const answer = await this.#ask('read from', ['no-row', 'no-table'], () =>
      client.getEntity<StoredRow>(partitionKey, rowKey),
    );
    return 'refused' in answer ? undefined : answer.done;
  }

  protected async *query(query: RowQuery): AsyncGenerator<RowPage> {
    const { columns, page = PAGE_ROWS } = query;
    const select = columns && ['PartitionKey', 'RowKey', ...columns];
    const client = this.#account.client(this.name);
    // A page without rows is not the end: the service hands them out at partition borders and after five seconds.
    // https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
    const found = client
      .listEntities<StoredRow>({
        queryOptions: { filter: filterOf(query), ...(select !== undefined && { select }) },
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

  async remove(partitionKey: string, rowKey: string, etag: string): Promise<boolean> {
    const client = this.#account.client(this.name);
    const answer = await this.#ask('delete from', ['changed', 'no-row', 'no-table'], () =>
      client.deleteEntity(partitionKey, rowKey, { etag }),
    );
    return 'done' in answer;
  }

  async pause(ms: number): Promise<void> {
    await setTimeout(ms);
  }

  protected async write(write: RowWrite): Promise<string | undefined> {
    const client = this.#account.client(this.name);
    const row = rowOf(write);
    const answer =
      'insert' in write
        ? await this.#write(['exists'], () => client.createEntity(row))
        : 'upsert' in write
          ? await this.#write([], () => client.upsertEntity(row, 'Replace'))
          : await this.#write(['changed', 'no-row'], () =>
              client.updateEntity(row, modeOf(write), { etag: write.etag }),
            );
    return 'done' in answer ? (answer.done.etag ?? '') : undefined;
  }

  protected async writeTogether(writes: readonly Write[]): Promise<ETags | undefined> {
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

  protected async removeTogether(
    partitionKey: string,
    rowKeys: readonly string[],
  ): Promise<boolean> {
    const client = this.#account.client(this.name);
    const answer = await this.#ask('delete from', ['no-row', 'no-table'], () =>
      client.submitTransaction(rowKeys.map((rowKey) => ['delete', { partitionKey, rowKey }])),
    );
    return 'done' in answer;
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

/** Values are quoted by `odata`, which leaves one at the very beginning bare; the column is a name of our own. */
function filterOf({ partition, rows, where, without = [] }: RowQuery): string {
  const within =
    typeof partition === 'string'
      ? odata`PartitionKey eq ${partition}`
      : odata`PartitionKey ge ${partition.from} and PartitionKey lt ${partition.to}`;
  return [
    within,
    odata`RowKey ge ${rows.from} and RowKey lt ${rows.to}`,
    ...without.map(({ from, to }) => odata`(RowKey lt ${from} or RowKey ge ${to})`),
    ...(where === undefined
      ? []
      : [
          `${where.column}${odata` ge ${where.from}`} and ${where.column}${odata` lt ${where.to}`}`,
        ]),
  ].join(' and ');
}

function toAction(write: Write): TransactionAction {
  const row: Row = rowOf(write);
  return 'insert' in write
    ? ['create', row]
    : 'upsert' in write
      ? ['upsert', row, 'Replace']
      : 'update' in write
        ? ['update', row, modeOf(write), { etag: write.etag }]
        : ['delete', write.remove];
}

function modeOf({ isMerge = false }: { readonly isMerge?: boolean }): 'Merge' | 'Replace' {
  return isMerge ? 'Merge' : 'Replace';
}
