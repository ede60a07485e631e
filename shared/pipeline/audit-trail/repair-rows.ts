import { shortHash } from '../../domain/json';
import type { Interval } from '../../domain/reading/coverage';
import type { Detector } from '../../domain/detector';
import { sourcesOf, type Property } from '../../domain/reading/feed';
import { timelineId } from '../../domain/findings/finding';
import type { FeedState, WindowReport } from '../../domain/reading/journal';
import { EVER, type QuarantineRow } from '../../domain/reading/quarantine';
import { rebuiltFeed } from '../../domain/reading/rebuilt-feed';
import type { Source } from '../../domain/record';
import type { Subject } from '../../domain/findings/signal';
import { isTallied } from '../../domain/reading/tally';
import { DAY, plus, startOfMonth, toInstant } from '../../domain/time';
import { LOG_READING } from '../findings/log-reading';
import { markConcerned } from '../findings/mark';
import type { DamagedRow } from '../ports/damaged-rows';
import type { Now } from '../ports/clock';
import type { Stores } from '../ports/stores';
import type { TimelineRef } from '../ports/signal-store';
import { markEveryTimeline } from '../findings/rule-change';
import { feedsFor } from '../findings/select';
import { hearOfRows } from '../reading/unreadable';

export interface RowRepair {
  readonly tenantId: string;
  readonly stores: Stores;
  /** All that ever read anything, switched on or not. */
  readonly detectors: readonly Detector[];
  readonly clock: Now;
}

/** What became of damaged rows. */
export interface RowRepairReport {
  /** Rebuilt, or taken away because what they said is derived anew. Their text stays in the quarantine. */
  readonly rebuilt: readonly DamagedRow[];
  /** Signals that nothing tells again: their month is a gap of their person until somebody accepts it. */
  readonly gaps: readonly DamagedRow[];
  /** Of the audit trail, or beyond repair: they stay as they lie. */
  readonly left: readonly DamagedRow[];
}

/** So many are listed at once. */
const ROUNDS = 100;

/**
 * Looks at every row of every table and rebuilds what can be derived: coverage from the ledger, marks from timelines,
 * headers from signals. Entries of lists and counts are left to `repair`, which is to be called next. Rows of the audit
 * trail stay. May be broken off and repeated at any time, also beside a running monitor.
 */
export async function repairRows(deps: RowRepair): Promise<RowRepairReport> {
  const { damaged } = deps.stores;
  await damaged.search();
  await damaged.retire();
  const repair = new Repair(deps);
  for (let round = 0; round < ROUNDS; round++) {
    const standing = await damaged.list();
    const news = standing.filter((row) => !repair.hasTried(row));
    if (news.length === 0) {
      break;
    }
    await repair.all(news);
  }
  await hearOfRows(deps);
  await damaged.retire();
  const left = await damaged.list();
  const isLeft = (row: DamagedRow): boolean => left.some((each) => keyOf(each) === keyOf(row));
  return {
    rebuilt: repair.done.filter((row) => !isLeft(row) && !repair.gaps.includes(row)),
    gaps: repair.gaps,
    left: left.filter(({ kind }) => kind !== 'list' && kind !== 'count'),
  };
}

class Repair {
  readonly gaps: DamagedRow[] = [];
  readonly done: DamagedRow[] = [];
  readonly #deps: RowRepair;
  readonly #tried = new Set<string>();

  constructor(deps: RowRepair) {
    this.#deps = deps;
  }

  hasTried(row: DamagedRow): boolean {
    return this.#tried.has(keyOf(row));
  }

