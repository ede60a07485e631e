import type { CoverageBySource, Interval } from '../reading/coverage';
import { CrosscheckError } from '../errors';
import { sourcesOf } from '../reading/feed';
import {
  lookForAbsence,
  type Answer,
  type Assessment,
  type ConfiguredDetector,
  type Detector,
  type Pending,
  type Conclusion,
  type Timeline,
  type Undetermined,
} from '../detector';
import { findingId, stateFinding, withSuppression, withVerdict, type Finding } from './finding';
import { compare, type FindingChange } from './transition';
import { causeOf, inWords, withoutRows, type OpenRow } from '../reading/quarantine';
import type { Signal, Subject } from './signal';
import { suppressionOf, type SuppressionRule } from './suppression';
import { earliest, latest, plus, type Instant } from '../time';

/** Everything that one look at one timeline depends on. */
export interface JudgeInput {
  readonly configured: ConfiguredDetector;
  readonly tenantId: string;
  readonly timeline: string;
  readonly subject: Subject;
  readonly signals: readonly Signal[];
  readonly coverage: CoverageBySource;
  /** Rows about this subject, or about nobody knows whom, that could not be read: nothing is concluded over them. */
  readonly unreadable?: readonly OpenRow[];
  /** Signals below are invisible and findings anchored below are final. Absent while nothing was read before. */
  readonly floor?: Instant | undefined;
  /** An exported log is judged whole: nothing in it is ever too old. */
  readonly isExport?: boolean;
  readonly stored: readonly Finding[];
  /** What people do not want to be alerted of; ended rules too, so that their end can be told. */
  readonly rules?: readonly SuppressionRule[];
  /** What opens was found while catching up with the past: it is told in one digest, not card by card. */
  readonly isOfThePast?: boolean;
  readonly now: Instant;
}

export interface Judgement {
  readonly changes: readonly FindingChange[];
  readonly askAgainAt?: Instant;
  readonly pending: readonly Pending[];
  readonly undetermined: readonly Undetermined[];
  /** Something opens because nothing happened in here. */
  readonly absenceWindow?: Interval;
}

/** A detector that threw, or that asks to be asked again at a time that is already covered: for ever, that is. */
export class DetectorFault extends CrosscheckError {
  override readonly name = 'DetectorFault';
}

/** The end of what is completely read of all the sources that a detector needs; absent while one was never read. */
export function coverageEnd(detector: Detector, coverage: CoverageBySource): Instant | undefined {
  const ends = sourcesOf(detector.needs).map((source) => coverage[source]?.to);
  return ends.every((end) => end !== undefined) ? earliest(...ends) : undefined;
}

/** Stored coverage end minus what the detector retains. */
export function floorOf(detector: Detector, end: Instant | undefined): Instant | undefined {
  return end === undefined ? undefined : plus(end, -detector.retain);
}

/**
 * The engine's one question: given all that is known of a subject, what is true, what must be written, and when is
 * it worth asking again? Pure, so that a replay, a late event and a crash are all the same thing: ask again.
 * @throws DetectorFault when the detector breaks the contract of `assess`.
 */
export function judge(input: JudgeInput): Judgement {
  const { configured, coverage, floor, now } = input;
  const { detector } = configured;
  const timeline = visible(input.signals, floor);
  const unreadable = input.unreadable ?? [];
  const answer = ask(configured, timeline, withoutRows(coverage, unreadable));
  const { askAgainAt } = answer;
  const findings = answer.findings.map((each) => withCause(each, unreadable));
  const end = coverageEnd(detector, coverage);
  if (askAgainAt !== undefined && end !== undefined && askAgainAt <= end) {
    throw new DetectorFault(
      `detector ${detector.id} asks to be asked again at ${askAgainAt}, which coverage to ${end} has passed`,
    );
  }
  const stored = new Map(input.stored.map((finding) => [finding.id, finding]));
  const context = {
    tenantId: input.tenantId,
    timeline: input.timeline,
    subject: subjectOf(timeline, input.subject),
    judgedBy: endsOf(detector, coverage),
    completeTo: end ?? now,
    now,
  };
  // Asked once, and only where a stored finding cannot be said because of a row.
  let withoutThem: ReadonlySet<string> | undefined;
  const isSaidWithoutRows = (id: string): boolean => {
    if (unreadable.length === 0 || !stored.has(id)) {
      return false;
    }
    withoutThem ??= idsSaid(input.timeline, ask(configured, timeline, coverage));
    return withoutThem.has(id);
  };
  const changes: (FindingChange | undefined)[] = [];
  const mentioned = new Set<string>();
  const said = new Set<string>();
  const disproved = new Map<string, string>();
  let next = askAgainAt;
  let absenceWindow: Interval | undefined;
  for (const answer of findings) {
    const id = findingId(input.timeline, answer.anchor.key);
    if (answer.state === 'disproved') {
      disproved.set(id, answer.by.eventId);
      continue;
    }
    if (isFinal(answer, floor)) {
      continue;
    }
    if (answer.state === 'undetermined') {
      if (!couldBeRepeated(detector, stored.get(id), coverage) && !isSaidWithoutRows(id)) {
        mentioned.add(id);
      }
      const cause = causeOf(answer.gap, unreadable);
      if (cause !== undefined) {
        disproved.set(id, cause.eventId ?? cause.id);
      }
      continue;
    }
    mentioned.add(id);
    if (answer.state === 'pending') {
      continue;
    }
    const { stated, watchedTo } =
      input.isExport === true ? { stated: answer } : expire(detector, answer, end);
    next = soonest(next, watchedTo);
    const was = stored.get(id);
    const finding = stateFinding(configured, context, stated, was);
    const change = written(was, finding, input, stated.continues);
    changes.push(change);
    const isOpening = ['opened', 'reopened'].includes(change?.transition?.verb ?? '');
    absenceWindow = isOpening ? hull(absenceWindow, stated.absenceWindow) : absenceWindow;
    said.add(id);
  }
  for (const [id, finding] of stored) {
    if (!said.has(id)) {
      const verdict = mentioned.has(id)
        ? undefined
        : verdictOnUnmentioned(detector, finding, disproved.get(id), floor);
      const next = verdict === undefined ? finding : withVerdict(finding, verdict, now);
      changes.push(written(finding, next, input));
    }
  }
  const news = changes.filter((change) => change !== undefined);
  return {
    changes: input.isOfThePast === true ? news.map(forDigest) : news,
    ...(next !== undefined && { askAgainAt: next }),
    pending: findings.filter((answer) => answer.state === 'pending'),
    undetermined: findings.filter((answer) => answer.state === 'undetermined'),
    ...(absenceWindow !== undefined && { absenceWindow }),
  };
}

