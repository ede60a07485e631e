import type { Detector, Severity } from '../../domain/detector';
import type { Finding } from '../../domain/findings/finding';
import { epochOf } from '../../domain/time';

/** The version of the schema by which these events are made: https://schema.ocsf.io/1.5.0/classes/detection_finding */
export const OCSF_VERSION = '1.5.0';

const CLASS_UID = 2004;
const SEVERITIES: Readonly<Record<Severity, readonly [id: number, caption: string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

/** A finding as an OCSF Detection Finding. The mapping stands in docs/api.md. */
export function ocsfEvent(
  finding: Finding,
  about: { readonly version: string; readonly detector: Detector | undefined },
): Record<string, unknown> {
  const [activityId, activity] = activityOf(finding);
  const [severityId, severity] = SEVERITIES[finding.severity];
  const [statusId, status] = statusOf(finding);
  const { subject, act } = finding;
  const user = { uid: subject.id, ...(subject.name !== undefined && { name: subject.name }) };
  const changed = finding.act?.at ?? finding.resolvedAt ?? finding.openedAt;
  return {
    ...{ activity_id: activityId, activity_name: activity },
    ...{ category_uid: 2, category_name: 'Findings' },
    ...{ class_uid: CLASS_UID, class_name: 'Detection Finding' },
    ...{ type_uid: CLASS_UID * 100 + activityId, type_name: `Detection Finding: ${activity}` },
    ...{ severity_id: severityId, severity, status_id: statusId, status },
    is_alert: finding.stage === 'alert' && finding.suppressed === undefined,
    time: epochOf(finding.openedAt),
    start_time: epochOf(finding.firstSeenAt),
    end_time: epochOf(finding.lastSeenAt),
    count: finding.count,
    message: finding.summary,
    ...(act?.note !== undefined && { comment: act.note }),
    finding_info: {
      uid: finding.id,
      title: finding.title,
      desc: finding.summary,
      created_time: epochOf(finding.openedAt),
      modified_time: epochOf(changed),
      first_seen_time: epochOf(finding.firstSeenAt),
      last_seen_time: epochOf(finding.lastSeenAt),
      types: [finding.detector],
      data_sources: [...new Set(finding.evidence.map((each) => each.source))],
      analytic: {
        ...{ type_id: 1, type: 'Rule', uid: finding.detector },
        name: about.detector?.title ?? finding.detector,
        version: String(finding.detectorVersion),
      },
      ...(about.detector !== undefined && {
        attacks: about.detector.attack.map(attackOf),
      }),
      related_events: finding.evidence.map((each) => ({ uid: each.eventId, type: each.kind })),
    },
    resources: [{ type: subject.type, ...user }],
    evidences: finding.evidence.map((each) => ({
      ...(subject.type === 'user' && { user }),
      data: each,
    })),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Crosscheck', vendor_name: 'Crosscheck', version: about.version },
      uid: `${finding.id}-${finding.sequence}`,
      tenant_uid: finding.tenantId,
    },
    unmapped: {
      stage: finding.stage,
      message: finding.message,
      ...(finding.resolution !== undefined && { resolution: finding.resolution }),
      ...(finding.supersededBy !== undefined && { supersededBy: finding.supersededBy }),
      ...(finding.suppressed !== undefined && { suppressed: finding.suppressed }),
      ...(act !== undefined && { decision: act }),
      facts: finding.facts,
      record: { sequence: finding.sequence, head: finding.head },
    },
  };
}

/** `T1562.008` is a sub-technique of `T1562`. */
function attackOf(uid: string): object {
  const [technique = uid, sub] = uid.split('.');
  return {
    technique: { uid: technique },
    ...(sub !== undefined && { sub_technique: { uid } }),
  };
}

function activityOf({ status, sequence }: Finding): readonly [id: number, caption: string] {
  if (status === 'resolved') {
    return [3, 'Close'];
  }
  return sequence > 1 ? [2, 'Update'] : [1, 'Create'];
}

function statusOf({ status, suppressed }: Finding): readonly [id: number, caption: string] {
  if (status === 'resolved') {
    return [4, 'Resolved'];
  }
  if (suppressed !== undefined) {
    return [3, 'Suppressed'];
  }
  return status === 'acknowledged' ? [2, 'In Progress'] : [1, 'New'];
}
