import {
  coverageOfRounds,
  KnownDirectory,
  type ObjectProperties,
  type ObjectRow,
  type Round,
} from '../../../shared/domain/reading/directory';
import type { Collection, DirectoryObjectRecord } from '../../../shared/domain/record';
import { HOUR, plus, toInstant, type Instant } from '../../../shared/domain/time';

const START = toInstant('2026-06-14T00:00:00Z');
const hour = (hours: number): Instant => plus(START, hours * HOUR);
const row = (id: string, properties: Partial<ObjectProperties> = {}): ObjectRow => ({
  id,
  properties,
});
const holds = (id: string, ...addresses: readonly string[]): ObjectRow =>
  row(id, { proxyAddresses: addresses.map((each) => `smtp:${each}`) });
const round = (at: number, rows: readonly ObjectRow[], about: Partial<Round> = {}): Round => ({
  ...{ collection: 'users', at: hour(at), isComplete: true, isWhole: false, rows },
  ...about,
});
const A = 'a@b.example';

/** What was recorded, as `id address state`. */
const told = (records: readonly DirectoryObjectRecord[]): string[] =>
  records.flatMap(({ id, gone, on }) =>
    on.map(({ address, holds: how, wants }) =>
      [id, address, gone, how, ...wants.map(({ by }) => by)].filter(Boolean).join(' '),
    ),
  );

