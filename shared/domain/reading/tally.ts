import { eventHash } from '../json';
import { textsIn } from '../facts';
import type { EntraRecord, Source } from '../record';
import { SET_CAP, type Signal, type Subject } from '../findings/signal';
import { DAY, dayOf, plus, startOfDay, type Instant } from '../time';

/** Rows that people want to know the number of, because they say whether there is anything to watch. */
export interface Tally {
  readonly source: Source;
  /** What is counted, in the plural: `ActiveSync sign-ins`. */
  readonly what: string;
}

const KIND = 'tally';

/**
 * Counts a row by day and id: a signal about the log itself, so that it is stored, joined and dropped like any other,
 * and a row counts once however often it is read.
 */
export function tallySignal({ source, id, at }: EntraRecord): Signal {
  return {
    key: `${KIND}|${dayOf(at)}`,
    source,
    at: startOfDay(at),
    subject: { type: 'count', id: source },
    kind: KIND,
    facts: { events: [eventHash(id)] },
  };
}

/** Whether a timeline holds nothing but counts: nothing is concluded of it, so nobody need judge it. */
export function isTallied({ type }: Subject): boolean {
  return type === 'count';
}

export interface Count {
  readonly count: number;
  /** A day held more than are counted. */
  readonly isAtLeast: boolean;
  /** Counted from the beginning of this day on. */
  readonly from: Instant;
}

const DAYS = 30;

/** How many rows were counted on the 30 days, in UTC, that end with that of `now`. */
export function countOf(signals: readonly Signal[], now: Instant): Count {
  const from = startOfDay(plus(now, (1 - DAYS) * DAY));
  const sizes = signals
    .filter(({ kind, at }) => kind === KIND && at >= from && at <= now)
    .map(({ facts }) => textsIn(facts['events']).length);
  return {
    count: sizes.reduce((sum, size) => sum + size, 0),
    isAtLeast: sizes.some((size) => size >= SET_CAP),
    from,
  };
}
