import fc from 'fast-check';
import { canonical, sha256, shortHash, type Json } from '../../shared/domain/json';
import { objectsIn, textOf, textsIn } from '../../shared/domain/facts';

describe('shared/domain/json', () => {
  it.each<[string, Json | undefined, string]>([
    ['sorted keys', { b: 1, a: [true, null] }, '{"a":[true,null],"b":1}'],
    ['no field that is undefined', { a: undefined, b: 'x' }, '{"b":"x"}'],
    ['nothing as null', undefined, 'null'],
    ['escaped text', 'a"b\n', String.raw`"a\"b\n"`],
    ['lists in their order', [2, 1], '[2,1]'],
  ])('writes %s', (_what, value, text) => {
    expect(canonical(value)).toBe(text);
  });

  it('is JSON that reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonical(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('hashes', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(shortHash(12, 'a', 'b')).toHaveLength(12);
    expect(shortHash(16, 'ab', 'c')).not.toBe(shortHash(16, 'a', 'bc'));
  });
});

describe('shared/domain/facts', () => {
  it('reads what fits and nothing else', () => {
    expect(textOf('a')).toBe('a');
    expect(textOf(7)).toBe('7');
    expect(textOf(null)).toBe('');
    expect(textOf({ a: 1 })).toBe('');
    expect(textsIn(['a', 1, null, 'b'])).toEqual(['a', 'b']);
    expect(textsIn('a')).toEqual([]);
    expect(objectsIn([{ a: 1 }, null, ['x'], 'y'])).toEqual([{ a: 1 }]);
    expect(objectsIn(undefined)).toEqual([]);
  });
});
