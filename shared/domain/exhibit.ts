import { canonical, type Json } from './canonical';
import { isIntact, type Linked } from './chain';

/** What was done to a row. */
export interface Tampering {
  readonly what: 'changed' | 'removed' | 'inserted';
  /** Where the row lies or lay. */
  readonly place: string;
  /** A sentence. */
  readonly detail: string;
}

/** A row that is to be looked at: what it would be by its key, and what it says. */
export interface Exhibit {
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

export const changed = (place: string, detail: string): Tampering => ({
  what: 'changed',
  place,
  detail,
});
export const removed = (place: string, detail: string): Tampering => ({
  what: 'removed',
  place,
  detail,
});
export const inserted = (place: string, detail: string): Tampering => ({
  what: 'inserted',
  place,
  detail,
});

export const anybody = (): boolean => true;

/** What is wrong with a row by itself: nothing when it is readable, whole and of its own key. */
export function lookAtRow(row: Exhibit, isOwn: (value: never) => boolean): Tampering | undefined {
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

export function meaningOf({ value, current }: Exhibit): unknown {
  return current ?? value;
}

/** Walks a chain: numbers without a hole from 1 on, each row whole and linked to the one before. */
export function walk<T extends Linked & { readonly sequence: number }>(
  rows: readonly Exhibit[],
  name: string,
  isOwn: (value: T, row: Exhibit) => boolean,
): { readonly links: readonly T[]; readonly tampering: Tampering | undefined } {
  const links: T[] = [];
  let last = '';
  for (const row of [...rows].sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))) {
    const expected = links.length + 1;
    if (row.sequence !== expected) {
      const tampering =
        (row.sequence ?? 0) > expected
          ? removed(`${name} ${expected}`, `row ${expected} is missing before ${row.place}`)
          : inserted(row.place, `it has a number that a chain does not have: ${row.sequence}`);
      return { links, tampering };
    }
    const wrong = lookAtRow(row, (value: T) => isOwn(value, row));
    if (wrong !== undefined) {
      return { links, tampering: wrong };
    }
    const link = row.value as T;
    if (!isIntact(link)) {
      return { links, tampering: changed(row.place, 'its content does not match its own hash') };
    }
    if (link.previous !== last) {
      const detail = 'it does not follow from the row before it';
      return { links, tampering: changed(row.place, detail) };
    }
    last = link.hash;
    links.push(meaningOf(row) as T);
  }
  return { links, tampering: undefined };
}

/** A text that is the same for values that say the same. */
export function textOf(step: unknown): string {
  return canonical(step as Json);
}
