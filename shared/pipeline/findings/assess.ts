import type { ConfiguredDetector, Pending, Undetermined } from '../../domain/detector';
import type { FindingChange } from '../../domain/findings/transition';
import type { ReadingState } from '../../domain/reading/source-state';
import { isSuppression, rulesOf } from '../../domain/findings/suppression';
import { MINUTE, plus, SECOND, type Duration, type Instant } from '../../domain/time';
import { assessWave } from './assess-wave';
import type { Bench, SecondLook } from './bench';
import { repairLines } from './finding-writer';
import { noteFaults } from './judging-faults';
import { isStorageGone } from '../ports/unreadable-row';
import type { EngineStores } from '../ports/stores';
import type { Lease } from '../ports/work-marks';
import type { Now } from '../ports/clock';
import type { TimelineRef } from '../ports/signal-store';
import { wavesOf } from './waves';
import { listWork, type Work, type WorkList } from './work';

export type { SecondLook } from './bench';

export interface Assessor {
  readonly tenantId: string;
  readonly detectors: readonly ConfiguredDetector[];
  readonly stores: EngineStores;
  readonly clock: Now;
  /** What was read, as the run knows it that drains: by it is told what is due. Absent: it is looked up. */
  readonly reading?: ReadingState;
  /** An exported log is judged whole: nothing in it is too old. */
  readonly isExport?: boolean;
  /** Looks once more for what a finding says did not happen. Absent: what is stored is all there is to know. */
  readonly secondLook?: SecondLook;
  /** Says for health that judging has reached its end, and looks what of the faults of before is over. It costs requests. */
  readonly keepsHeartbeat?: boolean;
  /** No wave begins after so long; what is left waits for the next run. Absent: as long as it takes. */
  readonly budget?: Duration;
}

/** What draining the work marks came to. */
export interface AssessReport {
  readonly timelines: number;
  readonly changes: readonly FindingChange[];
  readonly pending: readonly OfSubject<Pending>[];
  readonly undetermined: readonly OfSubject<Undetermined>[];
  /** Timelines whose mark stays for the next run: another runner kept writing, or the time was over. */
  readonly left: number;
  /** Why marks were left lying: the time was over, or another run is at work on them. */
  readonly stopped?: 'budget' | 'lease';
  /** Timelines that cannot be judged, whatever the reason; the mark stays, the others go on. */
  readonly faults: readonly Fault[];
}

interface Fault {
  readonly timeline: TimelineRef;
  readonly error: Error;
}

/** An answer that cannot be given yet, or ever, with whom it is about. */
export type OfSubject<A> = A & {
  readonly detector: string;
  readonly subject: TimelineRef['subject'];
};

const DRAIN = 'drain';
/** A listing holds up to 50,000 timelines. */
const PASSES = 50;
/** A run that was killed keeps others waiting no longer than this. */
const LEASE = MINUTE;
const RENEWED_AFTER = 20 * SECOND;

/**
 * Assesses every timeline that carries a mark: touched, due and rule-changed ones are all the same. A mark goes
 * only when its work is done, so that a crash anywhere repeats the work and loses none. One run does so at a time:
 * two would only do the same work twice.
 */
export async function drainMarks(assessor: Assessor): Promise<AssessReport> {
  const drain = new Drain(assessor);
  let hasMore = true;
  for (let pass = 0; pass < PASSES && hasMore; pass++) {
    hasMore = await drainOnce(drain, assessor);
  }
  const { isExport = false } = assessor;
  if (!isExport) {
    await endDrain(drain, assessor);
  }
  return drain.report;
}

/** What the drain itself has to say is a finding like every other, and judged at once. */
async function endDrain(drain: Drain, assessor: Assessor): Promise<void> {
  const { stores, clock, tenantId } = assessor;
  const { faults, isStopped } = drain;
  const { marks, damaged } = stores;
  const isDue = !isStopped && assessor.keepsHeartbeat === true;
  if (faults.length > 0 || damaged.hasMet || marks.hasKeptFaults || isDue) {
    const run = { faults, hasTriedAll: !isStopped };
    if (await noteFaults({ stores, tenantId, clock }, run)) {
      await drainOnce(drain, assessor);
    }
  }
  if (isDue) {
    await marks.keepDrained(clock.now());
  }
}

/** @returns whether there may be more to do. */
async function drainOnce(drain: Drain, { stores, clock }: Assessor): Promise<boolean> {
  const list = await drain.list();
  if (list === undefined) {
    return false;
  }
  const now = clock.now();
  const lease = await stores.marks.takeLease(DRAIN, now, plus(now, LEASE));
  if (lease === undefined) {
    // Who has it looks again after it has let go.
    drain.leaveTo('lease', list);
    return false;
  }
  await drain.through(list, lease);
  return true;
}

class Drain {
  readonly faults: Fault[] = [];
  readonly #assessor: Assessor;
  readonly #started: Instant;
  readonly #timelines = new Set<string>();
  readonly #changes: FindingChange[] = [];
  readonly #pending: OfSubject<Pending>[] = [];
  readonly #undetermined: OfSubject<Undetermined>[] = [];
  /** Their marks stay. */
  readonly #left = new Set<string>();
  #hasRepaired = false;
  #isFirst = true;
  #stopped: AssessReport['stopped'];
  #lease: Lease | undefined;
  #leasedAt: Instant;

  constructor(assessor: Assessor) {
    this.#assessor = assessor;
    this.#started = assessor.clock.now();
    this.#leasedAt = this.#started;
  }

