import type { Interval } from '../domain/reading/coverage';
import { needsSource, type ConfiguredDetector, type Detector } from '../domain/detector';
import type { Finding } from '../domain/findings/finding';
import { EVER, isOpen, type OpenRow, type ReadableRow } from '../domain/reading/quarantine';
import type { EntraRecord, Malformed, Source } from '../domain/record';
import type { Signal } from '../domain/findings/signal';
import { coveringFor } from '../domain/reading/source-state';
import type { Instant } from '../domain/time';
import { drainMarks, type AssessReport } from './findings/assess';
import { countIn, talliedIn, type Counted } from './queries/counts';
import {
  ExportTally,
  type ExportedRow,
  type ExportPage,
  type IncompleteFile,
  type ReadReport,
} from './queries/export-tally';
import { keep } from './findings/keep';
import type { Now } from './ports/clock';
import type { EngineStores } from './ports/stores';
import { select } from './findings/select';
import { TimelinePool, type Overflow, type PoolLimits } from './findings/timeline-pool';
import {
  missedBy,
  quarantineRows,
  readable,
  settleRows,
  type UnreadableDeps,
} from './reading/unreadable';
import { ExportedDirectory } from './reading/exported-directory';
import { isLog, SOURCES } from '../sources';

export interface Analysis extends Omit<AssessReport, 'timelines' | 'changes' | 'left'> {
  readonly asOf: Instant | undefined;
  readonly read: Readonly<Record<Source | 'unrecognised', ReadReport>>;
  readonly warnings: readonly string[];
  /** How much of what detectors watch there was in the last 30 days: neither good nor bad. */
  readonly counts: readonly Counted[];
  /** Files and folders of which nothing could be used, each with the reason and what to do. */
  readonly unreadable: readonly string[];
  readonly incomplete: readonly IncompleteFile[];
  /** Rows that a detector needed and that could not be read: nothing is concluded over them. */
  readonly gaps: readonly OpenRow[];
  readonly findings: readonly Finding[];
}

/**
 * Runs the detectors over exported logs. An export is taken to be complete between its oldest and its newest record
 * of each source; what would need a longer log comes back as pending or undetermined.
 * @param options `asOf` ends the coverage there, and later records are left out. `completeFrom` begins it there:
 * somebody vouches that the export holds everything from then on, as only they can know of an export cut to one user.
 */
