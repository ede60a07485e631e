import { RowRefusedError } from '../../../shared/adapters/tables/errors';
import { guardRow, sizeOf, TEXT_LIMIT, type Row } from '../../../shared/adapters/tables/guards';

const row = (columns: Record<string, unknown> = {}): Row => ({
  partitionKey: 'p',
  rowKey: 'r',
  ...columns,
});
const many = (count: number, value: unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, value]));

describe('adapters/tables/guards', () => {
  it.each([
    ['no columns', row()],
    ['252 columns', row(many(252, 1))],
    ['a text of 32 K', row({ a: 'x'.repeat(TEXT_LIMIT) })],
    ['numbers of 32 bits', row({ a: 2 ** 31 - 1, b: -(2 ** 31), c: 0.5, d: -0.25 })],
    ['yes and no', row({ a: true, b: false })],
    ['a key of 256 characters', { partitionKey: 'p'.repeat(256), rowKey: 'r' }],
    ['almost 1 MiB', row(many(15, 'x'.repeat(TEXT_LIMIT)))],
  ])('lets %s pass', (_what, given) => {
    expect(() => {
      guardRow('Table', given);
    }).not.toThrow();
  });

  const refused: [what: string, given: Row, problem: string][] = [
    ['253 columns', row(many(253, 1)), 'columns'],
    ['a text over 32 K', row({ a: 'x'.repeat(TEXT_LIMIT + 1) }), 'characters'],
    ['an integer of 33 bits', row({ a: 2 ** 31 }), '32 bits'],
    ['milliseconds', row({ a: 1_700_000_000_000 }), '32 bits'],
    ['a large negative integer', row({ a: -(2 ** 31) - 1 }), '32 bits'],
    ['no number', row({ a: Number.NaN }), 'finite'],
    ['infinity', row({ a: Infinity }), 'finite'],
    ['a bigint', row({ a: 5n }), 'bigint'],
    ['an object', row({ a: {} }), 'object'],
    ['null', row({ a: null }), 'object'],
    ['an absent value', row({ a: undefined }), 'undefined'],
    ['a column with a dash', row({ 'a-b': 1 }), 'column name'],
    ['a column with a dot', row({ 'a.b': 1 }), 'column name'],
    ['a column that begins with a digit', row({ '1a': 1 }), 'column name'],
    ['half a surrogate pair', row({ a: '\ud800' }), 'ASCII'],
    ['a line separator', row({ a: '\u2028' }), 'ASCII'],
    ['more than 1 MiB', row(many(17, 'x'.repeat(TEXT_LIMIT))), 'bytes'],
    ['a key of 257 characters', { partitionKey: 'p', rowKey: 'r'.repeat(257) }, 'a key'],
    ...['/', '\\', '#', '?', '%', '\u0000', '\u001f', '\u007f', '\u009f', '\ud800'].map(
      (unit): [string, Row, string] => [
        `a key with ${JSON.stringify(unit)}`,
        { partitionKey: `p${unit}`, rowKey: 'r' },
        'a key',
      ],
    ),
  ];

  it.each(refused)('refuses %s', (_what, given, problem) => {
    const guarded = (): void => {
      guardRow('Table', given);
    };

    expect(guarded).toThrow(RowRefusedError);
    expect(guarded).toThrow(problem);
    expect(guarded).toThrow('table Table');
  });

  it('counts bytes as the service does', () => {
    expect(sizeOf(row({ ab: 'xyz', n: 1 }))).toBe(4 + 4 + (8 + 4 + 4 + 6) + (8 + 2 + 8));
  });
});
