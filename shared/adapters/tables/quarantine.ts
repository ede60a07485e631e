import { canonical, type Json } from '../../domain/json';
import {
  endRow,
  isLive,
  isSameStanding,
  joinRows,
  type QuarantineRow,
  type RowEnd,
} from '../../domain/reading/quarantine';
import { startOfDay, type Instant } from '../../domain/time';
import type { Quarantine } from '../../pipeline/ports/quarantine';
import { toColumns } from './columns';
import { untilWritten } from './contention';
import type { StoredRow } from './guards';
import { SHAPES } from './row-kinds';
import { beginning, joinKey } from './keys';
import type { Table, Write } from './table';

const ROW = 'r';
const LIVE = 'l';
/** So many rows are looked up at once. */
const BATCH = 20;
const TEXT = 1_000;

/**
 * Rows that could not be read, one per occurrence. Those that runs must know of, because their gap stands or their end
 * was not heard of yet, have a second row beside them, written in the same transaction.
 */
export class TableQuarantine implements Quarantine {
  readonly #table: Table;
  readonly #partition: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId);
  }

  async add(rows: readonly QuarantineRow[]): Promise<void> {
    const byId = new Map<string, QuarantineRow>();
    for (const row of rows.map(clipped)) {
      const known = byId.get(row.id);
      byId.set(row.id, known === undefined ? row : joinRows(known, row));
    }
    const unique = [...byId.values()];
    for (let from = 0; from < unique.length; from += BATCH) {
      const batch = unique.slice(from, from + BATCH);
      await Promise.all(
        batch.map((row) =>
          this.#change(row.id, (known) => (known === undefined ? row : joinRows(known, row))),
        ),
      );
    }
  }

  async live(): Promise<readonly QuarantineRow[]> {
    const rows = beginning(`${LIVE}|`);
    const found = await this.#table.list({ partition: this.#partition, rows });
    const read = await Promise.all(found.map((row) => this.#readEither(row, LIVE, ROW)));
    // A crash may have left the second row of one that is over.
    return read.filter((row) => row !== undefined).filter(isLive);
  }

  async end(id: string, end: RowEnd): Promise<void> {
    await this.#change(id, (known) => known && endRow(known, end));
  }

  async markPropagated(row: QuarantineRow): Promise<void> {
    await this.#change(
      row.id,
      (known) => known && (isSameStanding(known, row) ? { ...known, isHeard: true } : known),
    );
  }

  async restore(id: string): Promise<void> {
    const stored = await Promise.all(
      [ROW, LIVE].map((kind) => this.#table.get(this.#partition, joinKey(kind, id))),
    );
    const [known] = stored.flatMap((row) =>
      row === undefined ? [] : (this.#table.valueOrNone(row, SHAPES.quarantined) ?? []),
    );
    await this.#table.damage?.flush();
    if (known !== undefined) {
      const columns = toColumns(known);
      const kinds = isLive(known as QuarantineRow) ? [ROW, LIVE] : [ROW];
      await this.#table.transact(
        kinds.map((kind) => ({
          upsert: { partitionKey: this.#partition, rowKey: joinKey(kind, id), ...columns },
        })),
      );
    }
  }

  async *rows(): AsyncIterable<QuarantineRow> {
    const rows = beginning(`${ROW}|`);
    for await (const page of this.#table.pages({ partition: this.#partition, rows })) {
      for (const row of page) {
        const known = await this.#readEither(row, ROW, LIVE);
        if (known !== undefined) {
          yield known;
        }
      }
    }
  }

  async hasBefore(before: Instant): Promise<boolean> {
    for await (const row of this.rows()) {
      if (row.firstSeenAt < startOfDay(before)) {
        return true;
      }
    }
    return false;
  }

  async dropBefore(before: Instant): Promise<void> {
    const old: string[] = [];
    for await (const { id, firstSeenAt } of this.rows()) {
      if (firstSeenAt < startOfDay(before)) {
        old.push(id);
      }
    }
    await this.#table.removeAll(
      this.#partition,
      [LIVE, ROW].flatMap((kind) => old.map((id) => joinKey(kind, id))),
    );
  }

  /** Nothing is written where nothing changes: most rows that are met again are known. */
  async #change(
    id: string,
    step: (known: QuarantineRow | undefined) => QuarantineRow | undefined,
  ): Promise<void> {
    const partitionKey = this.#partition;
    const rowKey = joinKey(ROW, id);
    await untilWritten(`the quarantined row ${id}`, this.#table, async () => {
      const stored = await this.#table.get(partitionKey, rowKey);
      const known = stored && (await this.#readEither(stored, ROW, LIVE));
      await this.#table.damage?.flush(); // before it is written anew
      const next = step(known);
      if (next === undefined || (known !== undefined && isSame(known, next))) {
        return true;
      }
      const row = { partitionKey, rowKey, ...toColumns(next) };
      const live = { partitionKey, rowKey: joinKey(LIVE, id), ...toColumns(next) };
      const writes: Write[] = [
        stored === undefined ? { insert: row } : { update: row, etag: stored.etag },
        ...(isLive(next) || (known !== undefined && isLive(known)) ? [{ upsert: live }] : []),
      ];
      if ((await this.#table.transact(writes)) === undefined) {
        return false;
      }
      if (!isLive(next) && known !== undefined && isLive(known)) {
        await this.#table.remove(partitionKey, joinKey(LIVE, id), '*');
      }
      return true;
    });
  }

  /** Of a row that cannot be read, what lies beside it says the same. */
  async #readEither(
    row: StoredRow,
    own: string,
    other: string,
  ): Promise<QuarantineRow | undefined> {
    const known = this.#table.valueOrNone(row, SHAPES.quarantined);
    if (known !== undefined) {
      return known as QuarantineRow;
    }
    const beside = joinKey(other, row.rowKey.slice(own.length + 1));
    const second = await this.#table.get(this.#partition, beside);
    return (
      second && (this.#table.valueOrNone(second, SHAPES.quarantined) as QuarantineRow | undefined)
    );
  }
}

function isSame(a: QuarantineRow, b: QuarantineRow): boolean {
  return canonical(a as unknown as Json) === canonical(b as unknown as Json);
}

function clipped(row: QuarantineRow): QuarantineRow {
  const { reason, eventId } = row;
  return {
    ...row,
    reason: reason.slice(0, TEXT),
    ...(eventId !== undefined && { eventId: eventId.slice(0, TEXT) }),
  };
}
