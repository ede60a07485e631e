import { randomUUID } from 'node:crypto';
import type { Instant } from '../../domain/time';
import type {
  CoverageEnds,
  TimelineFaults,
  TimelineRef,
  WorkMark,
  WorkMarks,
} from '../../pipeline/ports';
import { fromColumns, toColumns } from './columns';
import { untilWritten } from './contention';
import type { Row, StoredRow } from './guards';
import { after, beginning, coarse, joinKey, type KeyRange } from './keys';
import { chunked, rowOf, type Table, type Write } from './table';

/** Work is marked before and after it: the second time the row is known. Forgetting only costs a read. */
const REMEMBERED = 10_000;
const FAULTS = 'faults';

/** What must be assessed, all of a tenant in one partition. */
export class TableMarks implements WorkMarks {
  readonly #work: Table;
  readonly #partition: string;
  readonly #written = new Map<string, StoredRow>();
  #hasFaults = false;

  constructor(work: Table, tenantId: string) {
    this.#work = work;
    this.#partition = joinKey(tenantId);
  }

  async markDirty(
    timelines: readonly TimelineRef[],
    coverageEnds: CoverageEnds,
    isCatchingUp = false,
  ): Promise<void> {
    const fresh = new Map(timelines.map((timeline) => [timeline.id, timeline]));
    const why = { coverageEnds, ...(isCatchingUp && { isCatchingUp }) };
    const inserts = [...fresh.values()].map((timeline) => ({
      insert: this.#row(joinKey('dirty', timeline.id), { timeline, ...why }),
    }));
    for (const chunk of chunked(inserts)) {
      await this.#markAll(chunk);
    }
  }

  async markDue(timeline: TimelineRef, at: Instant): Promise<void> {
    const rowKey = joinKey('due', timeline.detector, coarse(at), timeline.id);
    await this.#work.upsert(this.#row(rowKey, { timeline }));
  }

  /** Beside the dirty mark, so that both are one read. The row is ours alone: it needs no ETag. */
  async markWriting(timeline: TimelineRef, since: Instant): Promise<WorkMark> {
    const rowKey = joinKey('dirty', timeline.id, randomUUID());
    await this.#work.upsert(this.#row(rowKey, { timeline, since }));
    return { timeline, since, cause: 'writing', etag: `${rowKey} *` };
  }

  dirty(): Promise<readonly WorkMark[]> {
    return this.#list('dirty', beginning('dirty|'));
  }

  /** Marks lie at the next full five minutes, so they are due up to that much later than asked for, never earlier. */
  due(detectorId: string, end: Instant): Promise<readonly WorkMark[]> {
    const from = `${joinKey('due', detectorId)}|`;
    return this.#list('due', { from, to: after(`${from}${end}|`) });
  }

  async remove(mark: WorkMark): Promise<void> {
    const space = mark.etag.indexOf(' ');
    const rowKey = mark.etag.slice(0, space);
    this.#written.delete(rowKey);
    await this.#work.remove(this.#partition, rowKey, mark.etag.slice(space + 1));
  }

  async rules(): Promise<Readonly<Record<string, string>>> {
    const rows = await this.#work.list({ partition: this.#partition, rows: beginning('rule|') });
    const rules = rows.map((row) => fromColumns(row) as { detector: string; rule: string });
    return Object.fromEntries(rules.map(({ detector, rule }) => [detector, rule]));
  }

  async keepRule(detector: string, rule: string): Promise<void> {
    const partitionKey = this.#partition;
    const rowKey = joinKey('rule', detector);
    await this.#work.upsert({ partitionKey, rowKey, ...toColumns({ detector, rule }) });
  }

  /** A run without faults costs nothing: what another process kept and nobody keeps again is old news to health. */
  async keepFaults(faults: TimelineFaults | undefined): Promise<void> {
    const partitionKey = this.#partition;
    if (faults !== undefined) {
      await this.#work.upsert({ partitionKey, rowKey: FAULTS, ...toColumns(faults) });
    } else if (this.#hasFaults) {
      await this.#work.remove(partitionKey, FAULTS, '*');
    }
    this.#hasFaults = faults !== undefined;
  }

  async faults(): Promise<TimelineFaults | undefined> {
    const row = await this.#work.get(this.#partition, FAULTS);
    return row && (fromColumns(row, this.#work.name) as TimelineFaults);
  }

  /** Most marks are new or our own: they are written at once. Else all are read, and what is there is kept. */
  async #markAll(inserts: readonly { readonly insert: Row }[]): Promise<void> {
    const marks = inserts.length === 1 ? 'a work mark' : `one of ${inserts.length} work marks`;
    await untilWritten(marks, this.#work.name, async (isAgain) => {
      const rowKeys = inserts.map(({ insert }) => insert.rowKey);
      const known = isAgain ? await this.#read(rowKeys) : this.#written;
      const writes = inserts.map(({ insert }) => remark(insert, known.get(insert.rowKey)));
      const etags = await this.#work.transact(writes);
      this.#remember(writes, etags);
      return etags !== undefined;
    });
  }

  #remember(writes: readonly Write[], etags: ReadonlyMap<string, string> | undefined): void {
    if (this.#written.size + writes.length > REMEMBERED) {
      this.#written.clear();
    }
    for (const row of writes.map(rowOf)) {
      const etag = etags?.get(row.rowKey);
      this.#written.delete(row.rowKey);
      if (etag !== undefined) {
        this.#written.set(row.rowKey, { ...row, etag });
      }
    }
  }

  async #read(rowKeys: readonly string[]): Promise<ReadonlyMap<string, StoredRow>> {
    const [first = '', ...others] = [...rowKeys].sort();
    const rows = { from: first, to: after(`${others.at(-1) ?? first}|`) };
    const found = await this.#work.list({ partition: this.#partition, rows });
    return new Map(found.map((row) => [row.rowKey, row]));
  }

  async #list(cause: WorkMark['cause'], rows: KeyRange): Promise<readonly WorkMark[]> {
    const found = await this.#work.list({ partition: this.#partition, rows });
    return found.map((row) => {
      const mark = fromColumns(row, this.#work.name) as Kept;
      return {
        ...mark,
        cause: mark.since === undefined ? cause : 'writing',
        // Says which row and which version of it; row keys have no space.
        etag: `${row.rowKey} ${row.etag}`,
      };
    });
  }

  #row(rowKey: string, mark: Kept): Row {
    return { partitionKey: this.#partition, rowKey, ...toColumns(mark) };
  }
}

type Kept = Omit<WorkMark, 'cause' | 'etag'>;

/** A mark that is there keeps its older coverage ends and its catching up; being written again, it gets a new ETag. */
function remark(insert: Row, known: StoredRow | undefined): Write {
  if (known === undefined) {
    return { insert };
  }
  const { partitionKey, rowKey } = insert;
  const mark = { ...(fromColumns(insert) as WorkMark), ...whatStays(known) };
  return { update: { partitionKey, rowKey, ...toColumns(mark) }, etag: known.etag };
}

function whatStays(known: StoredRow): Pick<WorkMark, 'coverageEnds' | 'isCatchingUp'> {
  const { coverageEnds, isCatchingUp } = fromColumns(known) as WorkMark;
  return {
    ...(coverageEnds !== undefined && { coverageEnds }),
    ...(isCatchingUp === true && { isCatchingUp }),
  };
}
