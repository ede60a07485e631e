import { bounded, boundedText } from '../bounded';
import { shortHash, type JsonObject } from '../json';
import type {
  Anchor,
  ConfiguredDetector,
  Detector,
  Evidence,
  Missing,
  Severity,
  Stage,
  Conclusion,
} from '../detector';
import type { Source } from '../record';
import type { Subject } from './signal';
import { pick } from '../pick';
import type { Instant } from '../time';

export const STATUSES = ['open', 'acknowledged', 'resolved'] as const;
export type Status = (typeof STATUSES)[number];
export const RESOLVE_REASONS = ['fixed', 'accepted', 'false-positive'] as const;
export type ResolveReason = (typeof RESOLVE_REASONS)[number];

/** The last thing a person did about a finding. */
export interface Act {
  readonly verb: 'acknowledge' | 'resolve' | 'reopen';
  /** Only and always with `resolve`. */
  readonly reason?: ResolveReason;
  readonly by: string;
  readonly at: Instant;
  readonly note?: string;
}

/** What the evidence says, before a person's decision is laid over it. */
export interface Verdict {
  readonly state: 'open' | 'resolved';
  readonly resolution?: string;
  readonly supersededBy?: string;
}

/** A stored conclusion with its evidence. */
export interface Finding {
  readonly id: string;
  readonly tenantId: string;
  readonly detector: string;
  readonly detectorVersion: number;
  readonly stage: Stage;
  readonly severity: Severity;
  readonly status: Status;
  /** The detector's code, `by-person`, `superseded` or `expired`. Only and always when resolved. */
  readonly resolution?: string;
  /** The event or the detector version that disproved it. */
  readonly supersededBy?: string;
  /** A rule of a person says that nobody is alerted; stored and shown all the same. */
  readonly suppressed?: { readonly rule: string };
  /** The id of the detector's message that title and summary are. */
  readonly message: string;
  readonly title: string;
  readonly summary: string;
  readonly subject: Subject;
  readonly anchor: Anchor;
  readonly verdict: Verdict;
  readonly act?: Act;
  readonly since: Instant;
  readonly firstSeenAt: Instant;
  readonly lastSeenAt: Instant;
  /** When Crosscheck first wrote it down. */
  readonly openedAt: Instant;
  readonly resolvedAt?: Instant;
  readonly count: number;
  readonly facts: JsonObject;
  readonly evidence: readonly Evidence[];
  /** What did not happen, where that is why it was found. */
  readonly missing?: Missing;
  /** The end of coverage it was judged by; nobody judges it with an older one. */
  readonly judgedBy: Readonly<Partial<Record<Source, Instant>>>;
  /** Number of transitions so far, and the hash of the last: the head of its chain. */
  readonly sequence: number;
  readonly head: string;
  /** When that transition was. */
  readonly movedAt?: Instant;
  /** True once a person was told of it; an end is told only when its beginning was. */
  readonly notified: boolean;
}

/** Timelines are named by this: 16 hexadecimal digits of tenant, detector and subject. */
export function timelineId(tenantId: string, detectorId: string, subjectId: string): string {
  return shortHash(16, tenantId, detectorId, subjectId);
}

/** The timeline's id and 12 hexadecimal digits of the anchor. No time of reading enters it. */
export function findingId(timeline: string, anchorKey: string): string {
  return `${timeline}-${shortHash(12, anchorKey)}`;
}

/**
 * The status, computed from what the evidence says and the last act of a person, never stepped: an end by evidence
 * wins; `fixed` holds until evidence later than the act; `accepted` and `false-positive` hold for this anchor; an
 * acknowledgement holds while it is not older than the present open stretch.
 */
export function statusOf(
  verdict: Verdict,
  act: Act | undefined,
  times: { readonly since: Instant; readonly lastSeenAt: Instant },
): { readonly status: Status; readonly resolution?: string; readonly supersededBy?: string } {
  if (verdict.state === 'resolved') {
    const { resolution = 'resolved', supersededBy } = verdict;
    return { status: 'resolved', resolution, ...(supersededBy !== undefined && { supersededBy }) };
  }
  if (act?.verb === 'resolve' && (act.reason !== 'fixed' || times.lastSeenAt <= act.at)) {
    return { status: 'resolved', resolution: 'by-person' };
  }
  if (act?.verb === 'acknowledge' && act.at >= times.since) {
    return { status: 'acknowledged' };
  }
  return { status: 'open' };
}

