import type { Log } from '../../domain/record';
import { stat } from 'node:fs/promises';
import { fromEpoch, justAfter, type Instant } from '../../domain/time';
import type { ExportedRow, ExportPage, SkippedRow } from '../../pipeline/queries/export-tally';
import type { Wanted } from '../../pipeline/ports/record-source';
import { readRow } from '../rows/read-row';
import { SUBJECT_OF_UNREADABLE } from '../rows/subject';
import { unwrap, type Known } from '../rows/unwrap';
import type { DirectoryPage } from './directory-pages';
import { listExports, readExport, UnreadableFileError, type FileRow } from './read-file';

export interface ExportOptions {
  readonly wanted: Readonly<Record<Log, Wanted>>;
  /** Called with the bytes read so far of each file. */
  readonly onBytes?: (bytes: number) => void;
  /**
   * When the directory objects of a file were read, where somebody says so; else the file says when it was written. Of
   * standard input, `-`, somebody must.
   */
  readonly observedAt?: (file: string) => Instant | undefined;
}

/**
 * Reads exported logs one after the other, whatever their format, and tells per row what became of it. A file or
 * folder that cannot be read at all is handed on as such, and the others go on.
 */
export async function* readExports(
  inputs: readonly string[],
  options: ExportOptions,
): AsyncGenerator<ExportPage> {
  const read = new Set<string>();
  for (const input of inputs) {
    try {
      for (const file of await listExports([input])) {
        if (!read.has(file)) {
          read.add(file);
          yield* readOne(file, options);
        }
      }
    } catch (error) {
      yield toUnreadablePage(error);
    }
  }
}

async function* readOne(file: string, options: ExportOptions): AsyncGenerator<ExportPage> {
  try {
    for await (const batch of readExport(file, options)) {
      yield toPage(batch, options.wanted);
      for (const each of batch) {
        if ('page' in each) {
          yield await toDirectoryPage(file, each.page, options);
        }
      }
    }
  } catch (error) {
    yield toUnreadablePage(error);
  }
}

async function toDirectoryPage(
  file: string,
  page: DirectoryPage,
  { observedAt }: ExportOptions,
): Promise<ExportPage> {
  const source = 'directoryObjects';
  const said = observedAt?.(file);
  const at = said ?? (await modifiedAt(file));
  const { rows, unusable, ...about } = page;
  return {
    rows: rows.map((object) => ({ source, file, line: 1, at, object, valueOf: () => undefined })),
    skipped: unusable.map(({ row, reason }) => ({
      ...{ source, file, line: 1, isMalformed: true, isMissed: true },
      reason: `row ${row + 1} of the page: ${reason}`,
    })),
    directory: { ...about, file, at, isSaid: said !== undefined, isUsable: unusable.length === 0 },
  };
}

async function modifiedAt(file: string): Promise<Instant> {
  return fromEpoch(Math.floor((await stat(file)).mtimeMs));
}

function toUnreadablePage(error: unknown): ExportPage {
  if (!(error instanceof UnreadableFileError)) {
    throw error;
  }
  return { rows: [], skipped: [], unreadable: error.message };
}

function toPage(batch: readonly FileRow[], wanted: ExportOptions['wanted']): ExportPage {
  const rows: ExportedRow[] = [];
  const skipped: SkippedRow[] = [];
  for (const each of batch) {
    const { file, line } = each;
    if ('page' in each) {
      continue;
    }
    if ('problem' in each) {
      skipped.push({ file, line, reason: each.problem, isMalformed: true, isMissed: true });
      continue;
    }
    for (const recognised of unwrap(each.row)) {
      const read = readRecognised(recognised, wanted);
      if ('reason' in read) {
        skipped.push({ file, line, ...read });
      } else {
        rows.push({ file, line, ...read });
      }
    }
  }
  return { rows, skipped };
}

function readRecognised(
  recognised: Known,
  wanted: ExportOptions['wanted'],
): Omit<ExportedRow, 'file' | 'line'> | Omit<SkippedRow, 'file' | 'line'> {
  if ('ignored' in recognised) {
    return { reason: recognised.ignored, isMalformed: false, isMissed: false, isUnneeded: true };
  }
  if ('refused' in recognised) {
    return { reason: recognised.refused, isMalformed: false, isMissed: false };
  }
  const { source, row, flaw } = recognised;
  const read = readRow(source, row, wanted[source]);
  if ('malformed' in read) {
    const { id, reason, missed } = read.malformed;
    return {
      ...{ source, reason: flaw ?? reason, isMalformed: true, isMissed: missed !== undefined },
      ...(missed !== undefined && { missed }),
      ...(id !== undefined && !isNumbering(id) && { id }),
    };
  }
  if (flaw !== undefined) {
    const detectors = wanted[source].neededBy(row);
    const subject = SUBJECT_OF_UNREADABLE[source](row);
    return {
      ...{ source, reason: flaw, isMalformed: true, isMissed: detectors.length > 0 },
      ...(!isNumbering(read.id) && { id: read.id }),
      ...(detectors.length > 0 && {
        missed: {
          ...{ detectors, when: { from: read.at, to: justAfter(read.at) } },
          ...(subject !== undefined && { subject }),
        },
      }),
    };
  }
  const valueOf = (property: string): unknown => row[property];
  return {
    source,
    at: read.at,
    valueOf,
    ...(read.record !== undefined && { record: read.record }),
  };
}

/** Whatever numbers the rows of each file from 1 tells no row from those of another file. */
function isNumbering(id: string): boolean {
  return /^\d{1,12}$/.test(id);
}
