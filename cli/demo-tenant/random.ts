import { createHash } from 'node:crypto';

/** A source of chance that says the same again for the same seed. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number, at least 0, less than `limit`. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  guid(): string;
  /** So many characters of an alphabet. */
  text(length: number, alphabet: string): string;
}

export function seeded(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  // mulberry32
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  function below(limit: number): number {
    return Math.floor(next() * limit);
  }
  function text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[below(alphabet.length)]).join('');
  }
  return {
    ...{ next, below, text },
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    guid() {
      const hex = text(30, '0123456789abcdef');
      return [
        hex.slice(0, 8),
        hex.slice(8, 12),
        `4${hex.slice(12, 15)}`,
        `8${hex.slice(15, 18)}`,
        hex.slice(18, 30),
      ].join('-');
    },
  };
}
