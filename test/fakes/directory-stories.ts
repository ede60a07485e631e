import fc from 'fast-check';
import { toObjectRow } from '../../shared/adapters/rows/directory-row';
import { KnownDirectory, type Round } from '../../shared/domain/reading/directory';
import { COLLECTIONS, type Collection, type EntraRecord } from '../../shared/domain/record';
import { HOUR, plus } from '../../shared/domain/time';
import { conflict, contact, guest, removed, synced } from '../detectors/rounds';
import { T0 } from './records';

// What becomes of a few objects and two addresses, round by round; a reader has made records of it.

const ADDRESSES = ['tim@example.net', 'ann@example.net'] as const;
type Draw = (address: string) => { readonly collection: Collection; readonly row: object };

const CHANGES = {
  'guest holds': (a) => ({ collection: 'users', row: guest('g', a) }),
  'guest holds nothing': (a) => ({
    collection: 'users',
    row: guest('g', a, { proxyAddresses: [] }),
  }),
  'guest goes': () => ({ collection: 'users', row: removed('g') }),
  'contact holds': (a) => ({ collection: 'contacts', row: contact('c', a) }),
  'contact goes': () => ({ collection: 'contacts', row: removed('c', 'deleted') }),
  'user is refused': (a) => ({
    collection: 'users',
    row: synced('w', { mail: a, onPremisesProvisioningErrors: [conflict(a)] }),
  }),
  'user waits': (a) => ({ collection: 'users', row: synced('w', { mail: a }) }),
  'user gets it': (a) => ({
    collection: 'users',
    row: synced('w', { mail: a, proxyAddresses: [`SMTP:${a}`] }),
  }),
  'user goes': () => ({ collection: 'users', row: removed('w') }),
  'sign-in name holds': (a) => ({
    collection: 'users',
    row: synced('h', {
      ...{ userPrincipalName: a, mail: 'h@example.com' },
      proxyAddresses: ['SMTP:h@example.com', `smtp:${a}`],
    }),
  }),
  'sign-in name is the mail address': (a) => ({
    collection: 'users',
    row: synced('h', { userPrincipalName: a, mail: a, proxyAddresses: [`SMTP:${a}`] }),
  }),
  'sign-in name changes': () => ({
    collection: 'users',
    row: { id: 'h', userPrincipalName: 'h@example.com' },
  }),
  'holder is disabled': () => ({ collection: 'users', row: { id: 'h', accountEnabled: false } }),
  'holder is enabled': () => ({ collection: 'users', row: { id: 'h', accountEnabled: true } }),
  'holder goes': () => ({ collection: 'users', row: removed('h') }),
  'guest is renamed': () => ({ collection: 'users', row: { id: 'g', displayName: 'Tim' } }),
} as const satisfies Record<string, Draw>;

const kinds = Object.keys(CHANGES) as (keyof typeof CHANGES)[];

interface DirectoryEvent {
  readonly kind: keyof typeof CHANGES;
  readonly address: string;
  /** Hours after the round before; none: in the same round. */
  readonly later: number;
}

const event: fc.Arbitrary<DirectoryEvent> = fc.record({
  kind: fc.oneof(
    {
      arbitrary: fc.constantFrom<DirectoryEvent['kind']>(
        ...([
          'guest holds',
          'user is refused',
          'user waits',
          'sign-in name holds',
          'contact holds',
        ] as const),
      ),
      weight: 2,
    },
    { arbitrary: fc.constantFrom(...kinds), weight: 3 },
  ),
  address: fc.constantFrom(ADDRESSES[0], ADDRESSES[0], ADDRESSES[1]),
  later: fc.constantFrom(0, 1, 2, 3, 4, 24, 200),
});

function recordsIn(events: readonly DirectoryEvent[]): EntraRecord[] {
  const directory = new KnownDirectory();
  const rounds: { at: number; rows: Map<Collection, object[]> }[] = [{ at: 0, rows: new Map() }];
  for (const { kind, address, later } of events) {
    const last = rounds.at(-1)!;
    const round =
      later === 0 ? last : { at: last.at + later, rows: new Map<Collection, object[]>() };
    if (round !== last) {
      rounds.push(round);
    }
    const { collection, row } = CHANGES[kind](address);
    round.rows.set(collection, [...(round.rows.get(collection) ?? []), row]);
  }
  return rounds.flatMap(({ at, rows }) =>
    COLLECTIONS.flatMap((collection) => {
      const round: Round = {
        ...{ collection, at: plus(T0, at * HOUR), isComplete: true, isWhole: false },
        rows: (rows.get(collection) ?? []).map((row) =>
          toObjectRow(row as Record<string, unknown>),
        ),
      };
      return directory.apply(round);
    }),
  );
}

export const directoryStory: fc.Arbitrary<EntraRecord[]> = fc
  .array(event, { maxLength: 7 })
  .map(recordsIn);
