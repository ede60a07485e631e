import type { Finding } from '../../domain/findings/finding';
import type { FindingChange } from '../../domain/findings/transition';
import { MINUTE, plus, type Instant } from '../../domain/time';
import { MAX_CLOCK_OFFSET } from '../../domain/reading/wrong-clock';
import { AT_A_TIME, concurrently } from '../concurrently';
import { lineOf, textOfLine } from './finding-lines';
import { entriesOf } from './finding-counts';
import { isStorageGone, UnreadableRowError } from '../ports/unreadable-row';
import type { CountEntry } from '../ports/finding-counts';
import type { EngineStores } from '../ports/stores';
import type { TimelineRef } from '../ports/signal-store';
import type { WorkMark } from '../ports/work-marks';

/** What whoever writes findings needs. */
export type WriterStores = Pick<EngineStores, 'findings' | 'index' | 'counts' | 'marks'>;

/** Longer than any run lasts: who left a mark this long ago is gone. */
const MAX_RUN_TIME = 15 * MINUTE;
const ROUNDS = 5;

/**
 * From before the first finding is written until its lines and counts are right there is a mark that only its writer
 * removes: after a crash anywhere between, `repairLines` ends the work. Writers that work side by side share one.
 */
export class WritingMark {
  readonly #stores: WriterStores;
  readonly #timelines: readonly TimelineRef[];
  readonly #now: Instant;
  readonly #entries: CountEntry[] = [];
  #marks: Promise<readonly WorkMark[]> | undefined;
  #isNeeded = false;

  constructor(stores: WriterStores, timelines: readonly TimelineRef[], now: Instant) {
    this.#stores = stores;
    this.#timelines = timelines;
    this.#now = now;
  }

  /** Resolves when it is there. */
  async put(): Promise<void> {
    this.#marks ??= this.#stores.marks.markWriting(this.#timelines, this.#now);
    await this.#marks;
  }

  /** To be counted in the end, together with what the others have written: each count is one row for all of them. */
  count(entries: readonly CountEntry[]): void {
    this.#entries.push(...entries);
  }

  /** Lines stay wrong: it must not go. */
  keep(): void {
    this.#isNeeded = true;
  }

  /** To be called when all have written their lines. */
  async end(): Promise<void> {
    if (this.#marks !== undefined) {
      await this.#stores.counts.add(this.#entries);
      if (!this.#isNeeded) {
        await this.#stores.marks.remove(await this.#marks);
      }
    }
  }
}

/** Writes findings of one timeline, then their lines in the lists and the counts of the day. */
export class FindingWriter {
  readonly #stores: WriterStores;
  readonly #timeline: TimelineRef;
  readonly #mark: WritingMark;
  readonly #ownsMark: boolean;
  /** What was written, by id; undefined where it is not known: an answer that got lost looks like a refusal. */
  readonly #touched = new Map<string, Finding | undefined>();
  readonly #entries: CountEntry[] = [];
  /** A refusal may be an answer that got lost: what is counted is then read from the histories. */
  #wasRefused = false;

  /** @param mark of several writers, which the caller ends; or when this one writes, to have one of its own. */
  constructor(stores: WriterStores, timeline: TimelineRef, mark: WritingMark | Instant) {
    this.#stores = stores;
    this.#timeline = timeline;
    this.#ownsMark = !(mark instanceof WritingMark);
    this.#mark = mark instanceof WritingMark ? mark : new WritingMark(stores, [timeline], mark);
  }

  /** As `FindingStore.commit`. */
  async commit(change: FindingChange, etag: string | undefined): Promise<boolean> {
    await this.#mark.put();
    const isWritten = await this.#stores.findings.commit(change, etag);
    this.#touched.set(change.finding.id, isWritten ? change.finding : undefined);
    this.#wasRefused ||= !isWritten;
    if (isWritten && change.transition !== undefined) {
      this.#entries.push(...entriesOf(change.finding, change.transition));
    }
    return isWritten;
  }

