import { timelineOf, type Finding } from '../../domain/findings/finding';
import type { IntegrityFault } from '../../domain/audit-trail/stored-text';
import { lineOf, listsOf, textOfLine, type List } from '../findings/finding-lines';
import { ListSums } from './list-sums';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { FindingIndex, ListEntry } from '../ports/finding-index';
import type { FindingStore } from '../ports/finding-store';
import type { WorkMarks } from '../ports/work-marks';

/** What verification needs to compare the lists with the findings: reads only. */
export interface ListEvidence {
  readonly index: Pick<FindingIndex, 'rows'>;
  readonly findings: Pick<FindingStore, 'find' | 'scan'>;
  readonly marks: Pick<WorkMarks, 'list'>;
}

/** What the chain says of findings that are gone. */
export interface PurgedFindings {
  /** A purge of them is written down and not finished. */
  readonly leaving: ReadonlySet<string>;
  readonly purgedAmong: (ids: ReadonlySet<string>) => Promise<ReadonlySet<string>>;
}

/** People write while others verify: what differs is looked at again before it is said. */
const LOOKS = 3;
const MAX_NAMED = 1_000;
/** So many parts of the ids are gone through at once: of a million findings, 15,000. */
const PARTS_AT_ONCE = 1_000;

/**
 * Compares the lists with the findings. A finding is written before its lines, and under a work mark that stays until
 * the lines are right: where there is no mark, a difference says that somebody changed the one or the other. Of findings
 * and lines only sums are kept, for each part of the ids: whatever their number, they take the same memory. Where the
 * sums differ both are read once more.
 */
export class ListAudit {
  readonly #lists: ListEvidence;
  /** Findings less lines: zero where they are the same. */
  readonly #sums = new ListSums();
  /** Findings of which something is wrong already: they are named once. */
  readonly #named = new Set<string>();

  constructor(lists: ListEvidence) {
    this.#lists = lists;
  }

  /** To be told of every finding; without its content when something is wrong with it. */
  saw(id: string, finding: Finding | undefined): void {
    if (finding === undefined) {
      this.#named.add(id);
      return;
    }
    const text = textOfLine(lineOf(finding));
    listsOf(finding).forEach((list) => {
      this.#sums.add(id, list, text);
    });
  }

  /** @returns what differs, and how many findings the lists show that were purged. */
  async run({
    leaving,
    purgedAmong,
  }: PurgedFindings): Promise<{ tamperings: readonly IntegrityFault[]; purged: number }> {
    const found = [...(await this.#addLines())];
    const parts = this.#sums.differing();
    let purgedCount = 0;
    for (let i = 0; i < parts.length && found.length < MAX_NAMED; i += PARTS_AT_ONCE) {
      const suspects = await this.#suspectsIn(new Set(parts.slice(i, i + PARTS_AT_ONCE)));
      const ids = suspects.filter((id) => !this.#named.has(id) && !leaving.has(id));
      const purged = await purgedAmong(new Set(ids));
      purgedCount += purged.size;
      // An emptied list must not take longer than anybody waits: no more are looked at than are named.
      for (let from = 0; from < ids.length && found.length < MAX_NAMED; from += MAX_NAMED) {
        const some = new Set(ids.slice(from, from + MAX_NAMED));
        found.push(...(await this.#lookAgain(some, purged)));
      }
    }
    return { tamperings: found, purged: purgedCount };
  }

  /** @returns the lines that cannot be read. */
  async #addLines(): Promise<readonly IntegrityFault[]> {
    const tamperings: IntegrityFault[] = [];
    for await (const { line, list, isMisplaced, key } of this.#lists.index.rows()) {
      if (line === undefined) {
        const [id] = /[0-9a-f]{16}-[0-9a-f]{12}$/.exec(key) ?? [];
        this.#named.add(id ?? key); // that this list lacks it is no second difference
        const detail = 'the line cannot be read; crosscheck repair writes it anew';
        tamperings.push({ what: 'changed', place: `FindingIndex ${key}`, detail });
      } else {
        this.#sums.remove(line.id, list, textIn({ line, isMisplaced }));
      }
    }
    return tamperings;
  }

  /** Whose lines are not what the finding says, in these parts. */
  async #suspectsIn(parts: ReadonlySet<string>): Promise<readonly string[]> {
    const said = new Map<string, string[]>();
    const isIn = (id: string): boolean => parts.has(this.#sums.partOf(id));
    const unreadable = (): void => undefined; // those are named already
    for await (const { found } of this.#lists.findings.scan({ hasHistory: false }, unreadable)) {
      for (const { finding } of found.filter((each) => isIn(each.finding.id))) {
        const text = textOfLine(lineOf(finding));
        said.set(
          finding.id,
          listsOf(finding).map((list) => `${list} ${text}`),
        );
      }
    }
    const shown = new Map<string, string[]>();
    for await (const { line, list, isMisplaced } of this.#lists.index.rows()) {
      if (line !== undefined && isIn(line.id)) {
        const texts = shown.get(line.id) ?? [];
        shown.set(line.id, [...texts, `${list} ${textIn({ line, isMisplaced })}`]);
      }
    }
    return [...new Set([...said.keys(), ...shown.keys()])].filter(
      (id) => inOrder(said.get(id)) !== inOrder(shown.get(id)),
    );
  }

  /** A finding that is the same before and after its lines were read was not written meanwhile. */
  async #lookAgain(
    suspects: ReadonlySet<string>,
    purged: ReadonlySet<string>,
  ): Promise<readonly IntegrityFault[]> {
    let left: ReadonlySet<string> = suspects;
    let found: readonly (readonly [id: string, IntegrityFault])[] = [];
    const writing = new Set<string>();
    const addWriting = async (): Promise<void> => {
      for (const { cause, timelines } of await this.#lists.marks.list()) {
        timelines.forEach(({ id }) => cause === 'writing' && writing.add(id));
      }
    };
    for (let looks = 1; looks < LOOKS && left.size > 0; looks++) {
      const before = await this.#findAll(left);
      await addWriting(); // who is done right after the lines were read had a mark before
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
    await addWriting();
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
  readonly line: ListEntry;
  readonly list: List;
  readonly isMisplaced: boolean;
}

function difference(
  id: string,
  finding: Finding | undefined,
  shown: readonly Shown[],
): readonly IntegrityFault[] {
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

function inWords({ status, resolution, openedAt, resolvedAt }: ListEntry): string {
  return [
    `opened ${openedAt}`,
    status + (resolution === undefined ? '' : `, ${resolution}`),
    ...(resolvedAt === undefined ? [] : [`resolved ${resolvedAt}`]),
  ].join(', ');
}

/** What a line says; one that stands where none belongs says something that no finding does. */
function textIn({ line, isMisplaced }: Pick<Shown, 'isMisplaced'> & { line: ListEntry }): string {
  return isMisplaced ? `misplaced ${textOfLine(line)}` : textOfLine(line);
}

function inOrder(texts: readonly string[] = []): string {
  return texts.toSorted().join('\n');
}

/** Whether a line tells of a state that the history of its finding does not have: then the history was cut. */
export function isAhead(
  { status, resolution, resolvedAt }: ListEntry,
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
