import type { Coverage } from '../../domain/reading/coverage';
import { sourcesOf } from '../../domain/reading/feed';
import type { ConfiguredDetector, Expectation } from '../../domain/detector';
import type { ObjectRow } from '../../domain/reading/directory';
import type { Collection, EntraRecord, MissedRow, Source } from '../../domain/record';
import { earliest, justAfter, type Instant } from '../../domain/time';
import { forEachSource, REGISTER } from '../../sources';

/** A row of an exported log that was read. */
export interface ExportedRow {
  readonly source: Source;
  readonly file: string;
  readonly line: number;
  readonly at: Instant;
  /** Only when a detector looks at it. */
  readonly record?: EntraRecord;
  /** What it says of an object of the directory: what it comes to is known when all rounds are there. */
  readonly object?: ObjectRow;
  /** The value of a property of the row, for expectations. */
  readonly valueOf: (property: string) => unknown;
}

/** A row of an exported log that was not: where it stands and why. */
export interface SkippedRow {
  readonly source?: Source;
  /** The row has the shape of a record of that source and cannot be used. */
  readonly isMalformed: boolean;
  /** A detector would have read it, or nobody can tell whether: the answer is incomplete without it. */
  readonly isMissed: boolean;
  /** What is known of it all the same, when a detector needed it. */
  readonly missed?: MissedRow;
  /** The id of the event, when it stands there. */
  readonly id?: string;
  /** No detector reads records of its kind: leaving it out loses nothing. */
  readonly isUnneeded?: true;
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** What there is to know of a page of directory objects beside its rows. */
export interface ExportedDirectoryPage {
  readonly collection: Collection;
  readonly file: string;
  /** When it was read. */
  readonly at: Instant;
  /** Somebody said when; otherwise it is when the file was written. */
  readonly isSaid: boolean;
  readonly hasNext: boolean;
  readonly isDelta: boolean;
  /** Every row of it could be read. */
  readonly isUsable: boolean;
}

export interface ExportPage {
  readonly rows: readonly ExportedRow[];
  readonly skipped: readonly SkippedRow[];
  /** Its rows are one page of a collection of the directory. */
  readonly directory?: ExportedDirectoryPage;
  /** Instead of rows: a file or folder of which nothing can be used, or nothing more. */
  readonly unreadable?: string;
}

/** Rows skipped for one reason in one file: how many, and where the first stands. */
export interface Skipped {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly count: number;
}

/** A file of which so much could not be used that the answer may be wrong without it. */
export interface IncompleteFile {
  readonly file: string;
  readonly rows: number;
  readonly unusable: number;
  /** Where the first of them stands, and why it cannot be used. */
  readonly line: number;
  readonly reason: string;
}

export interface ReadReport {
  readonly records: number;
  /** Records that a detector looks at. */
  readonly kept: number;
  readonly malformed: number;
  readonly skipped: readonly Skipped[];
  /** What the log is taken to cover: from its oldest record to its newest, or to the time asked for. */
  readonly coverage?: Coverage;
}

/** At most so many different reasons are told apart; the rest is counted as one. */
const REASONS = 1_000;
/** A file of which more than this part cannot be used is no basis for an answer. */
const MAX_UNUSABLE = 0.1;

interface FileCount {
  rows: number;
  unusable: number;
  isMissing: boolean;
  first?: Pick<SkippedRow, 'line' | 'reason'>;
}

/** Counts what was read of exported logs and what was not: per source, per file and per reason. */
export class ExportTally {
  readonly #counts = new Map<Source | 'unrecognised', { records: number; kept: number }>();
  readonly #malformed = new Map<string, number>();
  readonly #skipped = new Map<
    string,
    Skipped & { source: Source | 'unrecognised'; isUnneeded: boolean }
  >();
  readonly #bounds = new Map<Source, { oldest: Instant; newest: Instant }>();
  readonly #files = new Map<string, FileCount>();
  readonly #unreadable: string[] = [];
  readonly #leftOut = new Map<Source, number>();
  #unmet: readonly Expectation[];

  constructor(expectations: readonly Expectation[]) {
    this.#unmet = expectations;
  }

  count(rows: readonly ExportedRow[], page: ExportPage): void {
    for (const row of rows) {
      const count = this.#countOf(row.source);
      count.records += 1;
      this.#fileOf(row.file).rows += 1;
      count.kept += row.record === undefined && row.object === undefined ? 0 : 1;
      const bounds = this.#bounds.get(row.source);
      if (bounds === undefined) {
        this.#bounds.set(row.source, { oldest: row.at, newest: row.at });
      } else if (row.at < bounds.oldest) {
        bounds.oldest = row.at;
      } else if (row.at > bounds.newest) {
        bounds.newest = row.at;
      }
      if (this.#unmet.length > 0) {
        this.#unmet = this.#unmet.filter((each) => !isMetBy(each, row));
      }
    }
    page.skipped.forEach((row) => {
      this.#skip(row);
    });
    if (page.unreadable !== undefined) {
      this.#unreadable.push(page.unreadable);
    }
  }

  /** Records that are later than the time asked for: they are no part of the answer. */
  leaveOut(rows: readonly ExportedRow[]): void {
    for (const { source } of rows) {
      this.#leftOut.set(source, (this.#leftOut.get(source) ?? 0) + 1);
    }
  }

  get unreadable(): readonly string[] {
    return this.#unreadable;
  }

