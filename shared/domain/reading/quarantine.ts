import { canonical, shortHash } from '../json';
import { revoke, type CoverageBySource, type Interval } from './coverage';
import type { Malformed, MissedRow, Source } from '../record';
import type { Subject } from '../findings/signal';
import { dayOf, earliest, justAfter, latest, toMinute, type Instant } from '../time';

/** A row that could not be read: what is known of it, never what it said. One per occurrence, however often it is met. */
export interface QuarantineRow {
  /** 12 hexadecimal digits of the event id, or of what stands for it. */
  readonly id: string;
  readonly source: Source;
  readonly eventId?: string;
  readonly reason: string;
  /** The names of its properties and how long the JSON of each is. */
  readonly lengths?: Readonly<Record<string, number>>;
  readonly firstSeenAt: Instant;
  /** Absent: no detector needs rows of this kind, or the kind cannot be read. */
  readonly gap?: RowGap;
  /** The row was read after all, or a person says that it does not matter. */
  readonly ended?: RowEnd;
  /** Stands for so many rows that no gap of its own was cut for each. */
  readonly isMany?: true;
  /** The timelines that it concerns are marked since its gap began or ended. */
  readonly isHeard?: true;
}

/** What may be missing because of it: nothing is concluded over this stretch. */
export interface RowGap extends Interval {
  readonly detectors: readonly string[];
  /** Absent: of everybody. */
  readonly subject?: Subject;
  /** Another look did not tell whom it is about, or somebody else: until then it concerned more than this subject. */
  readonly wasWider?: true;
}

export interface RowEnd {
  readonly how: 'readable' | 'accepted';
  readonly at: Instant;
  /** With `accepted`: who, and why. */
  readonly by?: string;
  readonly reason?: string;
}

/** A row whose gap stands. */
export type OpenRow = QuarantineRow & { readonly gap: RowGap };

export function isOpen(row: QuarantineRow): row is OpenRow {
  return row.gap !== undefined && row.ended === undefined;
}

/** Whether runs must know of it: its gap stands, or those whom its end concerns have not heard of it. */
export function isLive(row: QuarantineRow): boolean {
  return row.gap !== undefined && (isOpen(row) || row.isHeard !== true);
}

/** What is kept of a row that came in a window and could not be read. */
export function quarantined(
  source: Source,
  row: Malformed,
  window: Interval,
  seenAt: Instant,
): QuarantineRow {
  const { id: eventId, reason, lengths, missed } = row;
  return {
    id: shortHash(12, source, ...identityOf(row, window)),
    ...{ source, reason, firstSeenAt: seenAt },
    ...(eventId !== undefined && { eventId }),
    ...(lengths !== undefined && { lengths }),
    ...(missed !== undefined && { gap: gapOf(missed, window) }),
  };
}

function identityOf({ id, missed, reason, lengths }: Malformed, window: Interval): string[] {
  if (id !== undefined) {
    return ['id', id];
  }
  const { when, subject } = missed ?? {};
  if (when !== undefined) {
    return ['at', when.from, when.to, subject?.id ?? ''];
  }
  const shape = [reason, canonical(lengths)];
  // Without a gap one row says all there is to say of its kind; gaps of two people are two.
  return missed === undefined
    ? ['like', ...shape]
    : ['in', window.from, window.to, subject?.id ?? '', ...shape];
}

function gapOf({ detectors, when, subject }: MissedRow, window: Interval): RowGap {
  const { from, to } = when ?? window;
  return { from, to, detectors, ...(subject !== undefined && { subject }) };
}

/** One row for all that came over the bound on one day: their gap is of everybody, and ends when a person says so. */
export function many(source: Source, rows: readonly OpenRow[]): readonly QuarantineRow[] {
  const byDay = Map.groupBy(rows, ({ gap }) => dayOf(gap.from));
  return [...byDay].map(([day, ofDay]) => {
    const all = ofDay.map(withoutSubject).reduce(joinRows);
    const id = shortHash(12, source, 'many', day);
    return { ...all, id, reason: 'too many rows of one day could not be read', isMany: true };
  });

  function withoutSubject(row: OpenRow): OpenRow {
    const { eventId: _one, lengths: _its, ...rest } = row;
    const { subject: _nobody, ...gap } = row.gap;
    return { ...rest, gap, isMany: true };
  }
}

/**
 * Joins what two looks at one row say of it. Commutative, associative and idempotent, like the join of signals: a row
 * that was read once stays read, and what one look could salvage is known.
 */
export function joinRows<R extends QuarantineRow>(a: R, b: R): R;
export function joinRows(a: QuarantineRow, b: QuarantineRow): QuarantineRow {
  const [base, other] = wordsOf(a) <= wordsOf(b) ? [a, b] : [b, a];
  const gap = joinGaps(a, b);
  const ended = joinEnds(a.ended, b.ended);
  const { isHeard: _heard, ...joined } = {
    ...other,
    ...base,
    firstSeenAt: earliest(a.firstSeenAt, b.firstSeenAt),
    ...(gap !== undefined && { gap }),
    ...(ended !== undefined && { ended }),
  };
  // Heard of is only what both say the same of, or what is as it was.
  const isHeard = [a, b].some((each) => each.isHeard === true && isSameStanding(each, joined));
  return isHeard ? { ...joined, isHeard } : joined;
}

