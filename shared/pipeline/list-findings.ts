import type { Severity } from '../domain/detector';
import type { Finding, Status } from '../domain/finding';
import type { FindingStore } from './ports';

export interface FindingFilter {
  readonly detector?: string;
  readonly status?: Status;
  readonly severity?: Severity;
  /** At most so many, the newest first. */
  readonly top: number;
}

/** The findings that pass a filter, the newest first. */
export async function listFindings(
  findings: FindingStore,
  filter: FindingFilter,
): Promise<readonly Finding[]> {
  const kept: Finding[] = [];
  for await (const finding of findings.all()) {
    if (
      (filter.detector === undefined || finding.detector === filter.detector) &&
      (filter.status === undefined || finding.status === filter.status) &&
      (filter.severity === undefined || finding.severity === filter.severity)
    ) {
      kept.push(finding);
    }
  }
  const newestFirst = (a: Finding, b: Finding): number =>
    a.openedAt > b.openedAt || (a.openedAt === b.openedAt && a.id < b.id) ? -1 : 1;
  return kept.sort(newestFirst).slice(0, filter.top);
}
