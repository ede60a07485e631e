import fc from 'fast-check';
import {
  ago,
  figuresOf,
  lagOf,
  observe,
  UNMEASURED,
  type Lateness,
  type SeenRow,
} from '../../../shared/domain/reading/lateness';
import { DAY, HOUR, MINUTE, plus, toInstant, type Instant } from '../../../shared/domain/time';

const NOW = toInstant('2026-06-10T12:00:00Z');

function row(id: string, minutesAgo = 5): SeenRow {
  return { id, at: plus(NOW, -minutesAgo * MINUTE) };
}

function rows(count: number, prefix = 'row'): SeenRow[] {
  return Array.from({ length: count }, (_, i) => row(`${prefix}-${i}`));
}

/** Everything is as late as it is old. */
function look(lateness: Lateness, seen: readonly SeenRow[], now = NOW): Lateness {
  return observe(lateness, seen, now, (at) => ago(at, now));
}

function known({ known: hours }: Lateness): string[] {
  return Object.values(hours).flatMap((text) => text.match(/.{8}/g) ?? []);
}

/** So many rows measured, all but `late` of them within a minute. */
function measured(count: number, late = 0, lateBy = 6 * HOUR): Lateness {
  const counts = Array.from({ length: 21 }, () => 0);
  counts[0] = count - late;
  counts[
    [
      1, 2, 5, 10, 15, 20, 30, 45, 60, 75, 90, 120, 150, 185, 240, 300, 360, 480, 720, 1_080,
    ].findIndex((bound) => lateBy <= bound * MINUTE)
  ] = late;
  return { ...UNMEASURED, counts, max: late > 0 ? lateBy : MINUTE };
}

describe('shared/domain/reading/lateness', () => {
  describe('observe', () => {
    it('measures a row that is new, and no row twice', () => {
      const once = look(UNMEASURED, [row('a'), row('b', 70), row('a')]);

      const twice = look(once, [row('a'), row('b', 70)]);

      expect(figuresOf(once)).toMatchObject({ measured: 2, max: 70 * MINUTE });
      expect(twice).toEqual(once);
    });

    it('knows rows that nobody looked at in time, and does not count them', () => {
      const first = observe(UNMEASURED, rows(10), NOW, () => undefined);

      expect(figuresOf(first)).toBeUndefined();
      expect(figuresOf(look(first, rows(10)))).toBeUndefined();
      expect(known(first)).toHaveLength(10);
    });

    it('thins the sample, and remembers 2,000 rows at most', () => {
      const all = look(UNMEASURED, rows(40_000));

      expect(known(all).length).toBeLessThanOrEqual(2_000);
      expect(known(all).length).toBeGreaterThan(500);
      expect(all.every).toBeGreaterThan(8);
      expect(Math.log2(all.every) % 1).toBe(0);
      expect(known(all).every((digits) => parseInt(digits, 16) % all.every === 0)).toBe(true);
    });

    it('looks only at the sample once it is thinned', () => {
      const thinned = look(UNMEASURED, rows(10_000));
      const before = figuresOf(thinned)!.measured;

      const after = figuresOf(look(thinned, rows(1_000, 'other')))!.measured;

      expect(after - before).toBeGreaterThan(0);
      expect(after - before).toBeLessThan(500);
    });

    it('forgets old hours, and does not measure their rows again', () => {
      const old = row('old', 60);
      const before = look(UNMEASURED, [old]);
      const later = plus(NOW, 5 * DAY);

      const after = look(before, [old], later);

      expect(known(after)).toEqual([]);
      expect(figuresOf(after)?.measured).toBe(1);
    });

    it('counts older measurements half when there are many', () => {
      const many = measured(20_000);

      const more = look(many, [row('new', 0)]);

      expect(more.counts[0]).toBe(10_000);
      expect(figuresOf(look(measured(19_999), [row('new', 0)]))?.measured).toBe(20_000);
    });

    it('puts what is later than a day into the last step', () => {
      const late = observe(UNMEASURED, [row('late')], NOW, () => 50 * HOUR);

      expect(figuresOf(late)).toEqual({
        ...{ measured: 1, p50: 24 * HOUR, p95: 24 * HOUR, p999: 24 * HOUR, max: 50 * HOUR },
      });
    });

    it('tells rows apart whose hashes overlap in the text', () => {
      const hour = NOW.slice(0, 13);
      const { known: hours } = look(UNMEASURED, [{ id: 'a', at: NOW }]);
      const digits = hours[hour]!;
      const shifted: Lateness = { ...UNMEASURED, known: { [hour]: `0${digits}0000000` } };

      expect(known(look(shifted, [{ id: 'a', at: NOW }]))).toHaveLength(3);
    });

    it('gives the same figures in any order of the rows', () => {
      const anyRows = fc
        .uniqueArray(fc.tuple(fc.string({ maxLength: 6 }), fc.integer({ min: 0, max: 3_000 })), {
          maxLength: 40,
          selector: ([id]) => id,
        })
        .map((each) => each.map(([id, minutesAgo]) => row(id, minutesAgo)));
      const inTwoOrders = anyRows.chain((each) =>
        fc.tuple(
          fc.constant(each),
          fc.shuffledSubarray(each, { minLength: each.length, maxLength: each.length }),
        ),
      );
      fc.assert(
        fc.property(inTwoOrders, ([one, other]) => {
          expect(figuresOf(look(UNMEASURED, other))).toEqual(figuresOf(look(UNMEASURED, one)));
        }),
      );
    });
  });

  describe('figuresOf', () => {
    it.each<[string, Lateness | undefined]>([
      ['nobody looked', undefined],
      ['nothing was measured', UNMEASURED],
    ])('says nothing while %s', (_what, lateness) => {
      expect(figuresOf(lateness)).toBeUndefined();
    });

    it('gives quantiles as upper bounds', () => {
      const late = [...Array.from({ length: 94 }, () => 0.5), 4, 12, 12, 12, 100, 500];

      const figures = figuresOf(
        look(
          UNMEASURED,
          late.map((each, i) => row(`row-${i}`, each)),
        ),
      );

      expect(figures).toEqual({
        ...{ measured: 100, p50: MINUTE, p95: 5 * MINUTE, p999: 480 * MINUTE, max: 480 * MINUTE },
        ...{ p999: 500 * MINUTE, max: 500 * MINUTE },
      });
    });

    it('never says more than the latest row', () => {
      expect(figuresOf(look(UNMEASURED, [row('a', 3)]))).toMatchObject({ p999: 3 * MINUTE });
    });
  });

  describe('lagOf', () => {
    it.each<[string, Lateness | undefined, number]>([
      ['two hours while nothing is measured', undefined, 2 * HOUR],
      ['two hours below 5,000 rows', measured(4_999), 2 * HOUR],
      ['half an hour at least', measured(5_000), 30 * MINUTE],
      ['what one in a thousand exceeds', measured(5_000, 6), 6 * HOUR],
      ['not what fewer exceed', measured(5_000, 5), 30 * MINUTE],
      ['the measured quantile', measured(10_000, 100, 75 * MINUTE), 75 * MINUTE],
    ])('is %s', (_what, lateness, lag) => {
      expect(lagOf(lateness)).toBe(lag);
    });

    it('is a day at most', () => {
      const late = observe(UNMEASURED, rows(2), NOW, () => 60 * HOUR);

      expect(lagOf({ ...late, counts: late.counts.map((each) => each * 5_000) })).toBe(24 * HOUR);
    });
  });

  it('no row is younger than now', () => {
    const future: Instant = plus(NOW, MINUTE);

    expect(ago(future, NOW)).toBe(0);
  });
});
