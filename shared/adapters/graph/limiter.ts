import { SECOND, type Duration } from '../../domain/time';
import type { Clock } from '../../pipeline/ports/clock';

const WINDOW = 10 * SECOND;

/**
 * Lets at most so many requests start in any 10 seconds; the others wait their turn. It goes by the time that has
 * passed, so a clock that is set meanwhile neither holds a request back nor lets one through too early.
 */
export class Limiter {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #started: Duration[] = [];
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
      const wait = oldest + WINDOW - this.#clock.passed();
      if (wait > 0) {
        await this.#clock.sleep(wait);
      }
    }
    this.#started.push(this.#clock.passed());
    this.#started.splice(0, this.#started.length - this.#most);
  }
}
