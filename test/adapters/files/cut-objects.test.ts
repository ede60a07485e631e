import fc from 'fast-check';
import { cutObjects, type Cut } from '../../../shared/adapters/files/cut-objects';

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  for (const text of texts) {
    yield await Promise.resolve(text);
  }
}

async function cutAll(chunks: string[], longestRow?: number): Promise<Cut[]> {
  const cuts: Cut[] = [];
  for await (const batch of cutObjects(pieces(...chunks), longestRow)) {
    cuts.push(...batch);
  }
  return cuts;
}

const page = (rows: string[], between: string): string =>
  `{"@odata.context":"x","note":"a [value]:\\"{",${between}"value":[${rows.join(`,${between}`)}],"@odata.nextLink":"y"}`;

const CONTAINERS: Readonly<Record<string, (rows: string[]) => string>> = {
  'a Graph page': (rows) => page(rows, ''),
  'an indented Graph page': (rows) => page(rows, '\n  '),
  'an array on one line': (rows) => `[${rows.join(',')}]`,
  'an indented array': (rows) => `[\n  ${rows.join(',\n  ')}\n]\n`,
  'one object per line': (rows) => rows.join('\n'),
  'one object per line, Windows': (rows) => rows.map((row) => `${row}\r\n`).join(''),
  'diagnostic records': (rows) => `{"records":[${rows.join(', ')}]}`,
  'one batch of diagnostic records per line': (rows) =>
    rows.map((row) => `{"records":[${row}]}`).join('\n'),
  'one page after another': (rows) => rows.map((row) => page([row], '')).join('\n'),
  'one array after another': (rows) => rows.map((row) => `[${row}]`).join(''),
};

const anyRow = fc
  .dictionary(
    fc.string({ maxLength: 8 }).filter((key) => key !== 'value' && key !== 'records'),
    fc.jsonValue({ maxDepth: 3 }),
    { maxKeys: 5 },
  )
  .map((row) => JSON.stringify(row));

describe('cutObjects', () => {
  it.each(Object.keys(CONTAINERS))(
    'cuts the rows out of %s, wherever a chunk ends',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyRow, { minLength: 1, maxLength: 6 }),
          fc.array(fc.nat(400), { maxLength: 6 }),
          async (rows, ends) => {
            const text = CONTAINERS[name]!(rows);
            const at = [0, ...ends.map((end) => end % (text.length + 1)).sort((a, b) => a - b)];
            const chunks = at.map((from, i) => text.slice(from, at[i + 1] ?? text.length));

            const cuts = await cutAll(chunks);

            expect(cuts.map((cut) => ('text' in cut ? cut.text : cut.problem))).toEqual(rows);
            expect(cuts.map((cut) => cut.index)).toEqual(rows.map((_, i) => i));
          },
        ),
        { numRuns: 200 },
      );
    },
  );

  it('says on which line a row begins', async () => {
    const cuts = await cutAll(['[\n{"a":1},\n\n{"b":\n2}]']);

    expect(cuts.map((cut) => cut.line)).toEqual([2, 4]);
  });

  it.each([
    ['half an object', '{"a":1}\n{"b":', [{ line: 2, problem: /ends in the middle of a record/ }]],
    ['half an array', '[{"a":1},', [{ line: 1, problem: /ends in the middle of a list/ }]],
    [
      'a line that is no JSON',
      '{"a":1}\nhello\n{"b":2}',
      [{ line: 2, problem: /not a JSON object/ }],
    ],
    ['a number among the rows', '[{"a":1},7,{"b":2}]', [{ line: 1, problem: /not an object/ }]],
    ['a text among the rows', '["}{",{"b":2}]', [{ line: 1, problem: /not an object/ }]],
    ['a cut line', '{"a":"x\n{"b":2}\n', [{ line: 1, problem: /cut short/ }]],
  ])('names %s and goes on', async (_what, text, expected) => {
    const cuts = await cutAll([text]);

    const problems = cuts.filter((cut) => 'problem' in cut);
    expect(problems).toEqual(
      expected.map(
        ({ line, problem }) =>
          expect.objectContaining({
            line,
            problem: expect.stringMatching(problem) as string,
          }) as unknown,
      ),
    );
    const rows = text.match(/\{"[ab]":[12]\}/g) ?? [];
    expect(cuts.flatMap((cut) => ('text' in cut ? [cut.text] : []))).toEqual(rows);
  });

  it('gives up a row that is longer than it may be, and holds no more of it', async () => {
    const cuts = await cutAll(['{"a":"', 'x'.repeat(300), '"}\n{"b":1}'], 100);

    expect(cuts).toMatchObject([
      { problem: expect.stringMatching(/longer than/) as string },
      { text: '{"b":1}' },
    ]);
  });

  it('finds nothing in nothing', async () => {
    expect(await cutAll(['', ' \n ', ''])).toEqual([]);
  });
});
