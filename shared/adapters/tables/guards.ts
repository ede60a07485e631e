import { RowRefusedError } from './errors';
import { KEY_LIMIT } from './keys';

/** What a column may hold here. Times are texts; numbers that a JavaScript client sends become Int32 or Double. */
export type Column = string | number | boolean;

export interface Row {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [column: string]: Column;
}

/** As it was read. */
export interface StoredRow extends Row {
  readonly etag: string;
}

const FORBIDDEN_IN_KEY = /[/\\#?%\u0000-\u001f\u007f-\u009f]/; // eslint-disable-line no-control-regex
/** `toColumns` escapes all others, and says why. */
const PLAIN = /^[ -~]*$/;
const COLUMN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
/** 255 with the two keys and the timestamp. */
const COLUMN_LIMIT = 252;
/** 64 KiB of UTF-16. */
export const TEXT_LIMIT = 32 * 1024;
const ROW_LIMIT = 1024 * 1024;
const INT32 = 2 ** 31;

/**
 * Stops a row that the service would refuse. The emulator takes too many columns, rows that are too big, wrong column
 * names and large integers, so this is the only place that notices.
 * https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 * @throws RowRefusedError
 */
export function guardRow(table: string, row: Row): void {
  const problem = keyProblem(row) ?? columnProblem(row);
  if (problem !== undefined) {
    throw new RowRefusedError(problem, table, row);
  }
}

function keyProblem({ partitionKey, rowKey }: Row): string | undefined {
  for (const key of [partitionKey, rowKey]) {
    if (key.length > KEY_LIMIT) {
      return `a key has ${key.length} characters, ${KEY_LIMIT} are allowed`;
    }
    if (FORBIDDEN_IN_KEY.test(key) || !key.isWellFormed()) {
      return 'a key has a character that is not allowed';
    }
  }
  return undefined;
}

function columnProblem(row: Row): string | undefined {
  const { partitionKey: _p, rowKey: _r, ...columns } = row;
  const entries = Object.entries(columns);
  if (entries.length > COLUMN_LIMIT) {
    return `it has ${entries.length} columns, ${COLUMN_LIMIT} are allowed`;
  }
  for (const [name, value] of entries) {
    if (!COLUMN_NAME.test(name)) {
      return `"${name}" is no column name`;
    }
    const problem = valueProblem(value);
    if (problem !== undefined) {
      return `${name} ${problem}`;
    }
  }
  const size = sizeOf(row);
  return size < ROW_LIMIT ? undefined : `it has ${size} bytes, less than ${ROW_LIMIT} are allowed`;
}

function valueProblem(value: Column): string | undefined {
  if (typeof value === 'string') {
    return value.length > TEXT_LIMIT
      ? `has ${value.length} characters, ${TEXT_LIMIT} are allowed`
      : PLAIN.test(value)
        ? undefined
        : 'has a character that is not printable ASCII';
  }
  if (typeof value === 'number') {
    return !Number.isFinite(value)
      ? 'is no finite number'
      : Number.isInteger(value) && (value >= INT32 || value < -INT32)
        ? 'is an integer that does not fit 32 bits'
        : undefined;
  }
  return typeof value === 'boolean' ? undefined : `is a ${typeof value}`;
}

/** Bytes that the service counts: 4, the keys, and per column 8, its name and its value; texts are UTF-16. */
export function sizeOf({ partitionKey, rowKey, ...columns }: Row): number {
  let size = 4 + 2 * (partitionKey.length + rowKey.length);
  for (const [name, value] of Object.entries(columns)) {
    size += 8 + 2 * name.length + (typeof value === 'string' ? 4 + 2 * value.length : 8);
  }
  return size;
}
