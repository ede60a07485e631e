import type { EntraRecord, Malformed, MissedRow, Log } from '../../domain/record';
import { HOUR, justAfter, plus, TimeError, toInstant, type Instant } from '../../domain/time';
import type { Wanted } from '../../pipeline/ports/record-source';
import { REGISTER } from '../../sources';
import type { RecordOf } from '../../sources/source';
import type { Row } from '../../sources/values';
import { RowError } from './fields';
import { toAuditRecord, toSignInRecord } from './to-record';
import { MAX_ID_LENGTH } from './shorten';
import { SUBJECT_OF_UNREADABLE } from './subject';

/** What became of one row: its time is always known, its record only when a detector looks at it. */
export type ReadRow =
  | { readonly at: Instant; readonly id: string; readonly record?: EntraRecord }
  | { readonly malformed: Malformed };

/** How a row becomes a record: a line for each source, and no row becomes another source's record. */
const TO_RECORD: {
  readonly [S in Log]: (id: string, at: Instant, row: Row) => RecordOf<S>;
} = {
  directoryAudits: toAuditRecord,
  signIns: toSignInRecord,
};

/**
 * Every row gets a plain look at id, time and kind; the schema is for rows that a detector looks at, which are few.
 * A row that cannot be used comes back as `malformed` with a reason that holds no value of the row, and with what is
 * known of it all the same when a detector needed it.
 */
export function readRow(source: Log, row: Record<string, unknown>, wanted: Looked): ReadRow {
  const read = look(source, row, wanted);
  if (!('malformed' in read)) {
    return read;
  }
  const { isKindKnown, ...malformed } = read.malformed;
  const detectors = isKindKnown ? (wanted.neededBy?.(row) ?? []) : [];
  const when = salvageTime(row[REGISTER[source].time]);
  const subject = SUBJECT_OF_UNREADABLE[source](row);
  return {
    malformed: {
      ...malformed,
      lengths: lengthsOf(row),
      ...(detectors.length > 0 && {
        missed: {
          detectors,
          ...(when !== undefined && { when }),
          ...(subject !== undefined && { subject }),
        },
      }),
    },
  };
}

type Looked = Pick<Wanted, 'isWanted'> & Partial<Pick<Wanted, 'neededBy'>>;
interface Unread {
  readonly malformed: Malformed & { readonly isKindKnown: boolean };
}

function look(
  source: Log,
  row: Record<string, unknown>,
  wanted: Looked,
): Exclude<ReadRow, { malformed: Malformed }> | Unread {
  const id = idOf(row['id']);
  const unread = (reason: string, isKindKnown = true): Unread => ({
    malformed: { source, ...(id !== undefined && { id }), reason, isKindKnown },
  });
  const problem = REGISTER[source].shape.problem(row);
  if (problem !== undefined) {
    return unread(problem, false);
  }
  if (id === undefined) {
    const given = row['id'];
    return unread(
      typeof given === 'string' && given !== ''
        ? `the record has an id of ${given.length} characters`
        : 'the record has no id',
    );
  }
  const property = REGISTER[source].time;
  const time = row[property];
  if (time === undefined || time === null || time === '') {
    return unread(`the record has no ${property}`);
  }
  if (typeof time !== 'string') {
    return unread(`${property} is not a time like 2026-01-31T12:00:00Z`);
  }
  try {
    const at = toInstant(time);
    if (!wanted.isWanted(row)) {
      return { id, at };
    }
    return { id, at, record: TO_RECORD[source](id, at, row) };
  } catch (error) {
    return unread(reasonOf(error, property));
  }
}

/** A number is an id like any other. */
function idOf(id: unknown): string | undefined {
  if (Number.isSafeInteger(id)) {
    return String(id);
  }
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH ? id : undefined;
}

/** How far the zones of this earth lie apart from UTC. */
const ZONES = 14 * HOUR;

/** A time without a zone is known to within the zones there are. */
function salvageTime(time: unknown): MissedRow['when'] {
  if (typeof time !== 'string') {
    return undefined;
  }
  const at = instantOf(time);
  if (at !== undefined) {
    return { from: at, to: justAfter(at) };
  }
  const somewhere = instantOf(`${time.trim()}Z`);
  return somewhere && { from: plus(somewhere, -ZONES), to: plus(somewhere, ZONES) };
}

function instantOf(text: string): Instant | undefined {
  try {
    return toInstant(text);
  } catch (error) {
    if (error instanceof TimeError) {
      return undefined;
    }
    throw error;
  }
}

const MAX_KEYS = 60;
const MAX_KEY_LENGTH = 80;

/** What a person needs to see what kind of row it is, without anything that it says; -1 where that is endless. */
function lengthsOf(row: Record<string, unknown>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(row)
      .slice(0, MAX_KEYS)
      .map(([key, value]) => [key.slice(0, MAX_KEY_LENGTH), lengthOf(value)]),
  );
}

/**
 * How long a value is as JSON. `JSON.stringify` calls itself for every level, and a row that is nested thousands deep
 * would end there, and with it the window that it came in.
 */
function lengthOf(value: unknown): number {
  let length = 0;
  const todo = [value];
  while (todo.length > 0) {
    const each = todo.pop();
    if (typeof each !== 'object' || each === null) {
      length += (JSON.stringify(each) as string | undefined)?.length ?? 0;
      continue;
    }
    const isList = Array.isArray(each);
    const entries = Object.entries(each);
    length += 2 + Math.max(0, entries.length - 1);
    for (const [key, inner] of entries) {
      length += isList ? 0 : JSON.stringify(key).length + 1;
      todo.push(inner);
    }
  }
  return length;
}

function reasonOf(error: unknown, timeProperty: string): string {
  if (error instanceof TimeError) {
    return error.message.replace(/".*"/s, timeProperty); // it quotes the value
  }
  if (error instanceof RowError) {
    return error.message;
  }
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return 'the record is nested too deeply to be read';
  }
  throw error;
}
