import { largestForm, type AlertDelivery } from '../../domain/findings/delivery';
import type { Instant } from '../../domain/time';
import type { DigestClaim, SendMark, Undelivered } from '../../pipeline/ports/outbox';
import { fromColumns, toColumns } from './columns';
import type { Row, StoredRow } from './guards';
import { joinKey, ordinal } from './keys';

/** Marks of alerts that are to be sent, by channel and time. */
export const SEND = 'send';
/** Marks of alerts that a digest tells of: right before the others, so that one query finds both. */
export const DIGEST = 'send-digest';
/** States that health shows have a mark each, so that counting them reads no alert. */
export const COUNTED = { dead: 'dead', 'not-configured': 'unsent' } as const;

/** What of it changes nothing when it is lost: its key says which alert it is. */
type Kept = Pick<SendMark, 'at' | 'form'> & Pick<DigestClaim, 'isPutOff'>;

/** The rows of an alert that was just committed, one for each channel, and their marks. */
export function owedRows(
  tenantId: string,
  channels: readonly string[],
  alert: AlertDelivery['alert'],
  at: Instant,
): { readonly rows: readonly Row[]; readonly marks: readonly Row[] } {
  const rest = { state: 'waiting', createdAt: at, attempts: 0, refusals: [] } as const;
  const form = largestForm(alert);
  return {
    rows: channels.map((channel) => outboxRow(tenantId, { alert, channel, ...rest })),
    marks: channels.map((channel) => sendMark(tenantId, { alertId: alert.id, channel, at, form })),
  };
}

export function outboxRow(tenantId: string, delivery: AlertDelivery): Row {
  const { partition, row } = placeOf(tenantId, delivery.alert.id);
  return {
    partitionKey: partition,
    rowKey: joinKey('o', ...row, delivery.channel),
    state: delivery.state,
    ...toColumns(delivery),
  };
}

/** Where the alerts of a finding lie, or one of them. */
export function placeOf(
  tenantId: string,
  alertId: string,
): { readonly partition: string; readonly row: readonly [anchor: string, sequence: string] } {
  const first = Math.max(alertId.indexOf('-'), 0);
  const last = alertId.lastIndexOf('-');
  return {
    partition: joinKey(tenantId, alertId.slice(0, first)),
    row: [
      alertId.slice(first + 1, Math.max(last, first + 1)),
      ordinal(Number(alertId.slice(last + 1))),
    ],
  };
}

export function sendMark(tenantId: string, mark: SendMark): Row {
  const { alertId, at, form, digest } = mark;
  const kept: Kept = { at, form, ...(digest?.isPutOff === true && { isPutOff: true }) };
  const rowKey = sendKey(mark);
  return { partitionKey: joinKey(tenantId), rowKey, alertId, at, ...toColumns(kept) };
}

export function sendKey({ alertId, channel, at, digest }: SendMark): string {
  return digest === undefined
    ? joinKey(SEND, channel, at, alertId)
    : joinKey(DIGEST, channel, digest.id, digest.until, alertId);
}

/** The mark that a row is. Its key is enough: of what cannot be read the most is assumed. */
export function readMark(row: StoredRow): SendMark {
  const [kind, channel = '', second = '', third = '', fourth = ''] = row.rowKey.split('|');
  const isOfDigest = kind === DIGEST;
  const { at, form, isPutOff } = keptOf(row, (isOfDigest ? third : second) as Instant);
  const digest = { id: second, until: third as Instant, ...(isPutOff === true && { isPutOff }) };
  const alertId = isOfDigest ? fourth : third;
  return { alertId, channel, at, form, ...(isOfDigest && { digest }) };
}

export function countedMark(
  tenantId: string,
  state: keyof typeof COUNTED,
  { alertId, channel }: Undelivered,
): Row {
  return {
    partitionKey: joinKey(tenantId),
    rowKey: joinKey(COUNTED[state], channel, alertId),
    alertId,
  };
}

export function readCounted({ rowKey }: StoredRow): Undelivered {
  const [, channel = '', alertId = ''] = rowKey.split('|');
  return { alertId, channel };
}

function keptOf(row: StoredRow, at: Instant): Kept {
  try {
    return { at, form: 'digest', ...(fromColumns(row) as Partial<Kept>) };
  } catch {
    return { at, form: 'digest' };
  }
}
