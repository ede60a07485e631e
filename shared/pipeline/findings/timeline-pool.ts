import type { Detector } from '../../domain/detector';
import { joinSignals, type Signal } from '../../domain/findings/signal';
import type { TimelineRef } from '../ports/signal-store';
import type { Selection, TimelineSignals } from './select';

/** Room outside memory: lines of text in numbered parts, read back in the order in which they were written. */
export interface Overflow {
  append(part: number, lines: readonly string[]): Promise<void>;
  read(part: number): AsyncIterable<string>;
}

export interface PoolLimits {
  /** So many timelines are held in memory. */
  readonly held: number;
  /** So many are handed on at once. */
  readonly batch: number;
}

const LIMITS: PoolLimits = { held: 200_000, batch: 2_000 };
/** A part is what is read back at once: a million timelines make 64 of 16,000. */
const PARTS = 64;

/**
 * The timelines of an export while it is read. Beyond a limit they are written out and joined again when they are read
 * back: joining does not mind the order, so the answer is the same.
 */
export class TimelinePool {
  readonly selection: Selection = new Map();
  readonly #detectors: readonly Detector[];
  readonly #overflow: Overflow | undefined;
  readonly #limits: PoolLimits;
  #hasOverflowed = false;

  /** @param overflow absent: everything stays in memory. */
  constructor(
    detectors: readonly Detector[],
    overflow: Overflow | undefined,
    limits: PoolLimits = LIMITS,
  ) {
    this.#detectors = detectors;
    this.#overflow = overflow;
    this.#limits = limits;
  }

  /** To be called after each page. */
  async settle(): Promise<void> {
    const held = [...this.selection.values()].reduce((sum, { size }) => sum + size, 0);
    if (held > this.#limits.held && this.#overflow !== undefined) {
      await this.#writeOut(this.#overflow);
    }
  }

  /** All timelines, each in exactly one batch; what is handed on is not held any more. At least one batch. */
  async *batches(): AsyncGenerator<Selection> {
    if (!this.#hasOverflowed || this.#overflow === undefined) {
      yield* inBatches(this.selection, this.#limits.batch);
      return;
    }
    await this.#writeOut(this.#overflow);
    for (let part = 0; part < PARTS; part++) {
      yield* inBatches(await this.#readBack(this.#overflow, part), this.#limits.batch);
    }
  }

  async #writeOut(overflow: Overflow): Promise<void> {
    this.#hasOverflowed = true;
    const parts = Array.from({ length: PARTS }, (): string[] => []);
    for (const timelines of this.selection.values()) {
      for (const { timeline, signals } of timelines.values()) {
        const line: Written = { timeline, signals: [...signals.values()] };
        parts[partOf(timeline)]?.push(JSON.stringify(line));
      }
      timelines.clear();
    }
    for (const [part, lines] of parts.entries()) {
      await overflow.append(part, lines);
    }
  }

  async #readBack(overflow: Overflow, part: number): Promise<Selection> {
    const selection: Selection = new Map();
    for await (const line of overflow.read(part)) {
      const { timeline, signals } = JSON.parse(line) as Written;
      const detector = this.#detectors.find(({ id }) => id === timeline.detector);
      if (detector !== undefined) {
        join(selection, detector, timeline, signals);
      }
    }
    return selection;
  }
}

interface Written {
  readonly timeline: TimelineRef;
  readonly signals: readonly Signal[];
}

/** By the hash that the id is. */
function partOf({ id }: TimelineRef): number {
  return Number.parseInt(id.slice(0, 2), 16) % PARTS;
}

function join(
  selection: Selection,
  detector: Detector,
  timeline: TimelineRef,
  signals: readonly Signal[],
): void {
  const timelines = selection.get(detector) ?? new Map<string, TimelineSignals>();
  selection.set(detector, timelines);
  const entry: TimelineSignals = timelines.get(timeline.subject.id) ?? {
    timeline,
    signals: new Map<string, Signal>(),
  };
  timelines.set(timeline.subject.id, entry);
  for (const signal of signals) {
    const known = entry.signals.get(signal.key);
    const joined = known === undefined ? signal : joinSignals(known, signal, detector.join);
    entry.signals.set(signal.key, joined);
  }
}

function* inBatches(selection: Selection, size: number): Generator<Selection> {
  let batch: Selection = new Map();
  let count = 0;
  let isFirst = true;
  for (const [detector, timelines] of selection) {
    for (const [subject, entry] of timelines) {
      const ofDetector = batch.get(detector) ?? new Map<string, TimelineSignals>();
      batch.set(detector, ofDetector);
      ofDetector.set(subject, entry);
      timelines.delete(subject);
      count += 1;
      if (count === size) {
        yield batch;
        batch = new Map();
        count = 0;
        isFirst = false;
      }
    }
  }
  if (count > 0 || isFirst) {
    yield batch;
  }
}
