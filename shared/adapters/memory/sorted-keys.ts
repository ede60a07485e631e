/** A chunk is cut in two when it has so many: inserting moves at most these. */
const CHUNK = 512;

/** Keys in order, quick to add to, to remove from and to walk through from anywhere. */
export class SortedKeys {
  /** None is empty. */
  readonly #chunks: string[][] = [];

  add(key: string): void {
    const i = Math.max(this.#chunkOf(key), 0);
    const chunk = this.#chunks[i];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const at = firstFrom(chunk, key);
    if (chunk[at] === key) {
      return;
    }
    chunk.splice(at, 0, key);
    if (chunk.length > CHUNK) {
      // At the end, where keys in order arrive, a chunk stays full.
      const cut = i === this.#chunks.length - 1 && at === CHUNK ? CHUNK : CHUNK / 2;
      this.#chunks.splice(i + 1, 0, chunk.splice(cut));
    }
  }

  remove(key: string): void {
    const i = this.#chunkOf(key);
    const chunk = this.#chunks[i];
    const at = chunk === undefined ? -1 : firstFrom(chunk, key);
    if (chunk?.[at] === key) {
      chunk.splice(at, 1);
      if (chunk.length === 0) {
        this.#chunks.splice(i, 1);
      }
    }
  }

  /** All keys at or after this one, in order. Ends what it says when the keys change. */
  *from(key: string): Generator<string> {
    const start = Math.max(this.#chunkOf(key), 0);
    for (let i = start; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] ?? [];
      for (let at = i === start ? firstFrom(chunk, key) : 0; at < chunk.length; at++) {
        yield chunk[at] ?? '';
      }
    }
  }

  /** Which chunk a key lies in, or would: the last that does not begin after it; -1 when all do. */
  #chunkOf(key: string): number {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.[0] ?? '') <= key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }
}

function firstFrom(chunk: readonly string[], key: string): number {
  let [low, high] = [0, chunk.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunk[middle] ?? '') < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
