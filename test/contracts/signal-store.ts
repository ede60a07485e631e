import type { Signal } from '../../shared/domain/signal';
import type { SignalStore } from '../../shared/pipeline/ports';
import { collect, DETECTOR, HOSTILE, minutes, signal, timeline, type MakeStores } from './samples';

const JANUARY = minutes(0);
const FEBRUARY = minutes(60);
const MARY = timeline('Mary');

export function signalStoreContract(make: MakeStores): void {
  describe('signals', () => {
    let signals: SignalStore;
    beforeEach(() => {
      signals = make().signals;
    });
    const merge = (...fresh: Signal[]): Promise<void> => signals.merge(MARY, fresh, {});
    const read = async (): Promise<readonly Signal[]> =>
      byKey((await signals.read(MARY.id)).signals);

    it('knows no timeline at first', async () => {
      expect((await signals.read(MARY.id)).signals).toEqual([]);
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

      expect(await read()).toEqual([]);
    });

    it('joins what has the same key, by the rules', async () => {
      await signals.merge(MARY, [signal('a', minutes(5), { set: ['x'], low: 3 })], { low: 'min' });
      await signals.merge(MARY, [signal('a', minutes(2), { set: ['w'], low: 5 })], { low: 'min' });

      expect(await read()).toEqual([signal('a', minutes(2), { set: ['w', 'x'], low: 3 })]);
    });

    it('joins what has the same key within one call', async () => {
      await merge(signal('a', JANUARY, { set: ['x'] }), signal('a', JANUARY, { set: ['w'] }));

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

      await signals.merge(timeline('Eve'), [signal('a', JANUARY), signal('b', JANUARY)], {});

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
      const [eve, other] = [timeline('Eve'), timeline('Mary', 'other-detector')];
      for (const at of [JANUARY, FEBRUARY, JANUARY]) {
        await signals.merge(MARY, [signal(`a ${at}`, at)], {});
        await signals.merge(eve, [signal(`a ${at}`, at)], {});
        await signals.merge(other, [signal(`a ${at}`, at)], {});
      }

      const found = await collect(signals.timelinesOf(DETECTOR));

      expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
        [MARY, eve].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
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
  });
}

function byKey(signals: readonly Signal[]): readonly Signal[] {
  return signals.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
