import { drainMarks, type AssessReport, type SecondLook } from './assess';
import { readSource, type Reader, type ReadRunReport } from './read-source';

/** What one run of one source came to. */
export interface PollReport {
  readonly read: ReadRunReport;
  readonly assessed: AssessReport;
}

export interface PollSourceOptions {
  readonly isAfterRuleChange?: boolean;
  readonly secondLook?: SecondLook;
}

/** Reads one source and assesses every timeline that it touched, and every other that still carries a mark. */
export async function pollSource(
  reader: Reader,
  { isAfterRuleChange = false, secondLook }: PollSourceOptions = {},
): Promise<PollReport> {
  const read = await readSource(reader);
  const { tenantId, detectors, stores, clock } = reader;
  const assessed = await drainMarks({
    ...{ tenantId, detectors, stores, clock },
    ...(secondLook !== undefined && { secondLook }),
    isCatchingUp: isAfterRuleChange || read.isFilling || (read.isFirst && read.windows > 0),
  });
  return { read, assessed };
}
