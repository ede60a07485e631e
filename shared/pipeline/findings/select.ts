import { shortHash } from '../../domain/json';
import { admits, isAsked, type Detector, type Read } from '../../domain/detector';
import { isSameFeed, type Feed, type Property } from '../../domain/reading/feed';
import { timelineId } from '../../domain/findings/finding';
import type { EntraRecord, Log, Source } from '../../domain/record';
import { joinSignals, normalise, type Signal } from '../../domain/findings/signal';
import { specOf } from '../../sources';
import type { TimelineRef } from '../ports/signal-store';
import type { Wanted } from '../ports/record-source';

/** What is read of one feed: which rows, and for whom. */
export interface FeedReads extends Feed {
  /** What the detectors together ask for: the rows that have one of these. */
  readonly values: readonly (string | number)[];
  /** By detector, what it reads of this feed, hashed: what was read for one is not read for another. */
  readonly reads: Readonly<Record<string, string>>;
  /** The detectors whose absences rest on it. */
  readonly neededBy: readonly string[];
}

/** The feeds of a source that the detectors ask for, each once. */
export function feedsFor(detectors: readonly Detector[], source: Source): readonly FeedReads[] {
  const asked = detectors.flatMap((detector) =>
    detector.reads
      .filter((read) => read.source === source && isAsked(read))
      .map((read) => ({ detector, read })),
  );
  const byProperty = Map.groupBy(asked, ({ read }) => read.property);
  return [...byProperty].map(([property, each]) => {
    const feed = { source, property };
    const concerned = [...new Set(each.map(({ detector }) => detector))];
    return {
      ...feed,
      values: [...new Set(each.flatMap(({ read }) => read.values))],
      reads: Object.fromEntries(concerned.map((detector) => [detector.id, hashOf(detector, feed)])),
      neededBy: concerned.filter((detector) => needsFeed(detector, feed)).map(({ id }) => id),
    };
  });
}

/** True when absences that the detector concludes rest on this feed. */
function needsFeed(detector: Detector, feed: Feed): boolean {
  return detector.needs.some((each) => isSameFeed(each, feed));
}

/** Only what its absences rest on, where there is such: rows that sharpen a finding may come and go. */
function hashOf(detector: Detector, feed: Feed): string {
  const reads = detector.reads.filter((read) => isSameFeed(read, feed) && isAsked(read));
  const needed = reads.filter((read) => read.optional !== true);
  return shortHash(
    12,
    ...(needed.length > 0 ? needed : reads).map(
      ({ property, values }) => `${property}=${values.join('|')}`,
    ),
  );
}

/** What the detectors together look at of a source, and which of its feeds must bring a row. */
export function wantedBy(detectors: readonly Detector[], source: Log): Wanted {
  const reads = detectors.flatMap((each) => each.reads).filter((read) => read.source === source);
  const needing = detectors.map((detector) => ({
    detectorId: detector.id,
    isNeeded: anyOf(
      detector.reads
        .filter((read) => read.source === source && read.optional !== true)
        .map((read) => admission(read)),
    ),
  }));
  return {
    source,
    isWanted: anyOf(reads.map(admission)),
    feedsOf: feedsOfRow(reads.filter(isAsked)),
    neededBy: (row) =>
      needing.filter(({ isNeeded }) => isNeeded(row)).map(({ detectorId }) => detectorId),
  };
}

/** The same, asked for by the filter of one feed. */
export function filteredBy(wanted: Wanted, { property, values }: FeedReads): Wanted {
  return { ...wanted, filter: { property, values } };
}

/** What a dropped filter is remembered by: another filter is tried again. */
export function filterKey({ property, values }: FeedReads): string {
  return `${property} eq ${values.join(' | ')}`;
}

function feedsOfRow(reads: readonly Read[]): Wanted['feedsOf'] {
  const byProperty = Map.groupBy(reads, ({ property }) => property);
  const feeds = [...byProperty].map(([property, each]) => ({
    property,
    isNeeded: anyOf(each.map(({ prefix: _spelling, ...read }) => admission(read))),
  }));
  return (row) => {
    let found: Property[] | undefined;
    for (const { property, isNeeded } of feeds) {
      if (isNeeded(row)) {
        found ??= [];
        found.push(property);
      }
    }
    return found ?? NONE;
  };
}

/** Most rows: a million a run are asked, so no list is made for them. */
const NONE: readonly Property[] = [];

type Admission = (row: Readonly<Record<string, unknown>>) => boolean;

