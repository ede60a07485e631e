import {
  BACKSLASH,
  BYTE_ORDER_MARK,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  NEWLINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
  isEscapable,
  isOpening,
  lastVisibleOf,
} from './json-characters';
import { Key, rowOnLine } from './json-rows';

/**
 * The text of one row, or why there is none; `line` is where it begins and `index` counts the rows of the file. A row
 * that was parsed to find its end comes with what it says.
 */
export type Cut =
  | {
      readonly text: string;
      readonly row?: Readonly<Record<string, unknown>>;
      readonly line: number;
      readonly index: number;
    }
  | { readonly problem: string; readonly line: number; readonly index: number };

const MEGABYTE = 1024 * 1024;
const MAX_ROW_LENGTH = 64 * MEGABYTE;

/**
 * Cuts the row objects out of JSON text that comes in pieces, without ever holding more than one row: out of Graph
 * pages (`value`), diagnostic records (`records`), arrays, one object per line, and any of these one after another.
 * The rows are not parsed, so a row that is balanced but wrong is found out by whoever parses it.
 */
export async function* cutObjects(
  chunks: AsyncIterable<string>,
  longestRow: number = MAX_ROW_LENGTH,
): AsyncGenerator<Cut[]> {
  const cutter = new Cutter(longestRow);
  for await (const chunk of chunks) {
    const cuts = cutter.cut(chunk);
    if (cuts.length > 0) {
      yield cuts;
    }
  }
  const last = cutter.end();
  if (last.length > 0) {
    yield last;
  }
}

/** What holds rows: an array, or the page object around one. */
interface Container {
  readonly kind: 'array' | 'page';
  readonly line: number;
}

/** What the next character belongs to. */
type Place = 'between rows' | 'object' | 'other value' | 'line that is not JSON';

class Cutter {
  readonly #longestRow: number;
  #cuts: Cut[] = [];
  #index = 0;
  #place: Place = 'between rows';
  readonly #containers: Container[] = [];
  #line = 1;
  /** Where the line begins in this chunk; negative when it began in an earlier one. */
  #lineStart = 0;
  /** Whether the last document stood on one line, as in a file with one record per line. */
  #oneLinePerDocument = false;
  /** The last character before this chunk that is not blank. */
  #lastVisible = 0;

  // The object, or other value, that is being read.
  #depth = 0;
  #inString = false;
  #escaped = false;
  #startLine = 1;
  /** Where it begins in this chunk; what came in earlier chunks is in `held`. */
  #start = 0;
  #held = '';
  #tooLong = false;
  /** False for what is left of a page after its rows: that is only skipped. */
  #isRow = true;
  /** The last string at depth 1. */
  readonly #key = new Key();

  constructor(longestRow: number) {
    this.#longestRow = longestRow;
  }

  cut(chunk: string): Cut[] {
    let at = 0;
    while (at < chunk.length) {
      at = this.#read(chunk, at);
    }
    this.#carryOver(chunk);
    return this.#take();
  }

