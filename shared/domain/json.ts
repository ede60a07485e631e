import { hash } from 'node:crypto';

/** Anything that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** JSON with sorted keys and no spaces: equal values have equal text (the idea of RFC 8785). */
export function canonical(value: Json | undefined): string {
  if (value === undefined || value === null || typeof value !== 'object') {
    return JSON.stringify(value ?? null);
  }
  if (isList(value)) {
    return `[${value.map(canonical).join(',')}]`;
  }
  const fields = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${fields.join(',')}}`;
}

/** Lower-case hexadecimal SHA-256 of a text. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The first `digits` hexadecimal digits of the SHA-256 of the parts, which cannot run into each other. */
export function shortHash(digits: number, ...parts: readonly string[]): string {
  return sha256(parts.join('\u0000')).slice(0, digits);
}

let lastHashed = { id: '', hash: '' };

/**
 * How a set of events names one of them: 12 hexadecimal digits of the SHA-256 of its id. Two signals of one record ask
 * for it in turn, a million times a run, so the last one is kept.
 */
export function eventHash(id: string): string {
  if (lastHashed.id !== id) {
    lastHashed = { id, hash: shortHash(12, id) };
  }
  return lastHashed.hash;
}

/** `Array.isArray` that also knows read-only arrays. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
