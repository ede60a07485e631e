import { stripVTControlCharacters, styleText } from 'node:util';
import { safeJson } from '../shared/domain/text';

/** Where a command writes. Results go to `out` alone, everything else to `err`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Resolves once what was written is taken, so that a long answer does not pile up. Absent: at once. */
  readonly flush?: () => Promise<void>;
  /** A person is watching `err`: progress is welcome. */
  readonly isInteractive: boolean;
  readonly hasColour: boolean;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    flush: () =>
      new Promise((resolve) => {
        if (process.stdout.writableNeedDrain) {
          process.stdout.once('drain', resolve);
        } else {
          resolve();
        }
      }),
    isInteractive: process.stderr.isTTY,
    hasColour: process.stdout.isTTY && process.stdout.hasColors(),
  };
}

// Control characters, and those that turn or hide text: names in a log may hold any of them.
// eslint-disable-next-line no-control-regex -- stripping control characters is what this is for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Makes text from a log safe to print: no escape sequence, line break or hidden character survives. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, ' ');
}

const COLOURS = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'gray',
  heading: 'bold',
  faint: 'gray',
} as const;

/** Colours a word, when the terminal shows colours. */
export function paint(terminal: Terminal, as: keyof typeof COLOURS, text: string): string {
  return terminal.hasColour ? styleText(COLOURS[as], text, { validateStream: false }) : text;
}

/** What a command answers: JSON for programs, or a text for people. */
export function answer(
  terminal: Terminal,
  { json }: { readonly json?: boolean },
  value: unknown,
  text: () => string,
): void {
  terminal.out(json === true ? `${safeJson(value, 2)}\n` : text());
}

/** Columns as wide as their widest cell, two spaces apart. Cells are made printable. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map(
      (row) =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}

/** Breaks a text into lines of at most `width` characters, indented. */
export function wrap(text: string, indent: string, width = 100): string {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => `${indent}${each}\n`).join('');
}
