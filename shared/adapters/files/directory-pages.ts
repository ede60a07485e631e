import type { ObjectRow } from '../../domain/reading/directory';
import { COLLECTIONS, type Collection } from '../../domain/record';
import { fromJson, isRecord } from '../../sources/values';
import { RowError } from '../rows/fields';
import { toObjectRow } from '../rows/directory-row';

/** One page of a collection of the directory, as Graph answers it. */
export interface DirectoryPage {
  readonly collection: Collection;
  /** There is a page after it. */
  readonly hasNext: boolean;
  /** It is of a delta query: after the first round it shows only what has changed. */
  readonly isDelta: boolean;
  readonly rows: readonly ObjectRow[];
  /** Rows that cannot be used: which of the page, and why. */
  readonly unusable: readonly { readonly row: number; readonly reason: string }[];
}

/** True when a text may be such a page: what begins so is read whole, because what matters may stand at its end. */
export function mayBeDirectory(head: string): boolean {
  return isPageOfDirectory(head) || /"proxyAddresses"\s*:/.test(head);
}

/** True when a text begins as such a page does. */
export function isPageOfDirectory(head: string): boolean {
  return /"@odata\.context"\s*:\s*"[^"]*#(?:users|groups|contacts)(?:\((?!')|\/|")/.test(head);
}

/** The pages in a text: one, a list of some, or one on each line. Undefined when it is something else. */
export function directoryPagesIn(text: string): readonly DirectoryPage[] | undefined {
  const whole = fromJson(text);
  const found =
    whole === undefined
      ? text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [fromJson(line)]))
      : Array.isArray(whole)
        ? (whole as unknown[])
        : [whole];
  const pages = found.map(pageIn);
  return pages.length > 0 && pages.every((each) => each !== undefined) ? pages : undefined;
}

function pageIn(value: unknown): DirectoryPage | undefined {
  if (!isRecord(value) || !Array.isArray(value['value'])) {
    return undefined;
  }
  const context = value['@odata.context'];
  // Not of one user, whose collections begin in the same way: #users('...')/messages.
  const [, name, delta] =
    /#(users|groups|contacts)(?:\((?!')[^']*\))?(\/\$delta)?$/i.exec(
      typeof context === 'string' ? context : '',
    ) ?? [];
  const collection = COLLECTIONS.find((each) => each === name?.toLowerCase());
  if (collection === undefined) {
    return undefined;
  }
  const rows = value['value'] as unknown[];
  const read = rows.map((row) => rowIn(row));
  const [next, deltaLink] = [value['@odata.nextLink'], value['@odata.deltaLink']];
  return {
    collection,
    hasNext: typeof next === 'string' && next !== '',
    isDelta:
      delta !== undefined ||
      (typeof deltaLink === 'string' && deltaLink !== '') ||
      (typeof next === 'string' && /\/delta\b/.test(next)) ||
      rows.some((row) => isRecord(row) && row['@removed'] !== undefined),
    rows: read.filter((each) => typeof each !== 'string'),
    unusable: read.flatMap((each, row) =>
      typeof each === 'string' ? [{ row, reason: each }] : [],
    ),
  };
}

function rowIn(row: unknown): ObjectRow | string {
  if (!isRecord(row)) {
    return 'the row is no object';
  }
  try {
    return toObjectRow(row);
  } catch (error) {
    if (error instanceof RowError) {
      return error.message;
    }
    throw error;
  }
}
