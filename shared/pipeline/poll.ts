import type { Duration } from '../domain/time';
import { drainMarks, type AssessReport, type SecondLook } from './findings/assess';
import { readSource, type Reader, type ReadRunReport } from './reading/read-source';

/** What one run of one source came to. */
export interface PollReport {
  readonly read: ReadRunReport;
  readonly assessed: AssessReport;
}

/**
 * Reads one source and assesses every timeline that it touched, and every other that still carries a mark.
 * @param options.watch looks at how this log is read, by what the run knows of it, or at all logs when it broke off.
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
    readonly watch?: (known?: Pick<ReadRunReport, 'source' | 'reading'>) => Promise<unknown>;
    readonly drainBudget?: Duration;
  } = {},
): Promise<PollReport> {
  let known: ReadRunReport | undefined;
  const read = await readSource(reader)
    .then((report) => {
      known = report;
      return report;
    })
    .finally(() => watch?.(known));
  const { tenantId, detectors, stores, clock } = reader;
  const assessed = await drainMarks({
    ...{ tenantId, detectors, stores, clock, reading: read.reading },
    ...(secondLook !== undefined && { secondLook }),
    ...(drainBudget !== undefined && { budget: drainBudget }),
  });
  return { read, assessed };
}
