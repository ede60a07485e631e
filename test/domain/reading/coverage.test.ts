import fc from 'fast-check';
import {
  extend,
  giveUp,
  intersect,
  isFilling,
  checkCoverage,
  lookAtAll,
  revoke,
  type Coverage,
  type Interval,
} from '../../../shared/domain/reading/coverage';
import { minutes } from '../../fakes/records';

function stretch(from: number, to: number): Interval {
  return { from: minutes(from), to: minutes(to) };
}

function coverage(from: number, to: number, ...gaps: [number, number][]): Coverage {
  return {
    ...stretch(from, to),
    gaps: gaps.map(([a, b]) => ({ ...stretch(a, b), why: 'not-read' })),
  };
}

describe('shared/domain/reading/coverage', () => {
  describe('lookAt', () => {
    const read = coverage(10, 100, [40, 50]);

    it.each<[string, [number, number], object]>([
      ['inside', [10, 40], { verdict: 'covered' }],
      ['after a gap, to the end', [50, 100], { verdict: 'covered' }],
      ['past the end', [60, 101], { verdict: 'later' }],
      ['all after the end', [200, 300], { verdict: 'later' }],
      ['before the beginning', [9, 20], { verdict: 'never', gap: stretch(9, 10) }],
      ['all before the beginning', [1, 5], { verdict: 'never', gap: stretch(1, 5) }],
      ['into a gap', [30, 41], { verdict: 'never', gap: stretch(40, 50) }],
      ['out of a gap, past the end', [49, 200], { verdict: 'never', gap: stretch(40, 50) }],
    ])('%s', (_what, [from, to], look) => {
      expect(checkCoverage(read, minutes(from), minutes(to))).toEqual(look);
    });

    it('takes the worst of several sources', () => {
      const sources = { directoryAudits: coverage(0, 100), signIns: coverage(0, 50, [10, 20]) };
      const look = (from: number, to: number): string =>
        lookAtAll(sources, ['directoryAudits', 'signIns'], minutes(from), minutes(to)).verdict;

      expect(look(20, 50)).toBe('covered');
      expect(look(20, 60)).toBe('later');
      expect(look(15, 120)).toBe('never');
      expect(lookAtAll({}, [], minutes(0), minutes(1)).verdict).toBe('covered');
    });

    it('does not call covered what was never read', () => {
      expect(checkCoverage(undefined, minutes(0), minutes(1)).verdict).not.toBe('covered');
    });
  });

  describe('extend', () => {
    it.each<[string, Coverage | undefined, [number, number], Coverage]>([
      ['begins', undefined, [10, 20], coverage(10, 20)],
      ['goes on', coverage(10, 20), [20, 30], coverage(10, 30)],
      ['overlaps', coverage(10, 20), [15, 30], coverage(10, 30)],
      ['reads again', coverage(10, 40), [20, 30], coverage(10, 40)],
      ['jumps forward over a gap', coverage(10, 20), [30, 40], coverage(10, 40, [20, 30])],
      ['jumps back over a gap', coverage(30, 40), [10, 20], coverage(10, 40, [20, 30])],
      ['fills a gap', coverage(10, 40, [20, 30]), [20, 30], coverage(10, 40)],
      [
        'fills the middle of a gap',
        coverage(0, 50, [10, 40]),
        [20, 30],
        coverage(0, 50, [10, 20], [30, 40]),
      ],
      [
        'fills parts of two gaps',
        coverage(0, 50, [10, 20], [30, 40]),
        [15, 35],
        coverage(0, 50, [10, 15], [35, 40]),
      ],
    ])('%s', (_what, before, [from, to], after) => {
      expect(extend(before, stretch(from, to))).toEqual(after);
    });
  });

  describe('giveUp', () => {
    it.each<[string, Coverage, [number, number], Coverage]>([
      ['goes on over a gap', coverage(0, 10), [10, 20], coverage(0, 20, [10, 20])],
      [
        'makes one of gaps that touch',
        coverage(0, 20, [10, 20]),
        [20, 30],
        coverage(0, 30, [10, 30]),
      ],
      [
        'makes one of gaps that overlap',
        coverage(0, 20, [10, 20]),
        [15, 30],
        coverage(0, 30, [10, 30]),
      ],
      ['does not cover what it jumps over', coverage(0, 10), [20, 30], coverage(0, 30, [10, 30])],
      ['nor what it jumps back over', coverage(20, 30), [0, 10], coverage(0, 30, [0, 20])],
      ['leaves what was read', coverage(0, 20), [5, 15], coverage(0, 20)],
    ])('%s', (_what, before, [from, to], after) => {
      expect(giveUp(before, stretch(from, to))).toEqual(after);
    });

    it('begins with a gap', () => {
      expect(giveUp(undefined, stretch(0, 10))).toEqual(coverage(0, 10, [0, 10]));
    });

    it('keeps reasons apart, and what was only jumped over is no loss', () => {
      const lost = giveUp(coverage(0, 10), stretch(20, 30), 'retention');

      expect(giveUp(lost, stretch(30, 40), 'unreadable').gaps).toEqual([
        { ...stretch(10, 20), why: 'not-read' },
        { ...stretch(20, 30), why: 'retention' },
        { ...stretch(30, 40), why: 'unreadable' },
      ]);
    });
  });

  describe('revoke', () => {
    it('makes a gap of what was read, and reading it again ends it', () => {
      const doubted = revoke(coverage(0, 50, [5, 10]), stretch(8, 70), 'filter');

      expect(doubted).toEqual({
        ...stretch(0, 50),
        gaps: [
          { ...stretch(5, 8), why: 'not-read' },
          { ...stretch(8, 50), why: 'filter' },
        ],
      });
      expect(extend(doubted, stretch(5, 50))).toEqual(coverage(0, 50));
    });

    it('has nothing to doubt outside', () => {
      expect(revoke(coverage(0, 50), stretch(50, 70), 'filter')).toEqual(coverage(0, 50));
    });
  });

  describe('isFilling', () => {
    it.each<[string, [number, number], boolean]>([
      ['going on', [50, 60], false],
      ['reading again', [20, 50], false],
      ['a gap', [4, 6], true],
      ['before the beginning', [-5, 5], true],
    ])('%s', (_what, [from, to], is) => {
      expect(isFilling(coverage(0, 50, [5, 10]), stretch(from, to))).toBe(is);
    });

    it('the very first', () => {
      expect(isFilling(undefined, stretch(0, 1))).toBe(true);
    });
  });

  describe('in any order', () => {
    const stretches = fc.uniqueArray(
      fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 10 })).map(([from, length]) => ({
        from,
        to: from + length,
      })),
      { minLength: 1, maxLength: 8, selector: ({ from, to }) => `${from}-${to}` },
    );
    const inAnyOrder = stretches.chain((each) =>
      fc.tuple(
        fc.constant(each),
        fc.shuffledSubarray(each, { minLength: each.length, maxLength: each.length }),
      ),
    );
    const read = (each: readonly { from: number; to: number }[]): Coverage | undefined =>
      each.reduce<Coverage | undefined>(
        (known, { from, to }) => extend(known, stretch(from, to)),
        undefined,
      );

    it('reading the same stretches gives the same coverage', () => {
      fc.assert(
        fc.property(inAnyOrder, ([one, other]) => {
          expect(read(other)).toEqual(read(one));
          expect(extend(read(one), stretch(one[0]!.from, one[0]!.to))).toEqual(read(one));
        }),
      );
    });

    it('exactly what was read is covered', () => {
      fc.assert(
        fc.property(stretches, fc.nat(41), (each, minute) => {
          const isRead = each.some(({ from, to }) => from <= minute && minute < to);
          const { verdict } = checkCoverage(read(each), minutes(minute), minutes(minute + 1));

          expect(verdict === 'covered').toBe(isRead);
        }),
      );
    });

    it('a stretch that was given up covers nothing, and leaves what was read', () => {
      fc.assert(
        fc.property(
          stretches,
          stretches.map(([first]) => first!),
          fc.nat(41),
          (each, lost, minute) => {
            const after = giveUp(read(each), stretch(lost.from, lost.to));
            const isRead = each.some(({ from, to }) => from <= minute && minute < to);
            const { verdict } = checkCoverage(after, minutes(minute), minutes(minute + 1));

            expect(verdict === 'covered').toBe(isRead);
          },
        ),
      );
    });
  });

  describe('intersect', () => {
    it.each<[string, readonly [Coverage, ...Coverage[]], Coverage]>([
      ['of one is that one', [coverage(10, 100, [40, 50])], coverage(10, 100, [40, 50])],
      [
        'is what each covers, and has the gaps of all',
        [coverage(10, 100, [40, 50]), coverage(20, 90, [45, 60]), coverage(0, 95, [70, 80])],
        coverage(20, 90, [40, 60], [70, 80]),
      ],
      [
        'is nothing while one ends before another begins',
        [coverage(10, 20), coverage(30, 90, [40, 50])],
        coverage(30, 30),
      ],
    ])('%s', (_what, [first, ...others], together) => {
      expect(intersect(first, ...others)).toEqual(together);
    });
  });
});
