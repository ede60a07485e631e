import { z } from 'zod';
import { toInstant, type Instant } from '../domain/time';
import type { CoverageReport } from './coverage-report';

const instant = z
  .string()
  .max(40)
  .transform((text, context): Instant => {
    try {
      return toInstant(text);
    } catch {
      context.addIssue('takes a time with a zone, like 2026-01-31T12:00:00Z');
      return z.NEVER;
    }
  });
const query = z.strictObject({ from: instant.optional(), to: instant.optional() });

/** Answers `GET /api/coverage`: what was read of each log, or a problem (RFC 9457). */
export async function answerCoverage(
  coverage: (range: { from?: Instant; to?: Instant }) => Promise<CoverageReport>,
  parameters: Iterable<[string, string]>,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  const parsed = query.safeParse(Object.fromEntries(parameters));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.')}: ${issue.message}`,
    );
    return {
      status: 400,
      headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
      body: JSON.stringify({
        title: 'The query is wrong',
        status: 400,
        detail: problems.join('; '),
      }),
    };
  }
  const { from, to } = parsed.data;
  const report = await coverage({
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body: JSON.stringify(report),
  };
}
