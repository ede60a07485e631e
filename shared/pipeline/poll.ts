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
 */
export async function pollSource(
  reader: Reader,
  {
    secondLook,
    watch,
  }: { readonly secondLook?: SecondLook; readonly watch?: () => Promise<unknown> } = {},
): Promise<PollReport> {
  const read = await readSource(reader).finally(watch);
  const { tenantId, detectors, stores, clock } = reader;
  const assessed = await drainMarks({
    ...{ tenantId, detectors, stores, clock, reading: read.reading },
    ...(secondLook !== undefined && { secondLook }),
  });
  return { read, assessed };
}
