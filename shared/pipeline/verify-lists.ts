import { shortHash } from '../domain/canonical';
import type { Finding } from '../domain/finding';
import type { Sealed, Tampering } from '../domain/verification';
import { lineOf, listsOf, textOfLine, type List } from './finding-lines';
import {
  UnreadableRowError,
  type FindingIndex,
  type FindingLine,
  type FindingStore,
  type WorkMarks,
} from './ports';

/** What verification needs to compare the lists with the findings: reads only. */
export interface ListEvidence {
  readonly index: Pick<FindingIndex, 'rows'>;
  readonly findings: Pick<FindingStore, 'find'>;
  readonly marks: Pick<WorkMarks, 'list'>;
}

/** People write while others verify: what differs is looked at again before it is said. */
const LOOKS = 3;
const MOST_NAMED = 1_000;

/**
 * Compares the lists with the findings. A finding is written before its lines, and under a work mark that stays until
 * the lines are right: where there is no mark, a difference says that somebody changed the one or the other. Keeps about
 * 200 bytes per finding.
 */
export class ListAudit {
  readonly #lists: ListEvidence;
  /** By id, what the lines of a finding must say, and in which lists. */
  readonly #expected = new Map<string, { readonly digest: string; readonly lists: string }>();
  /** Findings of which something is wrong already: they are named once. */
  readonly #named = new Set<string>();

  constructor(lists: ListEvidence) {
    this.#lists = lists;
  }

  /** To be told of every finding; without its content when something is wrong with it. */
  saw(id: string, finding: Finding | undefined): void {
    if (finding === undefined) {
      this.#named.add(id);
    } else {
      this.#expected.set(id, { digest: digestOf(lineOf(finding)), lists: listsIn(finding) });
    }
  }

  /** @returns what differs, and how many findings the lists show that were purged. */
  async run(sealed: Sealed): Promise<{ tamperings: readonly Tampering[]; purged: number }> {
    const { tamperings, suspects } = await this.#firstLook();
    const ids = [...suspects].filter((id) => !this.#named.has(id) && !sealed.leaving.has(id));
    const purged = new Set(ids.filter((id) => sealed.findings.get(id)?.gone !== undefined));
    const found = await this.#lookAgain(new Set(ids), purged);
    return { tamperings: [...tamperings, ...found], purged: purged.size };
  }

  async #firstLook(): Promise<{ tamperings: readonly Tampering[]; suspects: Set<string> }> {
    const tamperings: Tampering[] = [];
    const suspects = new Set<string>();
    const met = new Map<string, string>();
    for await (const { line, list, isMisplaced, key } of this.#lists.index.rows()) {
      if (line === undefined) {
        const detail = 'the line cannot be read; crosscheck repair writes it anew';
        tamperings.push({ what: 'changed', place: `FindingIndex ${key}`, detail });
        continue;
      }
      const known = this.#expected.get(line.id);
      if (known === undefined || isMisplaced || digestOf(line) !== known.digest) {
        suspects.add(line.id);
      }
      met.set(line.id, [met.get(line.id) ?? [], list].flat().toSorted().join(' '));
    }
    for (const [id, { lists }] of this.#expected) {
      if (met.get(id) !== lists) {
        suspects.add(id);
      }
    }
    return { tamperings, suspects };
  }

