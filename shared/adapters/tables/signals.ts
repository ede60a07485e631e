import { AT_A_TIME, concurrently } from '../../pipeline/concurrently';
import { joinSignals, type Signal } from '../../domain/findings/signal';
import { monthOf, type Instant } from '../../domain/time';
import { UnreadableRowError } from '../../pipeline/ports/unreadable-row';
import type {
  Assessed,
  MergeRules,
  SignalRetention,
  SignalStore,
  StoredTimeline,
  TimelineRef,
  Touched,
} from '../../pipeline/ports/signal-store';
import { toColumns } from './columns';
import { untilWritten } from './contention';
import type { Row, StoredRow } from './guards';
import { SHAPES } from './row-kinds';
import { joinKey } from './keys';
import { chunked, TRANSACTION_ROWS, type Table } from './table';
import { byKey, grouped, headerWrite, spanOf, type Plan } from './timeline-plan';
import { purgeBucket } from './timeline-purge';
import { TimelineReader } from './timeline-reader';
import {
  bucketOf,
  bucketPartition,
  everyBucket,
  headerIn,
  headerKey,
  headerRow,
  isHeader,
  signalRow,
  type Header,
  type NextHeader,
} from './timeline-rows';

const EVERY_ROW = { from: '', to: '~~~~' };
const BUCKETS = '0123456789abcdef';
const PURGED = 'purged';

/**
 * Signals, sixteen partitions for all timelines of a tenant: in front of the signals of each lies its header, which is
 * written with them and whose ETag is their version. So many timelines share requests and transactions, and no signal
 * needs an ETag of its own.
 */
