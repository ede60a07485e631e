import type { CoverageBySource, Interval } from '../domain/coverage';
import type { ConfiguredDetector, Detector, Pending, Undetermined } from '../domain/detector';
import { sourcesOf } from '../domain/feed';
import type { Finding, FindingChange } from '../domain/finding';
import { coverageEnd, DetectorFault, floorOf, judge, type Judgement } from '../domain/judge';
import { concerning, type OpenRow, type QuarantineRow } from '../domain/quarantine';
import { SOURCES } from '../domain/record';
import type { Signal } from '../domain/signal';
import { coverageOf, type ReadingState } from '../domain/source-state';
import { isSuppression, rulesOf, type SuppressionRule } from '../domain/suppression';
import type { Instant } from '../domain/time';
import { FindingWriter, repairLines } from './finding-writer';
import { LOG_READING, WATCH_OVER_LOGS } from './log-reading';
import {
  UnreadableRowError,
  type Now,
  type StoredFinding,
  type EngineStores,
  type TimelineRef,
  type WorkMark,
} from './ports';

export interface Assessor {
  readonly tenantId: string;
  readonly detectors: readonly ConfiguredDetector[];
  readonly stores: EngineStores;
  readonly clock: Now;
  /** What was read, as the run knows it that drains. Absent: it is looked up. */
  readonly reading?: ReadingState;
  /** An exported log is judged whole: nothing in it is too old. */
  readonly isExport?: boolean;
  /** Looks once more for what a finding says did not happen. Absent: what is stored is all there is to know. */
  readonly secondLook?: SecondLook;
}

/**
 * Reads the log once more about one subject, in the stretch where something did not happen, and keeps what it finds.
 * @returns `later` when the log cannot be read now: the finding waits for the next run.
 */
export type SecondLook = (
  detector: Detector,
  timeline: TimelineRef,
  stretch: Interval,
) => Promise<'looked' | 'later'>;

/** What draining the work marks came to. */
export interface AssessReport {
  readonly timelines: number;
  readonly changes: readonly FindingChange[];
  readonly pending: readonly OfSubject<Pending>[];
  readonly undetermined: readonly OfSubject<Undetermined>[];
  /** Timelines whose mark stays for the next run, because another runner kept writing. */
  readonly left: number;
  /** Timelines whose detector failed, or of which a row cannot be read; the mark stays, the others go on. */
  readonly faults: readonly { readonly timeline: TimelineRef; readonly error: Error }[];
}

/** An answer that cannot be given yet, or ever, with whom it is about. */
export type OfSubject<A> = A & {
  readonly detector: string;
  readonly subject: TimelineRef['subject'];
};

/** How often one timeline is looked at again because it moved; then the mark is left for the next run. */
const ROUNDS = 5;

/**
 * Assesses every timeline that carries a mark: touched, due and rule-changed ones are all the same. A mark goes
 * only when its work is done, so that a crash anywhere repeats the work and loses none.
 */
export async function drainMarks(assessor: Assessor): Promise<AssessReport> {
  const changes: FindingChange[] = [];
  const pending: OfSubject<Pending>[] = [];
  const undetermined: OfSubject<Undetermined>[] = [];
  const faults: { timeline: TimelineRef; error: Error }[] = [];
  let left = 0;
  const { writing = [], dirty = [] } = Object.groupBy(
    await assessor.stores.marks.dirty(),
    ({ cause }) => (cause === 'writing' ? 'writing' : 'dirty'),
  );
  await repairLines(assessor.stores, writing, assessor.clock.now());
  const reading = assessor.reading ?? (await assessor.stores.coverage.reading());
  const work = await collectWork(assessor, dirty, reading);
  // After the marks: who makes a rule marks what it speaks of, so an older look at the rules is looked over again.
  const rules =
    work.length === 0
      ? []
      : rulesOf((await assessor.stores.rules.current(assessor.clock.now())).steps);
  const suppressions = rules.filter(isSuppression);
  // After the marks, too: who ends a gap marks whom it concerned.
  const live = work.length === 0 ? [] : await assessor.stores.quarantine.live();
  const view: View = { reading, live };
  for (const { configured, marks } of work) {
    const [{ timeline }] = marks;
    try {
      const outcome = await assessTimeline(assessor, view, configured, marks, suppressions);
      changes.push(...outcome.changes);
      const of = { detector: timeline.detector, subject: timeline.subject };
      pending.push(...outcome.pending.map((each) => ({ ...each, ...of })));
      undetermined.push(...outcome.undetermined.map((each) => ({ ...each, ...of })));
      if (!outcome.isDone) {
        left += 1;
        continue;
      }
    } catch (error) {
      if (!(error instanceof DetectorFault || error instanceof UnreadableRowError)) {
        throw error;
      }
      faults.push({ timeline, error });
      continue;
    }
    for (const mark of marks) {
      await assessor.stores.marks.remove(mark);
    }
  }
  await assessor.stores.marks.keepFaults(
    faults[0] && {
      ...{ at: assessor.clock.now(), timelines: faults.length, first: faults[0].error.message },
    },
  );
  return { timelines: work.length, changes, pending, undetermined, left, faults };
}

