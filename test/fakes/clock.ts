import { plus, type Duration, type Instant } from '../../shared/domain/time';
import type { Clock } from '../../shared/pipeline/ports/clock';

/** A clock whose time passes only when somebody sleeps, and then at once. */
export class VirtualClock implements Clock {
  #now: Instant;
  #passed = 0;
  /** Every sleep that ran to its end, in milliseconds. */
  readonly slept: number[] = [];
  readonly #waiting = new Set<{ at: Instant; wake: () => void }>();

  constructor(now: Instant) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  passed(): Duration {
    return this.#passed;
  }

  /**
   * A sleep with a signal is a timeout: it waits until time has passed its end by other sleeps, or `advance`. One
   * without is a pause: it makes the time pass.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal === undefined) {
      this.slept.push(ms);
      this.advance(ms);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = { at: plus(this.#now, ms), wake: resolve };
      this.#waiting.add(timer);
      signal.addEventListener('abort', () => {
        this.#waiting.delete(timer);
        reject(signal.reason as Error);
      });
    });
  }

  /** Lets time pass and ends the timeouts that it passes. */
  advance(ms: number): void {
    this.#now = plus(this.#now, ms);
    this.#passed += ms;
    for (const timer of this.#waiting) {
      if (timer.at <= this.#now) {
        this.#waiting.delete(timer);
        timer.wake();
      }
    }
  }
}

/** While it lasts a clock is wrong. */
export interface WrongTime {
  readonly from: Instant;
  readonly to: Instant;
  /** Negative when it is behind. */
  readonly aheadBy: Duration;
}

/** A clock that is wrong for a while: it jumps there and back. */
export function wronged(clock: Clock, wrong: readonly WrongTime[]): Clock {
  return {
    now: () => {
      const now = clock.now();
      const of = wrong.find(({ from, to }) => from <= now && now < to);
      return plus(now, of?.aheadBy ?? 0);
    },
    passed: () => clock.passed(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}
