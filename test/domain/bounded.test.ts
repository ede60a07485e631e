import { bounded, boundedText, FACTS_LIMIT } from '../../shared/domain/bounded';
import { canonical, type JsonObject } from '../../shared/domain/json';

const many = <T>(count: number, each: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => each(i));

describe('what a finding keeps of its facts', () => {
  it('is all of it where that is short', () => {
    const facts = {
      device: 'x',
      isAtLeast: false,
      none: null,
      places: many(50, String),
      of: { a: [1] },
    };

    expect(bounded(facts)).toEqual(facts);
  });

  it('is the beginning of a long list, and how many more there are', () => {
    const facts = {
      addresses: many(16_000, (i) => `2001:db8::${i}`),
      deep: { list: many(51, String) },
    };

    const kept = bounded(facts) as { addresses: string[]; deep: { list: string[] } };

    expect(kept.addresses).toHaveLength(51);
    expect(kept.addresses.at(-1)).toBe('and 15,950 more');
    expect(kept.deep.list.slice(-2)).toEqual(['49', 'and 1 more']);
  });

  it.each<[string, JsonObject]>([
    ['lists in lists', { a: many(500, () => many(500, () => 'x'.repeat(500))) }],
    [
      'long texts in many fields',
      { a: Object.fromEntries(many(500, (i) => [`${i}`, 'y'.repeat(9_000)])) },
    ],
    ['one long text', { a: 'z'.repeat(1_000_000) }],
    [
      'objects in lists',
      { a: many(80, (i) => ({ name: 'n'.repeat(900), of: many(80, () => i) })) },
    ],
  ])('never is more than the store takes: %s', (_what, facts) => {
    expect(canonical(bounded(facts)).length).toBeLessThanOrEqual(FACTS_LIMIT);
  });

  it('does not depend on how often it is asked', () => {
    const facts = { a: many(70, (i) => 'x'.repeat(i * 10)) };
    expect(canonical(bounded(facts))).toBe(canonical(bounded(facts)));
  });

  it('is the beginning of a long text', () => {
    expect(boundedText('abcdef', 3)).toBe('abc…');
    expect(boundedText('abc', 3)).toBe('abc');
  });
});
