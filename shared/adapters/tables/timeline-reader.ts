import { AT_A_TIME, concurrently } from '../../pipeline/concurrently';
import type { StoredRow } from './guards';
import type { KeyRange } from './keys';
import { PAGE_ROWS, type RowQuery, type Table } from './table';
import {
  bucketOf,
  bucketPartition,
  headerKey,
  isHeader,
  rowsOf,
  signalsOf,
  timelineIn,
} from './timeline-rows';

/** A request takes as long as so many rows: over fewer that nobody asked for it reads on, over more it asks anew. */
const WORTH_A_REQUEST = 90;
/** Until it is known how densely rows lie, so many are asked for. */
const PROBE = 100;
/** An answer of fewer rows says nothing about how densely they lie. */
const TELLING = 50;

/** Which rows of a timeline are asked for: its header, and the signals in this range; all when absent. */
export type Span = ReadonlyMap<string, KeyRange>;

/**
 * Reads many timelines in few requests: neighbours that are asked for come as one range, others one by one. Ids are
 * hashes, so the rows between two of them can be told from how far they are apart.
 */
export class TimelineReader {
  readonly #table: Table;
  readonly #tenantId: string;
  /** Rows in the whole of a bucket. */
  #density: number | undefined;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#tenantId = tenantId;
  }

  /** The rows of each timeline that has any. */
  async read(
    timelineIds: readonly string[],
    spans?: Span,
  ): Promise<ReadonlyMap<string, readonly StoredRow[]>> {
    const found = new Map<string, StoredRow[]>();
    const buckets = Map.groupBy([...new Set(timelineIds)].sort(), bucketOf);
    await concurrently(buckets, AT_A_TIME, async ([bucket, ids]) => {
      const partition = bucketPartition(this.#tenantId, bucket);
      for (let at = 0; at < ids.length;) {
        at = await this.#readRun(partition, ids, at, found, spans);
      }
    });
    return found;
  }

  /** @returns where in the list of ids to go on. */
  async #readRun(
    partition: string,
    ids: readonly string[],
    start: number,
    found: Map<string, StoredRow[]>,
    spans: Span | undefined,
  ): Promise<number> {
    const end = this.#endOfRun(ids, start);
    const wanted = new Set(ids.slice(start, end));
    const query = queryFor(partition, ids.slice(start, end), spans);
    const isProbe = this.#density === undefined && wanted.size > 1;
    for await (const { rows, isLast } of this.#table.answers({
      ...query,
      page: isProbe ? PROBE : PAGE_ROWS,
    })) {
      for (const row of rows) {
        const id = timelineIn(row);
        if (wanted.has(id)) {
          // A timeline begins with its header; without one, by whatever fault, its signals are read all the same.
          const known = isHeader(row) ? undefined : found.get(id);
          if (known === undefined) {
            found.set(id, [row]);
          } else {
            known.push(row);
          }
        }
      }
      if (wanted.size > 1) {
        this.#measure(rows);
      }
      const last = rows.at(-1);
      const lastId = last && timelineIn(last);
      // Between timelines that are asked for: to seek the next costs no more than to go on.
      const isBetween = lastId !== undefined && !wanted.has(lastId);
      const isProbed = isProbe && this.#density !== undefined;
      if (!isLast && lastId !== undefined && (isBetween || isProbed)) {
        found.delete(lastId); // perhaps not whole
        const next = ids.findIndex((id, i) => i >= start && id >= lastId);
        return next === -1 ? ids.length : next;
      }
    }
    return end;
  }

  #endOfRun(ids: readonly string[], start: number): number {
    if (this.#density === undefined) {
      return ids.length;
    }
    let end = start + 1;
    for (let before = ids[start]; end < ids.length; end++) {
      const next = ids[end];
      const rows = this.#density * (placeOf(next) - placeOf(before));
      if (!(rows <= WORTH_A_REQUEST)) {
        break; // also when ids are no hashes
      }
      before = next;
    }
    return end;
  }

  #measure(rows: readonly StoredRow[]): void {
    const [first, last] = [rows[0], rows.at(-1)];
    if (rows.length < TELLING || first === undefined || last === undefined) {
      return;
    }
    const distance = placeOf(timelineIn(last)) - placeOf(timelineIn(first));
    if (distance > 0) {
      this.#density = rows.length / distance;
    }
  }
}

/** Of one timeline only what is asked for; between several everything. */
function queryFor(partition: string, ids: readonly string[], spans: Span | undefined): RowQuery {
  const [first = ''] = ids;
  const span = ids.length === 1 ? spans?.get(first) : undefined;
  return span === undefined
    ? { partition, rows: rowsOf(first, ids.at(-1) ?? first) }
    : {
        partition,
        rows: { from: headerKey(first), to: span.to },
        without: [{ from: signalsOf(first), to: span.from }],
      };
}

const DIGITS = 12;

/** Where in its bucket a timeline lies, from 0 to 1. */
function placeOf(timelineId: string | undefined): number {
  return parseInt(timelineId?.slice(1, 1 + DIGITS) ?? '', 16) / 16 ** DIGITS;
}
