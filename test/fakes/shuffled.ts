import type { Random } from '../../cli/demo-tenant/random';
import type { Around } from '../../shared/adapters/memory/memory-table';

/** Lets one of the operations that wait happen at a time, whoever waits: in an order that is drawn. */
export class Shuffled {
  readonly #random: Random;
  #waiting: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** To be put around each operation. */
  readonly around: Around = async (run) => {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return run();
  };

  /** Gives turns until everybody is done. */
  async waitFor(all: Promise<unknown>): Promise<void> {
    const isOver = all.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([isOver, settled()]))) {
      const [next] = this.#waiting.splice(this.#random.below(this.#waiting.length || 1), 1);
      next?.();
    }
    await all;
  }
}

function settled(): Promise<false> {
  return new Promise((resolve) => setImmediate(resolve, false));
}
