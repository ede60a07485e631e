import { sha256 } from '../../domain/json';
import type { IntegrityFault } from '../../domain/audit-trail/stored-text';
import { timelineOf, type Finding } from '../../domain/findings/finding';
import type { Transition } from '../../domain/findings/transition';
import type { Day } from '../../domain/audit-trail/entries';
import { endOfKeys, entriesOf, keyOfEntry } from '../findings/finding-counts';
import type { CountEntry, CountRow, FindingCounts } from '../ports/finding-counts';
import type { FindingStore } from '../ports/finding-store';
import type { WorkMarks } from '../ports/work-marks';

/** What verification needs to compare the counts per day with the findings: reads only. */
export interface CountEvidence {
  readonly counts: Pick<FindingCounts, 'rows'>;
  readonly findings: Pick<FindingStore, 'scan'>;
  readonly marks: Pick<WorkMarks, 'list'>;
}

/** What differs: `lost` may be all that is left of a finding, `differences` are what `repair` fixes. */
export interface CountsLookedAt {
  readonly lost: readonly IntegrityFault[];
  readonly differences: readonly string[];
}

/** So many counts are looked at closely at once, and no more are named. */
const LOOKED_AT = 100;

/**
 * Compares the counts per day with the histories. Of each day and detector one sum is kept, of hashes of what the
 * histories count less those of what is counted: only where it is not zero both are read once more.
 */
export class CountAudit {
  readonly #evidence: CountEvidence;
  /** Drawn for each run, so that nobody can make up beforehand what sums to the same. */
  readonly #salt = crypto.randomUUID();
  readonly #sums = new Map<string, bigint>();

  constructor(evidence: CountEvidence) {
    this.#evidence = evidence;
  }

  /** To be told of every finding. */
  saw(finding: Pick<Finding, 'id' | 'detector'>, history: readonly Transition[]): void {
    history
      .flatMap((each) => entriesOf(finding, each))
      .forEach((entry) => {
        this.#add(countOf(entry), keyOfEntry(entry), 1n);
      });
  }

  /**
   * @param days tells, when something differs, whether all that a day ever counted is still there and somebody asked for it.
   * @param named ids of findings of which is said already that something of them is gone.
   */
  async run(
    days: () => Promise<(day: Day) => boolean>,
    named: readonly string[],
  ): Promise<CountsLookedAt> {
    const spoilt = new Set<string>();
    for await (const row of this.#evidence.counts.rows()) {
      row.counted.forEach((key) => {
        this.#add(countOf(row), key, -1n);
      });
      if (!row.isSound) {
        spoilt.add(countOf(row));
      }
    }
    const differing = [...this.#sums].flatMap(([count, sum]) => (sum === 0n ? [] : [count]));
    const all = [...new Set([...differing, ...spoilt])];
    const isComparable = all.length === 0 ? () => false : await days();
    const suspects = all
      .filter((count) => isComparable(dayIn(count)))
      .toSorted()
      .slice(0, LOOKED_AT);
    return suspects.length === 0
      ? { lost: [], differences: [] }
      : this.#lookClosely(new Set(suspects), named);
  }

  #add(count: string, key: string, sign: bigint): void {
    const hash = BigInt(`0x${sha256(`${this.#salt} ${key}`).slice(0, 32)}`);
    const sum = BigInt.asUintN(128, (this.#sums.get(count) ?? 0n) + sign * hash);
    this.#sums.set(count, sum);
  }

  /**
   * A finding is written before it is counted, and under a work mark that stays until it is: what was counted before the
   * findings were read must be in them, and what they say must be counted when no mark is there.
   */
  async #lookClosely(
    suspects: ReadonlySet<string>,
    named: readonly string[],
  ): Promise<CountsLookedAt> {
    const before = await this.#read(suspects);
    const told = new Map<string, CountEntry>();
    const unreadable = new Set<string>();
    const onUnreadable = ({ findingId = '' }): void => void unreadable.add(findingId);
    for await (const { found } of this.#evidence.findings.scan(
      { hasHistory: true },
      onUnreadable,
    )) {
      found
        .flatMap(({ finding, history }) => history.flatMap((each) => entriesOf(finding, each)))
        .filter((entry) => suspects.has(countOf(entry)))
        .forEach((entry) => told.set(keyOfEntry(entry), entry));
    }
    const writing = new Set<string>();
    for (const { cause, timelines } of await this.#evidence.marks.list()) {
      timelines.forEach(({ id }) => cause === 'writing' && writing.add(id));
    }
    const after = await this.#read(suspects);
    const isLacking = ([key, { findingId }]: [string, CountEntry]): boolean =>
      !after.counted.has(key) && !writing.has(timelineOf(findingId));
    const lacking = Map.groupBy([...told].filter(isLacking), ([, entry]) => countOf(entry));
    const ends = named.map(endOfKeys);
    const isExtra = ([key]: [string, string]): boolean =>
      !told.has(key) && !ends.some((end) => key.endsWith(end));
    const extra = Map.groupBy(
      unreadable.size > 0 ? [] : [...before.counted].filter(isExtra),
      ([, count]) => count,
    );
    return {
      lost: [...extra].map(([count, keys]) => ({
        what: 'changed',
        place: `the count of ${count}`,
        detail: `it has ${keys.length} more than the histories tell of: it was changed, or findings were taken away`,
      })),
      differences: [...suspects].flatMap((count) => {
        const lacks = lacking.get(count)?.length ?? 0;
        return after.full.has(count)
          ? []
          : lacks > 0
            ? `the count of ${count} lacks ${lacks} that the histories tell of`
            : before.spoilt.has(count) && after.spoilt.has(count)
              ? `the count of ${count} cannot be read, or its numbers are not those of what it lists`
              : [];
      }),
    };
  }

  async #read(suspects: ReadonlySet<string>): Promise<{
    readonly counted: ReadonlyMap<string, string>;
    readonly spoilt: ReadonlySet<string>;
    readonly full: ReadonlySet<string>;
  }> {
    const found = {
      counted: new Map<string, string>(),
      ...{ spoilt: new Set<string>(), full: new Set<string>() },
    };
    for await (const row of this.#evidence.counts.rows()) {
      const count = countOf(row);
      if (suspects.has(count)) {
        row.counted.forEach((key) => found.counted.set(key, count));
        if (!row.isSound) {
          found.spoilt.add(count);
        }
        if (row.isFull) {
          found.full.add(count);
        }
      }
    }
    return found;
  }
}

/** A day and a detector, as they are named. */
function countOf({ day, detector }: Pick<CountRow, 'day' | 'detector'>): string {
  return `${day} ${detector}`;
}

function dayIn(count: string): Day {
  return count.slice(0, 10);
}
