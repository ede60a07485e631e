import type { Act, Finding } from './finding';
import type { Transition } from './transition';
import type { Subject } from './signal';

/** What only the engine needs of a finding. */
type Internal = 'anchor' | 'verdict' | 'since' | 'judgedBy' | 'movedAt' | 'notified';

/** A finding as it leaves the system as JSON. */
export type FindingJson = Omit<Finding, Internal | 'subject' | 'act' | 'sequence' | 'head'> & {
  readonly subject: NamedSubject;
  readonly decision?: Act;
};

/** Everybody has a name: the id, where no log said another. */
export type NamedSubject = Subject & { readonly name: string };

/** The documented fields, in a fixed order, and nothing else. */
export function findingJson(finding: Finding): FindingJson {
  const { resolution, supersededBy, suppressed, resolvedAt, act, missing } = finding;
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
    subject: namedSubject(finding.subject),
    firstSeenAt: finding.firstSeenAt,
    lastSeenAt: finding.lastSeenAt,
    openedAt: finding.openedAt,
    ...(resolvedAt !== undefined && { resolvedAt }),
    count: finding.count,
    facts: finding.facts,
    evidence: finding.evidence,
    ...(missing !== undefined && { missing }),
  };
}

/** A finding with its history, and the head of its chain for comparison with the seals. */
export function findingWithHistory(
  finding: Finding,
  history: readonly Transition[],
): FindingJson & {
  readonly record: Pick<Finding, 'sequence' | 'head'>;
  readonly history: readonly Transition[];
} {
  const { sequence, head } = finding;
  return { ...findingJson(finding), record: { sequence, head }, history };
}

export function namedSubject({ type, id, name }: Subject): NamedSubject {
  return { type, id, name: name ?? id };
}
