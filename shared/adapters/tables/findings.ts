import { digestOf, type Head } from '../../domain/hash-chain';
import type { Finding } from '../../domain/findings/finding';
import type { FindingChange, Transition } from '../../domain/findings/transition';
import type { Instant } from '../../domain/time';
import { UnreadableRowError, type OnUnreadable } from '../../pipeline/ports/unreadable-row';
import type {
  FindingStore,
  FindingWithHistory,
  StoredFinding,
} from '../../pipeline/ports/finding-store';
import { toColumns } from './columns';
import type { Row, StoredRow } from './guards';
import { SHAPES } from './row-kinds';
import { after, beginning, joinKey, ordinal } from './keys';
import { COUNTED, DIGEST, owedRows, SEND } from './outbox-rows';
import type { Table, Write } from './table';

export interface FindingTables {
  readonly findings: Table;
  readonly work: Table;
  readonly tenantId: string;
  readonly channels: readonly string[];
}

/** Findings with their history and their alerts: one partition per timeline, so that a transition is one transaction. */
export class TableFindings implements FindingStore {
  readonly #tables: FindingTables;

  constructor(tables: FindingTables) {
    this.#tables = tables;
  }

  async readTimeline(
    timelineId: string,
    onUnreadable?: OnUnreadable,
  ): Promise<readonly StoredFinding[]> {
    const { findings, tenantId } = this.#tables;
    const partition = joinKey(tenantId, timelineId);
    const rows = await findings.list({ partition, rows: beginning('f|') });
    return readable(rows, this.#toStored, onUnreadable);
  }

  async commit(change: FindingChange, etag: string | undefined): Promise<boolean> {
    const { findings, tenantId, channels } = this.#tables;
    const { finding, transition, alert } = change;
    const place = placeOf(tenantId, finding.id);
    const row: Row = {
      partitionKey: place.partition,
      rowKey: joinKey('f', place.anchor),
      digest: digestOf(finding),
      ...(finding.movedAt !== undefined && { movedAt: finding.movedAt }),
      ...toColumns(finding),
    };
    if (transition === undefined) {
      return findings.writeOne(etag === undefined ? { insert: row } : { update: row, etag });
    }
    const writes: Write[] = [
      etag === undefined ? { insert: row } : { update: row, etag },
      {
        insert: {
          partitionKey: place.partition,
          rowKey: joinKey('h', place.anchor, ordinal(transition.sequence)),
          ...toColumns(transition),
        },
      },
    ];
    if (alert !== undefined) {
      const owed = owedRows(tenantId, channels, alert, transition.at);
      writes.push(...owed.rows.map((insert) => ({ insert })));
      // First, and harmless when the transaction then fails: whoever delivers finds no alert and drops it.
      await this.#upsertAll(owed.marks);
    }
    return (await findings.transact(writes)) !== undefined;
  }

  async #upsertAll(rows: readonly Row[]): Promise<void> {
    const { work } = this.#tables;
    const [first, ...others] = rows;
    if (first !== undefined && others.length === 0) {
      await work.upsert(first);
    } else {
      await work.transact(rows.map((upsert) => ({ upsert })));
    }
  }

  async find(findingId: string): Promise<StoredFinding | undefined> {
    const { findings, tenantId } = this.#tables;
    const { partition, anchor } = placeOf(tenantId, findingId);
    const row = await findings.get(partition, joinKey('f', anchor));
    return row && this.#toStored(row);
  }

  async history(findingId: string): Promise<readonly Transition[]> {
    const { findings, tenantId } = this.#tables;
    const { partition, anchor } = placeOf(tenantId, findingId);
    const rows = beginning(joinKey('h', anchor) + '|');
    return (await findings.list({ partition, rows })).map((row) =>
      this.#toTransition(row, findingId),
    );
  }

