import type { ConfiguredDetector } from '../domain/detector';
import type { Finding } from '../domain/finding';
import { covering } from '../domain/journal';
import { SOURCES, type Source } from '../domain/record';
import type { Instant } from '../domain/time';
import { drainMarks, type AssessReport } from './assess';
import { ExportTally, type ExportPage, type IncompleteFile, type ReadReport } from './export-tally';
import { keep } from './keep';
import type { Now, EngineStores } from './ports';
import { select, type Selection } from './select';

export interface Analysis extends Omit<AssessReport, 'timelines' | 'changes' | 'left'> {
  readonly asOf: Instant | undefined;
  readonly read: Readonly<Record<Source | 'unrecognised', ReadReport>>;
  readonly warnings: readonly string[];
  /** Files and folders of which nothing could be used, each with the reason and what to do. */
  readonly unreadable: readonly string[];
  readonly incomplete: readonly IncompleteFile[];
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
  stores: EngineStores,
  options: {
    readonly asOf?: Instant;
    readonly completeFrom?: Instant;
    readonly tenantId: string;
    readonly clock: Now;
  },
): Promise<Analysis> {
  const { asOf, completeFrom, tenantId, clock } = options;
  const enabled = detectors.map((each) => each.detector);
  const tally = new ExportTally(enabled.flatMap((detector) => detector.expects));
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
  const coverage = tally.coverage(completeFrom, asOf);
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
    unreadable: tally.unreadable,
    incomplete: tally.incomplete(),
    pending: report.pending,
    undetermined: report.undetermined,
    faults: report.faults,
    findings: report.changes.map((change) => change.finding),
  };
}
