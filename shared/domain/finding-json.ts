import type { Finding } from './finding';

/** A finding as it leaves the system as JSON: the documented fields, in a fixed order, and nothing else. */
export function findingJson(finding: Finding): Record<string, unknown> {
  const { resolution, supersededBy, suppressed, resolvedAt, act } = finding;
  return {
    id: finding.id,
    tenantId: finding.tenantId,
    detector: finding.detector,
    detectorVersion: finding.detectorVersion,
    stage: finding.stage,
    severity: finding.severity,
    status: finding.status,
    ...(resolution !== undefined && { resolution }),
    ...(supersededBy !== undefined && { supersededBy }),
    ...(suppressed !== undefined && { suppressed }),
    ...(act !== undefined && { decision: act }),
    message: finding.message,
    title: finding.title,
    summary: finding.summary,
    subject: {
      type: finding.subject.type,
      id: finding.subject.id,
      name: finding.subject.name ?? finding.subject.id,
    },
    firstSeenAt: finding.firstSeenAt,
    lastSeenAt: finding.lastSeenAt,
    openedAt: finding.openedAt,
    ...(resolvedAt !== undefined && { resolvedAt }),
    count: finding.count,
    facts: finding.facts,
    evidence: finding.evidence,
  };
}
