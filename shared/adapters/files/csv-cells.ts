import { parse, type CsvError, type Info, type Parser } from 'csv-parse';

/** The cells of one row of a CSV file, or why it could not be read. `line` is where it begins. */
export type CsvCells =
  | { readonly cells: readonly string[]; readonly line: number }
  | { readonly problem: string; readonly line: number };

const MAX_ROW_LENGTH = 64 * 1024 * 1024;
// The parser works in steps of this size, and what one step gives is handed on before the next.
const STEP = 64 * 1024;

/**
 * Cuts CSV text into cells without holding more than a piece of it. Cells may hold line breaks. Every row must have
 * as many cells as the header; one that has not is handed on as a problem, and the rest goes on.
 */
export async function* cutCells(chunks: AsyncIterable<string>): AsyncGenerator<CsvCells[]> {
  let batch: CsvCells[] = [];
  let parser: Parser | undefined;
  for await (const chunk of chunks) {
    parser ??= parserFor(chunk, (cells) => batch.push(cells));
    const bytes = Buffer.from(chunk);
    for (let from = 0; from < bytes.length; from += STEP) {
      await written(parser, bytes.subarray(from, from + STEP));
      if (batch.length > 0) {
        yield batch;
        batch = [];
      }
    }
  }
  if (parser !== undefined) {
    await ended(parser);
    if (batch.length > 0) {
      yield batch;
    }
  }
}

function parserFor(head: string, hand: (cells: CsvCells) => void): Parser {
  const parser = parse({
    delimiter: delimiterOf(head),
    info: true,
    bom: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_LENGTH,
    on_skip: (error) => {
      const line = error?.['lines'];
      hand({ problem: problemOf(error), line: typeof line === 'number' ? line : 1 });
      return undefined;
    },
  });
  parser.on('data', ({ record, info }: { record: string[]; info: Info }) => {
    hand({ cells: record, line: info.lines - linesIn(record) });
  });
  return parser;
}

function written(parser: Parser, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(bytes, (error) => {
      if (error) {
        reject(error);
      } else {
        resolve();
      }
    });
  });
}

function ended(parser: Parser): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.once('end', resolve).once('error', reject);
    parser.end();
  });
}

// A comma, a semicolon (spreadsheets of half of Europe) or a tab, whichever the header holds most of.
function delimiterOf(head: string): string {
  const line = /^[^\r\n]*/.exec(head.trimStart())?.[0] ?? '';
  const outside = line.replace(/"[^"]*"/g, '');
  const times = (delimiter: string): number => outside.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (times(each) > times(best) ? each : best));
}

function linesIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
}

// The parser's own messages quote the row.
function problemOf(error: CsvError | undefined): string {
  const known = error === undefined ? undefined : PROBLEMS.get(error.code);
  return known ?? 'a quotation mark of the row stands where none may stand';
}

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['CSV_QUOTE_NOT_CLOSED', 'the file ends in the middle of a row'],
  ['CSV_RECORD_INCONSISTENT_FIELDS_LENGTH', 'the row has more or fewer cells than the header'],
  ['CSV_MAX_RECORD_SIZE', `the row is longer than ${MAX_ROW_LENGTH / 1024 / 1024} MB`],
]);
