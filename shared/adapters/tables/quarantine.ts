import { shortHash } from '../../domain/canonical';
import type { Malformed, Source } from '../../domain/record';
import { SOURCES } from '../../domain/record';
import { dayOf, type Instant } from '../../domain/time';
import type { Quarantine } from '../../pipeline/ports';
import { toColumns } from './columns';
import type { Row } from './guards';
import { joinKey, type KeyRange } from './keys';
import { chunked, type Table } from './table';

const TEXT = 1_000;

/** Rows that could not be read, by the day they were first met on. A row that comes again takes its own place. */
export class TableQuarantine implements Quarantine {
  readonly #table: Table;
  readonly #tenantId: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#tenantId = tenantId;
  }

  async add(source: Source, rows: readonly Malformed[], seenAt: Instant): Promise<void> {
    const partitionKey = joinKey(this.#tenantId, source, dayOf(seenAt));
    const unique = new Map<string, Row>();
    for (const { id, reason, lengths } of rows) {
      const rowKey = id === undefined ? joinKey('hash', shortHash(32, reason)) : joinKey('id', id);
      const known = {
        reason: clip(reason),
        seenAt,
        ...(id !== undefined && { eventId: clip(id) }),
        ...(lengths !== undefined && { lengths }),
      };
      unique.set(rowKey, { partitionKey, rowKey, ...toColumns(known) });
    }
    for (const chunk of chunked([...unique.values()].map((row) => ({ upsert: row })))) {
      await this.#table.transact(chunk);
    }
  }

  async hasBefore(before: Instant): Promise<boolean> {
    const found = await Promise.all(this.#before(before).map((each) => this.#table.has(each)));
    return found.includes(true);
  }

  async dropBefore(before: Instant): Promise<void> {
    for (const each of this.#before(before)) {
      await this.#table.clear(each);
    }
  }

  #before(before: Instant): { partition: KeyRange; rows: KeyRange }[] {
    return SOURCES.map((source) => ({
      partition: {
        from: `${joinKey(this.#tenantId, source)}|`,
        to: joinKey(this.#tenantId, source, dayOf(before)),
      },
      rows: { from: '', to: '~~~~' },
    }));
  }
}

function clip(text: string): string {
  return text.slice(0, TEXT);
}
