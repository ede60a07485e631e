import { randomUUID } from 'node:crypto';
import { plus, type Instant } from '../../domain/time';
import { MAX_CLOCK_OFFSET } from '../../domain/reading/wrong-clock';
import type {
  DueMark,
  Lease,
  TimelineFaults,
  WorkMark,
  WorkMarks,
} from '../../pipeline/ports/work-marks';
import type { TimelineRef } from '../../pipeline/ports/signal-store';
import { toColumns } from './columns';
import type { Row, StoredRow } from './guards';
import { SHAPES } from './row-kinds';
import { after, beginning, coarse, joinKey, type KeyRange } from './keys';
import { chunked, MAX_LEFT_OUT, type Table } from './table';

const FAULTS = 'faults';
const DRAINED = 'drained';
const MARK = 'mark';
/** Listed in one request with the others, before them. */
const WRITING = `${MARK}-writing`;
const MARKS: KeyRange = { from: `${WRITING}|`, to: after(`${MARK}|`) };
const TIMELINES_PER_MARK = 200;
/** Names may be long, and a character may take six: a row stays below what it may have. */
const CHARACTERS_PER_MARK = 60_000;
/** So many rows are listed at once: 50,000 timelines. */
const LISTED = 250;

type Kept = Omit<WorkMark, 'key'>;

/** What must be assessed, all of a tenant in one partition. */
export class TableMarks implements WorkMarks {
  readonly #work: Table;
  readonly #partition: string;
  hasKeptFaults = false;

  constructor(work: Table, tenantId: string) {
    this.#work = work;
    this.#partition = joinKey(tenantId);
  }

  async mark(
    timelines: readonly TimelineRef[],
    why: Pick<WorkMark, 'coverageEnds' | 'catchingUp' | 'cause'>,
  ): Promise<void> {
    const unique = [...new Map(timelines.map((each) => [each.id, each])).values()];
    await this.#put(shared(unique).map((each) => ({ timelines: each, ...why })));
  }

  async markDue(
    due: readonly { readonly timeline: TimelineRef; readonly at: Instant }[],
  ): Promise<void> {
    const rows = due.map(({ timeline, at }) => {
      const rowKey = joinKey('due', timeline.detector, coarse(at), timeline.id);
      return [rowKey, this.#row(rowKey, { timeline })] as const;
    });
    const upserts = [...new Map(rows).values()].map((upsert) => ({ upsert }));
    for (const chunk of chunked(upserts)) {
      await this.#work.writeAll(chunk);
    }
  }

  async markWriting(
    timelines: readonly TimelineRef[],
    since: Instant,
  ): Promise<readonly WorkMark[]> {
    return this.#put(
      shared(timelines).map((each) => ({ timelines: each, cause: 'writing', since })),
    );
  }

