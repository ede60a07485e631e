import type { Instant } from '../domain/time';
import { json, problem, type Answer } from './answer';
import { alertPath, readInput } from './api-schema';
import type { Outbox } from './ports';

/**
 * Answers `POST /api/alerts/{id}/resend`: an alert that was given up, or had no channel, is owed again and goes out
 * with the next delivery, unless a later alert of its finding says more.
 */
export async function answerResend(outbox: Outbox, path: unknown, now: Instant): Promise<Answer> {
  const read = readInput(alertPath, path);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { id } = read.value;
  const row = await outbox.read(id);
  if (row === undefined) {
    return problem(
      'not-found',
      `There is no alert ${id}; status lists those given up (GET /api/status, crosscheck status).`,
    );
  }
  if (row.state !== 'dead' && row.state !== 'not-configured') {
    return problem(
      'conflict',
      `Alert ${id} is ${row.state}; only one that was given up or had no channel is resent.`,
    );
  }
  const outcome = { state: 'waiting', attempts: 0, nextAttemptAt: now } as const;
  if (!(await outbox.settle(row, outcome, { alertId: id, at: now }))) {
    return problem('conflict', `Alert ${id} changed meanwhile; look again.`);
  }
  return json({ id, state: 'waiting', nextAttemptAt: now });
}
