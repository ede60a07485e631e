import type { AlertDelivery, DeliveryState } from '../../domain/findings/delivery';
import type { Notice } from '../../domain/findings/notice';
import type { Instant } from '../../domain/time';
import { UnreadableRowError } from '../../pipeline/ports/unreadable-row';
import type {
  AlertClaim,
  DigestClaim,
  EndedMark,
  FindingToSend,
  Outbox,
  OutboxRow,
  SendMark,
  Undelivered,
} from '../../pipeline/ports/outbox';
import { readFinding } from './findings';
import type { Row, StoredRow } from './guards';
import { SHAPES } from './row-kinds';
import { after, beginning, joinKey, ordinal, type KeyRange } from './keys';
import {
  COUNTED,
  countedMark,
  DIGEST,
  outboxRow,
  owedRows,
  placeOf,
  readCounted,
  readMark,
  SEND,
  sendKey,
  sendMark,
} from './outbox-rows';
import { PAGE_ROWS, type RowQuery, type Table, type Write } from './table';

export interface OutboxTables {
  readonly findings: Table;
  readonly work: Table;
  readonly tenantId: string;
  /** The channels that alerts are owed over. */
  readonly channels: readonly string[];
}

type Outcome = Parameters<Outbox['settle']>[1];

/** A hundred writes are a transaction: an old mark and a new one, and perhaps one that health counts. */
const MARKS_TOGETHER = 33;

/**
 * Alerts lie beside their findings; marks among the work say which may be sent. An alert that is not settled always has
 * a send mark, and one that is counted has a mark of its state or still its send mark: marks are written before the
 * row they speak of where that is a promise, and removed after what replaces them.
 */
export class TableOutbox implements Outbox {
  readonly #tables: OutboxTables;
  readonly #marks: string;

  constructor(tables: OutboxTables) {
    this.#tables = tables;
    this.#marks = joinKey(tables.tenantId);
  }

  async due(now: Instant, max: number): Promise<readonly SendMark[]> {
    const rows = { from: `${DIGEST}|`, to: after(`${SEND}|`) };
    const where = { column: 'at', from: '', to: after(now) };
    const found = await this.#byChannel({ rows, where }, max);
    return found.map(readMark);
  }

  async look(findingId: string, channel: string, from: number): Promise<FindingToSend> {
    const { findings, tenantId } = this.#tables;
    const { partition, row } = placeOf(tenantId, `${findingId}-0`);
    const [anchor] = row;
    const own = joinKey('f', anchor);
    const alerts = `${joinKey('o', anchor)}|`;
    const found = await findings.list({
      partition,
      rows: { from: own, to: after(alerts) },
      without: [{ from: `${own}|`, to: `${alerts}${ordinal(from)}` }],
    });
    const read: OutboxRow[] = [];
    const unreadable = new Map<string, UnreadableRowError>();
    for (const each of found.filter(({ rowKey }) => rowKey.endsWith(`|${channel}`))) {
      const alertId = `${findingId}-${Number(each.rowKey.split('|')[2])}`;
      const known = this.#read(each);
      if (known instanceof UnreadableRowError) {
        unreadable.set(alertId, known);
      } else {
        read.push(known);
      }
    }
    const finding = found.find(({ rowKey }) => rowKey === own);
    return {
      finding: finding && this.#readFinding(finding),
      alerts: read,
      unreadable,
    };
  }

  async announceOnce(notice: Notice, at: Instant): Promise<boolean> {
    const { findings, work, tenantId, channels } = this.#tables;
    const { partition, row } = placeOf(tenantId, notice.id);
    const rows = beginning(`${joinKey('o', row[0])}|`);
    if (channels.length === 0 || (await findings.list({ partition, rows })).length > 0) {
      return false;
    }
    const owed = owedRows(tenantId, channels, notice, at);
    await work.writeAll(owed.marks.map((upsert) => ({ upsert })));
    const writes = owed.rows.map((insert) => ({ insert }));
    const [only, ...others] = writes;
    return only !== undefined && others.length === 0
      ? findings.writeOne(only)
      : (await findings.transact(writes)) !== undefined;
  }

