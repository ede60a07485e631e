import { pick } from '../../shared/domain/pick';

describe('domain/pick', () => {
  it('takes the properties that are named, in that order, and leaves out what has no value', () => {
    const from: { a: number; b?: string; c: null; d?: string | undefined } = { c: null, a: 1 };

    const picked = pick({ ...from, d: undefined }, ['c', 'b', 'a', 'd']);

    expect(JSON.stringify(picked)).toBe('{"c":null,"a":1}');
    expect(Object.keys(picked)).toEqual(['c', 'a']);
  });
});
