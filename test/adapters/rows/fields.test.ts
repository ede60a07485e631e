import * as field from '../../../shared/adapters/rows/fields';

const LONG = 'x'.repeat(501);
const CUT = `${'x'.repeat(500)}…`;

describe('adapters/rows/fields', () => {
  it.each<[keyof typeof field, unknown, unknown]>([
    ['text', 'Ann', 'Ann'],
    ['text', LONG, CUT],
    ['text', '', undefined],
    ['text', null, undefined],
    ['text', undefined, undefined],
    ['required', ' Update user ', ' Update user '],
    ['requiredId', 'ANN', 'ann'],
    ['objectId', 'A-1', 'a-1'],
    ['objectId', '', undefined],
    ['wholeNumber', 50074, 50074],
    ['wholeNumber', '-12', -12],
    ['wholeNumber', null, undefined],
    ['wordOrNumber', 'success', 'success'],
    ['wordOrNumber', 1, '1'],
    ['wordOrNumber', undefined, ''],
  ])('%s makes of %j %j', (reader, value, expected) => {
    const read = field[reader] as (row: object, key: string) => unknown;

    expect(read({ key: value }, 'key')).toEqual(expected);
  });

  it.each<[keyof typeof field, unknown, unknown]>([
    ['name', 'Ann', 'Ann'],
    ['name', LONG, CUT],
    ['name', '', undefined],
    ['name', 7, undefined],
    ['flag', true, true],
    ['flag', 'False', false],
    ['flag', 'yes', undefined],
    ['flag', 1, undefined],
    ['looseObject', { a: 1 }, { a: 1 }],
    ['looseObject', ['a'], {}],
    ['looseObject', null, {}],
  ])('%s, which refuses nothing, makes of %j %j', (reader, value, expected) => {
    expect((field[reader] as (value: unknown) => unknown)(value)).toEqual(expected);
  });

  it.each<[keyof typeof field, unknown, string]>([
    ['text', 7, 'is a number, not a text'],
    ['text', true, 'is true or false, not a text'],
    ['text', ['a'], 'is a list, not a text'],
    ['required', undefined, 'is missing'],
    ['required', { a: 1 }, 'is an object, not a text'],
    ['requiredId', null, 'is missing'],
    ['requiredId', '', 'is not what Graph sends'],
    ['requiredId', 'x'.repeat(401), 'is not what Graph sends'],
    ['wholeNumber', 1.5, 'is not what Graph sends'],
    ['wholeNumber', 'none', 'is not what Graph sends'],
    ['wordOrNumber', {}, 'is not what Graph sends'],
  ])('%s refuses %j: it %s', (reader, value, problem) => {
    const read = field[reader] as (row: object, key: string) => unknown;

    expect(() => read({ key: value }, 'key')).toThrow(new field.RowError(`key ${problem}`));
  });

  const name = (row: object): string | undefined => field.text({ ...row }, 'name');

  it.each([
    [null, []],
    [{ name: 'a' }, ['a']],
    [
      [{ name: 'a' }, {}],
      ['a', undefined],
    ],
  ])('reads the list %j', (value, expected) => {
    expect(field.list({ value }, 'value', name)).toEqual(expected);
    expect(field.part({ value: { name: 'a' } }, 'value', name)).toBe('a');
    expect(field.part({ value: null }, 'value', name)).toBeUndefined();
  });

  it.each([
    ['a', 'value is a text, not a list'],
    [['a'], 'value.0 is a text, not an object'],
    [[{}, null], 'value.1 is missing'],
    [[{}, { name: 7 }], 'value.1.name is a number, not a text'],
  ])('says where in the list %j the problem is: %s', (value, message) => {
    expect(() => field.list({ value }, 'value', name)).toThrow(new field.RowError(message));
  });

  it('leaves alone what went wrong for another reason', () => {
    const read = (): never => {
      throw new field.RowError('the oldValue is not JSON');
    };

    expect(() => {
      field.part({ value: {} }, 'value', read);
    }).toThrow('the oldValue is not JSON');
    expect(() => {
      field.part({ value: 'a' }, 'value', read);
    }).toThrow(new field.RowError('value is a text, not an object'));
  });
});