  end(): Cut[] {
    const container = this.#containers.at(-1);
    if (this.#place === 'object' && this.#isRow) {
      this.#startRow();
      this.#report(
        `the file ends in the middle of a record that begins on line ${this.#startLine}`,
        this.#startLine,
      );
    } else if (container !== undefined) {
      this.#report(
        `the file ends in the middle of a list that begins on line ${container.line}`,
        container.line,
      );
    }
    return this.#take();
  }

  #read(chunk: string, at: number): number {
    switch (this.#place) {
      case 'between rows':
        return this.#readBetween(chunk, at);
      case 'object':
        return this.#readObject(chunk, at);
      case 'other value':
        return this.#skipValue(chunk, at);
      case 'line that is not JSON':
        return this.#skipLine(chunk, at);
    }
  }

  #readBetween(chunk: string, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (code === NEWLINE) {
        this.#newLine(at);
      } else if (code === OPEN_OBJECT) {
        const next = this.#readLine(chunk, at);
        if (next !== undefined) {
          return next;
        }
        this.#openRow(at);
        return at + 1;
      } else if (code === OPEN_ARRAY) {
        this.#containers.push({ kind: 'array', line: this.#line });
      } else if (code === CLOSE_ARRAY && this.#containers.length > 0) {
        this.#closeArray();
        if (this.#place === 'object') {
          return at + 1;
        }
      } else if (code > SPACE && code !== COMMA && code !== BYTE_ORDER_MARK) {
        this.#openOther();
        return at;
      }
    }
    return chunk.length;
  }

  // The usual export is one record per line: a line that is one is parsed at once, which is several times as fast as
  // looking for its end. Any other line is read character by character.
  #readLine(chunk: string, at: number): number | undefined {
    const isWhole = this.#containers.length === 0 && at === this.#lineStart;
    const found = isWhole ? rowOnLine(chunk, at, this.#longestRow) : undefined;
    if (found === undefined) {
      return undefined;
    }
    const { text, row, end } = found;
    this.#cuts.push({ text, row, line: this.#line, index: this.#index++ });
    this.#oneLinePerDocument = true;
    return end; // the line break is for whoever counts lines
  }

  // The hot loop: one comparison chain per character, state in locals.
  #readObject(chunk: string, from: number): number {
    const end = chunk.length;
    let depth = this.#depth;
    let inString = this.#inString;
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      at += isEscapable(chunk.charCodeAt(at)) ? 1 : 0;
    }
    while (at < end) {
      if (inString) {
        for (; at < end; at++) {
          const code = chunk.charCodeAt(at);
          if (code === QUOTE) {
            inString = false;
            if (depth === 1) {
              this.#key.close(chunk, at);
            }
            at++;
            break;
          }
          if (code === BACKSLASH) {
            // A backslash at the end of a chunk escapes the first character of the next one.
            this.#escaped = at + 1 === end;
            at += isEscapable(chunk.charCodeAt(at + 1)) ? 1 : 0;
          } else if (code === NEWLINE) {
            this.#newLine(at);
          } else if (isOpening(code) && at === this.#lineStart) {
            // No string holds a line break, so this line begins another record.
            return this.#cutShort(at);
          }
        }
        continue;
      }
      const code = chunk.charCodeAt(at);
      if (code === QUOTE) {
        inString = true;
        this.#key.start = at + 1;
      } else if (isOpening(code)) {
        if (at === this.#lineStart && this.#beginsAnother(chunk, at)) {
          return this.#cutShort(at);
        }
        if (depth === 1 && code === OPEN_ARRAY && this.#key.holdsRows) {
          this.#openPage();
          return at + 1;
        }
        depth++;
      } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
        depth--;
        if (depth === 0) {
          this.#closeObject(chunk, at + 1);
          return at + 1;
        }
      } else if (code === NEWLINE) {
        this.#newLine(at);
      }
      at++;
    }
    this.#depth = depth;
    this.#inString = inString;
    return end;
  }

  // A number, a text or null among the rows of an array.
  #skipValue(chunk: string, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (this.#escaped) {
        this.#escaped = false;
      } else if (this.#inString) {
        this.#escaped = code === BACKSLASH;
        this.#inString = code !== QUOTE;
      } else if (code === QUOTE) {
        this.#inString = true;
      } else if (code === COMMA || code === CLOSE_ARRAY || isOpening(code)) {
        this.#place = 'between rows';
        return at;
      }
      if (code === NEWLINE) {
        this.#newLine(at);
      }
    }
    return chunk.length;
  }

  #skipLine(chunk: string, from: number): number {
    const at = chunk.indexOf('\n', from);
    if (at === -1) {
      return chunk.length;
    }
    this.#place = 'between rows';
    return at;
  }

  #newLine(at: number): void {
    this.#line++;
    this.#lineStart = at + 1;
  }

  #openRow(at: number): void {
    this.#open('object');
    this.#depth = 1;
    this.#isRow = true;
    this.#start = at;
    this.#startLine = this.#line;
    this.#key.holdsRows = false;
  }

  #openOther(): void {
    const isTop = this.#containers.length === 0;
    this.#open(isTop ? 'line that is not JSON' : 'other value');
    this.#report(isTop ? 'the line is not a JSON object' : 'the row is not an object', this.#line);
  }

  #open(place: Place): void {
    this.#place = place;
    this.#inString = false;
    this.#escaped = false;
  }

  // The object turned out to be a page: what was held of it goes, and its rows begin.
  #openPage(): void {
    if (this.#isRow) {
      this.#containers.push({ kind: 'page', line: this.#startLine });
    }
    this.#containers.push({ kind: 'array', line: this.#line });
    this.#startRow();
    this.#place = 'between rows';
  }

  #closeArray(): void {
    this.#closeContainer();
    if (this.#containers.at(-1)?.kind === 'page') {
      this.#open('object');
      this.#depth = 1;
      this.#isRow = false;
      this.#key.holdsRows = false;
    }
  }

  #closeObject(chunk: string, end: number): void {
    this.#place = 'between rows';
    if (!this.#isRow) {
      this.#closeContainer();
      return;
    }
    if (this.#tooLong) {
      const limit = Math.round(this.#longestRow / MEGABYTE);
      this.#report(`the record is longer than ${limit} MB`, this.#startLine);
    } else {
      const text = this.#held + chunk.slice(this.#start, end);
      this.#cuts.push({ text, line: this.#startLine, index: this.#index++ });
    }
    this.#startRow();
    this.#closeDocument(this.#startLine);
  }

  #closeContainer(): void {
    const container = this.#containers.pop();
    if (container !== undefined) {
      this.#closeDocument(container.line);
    }
  }

  #closeDocument(begin: number): void {
    if (this.#containers.length === 0) {
      this.#oneLinePerDocument = begin === this.#line;
    }
  }

  #startRow(): void {
    this.#held = '';
    this.#tooLong = false;
  }

  // A record that was cut off swallows the lines after it. A bracket in the first column gives that away, unless it
  // may stand there: some files are wrapped without indentation.
  #beginsAnother(chunk: string, at: number): boolean {
    const before = lastVisibleOf(chunk, at) ?? this.#lastVisible;
    const mayStandHere = before === COLON || before === COMMA || before === OPEN_ARRAY;
    return this.#oneLinePerDocument || !mayStandHere;
  }

  #cutShort(at: number): number {
    const line = this.#isRow ? this.#startLine : (this.#containers.at(-1)?.line ?? this.#line);
    this.#report(`the record is cut short: another one begins on line ${this.#line}`, line);
    this.#containers.length = 0;
    this.#startRow();
    this.#key.forget();
    this.#place = 'between rows';
    return at;
  }

  #carryOver(chunk: string): void {
    this.#lineStart -= chunk.length;
    this.#lastVisible = lastVisibleOf(chunk, chunk.length) ?? this.#lastVisible;
    if (this.#place !== 'object') {
      return;
    }
    this.#key.carryOver(chunk, this.#inString && this.#depth === 1);
    if (this.#isRow && !this.#tooLong) {
      this.#held += chunk.slice(this.#start);
      this.#tooLong = this.#held.length > this.#longestRow;
      this.#held = this.#tooLong ? '' : this.#held;
    }
    this.#start = 0;
  }

  #report(problem: string, line: number): void {
    this.#cuts.push({ problem, line, index: this.#index++ });
  }

  #take(): Cut[] {
    const cuts = this.#cuts;
    this.#cuts = [];
    return cuts;
  }
}