  async list(): Promise<readonly WorkMark[]> {
    const found: StoredRow[] = [];
    const query = { partition: this.#partition, rows: MARKS, page: LISTED };
    for await (const page of this.#work.pages(query)) {
      found.push(...page);
      if (found.length >= LISTED) {
        break;
      }
    }
    return this.#work.values(found, SHAPES.mark, (kept, { rowKey: key }) => ({
      ...(kept as Kept),
      key,
    }));
  }

  /** Marks lie at the next full five minutes, so they are due up to that much later than asked for, never earlier. */
  async due(ends: ReadonlyMap<string, Instant>): Promise<readonly DueMark[]> {
    const ranges = [...ends]
      .map(([detector, end]): KeyRange => {
        const from = `${joinKey('due', detector)}|`;
        return { from, to: after(`${from}${end}|`) };
      })
      .sort((a, b) => (a.from < b.from ? -1 : 1));
    const found: StoredRow[] = [];
    for (let i = 0; i < ranges.length; i += MAX_LEFT_OUT + 1) {
      const asked = ranges.slice(i, i + MAX_LEFT_OUT + 1);
      found.push(...(await this.#dueIn(asked)));
    }
    return this.#work.values(found, SHAPES.due, (due, row) => ({
      ...(due as Pick<DueMark, 'timeline'>),
      etag: `${row.rowKey} ${row.etag}`, // row keys have no space
    }));
  }

  /** Those of all detectors in one request: what is due later, or of another detector, lies in between. */
  async #dueIn(ranges: readonly KeyRange[]): Promise<readonly StoredRow[]> {
    const [first, ...others] = ranges;
    if (first === undefined) {
      return [];
    }
    const { to } = others.at(-1) ?? first;
    const without = others.map((each, i) => ({ from: ranges[i]?.to ?? '', to: each.from }));
    return this.#work.list({
      ...{ partition: this.#partition, rows: { from: first.from, to }, without },
    });
  }

  async remove(marks: readonly WorkMark[]): Promise<void> {
    await this.#work.removeAll(
      this.#partition,
      marks.map(({ key }) => key),
    );
  }

  async removeDue({ etag }: DueMark): Promise<void> {
    const space = etag.indexOf(' ');
    await this.#work.remove(this.#partition, etag.slice(0, space), etag.slice(space + 1));
  }

  async takeLease(name: string, now: Instant, until: Instant): Promise<Lease | undefined> {
    const row = this.#row(joinKey('lease', name), { until });
    const taken = await this.#work.transact([{ insert: row }]);
    if (taken !== undefined) {
      return leaseOf(name, row, taken);
    }
    const known = await this.#work.get(this.#partition, row.rowKey);
    // One that cannot be read has run out.
    const held = known && this.#work.valueOrNone(known, SHAPES.lease);
    const heldTo = held && (held as { readonly until: Instant }).until;
    // One that runs longer than ours would was taken by a clock that was ahead: it would run for as long as that was.
    if (heldTo !== undefined && heldTo > now && heldTo <= plus(until, MAX_CLOCK_OFFSET)) {
      return undefined;
    }
    await this.#work.damage?.flush();
    const write =
      known === undefined ? { insert: row } : ({ update: row, etag: known.etag } as const);
    return leaseOf(name, row, await this.#work.transact([write]));
  }

  async renewLease({ name, etag }: Lease, until: Instant): Promise<Lease | undefined> {
    const row = this.#row(joinKey('lease', name), { until });
    return leaseOf(name, row, await this.#work.transact([{ update: row, etag }]));
  }

  async releaseLease({ name, etag }: Lease): Promise<void> {
    await this.#work.remove(this.#partition, joinKey('lease', name), etag);
  }

  async rules(): Promise<Readonly<Record<string, string>>> {
    const rows = await this.#work.list({ partition: this.#partition, rows: beginning('rule|') });
    // What cannot be read is another version than any: all timelines of that detector are judged again.
    return Object.fromEntries(
      rows.map((row) => {
        const known = this.#work.valueOrNone(row, SHAPES.rule);
        const [, detector = ''] = row.rowKey.split('|');
        return known === undefined
          ? [detector, '']
          : [(known as { detector: string }).detector, (known as { rule: string }).rule];
      }),
    );
  }

  async keepRule(detector: string, rule: string): Promise<void> {
    await this.#work.damage?.flush();
    await this.#work.upsert(this.#row(joinKey('rule', detector), { detector, rule }));
  }

  async keepFaults(faults: TimelineFaults | undefined): Promise<void> {
    this.hasKeptFaults = faults !== undefined;
    const partitionKey = this.#partition;
    await (faults === undefined
      ? this.#work.remove(partitionKey, FAULTS, '*')
      : this.#work.upsert({ partitionKey, rowKey: FAULTS, ...toColumns(faults) }));
  }

  async faults(): Promise<TimelineFaults | undefined> {
    const row = await this.#work.get(this.#partition, FAULTS);
    return row && (this.#work.valueOrNone(row, SHAPES.faults) as TimelineFaults | undefined);
  }

  async keepDrained(at: Instant): Promise<void> {
    await this.#work.upsert(this.#row(DRAINED, { at }));
  }

  async drained(): Promise<Instant | undefined> {
    const row = await this.#work.get(this.#partition, DRAINED);
    const known = row && this.#work.valueOrNone(row, SHAPES.drained);
    return known && (known as { readonly at: Instant }).at;
  }

  async #put(all: readonly Kept[]): Promise<readonly WorkMark[]> {
    const rows = all.map((kept) => this.#markRow(kept));
    for (const chunk of chunked(rows.map((upsert) => ({ upsert })))) {
      await this.#work.writeAll(chunk);
    }
    return all.map((kept, i) => ({ ...kept, key: rows[i]?.rowKey ?? '' }));
  }

  /** Never the key of another mark, also of one that was removed. */
  #markRow(kept: Kept): Row {
    const [{ detector } = { detector: '' }] = kept.timelines;
    const kind = kept.cause === 'writing' ? WRITING : MARK;
    return this.#row(joinKey(kind, detector, randomUUID()), kept);
  }

  #row(rowKey: string, value: object): Row {
    return { partitionKey: this.#partition, rowKey, ...toColumns(value) };
  }
}

function leaseOf(
  name: string,
  { rowKey }: Row,
  etags: ReadonlyMap<string, string> | undefined,
): Lease | undefined {
  const etag = etags?.get(rowKey);
  return etag === undefined ? undefined : { name, etag };
}

/** Timelines that share a mark: of one detector, and not too many. */
function shared(timelines: readonly TimelineRef[]): readonly (readonly TimelineRef[])[] {
  const groups: TimelineRef[][] = [];
  let characters = 0;
  for (const timeline of timelines) {
    const own = JSON.stringify(timeline).length;
    const last = groups.at(-1);
    if (
      last !== undefined &&
      last.length < TIMELINES_PER_MARK &&
      last[0]?.detector === timeline.detector &&
      characters + own <= CHARACTERS_PER_MARK
    ) {
      last.push(timeline);
      characters += own;
    } else {
      groups.push([timeline]);
      characters = own;
    }
  }
  return groups;
}
