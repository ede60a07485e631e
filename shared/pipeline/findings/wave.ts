import { canonical, type Json } from '../../domain/json';
import type { CoverageBySource } from '../../domain/reading/coverage';
import type { Detector } from '../../domain/detector';
import { sourcesOf } from '../../domain/reading/feed';
import { judge, type Judgement } from '../../domain/findings/judge';
import { AT_A_TIME, concurrently } from '../concurrently';
import { concerning, type OpenRow } from '../../domain/reading/quarantine';
import type { Signal } from '../../domain/findings/signal';
import { coverageOf } from '../../domain/reading/source-state';
import type { Bench, WaveReport } from './bench';
import { FindingWriter, WritingMark } from './finding-writer';
import { LOG_READING } from './log-reading';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { EngineStores } from '../ports/stores';
import type { StoredFinding } from '../ports/finding-store';
import type { StoredTimeline, TimelineRef } from '../ports/signal-store';
import { floorFor, isCatchingUp, isConcerned, isOfThePast, type Work } from './work';

/** One look at a timeline: as it was read, and what follows from it. */
interface Look {
  readonly work: Work;
  readonly stored: StoredTimeline;
  readonly findings: readonly StoredFinding[];
  /** Rows that could not be read, and that concern it. */
  readonly unreadable: readonly OpenRow[];
  /** What it was judged by. */
  readonly coverage: CoverageBySource;
  readonly judgement: Judgement;
}

/** Timelines that are judged together: they share all requests that are not about findings. */
export class Wave {
  readonly #bench: Bench;
  readonly #report: WaveReport;
  /** Whom the log was asked about once more. */
  readonly #asked = new Set<string>();
  /** Of whom there are findings, whatever their header says. */
  readonly #refused = new Set<string>();

  constructor(bench: Bench, report: WaveReport) {
    this.#bench = bench;
    this.#report = report;
  }

  /** @returns what must be looked at again. */
  async round(works: readonly Work[]): Promise<readonly Work[]> {
    const { stores } = this.#bench;
    const looks = await this.#look(works);
    const again: Work[] = [];
    const asked = await this.#lookTwice(looks, again);
    const current = await this.#withSameCoverage(asked, again);
    const ready = await this.#withSameGaps(current, again);
    const announced = await this.#announce(ready, again);
    const written = await this.#write(announced, again);
    // When to ask again is marked first, then the dirt is taken away.
    await stores.marks.markDue(
      written.flatMap(({ work: { timeline }, judgement: { askAgainAt } }) =>
        askAgainAt === undefined ? [] : [{ timeline, at: askAgainAt }],
      ),
    );
    // Who wrote must know whether a timeline moved since: another runner may have judged before us and be gone.
    const moved = await stores.signals.markClean(written.filter(needsCleaning).map(toAssessed));
    await concurrently(written, AT_A_TIME, async ({ work, judgement }) => {
      if (moved.has(work.timeline.id)) {
        again.push(work);
      } else {
        await this.#report.onDone(work, judgement);
      }
    });
    return again;
  }

