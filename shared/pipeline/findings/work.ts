import type { CoverageBySource } from '../../domain/reading/coverage';
import type { ConfiguredDetector, Detector } from '../../domain/detector';
import { sourcesOf } from '../../domain/reading/feed';
import { coverageEnd, floorOf } from '../../domain/findings/judge';
import { coverageOf, type ReadingState } from '../../domain/reading/source-state';
import type { Instant } from '../../domain/time';
import { LOG_READING, WATCH_OVER_LOGS } from './log-reading';
import type { CoverageEnds, DueMark, WorkMark, WorkMarks } from '../ports/work-marks';
import type { TimelineRef } from '../ports/signal-store';

/** Everything that marks say of one timeline. */
export interface Work {
  readonly configured: ConfiguredDetector;
  readonly timeline: TimelineRef;
  readonly marks: readonly WorkMark[];
  readonly due: readonly DueMark[];
}

/**
 * What the marks of one listing come to, and which of them can go. Marks are not changed and their names not used
 * again, so who lists one, then reads and judges what it names, may delete it: whatever came later has marks of its own.
 */
export class WorkList {
  readonly work: readonly Work[];
  /** Of findings that are about to be written, or were when somebody was killed. */
  readonly writing: readonly WorkMark[];
  readonly #marks: WorkMarks;
  /** By mark, whom it names that is not done. */
  readonly #left: Map<WorkMark, Set<string>>;
  #removable: WorkMark[] = [];

  constructor(
    marks: WorkMarks,
    listed: readonly WorkMark[],
    due: readonly DueMark[],
    detectors: readonly ConfiguredDetector[],
  ) {
    this.#marks = marks;
    this.writing = listed.filter(({ cause }) => cause === 'writing');
    const others = listed.filter(({ cause }) => cause !== 'writing');
    this.work = workIn(others, due, detectors);
    this.#left = new Map(
      others.map((mark) => [mark, new Set(mark.timelines.map((each) => each.id))]),
    );
  }

  /** Notes that a timeline needs nothing more; due marks go at once, the others with the next `removeDone`. */
  async done({ timeline, marks, due }: Work): Promise<void> {
    for (const mark of due) {
      await this.#marks.removeDue(mark);
    }
    for (const mark of marks) {
      const left = this.#left.get(mark);
      left?.delete(timeline.id);
      if (left?.size === 0) {
        this.#removable.push(mark);
      }
    }
  }

  /** Deletes the marks of which all is done. */
  async removeDone(): Promise<void> {
    const removable = this.#removable;
    this.#removable = [];
    await this.#marks.remove(removable);
  }

  /** Of marks of which only a part is done, what is left gets marks of its own first. */
  async splitRest(): Promise<void> {
    await this.removeDone();
    const parts = [...this.#left].filter(
      ([mark, left]) => left.size > 0 && left.size < mark.timelines.length,
    );
    for (const [mark, left] of parts) {
      const { cause, coverageEnds, catchingUp, timelines } = mark;
      if (cause !== 'writing') {
        await this.#marks.mark(
          timelines.filter(({ id }) => left.has(id)),
          {
            cause,
            ...(coverageEnds !== undefined && { coverageEnds }),
            ...(catchingUp !== undefined && { catchingUp }),
          },
        );
      }
    }
    await this.#marks.remove(parts.map(([mark]) => mark));
  }
}

/**
 * Marks of a detector that is switched off stay where they are: they are drained when it is switched on again.
 * @param dueBy lists what is due by it, too.
 */
export async function listWork(
  marks: WorkMarks,
  detectors: readonly ConfiguredDetector[],
  dueBy?: ReadingState,
): Promise<WorkList> {
  const listed = await marks.list();
  const due = dueBy === undefined ? [] : await dueOf(marks, detectors, dueBy);
  return new WorkList(marks, listed, due, detectors);
}

function dueOf(
  marks: WorkMarks,
  detectors: readonly ConfiguredDetector[],
  reading: ReadingState,
): Promise<readonly DueMark[]> {
  const ends = detectors.flatMap(({ detector }) => {
    const end = coverageEnd(detector, coverageOf(detector, reading));
    return end === undefined ? [] : [[detector.id, end] as const];
  });
  return marks.due(new Map(ends));
}

function workIn(
  marks: readonly WorkMark[],
  due: readonly DueMark[],
  detectors: readonly ConfiguredDetector[],
): readonly Work[] {
  const byId = new Map([...detectors, WATCH_OVER_LOGS].map((each) => [each.detector.id, each]));
  const work = new Map<string, Work & { readonly marks: WorkMark[]; readonly due: DueMark[] }>();
  function of(
    timeline: TimelineRef,
  ): { readonly marks: WorkMark[]; readonly due: DueMark[] } | undefined {
    const configured = byId.get(timeline.detector);
    if (configured === undefined) {
      return undefined;
    }
    const known = work.get(timeline.id) ?? { configured, timeline, marks: [], due: [] };
    work.set(timeline.id, known);
    return known;
  }
  for (const mark of marks) {
    for (const timeline of mark.timelines) {
      of(timeline)?.marks.push(mark);
    }
  }
  for (const mark of due) {
    of(mark.timeline)?.due.push(mark);
  }
  return [...work.values()];
}

/** Some of its work is about the past. */
export function isCatchingUp({ marks }: Work): boolean {
  return marks.some((mark) => mark.catchingUp !== undefined);
}

/** What opens by it is told in a digest. */
export function isOfThePast({ marks }: Work): boolean {
  return marks.some((mark) => mark.catchingUp === 'past');
}

/** More than its signals may have changed: it is assessed also when nobody has written any since. */
export function isConcerned({ marks, due }: Work): boolean {
  return due.length > 0 || marks.some(({ cause }) => cause === 'concern');
}

/** Signals are judged by the floor of the time when they came, however long the work was left lying. */
export function floorFor(
  { marks }: Work,
  detector: Detector,
  coverage: CoverageBySource,
  now: Instant,
): Instant | undefined {
  if (detector.id === LOG_READING.id) {
    return floorOf(detector, now); // what is known of the reading is known at once
  }
  const ends = marks.flatMap(({ coverageEnds }) => coverageEnds ?? []);
  return ends.length === 0
    ? floorOf(detector, coverageEnd(detector, coverage))
    : floorOf(detector, leastEnd(detector, ends));
}

/** Absent while a source had not been read: nothing was too old then. */
function leastEnd(detector: Detector, ends: readonly CoverageEnds[]): Instant | undefined {
  const sources = sourcesOf(detector.needs);
  const all = ends.flatMap((each) => sources.map((source) => each[source]));
  const known = all.filter((end) => end !== undefined);
  return known.length < all.length ? undefined : known.toSorted()[0];
}