  async read(alertId: string): Promise<readonly OutboxRow[]> {
    const { findings, tenantId } = this.#tables;
    const { partition, row } = placeOf(tenantId, alertId);
    const rows = beginning(`${joinKey('o', ...row)}|`);
    return (await findings.list({ partition, rows })).map((each) => {
      const known = this.#read(each);
      if (known instanceof UnreadableRowError) {
        throw known;
      }
      return known;
    });
  }

  async claim(
    row: OutboxRow,
    { until, digestId, mayHaveArrived }: AlertClaim,
  ): Promise<OutboxRow | undefined> {
    const { nextAttemptAt: _n, digestId: _d, etag, ...kept } = row;
    const claimed: AlertDelivery = {
      ...kept,
      ...{ state: 'sending', attempts: row.attempts + 1, sendingUntil: until },
      ...(digestId !== undefined && { digestId }),
      ...(mayHaveArrived === true && { mayHaveArrived }),
    };
    const { findings, tenantId } = this.#tables;
    const next = await findings.replace(outboxRow(tenantId, claimed), etag);
    return next === undefined ? undefined : { ...claimed, etag: next };
  }

  settle(row: OutboxRow, outcome: Outcome): Promise<boolean> {
    const { nextAttemptAt: _n, sendingUntil: _s, etag, ...kept } = row;
    const { findings, tenantId } = this.#tables;
    return findings.update(outboxRow(tenantId, { ...kept, ...outcome }), etag);
  }

