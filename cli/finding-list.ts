import { FileOverflow } from '../shared/adapters/files/overflow';
import type { Finding } from '../shared/domain/findings/finding';
import { inOrder } from './finding-text';

/** So many findings are put in order; more are kept in a file and told as they came. */
const MAX_IN_ORDER = 10_000;

/** The findings of an export: in order when a person could read them all, and never more in memory than that. */
export class FindingList {
  readonly #file = new FileOverflow();
  readonly #most: number;
  #held: Finding[] = [];
  #count = 0;
  readonly #byStage = { alert: 0, watch: 0 };

  constructor(most = MAX_IN_ORDER) {
    this.#most = most;
  }

  get isInOrder(): boolean {
    return this.#count <= this.#most;
  }

  countOf(stage: Finding['stage']): number {
    return this.#byStage[stage];
  }

  async add(findings: readonly Finding[]): Promise<void> {
    for (const { stage } of findings) {
      this.#byStage[stage] += 1;
    }
    this.#count += findings.length;
    this.#held.push(...findings);
    if (!this.isInOrder) {
      const lines = this.#held.map((finding) => JSON.stringify(finding));
      this.#held = [];
      await this.#file.append(0, lines);
    }
  }

  async *all(): AsyncGenerator<Finding> {
    yield* inOrder(this.#held);
    for await (const line of this.#file.read(0)) {
      yield JSON.parse(line) as Finding;
    }
  }

  remove(): Promise<void> {
    return this.#file.remove();
  }
}