  async all(rows: readonly DamagedRow[]): Promise<void> {
    const { coverage } = this.#deps.stores;
    rows.forEach((row) => this.#tried.add(keyOf(row)));
    const ofCoverage = rows.filter(({ kind }) => kind === 'coverage' || kind === 'feed');
    for (const [source, own] of Map.groupBy(ofCoverage, (row) => row.source)) {
      if (source !== undefined) {
        await coverage.rebuild(source, await this.#feedsOf(source, own));
        this.done.push(...own);
      }
    }
    // Headers first: they say of whom a signal is.
    const others = rows.filter((row) => !ofCoverage.includes(row));
    const isHeader = ({ kind }: DamagedRow): boolean => kind === 'timeline';
    for (const row of [...others.filter(isHeader), ...others.filter((each) => !isHeader(each))]) {
      if (await this.#one(row)) {
        this.done.push(row);
      }
    }
  }

  /** @returns whether something was done about it. */
  async #one(row: DamagedRow): Promise<boolean> {
    const { stores } = this.#deps;
    const { kind, detector = '', timeline = '', id = '' } = row;
    switch (kind) {
      case 'window':
      case 'writing-mark': // `repair` compares all lists
      case 'note':
      case 'copy':
        break;
      case 'mark':
      case 'detector-version':
        await markEveryTimeline(stores, { id: detector }, 'past');
        break;
      case 'due-mark': {
        const found = await this.#refOf(timeline);
        await markConcerned(stores, detector, found === undefined ? [] : [found]);
        break;
      }
      case 'timeline':
        return this.#rebuildHeader(row);
      case 'signal':
        return this.#replaceByGap(row);
      case 'quarantined':
        await stores.quarantine.restore(id);
        return true;
      case 'coverage':
      case 'feed':
      case 'send-mark':
      case 'finding':
      case 'history':
      case 'alert':
      case 'suppression':
      case 'seal':
      case 'list':
      case 'count':
      case 'unknown':
        return false;
    }
    await stores.damaged.remove(row);
    return true;
  }

  async #feedsOf(
    source: Source,
    rows: readonly DamagedRow[],
  ): Promise<Partial<Record<Property, FeedState>>> {
    const { stores, clock, detectors } = this.#deps;
    const windows: WindowReport[] = [];
    const ever = { from: EVER.from, to: plus(clock.now(), DAY) };
    for await (const window of stores.coverage.ledger(source, ever)) {
      windows.push(window);
    }
    const asked = feedsFor(detectors, source);
    const properties = rows.flatMap(({ property }) => (property === undefined ? [] : [property]));
    return Object.fromEntries(
      properties.map((property) => {
        const reads = asked.find((feed) => feed.property === property)?.reads ?? {};
        return [property, rebuiltFeed(windows, property, Object.keys(reads))];
      }),
    );
  }

  /** The worst is assumed of what it said: it is judged anew. */
  async #rebuildHeader(row: DamagedRow): Promise<boolean> {
    const { stores } = this.#deps;
    const timeline = await this.#refOf(row.timeline ?? '');
    if (timeline === undefined) {
      return false;
    }
    const stored = (await stores.signals.readMany([timeline.id])).get(timeline.id);
    if (stored === undefined || stored instanceof Error) {
      return false; // a signal of it is damaged too; the next round comes back to it
    }
    await markConcerned(stores, timeline.detector, [timeline]);
    await stores.signals.flagFindings([{ timeline, stored }]);
    return true;
  }

  /** What it said is lost. So nothing is concluded over its month, until a person says that it does not matter. */
  async #replaceByGap(row: DamagedRow): Promise<boolean> {
    const { stores, clock } = this.#deps;
    const timeline = await this.#refOf(row.timeline ?? '');
    if (timeline === undefined) {
      return false;
    }
    const { detector, subject } = timeline;
    const isAboutPerson = detector !== LOG_READING.id && !isTallied(subject);
    if (isAboutPerson) {
      const stretch = stretchOf(row.month);
      const sources = sourcesOf(this.#detector(detector)?.needs ?? []);
      await stores.quarantine.add(
        sources.map((source): QuarantineRow => ({
          id: shortHash(12, 'signal', source, keyOf(row)),
          ...{ source, reason: reasonOf(stretch, row), firstSeenAt: clock.now() },
          gap: { ...stretch, detectors: [detector], subject },
        })),
      );
      this.gaps.push(row);
    }
    await markConcerned(stores, detector, [timeline]);
    await stores.damaged.remove(row);
    return true;
  }

  #detector(id: string): Detector | undefined {
    return this.#deps.detectors.find((detector) => detector.id === id);
  }

  /** Whose timeline it is: as its header says, else as its signals or its findings do. */
  async #refOf(id: string): Promise<TimelineRef | undefined> {
    const { stores, detectors, tenantId } = this.#deps;
    const ids = [LOG_READING.id, ...detectors.map((detector) => detector.id)];
    for (const detector of ids) {
      for await (const timeline of stores.signals.timelinesOf(detector)) {
        if (timeline.id === id) {
          return timeline;
        }
      }
    }
    const stored = (await stores.signals.readMany([id])).get(id);
    const signals = stored === undefined || stored instanceof Error ? [] : stored.signals;
    const [known] = await stores.findings.readTimeline(id, () => undefined);
    const subject: Subject | undefined = signals.at(-1)?.subject ?? known?.finding.subject;
    const detector = ids.find((each) => subject && timelineId(tenantId, each, subject.id) === id);
    return subject && detector !== undefined ? { id, detector, subject } : undefined;
  }
}

function reasonOf(stretch: Interval, { month = '' }: DamagedRow): string {
  return stretch === EVER
    ? 'a stored signal could not be read, and not of which month it was either: nothing is concluded over any time'
    : `a stored signal of ${month} could not be read: nothing is concluded over that month`;
}

function stretchOf(month: string | undefined): Interval {
  if (month === undefined || !/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) {
    return EVER;
  }
  const from = toInstant(`${month}-01T00:00:00Z`);
  return { from, to: startOfMonth(plus(from, 32 * DAY)) };
}

function keyOf({ table, partitionKey, rowKey }: DamagedRow): string {
  return `${table} ${partitionKey} ${rowKey}`;
}
