import type { Contents, MemoryTables } from '../../shared/adapters/memory/memory-table';
import { fromColumns, toColumns } from '../../shared/adapters/tables/columns';
import { FORMAT, type Formats } from '../../shared/adapters/tables/formats';
import type { Row, StoredRow } from '../../shared/adapters/tables/guards';
import { digestOf, linked } from '../../shared/domain/hash-chain';

/**
 * A version 0 that never was: every field of every row had another name. Its hashes are of these words, as those of
 * rows are that an older version has really written.
 */
const OLD = 'old_';
const KEPT = ['hash', 'previous'];
type Content = Record<string, unknown>;

/** Reads rows of version 0 beside those of today. */
export const READING_VERSION_0: Formats = {
  current: 1,
  upcasts: new Proxy(
    {},
    { get: () => (row: StoredRow) => withContent(row, renamed(row, toToday)) },
  ),
};

const toToday = (name: string): string => (name.startsWith(OLD) ? name.slice(OLD.length) : name);
const toOld = (name: string): string => (KEPT.includes(name) ? name : OLD + name);

/** Makes every row one of version 0. @returns the hashes of today and those that stand for them. */
export function makeOlder(tables: MemoryTables, names: readonly string[]): Map<string, string> {
  const hashes = new Map<string, string>();
  const all = names.flatMap((name) => {
    const contents = tables.contents(name);
    return [...contents.rows.values()].map((row) => ({ contents, row }));
  });
  // Chains first, each from its beginning; the chain of the whole record names the heads of the others.
  const order = (row: StoredRow): string =>
    /^[hs]\|/.test(row.rowKey) ? '0' : row.rowKey.startsWith('c|') ? '1' : '2';
  const keyOf = (row: StoredRow): string => `${order(row)} ${row.partitionKey} ${row.rowKey}`;
  for (const { contents, row } of all.toSorted((a, b) => (keyOf(a.row) < keyOf(b.row) ? -1 : 1))) {
    put(contents, row, hashes);
  }
  return hashes;
}

function put(contents: Contents, row: StoredRow, hashes: Map<string, string>): void {
  if (row['json'] === undefined) {
    contents.put({ ...row, [FORMAT]: 0 });
    return;
  }
  const { hash, previous, ...rest } = JSON.parse(
    replaced(JSON.stringify(renamed(row, toOld)), hashes),
  ) as Content;
  const isLink = /^[hsc]\|/.test(row.rowKey) && typeof hash === 'string';
  const content = isLink
    ? linked(rest, String(previous))
    : { ...rest, ...defined({ hash, previous }) };
  if (isLink) {
    hashes.set(hash, (content as { hash: string }).hash);
  }
  const old = withContent(row, content);
  contents.put({
    ...old,
    ...(row['digest'] !== undefined && { digest: digestOf(content) }),
    [FORMAT]: 0,
  });
}

/** A text with the hashes of today replaced by those of version 0. */
export function replaced(text: string, hashes: ReadonlyMap<string, string>): string {
  return text.replace(/[0-9a-f]{64}/g, (hash) => hashes.get(hash) ?? hash);
}

function renamed(row: Row, name: (name: string) => string): Content {
  return Object.fromEntries(
    Object.entries(fromColumns(row)).map(([key, value]) => [name(key), value as unknown]),
  );
}

function withContent(row: StoredRow, content: object): StoredRow {
  const columns = Object.entries(row).filter(([name]) => !/^json\d*$/.test(name));
  return { ...(Object.fromEntries(columns) as StoredRow), ...toColumns(content) };
}

function defined(fields: Content): Content {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
