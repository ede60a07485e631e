import { SEVERITIES, type Severity } from '../../domain/detector';
import type { Status } from '../../domain/findings/finding';
import {
  between,
  DAY,
  dayOf,
  earliest,
  latest,
  monthOf,
  plus,
  type Duration,
  type Instant,
} from '../../domain/time';
import type { FindingFilter } from '../ports/finding-index';
import type { Now } from '../ports/clock';
import type { Stores } from '../ports/stores';

/** How many findings there are, by what people ask for. */
export interface Stats {
  readonly total: number;
  readonly byDetector: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<Status, number>>;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly suppressed: number;
  /** By month opened, the newest first. */
  readonly byMonth: readonly {
    readonly month: string;
    readonly total: number;
    readonly open: number;
  }[];
  /** What was opened and resolved on each day, the newest first; at most the last year. */
  readonly byDay: readonly {
    readonly day: string;
    readonly opened: number;
    readonly resolved: number;
  }[];
  /** False when there were too many to count in time: everything since `countedTo` is counted. */
  readonly complete: boolean;
  readonly countedTo?: Instant;
}

const PAGE = 500;
const BUDGET: Duration = 60_000;
const MAX_DAYS = 366;

/** Counts the findings of a filter, as far as time allows. */
export async function countFindings(
  { index, counts }: Pick<Stores, 'index' | 'counts'>,
  filter: FindingFilter,
  clock: Now,
): Promise<Stats> {
  const begunAt = clock.now();
  const byDetector: Record<string, number> = {};
  const byStatus = { open: 0, acknowledged: 0, resolved: 0 };
  const bySeverity = Object.fromEntries(SEVERITIES.map((each) => [each, 0])) as Record<
    Severity,
    number
  >;
  const months = new Map<string, { month: string; total: number; open: number }>();
  let [total, suppressed] = [0, 0];
  let next: string | undefined;
  let last: Instant | undefined;
  do {
    const page = await index.page(filter, PAGE, next);
    next = page.next;
    for (const line of page.lines) {
      total += 1;
      last = line.openedAt;
      byDetector[line.detector] = (byDetector[line.detector] ?? 0) + 1;
      byStatus[line.status] += 1;
      bySeverity[line.severity] += 1;
      suppressed += line.suppressed === undefined ? 0 : 1;
      const month = monthOf(line.openedAt);
      const known = months.get(month) ?? { month, total: 0, open: 0 };
      known.total += 1;
      known.open += line.status === 'resolved' ? 0 : 1;
      months.set(month, known);
    }
  } while (next !== undefined && between(begunAt, clock.now()) < BUDGET);
  return {
    ...{ total, byDetector, byStatus, bySeverity, suppressed },
    byMonth: [...months.values()],
    byDay: await days(counts, filter, begunAt),
    complete: next === undefined,
    ...(next !== undefined && last !== undefined && { countedTo: last }),
  };
}

/** Counted as they happened: without looking at a finding. */
async function days(
  counts: Stores['counts'],
  { detector, from, to }: FindingFilter,
  now: Instant,
): Promise<Stats['byDay']> {
  const end = to === undefined ? now : earliest(now, plus(to, -1));
  const oldest = plus(end, -(MAX_DAYS - 1) * DAY);
  const first = dayOf(from === undefined ? oldest : latest(from, oldest));
  const byDay = new Map<string, { day: string; opened: number; resolved: number }>();
  for await (const each of counts.days(first, dayOf(end))) {
    if (detector === undefined || each.detector === detector) {
      const { day } = each;
      const known = byDay.get(day) ?? { day, opened: 0, resolved: 0 };
      known.opened += each.opened;
      known.resolved += each.resolved;
      byDay.set(day, known);
    }
  }
  return [...byDay.values()].reverse();
}
