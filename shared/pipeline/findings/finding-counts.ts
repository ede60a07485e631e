import type { Finding } from '../../domain/findings/finding';
import type { Transition } from '../../domain/findings/transition';
import { dayOf } from '../../domain/time';
import type { CountEntry } from '../ports/finding-counts';

/** What a transition adds to the counts of its day. */
export function entriesOf(
  { id, detector }: Pick<Finding, 'id' | 'detector'>,
  { verb, at }: Transition,
): readonly CountEntry[] {
  const what = WHAT[verb];
  return what === undefined ? [] : [{ findingId: id, detector, day: dayOf(at), what }];
}

// What was recorded when it was over already was never open, and what is reopened was counted before.
const WHAT: Readonly<Partial<Record<Transition['verb'], CountEntry['what']>>> = {
  opened: 'opened',
  resolved: 'resolved',
  superseded: 'resolved',
};

/** What a count keeps of a finding's id: enough to tell the findings of a day apart. */
export function nameInCount(findingId: string): string {
  return findingId.slice(1, 11) + findingId.slice(17, 20);
}

/** A text that is the same for entries that count the same. */
export function keyOfEntry({ findingId, detector, day, what }: CountEntry): string {
  return keyOf(day, detector, what, findingId[0] ?? '', nameInCount(findingId));
}

/** What the keys of all that is counted of a finding end with. */
export function endOfKeys(findingId: string): string {
  return ` ${keyOf(findingId[0] ?? '', nameInCount(findingId))}`;
}

export function keyOf(...parts: readonly string[]): string {
  return parts.join(' ');
}
