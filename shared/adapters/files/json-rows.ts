/** Of the properties of a page that hold its rows. */
const MAX_NAME = 'records'.length;

/** A name in an object that comes in pieces: does it hold rows? */
export class Key {
  /** Where it begins in this chunk; what came in earlier chunks is held. */
  start = 0;
  holdsRows = false;
  #held = '';

  close(chunk: string, end: number): void {
    if (this.#held !== '') {
      const key = this.#held + chunk.slice(this.start, end);
      this.holdsRows = key === 'value' || key === 'records';
      this.#held = '';
      return;
    }
    const length = end - this.start;
    this.holdsRows =
      (length === 5 && chunk.startsWith('value', this.start)) ||
      (length === 7 && chunk.startsWith('records', this.start));
  }

  /** The chunk is over. @param isOpen in the middle of it. */
  carryOver(chunk: string, isOpen: boolean): void {
    if (isOpen && this.#held.length <= MAX_NAME) {
      // Longer than any name that matters is enough of a long text.
      this.#held += chunk.slice(this.start, this.start + MAX_NAME + 1);
    }
    this.start = 0;
  }

  forget(): void {
    this.#held = '';
  }
}

const BEGINS_PAGE = /^\{\s*"(?:value|records|@odata\.context)"/;

/** The row that a whole line is, and where the line ends; undefined for a page, and for what is no row or goes on. */
export function rowOnLine(
  chunk: string,
  at: number,
  longestRow: number,
):
  | { readonly text: string; readonly row: Record<string, unknown>; readonly end: number }
  | undefined {
  const end = chunk.indexOf('\n', at);
  const text = end === -1 ? '' : chunk.slice(at, end).trimEnd();
  if (!text.endsWith('}') || text.length > longestRow || BEGINS_PAGE.test(text)) {
    return undefined;
  }
  const row = parseRow(text);
  const isPage = Array.isArray(row?.['value']) || Array.isArray(row?.['records']);
  return row === undefined || isPage ? undefined : { text, row, end };
}

function parseRow(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // whoever reads on character by character says what is wrong
  }
}
