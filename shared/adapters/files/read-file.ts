import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { cutObjects, type Cut } from './cut-objects';

/** A row of an exported log, or why there is none. */
export type FileRow =
  | {
      readonly file: string;
      readonly line: number;
      readonly index: number;
      readonly row: Record<string, unknown>;
    }
  | {
      readonly file: string;
      readonly line: number;
      readonly index: number;
      readonly problem: string;
    };

/** A file that cannot be read at all; the others go on. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
  readonly file: string;

  constructor(file: string, problem: string, cause?: unknown) {
    super(`${file}: ${problem}`, { cause });
    this.file = file;
  }
}

const CSV_LACKS =
  "is the portal's CSV, which lacks the modified properties and policies that the detectors need; download JSON " +
  'instead: Entra admin center > Monitoring & health > Audit logs or Sign-in logs > Download > JSON';
const NOT_JSON =
  'is not JSON; give it a Graph response, the JSON download of the portal, NDJSON, or a diagnostic-settings or Log ' +
  'Analytics export';
/** Files in a folder that are plainly something else. Anything more is tried, and said when it is no log. */
const NO_LOG = new Set(['.md', '.png', '.jpg', '.pdf', '.zip', '.xlsx', '.docx', '.html', '.exe']);

/**
 * The files to read: files as given, folders with everything below them, sorted, `-` as it is.
 * @throws UnreadableFileError when a path does not exist or a folder holds no file.
 */
export async function listExports(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const input of inputs) {
    files.push(...(input === '-' ? [input] : await list(input)));
  }
  return files;
}

async function list(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) {
      return [path];
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && isMaybeLog(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (files.length === 0) {
      throw new UnreadableFileError(path, 'the folder holds no exported log');
    }
    return files;
  } catch (error) {
    throw toUnreadable(path, error);
  }
}

function isMaybeLog(name: string): boolean {
  return !name.startsWith('.') && !NO_LOG.has(extname(name).toLowerCase());
}

/**
 * Reads the rows of one exported log, in batches: plain or gzipped, in UTF-8 or UTF-16, whatever the container.
 * @throws UnreadableFileError when the file cannot be opened or holds no JSON at all. What is wrong with single rows
 * comes back in their place.
 */
export async function* readExport(
  path: string,
  options: { readonly onBytes?: (bytes: number) => void } = {},
): AsyncGenerator<FileRow[]> {
  const file = path === '-' ? 'standard input' : path;
  const input: AsyncIterable<Uint8Array> = path === '-' ? process.stdin : createReadStream(path);
  try {
    const text = refuseOtherText(file, decode(unzip(counted(input, options.onBytes))));
    for await (const cuts of cutObjects(text)) {
      yield cuts.map((cut) => toRow(file, cut));
    }
  } catch (error) {
    throw toUnreadable(file, error);
  }
}

function toRow(file: string, cut: Cut): FileRow {
  const { line, index } = cut;
  if ('problem' in cut) {
    return { file, line, index, problem: cut.problem };
  }
  try {
    return { file, line, index, row: JSON.parse(cut.text) as Record<string, unknown> };
  } catch {
    // The parser's message quotes the row, which may hold anything.
    return { file, line, index, problem: 'the record is not valid JSON' };
  }
}

function toUnreadable(file: string, error: unknown): Error {
  if (error instanceof UnreadableFileError) {
    return error;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const problem = PROBLEMS[code];
  return problem === undefined && error instanceof Error
    ? error
    : new UnreadableFileError(file, problem ?? 'cannot be read', error);
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'may not be read by this user; check its permissions',
  EPERM: 'may not be read by this user; check its permissions',
  EISDIR: 'is a folder',
  EIO: 'the disk or share failed while it was read; copy it and try again',
  Z_BUF_ERROR: 'the gzip file ends too early; copy or download it again',
  Z_DATA_ERROR: 'the gzip file is damaged; copy or download it again',
};

async function* counted(
  input: AsyncIterable<Uint8Array>,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

/** Unzips when the content says so; the name may lie. */
async function* unzip(input: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { start, rest } = await peek(input, 2);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* rest;
    return;
  }
  const gunzip = createGunzip();
  const feeding = (async () => {
    for await (const chunk of rest) {
      if (!gunzip.write(chunk)) {
        await new Promise((resolve) => gunzip.once('drain', resolve));
      }
    }
    gunzip.end();
  })();
  feeding.catch((error: unknown) => gunzip.destroy(error as Error));
  for await (const chunk of gunzip) {
    yield chunk as Uint8Array;
  }
}

async function* decode(input: AsyncGenerator<Uint8Array>): AsyncGenerator<string> {
  const { start, rest } = await peek(input, 4);
  const decoder = new TextDecoder(encodingOf(start));
  for await (const chunk of rest) {
    yield decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}

/** By its byte order mark, or by where the zero bytes of the first two characters stand. */
function encodingOf(start: Uint8Array): string {
  const [a, b, c, d] = start;
  if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && c !== 0 && d === 0)) {
    return 'utf-16le';
  }
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0 && d !== 0)) {
    return 'utf-16be';
  }
  return 'utf-8';
}

async function* refuseOtherText(
  file: string,
  input: AsyncGenerator<string>,
): AsyncGenerator<string> {
  let start = '';
  let isChecked = false;
  for await (const chunk of input) {
    start = isChecked ? '' : start + chunk;
    if (!isChecked && start.trim() !== '') {
      isChecked = true;
      refuse(file, start.trimStart());
      yield start;
    } else if (isChecked) {
      yield chunk;
    }
  }
}

function refuse(file: string, start: string): void {
  if (start.startsWith('{') || start.startsWith('[')) {
    return;
  }
  const [line = ''] = start.slice(0, 4_096).split(/\r?\n/);
  const isCsv = line.split(/[,;\t]/).length > 3 && /date|correlation|request ?id/i.test(line);
  throw new UnreadableFileError(file, isCsv ? CSV_LACKS : NOT_JSON);
}

/** Looks at the first bytes without taking them away. */
async function peek(
  input: AsyncGenerator<Uint8Array>,
  count: number,
): Promise<{ start: Uint8Array; rest: AsyncGenerator<Uint8Array> }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < count) {
    const next = await input.next();
    if (next.done === true) {
      break;
    }
    chunks.push(next.value);
    length += next.value.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    yield* chunks;
    yield* input;
  }
  return { start: Buffer.concat(chunks).subarray(0, count), rest: rest() };
}
