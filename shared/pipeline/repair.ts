import { sha256 } from '../domain/canonical';
import type { Finding } from '../domain/finding';
import { lineOf, LISTS, listsOf, textOfLine } from './finding-lines';
import { writeLines } from './finding-writer';
import type { FindingIndex, FindingStore, IndexRow } from './ports';

/** What a repair has looked at and mended so far. */
export interface RepairReport {
  readonly findings: number;
  /** Rows of the lists that were looked at. */
  readonly rows: number;
  /** Findings that were missing in a list. */
  readonly added: number;
  /** Findings that a list showed as they were before, or in a wrong place. */
  readonly corrected: number;
  /** Findings that a list showed and that are gone. */
  readonly removed: number;
}

export interface Repair {
  readonly stores: { readonly findings: FindingStore; readonly index: FindingIndex };
  /** Called now and then, with what was done so far. */
  readonly onProgress?: (report: RepairReport) => void;
}

const PROGRESS_EVERY = 10_000;

/**
 * Makes the lists say what the findings say: adds what is missing, corrects what differs, removes what is gone. Only
 * what is wrong is written, so it may be broken off and repeated at any time, also beside a running monitor: before
 * anything is written the finding is read again. Keeps about 150 bytes per finding in memory.
 */
export async function repair({ stores, onProgress }: Repair): Promise<RepairReport> {
  const tally = new Tally(onProgress);
  const expected = new Map<string, Expected>();
  for await (const finding of stores.findings.all()) {
    const bits = listsOf(finding).reduce((sum, list) => sum | bitOf(list), 0);
    expected.set(finding.id, { digest: digestOf(lineOf(finding)), missing: bits });
    tally.step('findings');
  }
  for await (const row of stores.index.rows()) {
    const known = expected.get(row.line.id);
    if (known !== undefined && !row.isMisplaced && digestOf(row.line) === known.digest) {
      known.missing &= ~bitOf(row.list);
    } else {
      await mend(stores, row, known, tally);
    }
    tally.step('rows');
  }
  for (const [id, { missing }] of expected) {
    const stored = missing === 0 ? undefined : await stores.findings.find(id);
    if (stored !== undefined) {
      await put(stores, stored.finding);
      tally.step('added');
    }
  }
  return tally.report;
}

/** Where a running monitor keeps changing the finding, it also writes the line. */
async function put(stores: Repair['stores'], finding: Finding): Promise<void> {
  await writeLines(
    stores,
    finding.id.slice(0, finding.id.indexOf('-')),
    new Map([[finding.id, finding]]),
  );
}

/** What the lists should say of a finding, and in which of them it was not met yet. */
interface Expected {
  readonly digest: string;
  missing: number;
}

async function mend(
  stores: Repair['stores'],
  row: IndexRow,
  known: Expected | undefined,
  tally: Tally,
): Promise<void> {
  const stored = await stores.findings.find(row.line.id);
  if (stored === undefined) {
    await stores.index.drop(row);
    tally.tell('removed', row.line.id);
    return;
  }
  const { finding } = stored;
  // It may be the finding that is newer than our first look, not the row that is wrong.
  const isRight = !row.isMisplaced && textOfLine(row.line) === textOfLine(lineOf(finding));
  if (row.isMisplaced) {
    await stores.index.drop(row);
  }
  if (!isRight) {
    await put(stores, finding);
    tally.tell('corrected', finding.id);
  }
  if (known !== undefined) {
    known.missing = isRight ? known.missing & ~bitOf(row.list) : 0;
  }
}

class Tally {
  readonly #onProgress: Repair['onProgress'];
  readonly #counts = { findings: 0, rows: 0, added: 0 };
  readonly #told = { corrected: new Set<string>(), removed: new Set<string>() };
  #steps = 0;

  constructor(onProgress: Repair['onProgress']) {
    this.#onProgress = onProgress;
  }

  get report(): RepairReport {
    const { corrected, removed } = this.#told;
    return { ...this.#counts, corrected: corrected.size, removed: removed.size };
  }

  /** Counts a finding once, in however many lists it was wrong. */
  tell(what: 'corrected' | 'removed', id: string): void {
    this.#told[what].add(id);
  }

  step(what: 'findings' | 'rows' | 'added'): void {
    this.#counts[what] += 1;
    this.#steps += 1;
    if (this.#steps % PROGRESS_EVERY === 0) {
      this.#onProgress?.(this.report);
    }
  }
}

function bitOf(list: IndexRow['list']): number {
  return 1 << LISTS.indexOf(list);
}

function digestOf(line: IndexRow['line']): string {
  return sha256(textOfLine(line)).slice(0, 24);
}
