import type { Instant } from '../domain/time';
import { json, problem, type Answer } from './answer';
import { alertPath, readInput } from './api-schema';
import type { Outbox, OutboxRow } from './ports';

/**
 * Answers `POST /api/alerts/{id}/resend`: an alert that was given up, or had no channel, is owed again over each
 * channel where that is so, and goes out with the next delivery, unless a later alert of its finding says more.
 */
export async function answerResend(outbox: Outbox, path: unknown, now: Instant): Promise<Answer> {
  const read = readInput(alertPath, path);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { id } = read.value;
  const rows = await outbox.read(id);
  if (rows.length === 0) {
    return problem(
      'not-found',
      `There is no alert ${id}; status lists those given up (GET /api/status, crosscheck status).`,
    );
  }
  const undelivered = rows.filter(({ state }) => state === 'dead' || state === 'not-configured');
  if (undelivered.length === 0) {
    return problem(
      'conflict',
      `Alert ${id} is ${statesOf(rows)}; only one that was given up or had no channel is resent.`,
    );
  }
  const channels: string[] = [];
  for (const row of undelivered) {
    channels.push(...((await outbox.requeue(row, now)) ? [row.channel] : []));
  }
  return channels.length === 0
    ? problem('conflict', `Alert ${id} changed meanwhile; look again.`)
    : json({ id, channels, state: 'waiting', nextAttemptAt: now });
}

/** `sent`, or by channel when there are several. */
function statesOf(rows: readonly OutboxRow[]): string {
  const states = new Set(rows.map(({ state }) => state));
  return states.size === 1
    ? [...states].join('')
    : rows.map(({ channel, state }) => `${state} over ${channel}`).join(', ');
}
