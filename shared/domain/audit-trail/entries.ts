import type { Coverage } from '../reading/coverage';
import { linked, type Head, type Linked } from '../hash-chain';
import type { Source } from '../record';
import { DAY, HOUR, plus, toInstant, type Duration, type Instant } from '../time';

/** A day as `2026-01-31`. */
export type Day = string;

/** An hour of a day (`09`, UTC), or the whole day when there is none. */
export interface Period {
  readonly day: Day;
  readonly hour?: string;
}

/** The seal of an hour, as that of its day names it. */
export interface SealedHour {
  readonly hour: string;
  /** The entry that is its last part, and the hash of that. */
  readonly entry: number;
  readonly hash: string;
}

/**
 * What the chain of the whole record says of an hour: the heads of everything that moved in it. An hour with many heads
 * takes several parts. The seal of a day lists those of its hours, and how far the logs were read.
 */
export interface Seal extends Period {
  readonly kind: 'seal';
  /** Of a day only. */
  readonly hours?: readonly SealedHour[];
  readonly part: number;
  readonly isLast: boolean;
  readonly findings: readonly Head[];
  readonly rules: readonly Head[];
  readonly coverage: Readonly<Partial<Record<Source, Readonly<Record<string, Coverage>>>>>;
}

/** What was removed because it was old: written before it is. */
export interface Purge {
  readonly kind: 'purge';
  /** What had not moved since was old enough. */
  readonly before: Instant;
  readonly findings: readonly Head[];
  /** Signals of the months before this, which is below every detector's floor, were removed. */
  readonly signalsBefore?: Instant;
  /** Ledger and quarantine rows, copies of damaged rows and counts per day before this were removed. */
  readonly logsBefore?: Instant;
}

/** Findings that a purge named and that stayed: held or moved before it came to them. They are guarded as before. */
export interface Kept {
  readonly kind: 'kept';
  /** The entry of the purge; it is carried out with this one. */
  readonly purge: number;
  readonly findings: readonly Head[];
}

/** A row of the chain of the whole record. */
export type TrailEntry = Linked & {
  readonly sequence: number;
  readonly at: Instant;
} & (Seal | Purge | Kept);

/** Where the chain ends, and what is under way. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
  readonly lastSeal?: Period & {
    readonly part: number;
    readonly isLast: boolean;
    /** Nothing was sealed before that: its seal takes up all there is. */
    readonly isFirst?: boolean;
    /** The last finding that the part lists. */
    readonly lastId: string;
  };
  /** The purge that was written down and not yet carried out. */
  readonly unfinished?: number;
  /** Entries up to this one have been copied to the container. */
  readonly copied?: number;
  /** The entry of which the container holds another copy, found at the last comparison. */
  readonly differs?: number;
}

export const EMPTY_CHAIN: ChainHead = { sequence: 0, hash: '' };

/** The next row of the chain, and the head after it. */
export function nextEntry(
  head: ChainHead,
  content: Seal | Purge | Kept,
  at: Instant,
): { readonly entry: TrailEntry; readonly head: ChainHead } {
  const sequence = head.sequence + 1;
  const entry: TrailEntry = linked({ ...content, sequence, at }, head.hash);
  const moved = { ...head, sequence, hash: entry.hash };
  if (content.kind === 'purge') {
    return { entry, head: { ...moved, unfinished: sequence } };
  }
  if (content.kind === 'kept') {
    return { entry, head: finished(moved) };
  }
  const { day, hour, part, isLast, findings } = content;
  const lastId = findings.at(-1)?.id ?? '';
  const { lastSeal: before } = head;
  const isFirst = before === undefined || (isSame(before, content) && before.isFirst === true);
  const lastSeal = {
    ...{ day, ...(hour !== undefined && { hour }), part, isLast, lastId },
    ...(isFirst && { isFirst: true }),
  };
  return { entry, head: { ...moved, lastSeal } };
}

/** The purge is carried out. */
export function finished(head: ChainHead): ChainHead {
  const { unfinished: _u, ...rest } = head;
  return rest;
}

/**
 * A transition is timed before it is written. What was timed so long before a period, and is in no seal, is taken up by the
 * seal of that period, so that nothing falls between two seals; what is older than that and comes later was put in.
 */
export const LATE_WRITES: Duration = HOUR;

/** `2026-01-31/09`, or `2026-01-31`. */
export function nameOf({ day, hour }: Period): string {
  return hour === undefined ? day : `${day}/${hour}`;
}

export function startOf({ day, hour = '00' }: Period): Instant {
  return toInstant(`${day}T${hour}:00:00Z`);
}

/** The first moment after it. */
export function endOf(period: Period): Instant {
  return plus(startOf(period), period.hour === undefined ? DAY : HOUR);
}

export function isSame(a: Period, b: Period): boolean {
  return a.day === b.day && a.hour === b.hour;
}
