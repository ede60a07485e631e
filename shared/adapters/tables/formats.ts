import { UnreadableRowError } from '../../pipeline/ports/unreadable-row';
import { NewerRowError } from './errors';
import type { Row, StoredRow } from './guards';

/** Makes a row of an older version one of today: its columns and the JSON in them. */
export type Upcast = (row: StoredRow, version: number) => StoredRow;

/** How rows are written, and how older ones are read. */
export interface Formats {
  /** The version of every row that is written. */
  readonly current: number;
  /** By table, without its month: only what has changed since a version needs one. */
  readonly upcasts: Readonly<Partial<Record<string, Upcast>>>;
}

/** The version stays 1 until the first release; who raises it adds an upcast for the tables whose rows change. */
export const FORMATS: Formats = { current: 1, upcasts: {} };

/** The column that names the version. */
export const FORMAT = 'format';

const HIGHEST = 1_000;

/** Whether a version of Crosscheck could have written this; anything else is a row that somebody has spoilt. */
export function isVersion(format: unknown): format is number {
  return Number.isInteger(format) && Number(format) >= 0 && Number(format) <= HIGHEST;
}

/** A row as it is written: with its version. */
export function withFormat(row: Row, { current }: Formats): Row {
  return { ...row, [FORMAT]: current };
}

/**
 * A row as it is read: one of an older version is made one of today. A row that names no version, or what is none, was
 * not written by Crosscheck; whoever reads its content says so.
 * @throws NewerRowError
 */
export function upToDate(table: string, row: StoredRow, { current, upcasts }: Formats): StoredRow {
  const version = row[FORMAT];
  if (!isVersion(version) || version === current) {
    return row;
  }
  if (version > current) {
    throw new NewerRowError(table, row, version, current);
  }
  const upcast = upcasts[table.replace(/\d+$/, '')];
  if (upcast === undefined) {
    return row;
  }
  try {
    return { ...upcast(row, version), etag: row.etag };
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return row; // whoever reads its content says so
    }
    throw error;
  }
}
