import type { Interval } from '../domain/coverage';
import { lagOf } from '../domain/lateness';
import { earliest, plus, type Instant } from '../domain/time';
import { drainMarks, type AssessReport } from './assess';
import type { SourceError } from './ports';
import { RETENTION_MARGIN, startRun, type Reader } from './read-source';
import { readStretch } from './read-stretch';
import type { ReadTotal } from './read-window';

/** A range that cannot be filled, and which can. */
export class BackfillError extends Error {
  override readonly name = 'BackfillError';
}

export interface BackfillReport extends Readonly<ReadTotal> {
  /** The whole range, as asked for. */
  readonly range: Interval;
  /** Where this run began: later than the range when an earlier run had come so far. */
  readonly from: Instant;
  /** Why it ended early; the same command goes on from there. */
  readonly stopped?: 'budget' | SourceError;
  readonly assessed: AssessReport;
}

/**
 * Reads a range of the past through the same journal as everything else. How far it came is kept with every window, so
 * that the same range goes on where it stopped. What opens goes out as one digest.
 * @throws BackfillError when the log does not hold the range or it is not over yet.
 */
export async function backfillSource(
  reader: Reader,
  range: Interval,
  onWindow: (at: Instant) => void = () => undefined,
): Promise<BackfillReport> {
  const { source, clock, stores, tenantId, detectors, retention } = reader;
  const run = await startRun(reader);
  const now = clock.now();
  const end = earliest(run.head.journal?.completeTo ?? now, plus(now, -lagOf(run.head.lateness)));
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
  const known = run.head.backfill;
  const isSame = known?.from === range.from && known.to === range.to;
  const from = isSame ? known.at : range.from;
  const started = clock.now();
  const isOver = (): boolean =>
    reader.budget !== undefined && clock.now() > plus(started, reader.budget);
  const stopped = await readStretch(run, { from, to: range.to }, 'backfill', isOver, async (at) => {
    run.head = await stores.coverage.change(source, (head) => ({
      ...head,
      backfill: { ...range, at },
    }));
    onWindow(at);
  });
  if (stopped === undefined) {
    await stores.coverage.change(source, ({ backfill: _done, ...head }) => head);
  }
  const assessed = await drainMarks({ tenantId, detectors, stores, clock });
  return { ...run.total, range, from, assessed, ...(stopped !== undefined && { stopped }) };
}