function wordsOf({ reason, lengths }: QuarantineRow): string {
  return canonical([reason, lengths ?? null]);
}

/** The row with its end, of which nobody has heard yet; one that has ended stays as it is, or was read after all. */
export function endRow(row: QuarantineRow, end: RowEnd): QuarantineRow {
  const { isHeard: _heard, ...unpropagated } = row;
  return joinRows<QuarantineRow>(row, { ...unpropagated, ended: end });
}

/** Whether two rows mean the same for what may be concluded. */
export function isSameStanding(a: QuarantineRow, b: QuarantineRow): boolean {
  return canonical(standingOf(a)) === canonical(standingOf(b));
}

function standingOf({ gap, ended }: QuarantineRow): string {
  return gap === undefined || ended !== undefined
    ? `over ${String(gap !== undefined)} ${ended?.how ?? ''}`
    : [gap.from, gap.to, gap.subject?.id ?? '', ...gap.detectors].join(' ');
}

function joinGaps(a: QuarantineRow, b: QuarantineRow): RowGap | undefined {
  if (a.gap === undefined || b.gap === undefined) {
    return a.gap ?? b.gap;
  }
  const isMany = a.isMany === true;
  const inner = { from: latest(a.gap.from, b.gap.from), to: earliest(a.gap.to, b.gap.to) };
  const outer = { from: earliest(a.gap.from, b.gap.from), to: latest(a.gap.to, b.gap.to) };
  const [subject] = [a.gap.subject, b.gap.subject]
    .filter((each) => each !== undefined)
    .sort((x, y) => (`${x.id} ${x.name ?? '~'}` < `${y.id} ${y.name ?? '~'}` ? -1 : 1));
  const wasWider = [a.gap, b.gap].some(
    (each) => each.wasWider === true || each.subject?.id !== subject?.id,
  );
  return {
    // Of one row that was met in two windows, the time lies in both.
    ...(!isMany && inner.from < inner.to ? inner : outer),
    detectors: [...new Set([...a.gap.detectors, ...b.gap.detectors])].sort(),
    ...(subject !== undefined && { subject }),
    ...(wasWider && { wasWider }),
  };
}

function joinEnds(a: RowEnd | undefined, b: RowEnd | undefined): RowEnd | undefined {
  if (a === undefined || b === undefined) {
    return a ?? b;
  }
  if (a.how !== b.how) {
    return a.how === 'readable' ? a : b;
  }
  return a.at <= b.at ? a : b;
}

/** What tells a readable record from others, for rows that were unreadable before. */
export interface ReadableRow {
  readonly id: string;
  readonly at: Instant;
  readonly subjectId: string | undefined;
}

/** Whether a record is the row that could not be read; without an id by its time and person. */
export function isReadAs(row: QuarantineRow, record: ReadableRow): boolean {
  if (row.isMany === true || row.gap === undefined) {
    return false;
  }
  if (row.eventId !== undefined) {
    return row.eventId === record.id;
  }
  const { from, to, subject } = row.gap;
  return (
    from === record.at &&
    to === justAfter(record.at) &&
    (subject === undefined || subject.id === record.subjectId)
  );
}

// -------------------------------------------------------------------------------------------- what may be concluded

/** The rows that keep a detector from concluding something of a subject. */
export function concerning(
  rows: readonly QuarantineRow[],
  detectorId: string,
  subjectId: string,
): readonly OpenRow[] {
  return rows
    .filter(isOpen)
    .filter(
      ({ gap }) =>
        gap.detectors.includes(detectorId) &&
        (gap.subject === undefined || gap.subject.id === subjectId),
    );
}

/** Coverage without the stretches in which a row could not be read. */
export function withoutRows(
  coverage: CoverageBySource,
  rows: readonly OpenRow[],
): CoverageBySource {
  return rows.reduce((cut, { source, gap }) => {
    const known = cut[source];
    return known === undefined ? cut : { ...cut, [source]: revoke(known, gap, 'row-unreadable') };
  }, coverage);
}

/** The first of the rows because of which a question cannot be answered. */
export function causeOf(gap: Interval, rows: readonly OpenRow[]): OpenRow | undefined {
  return rows
    .filter((row) => row.gap.from < gap.to && row.gap.to > gap.from)
    .sort((a, b) => (`${a.gap.from} ${a.id}` < `${b.gap.from} ${b.id}` ? -1 : 1))[0];
}

/** The window of a row of which it is not even known when it was looked for. */
export const EVER: Interval = {
  from: '0000-01-01T00:00:00.0000000Z' as Instant,
  to: '9999-12-31T00:00:00.0000000Z' as Instant,
};

/** Like `a row of 2026-05-02 12:40 UTC about this person could not be read`. */
export function inWords({ gap, isMany }: OpenRow): string {
  const { from, to, subject } = gap;
  const when =
    to === justAfter(from)
      ? `of ${toMinute(from)}`
      : from === EVER.from && to === EVER.to
        ? 'without a time'
        : `from ${toMinute(from)} to ${toMinute(to)}`;
  const about = subject === undefined ? 'that may be about anybody' : 'about this person';
  return isMany === true
    ? `many rows ${when} could not be read`
    : `a row ${when} ${about} could not be read`;
}