function anyOf(admissions: readonly Admission[]): Admission {
  return (row) => admissions.some((each) => each(row));
}

/** So many values of a property are remembered; few occur, and each comes by a million times. */
const REMEMBERED = 1_000;

function admission(read: Read): Admission {
  const [outer = '', inner] = read.property.split('/');
  const known = new Map<unknown, boolean>();
  return (row) => {
    const value = inner === undefined ? row[outer] : valueIn(row[outer], inner);
    let isAdmitted = known.get(value);
    if (isAdmitted === undefined) {
      isAdmitted = admits(read, value);
      if (known.size < REMEMBERED) {
        known.set(value, isAdmitted);
      }
    }
    return isAdmitted;
  };
}

function valueIn(value: unknown, property: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[property]
    : undefined;
}

/** The signals of one timeline that a batch of records brought. */
export interface TimelineSignals {
  readonly timeline: TimelineRef;
  readonly signals: Map<string, Signal>;
}
/** Per detector and subject. */
export type Selection = Map<Detector, Map<string, TimelineSignals>>;

/** Draws each detector's signals from records and gathers them by timeline, joined where they share a key. */
export function select(
  tenantId: string,
  detectors: readonly Detector[],
  records: readonly EntraRecord[],
  into: Selection = new Map(),
  onFault: (record: EntraRecord, detector: Detector, error: unknown) => void = rethrow,
): Selection {
  for (const detector of detectors) {
    // A page of its own first: what many of its records share is joined with the rest once, not once a record.
    const page = new Map<string, TimelineSignals>();
    const known = into.get(detector);
    const isRead = looksAt(detector);
    for (const record of records) {
      if (!isRead(record)) {
        continue;
      }
      try {
        for (const signal of detector.signals(record)) {
          gather(page, known, tenantId, detector, signal);
        }
      } catch (error) {
        // One record that a detector cannot take must not stop the page it came with.
        onFault(record, detector, error);
      }
    }
    into.set(detector, known === undefined ? page : addPage(known, page, detector));
  }
  return into;
}

/** True for a record that the detector reads; the same question as `isWanted`, asked of a record. */
function looksAt(detector: Detector): (record: EntraRecord) => boolean {
  const bySource = Map.groupBy(detector.reads, ({ source }) => source);
  const feeds = new Map(
    [...bySource].map(([source, reads]) => [source, feedsOfRecord(source, reads)]),
  );
  return (record) => feeds.get(record.source)?.some((isIn) => isIn(record)) === true;
}

/** Few values of a property occur, and each comes by a million times: its answer is remembered. */
function feedsOfRecord(
  source: Source,
  reads: readonly Read[],
): readonly ((record: EntraRecord) => boolean)[] {
  return [...Map.groupBy(reads, ({ property }) => property)].map(([property, each]) => {
    const valueOf = specOf({ source }).feeds[property];
    const known = new Map<unknown, boolean>();
    return (record) => {
      const value = valueOf?.(record);
      let isRead = known.get(value);
      if (isRead === undefined) {
        isRead = each.some((read) => admits(read, value));
        known.set(value, isRead);
      }
      return isRead;
    };
  });
}

function rethrow(_record: EntraRecord, _detector: Detector, error: unknown): never {
  throw error;
}

function gather(
  page: Map<string, TimelineSignals>,
  known: ReadonlyMap<string, TimelineSignals> | undefined,
  tenantId: string,
  detector: Detector,
  signal: Signal,
): void {
  const { subject } = signal;
  let entry = page.get(subject.id);
  if (entry === undefined) {
    const id = known?.get(subject.id)?.timeline.id ?? timelineId(tenantId, detector.id, subject.id);
    entry = { timeline: { id, detector: detector.id, subject }, signals: new Map() };
    page.set(subject.id, entry);
  }
  addSignal(entry.signals, normalise(signal, detector.join), detector);
}

function addPage(
  timelines: Map<string, TimelineSignals>,
  page: ReadonlyMap<string, TimelineSignals>,
  detector: Detector,
): Map<string, TimelineSignals> {
  for (const [id, entry] of page) {
    const known = timelines.get(id);
    if (known === undefined) {
      timelines.set(id, entry);
      continue;
    }
    for (const signal of entry.signals.values()) {
      addSignal(known.signals, signal, detector);
    }
  }
  return timelines;
}

function addSignal(signals: Map<string, Signal>, fresh: Signal, { join }: Detector): void {
  const known = signals.get(fresh.key);
  signals.set(fresh.key, known === undefined ? fresh : joinSignals(known, fresh, join));
}
