import { isRecord, type Row } from '../../sources/values';
import { MAX_ID_LENGTH, shorten } from './shorten';

/**
 * Reads single properties of a row. Documented as optional, seen as null, "" or missing: all the same here. Of another
 * type it makes an unreadable row where the property decides something, because guessing would hide a change of the
 * API; where it decides nothing (names, places) it counts as missing. What may refuse takes the key too, to name it.
 */

/** A row that cannot be used. Its message never holds a value of the row. */
export class RowError extends Error {
  override readonly name = 'RowError';
}

/** A property that is not what it must be, by its path. */
class FieldError extends RowError {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

const NOT_OF_GRAPH = 'is not what Graph sends';

/** A text that decides something. */
export function text(row: Row, key: string): string | undefined {
  const value = row[key];
  if (typeof value === 'string') {
    return value === '' ? undefined : shorten(value);
  }
  return isNothing(value) ? undefined : refuse(key, notA('a text', value));
}

/** A text that must be there, as it is. */
export function required(row: Row, key: string): string {
  const value = row[key];
  return typeof value === 'string' ? value : refuse(key, notA('a text', value));
}

/** The id that a row is kept under. */
export function requiredId(row: Row, key: string): string {
  const id = required(row, key);
  return id === '' || id.length > MAX_ID_LENGTH ? refuse(key, NOT_OF_GRAPH) : id.toLowerCase();
}

/** The id of an object or a tenant. Exports differ in the case of its letters, which means nothing. */
export function objectId(row: Row, key: string): string | undefined {
  return text(row, key)?.toLowerCase();
}

/** Some exports write a whole number as text. */
export function wholeNumber(row: Row, key: string): number | undefined {
  const value = row[key];
  if (Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value))) {
    return Number(value);
  }
  return isNothing(value) ? undefined : refuse(key, NOT_OF_GRAPH);
}

/** A word, or the number that stands for it. */
export function wordOrNumber(row: Row, key: string): string {
  const value = row[key];
  if (typeof value === 'string' || Number.isSafeInteger(value)) {
    return String(value);
  }
  return isNothing(value) ? '' : refuse(key, NOT_OF_GRAPH);
}

/** A text that decides nothing. */
export function name(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? shorten(value) : undefined;
}

/** True or false, which some exports write as text; it decides nothing. */
export function flag(value: unknown): boolean | undefined {
  if (typeof value === 'string') {
    return /^(?:true|false)$/i.test(value) ? value.toLowerCase() === 'true' : undefined;
  }
  return typeof value === 'boolean' ? value : undefined;
}

/** An object that decides nothing, or an empty one in its place. */
export function looseObject(value: unknown): Row {
  return isRecord(value) ? value : {};
}

/** What is made of an object in the row. */
export function part<T>(row: Row, key: string, read: (part: Row) => T): T | undefined {
  const value = row[key];
  return isNothing(value) ? undefined : inside(key, value, read);
}

/** What is made of each object in a list. Some serialisers write a list of one as the one. */
export function list<T>(row: Row, key: string, read: (item: Row) => T): readonly T[] {
  const value = row[key];
  if (isNothing(value)) {
    return [];
  }
  const items: readonly unknown[] = Array.isArray(value)
    ? value
    : [isRecord(value) ? value : refuse(key, notA('a list', value))];
  return items.map((item, index) => inside(`${key}.${index}`, item, read));
}

function inside<T>(path: string, value: unknown, read: (part: Row) => T): T {
  if (!isRecord(value)) {
    return refuse(path, notA('an object', value));
  }
  try {
    return read(value);
  } catch (error) {
    throw error instanceof FieldError
      ? new FieldError(`${path}.${error.path}`, error.problem)
      : error;
  }
}

function refuse(path: string, problem: string): never {
  throw new FieldError(path, problem);
}

/** Like `is a number, not a text`. */
function notA(expected: string, value: unknown): string {
  if (isNothing(value)) {
    return 'is missing';
  }
  const words: Partial<Record<string, string>> = {
    ...{ string: 'a text', number: 'a number', boolean: 'true or false' },
    object: Array.isArray(value) ? 'a list' : 'an object',
  };
  return `is ${words[typeof value] ?? 'something else'}, not ${expected}`;
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
