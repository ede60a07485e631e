import type { TrailEntry } from '../../domain/audit-trail/entries';
import {
  ChainWalk,
  entryIn,
  headsIn,
  type Sealed,
  type SealedHead,
  type WalkedChain,
} from '../../domain/audit-trail/verified-chain';
import type { IdRange, AuditTrailRows } from '../ports/audit-trail';

/** People write while others verify: what looks wrong is looked at again before it is said. */
const LOOKS = 3;
/** What the chain says of so many findings is held at once: some 3 MB. */
export const MAX_HEADS = 10_000;
/** However long the chain is, it is read so often at most. */
const MAX_PASSES = 20;
const PARTS = 16 ** 4;

type ChainRows = Pick<AuditTrailRows, 'chain'>;

/** Reads the chain to its end. @param onEntry is told of each entry that is what was written, in order. */
export async function walkChain(
  rows: ChainRows,
  onEntry?: (entry: TrailEntry) => void,
): Promise<WalkedChain> {
  const walk = new ChainWalk(onEntry);
  for await (const row of rows.chain()) {
    walk.add(row);
  }
  return walk.end();
}

/**
 * The chain of the record, larger than memory: what it says of findings is read anew for one slice of their ids after
 * the other. A short chain is one slice, and read once.
 */
export class SealedChain {
  readonly walked: WalkedChain;
  readonly slices: readonly IdRange[];
  readonly #rows: ChainRows;
  readonly #whole: ReadonlyMap<string, SealedHead> | undefined;

  private constructor(rows: ChainRows, walked: WalkedChain, { heads, slices }: Census) {
    this.#rows = rows;
    this.walked = walked;
    this.slices = slices;
    this.#whole = heads;
  }

  /** @param most what is held at once; fewer for tests. */
  static async read(rows: ChainRows, most = MAX_HEADS): Promise<SealedChain> {
    for (let looks = 1; ; looks++) {
      const census = new Census(most);
      const walked = await walkChain(rows, (entry) => {
        census.add(entry);
      });
      if (walked.tamperings.length === 0 || looks === LOOKS) {
        return new SealedChain(rows, walked, census);
      }
    }
  }

  /** What it says must be there of one slice. */
  async sealedIn(slice: IdRange): Promise<Sealed> {
    const { from, to } = slice;
    const isIn = (id: string): boolean => id >= from && (to === undefined || id < to);
    return { ...this.walked.sealed, findings: this.#whole ?? (await this.#read(isIn)) };
  }

  /** The entries that were what was written when it was read, each with its text as it lies. */
  async *entries(): AsyncIterable<{ readonly entry: TrailEntry; readonly raw: TrailEntry }> {
    for await (const row of this.#rows.chain()) {
      const entry = entryIn(row);
      if (entry !== undefined && entry.sequence <= this.walked.entries) {
        yield { entry, raw: row.value as TrailEntry };
      }
    }
  }

  /** Which of these are purged by now. */
  async purgedAmong(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const purged = new Set<string>();
    if (ids.size > 0) {
      await walkChain(this.#rows, (entry) => {
        headsIn(entry)
          .filter(({ id }) => ids.has(id))
          .forEach(({ id, gone }) => purged[gone === undefined ? 'delete' : 'add'](id));
      });
    }
    return purged;
  }

  async #read(isIn: (id: string) => boolean): Promise<ReadonlyMap<string, SealedHead>> {
    const heads = new Map<string, SealedHead>();
    for await (const { entry } of this.entries()) {
      for (const head of headsIn(entry)) {
        if (isIn(head.id)) {
          heads.set(head.id, head);
        }
      }
    }
    return heads;
  }
}

/** Counts what the chain says of findings, by the first digits of their ids; while it is little, holds it, too. */
class Census {
  readonly #most: number;
  readonly #parts = new Uint32Array(PARTS);
  #count = 0;
  #heads: Map<string, SealedHead> | undefined = new Map<string, SealedHead>();

  constructor(most: number) {
    this.#most = most;
  }

  add(entry: TrailEntry): void {
    for (const head of headsIn(entry)) {
      const part = indexOf(head.id);
      this.#parts[part] = (this.#parts[part] ?? 0) + 1;
      this.#count += 1;
      this.#heads?.set(head.id, head);
    }
    if (this.#count > this.#most) {
      this.#heads = undefined;
    }
  }

  get heads(): ReadonlyMap<string, SealedHead> | undefined {
    return this.#heads;
  }

  get slices(): readonly IdRange[] {
    const most = Math.max(this.#most, Math.ceil(this.#count / MAX_PASSES));
    const slices: IdRange[] = [];
    let [from, inSlice] = ['', 0];
    if (this.#heads === undefined) {
      for (const [part, count] of this.#parts.entries()) {
        if (inSlice > 0 && inSlice + count > most) {
          const to = part.toString(16).padStart(4, '0');
          slices.push({ from, to });
          [from, inSlice] = [to, 0];
        }
        inSlice += count;
      }
    }
    return [...slices, { from }];
  }
}

/** Ids are hashes; whatever somebody made up counts as the first. */
function indexOf(id: string): number {
  const digits = id.slice(0, 4);
  return /^[0-9a-f]{4}$/.test(digits) ? parseInt(digits, 16) : 0;
}
