import { shortHash } from '../../domain/canonical';
import type { CoverageBySource, Interval } from '../../domain/coverage';
import { unread, type SourceHead, type WindowReport } from '../../domain/journal';
import { SOURCES, type Source } from '../../domain/record';
import { newestFirst, plus, SECOND, type Instant } from '../../domain/time';
import type { CoverageStore } from '../../pipeline/ports';
import { fromColumns, toColumns } from './columns';
import { untilWritten } from './contention';
import { after, joinKey, type KeyRange } from './keys';
import type { Table, Write } from './table';

interface Seen {
  readonly head: SourceHead | undefined;
  /** Absent when there is no row. */
  readonly etag?: string;
  readonly at: number;
}

const HEAD = 'head';
/**
 * A head that was read or written so recently is not read again, unless a finding was read since: a quiet run asks for
 * the same two heads a dozen times. An older end only lets a run see less than it could; writes carry the ETag.
 */
const FRESH_FOR = 15 * SECOND;

/** What was read of each source: the head says how far, the ledger beside it says in which windows. */
export class TableCoverage implements CoverageStore {
  readonly #table: Table;
  readonly #tenantId: string;
  readonly #seen = new Map<Source, Seen>();
  #epoch = 0;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#tenantId = tenantId;
  }

  async read(detectorId: string): Promise<CoverageBySource> {
    const heads = await Promise.all(SOURCES.map((source) => this.#look(source)));
    return Object.fromEntries(
      SOURCES.flatMap((source, i) => {
        const coverage = heads[i]?.head?.byDetector[detectorId];
        return coverage === undefined ? [] : [[source, coverage] as const];
      }),
    );
  }

  async head(source: Source): Promise<SourceHead | undefined> {
    return (await this.#look(source)).head;
  }

  async change(
    source: Source,
    step: (head: SourceHead) => SourceHead,
    windows: readonly WindowReport[] = [],
  ): Promise<SourceHead> {
    let seen = await this.#look(source);
    let head = unread(source);
    await untilWritten(`the head of ${source}`, this.#table.name, async (isAgain) => {
      seen = isAgain ? await this.#fetch(source) : seen;
      head = step(seen.head ?? unread(source));
      return this.#write(source, head, seen.etag, windows);
    });
    return head;
  }

  async *ledger(source: Source, { from, to }: Interval): AsyncIterable<WindowReport> {
    const partition = joinKey(this.#tenantId, source);
    // Newest first: the later time is the smaller key.
    const rows = { from: `w|${newestFirst(to)}`, to: after(`w|${newestFirst(from)}|`) };
    for await (const page of this.#table.pages({ partition, rows })) {
      for (const row of page) {
        const window = fromColumns(row, this.#table.name) as WindowReport;
        if (window.readAt >= from && window.readAt < to) {
          yield window;
        }
      }
    }
  }

  async hasLedgerBefore(before: Instant): Promise<boolean> {
    const found = await Promise.all(this.#ledger(before).map((each) => this.#table.has(each)));
    return found.includes(true);
  }

  async dropLedgerBefore(before: Instant): Promise<void> {
    for (const each of this.#ledger(before)) {
      await this.#table.clear(each);
    }
  }

  /** Keys have milliseconds and sort the newest first. */
  #ledger(before: Instant): { partition: string; rows: KeyRange }[] {
    const rows = { from: joinKey('w', newestFirst(plus(before, -1))), to: after('w|') };
    return SOURCES.map((source) => ({ partition: joinKey(this.#tenantId, source), rows }));
  }

  /** What is read from now on is newer than now. */
  forget(): void {
    this.#epoch += 1;
    this.#seen.clear();
  }

  async #write(
    source: Source,
    head: SourceHead,
    etag: string | undefined,
    windows: readonly WindowReport[],
  ): Promise<boolean> {
    const partitionKey = joinKey(this.#tenantId, source);
    const row = { partitionKey, rowKey: HEAD, ...toColumns(head) };
    const writes: Write[] = [etag === undefined ? { insert: row } : { update: row, etag }];
    for (const window of windows) {
      // Put, not inserted: a request whose answer got lost is repeated, and must find nothing in its way.
      writes.push({ upsert: { partitionKey, rowKey: ledgerKey(window), ...toColumns(window) } });
    }
    const epoch = this.#epoch;
    const written = (await this.#table.transact(writes))?.get(HEAD);
    this.#seen.delete(source);
    if (written !== undefined && epoch === this.#epoch) {
      this.#epoch += 1; // a read that is still on its way must not undo this
      this.#seen.set(source, { head, etag: written, at: performance.now() });
    }
    return written !== undefined;
  }

  async #look(source: Source): Promise<Seen> {
    const seen = this.#seen.get(source);
    return seen !== undefined && performance.now() - seen.at < FRESH_FOR
      ? seen
      : this.#fetch(source);
  }

  async #fetch(source: Source): Promise<Seen> {
    const epoch = this.#epoch;
    const at = performance.now();
    const row = await this.#table.get(joinKey(this.#tenantId, source), HEAD);
    const seen: Seen =
      row === undefined
        ? { head: undefined, at }
        : { head: fromColumns(row, this.#table.name) as SourceHead, etag: row.etag, at };
    if (epoch === this.#epoch) {
      this.#seen.set(source, seen);
    }
    return seen;
  }
}

function ledgerKey(window: WindowReport): string {
  const { readAt, from, to, filter, purpose } = window;
  return joinKey('w', newestFirst(readAt), shortHash(16, readAt, from, to, filter, purpose));
}
