import { largestForm, type DeliveryState } from '../../shared/domain/findings/delivery';
import type { Outbox, OutboxRow, SendMark } from '../../shared/pipeline/ports/outbox';

/** Puts an alert into a state over every channel, as a delivery does. */
export async function putAlert(
  outbox: Outbox,
  alertId: string,
  state: DeliveryState,
  { attempts = 1, reason }: { readonly attempts?: number; readonly reason?: string } = {},
): Promise<void> {
  for (const row of await outbox.read(alertId)) {
    const refusals =
      reason === undefined ? [] : [{ at: row.createdAt, outcome: 'refused', reason } as const];
    await outbox.settle({ ...row, attempts }, { state, refusals });
    await outbox.release([{ mark: markOf(row), state }]);
  }
}

/** The mark that was written with an alert. */
export function markOf({ alert, channel, createdAt: at }: OutboxRow): SendMark {
  return { alertId: alert.id, channel, at, form: largestForm(alert) };
}

/** An alert over the only channel. */
export async function readAlert(outbox: Outbox, alertId: string): Promise<OutboxRow | undefined> {
  return (await outbox.read(alertId))[0];
}
