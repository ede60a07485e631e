import { canonical, sha256, type Json } from './json';

/** A row of a chain: it carries the hash of the row before it and its own. */
export interface Linked {
  readonly previous: string;
  /** SHA-256 of this row's canonical JSON without this field. */
  readonly hash: string;
}

/** The end of a chain: how many rows it has, and the hash of the last. */
export interface Head {
  readonly id: string;
  readonly sequence: number;
  readonly head: string;
}

/** Makes a row of a chain of its content. */
export function linked<T extends object>(content: T, previous: string): T & Linked {
  const row = { ...content, previous };
  return { ...row, hash: digestOf(row) };
}

/** SHA-256 of the canonical JSON of a value; what is undefined counts as absent. */
export function digestOf(value: object): string {
  return sha256(canonical(value as Json));
}

/** Whether a row still has the content that its hash was made of. */
export function isIntact(row: Linked): boolean {
  const { hash, ...content } = row;
  return hash === digestOf(content);
}
