import { sha256 } from '../../domain/json';
import { epochOf, fromEpoch, MINUTE, plus, type Instant } from '../../domain/time';

// The service forbids / \ # ? and control characters, and % + ' and spaces have a bad history in its addresses. So
// only these characters stand for themselves; every other UTF-16 unit is written as ~ and four hexadecimal digits.
const UNSAFE_IN_KEY = /[^A-Za-z0-9_.:@|-]/g;
const UNSAFE_IN_PART = /[^A-Za-z0-9_.:@-]/g;

/** The service takes 1 KiB, the emulator 512 characters. */
export const KEY_LIMIT = 256;
/** Four parts and their separators fit the limit. */
const PART_LIMIT = 60;
/** What a hash and its sign take of a key. */
const KEY_HASH = 76;
const PART_EDGE = 24;

/** A text of any length and content as a key: itself when it can be, else escaped, else its beginning and a hash. */
export function toKey(text: string, limit = KEY_LIMIT): string {
  return shorten(escape(text, UNSAFE_IN_KEY), text, limit, limit - KEY_HASH);
}

/** Several texts as one key. No part runs into the next, whatever it holds. */
export function joinKey(...parts: readonly string[]): string {
  return parts
    .map((part) => shorten(escape(part, UNSAFE_IN_PART), part, PART_LIMIT, PART_EDGE))
    .join('|');
}

/** What a part of a key says; a text that was shortened is lost. */
export function fromKeyPart(part: string): string {
  return part.replace(/~([0-9a-f]{4})/g, (_, unit: string) =>
    String.fromCharCode(parseInt(unit, 16)),
  );
}

function escape(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (unit) =>
    [...Array(unit.length).keys()]
      .map((i) => `~${unit.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

// `~~` occurs in no escaped text, so a shortened key equals no other one. JSON, because hashing writes UTF-8, to which
// all lone surrogates are the same.
function shorten(escaped: string, text: string, limit: number, edge: number): string {
  if (escaped.length <= limit && text !== '') {
    return escaped;
  }
  const digits = limit - edge - 4 < 64 ? 32 : 64;
  return `${escaped.slice(0, edge)}~~${sha256(JSON.stringify(text)).slice(0, digits)}`;
}

/** Keys from `from` on and before `to`. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** All keys that begin so. */
export function beginning(prefix: string): KeyRange {
  return { from: prefix, to: after(prefix) };
}

/** The least key that is greater than every key that begins so. */
export function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** Sorts as the number does. */
export function ordinal(sequence: number): string {
  return String(sequence).padStart(6, '0');
}

const STEP = 5 * MINUTE;

/** Up to the next full five minutes, so that one timeline leaves few marks and one step is one range. */
export function coarse(instant: Instant): Instant {
  const below = fromEpoch(Math.floor(epochOf(instant) / STEP) * STEP);
  return below === instant ? instant : plus(below, STEP);
}
