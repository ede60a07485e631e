import type { AlertClaim, Outbox, OutboxRow } from '../../shared/pipeline/ports/outbox';
import { overriding } from '../fakes/faults';
import { isNoticed } from '../fakes/law';
import {
  delivererPlans,
  playDeliverers,
  STORAGE_FAULTS,
  type DelivererPlan,
  type StorageFault,
} from '../fakes/overlapping-deliverers';
import { mustHoldForAll } from './hold-for-all';

/** `RUNS=10000 npx jest test/faults/overlapping-deliverers` looks harder. */
const RUNS = Number(process.env['RUNS'] ?? 300);

jest.setTimeout(3_600_000);

describe('overlapping deliverers', () => {
  it('post nothing without a claim of their own, and tell everything under one id', async () => {
    const met = new Set<StorageFault>();

    await mustHoldForAll(delivererPlans, RUNS, async (plan) => {
      (await playDeliverers(plan)).forEach((fault) => met.add(fault));
    });

    // A fault that nobody meets proves nothing.
    expect(RUNS < 100 ? [] : STORAGE_FAULTS.filter((fault) => !met.has(fault))).toEqual([]);
  });
});

/** As if it were claimed. */
function taken(row: OutboxRow, { until }: AlertClaim): OutboxRow {
  return { ...row, state: 'sending', sendingUntil: until };
}

describe('the property notices', () => {
  it.each<[string, (outbox: Outbox) => Outbox]>([
    [
      'a post without a claim',
      (outbox) => overriding(outbox, { claim: (row, claim) => Promise.resolve(taken(row, claim)) }),
    ],
    [
      'a claim that is no condition',
      (outbox) =>
        overriding(outbox, {
          claim: async (row, claim) => (await outbox.claim(row, claim)) ?? taken(row, claim),
        }),
    ],
    [
      'a digest that falls apart although it may have arrived',
      (outbox) =>
        overriding(outbox, {
          settle: (row, { mayHaveArrived: _m, ...outcome }) => outbox.settle(row, outcome),
        }),
    ],
    [
      'marks that go although their alert waits',
      (outbox) =>
        overriding(outbox, {
          release: (ended) => outbox.release(ended.map(({ next: _n, ...mark }) => mark)),
        }),
    ],
  ])('%s', async (_what, sabotage) => {
    const holds = async (plan: DelivererPlan): Promise<void> => {
      await playDeliverers(plan, sabotage);
    };

    expect(await isNoticed(delivererPlans, holds, 100)).toBe(true);
  });
});
