import { createHash } from 'node:crypto';

/** SHA-256 of a text that comes in pieces and is never held as a whole. */
export class RunningHash {
  readonly #hash = createHash('sha256');

  add(piece: string): void {
    this.#hash.update(piece, 'utf8');
  }

  /** Lower-case hexadecimal; the last thing that may be asked. */
  end(): string {
    return this.#hash.digest('hex');
  }
}