  async *all(onUnreadable?: OnUnreadable): AsyncIterable<Finding> {
    const { findings, tenantId } = this.#tables;
    const partition = beginning(joinKey(tenantId) + '|');
    for await (const page of findings.pages({ partition, rows: beginning('f|') })) {
      yield* readable(page, this.#toFinding, onUnreadable);
    }
  }

  /** Pages end anywhere: a timeline is handed out when the next one begins. */
  async *scan(
    {
      after: behind,
      hasHistory,
    }: { readonly after?: string | undefined; readonly hasHistory: boolean },
    onUnreadable?: OnUnreadable,
  ): ReturnType<FindingStore['scan']> {
    const { findings, tenantId } = this.#tables;
    const all = beginning(`${joinKey(tenantId)}|`);
    const from = behind === undefined ? all.from : `${joinKey(tenantId, behind)}~`;
    const rows = { from: 'f|', to: after(hasHistory ? 'h|' : 'f|') };
    let rest: readonly StoredRow[] = [];
    for await (const page of findings.pages({ partition: { from, to: all.to }, rows })) {
      const known = [...rest, ...page.filter(({ rowKey }) => /^[fh]\|/.test(rowKey))];
      const last = known.at(-1)?.partitionKey;
      rest = known.filter(({ partitionKey }) => partitionKey === last);
      yield* this.#whole(known.slice(0, known.length - rest.length), onUnreadable);
    }
    yield* this.#whole(rest, onUnreadable);
  }

  /** Rows of whole timelines as findings with their history. */
  *#whole(
    rows: readonly StoredRow[],
    onUnreadable: OnUnreadable | undefined,
  ): Generator<{ found: readonly FindingWithHistory[]; upTo: string }> {
    const last = rows.at(-1)?.partitionKey;
    if (last === undefined) {
      return;
    }
    const isRow = (kind: string) => (row: StoredRow) => row.rowKey.startsWith(`${kind}|`);
    const histories = Map.groupBy(rows.filter(isRow('h')), ({ partitionKey, rowKey }) =>
      [partitionKey, rowKey.split('|')[1]].join(' '),
    );
    const read = (row: StoredRow): FindingWithHistory => {
      const finding = this.#toFinding(row);
      const own = histories.get([row.partitionKey, row.rowKey.slice(2)].join(' ')) ?? [];
      return { finding, history: own.map((each) => this.#toTransition(each, finding.id)) };
    };
    const found = readable(rows.filter(isRow('f')), read, onUnreadable);
    yield { found, upTo: last.slice(last.indexOf('|') + 1) };
  }

  async *movedBetween(
    from: Instant,
    to: Instant,
    onUnreadable?: OnUnreadable,
  ): AsyncIterable<Finding> {
    const { findings, tenantId } = this.#tables;
    const partition = beginning(joinKey(tenantId) + '|');
    const where = { column: 'movedAt', from, to };
    for await (const page of findings.pages({ partition, rows: beginning('f|'), where })) {
      yield* readable(page, this.#toFinding, onUnreadable);
    }
  }

  /** The finding goes first: nobody can add to its history then, and what a crash leaves is found by its keys. */
  async purge({ id, sequence, head }: Head): Promise<boolean> {
    const { findings, tenantId } = this.#tables;
    const { partition, anchor } = placeOf(tenantId, id);
    const stored = await this.find(id);
    if (stored !== undefined) {
      const { finding, etag } = stored;
      const isSame = finding.sequence === sequence && finding.head === head;
      if (!isSame || !(await findings.remove(partition, joinKey('f', anchor), etag))) {
        return false;
      }
    }
    await this.#forgetAlerts(id);
    for (const kind of ['o', 'h']) {
      await findings.clear({ partition, rows: beginning(joinKey(kind, anchor) + '|') });
    }
    return true;
  }

  /** The marks of alerts go before the alerts. What a crash left of one that was settled is dropped by who delivers. */
  async #forgetAlerts(id: string): Promise<void> {
    const { findings, work, tenantId } = this.#tables;
    const { partition, anchor } = placeOf(tenantId, id);
    const alerts = { partition, rows: beginning(joinKey('o', anchor) + '|'), columns: ['state'] };
    const states = (await findings.list(alerts)).map((row) => row['state']);
    if (states.every((state) => state === 'sent' || state === 'collapsed')) {
      return;
    }
    const where = { column: 'alertId', ...beginning(`${id}-`) };
    const marks = joinKey(tenantId);
    for (const kind of [DIGEST, SEND, ...Object.values(COUNTED)]) {
      await work.clear({ partition: marks, rows: beginning(`${kind}|`), where });
    }
  }

  readonly #toFinding = (row: StoredRow): Finding => readFinding(row, this.#tables);

  #toTransition(row: StoredRow, findingId: string): Transition {
    const { findings } = this.#tables;
    const { name } = findings;
    try {
      return findings.value(row, SHAPES.transition) as Transition;
    } catch {
      throw new UnreadableRowError(name, row.partitionKey, row.rowKey, findingId);
    }
  }

  readonly #toStored = (row: StoredRow): StoredFinding => {
    return { finding: this.#toFinding(row), etag: row.etag };
  };
}

/**
 * Rows trust nobody: what a finding says it is must be what lies under its key.
 * @throws UnreadableRowError
 */
export function readFinding(
  row: StoredRow,
  { findings, tenantId }: Pick<FindingTables, 'findings' | 'tenantId'>,
): Finding {
  const { name } = findings;
  const { partitionKey, rowKey } = row;
  const id = `${partitionKey.slice(partitionKey.indexOf('|') + 1)}-${rowKey.slice(2)}`;
  let found: Partial<Finding>;
  try {
    found = findings.value(row, SHAPES.finding);
  } catch {
    throw new UnreadableRowError(name, partitionKey, rowKey, id);
  }
  const place = typeof found.id === 'string' ? placeOf(tenantId, found.id) : undefined;
  if (place?.partition !== partitionKey || joinKey('f', place.anchor) !== rowKey) {
    findings.damage?.note(name, row);
    throw new UnreadableRowError(name, partitionKey, rowKey, id);
  }
  return found as Finding;
}

/** What can be read of some rows. */
function readable<T>(
  rows: readonly StoredRow[],
  read: (row: StoredRow) => T,
  onUnreadable: OnUnreadable | undefined,
): readonly T[] {
  const found: T[] = [];
  for (const row of rows) {
    try {
      found.push(read(row));
    } catch (error) {
      if (!(error instanceof UnreadableRowError) || onUnreadable === undefined) {
        throw error;
      }
      onUnreadable(error);
    }
  }
  return found;
}

/** A finding's id names where it lies: the timeline is its partition, the anchor its row. */
function placeOf(tenantId: string, findingId: string): { partition: string; anchor: string } {
  const dash = findingId.indexOf('-');
  return {
    partition: joinKey(tenantId, findingId.slice(0, Math.max(dash, 0))),
    anchor: findingId.slice(dash + 1),
  };
}
