import fc from 'fast-check';
import { canonical, type Json, type JsonObject } from '../../../shared/domain/json';
import {
  joinSignals,
  normalise,
  SET_CAP,
  type JoinRules,
  type Signal,
} from '../../../shared/domain/findings/signal';
import { minutes } from '../../fakes/records';

const RULES = { least: 'min', most: 'max', tags: 'set', early: 'first3', late: 'last3' } as const;

function signal(facts: JsonObject, fields: Partial<Signal> = {}): Signal {
  return {
    key: 'k',
    source: 'signIns',
    at: minutes(0),
    subject: { type: 'user', id: 'ann' },
    kind: 'seen',
    facts,
    ...fields,
  };
}

function joined(a: Json | undefined, b: Json | undefined, rules: JoinRules = {}): unknown {
  return joinSignals(signal({ f: a }), signal({ f: b }), rules).facts['f'];
}

describe('shared/domain/findings/signal', () => {
  describe('joins', () => {
    it.each<[string, Json | undefined, Json | undefined, Json]>([
      ['present before absent', undefined, 'a', 'a'],
      ['present before null', null, 0, 0],
      ['present before empty text', '', 'a', 'a'],
      ['null before nothing', undefined, null, null],
      ['the greater of two scalars', 'a', 'b', 'b'],
      ['true before false', false, true, true],
      ['lists as sets', ['b', 'a', 'b'], ['c', 'a'], ['a', 'b', 'c']],
      ['numbers by size', [10, 9], [100], [9, 10, 100]],
      ['objects in lists', [{ a: 1 }], [{ a: 1 }, { a: 0 }], [{ a: 0 }, { a: 1 }]],
      ['objects per field', { a: 1 }, { a: 2, b: [1] }, { a: 2, b: [1] }],
      ['a list before an object', { a: 1 }, ['a'], ['a']],
      ['an object before a scalar', 'z', { a: 1 }, { a: 1 }],
    ])('%s', (_what, a, b, expected) => {
      expect(joined(a, b)).toEqual(expected);
      expect(joined(b, a)).toEqual(expected);
    });

    const at = (minute: number): JsonObject => ({ at: minutes(minute), eventId: `e${minute}` });
    it.each<[string, JoinRules[string], Json, Json, Json]>([
      ['min', 'min', 10, 9, 9],
      ['max', 'max', 10, 9, 10],
      ['min of texts', 'min', 'b', 'a', 'a'],
      ['set of two scalars', 'set', 'b', 'a', ['a', 'b']],
      ['the first three by time', 'first3', [at(3), at(4)], [at(1), at(2)], [at(1), at(2), at(3)]],
      ['the last three by time', 'last3', [at(3), at(4)], [at(1), at(2)], [at(2), at(3), at(4)]],
      ['first three without times', 'first3', ['d', 'c'], ['b', 'a'], ['a', 'b', 'c']],
    ])('by name: %s', (_what, rule, a, b, expected) => {
      expect(joined(a, b, { f: rule })).toEqual(expected);
      expect(joined(b, a, { f: rule })).toEqual(expected);
    });

    it('named rules take what is present', () => {
      expect(joined(undefined, 9, { f: 'min' })).toBe(9);
      expect(joined(9, null, { f: 'max' })).toBe(9);
    });

    it('takes the earlier time, and the event and name that are there', () => {
      const bare = signal({}, { at: minutes(1) });
      const full = signal(
        {},
        { eventId: 'e1', subject: { type: 'user', id: 'ann', name: 'ann@example.com' } },
      );

      expect(joinSignals(bare, full)).toEqual(full);
      expect(joinSignals(full, bare)).toBe(full);
    });

    it('gives back the same signal when there is nothing new', () => {
      const known = signal({ least: 1, tags: ['a', 'b'], early: [at(1)], inner: { a: [1, 2] } });
      const old = signal({ least: 2, tags: ['b'], early: [at(1)], inner: { a: [2] } });

      expect(joinSignals(known, known, RULES)).toBe(known);
      expect(joinSignals(known, old, RULES)).toBe(known);
    });
  });

  describe('normalise', () => {
    it('puts the sets of a fresh signal in order, inside objects too', () => {
      const fresh = signal({ tags: ['b', 'a'], inner: { list: [2, 1, 2] }, name: 'x' });

      expect(normalise(fresh, RULES).facts).toEqual({
        tags: ['a', 'b'],
        inner: { list: [1, 2] },
        name: 'x',
      });
    });

    it('gives back a signal that is in order', () => {
      const ordered = signal({ tags: ['a', 'b'], inner: { list: [1, 2] } });

      expect(normalise(ordered, RULES)).toEqual(ordered);
    });

    it('cuts what is longer than its cap', () => {
      const many = Array.from({ length: SET_CAP + 10 }, (_, i) => i);
      const fresh = normalise(
        signal({ any: many.toReversed(), inner: { many }, early: many }),
        RULES,
      );

      expect(fresh.facts['any']).toEqual(many.slice(0, SET_CAP));
      expect(fresh.facts['inner']).toEqual({ many: many.slice(0, SET_CAP) });
      expect(fresh.facts['early']).toEqual([0, 1, 2]);
    });
  });

  describe('algebra', () => {
    const scalar = fc.constantFrom<Json>(null, '', 'a', 'b', 0, 9, 10, -1, true, false);
    const value = fc.oneof(
      { weight: 3, arbitrary: scalar },
      { weight: 3, arbitrary: fc.array(scalar, { maxLength: 5 }) },
      fc.dictionary(
        fc.constantFrom('x', 'y'),
        fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
        {
          noNullPrototype: true,
        },
      ),
    ) as fc.Arbitrary<Json>;
    const events = fc.array(
      fc.record({ at: fc.nat(5).map(minutes), eventId: fc.constantFrom('e1', 'e2') }),
      { maxLength: 5 },
    );
    const facts = fc.record(
      {
        any: value,
        other: value,
        least: scalar,
        most: scalar,
        tags: fc.array(scalar, { maxLength: 5 }),
        early: events,
        late: events,
      },
      { requiredKeys: [], noNullPrototype: true },
    );
    const signals = fc
      .record({
        facts,
        at: fc.nat(5).map(minutes),
        name: fc.constantFrom(undefined, 'ann', 'anna'),
        eventId: fc.constantFrom(undefined, 'e1', 'e2'),
      })
      .map(({ facts: each, at, name, eventId }) =>
        normalise(
          signal(each, {
            at,
            subject: { type: 'user', id: 'ann', ...(name !== undefined && { name }) },
            ...(eventId !== undefined && { eventId }),
          }),
          RULES,
        ),
      );
    const text = (each: Signal): string => canonical(each as unknown as Json);
    const join = (a: Signal, b: Signal): Signal => joinSignals(a, b, RULES);
    const runs = { numRuns: Number(process.env['RUNS'] ?? 500) };

    it('is commutative', () => {
      fc.assert(
        fc.property(signals, signals, (a, b) => {
          expect(text(join(a, b))).toBe(text(join(b, a)));
        }),
        runs,
      );
    });

    it('is associative', () => {
      fc.assert(
        fc.property(signals, signals, signals, (a, b, c) => {
          expect(text(join(join(a, b), c))).toBe(text(join(a, join(b, c))));
        }),
        runs,
      );
    });

    it('is idempotent, and says so by giving back the same signal', () => {
      fc.assert(
        fc.property(signals, signals, (a, b) => {
          const both = join(a, b);

          expect(join(a, a)).toBe(a);
          expect(join(both, a)).toBe(both);
          expect(join(both, b)).toBe(both);
          expect(normalise(both, RULES)).toEqual(both);
        }),
        runs,
      );
    });

    it('holds at the cap of a set', () => {
      const part = fc
        .tuple(fc.nat(3_000), fc.integer({ min: 1, max: 3 }), fc.nat(2_200))
        .map(([from, step, length]) => Array.from({ length }, (_, i) => from + i * step))
        .map((many) => normalise(signal({ many: many.toReversed() })));
      fc.assert(
        fc.property(part, part, part, (a, b, c) => {
          const all = join(join(a, b), c);

          expect(text(all)).toBe(text(join(join(c, a), b)));
          expect((all.facts['many'] as Json[]).length).toBeLessThanOrEqual(SET_CAP);
          expect(join(all, b)).toBe(all);
        }),
        { numRuns: 30 },
      );
    });
  });
});
