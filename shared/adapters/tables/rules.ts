import { neededUntil, type RuleStep } from '../../domain/findings/suppression';
import type { Instant } from '../../domain/time';
import type { CurrentRules, RuleStore, StepRef } from '../../pipeline/ports/rule-store';
import { toColumns } from './columns';
import { untilWritten } from './contention';
import type { Row, StoredRow } from './guards';
import { SHAPES } from './row-kinds';
import { beginning, joinKey, ordinal } from './keys';
import type { Table, Write } from './table';

export const RULES = 'rules';
export const STEP = 's';
/** Columns by which runs find what they need of suppression rules; verification compares them with the steps. */
export const RULE_COLUMNS = ['neededUntil', 'propagated'] as const;
const YES = 'yes';
const NO = 'no';

/** Steps of rules and holds, all of a tenant in one partition beside the findings. */
export class TableRules implements RuleStore {
  readonly #table: Table;
  readonly #partition: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId, RULES);
  }

  async everyStep(options?: { readonly mustBeWhole: true }): Promise<readonly RuleStep[]> {
    const rows = beginning(`${STEP}|`);
    const found = await this.#table.list({ partition: this.#partition, rows });
    return options === undefined
      ? this.#table.values(found, SHAPES.step, (step) => step as RuleStep)
      : found.map((row) => this.#stepIn(row));
  }

  async current(now: Instant): Promise<CurrentRules> {
    const found = await this.#table.list({
      partition: this.#partition,
      rows: beginning(`${STEP}|`),
      where: { column: 'neededUntil', from: now, to: ':' }, // times begin with a digit
    });
    // A step that cannot be read suppresses nothing: better one alert too many.
    const steps = this.#table.values(found, SHAPES.step, (step, row) => ({
      step: step as RuleStep,
      isUnpropagated: isUnpropagated(row),
    }));
    return {
      steps: steps.map(({ step }) => step),
      unpropagated: steps
        .filter((each) => each.isUnpropagated)
        .map(({ step: { ruleId, sequence } }) => ({ ruleId, sequence })),
    };
  }

  /** The end of a rule and until when its making is needed are one transaction: nobody finds the one without the other. */
  async add(step: RuleStep): Promise<boolean> {
    const key = keyOf(step);
    let isNew = true;
    await untilWritten(`rule ${step.ruleId}`, this.#table, async () => {
      if ((await this.#table.transact(await this.#writesOf(step))) !== undefined) {
        return true;
      }
      isNew = (await this.#table.get(this.#partition, key)) === undefined;
      return !isNew; // else the first step was marked as propagated meanwhile
    });
    return isNew;
  }

  async markPropagated(step: StepRef): Promise<void> {
    await untilWritten(`rule ${step.ruleId}`, this.#table, async () => {
      const row = await this.#table.get(this.#partition, keyOf(step));
      if (row === undefined || !isUnpropagated(row)) {
        return true;
      }
      const known = this.#stepIn(row);
      const isEnd = known.verb !== 'added';
      return this.#table.writeOne(
        this.#besides(known, row.etag, {
          ...(isEnd && { neededUntil: neededUntil(known, known, true) }),
          propagated: YES,
        }),
      );
    });
  }

  async #writesOf(step: RuleStep): Promise<readonly Write[]> {
    if (step.verb === 'added') {
      const isSuppression = step.rule.kind === 'suppression';
      return [{ insert: this.#row(step, isSuppression ? fresh(step, undefined) : {}) }];
    }
    const first = await this.#table.get(this.#partition, keyOf({ ...step, sequence: 1 }));
    const made = first && this.#stepIn(first);
    if (first === undefined || made?.verb !== 'added' || made.rule.kind !== 'suppression') {
      return [{ insert: this.#row(step, {}) }];
    }
    return [
      { insert: this.#row(step, fresh(step, step)) },
      this.#besides(made, first.etag, { neededUntil: neededUntil(made, step, true) }),
    ];
  }

  #row(step: RuleStep, columns: Readonly<Record<string, string>>): Row {
    return {
      ...{ partitionKey: this.#partition, rowKey: keyOf(step), ...columns },
      ...toColumns(step),
    };
  }

  /** The step itself stays as it was written, in whatever words: its hash is of them. */
  #besides(step: StepRef, etag: string, columns: Readonly<Record<string, string>>): Write {
    const place = { partitionKey: this.#partition, rowKey: keyOf(step) };
    return { update: { ...place, ...columns }, etag, isMerge: true };
  }

  #stepIn(row: StoredRow): RuleStep {
    return this.#table.value(row, SHAPES.step) as RuleStep;
  }
}

function fresh(step: RuleStep, end: RuleStep | undefined): Readonly<Record<string, string>> {
  return { neededUntil: neededUntil(step, end, false), propagated: NO };
}

function isUnpropagated(row: StoredRow): boolean {
  return row['propagated'] === NO;
}

function keyOf({ ruleId, sequence }: StepRef): string {
  return joinKey(STEP, ruleId, ordinal(sequence));
}