  /** A finding that is the same before and after its lines were read was not written meanwhile. */
  async #lookAgain(suspects: Set<string>, purged: Set<string>): Promise<readonly Tampering[]> {
    let left = new Set([...suspects].slice(0, MOST_NAMED));
    let found: readonly (readonly [id: string, Tampering])[] = [];
    for (let looks = 1; looks < LOOKS && left.size > 0; looks++) {
      const before = await this.#findAll(left);
      const lines = await this.#linesOf(left);
      const after = await this.#findAll(left);
      found = [...after].flatMap(([id, finding]) => {
        const isQuiet = before.get(id)?.head === finding?.head;
        const isGone = finding === undefined && purged.has(id);
        const differs = isQuiet && !isGone ? difference(id, finding, lines.get(id) ?? []) : [];
        return differs.map((each) => [id, each] as const);
      });
      left = new Set(found.map(([id]) => id));
    }
    if (found.length === 0) {
      return [];
    }
    const marks = await this.#lists.marks.list();
    const writing = new Set(
      marks
        .filter(({ cause }) => cause === 'writing')
        .flatMap(({ timelines }) => timelines.map(({ id }) => id)),
    );
    return found.flatMap(([id, each]) => (writing.has(timelineOf(id)) ? [] : [each]));
  }

  async #findAll(ids: ReadonlySet<string>): Promise<Map<string, Finding | undefined>> {
    const found = new Map<string, Finding | undefined>();
    for (const id of ids) {
      try {
        found.set(id, (await this.#lists.findings.find(id))?.finding);
      } catch (error) {
        if (!(error instanceof UnreadableRowError)) {
          throw error;
        }
      }
    }
    return found;
  }

  async #linesOf(ids: ReadonlySet<string>): Promise<Map<string, Shown[]>> {
    const lines = new Map<string, Shown[]>();
    for await (const { line, list, isMisplaced } of this.#lists.index.rows()) {
      if (line !== undefined && ids.has(line.id)) {
        lines.set(line.id, [...(lines.get(line.id) ?? []), { line, list, isMisplaced }]);
      }
    }
    return lines;
  }
}

interface Shown {
  readonly line: FindingLine;
  readonly list: List;
  readonly isMisplaced: boolean;
}

function difference(
  id: string,
  finding: Finding | undefined,
  shown: readonly Shown[],
): readonly Tampering[] {
  const [first] = shown;
  if (finding === undefined) {
    const detail = `the list of findings shows it (${first && inWords(first.line)}), no purge of it is written down, and nothing of it is there`;
    return first === undefined ? [] : [{ what: 'removed', place: `finding ${id}`, detail }];
  }
  const wrong = shown.find(
    ({ line, isMisplaced }) => isMisplaced || textOfLine(line) !== textOfLine(lineOf(finding)),
  );
  if (wrong !== undefined) {
    const detail = `the list of ${NAMES[wrong.list]} says otherwise (${inWords(wrong.line)}) than the finding (${inWords(lineOf(finding))}): one of them is not what was written`;
    return [{ what: 'changed', place: `finding ${id}`, detail }];
  }
  const lists = shown.map(({ list }) => list);
  const lacking = listsOf(finding).find((list) => !lists.includes(list));
  if (lacking !== undefined) {
    const detail = `the list of ${NAMES[lacking]} does not show it`;
    return [{ what: 'removed', place: `the line of finding ${id}`, detail }];
  }
  const extra = lists.find((list) => !listsOf(finding).includes(list));
  const detail = `the list of ${NAMES[extra ?? 'open']} shows it, and the finding is ${finding.status}`;
  return extra === undefined
    ? []
    : [{ what: 'inserted', place: `the line of finding ${id}`, detail }];
}

const NAMES: Readonly<Record<List, string>> = {
  opened: 'all findings',
  open: 'open findings',
};

function inWords({ status, resolution, openedAt, resolvedAt }: FindingLine): string {
  return [
    `opened ${openedAt}`,
    status + (resolution === undefined ? '' : `, ${resolution}`),
    ...(resolvedAt === undefined ? [] : [`resolved ${resolvedAt}`]),
  ].join(', ');
}

function listsIn(finding: Finding): string {
  return [...listsOf(finding)].toSorted().join(' ');
}

function timelineOf(findingId: string): string {
  return findingId.slice(0, findingId.indexOf('-'));
}

function digestOf(line: FindingLine): string {
  return shortHash(12, textOfLine(line));
}

/** Whether a line tells of a state that the history of its finding does not have: then the history was cut. */
export function isAhead(
  { status, resolution, resolvedAt }: FindingLine,
  history: readonly {
    readonly status: string;
    readonly resolution?: string;
    readonly at: string;
  }[],
): boolean {
  const wasSo = history.some((each) => each.status === status && each.resolution === resolution);
  const last = history.at(-1)?.at;
  return !wasSo || (resolvedAt !== undefined && last !== undefined && resolvedAt > last);
}
