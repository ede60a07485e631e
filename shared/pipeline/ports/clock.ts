import type { Duration, Instant } from '../../domain/time';

/** The only way to know the time. */
export interface Now {
  now(): Instant;
}

/** The only way to know the time, and to let it pass. */
export interface Clock extends Now {
  /** The milliseconds since some fixed moment. Setting the time of the machine does not change them. */
  passed(): Duration;
  /** Resolves after so many milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(ms: Duration, signal?: AbortSignal): Promise<void>;
}
