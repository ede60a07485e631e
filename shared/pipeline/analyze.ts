import type { Coverage } from '../domain/coverage';
import type { ConfiguredDetector, Expectation } from '../domain/detector';
import type { Finding } from '../domain/finding';
import { covering } from '../domain/journal';
import { SOURCES, type EntraRecord, type Source } from '../domain/record';
import { justAfter, type Instant } from '../domain/time';
import { drainMarks, type AssessReport } from './assess';
import { keep } from './keep';
import type { Now, EngineStores } from './ports';
import { select, type Selection } from './select';

/** A row of an exported log that was read. */
export interface ExportedRow {
  readonly source: Source;
  readonly file: string;
  readonly line: number;
  readonly at: Instant;
  /** Only when a detector looks at it. */
  readonly record?: EntraRecord;
  /** The value of a property of the row, for expectations. */
  readonly valueOf: (property: string) => unknown;
}

/** A row of an exported log that was not: where it stands and why. */
export interface SkippedRow {
  readonly source?: Source;
  /** The row has the shape of a record of that source and cannot be used. */
  readonly isMalformed: boolean;
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

export interface ExportPage {
  readonly rows: readonly ExportedRow[];
  readonly skipped: readonly SkippedRow[];
}

/** Rows skipped for one reason in one file: how many, and where the first stands. */
export interface Skipped {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly count: number;
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

export interface Analysis extends Omit<AssessReport, 'timelines' | 'changes' | 'left'> {
  readonly asOf: Instant | undefined;
  readonly read: Readonly<Record<Source | 'unrecognised', ReadReport>>;
  readonly warnings: readonly string[];
  readonly findings: readonly Finding[];
}

/** At most so many different reasons are told apart; the rest is counted as one. */
const REASONS = 1_000;

/**
 * Runs the detectors over exported logs. An export is taken to be complete between its oldest and its newest record
 * of each source; what would need a longer log comes back as pending or undetermined.
 * @param asOf ends the coverage there; later records are left out.
 */
export async function analyze(
  pages: AsyncIterable<ExportPage>,
  detectors: readonly ConfiguredDetector[],
  stores: EngineStores,
  options: { readonly asOf?: Instant; readonly tenantId: string; readonly clock: Now },
): Promise<Analysis> {
  const { asOf, tenantId, clock } = options;
  const enabled = detectors.map((each) => each.detector);
  const tally = new Tally(enabled.flatMap((detector) => detector.expects));
  const selection: Selection = new Map();
  for await (const page of pages) {
    const rows = page.rows.filter((row) => asOf === undefined || row.at < asOf);
    tally.count(rows, page);
    const records = rows.flatMap((row) => row.record ?? []);
    select(tenantId, enabled, records, selection, (record, detector, error) => {
      const row = rows.find((each) => each.record === record);
      const name = error instanceof Error ? error.name : 'unknown error';
      tally.refuse(row, `${detector.id} failed on it: ${name}`);
    });
  }
  await keep(stores, selection);
  const coverage = tally.coverage(asOf);
  for (const source of SOURCES) {
    const covered = coverage[source];
    if (covered !== undefined) {
      const ids = enabled.filter((each) => each.needs.includes(source)).map((each) => each.id);
      await stores.coverage.change(source, covering(covered, ids));
    }
  }
  const ends = Object.values(coverage).map((each) => each.to);
  const newest = asOf ?? ends.toSorted().at(-1);
  const report = await drainMarks({
    ...{ tenantId, detectors, stores, isExport: true },
    clock: { now: () => newest ?? clock.now() },
  });
  return {
    asOf: newest,
    read: tally.reports(coverage),
    warnings: tally.warnings(detectors),
    pending: report.pending,
    undetermined: report.undetermined,
    faults: report.faults,
    findings: report.changes.map((change) => change.finding),
  };
}

class Tally {
  readonly #counts = new Map<Source | 'unrecognised', { records: number; kept: number }>();
  readonly #malformed = new Map<string, number>();
  readonly #skipped = new Map<string, Skipped & { source: Source | 'unrecognised' }>();
  readonly #bounds = new Map<Source, { oldest: Instant; newest: Instant }>();
  #unmet: readonly Expectation[];

  constructor(expectations: readonly Expectation[]) {
    this.#unmet = expectations;
  }

  count(rows: readonly ExportedRow[], page: ExportPage): void {
    for (const row of rows) {
      const count = this.#countOf(row.source);
      count.records += 1;
      count.kept += row.record === undefined ? 0 : 1;
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
  }

  /** A row that was counted as read and that a detector cannot take after all. */
  refuse(row: ExportedRow | undefined, reason: string): void {
    if (row !== undefined) {
      const { source, file, line } = row;
      this.#countOf(source).records -= 1;
      this.#skip({ source, file, line, reason, isMalformed: true });
    }
  }

  #skip(row: SkippedRow): void {
    const source = row.source ?? 'unrecognised';
    this.#countOf(source).records += 1;
    if (row.isMalformed) {
      this.#malformed.set(source, (this.#malformed.get(source) ?? 0) + 1);
    }
    const full = this.#skipped.size >= REASONS;
    const reason = full ? 'other reasons' : row.reason;
    const key = full ? `${source}|${reason}` : `${source}|${row.file}|${reason}`;
    const known = this.#skipped.get(key);
    const { file, line } = known ?? row;
    this.#skipped.set(key, { source, file, line, reason, count: (known?.count ?? 0) + 1 });
  }

  #countOf(source: Source | 'unrecognised'): { records: number; kept: number } {
    let count = this.#counts.get(source);
    if (count === undefined) {
      count = { records: 0, kept: 0 };
      this.#counts.set(source, count);
    }
    return count;
  }

  coverage(asOf: Instant | undefined): Partial<Record<Source, Coverage>> {
    const entries = [...this.#bounds].map(([source, { oldest, newest }]) => [
      source,
      { from: oldest, to: asOf ?? justAfter(newest), gaps: [] },
    ]);
    return Object.fromEntries(entries) as Partial<Record<Source, Coverage>>;
  }

  reports(coverage: Partial<Record<Source, Coverage>>): Analysis['read'] {
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
      directoryAudits: report('directoryAudits'),
      signIns: report('signIns'),
      unrecognised: report('unrecognised'),
    };
  }

  warnings(detectors: readonly ConfiguredDetector[]): readonly string[] {
    return detectors.flatMap(({ detector }) => {
      const missing = detector.needs.filter((source) => !this.#bounds.has(source));
      const unmet = this.#unmet.filter(
        (each) => detector.expects.includes(each) && !missing.includes(each.source),
      );
      return [
        ...missing.map((source) => `${detector.id}: the input holds no ${NAMES[source]} at all.`),
        ...unmet.map((each) => `${detector.id}: ${each.otherwise}`),
      ];
    });
  }
}

const NAMES = { directoryAudits: 'audit records', signIns: 'sign-in records' } as const;

function isMetBy(expectation: Expectation, row: ExportedRow): boolean {
  if (expectation.source !== row.source) {
    return false;
  }
  const value = row.valueOf(expectation.property);
  return typeof value === 'string' && expectation.values.includes(value.trim());
}
