import type { Source } from '../../domain/record';
import type { ExportedRow, ExportPage, SkippedRow } from '../../pipeline/analyze';
import type { Wanted } from '../../pipeline/ports';
import { readRow } from '../rows/read-row';
import { recognise } from '../rows/shapes';
import { readExport, UnreadableFileError, type FileRow } from './read-file';

export interface ExportOptions {
  readonly wanted: Readonly<Record<Source, Wanted>>;
  /** Called with the bytes read so far of each file. */
  readonly onBytes?: (bytes: number) => void;
  /** Called for a file that cannot be read at all; the others go on. */
  readonly onUnreadable: (error: UnreadableFileError) => void;
}

/** Reads exported logs one after the other, whatever their format, and tells per row what became of it. */
export async function* readExports(
  files: readonly string[],
  options: ExportOptions,
): AsyncGenerator<ExportPage> {
  for (const file of files) {
    try {
      for await (const batch of readExport(file, options)) {
        yield toPage(batch, options.wanted);
      }
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) {
        throw error;
      }
      options.onUnreadable(error);
    }
  }
}

function toPage(batch: readonly FileRow[], wanted: ExportOptions['wanted']): ExportPage {
  const rows: ExportedRow[] = [];
  const skipped: SkippedRow[] = [];
  for (const each of batch) {
    const { file, line } = each;
    const skip = (reason: string, isMalformed: boolean, source?: Source): void => {
      skipped.push({ file, line, reason, isMalformed, ...(source !== undefined && { source }) });
    };
    if ('problem' in each) {
      skip(each.problem, true);
      continue;
    }
    const recognised = recognise(each.row);
    if ('ignored' in recognised) {
      skip(recognised.ignored, false);
      continue;
    }
    if ('malformed' in recognised) {
      skip(recognised.malformed, true);
      continue;
    }
    const { source, row } = recognised;
    const read = readRow(source, row, wanted[source]);
    if ('malformed' in read) {
      skip(read.malformed.reason, true, source);
      continue;
    }
    const { at, record } = read;
    const valueOf = (property: string): unknown => row[property];
    rows.push({ source, file, line, at, valueOf, ...(record !== undefined && { record }) });
  }
  return { rows, skipped };
}
