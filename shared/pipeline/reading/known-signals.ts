import { canonical, shortHash, type JsonObject } from '../../domain/json';
import type { Signal } from '../../domain/findings/signal';
import { KnownRows } from './known-rows';

/** At most so many are remembered; then all are forgotten, which costs writes and nothing else. */
const MOST = 100_000;

/**
 * Signals that this process has stored already. The late tail is read again at every poll; without this, each of its
 * rows would be marked, merged and assessed again to find out that nothing is new. It holds only what a store has
 * confirmed, so forgetting it, or never having had it, changes no result.
 */
export class KnownSignals {
  /** The rows of the tail, whether they left signals or not. */
  readonly rows = new KnownRows();
  readonly #hashes = new Map<string, string>();

  /** True when exactly this signal of this timeline was stored before. */
  has(timelineId: string, signal: Signal): boolean {
    return this.#hashes.get(`${timelineId}|${signal.key}`) === hashOf(signal);
  }

  /** To be called once the store has it, and its timeline a work mark. */
  add(timelineId: string, signal: Signal): void {
    if (this.#hashes.size >= MOST) {
      this.#hashes.clear();
    }
    this.#hashes.set(`${timelineId}|${signal.key}`, hashOf(signal));
  }
}

function hashOf(signal: Signal): string {
  return shortHash(16, canonical(signal as unknown as JsonObject));
}
