import { canonical, shortHash, type Json } from '../domain/canonical';
import type { Finding } from '../domain/finding';
import {
  isHold,
  isInForce,
  isSuppression,
  rulesOf,
  speaksOf,
  stepAdding,
  stepEnding,
  type Hold,
  type Rule,
  type RuleStep,
  type SuppressionRule,
} from '../domain/suppression';
import type { Instant } from '../domain/time';
import type { CoverageEnds, EngineStores, Now, OnUnreadable, TimelineRef } from './ports';

export interface RuleDesk {
  readonly stores: Pick<EngineStores, 'rules' | 'findings' | 'marks' | 'coverage'>;
  readonly clock: Now;
  /** Told of each finding of which nobody can say whether a rule speaks of it. */
  readonly onUnreadable?: OnUnreadable;
}

/** A rule or hold that cannot be made, or ended, as it was asked for. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

type Draft<R extends Rule> = Omit<R, 'id' | 'createdAt' | 'ended'>;

const LONGEST = 500;
const BATCH = 100;
const ROUNDS = 5;

/**
 * Makes a rule or a hold. The findings that it speaks of are judged again.
 * @throws RuleError when it speaks of nothing, has no owner or reason, or is over before it begins.
 */
export async function addRule(
  desk: RuleDesk,
  draft: Draft<SuppressionRule> | Draft<Hold>,
): Promise<Rule> {
  const createdAt = desk.clock.now();
  const problem = problemOf(draft, createdAt);
  if (problem !== undefined) {
    throw new RuleError(problem);
  }
  const id = shortHash(12, createdAt, canonical(draft as unknown as Json));
  const rule: Rule = { ...draft, id, createdAt };
  if (!(await desk.stores.rules.add(stepAdding(rule)))) {
    throw new RuleError(`rule ${id} was made a moment ago; list the rules to see it`);
  }
  await spreadRules(desk);
  return rule;
}

/**
 * Ends a rule or a hold. It stays on record; what it kept quiet is alerted once if it is still open.
 * @throws RuleError when there is none of that kind, or it has ended.
 */
export async function removeRule(
  desk: RuleDesk,
  removal: {
    readonly id: string;
    readonly kind: Rule['kind'];
    readonly by: string;
    readonly reason: string;
  },
): Promise<Rule> {
  const { id, kind, by, reason } = removal;
  const why = tooLong('a reason', reason);
  if (why !== undefined) {
    throw new RuleError(why);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const steps = (await desk.stores.rules.steps()).filter((step) => step.ruleId === id);
    const rule = rulesOf(steps).find((each) => each.kind === kind);
    const last = steps.at(-1);
    if (rule === undefined || last === undefined) {
      throw new RuleError(`there is no ${NAMES[kind]} ${id}; list them with: ${LISTS[kind]}`);
    }
    if (rule.ended !== undefined) {
      const { how, at } = rule.ended;
      throw new RuleError(`${NAMES[kind]} ${id} was ${how === 'removed' ? how : 'over'} at ${at}`);
    }
    const at = desk.clock.now();
    const ended = { how: 'removed', at, by, reason } as const;
    if (await desk.stores.rules.add(stepEnding(last, ended))) {
      await spreadRules(desk);
      return { ...rule, ended };
    }
  }
  throw new RuleError(`${NAMES[kind]} ${id} keeps changing; try again`);
}

const NAMES = { suppression: 'rule', hold: 'hold' } as const;
const LISTS = { suppression: 'crosscheck suppress list', hold: 'crosscheck hold list' } as const;

/** All rules or holds, also those that have ended, in order of their making. */
export async function listRules(
  desk: { readonly stores: Pick<EngineStores, 'rules'> },
  kind: Rule['kind'],
): Promise<readonly Rule[]> {
  const rules = rulesOf(await desk.stores.rules.steps());
  return rules.filter(kind === 'hold' ? isHold : isSuppression);
}

/**
 * Ends what has expired, and marks the timelines of findings that have not heard of a new or ended rule. A note says so
 * from the step on until the marks are there, so that a crash anywhere is made up for by the next call.
 * @returns how many timelines were marked.
 */
export async function spreadRules(desk: RuleDesk): Promise<number> {
  const { stores, clock } = desk;
  const now = clock.now();
  await endExpired(stores.rules, await stores.rules.steps(), now);
  const notes = await stores.rules.unheard();
  if (notes.length === 0) {
    return 0;
  }
  const news = new Set(notes.map((note) => note.ruleId));
  // After the notes: what is read now is at least as new as what they speak of.
  const rules = rulesOf(await stores.rules.steps()).filter(
    (rule) => isSuppression(rule) && news.has(rule.id),
  );
  const marked = rules.length === 0 ? 0 : await markConcerned(desk, rules, now);
  for (const note of notes) {
    await stores.rules.heard(note);
  }
  return marked;
}

async function endExpired(
  store: EngineStores['rules'],
  steps: readonly RuleStep[],
  now: Instant,
): Promise<void> {
  for (const rule of rulesOf(steps)) {
    const last = steps.findLast((step) => step.ruleId === rule.id);
    if (last !== undefined && rule.ended === undefined && !isInForce(rule, now)) {
      // Refused when somebody else ended it: then it has ended.
      await store.add(stepEnding(last, { how: 'expired', at: now, by: 'crosscheck' }));
    }
  }
}

async function markConcerned(
  { stores, onUnreadable = () => undefined }: RuleDesk,
  rules: readonly Rule[],
  now: Instant,
): Promise<number> {
  const byDetector = new Map<string, Map<string, TimelineRef>>();
  for await (const finding of stores.findings.all(onUnreadable)) {
    if (rules.some((rule) => mayChange(rule, finding, now))) {
      const { id, detector, subject } = finding;
      const timeline = id.slice(0, id.indexOf('-'));
      const timelines = byDetector.get(detector) ?? new Map<string, TimelineRef>();
      byDetector.set(detector, timelines.set(timeline, { id: timeline, detector, subject }));
    }
  }
  let marked = 0;
  for (const [detector, timelines] of byDetector) {
    const coverage = await stores.coverage.read(detector);
    const ends: CoverageEnds = Object.fromEntries(
      Object.entries(coverage).map(([source, { to }]) => [source, to]),
    );
    const all = [...timelines.values()];
    for (let from = 0; from < all.length; from += BATCH) {
      await stores.marks.markDirty(all.slice(from, from + BATCH), ends);
    }
    marked += all.length;
  }
  return marked;
}

function mayChange(rule: Rule, finding: Finding, now: Instant): boolean {
  const isFlagged = finding.suppressed?.rule === rule.id;
  return isInForce(rule, now)
    ? finding.status !== 'resolved' && finding.suppressed === undefined && speaksOf(rule, finding)
    : isFlagged;
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

function tooLong(what: string, text: string): string | undefined {
  return text.trim() === ''
    ? `${what} is needed: somebody will ask`
    : text.length > LONGEST
      ? `${what} may have at most ${LONGEST} characters, not ${text.length}`
      : undefined;
}
