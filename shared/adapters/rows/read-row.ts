import { z } from 'zod';
import type { EntraRecord, Malformed, Source } from '../../domain/record';
import { TimeError, toInstant, type Instant } from '../../domain/time';
import type { Wanted } from '../../pipeline/ports';
import { ChangeError } from './changes';
import { toAuditRecord, toSignInRecord } from './schema';

/** What became of one row: its time is always known, its record only when a detector looks at it. */
export type ReadRow =
  | { readonly at: Instant; readonly id: string; readonly record?: EntraRecord }
  | { readonly malformed: Malformed };

/** Ids enter keys of 1 KiB; the longest seen have about 80 characters. */
const LONGEST_ID = 400;
const TIME_PROPERTY = { directoryAudits: 'activityDateTime', signIns: 'createdDateTime' } as const;

/**
 * Every row gets a plain look at id and time; the schema is for rows that a detector looks at, which are few.
 * A row that cannot be used comes back as `malformed` with a reason that holds no value of the row.
 */
export function readRow(
  source: Source,
  row: Record<string, unknown>,
  wanted: Pick<Wanted, 'isWanted'>,
): ReadRow {
  const read = look(source, row, wanted);
  return 'malformed' in read ? { malformed: { ...read.malformed, lengths: lengthsOf(row) } } : read;
}

function look(
  source: Source,
  row: Record<string, unknown>,
  wanted: Pick<Wanted, 'isWanted'>,
): ReadRow {
  const id = row['id'];
  if (typeof id !== 'string' || id === '') {
    return { malformed: { source, reason: 'the record has no id' } };
  }
  if (id.length > LONGEST_ID) {
    return { malformed: { source, reason: `the record has an id of ${id.length} characters` } };
  }
  const property = TIME_PROPERTY[source];
  const time = row[property];
  if (typeof time !== 'string' || time === '') {
    return { malformed: { source, id, reason: `the record has no ${property}` } };
  }
  try {
    const at = toInstant(time);
    if (!wanted.isWanted(row)) {
      return { id, at };
    }
    const convert = source === 'directoryAudits' ? toAuditRecord : toSignInRecord;
    return { id, at, record: convert(id, at, row) };
  } catch (error) {
    return { malformed: { source, id, reason: reasonOf(error, property) } };
  }
}

const MOST_KEYS = 60;
const LONGEST_KEY = 80;

/** What a person needs to see what kind of row it is, without anything that it says. */
function lengthsOf(row: Record<string, unknown>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(row)
      .slice(0, MOST_KEYS)
      .map(([key, value]) => [
        key.slice(0, LONGEST_KEY),
        (JSON.stringify(value) as string | undefined)?.length ?? 0,
      ]),
  );
}

function reasonOf(error: unknown, timeProperty: string): string {
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return `${issue?.path.join('.') ?? 'the record'}: ${issue?.message.toLowerCase() ?? 'wrong shape'}`;
  }
  if (error instanceof TimeError) {
    return error.message.replace(/".*"/s, timeProperty); // it quotes the value
  }
  if (error instanceof ChangeError) {
    return error.message;
  }
  throw error;
}
