import { DETECTORS } from '../../../../shared/detectors/index';
import type { Json, JsonObject } from '../../../../shared/domain/json';
import { defaultSettings, type Conclusion } from '../../../../shared/domain/detector';
import { stateFinding, timelineId, type Finding } from '../../../../shared/domain/findings/finding';
import type { Alert, AlertVerb } from '../../../../shared/domain/findings/transition';
import { MINUTE, plus, toInstant } from '../../../../shared/domain/time';
import type { FindingPost } from '../../../../shared/pipeline/ports/channel';

export const TENANT = '11111111-2222-3333-4444-555555555555';

const MEGAN = {
  type: 'user',
  id: 'aaaaaaaa-0000-4000-8000-000000000001',
  name: 'megan@contoso.example.com',
} as const;

/** A finding as its detector words it; `answer` says what differs from an open one of 8 August 2023. */
export function worded(
  detectorId: string,
  message: string,
  facts: JsonObject,
  answer: Partial<Conclusion> = {},
  subject: Finding['subject'] = MEGAN,
  completeTo = toInstant('2023-08-08T16:40:00Z'),
): Finding {
  const detector = DETECTORS.find((each) => each.id === detectorId)!;
  const configured = {
    detector,
    settings: defaultSettings(detector.settings),
    stage: 'alert',
  } as const;
  const context = {
    tenantId: TENANT,
    timeline: timelineId(TENANT, detectorId, subject.id),
    subject,
    judgedBy: {},
    completeTo,
    now: plus(completeTo, 5 * MINUTE),
  };
  const stated: Conclusion = {
    state: 'open',
    anchor: { key: 'anchor', from: toInstant('2023-08-01T00:00:00Z') },
    message,
    severity: 'medium',
    stage: 'alert',
    since: toInstant('2023-08-08T12:38:54Z'),
    firstSeenAt: toInstant('2023-08-08T12:38:54Z'),
    lastSeenAt: toInstant('2023-08-08T12:38:54Z'),
    count: 1,
    facts,
    evidence: [],
    ...answer,
  };
  return stateFinding(configured, context, stated, undefined);
}

export function alertOf(
  finding: Finding,
  verb: AlertVerb,
  form: Alert['form'],
  sequence = 1,
): Alert {
  return { id: `${finding.id}-${sequence}`, findingId: finding.id, verb, form };
}

export function postOf(
  finding: Finding,
  verb: AlertVerb = 'opened',
  form: Alert['form'] = 'card',
): FindingPost {
  const alert = alertOf(finding, verb, form);
  return { id: alert.id, form, items: [{ alert, finding }] };
}

export function digestOf(findings: readonly Finding[]): FindingPost {
  const items = findings.map((finding) => ({
    alert: alertOf(finding, 'opened', 'digest'),
    finding,
  }));
  return { id: 'digest-0123456789abcdef', form: 'digest', items };
}

/** Every text anywhere in a JSON value, with the name it stands under. */
export function textsOf(value: Json, name = ''): [name: string, text: string][] {
  return typeof value === 'string'
    ? [[name, value]]
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, each]) => textsOf(each as Json, key))
      : [];
}
