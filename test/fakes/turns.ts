import fc from 'fast-check';

/** So many store operations in a row for one of the runners, while the others stand still. */
export interface Burst {
  readonly runner: number;
  readonly operations: number;
}

/**
 * Long pauses of one runner are what makes trouble, and an even scheduler hardly ever draws them: here one runner may
 * do all its work between two operations of another.
 */
export const burstsOf = (runners: number): fc.Arbitrary<Burst[]> =>
  fc.array(
    fc.record({
      runner: fc.nat(runners - 1),
      operations: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 40 })),
    }),
    { maxLength: 12 },
  );

/** Lets one store operation happen at a time, in the order of the bursts; then everybody in turn. */
export class Turns {
  readonly #bursts: Burst[];
  /** A runner may have several requests on their way. */
  readonly #waiting = new Map<number, (() => void)[]>();

  constructor(bursts: readonly Burst[]) {
    this.#bursts = [...bursts];
  }

  /** Resolves when it is this runner's turn. */
  take(runner: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(runner, [...(this.#waiting.get(runner) ?? []), resolve]);
    });
  }

  /** Gives turns until everybody is done. */
  async waitFor(all: Promise<unknown>): Promise<void> {
    const isOver = all.then(
      () => true,
      () => true,
    );
    // Every runner has come to its next operation, or to its end, before the next turn is given.
    while (!(await Promise.race([isOver, settled()]))) {
      this.#give(this.#next());
    }
    await all;
  }

  /** Whose turn it is: a burst is over when it is used up, or when its runner is done. */
  #next(): number | undefined {
    for (let burst = this.#bursts[0]; burst !== undefined; burst = this.#bursts[0]) {
      if (burst.operations > 0 && this.#waiting.has(burst.runner)) {
        this.#bursts[0] = { ...burst, operations: burst.operations - 1 };
        return burst.runner;
      }
      this.#bursts.shift();
    }
    return [...this.#waiting.keys()][0];
  }

  #give(runner: number | undefined): void {
    const [resolve, ...others] = (runner === undefined ? [] : this.#waiting.get(runner)) ?? [];
    if (runner !== undefined && others.length > 0) {
      this.#waiting.set(runner, others);
    } else {
      this.#waiting.delete(runner ?? NaN);
    }
    resolve?.();
  }
}

function settled(): Promise<false> {
  return new Promise((resolve) => setImmediate(resolve, false));
}
