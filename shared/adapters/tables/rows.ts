import type { IdRange, RawRow, AuditTrailRows } from '../../pipeline/ports/audit-trail';
import { CHAIN, CHAIN_HEAD, ENTRY } from './chain';
import { fromColumns } from './columns';
import { FORMAT } from './formats';
import type { StoredRow } from './guards';
import { fromKeyPart, joinKey, type KeyRange } from './keys';
import { RULE_COLUMNS, RULES, STEP } from './rules';
import type { RowQuery, Table } from './table';

const FINDING_COLUMNS = ['digest', 'movedAt'] as const;
const ALERT_COLUMNS = ['state'] as const;
/** What the ids of notices begin with. */
const NOTICES = 'notice';
const EVERY_ROW: KeyRange = { from: '', to: '~~~~' };
/** What the service adds to every row, and the SDK to what it reads. */
const OF_THE_SERVICE = /^(partitionKey|rowKey|timestamp|etag|odata\.metadata)$/;

/** The rows of the record as they lie. */
export class TableRows implements AuditTrailRows {
  readonly #table: Table;
  readonly #tenantId: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#tenantId = tenantId;
  }

  /** Pages end anywhere, also between a finding and its history: a timeline is handed out when the next one begins. */
  async *timelines(
    { from, to }: IdRange = { from: '' },
  ): AsyncIterable<{ id: string; rows: readonly RawRow[] }> {
    const prefix = `${joinKey(this.#tenantId)}|`;
    const partition = { from: prefix + from, to: prefix + (to ?? '~~~~') };
    let id: string | undefined;
    let rows: RawRow[] = [];
    for await (const page of this.#table.pages(inRecord(partition))) {
      for (const row of page) {
        const of = row.partitionKey.slice(prefix.length);
        if (of !== RULES && of !== CHAIN && !isNotice(of, row)) {
          if (id !== undefined && id !== of) {
            yield { id, rows };
            rows = [];
          }
          id = of;
          rows.push(this.#ofTimeline(of, row));
        }
      }
    }
    if (id !== undefined) {
      yield { id, rows };
    }
  }

  async timeline(id: string): Promise<readonly RawRow[]> {
    const partition = joinKey(this.#tenantId, id);
    const found = await this.#table.list(inRecord(partition));
    return found.flatMap((row) => (isNotice(id, row) ? [] : this.#ofTimeline(id, row)));
  }

  async rules(): Promise<readonly RawRow[]> {
    const partition = joinKey(this.#tenantId, RULES);
    const found = await this.#table.list({ partition, rows: EVERY_ROW, isRaw: true });
    return found.map((row) => {
      const [kind, id = '', sequence, more] = row.rowKey.split('|');
      return kind === STEP && isOrdinal(sequence) && more === undefined
        ? { ...this.#raw(row, 'rule', id, RULE_COLUMNS), sequence: Number(sequence) }
        : this.#raw(row, 'unknown', id);
    });
  }

  async *chain(): AsyncIterable<RawRow> {
    const partition = joinKey(this.#tenantId, CHAIN);
    for await (const page of this.#table.pages({ partition, rows: EVERY_ROW, isRaw: true })) {
      for (const row of page) {
        const [kind, sequence, more] = row.rowKey.split('|');
        yield kind === ENTRY && isOrdinal(sequence) && more === undefined
          ? { ...this.#raw(row, 'entry', ''), sequence: Number(sequence) }
          : this.#raw(row, row.rowKey === CHAIN_HEAD ? 'head' : 'unknown', '');
      }
    }
  }

  #ofTimeline(timeline: string, row: StoredRow): RawRow {
    const [kind, anchor = '', sequence, more] = row.rowKey.split('|');
    const id = `${timeline}-${anchor}`;
    if (kind === 'h' && isOrdinal(sequence) && more === undefined) {
      return { ...this.#raw(row, 'history', id), sequence: Number(sequence) };
    }
    const [, , , channel, rest] = row.rowKey.split('|');
    if (kind === 'o' && isOrdinal(sequence) && channel !== undefined && rest === undefined) {
      return {
        ...this.#raw(row, 'alert', id, ALERT_COLUMNS),
        ...{ sequence: Number(sequence), channel: fromKeyPart(channel) },
      };
    }
    return kind === 'f' && sequence === undefined
      ? this.#raw(row, 'finding', id, FINDING_COLUMNS)
      : this.#raw(row, 'unknown', id);
  }

  /** Hashes are of the content as it lies; what it says is looked at in the words of today. */
  #raw(row: StoredRow, kind: RawRow['kind'], id: string, columns: readonly string[] = []): RawRow {
    const { partitionKey, rowKey } = row;
    const today = this.#table.upToDate(row);
    const place = `Findings ${partitionKey} ${rowKey}`;
    const stray = strayColumn(today, columns);
    return {
      ...{ kind, id, place, ...valueOf(row) },
      ...(today !== row && { current: valueOf(today).value }),
      ...(columns.length > 0 && { columns: besides(today, columns) }),
      ...(stray !== undefined && { stray }),
    };
  }
}

/** Notices tell of no finding: no transition says that they must be there. */
function isNotice(room: string, { rowKey }: StoredRow): boolean {
  return room === NOTICES && rowKey.startsWith('o|');
}

function inRecord(partition: string | KeyRange): RowQuery {
  return { partition, rows: EVERY_ROW, isRaw: true };
}

/** As `ordinal` writes it: a row of any other number lies beside the genuine one. */
function isOrdinal(text: string | undefined): boolean {
  return /^\d{6}$/.test(text ?? '');
}

/** What stands beside the content, so that queries find it. */
function besides(row: StoredRow, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.flatMap((name) => (name in row ? [[name, row[name]]] : [])));
}

function valueOf(row: StoredRow): { readonly value?: unknown } {
  try {
    return { value: fromColumns(row) };
  } catch {
    return {};
  }
}

/** A column that nothing reads: `json2` without `json1` is one too. */
function strayColumn(row: StoredRow, columns: readonly string[]): string | undefined {
  const read = new Set([...columns, 'json', ...(typeof row[FORMAT] === 'number' ? [FORMAT] : [])]);
  for (let n = 1; typeof row[`json${n}`] === 'string'; n++) {
    read.add(`json${n}`);
  }
  return Object.keys(row).find((name) => !read.has(name) && !OF_THE_SERVICE.test(name));
}