  /** Coverage is read before the timelines; of those that have no findings, none had to be read before it. */
  async #look(works: readonly Work[]): Promise<readonly Look[]> {
    const { stores } = this.#bench;
    const looks: Look[] = [];
    const alone: Work[] = [];
    const sound = works.filter((work) => this.#hasSoundCoverage(work));
    const found = await stores.signals.readMany(sound.map(({ timeline }) => timeline.id));
    for (const work of sound) {
      const { id } = work.timeline;
      const stored = found.get(id);
      if (stored instanceof UnreadableRowError) {
        this.#report.onFault(work, stored);
      } else if (stored !== undefined && isAssessed(stored) && !isConcerned(work)) {
        // Somebody has assessed it since it was marked, or it is marked and not written yet.
        await this.#report.onDone(work);
      } else if (stored === undefined || stored.hasFindings || this.#refused.has(id)) {
        alone.push(work);
      } else {
        looks.push(...(await this.#judge(work, stored, [])));
      }
    }
    await concurrently(alone, AT_A_TIME, async (work) => {
      if (await this.#report.mayGoOn()) {
        looks.push(...(await this.#lookAlone(work)));
      } else {
        this.#report.onLeft(work);
      }
    });
    return looks;
  }

  /** Nobody is judged by less coverage than before: while what is known of a log is damaged, who needs it waits. */
  #hasSoundCoverage(work: Work): boolean {
    const { detector } = work.configured;
    const needed = detector.id === LOG_READING.id ? [] : sourcesOf(detector.needs);
    const [why] = needed.flatMap((source) => this.#bench.reading[source]?.damaged?.why ?? []);
    if (why !== undefined) {
      this.#report.onFault(work, new Error(why));
    }
    return why === undefined;
  }

  /** Findings are read before the timeline: one that is judged meanwhile refuses our write by its ETag. */
  async #lookAlone(work: Work): Promise<readonly Look[]> {
    const { stores } = this.#bench;
    const { id } = work.timeline;
    try {
      const findings = await stores.findings.readTimeline(id);
      return await this.#judge(work, await stores.signals.read(id), findings);
    } catch (error) {
      this.#report.onFault(work, error);
      return [];
    }
  }

  /** @returns nothing when the timeline is at fault. */
  async #judge(
    work: Work,
    stored: StoredTimeline,
    findings: readonly StoredFinding[],
  ): Promise<readonly Look[]> {
    const { configured, timeline } = work;
    const { detector } = configured;
    const { tenantId, isExport, rules, clock, reading } = this.#bench;
    const coverage = coverageOf(detector, reading);
    try {
      const unreadable = await this.#stillUnread(timeline, stored.signals);
      if (findings.length === 0 && !canOpen(detector, stored.signals)) {
        return [{ work, stored, findings, unreadable, coverage, judgement: NOTHING }];
      }
      this.#report.onLook(work);
      const judgement = judge({
        ...{ configured, coverage, unreadable, tenantId, isExport, rules },
        signals: stored.signals,
        ...{ timeline: timeline.id, subject: timeline.subject },
        floor: floorFor(work, detector, coverage, clock.now()),
        isOfThePast: isOfThePast(work),
        stored: findings.map(({ finding }) => finding),
        now: clock.now(),
      });
      return [{ work, stored, findings, unreadable, coverage, judgement }];
    } catch (error) {
      this.#report.onFault(work, error);
      return [];
    }
  }

  /** What rests on something that did not happen is looked for once more before it opens. */
  async #lookTwice(looks: readonly Look[], again: Work[]): Promise<readonly Look[]> {
    const { secondLook } = this.#bench;
    const ready: Look[] = [];
    for (const look of looks) {
      const { work, judgement } = look;
      const { timeline, configured } = work;
      const isAsked = this.#asked.has(timeline.id) || isCatchingUp(work);
      if (secondLook === undefined || isAsked || judgement.absenceWindow === undefined) {
        ready.push(look);
        continue;
      }
      try {
        const outcome = await secondLook(configured.detector, timeline, judgement.absenceWindow);
        if (outcome === 'looked') {
          this.#asked.add(timeline.id);
          again.push(work);
        } else {
          this.#report.onLeft(work);
        }
      } catch (error) {
        this.#report.onFault(work, error);
      }
    }
    return ready;
  }

  /** The open gaps that concern a timeline. A row of which it holds a signal was read before, and is no gap. */
  async #stillUnread(
    { detector, subject }: TimelineRef,
    signals: readonly Signal[],
  ): Promise<readonly OpenRow[]> {
    const { stores, clock, live } = this.#bench;
    const open = concerning(live, detector, subject.id);
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
    this.#bench.live = await stores.quarantine.live();
    return open.filter((row) => !read.includes(row));
  }

