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
  readonly #waiting = new Map<number, () => void>();

  constructor(bursts: readonly Burst[]) {
    this.#bursts = [...bursts];
  }

  /** Resolves when it is this runner's turn. */
  take(runner: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(runner, resolve));
  }

  /** Gives turns until everybody is done. */
  async waitFor(all: Promise<unknown>): Promise<void> {
    let isDone = false;
    const watched = all.finally(() => {
      isDone = true;
    });
    watched.catch(() => undefined);
    for (;;) {
      // Every runner has come to its next operation, or to its end, before the next turn is given.
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone) {
        break;
      }
      this.#give();
    }
    await watched;
  }

  #give(): void {
    const [burst] = this.#bursts;
    const planned = burst === undefined ? undefined : this.#waiting.get(burst.runner);
    if (burst !== undefined && (planned === undefined || burst.operations <= 0)) {
      this.#bursts.shift();
      this.#give();
      return;
    }
    const [runner] = burst === undefined ? this.#waiting.keys() : [burst.runner];
    if (burst !== undefined) {
      this.#bursts[0] = { ...burst, operations: burst.operations - 1 };
    }
    const resolve = runner === undefined ? undefined : this.#waiting.get(runner);
    if (runner !== undefined) {
      this.#waiting.delete(runner);
    }
    resolve?.();
  }
}
