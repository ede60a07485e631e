import { sha256 } from '../../domain/json';

/** Ids are hashes: parts by their first digits hold equally many. */
const DIGITS = 4;
const PARTS = 16 ** DIGITS;

/**
 * Tells in which parts of the ids two sets of lines differ, in 1 MB whatever their number: of each part it keeps the sum
 * of the hashes of the one less those of the other. Hashes are made with a number drawn for this purpose, so that nobody
 * can write lines beforehand whose sums are the same.
 */
export class ListSums {
  readonly #key = crypto.randomUUID();
  readonly #high = new BigUint64Array(PARTS);
  readonly #low = new BigUint64Array(PARTS);

  add(id: string, list: string, text: string): void {
    this.#count(id, list, text, 1n);
  }

  remove(id: string, list: string, text: string): void {
    this.#count(id, list, text, -1n);
  }

  /** The parts whose sum is not zero. */
  differing(): readonly string[] {
    return [...this.#high.keys()]
      .filter((i) => this.#high[i] !== 0n || this.#low[i] !== 0n)
      .map(nameOf);
  }

  /** In which part an id is, whatever it looks like. */
  partOf(id: string): string {
    return nameOf(indexOf(id));
  }

  #count(id: string, list: string, text: string, sign: bigint): void {
    const i = indexOf(id);
    const hash = sha256(JSON.stringify([this.#key, id, list, text]));
    // The arrays cut what is added to 64 bits.
    this.#high[i] = (this.#high[i] ?? 0n) + sign * BigInt(`0x${hash.slice(0, 16)}`);
    this.#low[i] = (this.#low[i] ?? 0n) + sign * BigInt(`0x${hash.slice(16, 32)}`);
  }
}

function indexOf(id: string): number {
  const digits = id.slice(0, DIGITS);
  return /^[0-9a-f]{4}$/.test(digits) ? parseInt(digits, 16) : 0;
}

function nameOf(index: number): string {
  return index.toString(16).padStart(DIGITS, '0');
}
