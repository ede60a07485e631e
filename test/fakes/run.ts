import { DETECTORS } from '../../shared/detectors/index';
import { memoryStores, type MemoryStores } from './memory-stores';
import { canonical, type Json } from '../../shared/domain/json';
import type { Interval } from '../../shared/domain/reading/coverage';
import {
  defaultSettings,
  needsSource,
  type ConfiguredDetector,
  type Detector,
} from '../../shared/domain/detector';
import type { Act, Finding } from '../../shared/domain/findings/finding';
import type { Signal } from '../../shared/domain/findings/signal';
import type { EntraRecord, Malformed, Source } from '../../shared/domain/record';
import { markGap } from '../../shared/domain/reading/journal';
import { coverageOf, coveringFor, inNeededFeeds } from '../../shared/domain/reading/source-state';
import type { Instant } from '../../shared/domain/time';
import { drainMarks, type AssessReport } from '../../shared/pipeline/findings/assess';
import { ActRefusedError, recordAct } from '../../shared/pipeline/findings/decide';
import { keep } from '../../shared/pipeline/findings/keep';
import type { EngineStores } from '../../shared/pipeline/ports/stores';
import { markEveryTimeline } from '../../shared/pipeline/findings/rule-change';
import { select } from '../../shared/pipeline/findings/select';
import {
  readable,
  hearOfRows,
  quarantineRows,
  settleRows,
  type Looked,
} from '../../shared/pipeline/reading/unreadable';
import { Crash, crashing } from './crashing';
import { days } from './records';
import { END, type PlannedAct, type PlannedCrash } from './stories';
import { SOURCES } from '../../shared/sources';

export const TENANT = 'tenant-1';

/** What became of one stretch of one source. */
export interface CoverageStep {
  readonly source: Source;
  readonly verb: 'extend' | 'giveUp';
  readonly interval: Interval;
}

/** One poll: the records it brings, and the coverage that moves once they are kept. */
export interface Batch {
  readonly records: readonly EntraRecord[];
  /** Rows of a source that came with them and could not be read; absent: nobody looks. */
  readonly unreadable?: readonly Malformed[];
  readonly coverage: readonly CoverageStep[];
  readonly now: Instant;
}

export interface Runner {
  readonly stores: EngineStores;
  readonly detectors: readonly ConfiguredDetector[];
  readonly fillsSilently?: boolean;
}

export interface Play {
  readonly batches: readonly Batch[];
  readonly detectors?: readonly ConfiguredDetector[];
  readonly stores?: MemoryStores;
  /** Stands between the pipeline and its stores: a planted fault, a scheduler. */
  readonly through?: (stores: EngineStores, raw: MemoryStores) => EngineStores;
  readonly crashes?: readonly PlannedCrash[];
  /** After a crash a batch whose coverage had moved is not read again (`resume`), or is (`repeat`). */
  readonly afterCrash?: 'resume' | 'repeat';
  readonly acts?: readonly PlannedAct[];
  /** A planted fault: coverage moves back or fills a gap, and no timeline is marked. */
  readonly fillsSilently?: boolean;
  readonly afterEach?: (stores: MemoryStores, batch: number) => Promise<void> | void;
}

export interface Played {
  readonly stores: MemoryStores;
  readonly runner: Runner;
  /** The last decision on each finding. */
  readonly acts: ReadonlyMap<string, Act>;
}

/** The detectors as shipped. */
export function configured(
  detectors: readonly Detector[] = DETECTORS,
  settings: Readonly<Record<string, number>> = {},
): ConfiguredDetector[] {
  return detectors.map((detector) => ({
    detector,
    settings: { ...defaultSettings(detector.settings), ...settings },
    stage: 'alert',
  }));
}

/** What a detector draws from a record, where it is one that it reads. */
export function signalsOf(detector: Detector, record: EntraRecord): readonly Signal[] {
  const timelines = select(TENANT, [detector], [record]).get(detector)?.values() ?? [];
  return [...timelines].flatMap(({ signals }) => [...signals.values()]);
}

/** Drives the real pipeline over memory stores, batch after batch, as often as its crashes ask for. */
export async function play(story: Play): Promise<Played> {
  const stores = story.stores ?? memoryStores();
  const detectors = story.detectors ?? configured();
  const { around, arm } = crashing(stores);
  const through = story.through ?? ((each: EngineStores): EngineStores => each);
  const { fillsSilently = false } = story;
  const runner: Runner = { stores: through(around, stores), detectors, fillsSilently };
  const crashes = [...(story.crashes ?? [])];
  const acts = new Map<string, Act>();
  for (const [i, batch] of story.batches.entries()) {
    const progress = { isCovered: false };
    for (let isDone = false; !isDone;) {
      arm(crashes.shift());
      isDone = await survives(() => deliver(runner, batch, progress));
      stores.expireLeases();
      progress.isCovered &&= story.afterCrash !== 'repeat';
    }
    arm(undefined);
    for (const { pick, act } of (story.acts ?? []).filter((each) => each.afterBatch === i)) {
      const id = pickFinding(stores, pick)?.id;
      if (id !== undefined) {
        if (await isRecorded(runner.stores, id, act)) {
          acts.set(id, act);
        }
      }
    }
    await story.afterEach?.(stores, i);
  }
  return { stores, runner, acts };
}

