import type { RuleStep } from '../../domain/suppression';
import type { RuleStore, StepRef } from '../../pipeline/ports';
import { fromColumns, toColumns } from './columns';
import { beginning, joinKey, ordinal } from './keys';
import type { Table, Write } from './table';

export const RULES = 'rules';
export const STEP = 's';
export const NOTE = 'unheard';

/** Steps of rules and holds, all of a tenant in one partition beside the findings. */
export class TableRules implements RuleStore {
  readonly #table: Table;
  readonly #partition: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId, RULES);
  }

  async steps(): Promise<readonly RuleStep[]> {
    const rows = beginning(`${STEP}|`);
    const found = await this.#table.list({ partition: this.#partition, rows });
    return found.map((row) => fromColumns(row, this.#table.name) as RuleStep);
  }

  async add(step: RuleStep): Promise<boolean> {
    const partitionKey = this.#partition;
    const { ruleId, sequence } = step;
    const writes: Write[] = [
      {
        insert: {
          ...{ partitionKey, rowKey: joinKey(STEP, ruleId, ordinal(sequence)) },
          ...toColumns(step),
        },
      },
      { upsert: { partitionKey, rowKey: noteKey(step), ...toColumns({ ruleId, sequence }) } },
    ];
    return (await this.#table.transact(writes)) !== undefined;
  }

  async unheard(): Promise<readonly StepRef[]> {
    const rows = beginning(`${NOTE}|`);
    const found = await this.#table.list({ partition: this.#partition, rows });
    return found.map((row) => fromColumns(row, this.#table.name) as StepRef);
  }

  async heard(step: StepRef): Promise<void> {
    await this.#table.remove(this.#partition, noteKey(step), '*');
  }
}

function noteKey({ ruleId, sequence }: StepRef): string {
  return joinKey(NOTE, ruleId, ordinal(sequence));
}
