import fc from 'fast-check';
import { canonical, type Json } from '../../shared/domain/canonical';

/** How many random stories a law is tried on; `RUNS=3000 npx jest test/properties` looks harder. */
export const RUNS = Number(process.env['RUNS'] ?? 150);
/** Random when absent; a failure prints the seed to set. */
export const SEED = process.env['FC_SEED'];

/** A law that did not hold. */
export class LawBroken extends Error {
  override readonly name = 'LawBroken';
}

export function must(holds: boolean, otherwise: () => string): void {
  if (!holds) {
    throw new LawBroken(otherwise());
  }
}

export function mustEqual(actual: Json, expected: Json, what: string): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  must(a === b, () => `${what}\n  is       ${a}\n  expected ${b}`);
}

/** A test that a law holds for random stories. */
export function law<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  holds: (story: T) => Promise<void>,
  runs = RUNS,
): void {
  it(
    name,
    async () => {
      const seed = SEED === undefined ? {} : { seed: Number(SEED) };
      await fc.assert(fc.asyncProperty(arbitrary, holds), { numRuns: runs, ...seed });
    },
    600_000,
  );
}

/** A test that the same law notices a planted fault. The seed is fixed: this asks whether the law can fail at all. */
export function notices<T>(
  fault: string,
  arbitrary: fc.Arbitrary<T>,
  holds: (story: T) => Promise<void>,
  seed = 42,
): void {
  it(`notices ${fault}`, async () => {
    const outcome = await fc.check(fc.asyncProperty(arbitrary, holds), {
      seed,
      numRuns: 3_000,
      endOnFailure: true,
    });

    expect(outcome.failed).toBe(true);
    expect(outcome.errorInstance).toBeInstanceOf(LawBroken);
  }, 600_000);
}
