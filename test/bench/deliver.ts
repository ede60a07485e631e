import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../shared/adapters/system-clock';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { concurrently } from '../../shared/pipeline/concurrently';
import { deliverAlerts } from '../../shared/pipeline/delivery/deliver';
import { finding, minutes, opening, timeline } from '../contracts/samples';
import { startAzurite } from '../fakes/azurite';

const ANSWERS_IN = 50;

/** Storage operations and seconds of delivering so many alerts one by one, over a channel that answers in 50 ms. */
export async function measureDelivery(
  alerts: number,
): Promise<{ readonly sent: number; readonly operations: number; readonly seconds: number }> {
  const azurite = await startAzurite();
  try {
    let operations = 0;
    const { findings, outbox } = tableStores({
      connection: azurite.connection,
      tenantId: 'de300000-0000-4000-8000-000000000002',
      createMissingTables: true,
      onOperation: () => (operations += 1),
    });
    const changes = Array.from({ length: alerts }, (_, i) =>
      opening(finding(timeline(`user ${i}`).id), minutes(10)),
    );
    await findings.commit(changes[0]!, undefined); // makes the tables
    await concurrently(changes.slice(1), 8, async (change) => {
      await findings.commit(change, undefined);
    });
    const channel = {
      post: async () => {
        await sleep(ANSWERS_IN);
        return { outcome: 'accepted' } as const;
      },
    };
    operations = 0;
    const started = performance.now();
    const { sent } = await deliverAlerts({
      ...{ outbox, clock: systemClock, digestAbove: alerts, maxPosts: alerts },
      channels: [{ id: 'teams', channel }],
    });
    return { sent, operations, seconds: (performance.now() - started) / 1_000 };
  } finally {
    await azurite.stop();
  }
}
