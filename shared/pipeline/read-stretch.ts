import type { Interval } from '../domain/coverage';
import { afterGivingUp, afterSkippingDay, type Purpose } from '../domain/journal';
import { lagOf } from '../domain/lateness';
import { between, DAY, HOUR, plus, SECOND, type Duration, type Instant } from '../domain/time';
import { SourceError } from './ports';
import {
  idsOf,
  markFilled,
  MOST_PAGES,
  PLANNED_SHARE,
  readWindow,
  SMALLEST_WINDOW,
  type ReadRun,
} from './read-window';

/** Why a stretch was not read to its end: the next run goes on from there. */
export type Stop = 'budget' | SourceError;

/** So many windows of one stretch may fail in one run before it is left to the next. */
const MOST_TROUBLES = 4;
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
  const stopped = await readWindows(run, stretch, purpose, isOver, onWindow);
  await markFilled(run);
  return stopped;
}

async function readWindows(
  run: ReadRun,
  stretch: Interval,
  purpose: Purpose,
  isOver: () => boolean,
  onWindow: (at: Instant) => Promise<void>,
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
      if (read === 'again') {
        continue;
      }
      if (read !== 'read') {
        size = Math.max(SMALLEST_WINDOW, read.fits);
        largest = size;
        continue;
      }
      size = Math.min(size * 2, largest);
    } catch (error) {
      if (!(error instanceof SourceError)) {
        throw error;
      }
      const isSmallest = between(window.from, window.to) <= SMALLEST_WINDOW;
      const isLost = isHopeless(run, error, purpose);
      troubles += isLost ? 0 : 1; // what is lost is cut down to its minute, however many tries that takes
      if (isSmallest && isLost) {
        await giveUpWindow(run, window, purpose);
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
  return Math.min(
    length,
    Math.max(SMALLEST_WINDOW, (PLANNED_SHARE * MOST_PAGES * 1_000 * HOUR) / perHour),
  );
}

/** What cannot be read in a day will not be read: broken rows of one minute must not stop the log for ever. */
function isHopeless({ head, clock }: ReadRun, error: SourceError, purpose: Purpose): boolean {
  const known = purpose === 'day' ? head.dayTrouble : head.trouble;
  const isOfRows = purpose === 'day' ? error.isPassing : error.trouble === 'bad-answer';
  return (
    isOfRows &&
    !error.isForNextRun &&
    known?.trouble === error.trouble &&
    between(known.kindSince, clock.now()) > PATIENCE
  );
}

async function giveUpWindow(run: ReadRun, window: Interval, purpose: Purpose): Promise<void> {
  const ids = idsOf(run);
  run.head = await run.stores.coverage.change(run.wanted.source, (head) =>
    purpose === 'day' ? afterSkippingDay(head, window) : afterGivingUp(head, window, ids),
  );
}