  /** To be called when the last finding is written. */
  async writeLines(): Promise<void> {
    if (this.#touched.size === 0) {
      return;
    }
    this.#mark.count(
      this.#wasRefused ? await countedIn(this.#stores, this.#timeline.id) : this.#entries,
    );
    if (!(await writeLines(this.#stores, this.#timeline.id, this.#touched))) {
      this.#mark.keep();
    }
    if (this.#ownsMark) {
      await this.#mark.end();
    }
  }
}

/**
 * Brings the lines of every timeline up to date whose writer may have been killed. The mark of one that may still be at
 * work stays: it would be missed if that one were killed later. So does the mark of one whose lines cannot be repaired.
 * @param onFault is told of each of those.
 */
export async function repairLines(
  stores: WriterStores,
  marks: readonly WorkMark[],
  now: Instant,
  onFault: (timeline: TimelineRef, error: unknown) => void,
): Promise<void> {
  const timelines = new Map(marks.flatMap((mark) => mark.timelines).map((each) => [each.id, each]));
  if (timelines.size === 0) {
    return;
  }
  const own = await stores.marks.markWriting([...timelines.values()], now);
  const wrong = new Set<string>();
  const entries: CountEntry[] = [];
  await concurrently(timelines.values(), AT_A_TIME, async (timeline) => {
    const { id } = timeline;
    try {
      entries.push(...(await countedIn(stores, id)));
      if (!(await writeLines(stores, id))) {
        wrong.add(id);
      }
    } catch (error) {
      if (isStorageGone(error)) {
        throw error;
      }
      wrong.add(id);
      onFault(timeline, error);
    }
  });
  await stores.counts.add(entries);
  const isRight = ({ timelines: named }: WorkMark): boolean =>
    named.every(({ id }) => !wrong.has(id));
  // One that begins later than now was written by a clock that was ahead, and would stay young for as long as that was.
  const isOld = ({ since = now }: WorkMark): boolean =>
    plus(since, MAX_RUN_TIME) < now || since > plus(now, MAX_CLOCK_OFFSET);
  await stores.marks.remove([
    ...marks.filter((mark) => isOld(mark) && isRight(mark)),
    ...own.filter(isRight),
  ]);
}

/** What the histories of a timeline count. What cannot be read is left as the counts have it. */
async function countedIn(
  { findings }: Pick<WriterStores, 'findings'>,
  timelineId: string,
): Promise<readonly CountEntry[]> {
  const entries: CountEntry[] = [];
  for (const { finding } of await findings.readTimeline(timelineId, () => undefined)) {
    try {
      const history = await findings.history(finding.id);
      entries.push(...history.flatMap((transition) => entriesOf(finding, transition)));
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) {
        throw error;
      }
    }
  }
  return entries;
}

/**
 * Writes lines until they say what is stored: whoever writes last has looked after writing, so that no slower writer
 * leaves an older line behind.
 * @param touched which findings, and what is known to be stored of them; all of the timeline when absent.
 * @returns false when they kept changing; the mark must stay then.
 */
export async function writeLines(
  { findings, index }: Pick<WriterStores, 'findings' | 'index'>,
  timelineId: string,
  touched?: ReadonlyMap<string, Finding | undefined>,
): Promise<boolean> {
  async function read(): Promise<readonly Finding[]> {
    // What cannot be read is left as the lists have it: its neighbours must not wait for it.
    const rows = await findings.readTimeline(timelineId, () => undefined);
    const stored = rows.map((each) => each.finding);
    return stored.filter(({ id }) => touched === undefined || touched.has(id));
  }
  const known = touched === undefined ? [undefined] : [...touched.values()];
  const isKnown = known.every((finding) => finding !== undefined);
  const written = new Map<string, Finding>();
  let current = isKnown ? known : await read();
  for (let round = 0; round < ROUNDS; round++) {
    for (const finding of current) {
      if (!isSameLine(written.get(finding.id), finding)) {
        await index.put(finding);
        written.set(finding.id, finding);
      }
    }
    current = await read();
    const there = new Set(current.map((finding) => finding.id));
    const gone = [...written.values()].filter((finding) => !there.has(finding.id));
    for (const finding of gone) {
      await index.remove(finding);
      written.delete(finding.id);
    }
    if (gone.length === 0 && current.every((each) => isSameLine(written.get(each.id), each))) {
      return true;
    }
  }
  return false;
}

function isSameLine(written: Finding | undefined, finding: Finding): boolean {
  return (
    written === finding ||
    (written !== undefined && textOfLine(lineOf(written)) === textOfLine(lineOf(finding)))
  );
}
