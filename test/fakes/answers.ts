import type { JsonObject } from '../../shared/domain/json';
import {
  defineDetector,
  type Answer,
  type Assessment,
  type ConfiguredDetector,
  type Detector,
  type DetectorSpec,
  type Evidence,
  type SettingSpecs,
  type Conclusion,
} from '../../shared/domain/detector';
import type { Instant } from '../../shared/domain/time';
import { days, minutes } from './records';

const SPEC: DetectorSpec<SettingSpecs, string> = {
  id: 'test-detector',
  version: 1,
  title: 'A detector for tests',
  summary: 'Says what it is told to say.',
  severity: 'medium',
  attack: [],
  runbook: ['Look.', 'Act.'],
  falsePositives: [],
  blindSpots: [],
  references: [],
  settings: {},
  reads: [{ source: 'directoryAudits', property: 'activityDisplayName', values: ['Update user'] }],
  expects: [],
  retain: '60d',
  messages: {
    happened: {
      title: 'It happened',
      summary: ({ who, count }) => `${who} did it ${count} times.`,
    },
  },
  signals: () => [],
  assess: () => ({ findings: [] }),
};

export function defined(fields: Partial<typeof SPEC> = {}): Detector {
  return defineDetector({ ...SPEC, ...fields });
}

/** A detector that gives the same answers to every timeline. */
export function answering(
  answers: readonly Answer[],
  fields: Partial<typeof SPEC> & Pick<Assessment, 'askAgainAt'> = {},
): ConfiguredDetector {
  const { askAgainAt, ...spec } = fields;
  const assessment = { findings: answers, ...(askAgainAt !== undefined && { askAgainAt }) };
  return { detector: defined({ ...spec, assess: () => assessment }), settings: {}, stage: 'alert' };
}

export const ANCHOR = { key: 'a', from: minutes(0) };

export function stated(fields: Partial<Conclusion> = {}): Conclusion {
  return {
    state: 'open',
    anchor: ANCHOR,
    message: 'happened',
    severity: 'medium',
    stage: 'alert',
    since: minutes(60),
    firstSeenAt: minutes(0),
    lastSeenAt: minutes(30),
    count: 1,
    facts: {},
    evidence: [evidence('e1', minutes(0))],
    ...fields,
  };
}

export function resolved(resolution: string, fields: Partial<Conclusion> = {}): Conclusion {
  return stated({ state: 'resolved', resolution, ...fields });
}

export function evidence(eventId: string, at: Instant, facts: JsonObject = {}): Evidence {
  return { source: 'directoryAudits', eventId, at, kind: 'seen', what: 'it was seen', ...facts };
}

/** Everything from long before the story to its fifth day was read. */
export const READ = { directoryAudits: { from: days(-90), to: days(5), gaps: [] } } as const;
