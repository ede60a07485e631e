import type { Instant } from '../../domain/time';
import type {
  DeliveryState,
  DigestPlan,
  Due,
  Outbox,
  OutboxRow,
  SendMark,
} from '../../pipeline/ports';
import { fromColumns, toColumns } from './columns';
import type { Row, StoredRow } from './guards';
import { after, beginning, joinKey, ordinal } from './keys';
import type { Table } from './table';

export interface OutboxTables {
  readonly findings: Table;
  readonly work: Table;
  readonly tenantId: string;
}

type Outcome = Parameters<Outbox['settle']>[1];
type Kept = Omit<OutboxRow, 'etag'>;

/** States that health shows have a mark each, so that counting them reads no alert. */
const COUNTED = { dead: 'dead', 'not-configured': 'unsent' } as const;
const SEND = 'send|';
/** There is at most one. It lies right before the send marks, so that one query finds it with them. */
const PLAN = joinKey('send-digest');

/**
 * Alerts lie beside their findings; marks among the work say which may be sent. An alert that is not settled always has
 * a send mark, and one that is counted has a mark of its state or still its send mark: marks are written before the
 * row they speak of where that is a promise, and removed after what replaces them.
 */
export class TableOutbox implements Outbox {
  readonly #tables: OutboxTables;

  constructor(tables: OutboxTables) {
    this.#tables = tables;
  }

  async due(now: Instant, most: number): Promise<Due> {
    const { work, tenantId } = this.#tables;
    const rows = { from: PLAN, to: after(`${SEND}${now}|`) };
    const found: StoredRow[] = [];
    const query = { partition: joinKey(tenantId), rows, page: Math.min(Math.max(most, 1), 1_000) };
    for await (const page of work.pages(query)) {
      found.push(...page);
      if (found.length > most) {
        break;
      }
    }
    const [first, ...others] = found;
    const isPlanned = first?.rowKey === PLAN;
    const marks = (isPlanned ? others : found).slice(0, most);
    return {
      marks: marks.map((row) => fromColumns(row, work.name) as SendMark),
      ...(isPlanned && { plan: { ...(fromColumns(first) as DigestPlan), etag: first.etag } }),
    };
  }

  async plan(digest: DigestPlan): Promise<boolean> {
    const { work, tenantId } = this.#tables;
    const partitionKey = joinKey(tenantId);
    return work.insert({ partitionKey, rowKey: PLAN, ...toColumns(digest) });
  }

  async unplan({ etag }: Required<Due>['plan']): Promise<void> {
    await this.#tables.work.remove(joinKey(this.#tables.tenantId), PLAN, etag);
  }

  async read(alertId: string): Promise<OutboxRow | undefined> {
    const { findings, tenantId } = this.#tables;
    const { partition, row } = placeOf(tenantId, alertId);
    const found = await findings.get(partition, row);
    return found && { ...(fromColumns(found, findings.name) as Kept), etag: found.etag };
  }

  async settle(row: OutboxRow, outcome: Outcome, mark: SendMark): Promise<boolean> {
    const { findings, work, tenantId } = this.#tables;
    const { nextAttemptAt, ...rest } = outcome;
    const { etag, ...kept } = row;
    const next = nextAttemptAt && { alertId: row.alert.id, at: nextAttemptAt };
    const left =
      isCounted(row.state) && row.state !== outcome.state ? COUNTED[row.state] : undefined;
    // Between two states it is the send mark that keeps the alert from being forgotten.
    const holding = next ?? (left !== undefined ? mark : undefined);
    if (holding !== undefined) {
      await work.upsert(sendMark(tenantId, holding));
    }
    if (left !== undefined) {
      await this.#removeMark(joinKey(left, row.alert.id));
    }
    if (!(await findings.update(outboxRow(tenantId, { ...kept, ...rest }), etag))) {
      return false;
    }
    await this.#count(row.alert.id, outcome.state);
    if (next?.at !== mark.at) {
      await this.#removeMark(sendKey(mark));
    }
    return true;
  }

  async drop(mark: SendMark): Promise<void> {
    const row = await this.read(mark.alertId);
    if (row?.state === 'waiting') {
      return; // it was committed since the mark was found without it
    }
    if (row !== undefined) {
      await this.#count(mark.alertId, row.state);
    }
    await this.#removeMark(sendKey(mark));
  }

  async counts(): Promise<Readonly<Record<'waiting' | 'not-configured' | 'dead', number>>> {
    const { work, tenantId } = this.#tables;
    const partition = joinKey(tenantId);
    const alertIds = async (kind: string): Promise<Set<string>> => {
      const columns = ['alertId'];
      const rows = await work.list({ partition, rows: beginning(`${kind}|`), columns });
      return new Set(rows.map((row) => String(row['alertId'])));
    };
    const [waiting, unsent, dead] = await Promise.all(['send', 'unsent', 'dead'].map(alertIds));
    return {
      waiting: waiting?.size ?? 0,
      'not-configured': unsent?.size ?? 0,
      dead: dead?.size ?? 0,
    };
  }

  async unsaid(state: 'dead' | 'not-configured', most: number): Promise<readonly string[]> {
    const { work, tenantId } = this.#tables;
    const rows = beginning(`${COUNTED[state]}|`);
    const ids: string[] = [];
    const query = { partition: joinKey(tenantId), rows, columns: ['alertId'], page: most };
    for await (const page of work.pages(query)) {
      ids.push(...page.map((row) => String(row['alertId'])));
      if (ids.length >= most) {
        break;
      }
    }
    return ids.slice(0, most);
  }

  async #count(alertId: string, state: DeliveryState): Promise<void> {
    if (isCounted(state)) {
      const { work, tenantId } = this.#tables;
      const rowKey = joinKey(COUNTED[state], alertId);
      await work.upsert({ partitionKey: joinKey(tenantId), rowKey, alertId });
    }
  }

  async #removeMark(rowKey: string): Promise<void> {
    await this.#tables.work.remove(joinKey(this.#tables.tenantId), rowKey, '*');
  }
}

export function outboxRow(tenantId: string, kept: Kept): Row {
  const { partition, row } = placeOf(tenantId, kept.alert.id);
  return { partitionKey: partition, rowKey: row, state: kept.state, ...toColumns(kept) };
}

export function sendMark(tenantId: string, mark: SendMark): Row {
  return {
    partitionKey: joinKey(tenantId),
    rowKey: sendKey(mark),
    alertId: mark.alertId,
    ...toColumns(mark),
  };
}

function sendKey({ at, alertId }: SendMark): string {
  return joinKey('send', at, alertId);
}

function isCounted(state: DeliveryState): state is keyof typeof COUNTED {
  return state in COUNTED;
}

/** An alert's id is its finding's id and the number of the transition. */
function placeOf(tenantId: string, alertId: string): { partition: string; row: string } {
  const first = Math.max(alertId.indexOf('-'), 0);
  const last = alertId.lastIndexOf('-');
  const sequence = Number(alertId.slice(last + 1));
  return {
    partition: joinKey(tenantId, alertId.slice(0, first)),
    row: joinKey('o', alertId.slice(first + 1, Math.max(last, first + 1)), ordinal(sequence)),
  };
}
