import { sha256 } from '../../domain/json';
import { entriesOf, keyOfEntry } from '../findings/finding-counts';
import { timelineOf, type Finding } from '../../domain/findings/finding';
import { headsIn } from '../../domain/audit-trail/verified-chain';
import { lineOf, LISTS, listsOf, textOfLine } from '../findings/finding-lines';
import { writeLines } from '../findings/finding-writer';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { CountEntry, CountRow, FindingCounts } from '../ports/finding-counts';
import type { FindingIndex, ListEntry, IndexRow } from '../ports/finding-index';
import type { FindingStore, StoredFinding } from '../ports/finding-store';
import type { AuditTrailRows } from '../ports/audit-trail';
import { walkChain } from './sealed-chain';
import { isAhead } from './verify-lists';

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
  /** Openings and ends that the counts of their day did not have. */
  readonly counted: number;
  /** Counts whose numbers were made those of what they list. */
  readonly recounted: number;
  /**
   * Openings and ends that the counts have and no history tells of, after the last purge. They may be all that is left
   * of a finding.
   */
  readonly untold: number;
  /** Findings that cannot be read: what the lists say of them stays. */
  readonly unreadable: number;
  /**
   * Lines that tell of what is not there any more, and no purge is written down: of a finding that is gone, or of a
   * state that its history does not have. They may be all that is left of it. The first thousand.
   */
  readonly lost: readonly ListEntry[];
}

export interface Repair {
  readonly stores: {
    readonly findings: FindingStore;
    readonly index: FindingIndex;
    readonly counts: FindingCounts;
    readonly rows: Pick<AuditTrailRows, 'chain'>;
  };
  /** Lines that may be all that is left of something are brought in line, too, and copied before; without it they stay. */
  readonly isForgetting?: boolean;
  /** Called now and then, with what was done so far. */
  readonly onProgress?: (report: RepairReport) => void;
}

const PROGRESS_EVERY = 10_000;
const BATCH = 1_000;
const MAX_LOST = 1_000;

/**
 * Makes the lists say what the findings say: adds what is missing, corrects what differs, removes what is gone. Then
 * completes the counts per day by what the histories say; what findings that are purged have added to them stays. A line
 * or a count that tells of more than is there stays, too, unless somebody says that it may go: it is evidence. Only what is wrong is written, so it may be broken off and repeated at any time, also beside a running monitor. Keeps
 * about 250 bytes per finding in memory.
 */
export async function repair({ stores, isForgetting, onProgress }: Repair): Promise<RepairReport> {
  const tally = new Tally(onProgress);
  const lines = {
    stores,
    isForgetting: isForgetting === true,
    purged: await purgedIn(stores.rows),
  };
  const missing = await compare(lines, tally);
  if (missing.size > 0) {
    await addMissing(stores, missing, tally);
    // What changed between our look at it and our line is found now.
    tally.begin();
    for (const id of await compare(lines, tally)) {
      await put(stores, id);
    }
  }
  await mendCounts(lines, tally);
  return tally.report;
}

/** What is needed to judge a line that is not what its finding says. */
interface Lines {
  readonly stores: Repair['stores'];
  readonly isForgetting: boolean;
  /** Ids of findings whose purge is written down. */
  readonly purged: ReadonlySet<string>;
}

async function purgedIn(rows: Pick<AuditTrailRows, 'chain'>): Promise<ReadonlySet<string>> {
  const purged = new Set<string>();
  await walkChain(rows, (entry) => {
    headsIn(entry).forEach(({ id, gone }) => purged[gone === undefined ? 'delete' : 'add'](id));
  });
  return purged;
}

