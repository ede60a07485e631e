import { between, plus, SECOND, type Instant } from '../../domain/time';
import type { Clock } from '../../pipeline/ports';

const WINDOW = 10 * SECOND;

/** Lets at most so many requests start in any 10 seconds; the others wait their turn. */
export class Limiter {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #started: Instant[] = [];
  #queue: Promise<void> = Promise.resolve();

  constructor(clock: Clock, mostPer10Seconds: number) {
    this.#clock = clock;
    this.#most = Math.max(1, Math.floor(mostPer10Seconds));
  }

  /** Resolves when the next request may start. */
  turn(): Promise<void> {
    this.#queue = this.#queue.then(() => this.#wait());
    return this.#queue;
  }

  async #wait(): Promise<void> {
    const oldest = this.#started.at(-this.#most);
    if (oldest !== undefined) {
      // Never longer than that, whatever the clock says: it may have been set back meanwhile.
      const wait = Math.min(WINDOW, between(this.#clock.now(), plus(oldest, WINDOW)));
      if (wait > 0) {
        await this.#clock.sleep(wait);
      }
    }
    this.#started.push(this.#clock.now());
    this.#started.splice(0, this.#started.length - this.#most);
  }
}
