import type { Timeline } from '../detector';
import { objectsIn } from '../facts';
import type { Source } from '../record';
import type { JoinRules, Signal, Subject } from '../findings/signal';
import { byTime, dayOf, type Instant } from '../time';
import { instantOf } from './strong-authentication';

// What Graph said of a person beside the logs, such as a setting that applies to them. It is stored as a signal, so that
// a detector stays a pure function of its timeline.

/** What was seen, and when. */
export interface Observation {
  readonly at: Instant;
  readonly value: boolean;
}

/** The rule by which observations of one day join: a detector that reads them names it. */
export const OBSERVED_JOIN = { seen: 'last3' } as const satisfies JoinRules;

/** An observation as a signal; `what` is the property of Graph, such as `isAdmin`. */
export function observedSignal(
  source: Source,
  subject: Subject,
  what: string,
  { at, value }: Observation,
): Signal {
  const key = `observed|${what}|${dayOf(at)}`;
  return { key, source, at, subject, kind: 'observed', facts: { what, seen: [{ at, value }] } };
}

/** What was observed of one property, by time; empty where nobody looked. */
export function observationsOf(timeline: Timeline, what: string): readonly Observation[] {
  return timeline
    .filter(({ kind, facts }) => kind === 'observed' && facts['what'] === what)
    .flatMap(({ facts }) => objectsIn(facts['seen']))
    .flatMap(({ at, value }) => {
      const seenAt = instantOf(at);
      return seenAt === null || typeof value !== 'boolean' ? [] : [{ at: seenAt, value }];
    })
    .sort(byTime);
}
