import { UnreadableRowError } from '../../pipeline/ports/unreadable-row';
import { FORMAT, isVersion } from './formats';
import { TEXT_LIMIT, type Row } from './guards';

/**
 * A value as JSON over the columns `json`, `json1`, `json2` ..., as many as it needs. Only ASCII: the emulator spoils
 * other characters where network packets end and refuses line separators in transactions (Azurite 3.37), and a text of
 * ASCII can be cut anywhere.
 */
export function toColumns(value: object): Readonly<Record<string, string>> {
  const text = JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
  const columns: Record<string, string> = {};
  for (let n = 0; n * TEXT_LIMIT < text.length; n++) {
    columns[nameOf(n)] = text.slice(n * TEXT_LIMIT, (n + 1) * TEXT_LIMIT);
  }
  return columns;
}

/** The least that a row must hold to be what it should be: by field, what kind of value. */
export type Shape = Readonly<Record<string, 'text' | 'number' | 'list' | 'object'>>;

/**
 * What `toColumns` wrote. The rows are our own: callers trust them beyond this shape.
 * @throws UnreadableRowError when it is no JSON of an object of this shape, or names what is no version.
 */
export function fromColumns(row: Row, table = 'one of the tables', shape: Shape = {}): object {
  let text = '';
  for (let n = 0; typeof row[nameOf(n)] === 'string'; n++) {
    text += row[nameOf(n)] as string;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // what the parser says quotes the content
  }
  const isSpoilt = row[FORMAT] !== undefined && !isVersion(row[FORMAT]);
  if (isSpoilt || !isOfShape(value, shape)) {
    throw new UnreadableRowError(table, row.partitionKey, row.rowKey);
  }
  return value;
}

function isOfShape(value: unknown, shape: Shape): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([field, kind]) => kindOf(Reflect.get(value, field)) === kind)
  );
}

function kindOf(value: unknown): Shape[string] | undefined {
  return typeof value === 'string'
    ? 'text'
    : typeof value === 'number'
      ? 'number'
      : Array.isArray(value)
        ? 'list'
        : typeof value === 'object' && value !== null
          ? 'object'
          : undefined;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function nameOf(n: number): string {
  return n === 0 ? 'json' : `json${n}`;
}