  /** The files whose unusable rows leave the answer in doubt. */
  incomplete(): readonly IncompleteFile[] {
    return [...this.#files].flatMap(([file, { rows, unusable, isMissing, first }]) =>
      first !== undefined && (isMissing || unusable > rows * MAX_UNUSABLE)
        ? [{ file, rows, unusable, ...first }]
        : [],
    );
  }

  /** A row that was counted as read and that a detector cannot take after all. */
  refuse(row: ExportedRow | undefined, reason: string): void {
    if (row !== undefined) {
      const { source, file, line } = row;
      this.#countOf(source).records -= 1;
      this.#fileOf(file).rows -= 1;
      this.#skip({ source, file, line, reason, isMalformed: true, isMissed: true });
    }
  }

  #skip(row: SkippedRow): void {
    const source = row.source ?? 'unrecognised';
    this.#countOf(source).records += 1;
    if (row.isMalformed) {
      this.#malformed.set(source, (this.#malformed.get(source) ?? 0) + 1);
    }
    const { file: name, line: first, reason: why } = row;
    const ofFile = this.#fileOf(name);
    ofFile.rows += 1;
    if (row.isUnneeded !== true) {
      ofFile.unusable += 1;
      ofFile.first ??= { line: first, reason: why };
      ofFile.isMissing ||= row.isMissed;
    }
    const full = this.#skipped.size >= REASONS;
    const reason = full ? 'other reasons' : row.reason;
    const key = full ? `${source}|${reason}` : `${source}|${row.file}|${reason}`;
    const known = this.#skipped.get(key);
    const { file, line } = known ?? row;
    const isUnneeded = row.isUnneeded === true;
    this.#skipped.set(key, {
      ...{ source, file, line, reason, isUnneeded },
      count: (known?.count ?? 0) + 1,
    });
  }

  #countOf(source: Source | 'unrecognised'): { records: number; kept: number } {
    let count = this.#counts.get(source);
    if (count === undefined) {
      count = { records: 0, kept: 0 };
      this.#counts.set(source, count);
    }
    return count;
  }

  #fileOf(file: string): FileCount {
    let count = this.#files.get(file);
    if (count === undefined) {
      count = { rows: 0, unusable: 0, isMissing: false };
      this.#files.set(file, count);
    }
    return count;
  }

  /** What the logs are taken to cover, unless somebody knows better. */
  coverage(
    completeFrom: Instant | undefined,
    asOf: Instant | undefined,
  ): Partial<Record<Source, Coverage>> {
    const entries = [...this.#bounds].map(([source, { oldest, newest }]) => {
      const to = asOf ?? justAfter(newest);
      return [source, { from: earliest(completeFrom ?? oldest, to), to, gaps: [] }];
    });
    return Object.fromEntries(entries) as Partial<Record<Source, Coverage>>;
  }

  reports(
    coverage: Partial<Record<Source, Coverage>>,
  ): Readonly<Record<Source | 'unrecognised', ReadReport>> {
    const report = (source: Source | 'unrecognised'): ReadReport => {
      const covered = source === 'unrecognised' ? undefined : coverage[source];
      return {
        ...{ records: 0, kept: 0, ...this.#counts.get(source) },
        malformed: this.#malformed.get(source) ?? 0,
        skipped: [...this.#skipped.values()]
          .filter((each) => each.source === source)
          .map(({ file, line, reason, count }) => ({ file, line, reason, count })),
        ...(covered !== undefined && { coverage: covered }),
      };
    };
    return {
      ...forEachSource(report),
      unrecognised: report('unrecognised'),
    };
  }

  warnings(detectors: readonly ConfiguredDetector[]): readonly string[] {
    return detectors.flatMap(({ detector }) => {
      const missing = sourcesOf(detector.needs).filter((source) => !this.#bounds.has(source));
      const unmet = this.#unmet.filter(
        (each) => detector.expects.includes(each) && !missing.includes(each.source),
      );
      const sentences = [
        ...missing.map((source) => this.#nothingOf(source)),
        ...unmet.map((each) =>
          this.#isInDoubt(each.source)
            ? `rows of the ${REGISTER[each.source].records} that could not be used may have held what it looks for.`
            : each.otherwise,
        ),
      ];
      return [...new Set(sentences)].map((sentence) => `${detector.id}: ${sentence}`);
    });
  }

  #nothingOf(source: Source): string {
    const malformed = this.#malformed.get(source) ?? 0;
    const leftOut = this.#leftOut.get(source) ?? 0;
    if (leftOut > 0) {
      return `all ${leftOut} ${REGISTER[source].records} that can be used are later than --as-of and were left out.`;
    }
    if (malformed > 0) {
      return `none of the ${malformed} ${REGISTER[source].records} of the input can be used.`;
    }
    return this.#isInDoubt(source)
      ? `no ${REGISTER[source].records} were read; what could not be used may have held some.`
      : `the input holds no ${REGISTER[source].records} at all.`;
  }

  // What was refused may be anything: nothing is said to be absent beside it.
  #isInDoubt(source: Source): boolean {
    return (
      this.#unreadable.length > 0 ||
      (this.#malformed.get(source) ?? 0) > 0 ||
      [...this.#skipped.values()].some((each) => each.source === 'unrecognised' && !each.isUnneeded)
    );
  }
}

function isMetBy(expectation: Expectation, row: ExportedRow): boolean {
  if (expectation.source !== row.source) {
    return false;
  }
  const value = row.valueOf(expectation.property);
  return typeof value === 'string' && expectation.values.includes(value.trim());
}
