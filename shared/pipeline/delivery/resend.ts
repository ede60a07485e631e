import { CrosscheckError } from '../../domain/errors';
import type { Instant } from '../../domain/time';
import type { Outbox, OutboxRow } from '../ports/outbox';

/** An alert that is queued for delivery again. */
export interface Resent {
  readonly id: string;
  /** Over which. */
  readonly channels: readonly string[];
  readonly state: 'waiting';
  readonly nextAttemptAt: Instant;
}

/** An alert that is not there. */
export class AlertNotFoundError extends CrosscheckError {
  override readonly name = 'AlertNotFoundError';
  constructor(id: string) {
    super(
      `there is no alert ${id}; status lists those given up (GET /api/status, crosscheck status)`,
    );
  }
}

/** An alert that is under way or was sent, or that somebody else changed meanwhile. */
export class ResendRefusedError extends CrosscheckError {
  override readonly name = 'ResendRefusedError';
  override readonly exitCode = 2;
}

/**
 * Queues an alert for delivery again over each channel where it was given up, or over none before. It goes out with the
 * next delivery, unless a later alert of its finding says more.
 * @throws AlertNotFoundError, ResendRefusedError
 */
export async function resendAlert(outbox: Outbox, id: string, now: Instant): Promise<Resent> {
  const rows = await outbox.read(id);
  if (rows.length === 0) {
    throw new AlertNotFoundError(id);
  }
  const undelivered = rows.filter(({ state }) => state === 'dead' || state === 'not-configured');
  if (undelivered.length === 0) {
    throw new ResendRefusedError(
      `alert ${id} is ${statesOf(rows)}; only one that was given up or had no channel is resent`,
    );
  }
  const channels: string[] = [];
  for (const row of undelivered) {
    channels.push(...((await outbox.requeue(row, now)) ? [row.channel] : []));
  }
  if (channels.length === 0) {
    throw new ResendRefusedError(`alert ${id} changed meanwhile; look again`);
  }
  return { id, channels, state: 'waiting', nextAttemptAt: now };
}

/** `sent`, or by channel when there are several. */
function statesOf(rows: readonly OutboxRow[]): string {
  const states = new Set(rows.map(({ state }) => state));
  return states.size === 1
    ? [...states].join('')
    : rows.map(({ channel, state }) => `${state} over ${channel}`).join(', ');
}
