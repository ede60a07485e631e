import type { Property } from '../../domain/reading/feed';
import type { Log } from '../../domain/record';
import { RETENTION_MARGIN } from '../../domain/reading/reading-plan';
import { feedOf, type CutBack, type SourceState } from '../../domain/reading/source-state';
import { earliest, plus, type Duration, type Instant } from '../../domain/time';
import {
  aheadBy,
  isWrong,
  MAX_CLOCK_OFFSET,
  readTo,
  type Clocks,
} from '../../domain/reading/wrong-clock';
import { SourceError, type RecordSource } from '../ports/record-source';
import type { Clock } from '../ports/clock';
import type { CoverageStore } from '../ports/coverage-store';

/** What a run goes by. */
export interface RunTime {
  /** Ours, set by that of the source where it is wrong. */
  readonly clock: Clock;
  /** What both said; absent while the source was not asked, or did not say. */
  readonly clocks?: Clocks;
  /** Why the source could not even be asked for the time: then nothing is read in this run. */
  readonly failure?: SourceError;
}

/**
 * The source is asked for the time where ours may be wrong and much hangs on it: before the first read, when something
 * was read later than now, and before a stretch is given up that the log has dropped. Otherwise every answer says it.
 */
export async function timeOf(
  asked: {
    readonly source: Log;
    readonly records: RecordSource;
    readonly clock: Clock;
    readonly retention?: Duration;
  },
  state: SourceState,
  feeds: readonly { readonly property: Property }[],
): Promise<RunTime> {
  const { source, records, clock, retention = Infinity } = asked;
  const now = clock.now();
  const oldest = retention === Infinity ? undefined : plus(now, RETENTION_MARGIN - retention);
  const isDoubtful = feeds.some(({ property }) => {
    const { journal } = feedOf(state, property);
    return (
      journal === undefined ||
      journal.readTo > now ||
      (oldest !== undefined && journal.daysTo < oldest)
    );
  });
  if (!isDoubtful || records.clocks === undefined) {
    return { clock };
  }
  let clocks: Clocks | undefined;
  try {
    clocks = await records.clocks(source);
  } catch (error) {
    if (!(error instanceof SourceError)) {
      throw error;
    }
    return { clock, failure: error };
  }
  return clocks === undefined
    ? { clock }
    : { clock: isWrong(clocks) ? shifted(clock, -aheadBy(clocks)) : clock, clocks };
}

function shifted(clock: Clock, by: Duration): Clock {
  return {
    now: () => plus(clock.now(), by),
    passed: () => clock.passed(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}

/**
 * Where coverage that ends in the future is to be cut back to: before every window that was read by such a clock,
 * because nobody knows when that was.
 * @param now by the clock of the source.
 * @returns undefined when nothing was read later than now.
 */
export async function cutOf(
  { coverage }: { readonly coverage: CoverageStore },
  state: SourceState,
  now: Instant,
): Promise<CutBack | undefined> {
  const from = readTo(state);
  const latest = plus(now, MAX_CLOCK_OFFSET);
  if (from === undefined || from <= latest) {
    return undefined;
  }
  let to = now;
  for await (const window of coverage.ledger(state.source, { from: latest, to: END })) {
    to = window.feeds === undefined ? to : earliest(to, window.from);
  }
  return { at: now, from, to };
}

const END = '9999-12-31T00:00:00.0000000Z' as Instant;
