import { setTimeout } from 'node:timers/promises';
import { fromEpoch } from '../domain/time';
import type { Clock } from '../pipeline/ports/clock';

/** The machine's own clock: the one place that asks it. */
export const systemClock: Clock = {
  // eslint-disable-next-line no-restricted-syntax -- everybody else takes a Clock
  now: () => fromEpoch(Date.now()),
  passed: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
};