/** What was read, and the rows of it that could not be, as they were last looked up; one run shares it. */
interface View {
  reading: ReadingState;
  live: readonly QuarantineRow[];
}

interface Work {
  readonly configured: ConfiguredDetector;
  /** All marks of one timeline; at least one. */
  readonly marks: readonly [WorkMark, ...WorkMark[]];
}

// Marks of a detector that is switched off stay where they are: they are drained when it is switched on again.
async function collectWork(
  assessor: Assessor,
  dirty: readonly WorkMark[],
  reading: ReadingState,
): Promise<readonly Work[]> {
  const { marks } = assessor.stores;
  const found = [...dirty];
  for (const { detector } of assessor.detectors) {
    const end = coverageEnd(detector, coverageOf(detector, reading));
    if (end !== undefined) {
      found.push(...(await marks.due(detector.id, end)));
    }
  }
  const byTimeline = Map.groupBy(found, (mark) => mark.timeline.id);
  return [...byTimeline.values()].flatMap((group) => {
    const [first, ...others] = group;
    const configured = [...assessor.detectors, WATCH_OVER_LOGS].find(
      ({ detector }) => detector.id === first?.timeline.detector,
    );
    return first === undefined || configured === undefined
      ? []
      : [{ configured, marks: [first, ...others] as const }];
  });
}

type Outcome = Pick<Judgement, 'changes' | 'pending' | 'undetermined'> & {
  readonly isDone: boolean;
};

async function assessTimeline(
  assessor: Assessor,
  view: View,
  configured: ConfiguredDetector,
  marks: Work['marks'],
  rules: readonly SuppressionRule[],
): Promise<Outcome> {
  const { timeline } = marks[0];
  const { stores, clock } = assessor;
  const changes: FindingChange[] = [];
  const writer = new FindingWriter(stores, timeline, clock.now());
  let hasLooked = assessor.secondLook === undefined || isCatchingUp(marks);
  for (let round = 0; round < ROUNDS; round++) {
    const { judgement, stored, version, unreadable } = await lookOnce(
      assessor,
      view,
      configured,
      marks,
      rules,
    );
    if (!hasLooked && judgement.restsOn !== undefined) {
      const { detector } = configured;
      const outcome = await assessor.secondLook?.(detector, timeline, judgement.restsOn);
      if (outcome === 'later') {
        break;
      }
      hasLooked = true;
      continue;
    }
    if (judgement.changes.length > 0) {
      // What others could not read since: coverage may have moved over it before we read that.
      view.live = await stores.quarantine.live();
      const now = concerning(view.live, timeline.detector, timeline.subject.id);
      if (!isSameGaps(unreadable, now)) {
        continue;
      }
    }
    const isWhole = await commitAll(writer, judgement.changes, stored, changes);
    if (judgement.askAgainAt !== undefined) {
      await stores.marks.markDue(timeline, judgement.askAgainAt);
    }
    // Who wrote must look whether the timeline moved since: the other runner may have judged before us and be gone.
    const isStill =
      judgement.changes.length === 0 ||
      (await stores.signals.read(timeline.id)).version === version;
    if (isWhole && isStill) {
      await writer.writeLines();
      const { pending, undetermined } = judgement;
      return { changes, pending, undetermined, isDone: true };
    }
  }
  await writer.writeLines();
  return { changes, pending: [], undetermined: [], isDone: false };
}

