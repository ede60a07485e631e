import {
  extend,
  giveUp,
  type Coverage,
  type CoverageBySource,
  type Interval,
} from '../../domain/coverage';
import type { Alert, Finding, FindingChange, Transition } from '../../domain/finding';
import type { Source } from '../../domain/record';
import { joinSignals, type JoinRules, type Signal } from '../../domain/signal';
import type { Instant } from '../../domain/time';
import type {
  CoverageEnds,
  CoverageStore,
  FindingStore,
  SignalStore,
  StoredFinding,
  StoredTimeline,
  Stores,
  TimelineRef,
  WorkMark,
  WorkMarks,
} from '../../pipeline/ports';

/** Stores that live as long as the process: for exported logs, for dry runs and for tests. */
export interface MemoryStores extends Stores {
  readonly signals: MemorySignals;
  readonly findings: MemoryFindings;
  readonly marks: MemoryMarks;
  readonly coverage: MemoryCoverage;
}

export function memoryStores(): MemoryStores {
  return {
    signals: new MemorySignals(),
    findings: new MemoryFindings(),
    marks: new MemoryMarks(),
    coverage: new MemoryCoverage(),
  };
}

export class MemorySignals implements SignalStore {
  readonly #timelines = new Map<
    string,
    { ref: TimelineRef; signals: Map<string, Signal>; version: number }
  >();

  merge(ref: TimelineRef, signals: readonly Signal[], rules: JoinRules): Promise<void> {
    const timeline = this.#timelines.get(ref.id) ?? {
      ref,
      signals: new Map<string, Signal>(),
      version: 0,
    };
    this.#timelines.set(ref.id, timeline);
    for (const signal of signals) {
      const known = timeline.signals.get(signal.key);
      const joined = known === undefined ? signal : joinSignals(known, signal, rules);
      if (joined !== known) {
        timeline.signals.set(signal.key, joined);
        timeline.version += 1;
      }
    }
    return Promise.resolve();
  }

  read(timelineId: string): Promise<StoredTimeline> {
    const timeline = this.#timelines.get(timelineId);
    return Promise.resolve({
      signals: [...(timeline?.signals.values() ?? [])],
      version: String(timeline?.version ?? 0),
    });
  }

  async *timelinesOf(detectorId: string): AsyncIterable<TimelineRef> {
    for (const { ref } of this.#timelines.values()) {
      if (ref.detector === detectorId) {
        yield Promise.resolve(ref);
      }
    }
  }

  /** Drops what lies below a floor, as purging old months does. */
  purge(detectorId: string, floor: Instant): void {
    for (const { ref, signals } of this.#timelines.values()) {
      for (const [key, signal] of signals) {
        if (ref.detector === detectorId && signal.at < floor) {
          signals.delete(key);
        }
      }
    }
  }
}

export class MemoryFindings implements FindingStore {
  readonly #rows = new Map<string, { finding: Finding; version: number }>();
  readonly #timelines = new Map<string, Set<string>>();
  readonly history: Transition[] = [];
  readonly outbox: Alert[] = [];

  readTimeline(timelineId: string): Promise<readonly StoredFinding[]> {
    const ids = [...(this.#timelines.get(timelineId) ?? [])];
    const rows = ids.map((id) => this.#rows.get(id)).filter((row) => row !== undefined);
    return Promise.resolve(
      rows.map(({ finding, version }) => ({ finding, etag: String(version) })),
    );
  }

  commit(change: FindingChange, etag: string | undefined): Promise<boolean> {
    const { finding, transition, alert } = change;
    const row = this.#rows.get(finding.id);
    if (String(row?.version) !== String(etag)) {
      return Promise.resolve(false);
    }
    const timeline = finding.id.slice(0, finding.id.indexOf('-'));
    this.#rows.set(finding.id, { finding, version: (row?.version ?? 0) + 1 });
    this.#timelines.set(
      timeline,
      (this.#timelines.get(timeline) ?? new Set<string>()).add(finding.id),
    );
    this.history.push(...(transition ? [transition] : []));
    this.outbox.push(...(alert ? [alert] : []));
    return Promise.resolve(true);
  }

  all(): readonly Finding[] {
    return [...this.#rows.values()].map((row) => row.finding);
  }
}

export class MemoryMarks implements WorkMarks {
  readonly #dirty = new Map<string, WorkMark>();
  readonly #due = new Map<string, { mark: WorkMark; at: Instant }>();
  #etag = 0;

  markDirty(timelines: readonly TimelineRef[], coverageEnds: CoverageEnds): Promise<void> {
    for (const timeline of timelines) {
      const known = this.#dirty.get(timeline.id);
      this.#dirty.set(timeline.id, {
        timeline,
        cause: 'dirty',
        coverageEnds: known?.coverageEnds ?? coverageEnds,
        etag: this.#nextEtag(),
      });
    }
    return Promise.resolve();
  }

  markDue(timeline: TimelineRef, at: Instant): Promise<void> {
    const mark: WorkMark = { timeline, cause: 'due', etag: `${at}|${timeline.id}` };
    this.#due.set(mark.etag, { mark, at });
    return Promise.resolve();
  }

  dirty(): Promise<readonly WorkMark[]> {
    return Promise.resolve([...this.#dirty.values()]);
  }

  due(detectorId: string, end: Instant): Promise<readonly WorkMark[]> {
    const due = [...this.#due.values()].filter(
      ({ mark, at }) => mark.timeline.detector === detectorId && at <= end,
    );
    return Promise.resolve(due.map(({ mark }) => mark));
  }

  remove(mark: WorkMark): Promise<void> {
    if (mark.cause === 'dirty' && this.#dirty.get(mark.timeline.id)?.etag === mark.etag) {
      this.#dirty.delete(mark.timeline.id);
    }
    this.#due.delete(mark.etag);
    return Promise.resolve();
  }

  #nextEtag(): string {
    this.#etag += 1;
    return String(this.#etag);
  }
}

export class MemoryCoverage implements CoverageStore {
  readonly #byDetector = new Map<string, Partial<Record<Source, Coverage>>>();

  read(detectorId: string): Promise<CoverageBySource> {
    return Promise.resolve({ ...this.#byDetector.get(detectorId) });
  }

  extend(source: Source, read: Interval, detectorIds: readonly string[]): Promise<void> {
    return this.#change(source, detectorIds, (coverage) => extend(coverage, read));
  }

  giveUp(source: Source, lost: Interval, detectorIds: readonly string[]): Promise<void> {
    return this.#change(source, detectorIds, (coverage) =>
      giveUp(coverage ?? { ...lost, gaps: [] }, lost),
    );
  }

  #change(
    source: Source,
    detectorIds: readonly string[],
    step: (coverage: Coverage | undefined) => Coverage,
  ): Promise<void> {
    for (const id of detectorIds) {
      const coverage = this.#byDetector.get(id) ?? {};
      this.#byDetector.set(id, { ...coverage, [source]: step(coverage[source]) });
    }
    return Promise.resolve();
  }
}
