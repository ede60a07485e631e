import { between, HOUR, MINUTE, plus, type Duration, type Instant } from '../time';

/**
 * How late rows of a feed come to be seen, measured on a sample: rows whose id hashes to a multiple of `every`.
 * Rows are late by nature; how late decides how long an absence must wait.
 */
export interface Lateness {
  /** One row in so many is looked at; a power of two. */
  readonly every: number;
  /** The sampled rows of the last days: per hour of their event, eight hexadecimal digits of each id. */
  readonly known: Readonly<Record<string, string>>;
  /** How many rows came up to so late, by `BOUNDS`. */
  readonly counts: readonly number[];
  readonly max: Duration;
}

/** A row that was seen: enough to tell it from others, and when it happened. */
export interface SeenRow {
  readonly id: string;
  readonly at: Instant;
}

/** Lateness is counted in steps; a measured one reads "up to". */
const BOUNDS: readonly Duration[] = [
  ...[
    1, 2, 5, 10, 15, 20, 30, 45, 60, 75, 90, 120, 150, 185, 240, 300, 360, 480, 720, 1_080, 1_440,
  ],
].map((minutes) => minutes * MINUTE);
const MAX_KNOWN = 2_000;
const DIGITS = 8;
/** The last look at a row is its day tile, within three days and some. */
const KNOWN_FOR = 4 * 24 * HOUR;
/** From so many on, older measurements count half: a log may change its ways. */
const MAX_COUNTED = 20_000;
const ENOUGH = 5_000;

export const UNMEASURED: Lateness = { every: 1, known: {}, counts: [], max: 0 };

/**
 * Looks at rows that were read. A row that is new was late by at most what `lateBy` says of its time; `undefined`
 * there means that nobody looked in time to tell.
 */
export function observe(
  lateness: Lateness,
  rows: readonly SeenRow[],
  now: Instant,
  lateBy: (at: Instant) => Duration | undefined,
): Lateness {
  let { every, max } = lateness;
  const oldest = hourOf(plus(now, -KNOWN_FOR));
  const known = new Map(Object.entries(lateness.known).filter(([hour]) => hour >= oldest));
  const counts = BOUNDS.map((_, i) => lateness.counts[i] ?? 0);
  let size = [...known.values()].reduce((sum, text) => sum + text.length / DIGITS, 0);
  for (const { id, at } of rows) {
    const hash = hashOf(id);
    const hour = hourOf(at);
    if (hash % every !== 0 || hour < oldest) {
      continue;
    }
    const digits = hash.toString(16).padStart(DIGITS, '0');
    const others = known.get(hour) ?? '';
    if (holds(others, digits)) {
      continue;
    }
    known.set(hour, others + digits);
    size += 1;
    const late = lateBy(at);
    if (late !== undefined) {
      const step = BOUNDS.findIndex((bound) => late <= bound);
      const last = BOUNDS.length - 1;
      counts[step === -1 ? last : step] = (counts[step === -1 ? last : step] ?? 0) + 1;
      max = Math.max(max, late);
    }
    while (size > MAX_KNOWN) {
      every *= 2;
      size = thin(known, every);
    }
  }
  const total = counts.reduce((sum, each) => sum + each, 0);
  return {
    every,
    known: Object.fromEntries(known),
    counts: total > MAX_COUNTED ? counts.map((each) => Math.floor(each / 2)) : counts,
    max,
  };
}

/** Keeps every second of the sampled rows. @returns how many are left. */
function thin(known: Map<string, string>, every: number): number {
  let left = 0;
  for (const [hour, text] of known) {
    const kept = split(text).filter((digits) => parseInt(digits, 16) % every === 0);
    left += kept.length;
    known.set(hour, kept.join(''));
  }
  return left;
}

function split(text: string): string[] {
  return Array.from({ length: text.length / DIGITS }, (_, i) =>
    text.slice(i * DIGITS, (i + 1) * DIGITS),
  );
}

function holds(text: string, digits: string): boolean {
  for (let at = text.indexOf(digits); at !== -1; at = text.indexOf(digits, at + 1)) {
    if (at % DIGITS === 0) {
      return true;
    }
  }
  return false;
}

/** How late rows came: upper bounds of quantiles, by the sample. */
export interface LatenessFigures {
  readonly measured: number;
  readonly p50: Duration;
  readonly p95: Duration;
  readonly p999: Duration;
  readonly max: Duration;
}

/** @returns undefined while nothing was measured. */
export function figuresOf(lateness: Lateness | undefined): LatenessFigures | undefined {
  const measured = lateness?.counts.reduce((sum, each) => sum + each, 0) ?? 0;
  if (lateness === undefined || measured === 0) {
    return undefined;
  }
  const quantile = (share: number): Duration => {
    let seen = 0;
    const step = lateness.counts.findIndex((each) => (seen += each) >= share * measured);
    return Math.min(BOUNDS[step] ?? lateness.max, lateness.max);
  };
  const { max } = lateness;
  return { measured, p50: quantile(0.5), p95: quantile(0.95), p999: quantile(0.999), max };
}

const ASSUMED_LAG = 2 * HOUR;
const MIN_LAG = 30 * MINUTE;
const MAX_LAG = 24 * HOUR;

/** A source counts as complete up to so long ago: assumed until enough rows are measured, then their p99.9. */
export function lagOf(lateness: Lateness | undefined): Duration {
  const figures = figuresOf(lateness);
  return figures === undefined || figures.measured < ENOUGH
    ? ASSUMED_LAG
    : Math.min(MAX_LAG, Math.max(MIN_LAG, figures.p999));
}

function hourOf(at: Instant): string {
  return at.slice(0, 13);
}

/** FNV-1a: a million rows a run are looked at, and nobody attacks a sample. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** How long before `now` an instant was, at least 0: rows of the future come from clocks that differ. */
export function ago(at: Instant, now: Instant): Duration {
  return Math.max(0, between(at, now));
}
