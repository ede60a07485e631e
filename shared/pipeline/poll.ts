import { drainMarks, type AssessReport } from './assess';
import { readSource, type Reader, type ReadRunReport } from './read-source';

/** What one run of one source came to. */
export interface PollReport {
  readonly read: ReadRunReport;
  readonly assessed: AssessReport;
}

/** Reads one source and assesses every timeline that it touched, and every other that still carries a mark. */
export async function pollSource(reader: Reader, isAfterRuleChange = false): Promise<PollReport> {
  const read = await readSource(reader);
  const { tenantId, detectors, stores, clock } = reader;
  const assessed = await drainMarks({
    ...{ tenantId, detectors, stores, clock },
    isCatchingUp: isAfterRuleChange || (read.isFirst && read.windows > 0),
  });
  return { read, assessed };
}
