import type { RuleStep } from '../../domain/findings/suppression';
import type { Instant } from '../../domain/time';

/** Suppression rules and holds: each is a chain of steps, of which none is ever changed or removed. */
export interface RuleStore {
  /**
   * All steps of all rules and holds; those of one rule in order. They grow for ever: not for every run. One that cannot
   * be read is left out and noted.
   * @throws UnreadableRowError instead, when a hold may not be missed.
   */
  everyStep(options?: { readonly mustBeWhole: true }): Promise<readonly RuleStep[]>;
  /** What runs need of the suppression rules, in one query. */
  current(now: Instant): Promise<CurrentRules>;
  /**
   * Adds a step. One of a suppression rule is to be propagated to the findings.
   * @returns false when there is a step of that number; nothing is written then.
   */
  add(step: RuleStep): Promise<boolean>;
  /** The findings that a step concerns are marked. */
  markPropagated(step: StepRef): Promise<void>;
}

export interface CurrentRules {
  /** At least the steps of the rules that have not ended, or ended a short while ago. */
  readonly steps: readonly RuleStep[];
  /** Those that the findings have not learnt of yet. */
  readonly unpropagated: readonly StepRef[];
}

export type StepRef = Pick<RuleStep, 'ruleId' | 'sequence'>;
