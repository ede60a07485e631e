// Counts the lines of the product that hold code: no blanks, no comments. `npm run lines`, with `-- --json` for figures.
import { globSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import ts from 'typescript';

const ROOMS = ['functions', 'cli', 'web', 'shared'];
const MAX_LINES = { 'shared/detectors/': 500, '': 400 };

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const files = ROOMS.flatMap((room) => globSync(`${room}/**/*.{ts,tsx}`)).sort();
const counted = files.map((file) => {
  const text = readFileSync(file, 'utf8');
  return { file, code: codeLinesOf(text), all: text.split('\n').length - 1 };
});

const byRoom = Object.groupBy(counted, ({ file }) => file.split('/').slice(0, 2).join('/'));
const rooms = Object.entries(byRoom).map(([room, own]) => ({ room, code: sum(own) }));
const long = counted.filter(({ file, all }) => all > limitOf(file));
if (values.json) {
  console.log(JSON.stringify({ code: sum(counted), files: counted.length, rooms, long }));
} else {
  for (const { room, code } of rooms.sort((a, b) => b.code - a.code)) {
    console.log(`${String(code).padStart(7)}  ${room}`);
  }
  console.log(`${String(sum(counted)).padStart(7)}  lines of code in ${counted.length} files`);
  for (const { file, all } of long) {
    console.log(`${file} has ${all} lines, more than ${limitOf(file)}`);
  }
}

function sum(counts) {
  return counts.reduce((total, { code }) => total + code, 0);
}

function limitOf(file) {
  return Object.entries(MAX_LINES).find(([beginning]) => file.startsWith(beginning))[1];
}

/** A line counts when some part of a token lies on it: what is only a comment or blank has none. */
function codeLinesOf(text) {
  const source = ts.createSourceFile('file.tsx', text, ts.ScriptTarget.Latest, true);
  const lines = new Set();
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line;
  function visit(node) {
    const children = node
      .getChildren(source)
      .filter(
        ({ kind }) => kind < ts.SyntaxKind.FirstJSDocNode || kind > ts.SyntaxKind.LastJSDocNode,
      );
    if (children.length === 0 && node.getWidth(source) > 0) {
      const last = lineAt(node.getEnd());
      for (let line = lineAt(node.getStart(source)); line <= last; line++) {
        lines.add(line);
      }
    }
    children.forEach(visit);
  }
  visit(source);
  return lines.size;
}
