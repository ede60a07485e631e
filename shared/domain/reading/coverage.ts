import type { Source } from '../record';
import { earliest, latest, type Instant } from '../time';

/** A stretch of event time, half-open: `from` is inside, `to` is not. */
export interface Interval {
  readonly from: Instant;
  readonly to: Instant;
}

/**
 * Why a stretch was not read: nobody asked for these rows then (`not-read`), the log had dropped them (`retention`),
 * it could not be read for a day (`unreadable`), it was read with a filter that hides rows (`filter`), or a row of it
 * could not be read (`row-unreadable`).
 */
export type GapReason = 'not-read' | 'retention' | 'unreadable' | 'filter' | 'row-unreadable';
export interface Gap extends Interval {
  readonly why: GapReason;
}

/** What was completely read, with a filter that admits what a detector reads. */
export interface Coverage extends Interval {
  /** Stretches inside that were not read, in order, none overlapping another. */
  readonly gaps: readonly Gap[];
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
export function checkCoverage(coverage: Coverage | undefined, from: Instant, to: Instant): Look {
  if (coverage === undefined) {
    return { verdict: 'later' }; // the first read is still to come
  }
  if (from < coverage.from) {
    return { verdict: 'never', gap: { from, to: earliest(to, coverage.from) } };
  }
  const gap = coverage.gaps.find((each) => each.from < to && each.to > from);
  if (gap !== undefined) {
    return { verdict: 'never', gap: { from: gap.from, to: gap.to } };
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
  const looks = sources.map((source) => checkCoverage(coverage[source], from, to));
  return (
    looks.find((look) => look.verdict === 'never') ??
    looks.find((look) => look.verdict === 'later') ?? { verdict: 'covered' }
  );
}

/** So many gaps are remembered. Beyond, the oldest are forgotten together with all that lies before them. */
const MAX_GAPS = 500;

function bounded(coverage: Coverage): Coverage {
  const last = coverage.gaps.at(-MAX_GAPS - 1);
  return last === undefined
    ? coverage
    : { ...coverage, from: last.to, gaps: coverage.gaps.slice(-MAX_GAPS) };
}

/**
 * Adds a stretch that was read. What lies between it and the stretches read so far becomes a gap; a gap that it fills
 * ends.
 */
export function extend(coverage: Coverage | undefined, read: Interval): Coverage {
  if (coverage === undefined) {
    return { from: read.from, to: read.to, gaps: [] };
  }
  const between: Gap[] = [];
  if (read.from > coverage.to) {
    between.push({ from: coverage.to, to: read.from, why: 'not-read' });
  }
  if (read.to < coverage.from) {
    between.push({ from: read.to, to: coverage.from, why: 'not-read' });
  }
  return bounded({
    from: earliest(coverage.from, read.from),
    to: latest(coverage.to, read.to),
    gaps: inOrder([...coverage.gaps.flatMap((gap) => without(gap, read)), ...between]),
  });
}

/** True when reading this stretch answers what could not be answered before, without any new record. */
export function isFilling(coverage: Coverage | undefined, read: Interval): boolean {
  return (
    coverage === undefined ||
    read.from < coverage.from ||
    coverage.gaps.some((gap) => gap.from < read.to && gap.to > read.from)
  );
}

/** Moves the ends over a stretch that was given up: what of it was not read is a gap from now on. */
export function giveUp(
  coverage: Coverage | undefined,
  lost: Interval,
  why: GapReason = 'not-read',
): Coverage {
  const known = coverage ?? { from: lost.from, to: lost.from, gaps: [] };
  const { from, to } = known;
  const unread: readonly Gap[] = [
    { from: lost.from, to: earliest(lost.to, from), why },
    { from: lost.to, to: from, why: 'not-read' }, // jumped over
    { from: to, to: lost.from, why: 'not-read' },
    { from: latest(lost.from, to), to: lost.to, why },
  ];
  return bounded({
    from: earliest(from, lost.from),
    to: latest(to, lost.to),
    gaps: inOrder([...known.gaps, ...unread.filter((each) => each.from < each.to)]),
  });
}

/** The stretch was read, and what was read turned out to be incomplete: a gap, until it is read again. */
export function revoke(coverage: Coverage, doubted: Interval, why: GapReason): Coverage {
  const from = latest(coverage.from, doubted.from);
  const to = earliest(coverage.to, doubted.to);
  if (from >= to) {
    return coverage;
  }
  const others = coverage.gaps.flatMap((gap) => without(gap, { from, to }));
  return bounded({ ...coverage, gaps: inOrder([...others, { from, to, why }]) });
}

/** What several feeds cover together: only what each of them does; a gap of one is a gap. */
export function intersect(first: Coverage, ...others: readonly Coverage[]): Coverage {
  const from = latest(first.from, ...others.map((each) => each.from));
  // Nothing is covered by all of them as long as one ends before another begins.
  const to = latest(from, earliest(first.to, ...others.map((each) => each.to)));
  const nothingYet: Coverage = { from, to, gaps: [] };
  return [first, ...others]
    .flatMap(({ gaps }) => gaps)
    .reduce((known, gap) => revoke(known, gap, gap.why), nothingYet);
}

function without<I extends Interval>(gap: I, read: Interval): I[] {
  const left = { ...gap, to: earliest(gap.to, read.from) };
  const right = { ...gap, from: latest(gap.from, read.to) };
  return [left, right].filter((each) => each.from < each.to);
}

/** Sorts gaps and makes one of those that touch and have the same reason. */
function inOrder(gaps: readonly Gap[]): Gap[] {
  const merged: Gap[] = [];
  for (const gap of [...gaps].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const before = merged.at(-1);
    if (before !== undefined && before.to >= gap.from && before.why === gap.why) {
      merged[merged.length - 1] = { ...before, to: latest(before.to, gap.to) };
    } else {
      merged.push(gap);
    }
  }
  return merged;
}
