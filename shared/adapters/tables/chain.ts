import { EMPTY_CHAIN, type ChainHead, type TrailEntry } from '../../domain/audit-trail/entries';
import type { AuditTrail } from '../../pipeline/ports/audit-trail';
import { toColumns } from './columns';
import { joinKey, ordinal } from './keys';
import { SHAPES } from './row-kinds';
import type { Table, Write } from './table';

export const CHAIN = 'seal';
export const ENTRY = 'c';
export const CHAIN_HEAD = 'head';

/** Seals and purges, one after the other in one partition beside the findings; the head is written with each. */
export class TableChain implements AuditTrail {
  readonly #table: Table;
  readonly #partition: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId, CHAIN);
  }

  async head(): Promise<{ head: ChainHead; etag: string | undefined }> {
    const row = await this.#table.get(this.#partition, CHAIN_HEAD);
    return row === undefined
      ? { head: EMPTY_CHAIN, etag: undefined }
      : { head: this.#table.value(row, SHAPES.numbered) as ChainHead, etag: row.etag };
  }

  async write(next: ChainHead, etag: string | undefined, entry?: TrailEntry): Promise<boolean> {
    const partitionKey = this.#partition;
    const head = { partitionKey, rowKey: CHAIN_HEAD, ...toColumns(next) };
    const writes: Write[] = [etag === undefined ? { insert: head } : { update: head, etag }];
    if (entry !== undefined) {
      const rowKey = joinKey(ENTRY, ordinal(entry.sequence));
      writes.push({ insert: { partitionKey, rowKey, ...toColumns(entry) } });
    }
    return (await this.#table.transact(writes)) !== undefined;
  }

  async entry(sequence: number): Promise<TrailEntry | undefined> {
    const row = await this.#table.get(this.#partition, joinKey(ENTRY, ordinal(sequence)));
    return row && (this.#table.value(row, SHAPES.numbered) as TrailEntry);
  }
}
