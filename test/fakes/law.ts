import fc from 'fast-check';
import { canonical, type Json } from '../../shared/domain/json';

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

/** A test that the same law notices a planted fault: this asks whether the law can fail at all. */
export function notices<T>(
  fault: string,
  arbitrary: fc.Arbitrary<T>,
  holds: (story: T) => Promise<void>,
): void {
  it(`notices ${fault}`, async () => {
    expect(await isNoticed(arbitrary, holds, 600)).toBe(true);
  }, 600_000);
}

/** So many seeds are tried before a planted fault counts as unnoticed. */
const SEEDS = 20;

/**
 * Tries a law that must break on the stories of one seed after another, until one breaks it. Which story does may change
 * with every line of the code, so no single seed is relied on.
 * @throws what else went wrong.
 */
export async function isNoticed<T>(
  arbitrary: fc.Arbitrary<T>,
  holds: (story: T) => Promise<void>,
  runsPerSeed: number,
): Promise<boolean> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failed, errorInstance } = await fc.check(fc.asyncProperty(arbitrary, holds), {
      ...{ seed, numRuns: runsPerSeed, endOnFailure: true },
    });
    if (failed && !(errorInstance instanceof LawBroken)) {
      throw errorInstance;
    }
    if (failed) {
      return true;
    }
  }
  return false;
}