function hull(a: Interval | undefined, b: Interval | undefined): Interval | undefined {
  return a === undefined || b === undefined
    ? (a ?? b)
    : { from: earliest(a.from, b.from), to: latest(a.to, b.to) };
}

/** What must be written of a finding, once the rules of people are laid over it. */
function written(
  stored: Finding | undefined,
  next: Finding,
  { rules = [], now }: JudgeInput,
  continues?: boolean,
): FindingChange | undefined {
  const { rule, why } = suppressionOf(rules, stored, next, now);
  const ruled = next.suppressed?.rule === rule ? next : withSuppression(next, rule);
  return compare(stored, ruled, now, { continues, why });
}

/** A question that is not answered because of a row says so. */
function withCause(answer: Answer, unreadable: readonly OpenRow[]): Answer {
  const cause = answer.state === 'undetermined' ? causeOf(answer.gap, unreadable) : undefined;
  return cause === undefined || answer.state !== 'undetermined'
    ? answer
    : { ...answer, what: `${answer.what}; ${inWords(cause)}` };
}

function ask(
  { detector, settings }: ConfiguredDetector,
  timeline: Timeline,
  coverage: CoverageBySource,
): Assessment {
  try {
    return detector.assess(timeline, coverage, settings);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    throw new DetectorFault(`detector ${detector.id} failed: ${reason}`, { cause });
  }
}

function forDigest(change: FindingChange): FindingChange {
  return change.alert?.verb === 'opened' && change.alert.form === 'card'
    ? { ...change, alert: { ...change.alert, form: 'digest' } }
    : change;
}

function visible(signals: readonly Signal[], floor: Instant | undefined): Timeline {
  return signals
    .filter((signal) => floor === undefined || signal.at >= floor)
    .sort((a, b) => (a.at < b.at || (a.at === b.at && a.key < b.key) ? -1 : 1));
}

function isFinal(of: { readonly anchor: Finding['anchor'] }, floor: Instant | undefined): boolean {
  return floor !== undefined && of.anchor.from < floor;
}

/** Nothing stays open beyond its evidence: when the first of it may be dropped, the finding ends as `expired`. */
function expire(
  detector: Detector,
  answer: Conclusion,
  end: Instant | undefined,
): { stated: Conclusion; watchedTo?: Instant } {
  if (answer.state === 'resolved' || end === undefined) {
    return { stated: answer };
  }
  const watchedTo = plus(answer.anchor.from, detector.retain);
  return watchedTo > end
    ? { stated: answer, watchedTo }
    : { stated: { ...answer, state: 'resolved', resolution: 'expired' } };
}

/**
 * What is stored was concluded from a stretch that every log is still wholly read of: were it still so, the detector
 * would say it again. That it is undetermined is then about another event of the same anchor, or about a row that came since and
 * cannot be read.
 */
function couldBeRepeated(
  detector: Detector,
  finding: Finding | undefined,
  coverage: CoverageBySource,
): boolean {
  return (
    finding !== undefined &&
    lookForAbsence(detector, coverage, finding.firstSeenAt, finding.since).verdict === 'covered'
  );
}

/** The findings that an assessment states, whether open or over. */
function idsSaid(timeline: string, { findings }: Assessment): ReadonlySet<string> {
  const said = findings.filter(({ state }) => state === 'open' || state === 'resolved');
  return new Set(said.map(({ anchor }) => findingId(timeline, anchor.key)));
}

function verdictOnUnmentioned(
  detector: Detector,
  finding: Finding,
  disproof: string | undefined,
  floor: Instant | undefined,
): Finding['verdict'] | undefined {
  if (isFinal(finding, floor)) {
    return finding.verdict.state === 'open'
      ? { state: 'resolved', resolution: 'expired' }
      : undefined;
  }
  if (finding.verdict.resolution === 'superseded') {
    return undefined;
  }
  const by =
    finding.detectorVersion !== detector.version ? `version ${detector.version}` : disproof;
  return {
    state: 'resolved',
    resolution: 'superseded',
    ...(by !== undefined && { supersededBy: by }),
  };
}

/** The newest name wins: people are renamed, and some rows name nobody. */
function subjectOf(timeline: Timeline, known: Subject): Subject {
  const name = timeline.findLast((signal) => signal.subject.name !== undefined)?.subject.name;
  return name === undefined ? known : { ...known, name };
}

function endsOf(detector: Detector, coverage: CoverageBySource): Finding['judgedBy'] {
  const ends = sourcesOf(detector.needs).map((source) => [source, coverage[source]?.to] as const);
  return Object.fromEntries(ends.filter(([, end]) => end !== undefined));
}

function soonest(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  return a === undefined ? b : b === undefined ? a : earliest(a, b);
}
