import { cutCells } from './csv-cells';
import { isAmbiguous, orderShownBy, toIsoTime, type DateOrder } from './local-times';
import { DOWNLOAD } from './tell-format';

/** One row of a CSV file as an object, or why it could not be read; `line` is where it begins, `index` counts rows. */
export type CsvRow =
  | { readonly row: Record<string, unknown>; readonly line: number; readonly index: number }
  | { readonly problem: string; readonly line: number; readonly index: number };

/** A CSV file of which nothing can be used. The message says what it is or lacks, and how to get a usable export. */
export class UnusableCsvError extends Error {
  override readonly name = 'UnusableCsvError';
}

const JSON_INSTEAD = `download JSON instead: ${DOWNLOAD}`;

/** The columns that tell when something happened, without the zone that stands behind their names. */
const TIMES: ReadonlySet<string> = new Set(['activitydatetime', 'createddatetime', 'date']);

/**
 * Reads the rows of a CSV export (Log Analytics and Sentinel, the sign-in logs of the Entra admin center, a SIEM) as
 * objects by the names of the header: without a zone behind the name, and without the empty cells.
 * @param open gives the text of the file from its beginning; undefined for what can be read only once.
 * @throws UnusableCsvError
 */
export async function* readCsv(
  text: AsyncIterable<string>,
  open: (() => AsyncIterable<string>) | undefined,
): AsyncGenerator<CsvRow[]> {
  let columns: readonly Column[] | undefined;
  let order: DateOrder | undefined;
  let index = 0;
  for await (const batch of cutCells(text)) {
    const rows: CsvRow[] = [];
    for (const each of batch) {
      if ('problem' in each) {
        rows.push({ ...each, index: index++ });
      } else if (columns === undefined) {
        columns = columnsOf(each.cells);
      } else {
        order ??= await orderOf(columns, each.cells, open);
        rows.push({ row: toRow(columns, each.cells, order), line: each.line, index: index++ });
      }
    }
    if (rows.length > 0) {
      yield rows;
    }
  }
}

interface Column {
  readonly name: string;
  /** The cells are times in UTC, whether or not they say so. */
  readonly isUtcTime: boolean;
}

function columnsOf(header: readonly string[]): readonly Column[] {
  refuseUnusable(header.map((cell) => cell.trim()));
  return header.map((cell) => {
    const { name, zone } = readName(cell);
    const isTime = TIMES.has(name.toLowerCase());
    if (isTime && zone !== undefined && zone.trim().toUpperCase() !== 'UTC') {
      throw new UnusableCsvError(
        `holds times that are not in UTC (${name}); choose UTC as the time zone of the query page and export again`,
      );
    }
    return isTime
      ? { name, isUtcTime: zone !== undefined }
      : { name: cell.trim(), isUtcTime: false };
  });
}

function refuseUnusable(names: readonly string[]): void {
  const has = (name: string): boolean => names.includes(name);
  if (has('ActorUserPrincipalName') || has('Target1Type') || (has('Service') && has('Activity'))) {
    throw new UnusableCsvError(
      "is the CSV of the Entra admin center's audit log, which has no ids of the records and not all changed " +
        `properties (modifiedProperties); ${JSON_INSTEAD}`,
    );
  }
  if (has('Sign-in error code') || has('Request ID')) {
    const lacking = ['Date (UTC)', 'Request ID', 'User ID', 'Client app', 'Conditional Access']
      .filter((name) => !has(name))
      .concat(has('Status') || has('Sign-in error code') ? [] : ['Status']);
    if (lacking.length > 0) {
      throw new UnusableCsvError(
        `is a CSV of the Entra admin center that lacks ${lacking.join(', ')}; ${JSON_INSTEAD}`,
      );
    }
  } else if (
    names[0]?.endsWith('(UTC)') === true &&
    !TIMES.has(readName(names[0]).name.toLowerCase())
  ) {
    throw new UnusableCsvError(
      `is a CSV of the Entra admin center in a language other than English; ${JSON_INSTEAD}`,
    );
  } else if (has('Date (UTC)')) {
    throw new UnusableCsvError(
      `is a CSV of the Entra admin center that has no ids of the records; ${JSON_INSTEAD}`,
    );
  }
}

// "ActivityDateTime [UTC]", "Date (UTC)"
function readName(cell: string): { readonly name: string; readonly zone: string | undefined } {
  const [, name = '', square, round] =
    /^\s*(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\))?\s*$/.exec(cell) ?? [];
  return { name, zone: square ?? round };
}

function toRow(
  columns: readonly Column[],
  cells: readonly string[],
  order: DateOrder | undefined,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [at, { name, isUtcTime }] of columns.entries()) {
    const cell = cells[at] ?? '';
    if (cell !== '' && !Object.hasOwn(row, name)) {
      row[name] = isUtcTime ? inUtc(cell, order) : cell;
    }
  }
  return row;
}

function inUtc(cell: string, order: DateOrder | undefined): string {
  const withoutZone = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?$/.test(cell);
  return withoutZone ? `${cell}Z` : (toIsoTime(cell, order) ?? cell);
}

// Most languages write the day first and some the month: one day after the 12th in the file tells.
async function orderOf(
  columns: readonly Column[],
  cells: readonly string[],
  open: (() => AsyncIterable<string>) | undefined,
): Promise<DateOrder | undefined> {
  const times = columns.flatMap(({ isUtcTime }, at) => (isUtcTime ? [at] : []));
  const doubtful = times.map((at) => cells[at] ?? '').find(isAmbiguous);
  if (doubtful === undefined) {
    return undefined;
  }
  if (open === undefined) {
    throw new UnusableCsvError(
      'holds times in the format of a language, for which the whole file must be looked through first; save it to a ' +
        'file and name that file',
    );
  }
  for await (const batch of cutCells(open())) {
    for (const each of batch) {
      const shown = times
        .map((at) => orderShownBy(('cells' in each ? each.cells[at] : undefined) ?? ''))
        .find((one) => one !== undefined);
      if (shown !== undefined) {
        return shown;
      }
    }
  }
  const names = times.map((at) => columns[at]?.name ?? '').join(', ');
  throw new UnusableCsvError(
    `does not tell day from month: ${names} holds times such as "${doubtful.trim()}"; add ` +
      '"| extend ActivityDateTime = tostring(ActivityDateTime)" (sign-ins: CreatedDateTime) to the query and export ' +
      'again, or download JSON from the Entra admin center',
  );
}
