import type { Finding } from '../../domain/findings/finding';
import { monthOf, startOfMonth, type Instant } from '../../domain/time';
import {
  before,
  isExact,
  lineOf,
  listFor,
  LISTS,
  listsOf,
  LOOKED_AT,
  passes,
  placeOf,
  positionAfter,
  readPosition,
  writePosition,
  type List,
  type Position,
} from '../../pipeline/findings/finding-lines';
import { UnreadableRowError, type OnUnreadable } from '../../pipeline/ports/unreadable-row';
import type {
  FindingFilter,
  FindingIndex,
  ListEntry,
  ListPage,
  IndexRow,
} from '../../pipeline/ports/finding-index';
import { toColumns } from './columns';
import type { StoredRow } from './guards';
import { after, beginning, joinKey, type KeyRange } from './keys';
import { SHAPES } from './row-kinds';
import { chunked, type RowQuery, type Table } from './table';

/** Places begin with a digit. */
const ALL_PLACES: KeyRange = { from: '0', to: ':' };
const INDEX = 'FindingIndex';
const LARGEST_PAGE = 1_000;
const AT_A_TIME = 4;
/** The service may answer with a few rows and a token many times over; a page takes so many answers with rows. */
const MAX_ANSWERS = 20;

/**
 * The lists of findings: by time a partition per month, the newest month first, so that one query runs through all
 * months, and one partition for what is not resolved. A finding's rows never move. The detector stands in a column of
 * its own, so that the service hands out the rows of one detector alone.
 */
