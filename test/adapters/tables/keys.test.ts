import fc from 'fast-check';
import {
  after,
  beginning,
  coarse,
  joinKey,
  KEY_LIMIT,
  ordinal,
  toKey,
} from '../../../shared/adapters/tables/keys';
import { newestFirst, fromEpoch, plus, toInstant } from '../../../shared/domain/time';
import { HOSTILE } from '../../contracts/samples';

const SAFE = /^[A-Za-z0-9_.:@|~-]+$/;
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...HOSTILE));

describe('adapters/tables/keys', () => {
  it.each([
    ['a GUID', '7d2a5c5e-0f6f-4c0e-9d7a-b7b2a3f8f1aa'],
    ['a day and a device', '2026-01-31|0a1b2c3d'],
    ['a time', '2026-01-31T10:00:00.0000000Z'],
  ])('leaves %s as it is', (_what, key) => {
    expect(toKey(key)).toBe(key);
  });

  it('escapes what the service forbids', () => {
    expect(toKey('a/b\\c#d?e%f')).toBe('a~002fb~005cc~0023d~003fe~0025f');
  });

  it.each([
    ['toKey', toKey],
    ['joinKey', joinKey],
  ])('%s makes allowed keys that differ when the texts do', (_name, make) => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(make(a)).toMatch(SAFE);
        expect(make(a).length).toBeLessThanOrEqual(KEY_LIMIT);
        expect(make(a) === make(b)).toBe(a === b);
      }),
      { numRuns: 500 },
    );
  });

  it('joins parts that cannot run into each other, and fits four of them', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 4, maxLength: 4 }), fc.array(text), (a, b) => {
        expect(joinKey(...a).length).toBeLessThanOrEqual(KEY_LIMIT);
        expect(joinKey(...a) === joinKey(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(joinKey('a|b', 'c')).not.toBe(joinKey('a', 'b|c'));
  });

  it('ends a range after everything that begins so', () => {
    const { from, to } = beginning('due|a|');

    expect(['due|a|', 'due|a|~~~~', 'due|a|zz'].every((key) => key >= from && key < to)).toBe(true);
    expect(['due|a', 'due|a-b|x', 'due|aa|x'].some((key) => key >= from && key < to)).toBe(false);
    expect('2026|x' < after('2026|')).toBe(true);
  });

  it('sorts the newest first, and numbers as numbers', () => {
    const instants = [0, 1, 1_700_000_000_000, 1_800_000_000_000].map(fromEpoch);

    expect(instants.map(newestFirst).toSorted()).toEqual(instants.toReversed().map(newestFirst));
    expect([10, 9, 100].map(ordinal).toSorted()).toEqual([9, 10, 100].map(ordinal));
  });

  it.each([
    ['2026-01-31T10:00:00Z', '2026-01-31T10:00:00Z'],
    ['2026-01-31T10:00:00.0000001Z', '2026-01-31T10:05:00Z'],
    ['2026-01-31T10:04:59.9999999Z', '2026-01-31T10:05:00Z'],
    ['2026-01-31T23:55:01Z', '2026-02-01T00:00:00Z'],
  ])('rounds %s up to %s', (instant, step) => {
    expect(coarse(toInstant(instant))).toBe(toInstant(step));
  });

  it('never rounds down, and never by five minutes', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.nat(9_999), (ms, ticks) => {
        const instant = plus(fromEpoch(ms), ticks / 10_000);

        expect(coarse(instant) >= instant).toBe(true);
        expect(coarse(instant) < plus(instant, 5 * 60_000)).toBe(true);
      }),
    );
  });
});
