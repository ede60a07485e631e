import type { Source } from '../../domain/record';
import type { Instant } from '../../domain/time';
import type { TimelineRef } from './signal-store';

/**
 * Timelines that must be looked at: written before the work it names, deleted after it. It is never changed, so that
 * whoever has listed it and then done all it names may delete it.
 */
export interface WorkMark {
  /** Which row it is. */
  readonly key: string;
  /** At least one, all of one detector. */
  readonly timelines: readonly TimelineRef[];
  /**
   * `signals`: they may be dirty. `concern`: each must be assessed, something else changed that bears on it. `writing`:
   * somebody is about to write findings, and then their lines; left over, the lines may be wrong.
   */
  readonly cause: 'signals' | 'concern' | 'writing';
  /** Only and always with `writing`. */
  readonly since?: Instant;
  /**
   * The end of coverage before the records came, per source; not with `writing`. Signals are judged by the floor of
   * that time, however long the work was left lying.
   */
  readonly coverageEnds?: CoverageEnds;
  readonly catchingUp?: CatchingUp;
}

/**
 * What was read only now and is not of now: no second look is needed before anything opens. `past`: of a backfill, a
 * filled gap or a rule change; what opens is told in a digest. `first-read`: of the very first window of a log.
 */
export type CatchingUp = 'first-read' | 'past';

/** A timeline that must be assessed once coverage has come so far. */
export interface DueMark {
  readonly timeline: TimelineRef;
  /** Which row and which version of it. */
  readonly etag: string;
}

/** The right to be the only one at some work; it runs out by itself. */
export interface Lease {
  readonly name: string;
  readonly etag: string;
}

/** What a run could not judge, or not read: both are tried again in every run. */
export interface TimelineFaults {
  readonly at: Instant;
  readonly timelines?: FaultCount;
  readonly rows?: FaultCount;
}

/** So many timelines or rows. */
export interface FaultCount {
  /** Since when there are some in every run. */
  readonly since: Instant;
  readonly count: number;
  /** What the first of them came to. */
  readonly first: string;
}

export type CoverageEnds = Readonly<Partial<Record<Source, Instant>>>;

export interface WorkMarks {
  /** Marks timelines now, in rows of their own: up to 200 timelines share one. */
  mark(
    timelines: readonly TimelineRef[],
    why: Pick<WorkMark, 'coverageEnds' | 'catchingUp'> & {
      readonly cause: 'signals' | 'concern';
    },
  ): Promise<void>;
  /** Marks timelines for when coverage has reached a time. */
  markDue(due: readonly { readonly timeline: TimelineRef; readonly at: Instant }[]): Promise<void>;
  /** Marks that findings of timelines are about to be written. Others leave the marks alone while they are young. */
  markWriting(timelines: readonly TimelineRef[], since: Instant): Promise<readonly WorkMark[]>;
  /** What is to be done now; a part of it when there is very much. */
  list(): Promise<readonly WorkMark[]>;
  /** Marks that are due at or before the end of the coverage of their detector; `ends`: by detector. */
  due(ends: ReadonlyMap<string, Instant>): Promise<readonly DueMark[]>;
  /** Deletes marks; those that are gone already do not matter. */
  remove(marks: readonly WorkMark[]): Promise<void>;
  /** Deletes a mark unless it was written again meanwhile. */
  removeDue(mark: DueMark): Promise<void>;
  /** @returns undefined when somebody else has it, and it has not run out. */
  takeLease(name: string, now: Instant, until: Instant): Promise<Lease | undefined>;
  /** @returns undefined when it ran out and somebody else took it. */
  renewLease(lease: Lease, until: Instant): Promise<Lease | undefined>;
  releaseLease(lease: Lease): Promise<void>;
  /** By detector: under which version and settings all its timelines were last marked. */
  rules(): Promise<Readonly<Record<string, string>>>;
  keepRule(detectorId: string, rule: string): Promise<void>;
  /** Keeps which timelines could not be assessed in this run, for health; `undefined` when all could. */
  keepFaults(faults: TimelineFaults | undefined): Promise<void>;
  faults(): Promise<TimelineFaults | undefined>;
  /** This process has kept some that are not over. */
  readonly hasKeptFaults: boolean;
  /** The heartbeat of judging: a drain has reached its end. */
  keepDrained(at: Instant): Promise<void>;
  /** When a drain that keeps the heartbeat last reached its end. */
  drained(): Promise<Instant | undefined>;
}
