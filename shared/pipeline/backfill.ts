import type { Interval } from '../domain/reading/coverage';
import { CrosscheckError } from '../domain/errors';
import { lagOf } from '../domain/reading/lateness';
import type { ReadTotal } from '../domain/reading/reading';
import { planBackfill, RETENTION_MARGIN } from '../domain/reading/reading-plan';
import { reachedBy } from '../domain/reading/reading-result';
import { completeTo, feedOf, inFeeds } from '../domain/reading/source-state';
import { earliest, plus, type Instant } from '../domain/time';
import { drainMarks, type AssessReport } from './findings/assess';
import type { SourceError } from './ports/record-source';
import { filtersOf, readAll, startRun, stateOf, stopOf, type Reader } from './reading/read-source';

/** A range that cannot be filled, and which can. */
export class BackfillError extends CrosscheckError {
  override readonly name = 'BackfillError';
  override readonly exitCode = 2;
}

export interface BackfillReport extends ReadTotal {
  /** The whole range, as asked for. */
  readonly range: Interval;
  /** Where this run began: later than the range when an earlier run had come so far. */
  readonly from: Instant;
  /** Why it ended early; the same command goes on from there. */
  readonly stopped?: 'budget' | SourceError;
  readonly assessed: AssessReport;
}

/**
 * Reads a range of the past for every feed of a source, through the same journal as everything else. How far each came is
 * kept with every window, so that the same range goes on where it stopped. What opens goes out as one digest.
 * @throws BackfillError when the log does not hold the range or it is not over yet.
 */
export async function backfillSource(
  reader: Reader,
  range: Interval,
  onWindow: (at: Instant) => void = () => undefined,
): Promise<BackfillReport> {
  const { source, stores, tenantId, detectors, retention } = reader;
  const run = await startRun(reader);
  const { clock } = run;
  const state = stateOf(run);
  const now = clock.now();
  const properties = run.feeds.map(({ property }) => property);
  const lags = properties.map((each) => lagOf(feedOf(state, each).lateness));
  const end = earliest(completeTo(state, properties) ?? now, plus(now, -Math.max(0, ...lags)));
  if (range.from >= range.to) {
    throw new BackfillError(`the range ends before it begins: ${range.from} to ${range.to}`);
  }
  if (range.to > end) {
    throw new BackfillError(
      `${source} is complete up to ${end}; what is later is read by the polls. End the range there or before`,
    );
  }
  const oldest = retention === undefined ? undefined : plus(now, RETENTION_MARGIN - retention);
  if (oldest !== undefined && range.from < oldest) {
    throw new BackfillError(
      `${source} holds nothing before ${oldest} (LOG_RETENTION); begin the range there or later`,
    );
  }
  const planned = planBackfill(state, range, { now, filters: filtersOf(run) });
  const reading = await readAll(run, planned, reader.budget, (so) => {
    onWindow(reachedBy(so));
  });
  const stopped = stopOf(reading);
  if (stopped === undefined) {
    await stores.coverage.change(
      reading.state,
      inFeeds(properties, ({ backfill: _done, ...feed }) => feed),
    );
  }
  const assessed = await drainMarks({ tenantId, detectors, stores, clock });
  const from = reachedBy(planned);
  return { ...reading.total, range, from, assessed, ...(stopped !== undefined && { stopped }) };
}
