import { dayOf, type Instant } from '../../domain/time';
import { keyOf, nameInCount } from '../../pipeline/findings/finding-counts';
import type {
  CountEntry,
  CountRow,
  DayCount,
  FindingCounts,
} from '../../pipeline/ports/finding-counts';
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
  /** As in `CountRow`; it is when absent. */
  readonly isSound?: boolean;
  /** Absent when there is no row. */
  readonly etag?: string;
}

const WHAT = ['opened', 'resolved'] as const;
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

  async *rows(): AsyncIterable<CountRow> {
    this.#known.clear(); // who looks at what lies there must be able to repair it
    const rows = { from: '0', to: ':' };
    for await (const page of this.#table.pages({ partition: this.#partition, rows })) {
      for (const row of page) {
        const { rowKey } = row;
        const [day = '', detector = ''] = rowKey.split('|');
        const { counted, isSound } = this.#read(row);
        const isFull = WHAT.some((what) => counted[what].length >= MAX_COUNTED);
        const keys = WHAT.flatMap((what) => counted[what].map((name) => keyIn(rowKey, what, name)));
        yield { day, detector, key: rowKey, counted: keys, isSound, isFull };
      }
    }
  }

  async correct({ key }: Pick<CountRow, 'key'>, gone: ReadonlySet<string>): Promise<void> {
    this.#known.delete(key);
    const row = gone.size > 0 ? await this.#table.get(this.#partition, key) : undefined;
    await (row && this.#table.damage?.keep(this.#table.name, row));
    await untilWritten(`the count ${key}`, this.#table, async () => {
      const { counted, isSound = true, etag } = await this.#fetch(key);
      const rest = (what: CountEntry['what']): readonly string[] =>
        counted[what].filter((name) => !gone.has(keyIn(key, what, name)));
      const [opened, resolved] = [rest('opened'), rest('resolved')];
      const isSame =
        opened.length === counted.opened.length && resolved.length === counted.resolved.length;
      return (isSame && isSound) || this.#write(key, { opened, resolved }, etag);
    });
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
    return (
      (next.opened === counted.opened && next.resolved === counted.resolved) ||
      this.#write(rowKey, next, etag)
    );
  }

  async #write(rowKey: string, next: Counted, etag: string | undefined): Promise<boolean> {
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
    return row === undefined ? { counted: NOTHING } : { ...this.#read(row), etag: row.etag };
  }

  /** What cannot be read is begun anew: a spoilt count must hold up no finding, and `repair` completes it. */
  #read(row: StoredRow): Required<Pick<Known, 'counted' | 'isSound'>> {
    const known = this.#table.valueOrNone(row, SHAPES.count);
    if (known === undefined) {
      return { counted: NOTHING, isSound: false };
    }
    const of = known as Counted;
    const counted = { opened: textsIn(of.opened), resolved: textsIn(of.resolved) };
    const isSound = WHAT.every(
      (what) => row[what] === counted[what].length && counted[what].length === of[what].length,
    );
    return { counted, isSound };
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

function keyIn(rowKey: string, what: CountEntry['what'], name: string): string {
  const [day = '', detector = '', digit = ''] = rowKey.split('|');
  return keyOf(day, detector, what, digit, name);
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