/** A person decides; false when there was nothing to decide. */
async function isRecorded(...given: Parameters<typeof recordAct>): Promise<boolean> {
  return recordAct(...given).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof ActRefusedError)) {
        throw error;
      }
      return false;
    },
  );
}

/** One poll, as production does it: keep, then move coverage, then assess whatever is marked. */
export async function deliver(
  runner: Runner,
  batch: Batch,
  progress = { isCovered: false },
): Promise<AssessReport> {
  const { stores, detectors } = runner;
  if (!progress.isCovered) {
    const enabled = detectors.map((each) => each.detector);
    const looked =
      batch.unreadable === undefined ? [] : SOURCES.map((each) => lookedAt(batch, each));
    for (const each of looked) {
      await quarantineRows(stores, each);
    }
    await keep(stores, select(TENANT, enabled, batch.records));
    for (const each of looked) {
      await settleRows({ stores, tenantId: TENANT }, each);
    }
    for (const step of batch.coverage) {
      await cover(runner, step);
    }
    progress.isCovered = true;
  }
  const report = await drain(runner, batch.now);
  if (batch.unreadable === undefined) {
    return report;
  }
  // What judging found out of rows is spread by the next timer.
  await hearOfRows({ stores, tenantId: TENANT });
  return drain(runner, batch.now);
}

function lookedAt({ records, unreadable = [], now }: Batch, source: Source): Looked {
  return {
    ...{ source, window: { from: days(-90), to: END }, seenAt: now, isExport: true },
    malformed: unreadable.filter((row) => row.source === source),
    readable: records.filter((record) => record.source === source).map(readable),
  };
}

export async function drain({ stores, detectors }: Runner, now = END): Promise<AssessReport> {
  const clock = { now: () => now };
  const report = await drainMarks({ tenantId: TENANT, detectors, stores, clock });
  if (report.faults.length > 0) {
    throw report.faults[0]!.error;
  }
  return report;
}

/**
 * Moves coverage. The first stretch, one that fills a gap and one before all that was read can turn what was
 * undetermined into an answer without any new record: every timeline is marked, before it and again after it.
 */
export async function cover(runner: Runner, step: CoverageStep): Promise<void> {
  const { stores, detectors, fillsSilently = false } = runner;
  const { source, verb, interval } = step;
  const concerned = detectors
    .map((each) => each.detector)
    .filter((detector) => needsSource(detector, source));
  const filled: Detector[] = [];
  for (const detector of concerned) {
    const before = coverageOf(detector, await stores.coverage.reading())[source];
    const isFilling =
      before === undefined ||
      (verb === 'extend' &&
        (interval.from < before.from ||
          before.gaps.some((gap) => gap.from < interval.to && gap.to > interval.from)));
    if (isFilling && !fillsSilently) {
      filled.push(detector);
    }
  }
  for (const detector of filled) {
    await markEveryTimeline(stores, detector);
  }
  await stores.coverage.change(
    source,
    verb === 'extend'
      ? coveringFor(concerned, source, interval)
      : inNeededFeeds(concerned, source, (ids) => markGap(interval, ids)),
  );
  for (const detector of filled) {
    await markEveryTimeline(stores, detector);
  }
}

/** Marks every timeline and assesses it: what an upgrade does, and what must change nothing when there is no news. */
export async function reassess(runner: Runner): Promise<AssessReport> {
  for (const { detector } of runner.detectors) {
    await markEveryTimeline(runner.stores, detector, 'past');
  }
  return drain(runner);
}

async function survives(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Crash) {
      return false;
    }
    throw error;
  }
}

function pickFinding(stores: MemoryStores, pick: number): Finding | undefined {
  const all = stores.findings.list().toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return all[pick % Math.max(all.length, 1)];
}

// ------------------------------------------------------------------------------------------------------- comparing

/** What law 1 says must be equal. Findings that were raised too early stay, as superseded, and are left out. */
export function view(stores: MemoryStores): Json {
  return stores.findings
    .list()
    .filter((finding) => finding.verdict.resolution !== 'superseded')
    .map((finding) => ({
      id: finding.id,
      key: finding.anchor.key,
      from: finding.anchor.from,
      status: finding.status,
      resolution: finding.resolution ?? null,
      message: finding.message,
      stage: finding.stage,
      severity: finding.severity,
      subject: { ...finding.subject },
      count: finding.count,
      since: finding.since,
      first: finding.firstSeenAt,
      last: finding.lastSeenAt,
      facts: finding.facts,
      evidence: finding.evidence.map((each) => ({ ...each })),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Everything that was written down: findings, transitions and alerts. */
export function ledger(stores: MemoryStores): Json {
  const byText = (a: string, b: string): number => (a < b ? -1 : 1);
  const texts = (rows: readonly unknown[]): string[] =>
    rows.map((row) => canonical(row as Json)).sort(byText);
  return {
    findings: texts(stores.findings.list()),
    history: texts(stores.findings.transitions),
    outbox: texts(stores.outbox.alerts),
  };
}