export async function analyze(
  pages: AsyncIterable<ExportPage>,
  detectors: readonly ConfiguredDetector[],
  newStores: () => EngineStores,
  options: {
    readonly asOf?: Instant;
    readonly completeFrom?: Instant;
    readonly tenantId: string;
    readonly clock: Now;
    /** Where timelines go that memory has no room for. */
    readonly overflow?: Overflow;
    readonly limits?: PoolLimits;
    /** Takes the findings batch by batch; those of the answer are then none. */
    readonly onFindings?: (findings: readonly Finding[]) => Promise<void>;
  },
): Promise<Analysis> {
  const { asOf, completeFrom, tenantId, clock } = options;
  const enabled = detectors.map((each) => each.detector);
  const tally = new ExportTally(enabled.flatMap((detector) => detector.expects));
  const pool = new TimelinePool(enabled, options.overflow, options.limits);
  const unreadable = new ExportedRows();
  const directory = new ExportedDirectory();
  // What is observed at a time was so then; of a log, what happened before it.
  const isInTime = ({ source, at }: ExportedRow): boolean =>
    asOf === undefined || at < asOf || (!isLog(source) && at === asOf);
  for await (const page of pages) {
    const rows = page.rows.filter(isInTime);
    tally.count(rows, page);
    tally.leaveOut(page.rows.filter((row) => !isInTime(row)));
    if (asOf === undefined || page.directory === undefined || page.directory.at <= asOf) {
      directory.add(page);
    }
    const records = rows.flatMap((row) => row.record ?? []);
    const failed = new Set<EntraRecord>();
    select(tenantId, enabled, records, pool.selection, (record, detector, error) => {
      const row = rows.find((each) => each.record === record);
      const name = error instanceof Error ? error.name : 'unknown error';
      const reason = `${detector.id} failed on it: ${name}`;
      tally.refuse(row, reason);
      failed.add(record);
      const { source, id } = record;
      unreadable.add({ source, id, reason, missed: missedBy(record, detector.id) });
    });
    unreadable.addPage(
      page,
      records.filter((record) => !failed.has(record)),
    );
    await pool.settle();
  }
  const observed = directory.read();
  select(tenantId, enabled, observed.records, pool.selection);
  await pool.settle();
  const { directoryObjects: _dates, ...logs } = tally.coverage(completeFrom, asOf);
  const coverage = {
    ...logs,
    ...(observed.coverage !== undefined && { directoryObjects: observed.coverage }),
  };
  // Who gives logs alone, or the directory alone, is not told that the other is missing.
  const hasLogs = Object.keys(logs).length > 0;
  const isTold = ({ detector }: ConfiguredDetector): boolean =>
    needsSource(detector, 'directoryObjects') ? !directory.isEmpty : hasLogs || directory.isEmpty;
  // Of exports of both kinds the logs say when it was: the directory may have been read long after.
  const ends = Object.values(hasLogs ? logs : coverage).map(({ to }) => to);
  const newest = asOf ?? ends.toSorted().at(-1);
  const assessed: Pick<Analysis, 'pending' | 'undetermined' | 'faults'>[] = [];
  const findings: Finding[] = [];
  let gaps: readonly OpenRow[] = [];
  const tallied = new Map<Detector, readonly Signal[]>();
  // No timeline knows of another, so each batch has stores of its own, which go with it.
  for await (const batch of pool.batches()) {
    const stores = newStores();
    for (const detector of enabled) {
      tallied.set(detector, [...(tallied.get(detector) ?? []), ...talliedIn(batch, detector)]);
    }
    await keep(stores, batch);
    await unreadable.keep({ stores, tenantId }, coverage, asOf ?? clock.now());
    for (const source of SOURCES) {
      const covered = coverage[source];
      if (covered !== undefined) {
        await stores.coverage.change(source, coveringFor(enabled, source, covered));
      }
    }
    const { changes, pending, undetermined, faults } = await drainMarks({
      ...{ tenantId, detectors, stores, isExport: true },
      clock: { now: () => newest ?? clock.now() },
    });
    assessed.push({ pending, undetermined, faults });
    const found = changes.map((change) => change.finding);
    if (options.onFindings === undefined) {
      findings.push(...found);
    } else {
      await options.onFindings(found);
    }
    gaps = (await stores.quarantine.live()).filter(isOpen).sort(byTime); // the same for all
  }
  return {
    asOf: newest,
    read: tally.reports(coverage),
    warnings: [...tally.warnings(detectors.filter(isTold)), ...observed.warnings],
    counts: enabled.flatMap((detector) =>
      countIn(detector, tallied.get(detector) ?? [], coverage, newest ?? clock.now()),
    ),
    unreadable: tally.unreadable,
    incomplete: tally.incomplete(),
    pending: assessed.flatMap((each) => each.pending),
    undetermined: assessed.flatMap((each) => each.undetermined),
    faults: assessed.flatMap((each) => each.faults),
    gaps,
    findings,
  };
}

function byTime(a: OpenRow, b: OpenRow): number {
  return `${a.gap.from} ${a.id}` < `${b.gap.from} ${b.id}` ? -1 : 1;
}

/** The rows of an export that could not be read, and what tells whether they stand in it once more, readable. */
class ExportedRows {
  readonly #malformed: Malformed[] = [];
  readonly #readable = new Map<Source, ReadableRow[]>(SOURCES.map((source) => [source, []]));

  add(row: Malformed): void {
    this.#malformed.push(row);
  }

  addPage({ skipped }: ExportPage, records: readonly EntraRecord[]): void {
    for (const { source, id, reason, missed } of skipped) {
      if (source !== undefined && missed !== undefined) {
        this.add({ source, reason, missed, ...(id !== undefined && { id }) });
      }
    }
    for (const record of records) {
      this.#readable.get(record.source)?.push(readable(record));
    }
  }

  async keep(
    desk: UnreadableDeps,
    coverage: Partial<Record<Source, Interval>>,
    seenAt: Instant,
  ): Promise<void> {
    for (const [source, records] of this.#readable) {
      const looked = {
        ...{ source, readable: records, seenAt, isExport: true },
        malformed: this.#malformed.filter((row) => row.source === source),
        // A row without a time happened at some time that the export covers.
        window: coverage[source] ?? EVER,
      };
      if (looked.malformed.length > 0) {
        await quarantineRows(desk.stores, looked);
        await settleRows(desk, looked);
      }
    }
  }
}
