import fc from 'fast-check';

/** Random when absent; a failure prints the seed to set. */
const SEED = process.env['FC_SEED'];

/** Plays so many plans; a failure tells the seed, the smallest plan that still fails and what differs. */
export async function mustHoldForAll<T>(
  plans: fc.Arbitrary<T>,
  runs: number,
  holds: (plan: T) => Promise<void>,
): Promise<void> {
  const outcome = await fc.check(fc.asyncProperty(plans, holds), {
    numRuns: runs,
    ...(SEED !== undefined && { seed: Number(SEED) }),
  });
  if (outcome.failed) {
    const { seed, counterexample, errorInstance } = outcome;
    throw new Error(
      `FC_SEED=${seed}\n${JSON.stringify(counterexample?.[0])}\n${String(errorInstance)}`,
      { cause: errorInstance },
    );
  }
}
