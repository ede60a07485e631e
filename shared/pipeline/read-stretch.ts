import type { Interval } from '../domain/coverage';
import { afterGivingUp, afterHidingFilter, type Purpose } from '../domain/journal';
import { lagOf, type SeenRow } from '../domain/lateness';
import { between, DAY, HOUR, plus, SECOND, type Duration, type Instant } from '../domain/time';
import { SourceError } from './ports';
import {
  filterKey,
  idsOf,
  MOST_PAGES,
  readWindow,
  SMALLEST_WINDOW,
  unfiltered,
  type ReadRun,
} from './read-window';

/** Why a stretch was not read to its end: the next run goes on from there. */
export type Stop = 'budget' | SourceError;

/** So many windows of one stretch may fail in one run before it is left to the next. */
const MOST_TROUBLES = 4;
/** Of a window's page limit, so much is planned for. */
const PLANNED_PAGES = 0.6 * MOST_PAGES;
/** A window of a minute that fails for so long is a gap; the rest of the log goes on. */
const PATIENCE = DAY;

/** Reads a stretch window by window, in order: halved when there is trouble, grown back when there is none. */
export async function readStretch(
  run: ReadRun,
  stretch: Interval,
  purpose: Purpose,
  isOver: () => boolean,
  onWindow: (at: Instant) => Promise<void> = () => Promise.resolve(),
): Promise<Stop | undefined> {
  let size = firstSize(run, stretch, purpose);
  let largest = Infinity;
  let at = stretch.from;
  let troubles = 0;
  while (at < stretch.to) {
    if (isOver()) {
      return 'budget';
    }
    const to = plus(at, size);
    const isLast = between(to, stretch.to) < SECOND; // no splinter is left
    const window = { from: at, to: isLast ? stretch.to : to };
    try {
      const read = await readWindow(run, window, purpose, lagOf(run.head.lateness));
      if ('fits' in read) {
        size = Math.max(SMALLEST_WINDOW, read.fits);
        largest = size;
        continue;
      }
      if (purpose === 'day' && run.wanted.filter !== undefined) {
        await checkFilter(run, window, read.seen);
      }
      size = Math.min(size * 2, largest);
    } catch (error) {
      if (!(error instanceof SourceError)) {
        throw error;
      }
      troubles += 1;
      const isSmallest = between(window.from, window.to) <= SMALLEST_WINDOW;
      if (isSmallest && isHopeless(run, error)) {
        await giveUpWindow(run, window);
      } else if (
        !error.isPassing ||
        error.isForNextRun ||
        isSmallest ||
        troubles === MOST_TROUBLES
      ) {
        return error;
      } else {
        size = Math.max(SMALLEST_WINDOW, Math.floor(between(window.from, window.to) / 2));
        continue;
      }
    }
    at = window.to;
    await onWindow(at);
  }
  return undefined;
}

/** The whole stretch when that fits a run; an hour while nobody knows how many rows that is. */
function firstSize({ head, wanted }: ReadRun, stretch: Interval, purpose: Purpose): Duration {
  const length = between(stretch.from, stretch.to);
  const isFiltered = wanted.filter !== undefined && purpose !== 'day';
  const perHour = isFiltered ? head.journal?.rowsPerHour : head.journal?.allRowsPerHour;
  if (perHour === undefined || perHour === 0) {
    return purpose === 'day' ? Math.min(length, HOUR) : length;
  }
  return Math.min(length, Math.max(SMALLEST_WINDOW, (PLANNED_PAGES * 1_000 * HOUR) / perHour));
}

/** What cannot be read in a day will not be read: broken rows of one minute must not stop the log for ever. */
function isHopeless({ head, clock }: ReadRun, error: SourceError): boolean {
  return (
    error.trouble === 'bad-answer' &&
    head.trouble?.trouble === 'bad-answer' &&
    between(head.trouble.since, clock.now()) > PATIENCE
  );
}

async function giveUpWindow(run: ReadRun, window: Interval): Promise<void> {
  const ids = idsOf(run);
  run.head = await run.stores.coverage.change(run.wanted.source, (head) =>
    afterGivingUp(head, window, ids),
  );
}

/**
 * Reads a day's window once more with the filter. Rows that the detectors need and that do not come then are hidden by
 * it: the filter is dropped, and what was read with it since is in doubt.
 */
async function checkFilter(
  run: ReadRun,
  window: Interval,
  expected: readonly SeenRow[],
): Promise<void> {
  if (expected.length === 0) {
    return;
  }
  const { source } = run.wanted;
  const found = new Set<string>();
  for await (const page of run.records.read(window, run.wanted)) {
    page.seen.forEach((row) => found.add(row.id));
  }
  if (expected.every(({ id }) => found.has(id))) {
    return;
  }
  const dropped = {
    filter: filterKey(run.wanted),
    why: 'hides-rows',
    at: run.clock.now(),
  } as const;
  run.wanted = unfiltered(run.wanted);
  run.head = await run.stores.coverage.change(source, (head) => afterHidingFilter(head, dropped));
}
