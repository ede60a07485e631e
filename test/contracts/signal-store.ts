import type { Signal } from '../../shared/domain/findings/signal';
import type {
  MergeRules,
  SignalStore,
  StoredTimeline,
} from '../../shared/pipeline/ports/signal-store';
import { collect, DETECTOR, HOSTILE, minutes, signal, timeline, type MakeStores } from './samples';

const JANUARY = minutes(0);
const FEBRUARY = minutes(60);
const MARY = timeline('Mary');
const EVE = timeline('Eve');
const ANY: MergeRules = { join: {} };
/** Of a detector whose findings begin with a `start`. */
const BEGINS: MergeRules = { join: {}, opens: ['start'] };

export function signalStoreContract(make: MakeStores): void {
  describe('signals', () => {
    let signals: SignalStore;
    beforeEach(() => {
      signals = make().signals;
    });
    const merge = (...fresh: Signal[]): Promise<unknown> =>
      signals.merge([{ timeline: MARY, signals: fresh }], ANY);
    const read = async (): Promise<readonly Signal[]> =>
      byKey((await signals.read(MARY.id)).signals);
    const clean = async (canOpen = true): Promise<readonly string[]> => {
      const stored = await signals.read(MARY.id);
      return [...(await signals.markClean([{ timeline: MARY, stored, canOpen }]))];
    };

    it('knows no timeline at first', async () => {
      const { signals: none, version, isDirty } = await signals.read(MARY.id);

      expect({ none, version, isDirty }).toEqual({ none: [], version: undefined, isDirty: false });
      expect(await collect(signals.timelinesOf(DETECTOR))).toEqual([]);
    });

    it('gives back what was merged', async () => {
      const facts = {
        n: 1,
        text: 'x',
        nothing: null,
        list: [1, 'a', { b: true }],
        deep: { c: 1.5 },
      };
      await merge(signal('a', JANUARY, facts), signal('b', JANUARY));

      expect(await read()).toEqual([signal('a', JANUARY, facts), signal('b', JANUARY)]);
    });

    it('merges nothing', async () => {
      await merge();
      await signals.merge([], ANY);

      expect(await read()).toEqual([]);
    });

    it('joins what has the same key, by the rules', async () => {
      const rules: MergeRules = { join: { low: 'min' } };
      const one = (...fresh: Signal[]): Promise<unknown> =>
        signals.merge([{ timeline: MARY, signals: fresh }], rules);
      await one(signal('a', minutes(5), { set: ['x'], low: 3 }));
      await one(signal('a', minutes(2), { set: ['w'], low: 5 }));

      expect(await read()).toEqual([signal('a', minutes(2), { set: ['w', 'x'], low: 3 })]);
    });

    it('joins what has the same key within one call', async () => {
      await merge(signal('a', JANUARY, { set: ['x'] }), signal('a', JANUARY, { set: ['w'] }));

      expect(await read()).toEqual([signal('a', JANUARY, { set: ['w', 'x'] })]);
    });

    it('joins what has the same key in two months', async () => {
      await merge(signal('a', FEBRUARY, { set: ['x'] }));
      await merge(signal('a', JANUARY, { set: ['w'] }));

      expect(await read()).toEqual([signal('a', JANUARY, { set: ['w', 'x'] })]);
    });

    it('changes nothing when repeated', async () => {
      const all = [signal('a', JANUARY, { set: ['x'] }), signal('b', FEBRUARY)];
      await merge(...all);
      const before = await signals.read(MARY.id);

      await merge(...all);
      await merge(all[0]!);

      expect(await signals.read(MARY.id)).toEqual(before);
    });

    it.each([
      { what: 'a new signal', next: signal('b', JANUARY) },
      { what: 'a new signal in another month', next: signal('b', FEBRUARY) },
      { what: 'a signal that grew', next: signal('a', JANUARY, { more: 1 }) },
    ])('has another version after $what', async ({ next }) => {
      await merge(signal('a', JANUARY));
      const { version } = await signals.read(MARY.id);

      await merge(next);

      expect((await signals.read(MARY.id)).version).not.toBe(version);
    });

    it('keeps the version while nothing happens, and for other timelines', async () => {
      await merge(signal('a', JANUARY));
      const { version } = await signals.read(MARY.id);

      await signals.merge(
        [{ timeline: EVE, signals: [signal('a', JANUARY), signal('b', JANUARY)] }],
        ANY,
      );

      expect((await signals.read(MARY.id)).version).toBe(version);
      expect(await read()).toHaveLength(1);
    });

    it('holds a timeline together over months', async () => {
      const all = [signal('a', JANUARY), signal('b', FEBRUARY), signal('c', minutes(60 * 24 * 40))];

      await merge(...all);

      expect(await read()).toEqual(all);
    });

    it('takes many at once', async () => {
      const all = Array.from({ length: 250 }, (_, i) =>
        signal(`key ${String(i).padStart(3, '0')}`, minutes(i)),
      );
      await merge(...all.slice(100));

      await merge(...all);

      expect(await read()).toEqual(all);
    });

    it('tells keys apart, whatever they hold', async () => {
      const all = HOSTILE.map((key, i) => signal(key, JANUARY, { i }));
      await merge(...all);
      for (const each of all) {
        await merge({ ...each, facts: { ...each.facts, again: true } });
      }

      expect(await read()).toEqual(
        byKey(all.map((each) => ({ ...each, facts: { ...each.facts, again: true } }))),
      );
    });

    it('keeps names and facts as they are, whatever they hold', async () => {
      const all = HOSTILE.map((name, i) => ({
        ...signal(`key-${i}`, JANUARY, { name, [`k${name.slice(0, 20)}`]: [name] }),
        subject: { type: 'user' as const, id: name, name },
      }));

      await merge(...all);

      expect(await read()).toEqual(byKey(all));
    });

    it('keeps facts of 40 KB and more', async () => {
      const ids = Array.from(
        { length: 2_000 },
        (_, i) => `event-${String(i).padStart(6, '0')}-é\u{1f600}`,
      );
      const text = '\u{1f600}"\\é'.repeat(10_000);
      const all = [signal('long', JANUARY, { ids }), signal('text', JANUARY, { text })];

      await merge(all[0]!);
      await merge(...all);

      expect(await read()).toEqual(all);
    });

    it('names the timelines of a detector, each once', async () => {
      const other = timeline('Mary', 'other-detector');
      for (const at of [JANUARY, FEBRUARY, JANUARY]) {
        await signals.merge(
          [MARY, EVE, other].map((each) => ({ timeline: each, signals: [signal(`a ${at}`, at)] })),
          ANY,
        );
      }

      const found = await collect(signals.timelinesOf(DETECTOR));

      expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
        [MARY, EVE].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
      expect(await collect(signals.timelinesOf('some'))).toEqual([]);
    });

    it('loses nothing when several merge at a time', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      await Promise.all(names.map((name) => merge(signal('shared', JANUARY, { set: [name] }))));
      await Promise.all(
        names.map((name) => merge(signal('shared', JANUARY), signal(name, JANUARY))),
      );

      expect(await read()).toEqual([
        ...names.map((name) => signal(name, JANUARY)),
        signal('shared', JANUARY, { set: names }),
      ]);
    });

    describe('of many timelines', () => {
      const crowd = Array.from({ length: 300 }, (_, i) => timeline(`user ${i}`));
      const touched = crowd.map((each, i) => ({
        timeline: each,
        signals: [signal(`a ${i}`, JANUARY), ...(i % 3 === 0 ? [signal('b', FEBRUARY)] : [])],
      }));

      it('are merged and read together', async () => {
        await signals.merge(touched, ANY);

        const found = await signals.readMany([...crowd.map(({ id }) => id), MARY.id]);

        for (const { timeline: of, signals: own } of touched) {
          expect((found.get(of.id) as StoredTimeline).signals).toEqual(own);
        }
        expect(found.get(MARY.id)).toMatchObject({ signals: [], isDirty: false });
      });

      it.each([1, 10, 299])('are read with others in between, every %i-th', async (step) => {
        await signals.merge(touched, ANY);
        const some = touched.filter((_, i) => i % step === 0);
        await signals.readMany(crowd.map(({ id }) => id)); // now it is known how densely they lie

        const found = await signals.readMany(some.map(({ timeline: { id } }) => id));

        expect(found.size).toBe(some.length);
        for (const { timeline: of, signals: own } of some) {
          expect((found.get(of.id) as StoredTimeline).signals).toEqual(own);
        }
      });

      it('are cleaned together, but for those that moved', async () => {
        await signals.merge(touched, ANY);
        const found = await signals.readMany(crowd.map(({ id }) => id));
        await signals.merge([{ timeline: crowd[7]!, signals: [signal('new', JANUARY)] }], ANY);

        const moved = await signals.markClean(
          crowd.map((of) => ({
            ...{ timeline: of, canOpen: true },
            stored: found.get(of.id) as StoredTimeline,
          })),
        );

        expect([...moved]).toEqual([crowd[7]!.id]);
        const left = await signals.readMany(crowd.map(({ id }) => id));
        expect([...left.values()].filter((each) => 'isDirty' in each && each.isDirty)).toHaveLength(
          1,
        );
      });

      it('are all written, whatever others write of some of them meanwhile', async () => {
        const mine = touched.slice(0, 100);
        const theirs = crowd
          .slice(90, 140)
          .map((of) => ({ timeline: of, signals: [signal('theirs', JANUARY)] }));

        await Promise.all([
          signals.merge(mine, ANY),
          signals.merge(theirs, ANY),
          signals.merge(theirs, ANY),
        ]);

        const found = await signals.readMany(crowd.map(({ id }) => id));
        const keysOf = ({ id }: { readonly id: string }): string[] =>
          byKey((found.get(id) as StoredTimeline).signals).map(({ key }) => key);
        expect(keysOf(crowd[89]!)).toEqual(['a 89']);
        expect(keysOf(crowd[95]!)).toEqual(['a 95', 'theirs']);
        expect(keysOf(crowd[139]!)).toEqual(['theirs']);
      });
    });

    describe('that were written and not assessed', () => {
      it('make their timeline dirty until it is cleaned as it was read', async () => {
        await merge(signal('a', JANUARY));
        expect(await signals.read(MARY.id)).toMatchObject({ isDirty: true });
        const stored = await signals.read(MARY.id);
        await merge(signal('b', JANUARY));

        const moved = await signals.markClean([{ timeline: MARY, stored, canOpen: true }]);

        expect([...moved]).toEqual([MARY.id]);
        expect(await signals.read(MARY.id)).toMatchObject({ isDirty: true });
        expect(await clean()).toEqual([]);
        expect(await signals.read(MARY.id)).toMatchObject({ isDirty: false });
        expect(await read()).toHaveLength(2);
      });

      it('are named before they are written, and after', async () => {
        const named: unknown[] = [];
        const dirty = await signals.merge(
          [
            { timeline: MARY, signals: [signal('a', JANUARY)] },
            { timeline: EVE, signals: [] },
          ],
          ANY,
          async (timelines) => {
            named.push(timelines, (await signals.read(MARY.id)).signals);
          },
        );

        expect(named).toEqual([[MARY], []]);
        expect(dirty).toEqual([MARY]);
      });

      it('are named again although they say nothing new, and not once they are assessed', async () => {
        await merge(signal('a', JANUARY));
        expect(await merge(signal('a', JANUARY))).toEqual([MARY]);
        await clean();
        const { version } = await signals.read(MARY.id);

        expect(await merge(signal('a', JANUARY))).toEqual([]);
        expect((await signals.read(MARY.id)).version).toBe(version);
      });

      it('are no dirt where no finding can begin with them, until one can', async () => {
        const other = signal('a', JANUARY);
        const start = { ...signal('b', JANUARY), kind: 'start' };
        const one = (...fresh: Signal[]): Promise<unknown> =>
          signals.merge([{ timeline: MARY, signals: fresh }], BEGINS);
        expect(await one(other)).toEqual([]);
        expect(await signals.read(MARY.id)).toMatchObject({ isDirty: false, canOpen: false });

        expect(await one(start)).toEqual([MARY]);
        expect(await signals.read(MARY.id)).toMatchObject({ isDirty: true, canOpen: true });
        await clean();

        expect(await one({ ...other, key: 'c' })).toEqual([MARY]);
      });

      it('are dirt where there are findings, or where a later version begins with them', async () => {
        const one = (key: string): Promise<unknown> =>
          signals.merge([{ timeline: MARY, signals: [signal(key, JANUARY)] }], BEGINS);
        await one('a');
        await clean(true);
        expect(await one('b')).toEqual([MARY]);

        const eve = (key: string): Promise<unknown> =>
          signals.merge([{ timeline: EVE, signals: [signal(key, JANUARY)] }], BEGINS);
        await eve('a');
        await signals.flagFindings([{ timeline: EVE, stored: await signals.read(EVE.id) }]);
        expect(await eve('b')).toEqual([EVE]);
      });
    });

    it('remembers that there are findings, unless the timeline moved', async () => {
      await merge(signal('a', JANUARY));
      const before = await signals.read(MARY.id);
      expect(before.hasFindings).toBe(false);
      await merge(signal('b', JANUARY));
      expect(await signals.flagFindings([{ timeline: MARY, stored: before }])).toEqual(new Map());

      const flagged = await signals.flagFindings([
        { timeline: MARY, stored: await signals.read(MARY.id) },
      ]);

      expect(flagged.get(MARY.id)).toEqual(await signals.read(MARY.id));
      expect(flagged.get(MARY.id)).toMatchObject({ hasFindings: true, isDirty: true });
      await clean();
      expect(await signals.read(MARY.id)).toMatchObject({ hasFindings: true, isDirty: false });
    });
  });
}

function byKey(signals: readonly Signal[]): readonly Signal[] {
  return signals.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