/** The timeline that a finding is of, from its id. */
export function timelineOf(findingId: string): string {
  return findingId.slice(0, findingId.indexOf('-'));
}

/** The finding that an answer states, laid over what is stored under the same id. */
export function stateFinding(
  configured: ConfiguredDetector,
  context: {
    readonly tenantId: string;
    readonly timeline: string;
    readonly subject: Subject;
    readonly judgedBy: Finding['judgedBy'];
    readonly completeTo: Instant;
    readonly now: Instant;
  },
  answer: Conclusion,
  stored: Finding | undefined,
): Finding {
  const { detector } = configured;
  const { firstSeenAt, lastSeenAt, since, count, missing } = answer;
  const facts = bounded(answer.facts);
  const verdict: Verdict = pick(answer, ['state', 'resolution']);
  const told = {
    who: context.subject.name ?? context.subject.id,
    completeTo: context.completeTo,
    ...{ facts, count, since, firstSeenAt, lastSeenAt },
  };
  const message = messageOf(detector, answer.message);
  const status = statusOf(verdict, stored?.act, answer);
  return {
    id: findingId(context.timeline, answer.anchor.key),
    tenantId: context.tenantId,
    detector: detector.id,
    detectorVersion: detector.version,
    stage: configured.stage === 'watch' ? 'watch' : answer.stage,
    severity: answer.severity,
    ...status,
    message: answer.message,
    title: message.title,
    summary: boundedText(message.summary(told), SUMMARY),
    subject: context.subject,
    anchor: answer.anchor,
    verdict,
    ...(stored && pick(stored, ['suppressed', 'act', 'movedAt'])),
    since,
    firstSeenAt,
    lastSeenAt,
    openedAt: stored?.openedAt ?? context.now,
    ...(status.status === 'resolved' && { resolvedAt: stored?.resolvedAt ?? context.now }),
    count,
    facts,
    evidence: edgesOf(answer.evidence),
    ...(missing !== undefined && { missing: { ...missing, what: boundedText(missing.what) } }),
    judgedBy: context.judgedBy,
    sequence: stored?.sequence ?? 0,
    head: stored?.head ?? '',
    notified: stored?.notified ?? false,
  };
}

/** The same finding with another verdict: superseded or no longer watched. */
export function withVerdict(stored: Finding, verdict: Verdict, now: Instant): Finding {
  return recomputeStatus({ ...stored, verdict }, now);
}

/** The same finding with the flag that the rules of people give it, or without one. */
export function withSuppression(finding: Finding, rule: string | undefined): Finding {
  const { suppressed: _s, ...rest } = finding;
  return rule === undefined ? rest : { ...rest, suppressed: { rule } };
}

/** The same finding after a person's act. */
export function withAct(stored: Finding, act: Act): Finding {
  return recomputeStatus({ ...stored, act }, act.at);
}

function recomputeStatus(finding: Finding, now: Instant): Finding {
  const { resolution: _r, supersededBy: _s, resolvedAt, ...rest } = finding;
  const status = statusOf(finding.verdict, finding.act, finding);
  return {
    ...rest,
    ...status,
    ...(status.status === 'resolved' && { resolvedAt: resolvedAt ?? now }),
  };
}

function messageOf(detector: Detector, id: string): Detector['messages'][string] {
  const message = detector.messages[id];
  if (message === undefined) {
    throw new TypeError(`detector ${detector.id} has no message "${id}"`);
  }
  return message;
}

/** Far more than any summary has that people can read. */
const SUMMARY = 8_000;
const EDGE = 3;

/** The first three and the last three events, each once, by time. */
export function edgesOf(evidence: readonly Evidence[]): readonly Evidence[] {
  const unique = new Map(evidence.map((each) => [`${each.eventId}|${each.kind}`, each]));
  const sorted = [...unique.values()].sort((a, b) => {
    const [x, y] = [`${a.at}|${a.eventId}|${a.kind}`, `${b.at}|${b.eventId}|${b.kind}`];
    return x < y ? -1 : 1;
  });
  const kept =
    sorted.length <= 2 * EDGE ? sorted : [...sorted.slice(0, EDGE), ...sorted.slice(-EDGE)];
  return kept.map((each) => ({ ...each, what: boundedText(each.what) }));
}
