import { shortHash } from '../domain/canonical';
import { admits, looksAt, type Detector, type Read } from '../domain/detector';
import { timelineId } from '../domain/finding';
import type { EntraRecord, Source } from '../domain/record';
import { joinSignals, normalise, type Signal } from '../domain/signal';
import type { TimelineRef, Wanted } from './ports';

/** What the detectors together look at, per source. */
export function wantedBy(detectors: readonly Detector[], source: Source): Wanted {
  const reads = detectors.flatMap((each) => each.reads).filter((read) => read.source === source);
  const asked = reads.filter((read) => read.optional !== true);
  const needing = detectors.map((detector) => ({
    detectorId: detector.id,
    isNeeded: anyOf(
      detector.reads
        .filter((read) => read.source === source && read.optional !== true)
        .map((read) => admission(read)),
    ),
  }));
  const [property, ...others] = [...new Set(asked.map((read) => read.property))];
  const values = [...new Set(asked.flatMap((read) => read.values))];
  return {
    source,
    ...(property !== undefined && others.length === 0 && { filter: { property, values } }),
    isWanted: anyOf(reads.map(admission)),
    isNeeded: anyOf(asked.map(({ prefix: _spelling, ...read }) => admission(read))),
    neededBy: (row) =>
      needing.filter(({ isNeeded }) => isNeeded(row)).map(({ detectorId }) => detectorId),
  };
}

/** What a detector reads of a source, as a hash: what was read for one is not read for another. */
export function readsHash(detector: Detector, source: Source): string {
  const reads = detector.reads.filter((read) => read.source === source && read.optional !== true);
  return shortHash(12, ...reads.map(({ property, values }) => `${property}=${values.join('|')}`));
}

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
    const timelines = into.get(detector) ?? new Map<string, TimelineSignals>();
    into.set(detector, timelines);
    const isRead = rememberingLooksAt(detector);
    for (const record of records) {
      if (!isRead(record)) {
        continue;
      }
      try {
        for (const signal of detector.signals(record)) {
          gather(timelines, tenantId, detector, signal);
        }
      } catch (error) {
        // One record that a detector cannot take must not stop the page it came with.
        onFault(record, detector, error);
      }
    }
  }
  return into;
}

function rememberingLooksAt(detector: Detector): (record: EntraRecord) => boolean {
  const known = new Map<string, boolean>();
  return (record) => {
    const kind =
      record.source === 'directoryAudits'
        ? record.activity
        : `${record.clientApp ?? ''} ${record.errorCode ?? ''}`;
    let isRead = known.get(kind);
    if (isRead === undefined) {
      isRead = looksAt(detector, record);
      known.set(kind, isRead);
    }
    return isRead;
  };
}

function rethrow(_record: EntraRecord, _detector: Detector, error: unknown): never {
  throw error;
}

function gather(
  timelines: Map<string, TimelineSignals>,
  tenantId: string,
  detector: Detector,
  signal: Signal,
): void {
  const { subject, key } = signal;
  let entry = timelines.get(subject.id);
  if (entry === undefined) {
    const id = timelineId(tenantId, detector.id, subject.id);
    entry = { timeline: { id, detector: detector.id, subject }, signals: new Map() };
    timelines.set(subject.id, entry);
  }
  const fresh = normalise(signal, detector.join);
  const known = entry.signals.get(key);
  entry.signals.set(key, known === undefined ? fresh : joinSignals(known, fresh, detector.join));
}