export class TableIndex implements FindingIndex {
  readonly #table: Table;
  readonly #tenantId: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#tenantId = tenantId;
  }

  async put(finding: Finding): Promise<void> {
    const line = lineOf(finding);
    const wanted = listsOf(line);
    await all(
      LISTS.map(async (list) => {
        const place = { partitionKey: this.#partition(list, line), rowKey: placeOf(line) };
        await (wanted.includes(list)
          ? this.#table.upsert({ ...place, ...columnsOf(line) })
          : this.#table.remove(place.partitionKey, place.rowKey, '*'));
      }),
    );
  }

  async addAll(findings: readonly Finding[]): Promise<void> {
    const rows = findings.map(lineOf).flatMap((line) => {
      const columns = { rowKey: placeOf(line), ...columnsOf(line) };
      return listsOf(line).map((list) => ({
        upsert: { partitionKey: this.#partition(list, line), ...columns },
      }));
    });
    const byPartition = Map.groupBy(rows, ({ upsert }) => upsert.partitionKey);
    const chunks = [...byPartition.values()].flatMap((each) => chunked(each));
    for (let from = 0; from < chunks.length; from += AT_A_TIME) {
      await all(chunks.slice(from, from + AT_A_TIME).map((chunk) => this.#table.transact(chunk)));
    }
  }

  async remove(finding: Finding): Promise<void> {
    const line = lineOf(finding);
    await all(
      LISTS.map((list) => this.#table.remove(this.#partition(list, line), placeOf(line), '*')),
    );
  }

  async page(
    filter: FindingFilter,
    top: number,
    after?: string,
    onUnreadable?: OnUnreadable,
  ): Promise<ListPage> {
    const start = after === undefined ? undefined : readPosition(this.#tenantId, filter, after);
    const size = isExact(filter) ? Math.min(top, LARGEST_PAGE) : LARGEST_PAGE;
    const page = new Page(this.#table, filter, top, onUnreadable);
    for (const query of this.#queriesFor(filter, start)) {
      for await (const { rows, isLast } of this.#table.answers({ ...query, page: size })) {
        page.look(rows);
        if (page.isOver || (isLast && query.isLast)) {
          return this.#handOut(page, filter, isLast && query.isLast);
        }
        if (isLast) {
          break;
        }
      }
    }
    return { lines: page.lines };
  }

  async *rows(): AsyncIterable<IndexRow> {
    for (const list of LISTS) {
      const partition = beginning(`${joinKey(this.#tenantId, list)}|`);
      const whole = list === 'open' ? joinKey(this.#tenantId, list) : partition;
      for await (const rows of this.#table.pages({ partition: whole, rows: ALL_PLACES })) {
        yield* rows.map((row) => this.#toIndexRow(list, row));
      }
    }
  }

  async keep({ key }: IndexRow): Promise<void> {
    const row = await this.#table.get(...placeIn(key));
    await (row && this.#table.damage?.keep(this.#table.name, row));
  }

  async drop({ key }: IndexRow): Promise<void> {
    await this.#table.damage?.flush(); // what cannot be read is copied before it goes
    await this.#table.remove(...placeIn(key), '*');
  }

  /** One, or two when the list goes on in the middle of a month: the rest of that month, and the months before it. */
  #queriesFor(filter: FindingFilter, start: Position | undefined): readonly ListQuery[] {
    const list = listFor(filter);
    const { detector, from, to } = filter;
    const whole = joinKey(this.#tenantId, list);
    const where = detector !== undefined && {
      where: { column: 'detector', ...exactly(detector) },
    };
    const upper = to === undefined ? ALL_PLACES.from : `${before(to)}~`;
    const least = start === undefined ? upper : `${start.place}~`; // after all rows of that place
    if (list === 'open') {
      const most = from === undefined ? ALL_PLACES.to : `${before(from)}~`;
      return [{ partition: whole, rows: { from: least, to: most }, isLast: true, ...where }];
    }
    const oldest = from === undefined ? `${whole}}` : after(monthIn(whole, monthOf(from)));
    const month = start?.month ?? (to === undefined || isMonthStart(to) ? undefined : monthOf(to));
    const first = month === undefined ? undefined : monthIn(whole, month);
    const newest =
      first !== undefined
        ? after(first)
        : to === undefined
          ? `${whole}|`
          : after(monthIn(whole, monthOf(to)));
    return [
      ...(first === undefined
        ? []
        : [
            { partition: first, rows: { from: least, to: ALL_PLACES.to }, isLast: false, ...where },
          ]),
      { partition: { from: newest, to: oldest }, rows: ALL_PLACES, isLast: true, ...where },
    ];
  }

  #handOut(page: Page, filter: FindingFilter, isRead: boolean): ListPage {
    const { lines, last } = page;
    if (page.isPastEnd || last === undefined || (isRead && !page.hasRest)) {
      return { lines };
    }
    return { lines, next: writePosition(this.#tenantId, filter, positionAfter(filter, last)) };
  }

  #partition(list: List, { openedAt }: ListEntry): string {
    const whole = joinKey(this.#tenantId, list);
    return list === 'opened' ? monthIn(whole, monthOf(openedAt)) : whole;
  }

  #toIndexRow(list: List, row: StoredRow): IndexRow {
    const { partitionKey, rowKey } = row;
    const key = `${partitionKey} ${rowKey}`;
    const line = this.#table.valueOrNone(row, SHAPES.line) as ListEntry | undefined;
    if (line === undefined || typeof line.subject.id !== 'string') {
      return { list, line: undefined, isMisplaced: true, key };
    }
    const isMisplaced =
      !listsOf(line).includes(list) ||
      partitionKey !== this.#partition(list, line) ||
      rowKey !== placeOf(line) ||
      row['detector'] !== line.detector;
    return { list, line, isMisplaced, key };
  }
}

interface ListQuery extends RowQuery {
  /** Nothing of the list lies beyond it. */
  readonly isLast: boolean;
}

/** What a page has taken of a list so far. */
class Page {
  readonly #table: Table;
  readonly lines: ListEntry[] = [];
  readonly #filter: FindingFilter;
  readonly #top: number;
  readonly #onUnreadable: OnUnreadable | undefined;
  #looked = 0;
  #answers = 0;
  /** The last line that was looked at. */
  last: ListEntry | undefined;
  /** A line is older than what is asked for, and so are all that follow. */
  isPastEnd = false;
  /** Lines were handed out by the service that did not fit. */
  hasRest = false;

  constructor(
    table: Table,
    filter: FindingFilter,
    top: number,
    onUnreadable: OnUnreadable | undefined,
  ) {
    this.#table = table;
    this.#filter = filter;
    this.#top = top;
    this.#onUnreadable = onUnreadable;
  }

  get isOver(): boolean {
    return (
      this.isPastEnd ||
      this.lines.length >= this.#top ||
      this.#looked >= LOOKED_AT ||
      this.#answers >= MAX_ANSWERS
    );
  }

  look(rows: readonly StoredRow[]): void {
    this.#answers += rows.length === 0 ? 0 : 1;
    for (const row of rows) {
      if (this.isPastEnd || this.lines.length >= this.#top) {
        this.hasRest = true;
        return;
      }
      const line = this.#read(row);
      if (line === undefined) {
        continue;
      }
      const { from } = this.#filter;
      if (from !== undefined && line.openedAt < from) {
        this.isPastEnd = true;
        return;
      }
      this.#looked += 1;
      this.last = line;
      this.lines.push(...(passes(line, this.#filter) ? [line] : []));
    }
  }

  #read(row: StoredRow): ListEntry | undefined {
    try {
      return lineIn(row, this.#table);
    } catch (error) {
      if (!(error instanceof UnreadableRowError) || this.#onUnreadable === undefined) {
        throw error;
      }
      this.#onUnreadable(error);
      return undefined;
    }
  }
}

function columnsOf(line: ListEntry): Readonly<Record<string, string>> {
  return { detector: line.detector, ...toColumns(line) };
}

/** The column of a detector has this value and no longer one: ids are of letters, digits and hyphens. */
function exactly(detector: string): KeyRange {
  return { from: detector, to: `${detector}!` };
}

/** @throws UnreadableRowError when it is no line. */
function lineIn(row: StoredRow, table: Table): ListEntry {
  const line = table.value(row, SHAPES.line) as ListEntry;
  if (typeof line.subject.id !== 'string') {
    throw new UnreadableRowError(INDEX, row.partitionKey, row.rowKey);
  }
  return line;
}

/** Waits for all, also when one fails: nothing of a failed write is still on its way when it is tried again. */
async function all(writes: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(writes);
  await Promise.all(writes);
}

/** `2026-01` becomes `7973-11`: the newest month comes first. */
function monthIn(list: string, month: string): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const inverted = `${String(9_999 - year).padStart(4, '0')}-${String(12 - number).padStart(2, '0')}`;
  return `${list}|${inverted}`;
}

function isMonthStart(instant: Instant): boolean {
  return startOfMonth(instant) === instant;
}

function placeIn(key: string): [partitionKey: string, rowKey: string] {
  const space = key.indexOf(' '); // keys have none
  return [key.slice(0, space), key.slice(space + 1)];
}
