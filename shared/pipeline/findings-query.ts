import { z } from 'zod';
import { SEVERITIES } from '../domain/detector';
import { findingJson } from '../domain/finding-json';
import { listFindings } from './list-findings';
import type { FindingStore } from './ports';

const query = z.strictObject({
  detector: z.string().max(100).optional(),
  status: z.enum(['open', 'acknowledged', 'resolved']).optional(),
  severity: z.enum(SEVERITIES).optional(),
  top: z.coerce.number().int().min(1).max(500).default(50),
});

/** Answers `GET /api/findings`: the findings, or a problem (RFC 9457) that names every parameter that is wrong. */
export async function answerFindings(
  findings: FindingStore,
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
  const { detector, status, severity, top } = parsed.data;
  const listed = await listFindings(findings, {
    top,
    ...(detector !== undefined && { detector }),
    ...(status !== undefined && { status }),
    ...(severity !== undefined && { severity }),
  });
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body: JSON.stringify({ findings: listed.map(findingJson) }),
  };
}
