import { cutObjects, type Cut } from '../../../shared/adapters/files/cut-objects';

async function* chunksOf(text: string, size: number): AsyncGenerator<string> {
  for (let from = 0; from < text.length; from += size) {
    yield await Promise.resolve(text.slice(from, from + size));
  }
}

async function cutAll(text: string, size: number): Promise<Cut[]> {
  const cuts: Cut[] = [];
  for await (const batch of cutObjects(chunksOf(text, size))) {
    cuts.push(...batch);
  }
  return cuts;
}

const A = '{"id":"a"}';
const B = '{"id":"b"}';
const C = '{"id":"c"}';

interface JudgeInput {
  readonly when: string;
  readonly text: string;
  /** The rows that come out, and where there is a problem its line. */
  readonly gives: readonly (string | number)[];
}

// Whatever is broken, the rows after it come out, and wherever a chunk ends.
describe('adapters/files/cut-objects, of what is damaged or odd', () => {
  it.each<JudgeInput>([
    { when: 'a line breaks off in a text', text: `${A}\n{"id":"x\n${B}`, gives: [A, 2, B] },
    { when: 'a line breaks off after a colon', text: `${A}\n{"id":\n${B}`, gives: [A, 2, B] },
    {
      when: 'a line breaks off after a backslash',
      text: `${A}\n{"id":"x\\\n${B}`,
      gives: [A, 2, B],
    },
    { when: 'a line breaks off in a list', text: `${A}\n{"l":[{"m":1},\n${B}`, gives: [A, 2, B] },
    {
      when: 'the first line breaks off',
      text: `{"id":1,"m":{"x":2}\n${A}\n${B}`,
      gives: [1, A, B],
    },
    { when: 'the first line lacks its begin', text: `x"}]}\n${A}\n${B}`, gives: [1, A, B] },
    {
      when: 'a page on a line breaks off',
      text: `{"value":[${A},{"id":"x\n{"value":[${B}]}\n`,
      gives: [A, 1, B],
    },
    {
      when: 'what follows the rows of a page breaks off',
      text: `{"value":[${A}],"@odata.next\n{"value":[${B}]}`,
      gives: [A, 1, B],
    },
    { when: 'a record has one brace too many', text: `${A}}\n${B}`, gives: [A, 1, B] },
    { when: 'commas are missing', text: `[${A}${B}\n${C}]`, gives: [A, B, C] },
    { when: 'commas stand between lines', text: `${A},\n${B},\n`, gives: [A, B] },
    { when: 'a byte order mark stands between files', text: `${A}\n\ufeff${B}`, gives: [A, B] },
    { when: 'pages stand in an array', text: `[{"value":[${A}]},{"value":[${B}]}]`, gives: [A, B] },
    { when: 'arrays stand in an array', text: `[[${A},${B}],[],[${C}]]`, gives: [A, B, C] },
    { when: 'a page has no rows', text: '{"@odata.context":"x","value":[]}', gives: [] },
    { when: 'null and texts stand among rows', text: `[null,"],{\\"",${A}]`, gives: [1, 1, A] },
    {
      when: 'the name of the rows stands deeper, or holds something else',
      text: '{"a":{"value":[1]},"value":"x","b":["value"]}',
      gives: ['{"a":{"value":[1]},"value":"x","b":["value"]}'],
    },
    {
      when: 'a record is wrapped without indentation',
      text: `[{"l":[\n{"m":1},\n{"m":2}\n]},\n${A}\n]`,
      gives: ['{"l":[\n{"m":1},\n{"m":2}\n]}', A],
    },
    {
      when: 'a compact file is followed by one with a row per line',
      text: `[${A}]\n[\n${B},\n${C}\n]\n`,
      gives: [A, B, C],
    },
    { when: 'the file ends in a list', text: `{"value":[${A},`, gives: [A, 1] },
    { when: 'the file ends in a record of a list', text: `[\n${A},\n{"id":`, gives: [A, 3] },
    { when: 'the file ends after the rows of a page', text: `{"value":[${A}],`, gives: [A, 1] },
  ])('goes on when $when', async ({ text, gives }) => {
    for (const size of [1, 2, 3, 5, 8, text.length]) {
      const cuts = await cutAll(text, size);

      expect(cuts.map((cut) => ('text' in cut ? cut.text : cut.line))).toEqual(gives);
      expect(cuts.map((cut) => cut.index)).toEqual(gives.map((_, index) => index));
    }
  });
});
