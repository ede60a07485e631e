import { dayOf, type Instant } from '../../domain/time';
import { keyOf, nameInCount } from '../../pipeline/finding-counts';
import type { CountEntry, DayCount, FindingCounts } from '../../pipeline/ports';
import { toColumns } from './columns';
import { untilWritten } from './contention';
import type { StoredRow } from './guards';
import { after, joinKey } from './keys';
import { SHAPES } from './row-kinds';
import type { Table } from './table';

/** Names of the findings that are counted. */
type Counted = Readonly<Record<CountEntry['what'], readonly string[]>>;
interface Known {
  readonly counted: Counted;
  /** Absent when there is no row. */
  readonly etag?: string;
}

const NOTHING: Counted = { opened: [], resolved: [] };
/** A row holds no more: a count of one day and detector then ends at 16 times as many. */
const MAX_COUNTED = 10_000;
/** Days are written to again and again: the second time the row is known. Forgetting only costs a read. */
const REMEMBERED = 100;

/**
 * What was opened and resolved per day: a row for each day, detector and first digit of the finding's id, so that
 * writers are seldom in each other's way.
 */
export class TableCounts implements FindingCounts {
  readonly #table: Table;
  readonly #partition: string;
  readonly #known = new Map<string, Known>();

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId, 'days');
  }

  async add(entries: readonly CountEntry[]): Promise<void> {
    const byRow = Map.groupBy(entries, ({ day, detector, findingId }) =>
      joinKey(day, detector, findingId.slice(0, 1)),
    );
    for (const [rowKey, ofRow] of byRow) {
      await untilWritten(`the count ${rowKey}`, this.#table, (isAgain) =>
        this.#addTo(rowKey, ofRow, isAgain),
      );
    }
  }

  async *days(first: string, last: string): AsyncIterable<DayCount> {
    const rows = { from: first, to: after(`${last}|`) };
    const query = { partition: this.#partition, rows, columns: ['opened', 'resolved'] };
    for await (const page of this.#table.pages(query)) {
      for (const row of page) {
        const [day = '', detector = ''] = row.rowKey.split('|');
        yield { day, detector, opened: Number(row['opened']), resolved: Number(row['resolved']) };
      }
    }
  }

  async *keys(): AsyncIterable<string> {
    const rows = { from: '0', to: ':' };
    for await (const page of this.#table.pages({ partition: this.#partition, rows })) {
      for (const row of page) {
        const { opened, resolved } = this.#countedIn(row);
        const [day = '', detector = '', digit = ''] = row.rowKey.split('|');
        yield* opened.map((name) => keyOf(day, detector, 'opened', digit, name));
        yield* resolved.map((name) => keyOf(day, detector, 'resolved', digit, name));
      }
    }
  }

  async dropBefore(before: Instant): Promise<void> {
    this.#known.clear();
    await this.#table.clear({ partition: this.#partition, rows: { from: '0', to: dayOf(before) } });
  }

  async #addTo(rowKey: string, entries: readonly CountEntry[], isAgain: boolean): Promise<boolean> {
    const remembered = isAgain ? undefined : this.#known.get(rowKey);
    const { counted, etag } = remembered ?? (await this.#fetch(rowKey));
    const next = {
      opened: united(counted.opened, entries, 'opened'),
      resolved: united(counted.resolved, entries, 'resolved'),
    };
    if (next.opened === counted.opened && next.resolved === counted.resolved) {
      return true;
    }
    const row = {
      ...{ partitionKey: this.#partition, rowKey, ...toColumns(next) },
      ...{ opened: next.opened.length, resolved: next.resolved.length },
    };
    await this.#table.damage?.flush(); // what cannot be read is copied before it is begun anew
    const write = etag === undefined ? { insert: row } : { update: row, etag };
    const written = (await this.#table.transact([write]))?.get(rowKey);
    this.#remember(rowKey, written === undefined ? undefined : { counted: next, etag: written });
    return written !== undefined;
  }

  async #fetch(rowKey: string): Promise<Known> {
    const row = await this.#table.get(this.#partition, rowKey);
    return row === undefined
      ? { counted: NOTHING }
      : { counted: this.#countedIn(row), etag: row.etag };
  }

  /** What cannot be read is begun anew: a spoilt count must hold up no finding, and `repair` completes it. */
  #countedIn(row: StoredRow): Counted {
    const known = this.#table.valueOrNone(row, SHAPES.count);
    if (known === undefined) {
      return NOTHING;
    }
    const { opened, resolved } = known as Counted;
    return { opened: textsIn(opened), resolved: textsIn(resolved) };
  }

  #remember(rowKey: string, known: Known | undefined): void {
    if (this.#known.size >= REMEMBERED) {
      this.#known.clear();
    }
    this.#known.delete(rowKey);
    if (known !== undefined) {
      this.#known.set(rowKey, known);
    }
  }
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** @returns the list itself when it has them all. */
function united(
  known: readonly string[],
  entries: readonly CountEntry[],
  what: CountEntry['what'],
): readonly string[] {
  const names = entries.filter((each) => each.what === what).map((each) => each.findingId);
  const all = new Set([...known, ...names.map(nameInCount)]);
  return all.size === known.length ? known : [...all].slice(0, MAX_COUNTED);
}