  get report(): AssessReport {
    return {
      ...{ timelines: this.#timelines.size, changes: this.#changes },
      ...{ pending: this.#pending, undetermined: this.#undetermined },
      ...{ left: this.#left.size, faults: this.faults },
      ...(this.#stopped !== undefined && { stopped: this.#stopped }),
    };
  }

  /** It left work lying. */
  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** @returns undefined when there is nothing to do that was not tried. */
  async list(): Promise<WorkList | undefined> {
    const { stores, detectors } = this.#assessor;
    if (this.#stopped !== undefined) {
      return undefined;
    }
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const list = await listWork(stores.marks, detectors, isFirst ? await this.#dueBy() : undefined);
    // Lines are repaired once in a run: two that repaired each other's would never come to an end.
    const isNew = this.#workOf(list).length > 0 || (isFirst && list.writing.length > 0);
    return isNew ? list : undefined;
  }

  /** What is due is looked for once: by a reading of before, less is due. */
  async #dueBy(): Promise<ReadingState> {
    const { reading, stores } = this.#assessor;
    return reading ?? (await stores.coverage.reading());
  }

  leaveTo(why: NonNullable<AssessReport['stopped']>, list: WorkList): void {
    this.#stopped = why;
    this.#workOf(list).forEach(({ timeline }) => this.#left.add(timeline.id));
  }

  async through(list: WorkList, lease: Lease): Promise<void> {
    this.#lease = lease;
    this.#leasedAt = this.#assessor.clock.now();
    try {
      await this.#doAll(list);
    } catch (error) {
      await this.#release().catch(() => undefined); // what failed first is what to say
      throw error;
    }
    await this.#release();
  }

  async #release(): Promise<void> {
    if (this.#lease !== undefined) {
      await this.#assessor.stores.marks.releaseLease(this.#lease);
    }
  }

  async #doAll(list: WorkList): Promise<void> {
    const { stores, clock } = this.#assessor;
    const lines: { readonly timeline: TimelineRef; readonly error: unknown }[] = [];
    if (!this.#hasRepaired) {
      this.#hasRepaired = true;
      await repairLines(stores, list.writing, clock.now(), (timeline, error) => {
        lines.push({ timeline, error });
      });
    }
    const work = this.#workOf(list);
    // All after the marks: who makes a rule, fills a gap or ends one marks whom that concerns, so that an older look is
    // looked over again.
    const { steps } = work.length === 0 ? { steps: [] } : await stores.rules.current(clock.now());
    const reading = work.length === 0 ? {} : await stores.coverage.reading();
    const bench: Bench = {
      ...this.#assessor,
      isExport: this.#assessor.isExport === true,
      rules: rulesOf(steps).filter(isSuppression),
      reading,
      live: work.length === 0 ? [] : await stores.quarantine.live(),
    };
    for (const wave of wavesOf(work, ({ timeline }) => timeline.id)) {
      if (!(await this.#mayGoOn())) {
        wave.forEach(({ timeline }) => this.#left.add(timeline.id));
        continue;
      }
      await this.#wave(bench, wave, list);
      await list.removeDone();
    }
    await list.splitRest();
    // Last: who is judged all the same is not at fault before.
    lines.forEach(({ timeline, error }) => {
      this.#fault(timeline, error);
    });
  }

  /** What was not tried in this run. */
  #workOf({ work }: WorkList): readonly Work[] {
    const faulty = new Set(this.faults.map(({ timeline }) => timeline.id));
    return work.filter(({ timeline: { id } }) => !this.#left.has(id) && !faulty.has(id));
  }

  /** The time is not over, and nobody else has begun the same. */
  async #mayGoOn(): Promise<boolean> {
    const { budget, clock, stores } = this.#assessor;
    const now = clock.now();
    if (budget !== undefined && now > plus(this.#started, budget)) {
      this.#stopped ??= 'budget';
    }
    if (this.#stopped !== undefined) {
      return false;
    }
    if (this.#lease === undefined || now <= plus(this.#leasedAt, RENEWED_AFTER)) {
      return true;
    }
    this.#leasedAt = now; // first, so that of several who come by here one renews it
    this.#lease = await stores.marks.renewLease(this.#lease, plus(now, LEASE));
    if (this.#lease === undefined) {
      this.#stopped = 'lease';
      return false;
    }
    return true;
  }

  async #wave(bench: Bench, wave: readonly Work[], list: WorkList): Promise<void> {
    await assessWave(bench, wave, {
      mayGoOn: () => this.#mayGoOn(),
      onLook: ({ timeline }) => {
        this.#timelines.add(timeline.id);
      },
      onChange: (change) => {
        this.#changes.push(change);
      },
      onDone: async (work, judgement) => {
        const { detector, subject } = work.timeline;
        const { pending = [], undetermined = [] } = judgement ?? {};
        this.#pending.push(...pending.map((each) => ({ ...each, detector, subject })));
        this.#undetermined.push(...undetermined.map((each) => ({ ...each, detector, subject })));
        await list.done(work);
      },
      onLeft: ({ timeline }) => {
        this.#left.add(timeline.id);
      },
      onFault: ({ timeline }, error) => {
        this.#timelines.add(timeline.id);
        this.#fault(timeline, error);
      },
    });
  }

  /** @throws the error when it says that the storage is gone. */
  #fault(timeline: TimelineRef, error: unknown): void {
    if (isStorageGone(error)) {
      throw error;
    }
    this.faults.push({ timeline, error: error instanceof Error ? error : new Error('unknown') });
  }
}
