import type { Duration } from '../domain/time';
import { drainMarks, type AssessReport, type SecondLook } from './assess';
import { readSource, type Reader, type ReadRunReport } from './read-source';

/** What one run of one source came to. */
export interface PollReport {
  readonly read: ReadRunReport;
  readonly assessed: AssessReport;
}

/**
 * Reads one source and assesses every timeline that it touched, and every other that still carries a mark.
 * @param options.watch looks at how the logs are read, also when this one could not be.
 * @param options.drainBudget begins no more assessing after so long; the next run goes on.
 */
export async function pollSource(
  reader: Reader,
  {
    secondLook,
    watch,
    drainBudget,
  }: {
    readonly secondLook?: SecondLook;
    readonly watch?: () => Promise<unknown>;
    readonly drainBudget?: Duration;
  } = {},
): Promise<PollReport> {
  const read = await readSource(reader).finally(watch);
  const { tenantId, detectors, stores, clock } = reader;
  const assessed = await drainMarks({
    ...{ tenantId, detectors, stores, clock, reading: read.reading },
    ...(secondLook !== undefined && { secondLook }),
    ...(drainBudget !== undefined && { budget: drainBudget }),
  });
  return { read, assessed };
}
