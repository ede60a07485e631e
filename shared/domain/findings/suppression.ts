import { canonical, isList, type JsonObject } from '../json';
import { linked, type Linked } from '../hash-chain';
import type { Finding } from './finding';
import { DAY, plus, type Instant } from '../time';

/** So long a rule that ended stays at hand; later a finding only says that it does not hold any more. */
const STAYING = 7 * DAY;

/** What a rule speaks of: all that is given must fit. */
export interface RuleScope {
  readonly detector?: string;
  readonly subjectId?: string;
  /** Each of these facts must be so; one of several values is enough where the finding has a list. */
  readonly facts?: JsonObject;
  /** Holds only. */
  readonly findingId?: string;
}

/** A rule that has not ended is needed for ever. */
export const FOREVER = '9999-12-31T00:00:00.0000000Z' as Instant;

/**
 * Until when runs need a step of a suppression rule: its making until the rule has ended, its end until the findings
 * have learnt of it, and both a while longer, so that these can say why.
 * @param end the step that ended the rule, if any did.
 */
export function neededUntil(
  step: RuleStep,
  end: RuleStep | undefined,
  isPropagated: boolean,
): Instant {
  if (end === undefined || (step.verb !== 'added' && !isPropagated)) {
    return FOREVER;
  }
  return plus(end.at, STAYING);
}

/** How a rule ended. */
export interface RuleEnd {
  readonly how: 'removed' | 'expired';
  readonly at: Instant;
  readonly by: string;
  readonly reason?: string;
}

interface RuleBase {
  readonly id: string;
  readonly scope: RuleScope;
  /** Who answers for it. */
  readonly owner: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: Instant;
  readonly ended?: RuleEnd;
}

/** A person's decision that nobody is to be alerted of something for a time; it is stored and shown all the same. */
export interface SuppressionRule extends RuleBase {
  readonly kind: 'suppression';
  readonly expiresAt: Instant;
}

/** A person's decision that something must not be purged, however old it gets. */
export interface Hold extends RuleBase {
  readonly kind: 'hold';
}

/** A person's decision that a row which could not be read says nothing that matters: its gap is over. */
export interface Acceptance extends RuleBase {
  readonly kind: 'acceptance';
  /** The id of the row in the quarantine. */
  readonly row: string;
}

export type Rule = SuppressionRule | Hold | Acceptance;

/** One thing that happened to a rule: rows are added and never changed, each chained to the one before. */
export type RuleStep = Linked & {
  readonly ruleId: string;
  readonly sequence: number;
  readonly at: Instant;
  readonly by: string;
} & (
    | { readonly verb: 'added'; readonly rule: Rule }
    | { readonly verb: 'removed' | 'expired'; readonly reason?: string }
  );

/** The first row of a rule. */
export function stepAdding(rule: Rule): RuleStep {
  const { id, createdAt, createdBy } = rule;
  const step = {
    ruleId: id,
    sequence: 1,
    at: createdAt,
    by: createdBy,
    verb: 'added',
    rule,
  } as const;
  return linked(step, '');
}

/** The last row of a rule. */
export function stepEnding(last: RuleStep, end: RuleEnd): RuleStep {
  const { how, at, by, reason } = end;
  const step = {
    ...{ ruleId: last.ruleId, sequence: last.sequence + 1, at, by, verb: how },
    ...(reason !== undefined && { reason }),
  };
  return linked(step, last.hash);
}

/** The rules that steps tell of, in order of their making. */
export function rulesOf(steps: readonly RuleStep[]): readonly Rule[] {
  const rules = new Map<string, Rule>();
  for (const step of [...steps].sort((a, b) => a.sequence - b.sequence)) {
    const known = rules.get(step.ruleId);
    if (step.verb === 'added') {
      rules.set(step.ruleId, step.rule);
    } else if (known !== undefined) {
      const { verb: how, at, by, reason } = step;
      const ended = { how, at, by, ...(reason !== undefined && { reason }) };
      rules.set(step.ruleId, { ...known, ended });
    }
  }
  return [...rules.values()].sort((a, b) =>
    `${a.createdAt}|${a.id}` < `${b.createdAt}|${b.id}` ? -1 : 1,
  );
}

export function isSuppression(rule: Rule): rule is SuppressionRule {
  return rule.kind === 'suppression';
}

export function isHold(rule: Rule): rule is Hold {
  return rule.kind === 'hold';
}

/** Whether a rule speaks of a finding, whether it holds now or not. */
export function matches(
  rule: Rule,
  finding: Pick<Finding, 'id' | 'detector' | 'subject' | 'facts'>,
): boolean {
  const { detector, subjectId, findingId, facts = {} } = rule.scope;
  return (
    (detector === undefined || detector === finding.detector) &&
    (subjectId === undefined || subjectId === finding.subject.id) &&
    (findingId === undefined || findingId === finding.id) &&
    Object.entries(facts).every(([name, wanted]) => {
      const fact = finding.facts[name];
      const values = isList(fact) && !isList(wanted) ? fact : [fact];
      return values.some((value) => canonical(value) === canonical(wanted));
    })
  );
}

/** Whether a rule holds: it has not ended, also not by its own date. */
export function isInForce(rule: Rule, now: Instant): boolean {
  return rule.ended === undefined && (!isSuppression(rule) || now < rule.expiresAt);
}

/**
 * The rule by which nobody is alerted of a finding. It keeps the rule that it has while that holds; what is resolved
 * gets none anew. `why` says what made or ended the flag.
 */
export function suppressionOf(
  rules: readonly SuppressionRule[],
  stored: Finding | undefined,
  next: Finding,
  now: Instant,
): { readonly rule?: string; readonly why?: string } {
  const was = stored?.suppressed?.rule;
  const fitting = rules.filter((rule) => isInForce(rule, now) && matches(rule, next));
  const isClosed = stored !== undefined && next.status === 'resolved';
  const kept = fitting.find((rule) => rule.id === was) ?? (isClosed ? undefined : fitting[0]);
  if (kept !== undefined) {
    return { rule: kept.id, why: `rule ${kept.id} of ${kept.owner}: ${kept.reason}` };
  }
  const ended = rules.find((rule) => rule.id === was);
  return was === undefined ? {} : { why: whyEnded(was, ended) };
}

function whyEnded(id: string, rule: SuppressionRule | undefined): string {
  switch (rule?.ended?.how) {
    case 'removed': {
      const { by, reason } = rule.ended;
      return `rule ${id} was removed by ${by}${reason === undefined ? '' : `: ${reason}`}`;
    }
    case 'expired':
      return `rule ${id} has expired`;
    case undefined:
      return `rule ${id} does not speak of it any more`;
  }
}
