import { timelineOf } from '../../domain/findings/finding';
import { canonical, shortHash, type Json } from '../../domain/json';
import { CrosscheckError } from '../../domain/errors';
import {
  isHold,
  isInForce,
  isSuppression,
  rulesOf,
  matches,
  stepAdding,
  stepEnding,
  type Hold,
  type Rule,
  type RuleStep,
  type SuppressionRule,
} from '../../domain/findings/suppression';
import type { Instant } from '../../domain/time';
import { unresolved } from './finding-lines';
import { markConcerned } from './mark';
import type { EngineStores } from '../ports/stores';
import type { ListEntry } from '../ports/finding-index';
import type { Now } from '../ports/clock';
import type { TimelineRef } from '../ports/signal-store';
import { retryOnConflict } from '../retry-on-conflict';

export interface RuleDeps {
  readonly stores: Pick<EngineStores, 'rules' | 'index' | 'marks' | 'coverage'>;
  readonly clock: Now;
}

/** A rule or hold that cannot be made, or ended, as it was asked for. */
export class RuleError extends CrosscheckError {
  override readonly name = 'RuleError';
  override readonly exitCode = 2;
}

/** What people make and take back. */
export type RuleKind = Exclude<Rule['kind'], 'acceptance'>;
type Draft<R extends Rule> = Omit<R, 'id' | 'createdAt' | 'ended'>;

const LONGEST = 500;
/** Every run reads those that hold, in one query. */
const MAX_RULES = 400;

/**
 * Makes a rule or a hold. The findings that it speaks of are judged again.
 * @throws RuleError when it speaks of nothing, has no owner or reason, or is over before it begins.
 */
export async function addRule(
  desk: RuleDeps,
  draft: Draft<SuppressionRule> | Draft<Hold>,
): Promise<Rule> {
  const createdAt = desk.clock.now();
  const problem = problemOf(draft, createdAt);
  if (problem !== undefined) {
    throw new RuleError(problem);
  }
  if (draft.kind === 'suppression') {
    const inForce = rulesOf((await desk.stores.rules.current(createdAt)).steps).filter(
      (rule) => isSuppression(rule) && isInForce(rule, createdAt),
    );
    if (inForce.length >= MAX_RULES) {
      throw new RuleError(`${MAX_RULES} rules hold already, which is the most; remove some first`);
    }
  }
  const id = shortHash(12, createdAt, canonical(draft as unknown as Json));
  const rule: Rule = { ...draft, id, createdAt };
  if (!(await desk.stores.rules.add(stepAdding(rule)))) {
    throw new RuleError(`rule ${id} was made a moment ago; list the rules to see it`);
  }
  await propagateSuppressions(desk);
  return rule;
}

/**
 * Ends a rule or a hold. It stays on record; what it kept quiet is alerted once if it is still open.
 * @throws RuleError when there is none of that kind, or it has ended.
 */
export async function removeRule(
  desk: RuleDeps,
  removal: {
    readonly id: string;
    readonly kind: RuleKind;
    readonly by: string;
    readonly reason: string;
  },
): Promise<Rule> {
  const { id, kind, by, reason } = removal;
  const why = tooLong('a reason', reason);
  if (why !== undefined) {
    throw new RuleError(why);
  }
  const removed = await retryOnConflict(async () => {
    const steps = (await desk.stores.rules.everyStep()).filter((step) => step.ruleId === id);
    const rule = rulesOf(steps).find((each) => each.kind === kind);
    const last = steps.at(-1);
    if (rule === undefined || last === undefined) {
      await desk.stores.rules.everyStep({ mustBeWhole: true }); // a step of it that cannot be read is told as that
      throw new RuleError(`there is no ${NAMES[kind]} ${id}; list them with: ${LISTS[kind]}`);
    }
    if (rule.ended !== undefined) {
      const { how, at } = rule.ended;
      throw new RuleError(`${NAMES[kind]} ${id} was ${how === 'removed' ? how : 'over'} at ${at}`);
    }
    const at = desk.clock.now();
    const ended = { how: 'removed', at, by, reason } as const;
    return (await desk.stores.rules.add(stepEnding(last, ended))) ? { ...rule, ended } : undefined;
  });
  if (removed === undefined) {
    await desk.stores.rules.everyStep({ mustBeWhole: true }); // the end of it may be there and unreadable
    throw new RuleError(`${NAMES[kind]} ${id} keeps changing; try again`);
  }
  await propagateSuppressions(desk);
  return removed;
}

const NAMES = { suppression: 'rule', hold: 'hold' } as const;
const LISTS = { suppression: 'crosscheck suppress list', hold: 'crosscheck hold list' } as const;

/** All rules or holds, also those that have ended, in order of their making. */
export async function listRules(
  desk: { readonly stores: Pick<EngineStores, 'rules'> },
  kind: RuleKind,
): Promise<readonly Rule[]> {
  const rules = rulesOf(await desk.stores.rules.everyStep());
  return rules.filter(kind === 'hold' ? isHold : isSuppression);
}

