import type { Source } from './record';
import { earliest, latest, type Instant } from './time';

/** A stretch of event time, half-open: `from` is inside, `to` is not. */
export interface Interval {
  readonly from: Instant;
  readonly to: Instant;
}

/** What was completely read of one source, with a filter that admits what a detector reads. */
export interface Coverage extends Interval {
  /** Stretches inside that were given up, in order, none touching another. */
  readonly gaps: readonly Interval[];
}

export type CoverageBySource = Readonly<Partial<Record<Source, Coverage>>>;

/**
 * Whether something that is not there may be called absent. `covered`: yes. `later`: not yet, the end is still to be
 * read. `never`: part of the stretch was not read and will not be by waiting; `gap` is that part.
 */
export type Look =
  | { readonly verdict: 'covered' }
  | { readonly verdict: 'later' }
  | { readonly verdict: 'never'; readonly gap: Interval };

/** Looks for one unbroken covered interval around `[from, to)`. */
export function lookAt(coverage: Coverage | undefined, from: Instant, to: Instant): Look {
  if (coverage === undefined) {
    return { verdict: 'later' }; // the first read is still to come
  }
  if (from < coverage.from) {
    return { verdict: 'never', gap: { from, to: earliest(to, coverage.from) } };
  }
  const gap = coverage.gaps.find((each) => each.from < to && each.to > from);
  if (gap !== undefined) {
    return { verdict: 'never', gap };
  }
  return to <= coverage.to ? { verdict: 'covered' } : { verdict: 'later' };
}

/** The same question to several sources: the worst answer counts. */
export function lookAtAll(
  coverage: CoverageBySource,
  sources: readonly Source[],
  from: Instant,
  to: Instant,
): Look {
  const looks = sources.map((source) => lookAt(coverage[source], from, to));
  return (
    looks.find((look) => look.verdict === 'never') ??
    looks.find((look) => look.verdict === 'later') ?? { verdict: 'covered' }
  );
}

/**
 * Adds a stretch that was read. What lies between it and the stretches read so far becomes a gap; a gap that it fills
 * ends.
 */
export function extend(coverage: Coverage | undefined, read: Interval): Coverage {
  if (coverage === undefined) {
    return { ...read, gaps: [] };
  }
  const between: Interval[] = [];
  if (read.from > coverage.to) {
    between.push({ from: coverage.to, to: read.from });
  }
  if (read.to < coverage.from) {
    between.push({ from: read.to, to: coverage.from });
  }
  return {
    from: earliest(coverage.from, read.from),
    to: latest(coverage.to, read.to),
    gaps: inOrder([...coverage.gaps.flatMap((gap) => without(gap, read)), ...between]),
  };
}

/** Moves the end forward over a stretch that was given up: it is a gap from now on. */
export function giveUp(coverage: Coverage, lost: Interval): Coverage {
  const reached = extend(coverage, lost);
  return { ...reached, gaps: inOrder([...reached.gaps, lost]) };
}

function without(gap: Interval, read: Interval): Interval[] {
  const left = { from: gap.from, to: earliest(gap.to, read.from) };
  const right = { from: latest(gap.from, read.to), to: gap.to };
  return [left, right].filter((each) => each.from < each.to);
}

/** Sorts gaps and makes one of those that touch. */
function inOrder(gaps: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const gap of [...gaps].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const before = merged.at(-1);
    if (before !== undefined && before.to >= gap.from) {
      merged[merged.length - 1] = { from: before.from, to: latest(before.to, gap.to) };
    } else {
      merged.push(gap);
    }
  }
  return merged;
}
