import type { Finding } from '../../shared/domain/findings/finding';
import { between, type Duration, type Instant } from '../../shared/domain/time';
import type { Truth } from './scene';
import type { ToldOf } from './tenant';
import type { Alerted } from './watch';

/** What one run came to, to be held against the truth. */
export interface Outcome {
  readonly findings: readonly Finding[];
  /** By finding. */
  readonly alerted: ReadonlyMap<string, Alerted>;
  readonly truths: readonly Truth[];
  readonly told: readonly ToldOf[];
  /** What began before is warm-up and counts for nothing. */
  readonly since: Instant;
  /** What somebody would want to hear of later is not over. */
  readonly until: Instant;
}

/** Something that a detector got wrong. */
export interface Fault {
  readonly kind: 'missed' | 'false alert' | 'false finding';
  readonly detector: string;
  readonly subject: string;
  readonly at: Instant;
  /** The story of this person, a look-alike may be; absent: everyday life. */
  readonly story?: string;
  /** What the detector said, or when it had said nothing. */
  readonly message?: string;
}

/** The figures of one detector. */
export interface Score {
  readonly detector: string;
  /** Stories that are over, by what was due: found or missed. */
  readonly found: number;
  readonly missed: number;
  /** Alerts without a story, and findings without a story that nobody was alerted of and that stand all the same. */
  readonly falseAlerts: number;
  readonly falseFindings: number;
  readonly alerts: number;
  /** From the event to the alert or, where none is due, to the finding. */
  readonly delays: readonly Duration[];
}

export interface Scored {
  readonly scores: readonly Score[];
  readonly faults: readonly Fault[];
}

/** Holds findings and alerts against what the stories say: by detector, person and time, and nothing else. */
export function score(outcome: Outcome, detectors: readonly string[]): Scored {
  const { findings, alerted, truths, told, since, until } = outcome;
  const ids = [...new Set([...detectors, ...findings.map(({ detector }) => detector)])].sort();
  const faults: Fault[] = [];
  const scores = ids.map((detector): Score => {
    const own = findings.filter((each) => each.detector === detector);
    const expected = truths.filter((each) => each.detector === detector);
    const wrong = own.flatMap((finding): Fault[] => {
      const first = alerted.get(finding.id);
      const isRight = expected.some(
        (truth) => covers(truth, finding) && (truth.due !== 'record' || first === undefined),
      );
      // Nobody was alerted of it and it was taken back: nobody was misled.
      const isOver = first === undefined && finding.resolution === 'superseded';
      const { firstSeenAt, openedAt, subject, message } = finding;
      if (isRight || isOver || openedAt < since) {
        return [];
      }
      const story =
        told.findLast((each) => each.subject === subject.id)?.story ??
        truths.find((each) => each.subject === subject.name)?.story;
      return [
        {
          kind: first === undefined ? 'false finding' : 'false alert',
          ...{ detector, subject: subject.id, at: firstSeenAt },
          ...{ message: first?.finding.message ?? message, ...(story !== undefined && { story }) },
        },
      ];
    });
    const due = expected.filter(
      (each) => each.due !== 'may' && each.event >= since && each.event <= until,
    );
    const heard = due.map((truth) => heardOf(truth, own, alerted));
    const missed = due.flatMap((truth, i): Fault[] =>
      heard[i] === undefined
        ? [
            {
              ...{ kind: 'missed', detector, subject: truth.subject },
              ...{ at: truth.event, story: truth.story },
            },
          ]
        : [],
    );
    faults.push(...missed, ...wrong);
    return {
      detector,
      found: due.length - missed.length,
      missed: missed.length,
      falseAlerts: wrong.filter(({ kind }) => kind === 'false alert').length,
      falseFindings: wrong.filter(({ kind }) => kind === 'false finding').length,
      alerts: own.filter(({ id }) => (alerted.get(id)?.at ?? '') >= since).length,
      delays: due.flatMap(({ event }, i) => {
        const at = heard[i];
        return at === undefined ? [] : [between(event, at)];
      }),
    };
  });
  return { scores, faults };
}

function covers(truth: Truth, { subject, firstSeenAt, lastSeenAt }: Finding): boolean {
  const isOfIt = subject.id === truth.subject || subject.name === truth.subject;
  return isOfIt && firstSeenAt <= truth.to && lastSeenAt >= truth.from;
}

/** When somebody could know of a story: from the first alert, or the first finding where none is due. */
function heardOf(
  truth: Truth,
  findings: readonly Finding[],
  alerted: ReadonlyMap<string, Alerted>,
): Instant | undefined {
  const times = findings
    .filter((finding) => covers(truth, finding))
    .map(({ id, openedAt }) => (truth.due === 'alert' ? alerted.get(id)?.at : openedAt));
  return times.filter((at) => at !== undefined).sort()[0];
}