describe('domain/reading/directory', () => {
  it('records an address when two name it, both together, and only what is new', () => {
    const known = new KnownDirectory();

    expect(told(known.apply(round(0, [holds('g', A), holds('x', 'x@b.example')])))).toEqual([]);
    expect(told(known.apply(round(1, [row('w', { mail: A, isSynced: true })])))).toEqual([
      `g ${A} alias`,
      `w ${A} mail`,
    ]);
    expect(told(known.apply(round(2, [row('w', { mail: A })])))).toEqual([]);
    expect(told(known.apply(round(3, [row('w', { name: 'Will' })])))).toHaveLength(2);
  });

  it('says since when, whatever else changes', () => {
    const known = new KnownDirectory();
    known.apply(round(0, [holds('g', A)]));
    known.apply(round(1, [row('w', { mail: A, isSynced: true })]));
    const conflict = { category: 'PropertyConflict', property: 'ProxyAddresses', value: A };

    const [g, w] = known.apply(round(2, [row('w', { syncErrors: [conflict] })]));

    expect(g!.on).toMatchObject([{ heldSince: hour(0) }]);
    expect(w!.on).toMatchObject([{ wantedSince: hour(1) }]);
  });

  it('tells once that somebody has left an address', () => {
    const known = new KnownDirectory();
    known.apply(round(0, [holds('g', A), holds('c', A)]));

    expect(told(known.apply(round(1, [row('g', { proxyAddresses: [] })])))).toEqual([
      `g ${A}`,
      `c ${A} alias`,
    ]);
    expect(told(known.apply(round(2, [row('c', { name: 'Carl' })])))).toEqual([`c ${A} alias`]);
  });

  it('takes an object for removed from the second complete round of its collection on', () => {
    const removed: ObjectRow = { id: 'g', removed: 'in-bin', properties: {} };
    const both = [holds('g', A), holds('c', A)];

    const later = new KnownDirectory();
    later.apply(round(0, both));
    const incomplete = new KnownDirectory();
    incomplete.apply(round(0, both));
    const first = new KnownDirectory();
    first.apply(round(0, both, { isComplete: false }));
    const once = new KnownDirectory();
    const other = new KnownDirectory();
    other.apply(round(0, both, { isComplete: false }));
    other.apply(round(0, [], { collection: 'groups' }));

    expect(told(later.apply(round(1, [removed])))).toEqual([`g ${A} in-bin`, `c ${A} alias`]);
    expect(told(incomplete.apply(round(1, [removed], { isComplete: false })))).toEqual([]);
    expect(told(first.apply(round(1, [removed])))).toEqual([]);
    expect(told(once.apply(round(0, [...both, removed])))).toEqual([]);
    expect(told(other.apply(round(1, [removed])))).toEqual([]);
    expect(told(once.apply(round(1, [{ ...removed, id: 'unknown' }])))).toEqual([]);
  });

  it('takes what a list does not hold any more for gone, and what comes back for there', () => {
    const known = new KnownDirectory();
    const list = (at: number, rows: readonly ObjectRow[], about: Partial<Round> = {}) =>
      told(known.apply(round(at, rows, { isWhole: true, ...about })));
    list(0, [holds('g', A), holds('c', A)]);

    expect(list(1, [holds('c', A)], { isComplete: false })).toEqual([]);
    expect(list(2, [], { collection: 'groups' })).toEqual([]);
    expect(list(3, [holds('c', A)])).toEqual([`g ${A} missing`, `c ${A} alias`]);
    expect(list(4, [holds('c', A)])).toEqual([]);
    expect(list(5, [holds('c', A), holds('g', A)])).toEqual([`c ${A} alias`, `g ${A} alias`]);
  });

  it('records a sign-in name alone when its holder is disabled or goes by another address', () => {
    const known = new KnownDirectory();
    const user = { userPrincipalName: 'A@b.example', proxyAddresses: [`SMTP:${A}`], mail: A };
    known.apply(round(0, [row('h', user)]));

    const [renamed] = known.apply(round(1, [row('h', { mail: 'other@b.example' })]));
    const [disabled] = known.apply(round(2, [row('h', { isEnabled: false })]));
    const [enabled] = known.apply(round(3, [row('h', { isEnabled: true, mail: A })]));

    expect(renamed!.on).toMatchObject([{ address: A, holds: 'primary', mailUntil: hour(1) }]);
    expect(disabled).toMatchObject({ disabledSince: hour(2), on: [{ mailUntil: hour(1) }] });
    expect(enabled!.disabledSince).toBeUndefined();
    expect(enabled!.on[0]!.mailUntil).toBeUndefined();
  });

  it('leaves out the addresses of the initial domain', () => {
    const known = new KnownDirectory();
    const own = 'a@example.onmicrosoft.com';

    expect(known.apply(round(0, [holds('g', own), holds('c', own)]))).toEqual([]);
  });

  it('records so many who name one address, holders first', () => {
    const known = new KnownDirectory();
    const wanters = Array.from({ length: 80 }, (_, i) =>
      row(`w${String(i).padStart(2, '0')}`, { mail: A, isSynced: true }),
    );

    const records = known.apply(round(0, [...wanters, holds('z', A)]));

    expect(records).toHaveLength(50);
    expect(records[0]!.id).toBe('z');
  });

  it('of two spellings of an address the primary one counts', () => {
    const known = new KnownDirectory();
    const twice = row('g', { proxyAddresses: [`SMTP:${A}`, `smtp:${A}`] });

    expect(told(known.apply(round(0, [twice, holds('c', A)])))).toEqual([
      `g ${A} primary`,
      `c ${A} alias`,
    ]);
  });

  it('names the collections of which nothing is known', () => {
    const known = new KnownDirectory(['users']);
    const [record] = known.apply(round(0, [holds('g', A), holds('c', A)]));

    expect(record!.notRead).toEqual(['groups', 'contacts']);
  });

  describe('covers', () => {
    const at = (collection: Collection, hours: number, isComplete = true): Round =>
      round(hours, [], { collection, isComplete });

    it('what all collections have completed', () => {
      expect(
        coverageOfRounds([at('users', 0), at('groups', 1), at('users', 5), at('groups', 3)]),
      ).toEqual({ from: hour(1), to: hour(3), gaps: [] });
    });

    it('nothing while one has no complete round', () => {
      expect(coverageOfRounds([])).toBeUndefined();
      expect(coverageOfRounds([at('users', 0), at('groups', 1, false)])).toBeUndefined();
    });

    it('no time before it begins', () => {
      const { from, to } = coverageOfRounds([at('users', 0), at('groups', 4)])!;

      expect([from, to]).toEqual([hour(4), hour(4)]);
    });
  });
});