  /**
   * Nobody changes a finding by an older coverage, or by a gap more, than it was judged by before: what is going to change
   * one is looked at again when coverage has moved since. What stays as it is asks again by its due mark.
   */
  async #withSameCoverage(looks: readonly Look[], again: Work[]): Promise<readonly Look[]> {
    const isOfStored = ({ judgement, findings }: Look): boolean =>
      judgement.changes.length > 0 && findings.length > 0;
    if (!looks.some(isOfStored)) {
      return looks;
    }
    const reading = await this.#bench.stores.coverage.reading();
    this.#bench.reading = reading;
    return thatHold(looks, again, (look) => {
      const now = coverageOf(look.work.configured.detector, reading);
      return !isOfStored(look) || isEqual(look.coverage, now);
    });
  }

  /** What others could not read since: coverage may have moved over it before we read that. */
  async #withSameGaps(looks: readonly Look[], again: Work[]): Promise<readonly Look[]> {
    const isChange = ({ judgement }: Look): boolean => judgement.changes.length > 0;
    if (!looks.some(isChange)) {
      return looks;
    }
    this.#bench.live = await this.#bench.stores.quarantine.live();
    return thatHold(looks, again, (look) => {
      const { detector, subject } = look.work.timeline;
      const now = concerning(this.#bench.live, detector, subject.id);
      return !isChange(look) || isSameGaps(look.unreadable, now);
    });
  }

  /** Before a first finding is written its timeline says so: else nobody would look for it. */
  async #announce(looks: readonly Look[], again: Work[]): Promise<readonly Look[]> {
    const { signals } = this.#bench.stores;
    const isFirst = ({ judgement, stored }: Look): boolean =>
      judgement.changes.length > 0 && !stored.hasFindings;
    const first = looks.filter(isFirst);
    const flagged = await signals.flagFindings(
      first.map(({ work, stored }) => ({ timeline: work.timeline, stored })),
    );
    return looks.flatMap((look) => {
      const stored = isFirst(look) ? flagged.get(look.work.timeline.id) : look.stored;
      if (stored === undefined) {
        again.push(look.work);
        return [];
      }
      return [{ ...look, stored }];
    });
  }

  /** @returns the looks of which everything is written. */
  async #write(looks: readonly Look[], again: Work[]): Promise<readonly Look[]> {
    const written = looks.filter(({ judgement }) => judgement.changes.length === 0);
    const changed = looks.filter(({ judgement }) => judgement.changes.length > 0);
    const { stores, clock } = this.#bench;
    const timelines = changed.map(({ work }) => work.timeline);
    const mark = new WritingMark(stores, timelines, clock.now());
    if (changed.length > 0) {
      await mark.put(); // all share it: when it is refused, none of them is at fault by that alone
    }
    await concurrently(changed, AT_A_TIME, async (look) => {
      const { work } = look;
      if (!(await this.#report.mayGoOn())) {
        this.#report.onLeft(work);
        return;
      }
      const writer = new FindingWriter(stores, work.timeline, mark);
      try {
        const isWritten = await this.#commitAll(writer, look);
        await writer.writeLines();
        if (isWritten) {
          written.push(look);
        } else {
          this.#refused.add(work.timeline.id);
          again.push(work);
        }
      } catch (error) {
        mark.keep(); // its lines may be wrong
        this.#report.onFault(work, error);
      }
    });
    await mark.end();
    return written;
  }

  async #commitAll(writer: FindingWriter, { judgement, findings }: Look): Promise<boolean> {
    for (const change of judgement.changes) {
      const etag = findings.find((each) => each.finding.id === change.finding.id)?.etag;
      if (!(await writer.commit(change, etag))) {
        return false;
      }
      this.#report.onChange(change);
    }
    return true;
  }
}

const NOTHING: Judgement = { changes: [], pending: [], undetermined: [] };

/** The others are looked at again. */
function thatHold(
  looks: readonly Look[],
  again: Work[],
  holds: (look: Look) => boolean,
): readonly Look[] {
  const held = new Set(looks.filter(holds));
  again.push(...looks.filter((look) => !held.has(look)).map(({ work }) => work));
  return [...held];
}

/** Whether a finding can begin with one of these signals. */
function canOpen({ opens }: Detector, signals: readonly Signal[]): boolean {
  return opens === undefined
    ? signals.length > 0
    : signals.some(({ kind }) => opens.includes(kind));
}

function toAssessed({
  work,
  stored,
}: Look): Parameters<EngineStores['signals']['markClean']>[0][number] {
  const opens = canOpen(work.configured.detector, stored.signals);
  return { timeline: work.timeline, stored, canOpen: opens };
}

/** There is something to be sure of: findings, dirt, or that a finding can begin with its signals after all. */
function needsCleaning(look: Look): boolean {
  const { judgement, stored } = look;
  return (
    judgement.changes.length > 0 || stored.isDirty || (!stored.canOpen && toAssessed(look).canOpen)
  );
}

/**
 * Nobody need look at it. With findings it is looked at although it is clean: a runner that was overtaken may have
 * written one by what it saw before.
 */
function isAssessed({ isDirty, hasFindings }: StoredTimeline): boolean {
  return !isDirty && !hasFindings;
}

function isSameGaps(a: readonly OpenRow[], b: readonly OpenRow[]): boolean {
  const idsOf = (rows: readonly OpenRow[]): string =>
    rows
      .map(({ id, gap }) => `${id} ${gap.from} ${gap.to}`)
      .sort()
      .join();
  return idsOf(a) === idsOf(b);
}

function isEqual(a: CoverageBySource, b: CoverageBySource): boolean {
  return canonical(a as unknown as Json) === canonical(b as unknown as Json);
}
