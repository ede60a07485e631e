import { TEXT_LIMIT, type Row } from './guards';

/** A value as JSON over the columns `json`, `json1`, `json2` ..., as many as it needs. */
export function toColumns(value: object): Readonly<Record<string, string>> {
  const text = JSON.stringify(value);
  const columns: Record<string, string> = {};
  for (let from = 0, n = 0; from < text.length; n++) {
    const to = endOf(text, from);
    columns[nameOf(n)] = text.slice(from, to);
    from = to;
  }
  return columns;
}

/** What `toColumns` wrote. The rows are our own: callers trust their shape. */
export function fromColumns(row: Row): unknown {
  let text = '';
  for (let n = 0; typeof row[nameOf(n)] === 'string'; n++) {
    text += row[nameOf(n)] as string;
  }
  return JSON.parse(text) as unknown;
}

// A pair of surrogates stays together: half a pair would not survive the way.
function endOf(text: string, from: number): number {
  const to = from + TEXT_LIMIT;
  const last = text.charCodeAt(to - 1);
  return to < text.length && last >= 0xd800 && last <= 0xdbff ? to - 1 : to;
}

function nameOf(n: number): string {
  return n === 0 ? 'json' : `json${n}`;
}