  /** Between two states it is the send mark that keeps the alert from being forgotten. */
  async requeue(row: OutboxRow, now: Instant): Promise<boolean> {
    const { work, tenantId } = this.#tables;
    const { alert, channel, state } = row;
    const mark: SendMark = { alertId: alert.id, channel, at: now, form: 'digest' };
    await work.upsert(sendMark(tenantId, mark));
    if (isCounted(state)) {
      await work.remove(this.#marks, countedMark(tenantId, state, mark).rowKey, '*');
    }
    const { digestId: _d, mayHaveArrived: _m, ...kept } = row;
    return this.settle(
      { ...kept, attempts: 0 },
      { state: 'waiting', refusals: [], nextAttemptAt: now },
    );
  }

  async gather(marks: readonly SendMark[], digest: DigestClaim): Promise<readonly SendMark[]> {
    const { work, tenantId } = this.#tables;
    const gathered: SendMark[] = [];
    for (let from = 0; from < marks.length; from += MARKS_TOGETHER) {
      const chunk = marks.slice(from, from + MARKS_TOGETHER);
      // Two runs that judge at once leave two marks of one alert: under the digest they are one.
      const next = [...new Map(chunk.map((mark) => [mark.alertId, { ...mark, digest }])).values()];
      const writes = [
        ...chunk.map((mark): Write => ({ remove: this.#placeOf(mark) })),
        ...next.map((mark): Write => ({ upsert: sendMark(tenantId, mark) })),
      ];
      if ((await work.transact(writes)) !== undefined) {
        gathered.push(...next);
      } else if (from === 0) {
        return [];
      }
    }
    return gathered;
  }

  async release(ended: readonly EndedMark[]): Promise<void> {
    const { work } = this.#tables;
    for (let from = 0; from < ended.length; from += MARKS_TOGETHER) {
      const chunk = ended.slice(from, from + MARKS_TOGETHER);
      if ((await work.transact(this.#writesOf(chunk))) !== undefined) {
        continue;
      }
      // Somebody else moved or removed one of them, and the transaction failed as a whole.
      for (const each of chunk) {
        if ((await work.transact(this.#writesOf([each]))) === undefined) {
          await this.#count(each);
        }
      }
    }
  }

  /** Where the alert goes on is up to who has its mark now; what health counts of it is not. */
  async #count({ mark, state }: EndedMark): Promise<void> {
    if (state !== undefined && isCounted(state)) {
      await this.#tables.work.upsert(countedMark(this.#tables.tenantId, state, mark));
    }
  }

  async undelivered(
    state: 'dead' | 'not-configured',
    max: number,
  ): Promise<readonly Undelivered[]> {
    const rows = beginning(`${COUNTED[state]}|`);
    return (await this.#byChannel({ rows }, max)).map(readCounted);
  }

  /**
   * At most so many rows of each channel. Most of the time one request finds all; where one channel has many, the next
   * begins at the next channel.
   */
  async #byChannel(
    { rows, where }: Pick<RowQuery, 'rows' | 'where'>,
    max: number,
  ): Promise<readonly StoredRow[]> {
    const found: StoredRow[] = [];
    for (let range: KeyRange | undefined = rows; range !== undefined;) {
      range = await this.#readOn({ rows: range, ...(where && { where }) }, max, found);
    }
    return found;
  }

  /** @returns where to go on, when it has found as many as it may of one channel. */
  async #readOn(
    query: Pick<RowQuery, 'rows' | 'where'>,
    max: number,
    found: StoredRow[],
  ): Promise<KeyRange | undefined> {
    const { work } = this.#tables;
    let [channel, count] = ['', 0];
    const page = Math.min(max + 1, PAGE_ROWS);
    for await (const rows of work.pages({ partition: this.#marks, ...query, page })) {
      for (const row of rows) {
        const [kind = '', of = ''] = row.rowKey.split('|');
        const own = `${joinKey(kind, of)}|`;
        count = own === channel ? count + 1 : 1;
        channel = own;
        if (count > max && kind !== DIGEST) {
          return { from: after(own), to: query.rows.to };
        }
        found.push(row);
      }
    }
    return undefined;
  }

  /** No row comes twice. */
  #writesOf(ended: readonly EndedMark[]): readonly Write[] {
    const { tenantId } = this.#tables;
    const upserts = ended.flatMap(({ mark: { digest: _d, ...mark }, next, digest, state }) => [
      ...(next === undefined ? [] : [sendMark(tenantId, { ...mark, at: next })]),
      ...(digest === undefined ? [] : [sendMark(tenantId, { ...mark, digest })]),
      ...(state !== undefined && isCounted(state) ? [countedMark(tenantId, state, mark)] : []),
    ]);
    const written = new Map(upserts.map((row) => [row.rowKey, row]));
    const removed = new Map(
      ended.map(({ mark }) => this.#placeOf(mark)).map((place) => [place.rowKey, place]),
    );
    return [
      ...[...written.values()].map((upsert): Write => ({ upsert })),
      ...[...removed.values()].flatMap((remove): Write[] =>
        written.has(remove.rowKey) ? [] : [{ remove }],
      ),
    ];
  }

  #placeOf(mark: SendMark): Pick<Row, 'partitionKey' | 'rowKey'> {
    return { partitionKey: this.#marks, rowKey: sendKey(mark) };
  }

  #read(row: StoredRow): OutboxRow | UnreadableRowError {
    try {
      const found = this.#tables.findings.value(row, SHAPES.delivery) as AlertDelivery;
      return { ...found, etag: row.etag };
    } catch (error) {
      return unreadable(error);
    }
  }

  #readFinding(row: StoredRow): FindingToSend['finding'] {
    try {
      return readFinding(row, this.#tables);
    } catch (error) {
      return unreadable(error);
    }
  }
}

function unreadable(error: unknown): UnreadableRowError {
  if (error instanceof UnreadableRowError) {
    return error;
  }
  throw error;
}

function isCounted(state: DeliveryState): state is keyof typeof COUNTED {
  return state in COUNTED;
}
