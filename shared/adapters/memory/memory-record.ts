import type { Finding, Transition } from '../../domain/finding';
import { EMPTY_CHAIN, type ChainHead, type RecordEntry } from '../../domain/record-chain';
import type { RuleStep } from '../../domain/suppression';
import type { RawRow, RecordChain, RecordRows, RuleStore, StepRef } from '../../pipeline/ports';

export class MemoryRules implements RuleStore {
  readonly #steps = new Map<string, RuleStep>();
  readonly #unheard = new Map<string, StepRef>();

  steps(): Promise<readonly RuleStep[]> {
    const inOrder = [...this.#steps].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.resolve(inOrder.map(([, step]) => step));
  }

  everyStep(): Promise<readonly RuleStep[]> {
    return this.steps();
  }

  add(step: RuleStep): Promise<boolean> {
    const key = keyOf(step);
    if (this.#steps.has(key)) {
      return Promise.resolve(false);
    }
    this.#steps.set(key, step);
    const { ruleId, sequence } = step;
    this.#unheard.set(key, { ruleId, sequence });
    return Promise.resolve(true);
  }

  unheard(): Promise<readonly StepRef[]> {
    return Promise.resolve([...this.#unheard.values()]);
  }

  heard(step: StepRef): Promise<void> {
    this.#unheard.delete(keyOf(step));
    return Promise.resolve();
  }
}

export class MemoryChain implements RecordChain {
  readonly entries: RecordEntry[] = [];
  #head: ChainHead = EMPTY_CHAIN;
  #version = 0;

  head(): Promise<{ head: ChainHead; etag: string | undefined }> {
    return Promise.resolve({ head: this.#head, etag: this.#etag() });
  }

  write(next: ChainHead, etag: string | undefined, entry?: RecordEntry): Promise<boolean> {
    if (this.#etag() !== etag) {
      return Promise.resolve(false);
    }
    this.#head = next;
    this.#version += 1;
    this.entries.push(...(entry === undefined ? [] : [entry]));
    return Promise.resolve(true);
  }

  entry(sequence: number): Promise<RecordEntry | undefined> {
    return Promise.resolve(this.entries.find((each) => each.sequence === sequence));
  }

  #etag(): string | undefined {
    return this.#version === 0 ? undefined : String(this.#version);
  }
}

interface Findings {
  digests(): readonly { readonly finding: Finding; readonly digest: string }[];
  readonly transitions: readonly Transition[];
}

/** The rows that tables would have. */
export class MemoryRows implements RecordRows {
  readonly #findings: Findings;
  readonly #rules: MemoryRules;
  readonly #chain: MemoryChain;

  constructor(findings: Findings, rules: MemoryRules, chain: MemoryChain) {
    this.#findings = findings;
    this.#rules = rules;
    this.#chain = chain;
  }

  async *timelines(): AsyncIterable<{ id: string; rows: readonly RawRow[] }> {
    const ids = [
      ...this.#findings.digests().map(({ finding }) => finding.id),
      ...this.#findings.transitions.map((each) => each.findingId),
    ];
    for (const id of [...new Set(ids.map(timelineOf))].sort()) {
      yield { id, rows: await this.timeline(id) };
    }
  }

  timeline(timelineId: string): Promise<readonly RawRow[]> {
    const findings = this.#findings
      .digests()
      .filter(({ finding }) => timelineOf(finding.id) === timelineId)
      .map(({ finding, digest }): RawRow => {
        const { id, movedAt } = finding;
        const place = `finding ${id}`;
        return {
          ...{ kind: 'finding', id, place, value: finding, digest },
          ...(movedAt !== undefined && { movedAt }),
        };
      });
    const history = this.#findings.transitions
      .filter(({ findingId }) => timelineOf(findingId) === timelineId)
      .map((value): RawRow => {
        const { findingId: id, sequence } = value;
        return { kind: 'history', id, sequence, place: `history ${id} ${sequence}`, value };
      });
    return Promise.resolve([...findings, ...history]);
  }

  async rules(): Promise<readonly RawRow[]> {
    const steps = await this.#rules.steps();
    return steps.map((value) => {
      const { ruleId: id, sequence } = value;
      return { kind: 'rule', id, sequence, place: `rule ${id} ${sequence}`, value };
    });
  }

  async chain(): Promise<readonly RawRow[]> {
    const { head, etag } = await this.#chain.head();
    const entries = this.#chain.entries.map((value): RawRow => {
      const { sequence } = value;
      return { kind: 'entry', id: '', sequence, place: `entry ${sequence}`, value };
    });
    return etag === undefined
      ? entries
      : [...entries, { kind: 'head', id: '', place: 'the head of the chain', value: head }];
  }
}

function keyOf({ ruleId, sequence }: StepRef): string {
  return `${ruleId}|${String(sequence).padStart(6, '0')}`;
}

function timelineOf(findingId: string): string {
  return findingId.slice(0, findingId.indexOf('-'));
}
