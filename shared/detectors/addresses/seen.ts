import { eventSignal } from '../../domain/findings/event-signal';
import type { Signal } from '../../domain/findings/signal';
import { objectsIn, textOf, textsIn } from '../../domain/facts';
import type { JsonObject } from '../../domain/json';
import {
  COLLECTIONS,
  type AddressView,
  type Collection,
  type DirectoryObjectRecord,
} from '../../domain/record';
import type { Evidence, Timeline } from '../../domain/detector';
import type { Instant } from '../../domain/time';
import { evidenceFrom } from '../not-followed-by';

// What the detectors on addresses keep of a directory object, and how they read it back. The subject is the address.

/** Both detectors read every object: who is in the way of whom is told by all of them together. */
export const READS_OBJECTS = [
  { source: 'directoryObjects', property: 'collection', values: COLLECTIONS },
] as const;

/** What an object had to do with the address when it was last recorded. */
export interface Seen {
  readonly id: string;
  readonly at: Instant;
  readonly signal: Signal;
  readonly collection: Collection;
  readonly label: string;
  readonly userPrincipalName: string;
  readonly mail: string;
  readonly guest: '' | 'guest' | 'external-member';
  readonly isSynced: boolean;
  readonly disabledSince?: Instant;
  readonly createdAt?: Instant;
  readonly hasAddresses: boolean;
  readonly gone: '' | 'in-bin' | 'deleted' | 'missing';
  readonly holds: '' | 'primary' | 'alias';
  readonly heldSince?: Instant;
  readonly wants: readonly JsonObject[];
  readonly wantedSince?: Instant;
  readonly mailUntil?: Instant;
  readonly notRead: readonly string[];
}

/** A signal for each address that a record is about. */
export function observed(
  record: DirectoryObjectRecord,
  kindOf: (view: AddressView) => string,
): readonly Signal[] {
  const { source, id, at, on, notRead, ...details } = record;
  return on.map((view) => {
    const { address, wants, ...times } = view;
    const { userPrincipalName, hasAddresses, isSynced, ...others } = details;
    const facts = withoutAbsent({
      ...others,
      ...times,
      ...{ upn: userPrincipalName, wants: wants.map((want) => withoutAbsent({ ...want })) },
      ...{ hasAddresses: hasAddresses || undefined, isSynced: isSynced || undefined },
      notRead: notRead.length > 0 ? notRead : undefined,
    });
    const event = eventSignal(record, { type: 'address', id: address }, kindOf(view), facts);
    return { ...event, key: `obs|${id}|${at}` };
  });
}

function withoutAbsent(facts: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** The objects as they stood at one time. */
export interface Moment {
  readonly at: Instant;
  readonly objects: readonly Seen[];
}

/** The times at which something was recorded, in order, each with what was known of every object then. */
export function momentsOf(timeline: Timeline): readonly Moment[] {
  const newest = new Map<string, Seen>();
  return [...Map.groupBy(timeline, ({ at }) => at)].map(([at, signals]) => {
    for (const seen of signals.map(seenIn)) {
      newest.set(seen.id, seen);
    }
    return { at, objects: [...newest.values()] };
  });
}

function seenIn(signal: Signal): Seen {
  const { facts, at, eventId: id = '' } = signal;
  const upn = textOf(facts['upn']);
  const mail = textOf(facts['mail']);
  return {
    ...{ id, at, signal, userPrincipalName: upn, mail },
    label: textOf(facts['name']) || upn || mail || id,
    collection: textOf(facts['collection']) as Collection,
    guest: textOf(facts['guest']) as Seen['guest'],
    isSynced: facts['isSynced'] === true,
    hasAddresses: facts['hasAddresses'] === true,
    gone: textOf(facts['gone']) as Seen['gone'],
    holds: textOf(facts['holds']) as Seen['holds'],
    wants: objectsIn(facts['wants']),
    notRead: textsIn(facts['notRead']),
    ...timeIn(facts, 'disabledSince'),
    ...timeIn(facts, 'createdAt'),
    ...timeIn(facts, 'heldSince'),
    ...timeIn(facts, 'wantedSince'),
    ...timeIn(facts, 'mailUntil'),
  };
}

function timeIn<N extends string>(facts: JsonObject, name: N): Partial<Record<N, Instant>> {
  const time = textOf(facts[name]);
  return time === '' ? {} : ({ [name]: time as Instant } as Partial<Record<N, Instant>>);
}

export function isHolding({ holds, gone }: Seen): boolean {
  return holds !== '' && gone === '';
}

/** An error says that it cannot get the address. */
export function isRefused({ wants }: Seen): boolean {
  return wants.some(({ by }) => by !== 'mail');
}

/** It has a wish for the address, be it only that it is its mail address. */
export function isWanting({ wants }: Seen): boolean {
  return wants.length > 0;
}

/** What says so, in words. */
export function wishOf({ wants }: Seen): { readonly code: string; readonly says: string } {
  const error = wants.find(({ by }) => by === 'service') ?? wants.find(({ by }) => by !== 'mail');
  return { code: textOf(error?.['code']), says: textOf(error?.['says']) };
}

export function evidenceOf({ signal }: Seen, kind: string, what: string): Evidence {
  return { ...evidenceFrom(signal, what), kind };
}
