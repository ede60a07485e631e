import { admits, type Detector } from '../domain/detector';
import { timelineId } from '../domain/finding';
import type { EntraRecord, Source } from '../domain/record';
import { joinSignals, normalise, type Signal } from '../domain/signal';
import type { TimelineRef } from './ports';

/** Which rows of a source are worth more than a look at id and time. */
export interface Wanted {
  readonly source: Source;
  readonly isWanted: (propertyOf: (property: string) => unknown) => boolean;
}

/** What the detectors together look at, per source. */
export function wantedBy(detectors: readonly Detector[], source: Source): Wanted {
  const reads = detectors.flatMap((each) => each.reads).filter((read) => read.source === source);
  return {
    source,
    isWanted: (propertyOf) => reads.some((read) => admits(read, propertyOf(read.property))),
  };
}

/** The signals of one timeline that a batch of records brought. */
export interface TimelineSignals {
  readonly timeline: TimelineRef;
  readonly detector: Detector;
  readonly signals: Map<string, Signal>;
}
/** By timeline id. */
export type Selection = Map<string, TimelineSignals>;

/** Draws each detector's signals from records and gathers them by timeline, joined where they share a key. */
export function select(
  tenantId: string,
  detectors: readonly Detector[],
  records: readonly EntraRecord[],
  into: Selection = new Map(),
): Selection {
  for (const detector of detectors) {
    const ids = new Map<string, string>();
    for (const record of records) {
      for (const signal of detector.signals(record)) {
        const subject = signal.subject.id;
        const id = ids.get(subject) ?? timelineId(tenantId, detector.id, subject);
        ids.set(subject, id);
        gather(into, id, detector, signal);
      }
    }
  }
  return into;
}

function gather(into: Selection, id: string, detector: Detector, signal: Signal): void {
  let entry = into.get(id);
  if (entry === undefined) {
    const timeline = { id, detector: detector.id, subject: signal.subject };
    entry = { timeline, detector, signals: new Map() };
    into.set(id, entry);
  }
  const fresh = normalise(signal, detector.join);
  const known = entry.signals.get(signal.key);
  entry.signals.set(
    signal.key,
    known === undefined ? fresh : joinSignals(known, fresh, detector.join),
  );
}
