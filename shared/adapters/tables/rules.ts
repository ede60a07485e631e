import { liveSteps, type RuleStep } from '../../domain/suppression';
import type { RuleStore, StepRef } from '../../pipeline/ports';
import { fromColumns, toColumns } from './columns';
import { untilWritten } from './contention';
import { beginning, joinKey, ordinal } from './keys';
import type { Table, Write } from './table';

export const RULES = 'rules';
export const STEP = 's';
export const NOTE = 'unheard';
export const LIVE = 'live';

/** Steps of rules and holds, all of a tenant in one partition beside the findings. */
export class TableRules implements RuleStore {
  readonly #table: Table;
  readonly #partition: string;

  constructor(table: Table, tenantId: string) {
    this.#table = table;
    this.#partition = joinKey(tenantId, RULES);
  }

  async everyStep(): Promise<readonly RuleStep[]> {
    const rows = beginning(`${STEP}|`);
    const found = await this.#table.list({ partition: this.#partition, rows });
    return found.map((row) => fromColumns(row, this.#table.name) as RuleStep);
  }

  async steps(): Promise<readonly RuleStep[]> {
    return (await this.#live()).steps;
  }

  /** The step, its note and what runs need of all rules, in one transaction. */
  async add(step: RuleStep): Promise<boolean> {
    const partitionKey = this.#partition;
    const { ruleId, sequence } = step;
    const key = joinKey(STEP, ruleId, ordinal(sequence));
    let isNew = true;
    await untilWritten(`rule ${ruleId}`, this.#table.name, async () => {
      const { steps, etag } = await this.#live();
      const live = {
        ...{ partitionKey, rowKey: LIVE },
        ...toColumns({ steps: liveSteps([...steps, step], step.at) }),
      };
      const writes: Write[] = [
        { insert: { partitionKey, rowKey: key, ...toColumns(step) } },
        { upsert: { partitionKey, rowKey: noteKey(step), ...toColumns({ ruleId, sequence }) } },
        etag === undefined ? { insert: live } : { update: live, etag },
      ];
      if ((await this.#table.transact(writes)) !== undefined) {
        return true;
      }
      isNew = (await this.#table.get(partitionKey, key)) === undefined;
      return !isNew; // else another rule was written meanwhile
    });
    return isNew;
  }

  /** A partition that is older than this row has none: what runs need is put together from all steps once. */
  async #live(): Promise<{ readonly steps: readonly RuleStep[]; readonly etag?: string }> {
    const row = await this.#table.get(this.#partition, LIVE);
    return row === undefined
      ? { steps: await this.everyStep() }
      : { ...(fromColumns(row) as { readonly steps: readonly RuleStep[] }), etag: row.etag };
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