/**
 * Ends what has expired, and marks the timelines of findings that have not learnt of a new or ended rule. Each step says
 * that it is not propagated until the marks are there, so that a crash anywhere is made up for by the next call.
 * @returns how many timelines were marked.
 */
export async function propagateSuppressions(desk: RuleDeps): Promise<number> {
  const { stores, clock } = desk;
  const now = clock.now();
  const { steps, unpropagated } = await stores.rules.current(now);
  const ended = await endExpired(stores.rules, steps, now);
  const news = [...unpropagated, ...ended];
  if (news.length === 0) {
    return 0;
  }
  const ids = new Set(news.map(({ ruleId }) => ruleId));
  // What is read now is at least as new as what is propagated.
  const every = rulesOf(await stores.rules.everyStep());
  const rules = every.filter((rule) => isSuppression(rule) && ids.has(rule.id));
  const marked = rules.length === 0 ? 0 : await markSpokenOf(stores, rules, now);
  // Of a rule whose making cannot be read nobody knows whom it concerns: that waits until it can be.
  for (const step of news.filter(({ ruleId }) => every.some(({ id }) => id === ruleId))) {
    await stores.rules.markPropagated(step);
  }
  return marked;
}

/** @returns the steps that ended what has expired. */
async function endExpired(
  store: EngineStores['rules'],
  steps: readonly RuleStep[],
  now: Instant,
): Promise<readonly RuleStep[]> {
  const ended: RuleStep[] = [];
  for (const rule of rulesOf(steps)) {
    const last = steps.findLast((step) => step.ruleId === rule.id);
    if (last !== undefined && rule.ended === undefined && !isInForce(rule, now)) {
      const end = stepEnding(last, { how: 'expired', at: now, by: 'crosscheck' });
      // Refused when somebody else ended it: then it has ended.
      await store.add(end);
      ended.push(end);
    }
  }
  return ended;
}

async function markSpokenOf(
  stores: RuleDeps['stores'],
  rules: readonly Rule[],
  now: Instant,
): Promise<number> {
  const concerned = new Map<string, TimelineRef>();
  // Whoever is being judged may be judged by the rules of before: the marks name them until their findings are written,
  // and the lines of those.
  for (const timeline of (await stores.marks.list()).flatMap(({ timelines }) => timelines)) {
    if (rules.some((rule) => mayConcern(rule, timeline))) {
      concerned.set(timeline.id, timeline);
    }
  }
  // What is resolved gets no rule, and loses its flag when it comes up again. A line that cannot be read is left out:
  // nobody could be told of the others otherwise.
  for await (const lines of unresolved(stores.index, {}, () => undefined)) {
    const changing = lines.filter((line) => rules.some((rule) => mayChange(rule, line, now)));
    for (const { id, detector, subject } of changing) {
      const timeline = timelineOf(id);
      concerned.set(timeline, { id: timeline, detector, subject });
    }
  }
  const byDetector = Map.groupBy(concerned.values(), ({ detector }) => detector);
  let marked = 0;
  for (const [detector, timelines] of byDetector) {
    marked += await markConcerned(stores, detector, timelines);
  }
  return marked;
}

/** Whether a rule may speak of some finding of a timeline. */
function mayConcern({ scope }: Rule, { id, detector, subject }: TimelineRef): boolean {
  return (
    (scope.detector === undefined || scope.detector === detector) &&
    (scope.subjectId === undefined || scope.subjectId === subject.id) &&
    (scope.findingId === undefined || scope.findingId.startsWith(`${id}-`))
  );
}

/** Lines have no facts: a rule that asks for some may change more than it speaks of. */
function mayChange(rule: Rule, line: ListEntry, now: Instant): boolean {
  if (!isInForce(rule, now)) {
    return line.suppressed?.rule === rule.id;
  }
  const { facts: _f, ...scope } = rule.scope;
  return line.suppressed === undefined && matches({ ...rule, scope }, { ...line, facts: {} });
}

function problemOf(draft: Draft<SuppressionRule> | Draft<Hold>, now: Instant): string | undefined {
  const { detector, subjectId, findingId, facts = {} } = draft.scope;
  if (draft.kind === 'hold' && findingId === undefined && subjectId === undefined) {
    return 'a hold needs the id of a finding or of a subject: --finding or --subject';
  }
  if (
    draft.kind === 'suppression' &&
    detector === undefined &&
    subjectId === undefined &&
    Object.keys(facts).length === 0
  ) {
    return 'a rule that speaks of everything would switch alerting off; give --detector, --subject or --fact';
  }
  if (draft.kind === 'suppression' && draft.expiresAt <= now) {
    return `the rule would be over before it begins: it expires at ${draft.expiresAt}, and it is ${now}`;
  }
  return (
    tooLong('an owner', draft.owner) ??
    tooLong('a reason', draft.reason) ??
    tooLong('a name of who makes it', draft.createdBy)
  );
}

/** What is wrong with a text that a person must give. */
export function tooLong(what: string, text: string): string | undefined {
  return text.trim() === ''
    ? `${what} is needed: somebody will ask`
    : text.length > LONGEST
      ? `${what} may have at most ${LONGEST} characters, not ${text.length}`
      : undefined;
}
