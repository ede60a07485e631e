import { recognise, UNKNOWN, type Recognised } from './shapes';
import { fromJson, isGiven, isRecord, type Row } from '../../sources/values';

/** What a row turned out to be: there is a reason for all that is not read. */
export type Known = Exclude<Recognised, { readonly unknown: true }>;

/** What carries Entra records inside its own. */
interface Wrapper {
  readonly name: string;
  readonly property: string;
  /** What the property holds: a record, a list of records, or JSON text of either. */
  readonly open: (row: Row) => unknown;
  /** Nothing else has a property of that name. */
  readonly isCertain?: true;
}

const WRAPPERS: readonly Wrapper[] = [
  { name: 'Log Analytics', property: 'tables', open: rowsOfTables, isCertain: true },
  { name: 'Microsoft Graph $batch', property: 'responses', open: bodiesOf, isCertain: true },
  { name: 'Elasticsearch', property: 'hits.hits', open: at('hits', 'hits'), isCertain: true },
  { name: 'Elastic', property: 'event.original', open: originalOf, isCertain: true },
  { name: 'Elasticsearch', property: '_source', open: at('_source'), isCertain: true },
  { name: 'Splunk', property: '_raw', open: at('_raw'), isCertain: true },
  { name: 'Event Hubs Capture', property: 'Body', open: capturedBody },
  { name: 'Splunk', property: 'result', open: at('result') },
  { name: 'Splunk', property: 'results', open: at('results') },
  { name: 'Splunk', property: 'body', open: at('body') },
  { name: 'Splunk', property: 'event', open: at('event') },
  { name: 'Wazuh', property: 'data', open: at('data') },
  { name: 'Wazuh', property: 'ms-graph', open: at('ms-graph') },
  { name: 'Logstash', property: 'message', open: at('message') },
  { name: 'Log Analytics', property: 'Results', open: at('Results') },
  { name: 'Microsoft Graph', property: 'value', open: at('value') },
  { name: 'diagnostic settings', property: 'records', open: at('records') },
];

/** A wrapper in a wrapper in a wrapper is as deep as anything seen. */
const DEEPEST = 4;

/**
 * Tells what a row of an export is, like `recognise`, and takes it out of what other systems wrap around Entra
 * records. A wrapped row may hold several records; one that holds none is refused by the names of the wrapper and its
 * property.
 */
export function unwrap(row: Record<string, unknown>): readonly Known[] {
  return unwrapped(row, DEEPEST) ?? [{ refused: reasonOf(row) }];
}

/** What is in the row, or undefined when nothing of Entra is. */
function unwrapped(row: Record<string, unknown>, levels: number): readonly Known[] | undefined {
  const recognised = recognise(row);
  if (!('unknown' in recognised)) {
    return [recognised];
  }
  for (const wrapper of levels === 0 ? [] : WRAPPERS) {
    const rows = rowsIn(wrapper.open(row));
    if (rows !== undefined) {
      const found = rows.map((each) => unwrapped(each, levels - 1));
      const isEmpty = rows.length === 0 && wrapper.isCertain === true;
      if (isEmpty || found.some((each) => each !== undefined)) {
        return found.flatMap((each) => each ?? [refusal(wrapper)]);
      }
    }
  }
  return undefined;
}

/** The rows in what a property holds; undefined when it holds no object. */
function rowsIn(content: unknown): readonly Record<string, unknown>[] | undefined {
  const value = typeof content === 'string' ? fromJson(content) : content;
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const rows = list
    .map((each) => (typeof each === 'string' ? fromJson(each) : each))
    .filter(isRecord);
  return rows.length < list.length ? undefined : rows;
}

function reasonOf(row: Row): string {
  const certain = WRAPPERS.find((each) => each.isCertain === true && isGiven(each.open(row)));
  if (certain !== undefined) {
    return refusal(certain).refused;
  }
  const cut = WRAPPERS.find((each) => isCutJson(each.open(row)));
  if (cut !== undefined) {
    return refusal(cut, 'whose JSON text is cut or damaged').refused;
  }
  const path = pathToRecord(row, DEEPEST - 1);
  return path === undefined
    ? UNKNOWN
    : `holds a record of Entra in its property ${path}, where none is looked for; write these records alone to a file, ` +
        `as with: jq -c '.${path}'`;
}

function refusal(
  { name, property }: Wrapper,
  why = 'in which there is no audit or sign-in record as Entra sends it',
): { readonly refused: string } {
  return {
    refused:
      `is wrapped by ${name} in the property ${property}, ${why}; export the unchanged records, or download the log ` +
      'as JSON from the Entra admin center',
  };
}

function isCutJson(content: unknown): boolean {
  return typeof content === 'string' && /^\s*[{[]/.test(content) && fromJson(content) === undefined;
}

const MAX_PROPERTIES = 100;

/** Where in an unknown object a record of Entra stands. Names that are no plain words are not repeated. */
function pathToRecord(row: Row, levels: number): string | undefined {
  for (const [name, content] of Object.entries(row).slice(0, MAX_PROPERTIES)) {
    const [inner] = /^\w{1,40}$/.test(name) ? (rowsIn(content) ?? []) : [];
    if (inner !== undefined) {
      const rest = 'unknown' in recognise(inner) ? undefined : '';
      const path = rest ?? (levels > 1 ? pathToRecord(inner, levels - 1) : undefined);
      if (path !== undefined) {
        return path === '' ? name : `${name}.${path}`;
      }
    }
  }
  return undefined;
}

function at(...path: readonly string[]): (row: Row) => unknown {
  return (row) =>
    path.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), row);
}

// { tables: [{ name, columns: [{ name, type }], rows: [[...]] }] }; the older API writes it in PascalCase.
function rowsOfTables(row: Row): unknown {
  const tables = listOf(row['tables'] ?? row['Tables']);
  return tables?.flatMap((table) => {
    const columns = isRecord(table) ? listOf(table['columns'] ?? table['Columns']) : undefined;
    const rows = isRecord(table) ? listOf(table['rows'] ?? table['Rows']) : undefined;
    const names = columns?.map((each) =>
      isRecord(each) ? (each['name'] ?? each['ColumnName']) : each,
    );
    return names === undefined || rows === undefined
      ? []
      : rows.map((cells) =>
          Object.fromEntries(names.map((name, at) => [String(name), (listOf(cells) ?? [])[at]])),
        );
  });
}

function bodiesOf({ responses }: Row): unknown {
  return listOf(responses)?.map((each) => (isRecord(each) ? each['body'] : each));
}

function originalOf(row: Row): unknown {
  const ofFields = at('fields', 'event.original')(row);
  return row['event.original'] ?? ofFields ?? at('event', 'original')(row);
}

// avro-tools writes bytes as text with one character per byte.
function capturedBody({ Body: body }: Row): unknown {
  const bytes = isRecord(body) ? body['bytes'] : undefined;
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1').toString('utf8') : body;
}

function listOf(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? (value as unknown[]) : undefined;
}