export class TableSignals implements SignalStore, SignalRetention {
  readonly #table: Table;
  readonly #tenantId: string;
  readonly #reader: TimelineReader;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#tenantId = tenantId;
    this.#reader = new TimelineReader(table, tenantId);
  }

  async merge(
    touched: readonly Touched[],
    rules: MergeRules,
    mark: (timelines: readonly TimelineRef[]) => Promise<void> = () => Promise.resolve(),
  ): Promise<readonly TimelineRef[]> {
    const all = await this.#plan(
      touched.filter(({ signals }) => signals.length > 0),
      rules,
    );
    const plans = all.filter((plan) => plan.writes.length > 0 || plan.next.isDirty);
    const due = plans.flatMap((plan) => (plan.next.isDirty ? [plan.touched.timeline] : []));
    await mark(due);
    await this.#table.damage?.flush(); // what cannot be read is copied before it is written anew
    const dirty = new Map(due.map((timeline) => [timeline.id, timeline]));
    const byBucket = Map.groupBy(
      plans.filter(({ writes }) => writes.length > 0),
      ({ touched }) => bucketOf(touched.timeline.id),
    );
    await concurrently(byBucket.values(), AT_A_TIME, async (ofBucket) => {
      for (const group of grouped(ofBucket)) {
        await this.#writeGroup(group, rules, dirty);
      }
    });
    return [...dirty.values()];
  }

  async read(timelineId: string): Promise<StoredTimeline> {
    const stored = (await this.readMany([timelineId])).get(timelineId) ?? UNWRITTEN;
    if (stored instanceof UnreadableRowError) {
      throw stored;
    }
    return stored;
  }

  async readMany(
    timelineIds: readonly string[],
  ): Promise<ReadonlyMap<string, StoredTimeline | UnreadableRowError>> {
    const found = await this.#reader.read(timelineIds);
    return new Map(
      timelineIds.map((id) => [id, orUnreadable(() => this.#toStored(found.get(id) ?? []))]),
    );
  }

  async flagFindings(
    timelines: readonly Pick<Assessed, 'timeline' | 'stored'>[],
  ): Promise<ReadonlyMap<string, StoredTimeline>> {
    // What was never written has nothing to be remembered by.
    const flagged = new Map(timelines.map(({ timeline, stored }) => [timeline.id, stored]));
    const updates = timelines.map(({ timeline, stored }) => ({
      ...{ timeline, stored, next: { ...stored, timeline, hasFindings: true } },
    }));
    await this.#updateHeaders(updates, (id, version) => {
      const stored = flagged.get(id);
      if (version === undefined || stored === undefined) {
        flagged.delete(id);
      } else {
        flagged.set(id, { ...stored, hasFindings: true, version });
      }
    });
    return flagged;
  }

  async markClean(assessed: readonly Assessed[]): Promise<ReadonlySet<string>> {
    const moved = new Set<string>();
    const updates = assessed.map(({ timeline, stored, canOpen }) => ({
      ...{ timeline, stored },
      next: { ...stored, timeline, isDirty: false, canOpen: canOpen || stored.canOpen },
    }));
    await this.#updateHeaders(updates, (id, version) => {
      if (version === undefined) {
        moved.add(id);
      }
    });
    return moved;
  }

  async *timelinesOf(detectorId: string): AsyncIterable<TimelineRef> {
    const partition = everyBucket(this.#tenantId);
    // Only headers name a detector. A space sorts before all that a name may go on with.
    const where = { column: 'detector', from: detectorId, to: `${detectorId} ` };
    for await (const page of this.#table.pages({ partition, rows: EVERY_ROW, where })) {
      yield* this.#table.values(page, SHAPES.timeline, (timeline) => timeline as TimelineRef);
    }
  }

  async purgedBefore(): Promise<Instant | undefined> {
    const row = await this.#table.get(this.#retentionPartition(), PURGED);
    // What cannot be read is as if nothing had been removed: it is removed, and said, once more.
    const known = row && this.#table.valueOrNone(row, SHAPES.purged);
    return known && (known as { before: Instant }).before;
  }

  async purgeBefore(
    before: Instant,
    hasFindings: (timelineId: string) => Promise<boolean>,
  ): Promise<void> {
    await concurrently(BUCKETS, AT_A_TIME, (bucket) =>
      purgeBucket(this.#table, {
        partition: bucketPartition(this.#tenantId, bucket),
        month: monthOf(before),
        hasFindings,
      }),
    );
    const partitionKey = this.#retentionPartition();
    await this.#table.upsert({ partitionKey, rowKey: PURGED, ...toColumns({ before }) });
  }

  async #plan(touched: readonly Touched[], rules: MergeRules): Promise<readonly Plan[]> {
    const fresh = touched.map((each) => ({ ...each, byKey: byKey(each, rules.join) }));
    const spans = new Map(fresh.map((each) => [each.timeline.id, spanOf(each.byKey)]));
    const found = await this.#reader.read([...spans.keys()], spans);
    return fresh.map(({ timeline, signals, byKey }) => {
      const rows = found.get(timeline.id) ?? [];
      return this.#planOne({ timeline, signals }, byKey, rows, rules);
    });
  }

  #planOne(
    touched: Touched,
    fresh: ReadonlyMap<string, Signal>,
    rows: readonly StoredRow[],
    { join, opens }: MergeRules,
  ): Plan {
    const { timeline } = touched;
    const partition = this.#partition(timeline.id);
    const { header, signals } = this.#split(rows);
    const stored = new Map(signals.map((row) => [row.rowKey, row]));
    const writes: Row[] = [];
    let canOpen = header?.canOpen === true;
    for (const [rowKey, signal] of fresh) {
      const row = stored.get(rowKey);
      // What cannot be read is copied (noted) and written anew: the record that comes again says it again.
      const known = row && (this.#table.valueOrNone(row, SHAPES.signal) as Signal | undefined);
      const joined = known === undefined ? signal : joinSignals(known, signal, join);
      if (joined !== known) {
        writes.push(signalRow(partition, timeline.id, joined));
        canOpen ||= opens?.includes(signal.kind) !== false;
      }
    }
    const { isDirty = false, hasFindings = false } = header ?? {};
    const next = {
      timeline: header?.timeline ?? timeline,
      isDirty: isDirty || (writes.length > 0 && (canOpen || hasFindings)),
      hasFindings,
      canOpen,
    };
    return { touched, partition, etag: header?.etag, next, writes };
  }

  /** Of a group that is refused nothing is written: it is read again and tried by halves, down to the one at fault. */
  async #writeGroup(
    plans: readonly Plan[],
    rules: MergeRules,
    dirty: Map<string, TimelineRef>,
  ): Promise<void> {
    const [first, ...others] = plans;
    if (first === undefined) {
      return;
    }
    if (others.length === 0) {
      await this.#writeAlone(first, rules, dirty);
      return;
    }
    const writes = plans.flatMap((plan) => [
      headerWrite(plan),
      ...plan.writes.map((upsert) => ({ upsert })),
    ]);
    if ((await this.#table.transact(writes)) !== undefined) {
      return;
    }
    const again = await this.#planAgain(plans, rules, dirty);
    const middle = Math.ceil(again.length / 2);
    await this.#writeGroup(again.slice(0, middle), rules, dirty);
    await this.#writeGroup(again.slice(middle), rules, dirty);
  }

  /** One timeline may have more rows than a transaction: each of several renews the header. */
  async #writeAlone(plan: Plan, rules: MergeRules, dirty: Map<string, TimelineRef>): Promise<void> {
    const { timeline } = plan.touched;
    let current: Plan | undefined = plan;
    await untilWritten(`timeline ${timeline.id}`, this.#table, async (isAgain) => {
      if (isAgain) {
        [current] = await this.#planAgain([plan], rules, dirty);
      }
      if (current === undefined) {
        return true;
      }
      const upserts = current.writes.map((upsert) => ({ upsert }));
      for (const chunk of chunked(upserts, TRANSACTION_ROWS - 1)) {
        const header = headerWrite(current);
        const etags = await this.#table.transact([header, ...chunk]);
        if (etags === undefined) {
          return false;
        }
        current = { ...current, etag: etags.get(headerKey(timeline.id)) };
      }
      return true;
    });
  }

  /** What is left to write of what somebody else was faster at. */
  async #planAgain(
    plans: readonly Plan[],
    rules: MergeRules,
    dirty: Map<string, TimelineRef>,
  ): Promise<readonly Plan[]> {
    const again = await this.#plan(
      plans.map(({ touched }) => touched),
      rules,
    );
    for (const { next, touched } of again) {
      if (next.isDirty) {
        dirty.set(touched.timeline.id, touched.timeline);
      }
    }
    return again.filter(({ writes }) => writes.length > 0);
  }

  /** @param onUpdate is told the new version of each that was ever written, or none when it has moved. */
  async #updateHeaders(
    updates: readonly HeaderUpdate[],
    onUpdate: (timelineId: string, version: string | undefined) => void,
  ): Promise<void> {
    const written = updates.filter(({ stored }) => stored.version !== undefined);
    const byBucket = Map.groupBy(written, ({ timeline }) => bucketOf(timeline.id));
    await concurrently(byBucket.values(), AT_A_TIME, async (ofBucket) => {
      for (let from = 0; from < ofBucket.length; from += TRANSACTION_ROWS) {
        await this.#updateTogether(ofBucket.slice(from, from + TRANSACTION_ROWS), onUpdate);
      }
    });
  }

  /** One that has moved fails all: they are tried by halves, down to that one. */
  async #updateTogether(
    group: readonly HeaderUpdate[],
    onUpdate: (timelineId: string, version: string | undefined) => void,
  ): Promise<void> {
    if (group.length === 0) {
      return;
    }
    const etags = await this.#table.transact(
      group.map(({ timeline, stored, next }) => ({
        update: headerRow(this.#partition(timeline.id), next),
        etag: stored.version ?? '',
      })),
    );
    if (etags === undefined && group.length > 1) {
      const middle = Math.ceil(group.length / 2);
      await this.#updateTogether(group.slice(0, middle), onUpdate);
      await this.#updateTogether(group.slice(middle), onUpdate);
      return;
    }
    for (const { timeline } of group) {
      onUpdate(timeline.id, etags?.get(headerKey(timeline.id)));
    }
  }

  #toStored(rows: readonly StoredRow[]): StoredTimeline {
    const { header, signals } = this.#split(rows);
    return {
      ...UNWRITTEN,
      signals: signals.map((row) => this.#table.value(row, SHAPES.signal) as Signal),
      ...(header !== undefined && {
        version: header.etag,
        isDirty: header.isDirty,
        hasFindings: header.hasFindings,
        canOpen: header.canOpen,
      }),
    };
  }

  /** Of a timeline only whose header was lost, or cannot be read, the worst is assumed: it is judged and written anew. */
  #split(rows: readonly StoredRow[]): {
    readonly header: Header | undefined;
    readonly signals: readonly StoredRow[];
  } {
    const header = rows.find(isHeader);
    return {
      header: header && headerIn(header, this.#table.valueOrNone(header, SHAPES.timeline)),
      signals: rows.filter((row) => !isHeader(row)),
    };
  }

  #partition(timelineId: string): string {
    return bucketPartition(this.#tenantId, bucketOf(timelineId));
  }

  /** Beside the buckets. */
  #retentionPartition(): string {
    return joinKey(this.#tenantId, 'retention');
  }
}

/** Of a timeline that was never written nobody can say that it has no findings. */
const UNWRITTEN: StoredTimeline = {
  ...{ signals: [], isDirty: false, hasFindings: true, canOpen: false },
};

interface HeaderUpdate {
  readonly timeline: TimelineRef;
  readonly stored: StoredTimeline;
  readonly next: NextHeader;
}

function orUnreadable(read: () => StoredTimeline): StoredTimeline | UnreadableRowError {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return error;
    }
    throw error;
  }
}
