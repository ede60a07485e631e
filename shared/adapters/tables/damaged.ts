import { shortHash } from '../../domain/json';
import { startOfDay, type Instant } from '../../domain/time';
import type { DamagedRow, DamagedRows } from '../../pipeline/ports/damaged-rows';
import type { Now } from '../../pipeline/ports/clock';
import { fromColumns, toColumns } from './columns';
import type { Row, StoredRow } from './guards';
import { beginning, joinKey, type KeyRange } from './keys';
import { damagedRow, kindOf, SHAPES } from './row-kinds';
import type { Damage, RowQuery, Table } from './table';

/** Rows that stand damaged. */
const STANDING = 'd';
/** Copies of those that were rebuilt or taken away, and of lines that somebody had `repair` forget. */
const COPY = 'k';
/** When a copy was made, so that retention finds the old ones. */
const COPIED_AT = 'copiedAt';
const EVERY_ROW: KeyRange = { from: '', to: '~~~~' };
/** A row is smaller; what is longer once it is written as JSON is cut. */
const MAX_TEXT = 100_000;
const MAX_LISTED = 100;

/** Where a damaged row lies, and all columns of it as JSON. */
interface Kept {
  readonly table: string;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly text: string;
}

/**
 * Rows of our own that cannot be read. They are noted where they are met and kept, with their text, when a run ends:
 * beside the row, never in its place.
 */
export class TableDamaged implements DamagedRows, Damage {
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #table: Table;
  readonly #tenantId: string;
  readonly #clock: Now;
  readonly #partition: string;
  #met = new Map<string, Kept>();

  /** @param tables all, by their names. */
  constructor(tables: ReadonlyMap<string, Table>, own: Table, tenantId: string, clock: Now) {
    this.#tables = tables;
    this.#clock = clock;
    this.#table = own;
    this.#tenantId = tenantId;
    this.#partition = joinKey(tenantId, 'damaged');
  }

  get hasMet(): boolean {
    return this.#met.size > 0;
  }

  note(table: string, row: StoredRow): void {
    const kept = { table, partitionKey: row.partitionKey, rowKey: row.rowKey, text: textOf(row) };
    this.#met.set(idOf(kept), kept);
  }

  async flush(): Promise<void> {
    const met = this.#met;
    this.#met = new Map();
    for (const [id, kept] of met) {
      const place = { partitionKey: this.#partition, rowKey: joinKey(STANDING, id) };
      await this.#table.upsert({ ...place, ...toColumns(kept) });
    }
  }

  async keep(table: string, row: StoredRow): Promise<void> {
    const kept = { table, partitionKey: row.partitionKey, rowKey: row.rowKey, text: textOf(row) };
    await this.#table.upsert({ ...this.#copy(idOf(kept), kept.text), ...toColumns(kept) });
  }

  async list(): Promise<readonly DamagedRow[]> {
    const known = new Map<string, Kept>();
    for (const row of await this.#standing()) {
      const kept = keptIn(row);
      known.set(idOf(kept), kept);
    }
    this.#met.forEach((kept, id) => known.set(id, kept));
    const standing: DamagedRow[] = [];
    for (const kept of known.values()) {
      if (await this.#isAsFound(kept)) {
        standing.push({ ...damagedRow(kept.table, kept), ...monthIn(kept) });
      }
    }
    return standing;
  }

  async search(): Promise<void> {
    const partition = beginning(joinKey(this.#tenantId));
    for (const [name, table] of this.#tables) {
      for await (const page of table.pages({ partition, rows: EVERY_ROW })) {
        for (const row of page.filter((each) => this.#isOwn(each))) {
          const shape = kindOf(name, row)?.shape;
          if (shape !== undefined) {
            table.valueOrNone(row, shape); // notes it
          }
        }
      }
    }
    await this.flush();
  }

  async repaired(row: DamagedRow): Promise<void> {
    await this.flush();
    const rowKey = joinKey(STANDING, idOf(row));
    const known = await this.#table.get(this.#partition, rowKey);
    if (known !== undefined) {
      await this.#retire(known);
    }
  }

  async remove(row: DamagedRow): Promise<void> {
    await this.flush();
    await this.#tables.get(row.table)?.remove(row.partitionKey, row.rowKey, '*');
    await this.repaired(row);
  }

  async retire(): Promise<void> {
    for (const row of await this.#standing()) {
      if (!(await this.#isAsFound(keptIn(row)))) {
        await this.#retire(row);
      }
    }
  }

  hasCopiesBefore(before: Instant): Promise<boolean> {
    return this.#table.has(this.#copiesBefore(before));
  }

  async dropCopiesBefore(before: Instant): Promise<void> {
    await this.#table.clear(this.#copiesBefore(before));
  }

  #copiesBefore(before: Instant): RowQuery {
    const where = { column: COPIED_AT, from: '', to: startOfDay(before) };
    return { partition: this.#partition, rows: beginning(`${COPY}|`), where };
  }

  /** The keys of another tenant may begin like ours. */
  #isOwn({ partitionKey }: Row): boolean {
    return partitionKey.split('|')[0] === joinKey(this.#tenantId);
  }

  async #standing(): Promise<readonly StoredRow[]> {
    const found: StoredRow[] = [];
    const query = { partition: this.#partition, rows: beginning(`${STANDING}|`) };
    for await (const page of this.#table.pages(query)) {
      found.push(...page);
      if (found.length >= MAX_LISTED) {
        break;
      }
    }
    return found;
  }

  /** It was neither rewritten nor removed since. */
  async #isAsFound({ table, partitionKey, rowKey, text }: Kept): Promise<boolean> {
    const row = await this.#tables.get(table)?.get(partitionKey, rowKey);
    return row !== undefined && (text === '' || textOf(row) === text);
  }

  /** The copy of one that is damaged once more has another text, and another key. */
  async #retire(row: StoredRow): Promise<void> {
    const { text } = keptIn(row);
    const [, id = ''] = row.rowKey.split('|');
    await this.#table.upsert({ ...this.#copy(id, text), ...jsonOf(row) });
    await this.#table.remove(this.#partition, row.rowKey, '*');
  }

  #copy(id: string, text: string): Row {
    const rowKey = joinKey(COPY, id, shortHash(16, text));
    return { partitionKey: this.#partition, rowKey, [COPIED_AT]: this.#clock.now() };
  }
}

function textOf({ partitionKey: _p, rowKey: _r, etag: _e, ...columns }: StoredRow): string {
  const ofUs = Object.entries(columns).filter(([name]) => !/^(timestamp|odata\.)/i.test(name));
  return JSON.stringify(ofUs.sort()).slice(0, MAX_TEXT);
}

/** A signal has its month in a column of its own. */
function monthIn({ text }: Kept): { readonly month?: string } {
  const [, month] = /\["month","(\d{4}-\d{2})"\]/.exec(text) ?? [];
  return month === undefined ? {} : { month };
}

function jsonOf(row: StoredRow): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(row).filter(
      (column): column is [string, string] =>
        /^json\d*$/.test(column[0]) && typeof column[1] === 'string',
    ),
  );
}

function idOf({ table, partitionKey, rowKey }: Omit<Kept, 'text'>): string {
  return shortHash(32, table, partitionKey, rowKey);
}

/** Of a note that is damaged itself not more is known than that it is there. */
function keptIn(row: StoredRow): Kept {
  try {
    return fromColumns(row, 'Quarantine', SHAPES.damaged) as Kept;
  } catch {
    const { partitionKey, rowKey } = row;
    return { table: 'Quarantine', partitionKey, rowKey, text: '' };
  }
}
