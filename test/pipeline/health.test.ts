import { memoryStores, type MemoryStores } from '../../shared/adapters/memory/memory-stores';
import { health, type Health } from '../../shared/pipeline/health';
import { finding, minutes, opening, timeline } from '../contracts/samples';
import { VirtualClock } from '../fakes/clock';

let stores: MemoryStores;
let clock: VirtualClock;
beforeEach(() => {
  stores = memoryStores();
  clock = new VirtualClock(minutes(0));
});
const look = (): Promise<Health> => health(stores, [], { hasChannel: true, clock });

describe('health', () => {
  it('counts alerts up to a bound', async () => {
    for (let i = 0; i < 120; i++) {
      const change = opening(finding(timeline('Ann').id, `x${i}`));
      await stores.findings.commit(change, undefined);
      if (i < 110) {
        const alertId = change.alert.id;
        const row = (await stores.outbox.read(alertId))!;
        const mark = { alertId, at: change.transition.at };
        await stores.outbox.settle(row, { state: 'dead', attempts: 9 }, mark);
      }
    }

    const { alerts, problems } = await look();

    expect(alerts).toEqual({ waiting: 10, 'not-configured': 0, dead: 100 });
    expect(problems).toEqual(['100 or more alerts could not be delivered and were given up.']);
  });
});
