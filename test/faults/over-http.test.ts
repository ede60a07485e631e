import { faultPlans, lay, type CalmStretch } from '../fakes/fault-plan';
import { playOverHttp } from '../fakes/fault-run';
import { mustHoldForAll } from './hold-for-all';

jest.setTimeout(600_000);

/** What is waited for is waited for: fewer polls, and fewer requests that are never answered. */
const CALM: readonly CalmStretch[] = [
  { every: 60, polls: 3 },
  { every: 240, polls: Infinity },
];

describe('reading through faults over HTTP', () => {
  it('comes to what a perfect Graph would show', async () => {
    await mustHoldForAll(faultPlans({ hours: 2, requests: 3 }), 10, async (plan) => {
      await playOverHttp(lay(plan, CALM));
    });
  });
});
