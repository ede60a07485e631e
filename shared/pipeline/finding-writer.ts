import type { Finding, FindingChange } from '../domain/finding';
import { MINUTE, plus, type Instant } from '../domain/time';
import { lineOf, textOfLine } from './finding-lines';
import { entriesOf } from './finding-counts';
import {
  UnreadableRowError,
  type CountEntry,
  type EngineStores,
  type TimelineRef,
  type WorkMark,
} from './ports';

/** What whoever writes findings needs. */
export type WriterStores = Pick<EngineStores, 'findings' | 'index' | 'counts' | 'marks'>;

/** Longer than any run lasts: who left a mark this long ago is gone. */
const LONGEST_RUN = 15 * MINUTE;
const ROUNDS = 5;

/**
 * Writes findings of one timeline, then their lines in the lists and the counts of the day. From before the first write
 * until both are right there is a mark that only this writer removes: after a crash anywhere between, `repairLines` ends
 * the work.
 */
export class FindingWriter {
  readonly #stores: WriterStores;
  readonly #timeline: TimelineRef;
  readonly #now: Instant;
  #mark: WorkMark | undefined;
  /** What was written, by id; undefined where it is not known: an answer that got lost looks like a refusal. */
  readonly #touched = new Map<string, Finding | undefined>();
  readonly #entries: CountEntry[] = [];
  /** A refusal may be an answer that got lost: what is counted is then read from the histories. */
  #wasRefused = false;

  constructor(stores: WriterStores, timeline: TimelineRef, now: Instant) {
    this.#stores = stores;
    this.#timeline = timeline;
    this.#now = now;
  }

  /** As `FindingStore.commit`. */
  async commit(change: FindingChange, etag: string | undefined): Promise<boolean> {
    this.#mark ??= await this.#stores.marks.markWriting(this.#timeline, this.#now);
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
    if (this.#mark === undefined) {
      return;
    }
    await (this.#wasRefused
      ? countAnew(this.#stores, this.#timeline.id)
      : this.#stores.counts.add(this.#entries));
    if (await writeLines(this.#stores, this.#timeline.id, this.#touched)) {
      await this.#stores.marks.remove(this.#mark);
    }
  }
}

/**
 * Brings the lines of every timeline up to date whose writer may have been killed. The mark of one that may still be at
 * work stays: it would be missed if that one were killed later.
 */
export async function repairLines(
  stores: WriterStores,
  marks: readonly WorkMark[],
  now: Instant,
): Promise<void> {
  const left = Map.groupBy(marks, (mark) => mark.timeline.id);
  for (const [id, [first, ...others]] of left) {
    if (first === undefined) {
      continue;
    }
    const own = await stores.marks.markWriting(first.timeline, now);
    await countAnew(stores, id);
    if (!(await writeLines(stores, id))) {
      continue;
    }
    const old = [first, ...others].filter((mark) => plus(mark.since ?? now, LONGEST_RUN) < now);
    for (const mark of [...old, own]) {
      await stores.marks.remove(mark);
    }
  }
}

/** Counts what the histories of a timeline say. What cannot be read is left as the counts have it. */
async function countAnew(
  { findings, counts }: Pick<WriterStores, 'findings' | 'counts'>,
  timelineId: string,
): Promise<void> {
  for (const { finding } of await findings.readTimeline(timelineId, () => undefined)) {
    try {
      const history = await findings.history(finding.id);
      await counts.add(history.flatMap((transition) => entriesOf(finding, transition)));
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) {
        throw error;
      }
    }
  }
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
