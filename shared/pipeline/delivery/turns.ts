import type { DeliveryResult } from '../../domain/findings/delivery';
import { between, type Duration, type Instant } from '../../domain/time';
import type { Clock } from '../ports/clock';

export interface TurnsOptions {
  readonly clock: Clock;
  readonly startedAt: Instant;
  readonly maxPosts: number;
  readonly budget: Duration;
  /** Between the beginnings of two posts. */
  readonly pace: Duration;
}

/** After so many failures one after the other it is the channel, not the card. */
const MAX_FAILURES = 3;

/**
 * Who may post, and when. A channel that has not just accepted a post gets one at a time, so that one that is out of
 * order is found out with few; after that several may be on their way. When it does not take posts, or the run has had
 * its time or its share, nobody gets a turn any more.
 */
export class Turns {
  readonly #options: TurnsOptions;
  #last: Promise<void> = Promise.resolve();
  #begunAt: Instant | undefined;
  #begun = 0;
  #failures = 0;
  #isWell = false;
  #isStopped = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  get isOver(): boolean {
    const { clock, startedAt, maxPosts, budget } = this.#options;
    return this.#isStopped || this.#begun >= maxPosts || between(startedAt, clock.now()) >= budget;
  }

  /** @returns false when there are no turns any more; nothing is done then. */
  async take(work: () => Promise<void>): Promise<boolean> {
    const end = await this.#lock();
    try {
      if (this.isOver) {
        return false;
      }
      await this.#pause();
      if (this.#isStopped) {
        return false; // by a post that was on its way meanwhile
      }
      this.#begun += 1;
      if (this.#isWell) {
        end();
      }
      await work();
      return true;
    } finally {
      end();
    }
  }

  /** What the channel said to a post. */
  onResult(result: DeliveryResult): void {
    this.#isWell = result.outcome === 'accepted';
    this.#failures = this.#isWell ? 0 : this.#failures + 1;
    const isAskedToWait = result.outcome === 'later' && result.retryAfter !== undefined;
    this.#isStopped ||= isAskedToWait || this.#failures >= MAX_FAILURES;
  }

  /** First come, first served. */
  async #lock(): Promise<() => void> {
    const before = this.#last;
    let end = (): void => undefined;
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }

  async #pause(): Promise<void> {
    const { clock, pace } = this.#options;
    const wait = this.#begunAt === undefined ? 0 : pace - between(this.#begunAt, clock.now());
    if (wait > 0) {
      await clock.sleep(wait);
    }
    this.#begunAt = clock.now();
  }
}