async function mendCounts({ stores, isForgetting }: Lines, tally: Tally): Promise<void> {
  const { findings, counts, rows } = stores;
  const known = new Map<string, CountRow>();
  const spoilt: CountRow[] = [];
  for await (const row of counts.rows()) {
    row.counted.forEach((key) => known.set(key, row));
    spoilt.push(...(row.isSound ? [] : [row]));
  }
  const untold = new Set(known.keys());
  const added = new Set<string>();
  for await (const { found } of findings.scan({ hasHistory: true }, () => undefined)) {
    const entries = found.flatMap(({ finding, history }) =>
      history.flatMap((each) => entriesOf(finding, each)),
    );
    const missing: CountEntry[] = [];
    for (const entry of entries) {
      const key = keyOfEntry(entry);
      untold.delete(key);
      if (!known.has(key) && !added.has(key)) {
        added.add(key);
        missing.push(entry);
        tally.step('counted');
      }
    }
    await counts.add(missing);
  }
  for (const row of spoilt) {
    await counts.correct(row, NONE);
    tally.step('recounted');
  }
  // A finding is written before it is counted: what no history tells of now was purged, taken away or never there.
  const { purgedTo = '' } = (await walkChain(rows)).sealed;
  const byRow = Map.groupBy(untold, (key) => known.get(key));
  for (const [row, keys] of byRow) {
    if (row === undefined || row.day <= purgedTo || tally.report.unreadable > 0) {
      continue;
    }
    keys.forEach(() => {
      tally.step('untold');
    });
    if (isForgetting) {
      await counts.correct(row, new Set(keys));
    }
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Mends what is wrong. @returns the findings that some list lacks. */
async function compare(lines: Lines, tally: Tally): Promise<ReadonlySet<string>> {
  const { stores } = lines;
  const expected = new Map<string, Expected>();
  const onUnreadable = ({ findingId = '' }: UnreadableRowError): void => {
    tally.tell('unreadable', findingId);
  };
  for await (const finding of stores.findings.all(onUnreadable)) {
    const missing = listsOf(finding).reduce((sum, list) => sum | bitOf(list), 0);
    expected.set(finding.id, { digest: digestOf(lineOf(finding)), missing });
    tally.step('findings');
  }
  for await (const row of stores.index.rows()) {
    const { line } = row;
    if (line === undefined) {
      // Its finding, if there is one, is missing here now, and is added below.
      await stores.index.drop(row);
      tally.tell('removed', row.key);
      tally.step('rows');
      continue;
    }
    const known = expected.get(line.id);
    if (known !== undefined && !row.isMisplaced && digestOf(line) === known.digest) {
      known.missing &= ~bitOf(row.list);
    } else {
      await remedy(lines, { ...row, line }, known, tally);
    }
    tally.step('rows');
  }
  const lacking = [...expected].flatMap(([id, { missing }]) => (missing === 0 ? [] : [id]));
  return new Set(lacking);
}

async function addMissing(
  { findings, index }: Repair['stores'],
  missing: ReadonlySet<string>,
  tally: Tally,
): Promise<void> {
  let batch: Finding[] = [];
  for await (const finding of findings.all(() => undefined)) {
    if (!missing.has(finding.id)) {
      continue;
    }
    batch.push(finding);
    tally.step('added');
    if (batch.length === BATCH) {
      await index.addAll(batch);
      batch = [];
    }
  }
  await index.addAll(batch);
}

/** What the lists should say of a finding, and in which of them it was not met yet. */
interface Expected {
  readonly digest: string;
  missing: number;
}

async function remedy(
  { stores, isForgetting, purged }: Lines,
  row: IndexRow & { readonly line: ListEntry },
  known: Expected | undefined,
  tally: Tally,
): Promise<void> {
  let stored: StoredFinding | undefined;
  try {
    stored = await stores.findings.find(row.line.id);
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      tally.tell('unreadable', row.line.id);
      return;
    }
    throw error;
  }
  if (await isEvidence(stores, row.line, stored, purged)) {
    tally.lose(row.line);
    if (!isForgetting) {
      if (known !== undefined) {
        known.missing = 0; // the other lists wait, too: writing them would write this line
      }
      return;
    }
    await stores.index.keep(row);
  }
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
    await put(stores, finding.id, finding);
    tally.tell('corrected', finding.id);
  }
  if (known !== undefined) {
    known.missing = isRight ? known.missing & ~bitOf(row.list) : 0;
  }
}

/** A finding is written before its lines: a line that knows more is of something that somebody took away. */
async function isEvidence(
  { findings }: Repair['stores'],
  line: ListEntry,
  stored: StoredFinding | undefined,
  purged: ReadonlySet<string>,
): Promise<boolean> {
  if (stored === undefined) {
    return !purged.has(line.id);
  }
  const isSame = textOfLine(line) === textOfLine(lineOf(stored.finding));
  return !isSame && isAhead(line, await findings.history(line.id));
}

/** Where a running monitor keeps changing the finding, it also writes the line. */
async function put(stores: Repair['stores'], id: string, finding?: Finding): Promise<void> {
  await writeLines(stores, timelineOf(id), new Map([[id, finding]]));
}

class Tally {
  readonly #onProgress: Repair['onProgress'];
  readonly #counts = { findings: 0, rows: 0, added: 0, counted: 0, recounted: 0, untold: 0 };
  readonly #told = {
    corrected: new Set<string>(),
    removed: new Set<string>(),
    unreadable: new Set<string>(),
  };
  readonly #lost = new Map<string, ListEntry>();
  #steps = 0;

  constructor(onProgress: Repair['onProgress']) {
    this.#onProgress = onProgress;
  }

  get report(): RepairReport {
    const { corrected, removed, unreadable } = this.#told;
    return {
      ...{ ...this.#counts, corrected: corrected.size, removed: removed.size },
      unreadable: unreadable.size,
      lost: [...this.#lost.values()],
    };
  }

  /** A new comparison: what was looked at is counted anew, what was mended is not. */
  begin(): void {
    Object.assign(this.#counts, { findings: 0, rows: 0 });
  }

  lose(line: ListEntry): void {
    if (this.#lost.size < MAX_LOST) {
      this.#lost.set(line.id, line);
    }
  }

  /** Counts a finding once, in however many lists it was wrong. */
  tell(what: 'corrected' | 'removed' | 'unreadable', id: string): void {
    this.#told[what].add(id);
  }

  step(what: 'findings' | 'rows' | 'added' | 'counted' | 'recounted' | 'untold'): void {
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

/** Short enough to be copied: a longer part of a text would keep the whole text in memory. */
function digestOf(line: ListEntry): string {
  return sha256(textOfLine(line)).slice(0, 12);
}
