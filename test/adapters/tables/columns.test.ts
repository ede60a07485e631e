import { fromColumns, toColumns } from '../../../shared/adapters/tables/columns';
import { guardRow, TEXT_LIMIT } from '../../../shared/adapters/tables/guards';
import { HOSTILE } from '../../contracts/samples';

const keys = { partitionKey: 'p', rowKey: 'r' };

describe('adapters/tables/columns', () => {
  it.each([
    ['nothing', {}, 1],
    ['texts of any kind', { all: HOSTILE, [HOSTILE[4]!]: 1 }, 1],
    ['exactly one column', { a: 'x'.repeat(TEXT_LIMIT - 8) }, 1],
    ['one character more', { a: 'x'.repeat(TEXT_LIMIT - 7) }, 2],
    ['many pairs of surrogates', { a: `x${'\u{1f600}'.repeat(10_000)}` }, 4],
  ])('carries %s', (_what, value, columns) => {
    const row = { ...keys, ...toColumns(value) };

    expect(fromColumns(row)).toEqual(value);
    expect(Object.keys(row)).toHaveLength(2 + columns);
    guardRow('Table', row);
  });

  it('reads no column that is not its own', () => {
    expect(fromColumns({ ...keys, json: '{"a"', json1: ':1}', json3: 'x', json10: 'y' })).toEqual({
      a: 1,
    });
  });
});
