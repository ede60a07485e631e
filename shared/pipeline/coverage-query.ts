import type { Instant } from '../domain/time';
import { json, type Answer } from './answer';
import { coverageQuery, readQuery } from './api-schema';
import type { CoverageReport } from './coverage-report';

/** Answers `GET /api/coverage`: what was read of each log, when it was read again, and what is missing. */
export async function answerCoverage(
  coverage: (range: { from?: Instant; to?: Instant }) => Promise<CoverageReport>,
  parameters: Iterable<readonly [string, string]>,
): Promise<Answer> {
  const read = readQuery(coverageQuery, parameters);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { from, to } = read.value;
  const report = await coverage({
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  return json(report);
}
