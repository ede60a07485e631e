import { createReadStream, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CrosscheckError } from '../../domain/errors';
import { readCsv, UnusableCsvError } from './csv-rows';
import { cutObjects, type Cut } from './cut-objects';
import { decode, GzipError } from './decode';
import {
  directoryPagesIn,
  isPageOfDirectory,
  mayBeDirectory,
  type DirectoryPage,
} from './directory-pages';
import { DOWNLOAD, tellFormat } from './tell-format';

/** One row of an export, or why it could not be read; never quotes a value of the row. */
export type FileRow = Place &
  (
    | { readonly row: Readonly<Record<string, unknown>> }
    | { readonly problem: string }
    | { readonly page: DirectoryPage }
  );

interface Place {
  readonly file: string;
  /** Where the row begins, counted from 1. */
  readonly line: number;
  /** Its place among the rows of the file, counted from 0. */
  readonly index: number;
}

export interface ReadOptions {
  /** Called with the size of each piece read, as it is in the file: before unpacking. */
  readonly onBytes?: (bytes: number) => void;
  /** What `-` stands for: standard input, unless told. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** A file or folder of which nothing can be used. */
export class UnreadableFileError extends CrosscheckError {
  override readonly name = 'UnreadableFileError';
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${nameOf(file)}: ${problem}`, options);
    this.file = file;
  }
}

const STDIN = '-';

function nameOf(path: string): string {
  return path === STDIN ? 'standard input' : path;
}

// Larger ones are read no faster, and what is cut out of them is less often still in the processor's cache.
const PIECE = 64 * 1024;

/**
 * Reads the rows of an exported log, of whatever container, encoding and size, in batches and in constant memory.
 * A row that cannot be read is handed on as a problem, and the rest goes on.
 * @throws UnreadableFileError when the file is missing, empty, not allowed or of a format that is not read; and when it
 * breaks off, then after the rows that could be read.
 */
export async function* readExport(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<FileRow[]> {
  let damage: GzipError | undefined;
  let visible = 0;
  async function* textBeforeDamage(): AsyncGenerator<string> {
    try {
      for await (const piece of decode(readBytes(path, options))) {
        visible += piece.trim().length;
        yield piece;
      }
    } catch (error) {
      if (!(error instanceof GzipError)) {
        throw error;
      }
      damage = error;
    }
  }
  const file = nameOf(path);
  const { format, text } = await tellFormat(textBeforeDamage());
  if (typeof format !== 'string') {
    throw new UnreadableFileError(path, format.refused);
  }
  if (format === 'csv') {
    yield* csvRows(path, text);
  } else {
    const { pages, rest } = await directoryPages(path, text);
    yield* pages.map((page, index) => [{ file, line: 1, index, page }]);
    for await (const cuts of cutObjects(rest)) {
      yield cuts.map((cut) => toRow(file, cut));
    }
  }
  if (damage !== undefined) {
    throw new UnreadableFileError(path, damage.message, { cause: damage });
  }
  if (visible === 0) {
    throw new UnreadableFileError(
      path,
      `is empty, so whatever it should hold is missing; a log without records is [] in JSON. Export it again: ${DOWNLOAD}`,
    );
  }
}

/** So much of a file is looked at before it is told what it holds. */
const HEAD = 64 * 1024;
/** A page of Graph has a few megabytes. */
const MAX_PAGE = 128 * 1024 * 1024;

/**
 * The pages of directory objects that a file holds; else all of its text, to be read row by row.
 * @throws UnreadableFileError when they cannot be read.
 */
async function directoryPages(
  path: string,
  text: AsyncIterable<string>,
): Promise<{ readonly pages: readonly DirectoryPage[]; readonly rest: AsyncIterable<string> }> {
  const pieces = text[Symbol.asyncIterator]();
  let held = '';
  let most = HEAD;
  let isAll = false;
  while (!isAll && held.length < most) {
    const next = await pieces.next();
    isAll = next.done === true;
    held += next.done === true ? '' : next.value;
    most = mayBeDirectory(held.slice(0, HEAD)) ? MAX_PAGE : HEAD;
  }
  async function* rest(): AsyncGenerator<string> {
    try {
      yield held;
      while (!isAll) {
        const next = await pieces.next();
        isAll = next.done === true;
        if (next.done !== true) {
          yield next.value;
        }
      }
    } finally {
      await pieces.return?.(undefined); // closes the file when nobody reads on
    }
  }
  if (most === HEAD) {
    return { pages: [], rest: rest() };
  }
  const pages = isAll ? directoryPagesIn(held) : undefined;
  if (pages === undefined && isPageOfDirectory(held.slice(0, HEAD))) {
    await pieces.return?.(undefined);
    const why = isAll ? 'is cut or no valid JSON' : `is larger than ${MAX_PAGE / 1024 ** 2} MB`;
    throw new UnreadableFileError(
      path,
      `holds a page of directory objects that ${why}; save every answer of Graph as it came, each to a file of its own`,
    );
  }
  return pages === undefined ? { pages: [], rest: rest() } : { pages, rest: nothing() };
}

async function* nothing(): AsyncGenerator<string> {
  // Every row of the file is in its pages.
}

async function* csvRows(path: string, text: AsyncIterable<string>): AsyncGenerator<FileRow[]> {
  const file = nameOf(path);
  const open =
    path === STDIN ? undefined : (): AsyncIterable<string> => decode(readBytes(path, {}));
  let lineBreaks = 0;
  async function* watched(): AsyncGenerator<string> {
    for await (const piece of text) {
      lineBreaks += lineBreaks === 0 && /[\r\n]/.test(piece) ? 1 : 0;
      yield piece;
    }
  }
  try {
    for await (const rows of readCsv(watched(), open)) {
      yield rows.map((row) => ({ file, ...row }));
    }
    if (lineBreaks === 0) {
      throw new UnusableCsvError(
        'ends in the middle of the names of its columns; copy or export it again',
      );
    }
  } catch (error) {
    if (!(error instanceof UnusableCsvError)) {
      throw error;
    }
    throw new UnreadableFileError(path, error.message, { cause: error });
  }
}

const OTHER_EXTENSIONS = new Set(
  (
    '.7z .bmp .cmd .css .dll .doc .docx .exe .gif .htm .html .jpeg .jpg .js .md .mp4 .pdf .png .ppt .pptx .ps1 .py ' +
    '.rar .sh .svg .tar .tgz .toml .ts .xls .xlsx .xml .yaml .yml .zip'
  ).split(' '),
);

/**
 * The files to read: folders become their files, in order of name, without hidden ones and those that are plainly
 * something else.
 * @throws UnreadableFileError when something is missing, or a folder holds no file to read.
 */
export async function listExports(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const input of inputs) {
    if (input !== STDIN && (await isFolder(input))) {
      const found = await listFolder(input);
      if (found.length === 0) {
        throw new UnreadableFileError(
          input,
          `the folder holds no exported log; put JSON files there (${DOWNLOAD})`,
        );
      }
      files.push(...found);
    } else {
      files.push(input);
    }
  }
  return [...new Set(files)];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw toUnreadable(path, error);
  }
}

async function listFolder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      files.push(...(await listFolder(path)));
    } else if (entry.isFile() && !OTHER_EXTENSIONS.has(extname(entry.name).toLowerCase())) {
      files.push(path);
    }
  }
  return files;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith('.'))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    throw toUnreadable(folder, error);
  }
}

async function* readBytes(path: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> =
    path === STDIN
      ? (options.stdin ?? process.stdin)
      : createReadStream(path, { highWaterMark: PIECE });
  try {
    for await (const piece of stream) {
      options.onBytes?.(piece.length);
      yield piece;
    }
  } catch (error) {
    throw toUnreadable(path, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'there is no such file or folder; check the path',
  EACCES: 'may not be read by this account; check its permissions',
  EPERM: 'may not be read by this account; check its permissions',
  EISDIR: 'is a folder; name the files in it',
};

function toUnreadable(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) {
    return error as Error; // not of the file system: a fault of the program
  }
  const reason = REASONS[code] ?? `reading failed (${code}); copy it to a local disk and try again`;
  return new UnreadableFileError(path, reason, { cause: error });
}

function toRow(file: string, cut: Cut): FileRow {
  const { line, index } = cut;
  if ('problem' in cut) {
    return { file, line, index, problem: cut.problem };
  }
  if (cut.row !== undefined) {
    return { file, line, index, row: cut.row };
  }
  try {
    return { file, line, index, row: JSON.parse(cut.text) as Record<string, unknown> };
  } catch (error) {
    return { file, line, index, problem: `the record is not valid JSON${reasonOf(error)}` };
  }
}

// The parser's messages may quote a piece of the row, which may hold anything: those are left out.
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const known = /^((?:Bad|Expected|Unterminated|Exponent|No number) .*) in JSON at position (\d+)/;
  const [, reason, position] = known.exec(message) ?? [];
  return reason === undefined
    ? ''
    : `: ${reason.charAt(0).toLowerCase()}${reason.slice(1)} (character ${Number(position) + 1})`;
}