/**
 * Nobody judges a finding by an older coverage than it was judged by before: when one of those stored is ahead of what
 * this drain knows, coverage is looked up anew. One that is judged meanwhile refuses our write by its ETag.
 */
async function lookOnce(
  assessor: Assessor,
  view: View,
  configured: ConfiguredDetector,
  marks: Work['marks'],
  rules: readonly SuppressionRule[],
): Promise<{
  judgement: Judgement;
  stored: readonly StoredFinding[];
  version: string;
  unreadable: readonly OpenRow[];
}> {
  const { detector } = configured;
  const { timeline } = marks[0];
  const stored = await assessor.stores.findings.readTimeline(timeline.id);
  if (stored.some(({ finding }) => isAhead(finding, coverageOf(detector, view.reading)))) {
    view.reading = await assessor.stores.coverage.reading();
  }
  const coverage = coverageOf(detector, view.reading);
  const { signals, version } = await assessor.stores.signals.read(timeline.id);
  const unreadable = await stillUnread(assessor, timeline, signals, view);
  const judgement = judge({
    configured,
    tenantId: assessor.tenantId,
    timeline: timeline.id,
    subject: timeline.subject,
    signals,
    ...{ coverage, unreadable },
    floor: floorFor(detector, marks, coverage, assessor.clock.now()),
    isExport: assessor.isExport === true,
    isCatchingUp: isCatchingUp(marks),
    stored: stored.map((each) => each.finding),
    rules,
    now: assessor.clock.now(),
  });
  return { judgement, stored, version, unreadable };
}

/** The open gaps that concern a timeline. A row of which it holds a signal was read before, and is no gap. */
async function stillUnread(
  { stores, clock }: Assessor,
  { detector, subject }: TimelineRef,
  signals: readonly Signal[],
  view: View,
): Promise<readonly OpenRow[]> {
  const open = concerning(view.live, detector, subject.id);
  if (open.length === 0) {
    return open;
  }
  const events = new Set(signals.map(({ eventId }) => eventId));
  const read = open.filter(({ eventId }) => eventId !== undefined && events.has(eventId));
  if (read.length === 0) {
    return open;
  }
  for (const { id } of read) {
    await stores.quarantine.end(id, { how: 'readable', at: clock.now() });
  }
  view.live = await stores.quarantine.live();
  return open.filter((row) => !read.includes(row));
}

function isSameGaps(a: readonly OpenRow[], b: readonly OpenRow[]): boolean {
  const idsOf = (rows: readonly OpenRow[]): string =>
    rows
      .map(({ id, gap }) => `${id} ${gap.from} ${gap.to}`)
      .sort()
      .join();
  return idsOf(a) === idsOf(b);
}

function isAhead({ judgedBy }: Finding, coverage: CoverageBySource): boolean {
  return SOURCES.some((source) => (judgedBy[source] ?? '') > (coverage[source]?.to ?? ''));
}

function isCatchingUp(marks: Work['marks']): boolean {
  return marks.some((mark) => mark.isCatchingUp === true);
}

function floorFor(
  detector: Detector,
  marks: Work['marks'],
  coverage: CoverageBySource,
  now: Instant,
): Instant | undefined {
  if (detector.id === LOG_READING.id) {
    return floorOf(detector, now); // what is known of the reading is known at once
  }
  const touched = marks.find((mark) => mark.coverageEnds !== undefined)?.coverageEnds;
  if (touched === undefined) {
    return floorOf(detector, coverageEnd(detector, coverage));
  }
  const sources = sourcesOf(detector.needs);
  const ends = sources.map((source) => touched[source]).filter((end) => end !== undefined);
  return ends.length < sources.length ? undefined : floorOf(detector, ends.toSorted()[0]);
}

async function commitAll(
  writer: FindingWriter,
  changes: readonly FindingChange[],
  stored: readonly StoredFinding[],
  written: FindingChange[],
): Promise<boolean> {
  for (const change of changes) {
    const etag = stored.find((each) => each.finding.id === change.finding.id)?.etag;
    if (!(await writer.commit(change, etag))) {
      return false;
    }
    written.push(change);
  }
  return true;
}
