import { canonical, type Json } from '../json';
import { isIntact, type Linked } from '../hash-chain';

/** What was done to a row. */
export interface IntegrityFault {
  readonly what: 'changed' | 'removed' | 'inserted';
  /** Where the row lies or lay. */
  readonly place: string;
  /** A sentence. */
  readonly detail: string;
}

/** A row that is to be looked at: what it would be by its key, and what it says. */
export interface StoredText {
  readonly kind: 'finding' | 'history' | 'alert' | 'rule' | 'entry' | 'head' | 'unknown';
  readonly id: string;
  readonly sequence?: number;
  /** Of an alert. */
  readonly channel?: string;
  readonly place: string;
  readonly value?: unknown;
  /** What it says in the words of today, when it was written in older ones: hashes are of `value`. */
  readonly current?: unknown;
  /** What stands beside the content, so that queries find it. */
  readonly columns?: Readonly<Record<string, unknown>>;
  readonly stray?: string;
}

export const changed = (place: string, detail: string): IntegrityFault => ({
  what: 'changed',
  place,
  detail,
});
export const removed = (place: string, detail: string): IntegrityFault => ({
  what: 'removed',
  place,
  detail,
});
export const inserted = (place: string, detail: string): IntegrityFault => ({
  what: 'inserted',
  place,
  detail,
});

export const anybody = (): boolean => true;

/** What is wrong with a row by itself: nothing when it is readable, whole and of its own key. */
export function lookAtRow(
  row: StoredText,
  isOwn: (value: never) => boolean,
): IntegrityFault | undefined {
  const { place, value, stray } = row;
  if (row.kind === 'unknown') {
    return inserted(place, 'it is no row of the record');
  }
  if (stray !== undefined) {
    return changed(place, `it has the column ${stray}, which no such row has`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return changed(place, 'it cannot be read');
  }
  return isOwn(meaningOf(row) as never)
    ? undefined
    : changed(place, 'it is the row of another key');
}

export function meaningOf({ value, current }: StoredText): unknown {
  return current ?? value;
}

/** Walks a chain: numbers without a hole from 1 on, each row whole and linked to the one before. */
export class LinkWalk<T extends Linked & { readonly sequence: number }> {
  /** So many links are as they should be. */
  count = 0;
  /** The first row that is not: the walk ends there. */
  tampering: IntegrityFault | undefined;
  readonly #name: string;
  readonly #isOwn: (value: T, row: StoredText) => boolean;
  #last = '';

  constructor(name: string, isOwn: (value: T, row: StoredText) => boolean) {
    this.#name = name;
    this.#isOwn = isOwn;
  }

  /** @returns the next link; undefined from the first row on that is not what was written. */
  step(row: StoredText): T | undefined {
    this.tampering ??= this.#checkCoverage(row);
    if (this.tampering !== undefined) {
      return undefined;
    }
    this.#last = (row.value as T).hash;
    this.count += 1;
    return meaningOf(row) as T;
  }

  #checkCoverage(row: StoredText): IntegrityFault | undefined {
    const expected = this.count + 1;
    if (row.sequence !== expected) {
      return (row.sequence ?? 0) > expected
        ? removed(`${this.#name} ${expected}`, `row ${expected} is missing before ${row.place}`)
        : inserted(row.place, `it has a number that a chain does not have: ${row.sequence}`);
    }
    const wrong = lookAtRow(row, (value: T) => this.#isOwn(value, row));
    if (wrong !== undefined) {
      return wrong;
    }
    const link = row.value as T;
    if (!isIntact(link)) {
      return changed(row.place, 'its content does not match its own hash');
    }
    return link.previous === this.#last
      ? undefined
      : changed(row.place, 'it does not follow from the row before it');
  }
}

/** Walks a chain that is short enough to be held. */
export function walk<T extends Linked & { readonly sequence: number }>(
  rows: readonly StoredText[],
  name: string,
  isOwn: (value: T, row: StoredText) => boolean,
): { readonly links: readonly T[]; readonly tampering: IntegrityFault | undefined } {
  const steps = new LinkWalk<T>(name, isOwn);
  const links = [...rows]
    .sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
    .flatMap((row) => steps.step(row) ?? []);
  return { links, tampering: steps.tampering };
}

/** A text that is the same for values that say the same. */
export function textOf(step: unknown): string {
  return canonical(step as Json);
}
