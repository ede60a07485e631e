import { writeLate, type MemoryStores } from './memory-stores';
import type { ConfiguredDetector, Detector } from '../../shared/domain/detector';
import type { QuarantineRow } from '../../shared/domain/quarantine';
import type { Signal } from '../../shared/domain/signal';
import type { SignalStore, EngineStores, TimelineRef, WorkMark } from '../../shared/pipeline/ports';
import { around, Crash } from './crashing';
import { days } from './records';
import { END } from './stories';
import type { Coverage } from '../../shared/domain/coverage';
import { PROPERTIES } from '../../shared/domain/feed';
import { UNREAD, type FeedState } from '../../shared/domain/journal';
import {
  feedsIn,
  inFeeds,
  type ReadingState,
  type SourceState,
} from '../../shared/domain/source-state';

/** Faults to plant between the pipeline and its stores. `raw` are the stores behind every wrapper. */
export type Fault = (stores: EngineStores, raw: MemoryStores) => EngineStores;

// ------------------------------------------------------------------------------------------------------- signals

/** Two signals of one key are not joined: the first or the newest delivery is kept as it is. */
class UnjoinedSignals implements SignalStore {
  readonly #timelines = new Map<string, { ref: TimelineRef; signals: Map<string, Signal> }>();
  readonly #keeps: 'first' | 'newest';
  #version = 0;

  constructor(keeps: 'first' | 'newest') {
    this.#keeps = keeps;
  }

  merge(ref: TimelineRef, signals: readonly Signal[]): Promise<void> {
    const timeline = this.#timelines.get(ref.id) ?? { ref, signals: new Map<string, Signal>() };
    this.#timelines.set(ref.id, timeline);
    this.#version += 1;
    for (const signal of signals) {
      if (this.#keeps === 'newest' || !timeline.signals.has(signal.key)) {
        timeline.signals.set(signal.key, signal);
      }
    }
    return Promise.resolve();
  }

  read(id: string): ReturnType<SignalStore['read']> {
    const signals = [...(this.#timelines.get(id)?.signals.values() ?? [])];
    return Promise.resolve({ signals, version: String(this.#version) });
  }

  async *timelinesOf(detectorId: string): AsyncIterable<TimelineRef> {
    for (const { ref } of this.#timelines.values()) {
      if (ref.detector === detectorId) {
        yield Promise.resolve(ref);
      }
    }
  }
}

export const newestVersionWins: Fault = (stores) => ({
  ...stores,
  signals: new UnjoinedSignals('newest'),
});

export const firstVersionWins: Fault = (stores) => ({
  ...stores,
  signals: new UnjoinedSignals('first'),
});

/** A timeline that says it has not moved when it has. */
export const timelineNeverMoves: Fault = (stores) => ({
  ...stores,
  signals: overriding(stores.signals, {
    read: async (id) => ({ ...(await stores.signals.read(id)), version: 'same' }),
  }),
});

// ------------------------------------------------------------------------------------------------------- findings

/** The last writer wins. */
export const etagsIgnored: Fault = (stores, raw) => ({
  ...stores,
  findings: overriding(stores.findings, {
    commit: async (change) => {
      await stores.findings.readTimeline(''); // a turn for the other runner
      return careless(raw, () => raw.findings.commit(change, undefined));
    },
  }),
});

/** Within it every write of a finding is taken. Nobody else has a turn meanwhile. */
async function careless<T>({ tables }: MemoryStores, write: () => Promise<T>): Promise<T> {
  const contents = tables.contents('Findings');
  contents.isRefused = () => false;
  try {
    return await write();
  } finally {
    Reflect.deleteProperty(contents, 'isRefused');
  }
}

/** Finding first, history and alert in a second step. */
export const commitInTwoSteps: Fault = (stores, raw) => ({
  ...stores,
  findings: overriding(stores.findings, {
    commit: async ({ finding, transition, alert }, etag) => {
      const isWritten = await stores.findings.commit({ finding }, etag);
      if (isWritten && transition !== undefined) {
        writeLate(raw, transition);
        await stores.findings.readTimeline(''); // where a kill falls between the two
        if (alert !== undefined) {
          writeLate(raw, transition, alert);
        }
      }
      return isWritten;
    },
  }),
});

/** What a person decided is not carried along when Crosscheck writes. */
export const actsDropped: Fault = (stores) => ({
  ...stores,
  findings: overriding(stores.findings, {
    commit: (change, etag) => {
      const { act: _act, ...finding } = change.finding;
      const isByPerson = change.transition !== undefined && change.transition.by !== 'crosscheck';
      return stores.findings.commit(isByPerson ? change : { ...change, finding }, etag);
    },
  }),
});

// ---------------------------------------------------------------------------------------------------------- marks

/** Marks go when they are listed, not when their work is done. */
export const marksGoFirst: Fault = (stores) => {
  const taken = async (marks: readonly WorkMark[]): Promise<readonly WorkMark[]> => {
    for (const mark of marks) {
      await stores.marks.remove(mark);
    }
    return marks;
  };
  return {
    ...stores,
    marks: overriding(stores.marks, {
      dirty: async () => taken(await stores.marks.dirty()),
      due: async (detector, end) => taken(await stores.marks.due(detector, end)),
    }),
  };
};

/** Marks are kept in memory until they are drained: a kill loses them, and coverage has moved. */
export const marksBuffered: Fault = (stores) => {
  let buffer: Parameters<EngineStores['marks']['markDirty']>[] = [];
  const forgetful = around(stores, async (run) => {
    try {
      return await run();
    } catch (error) {
      buffer = error instanceof Crash ? [] : buffer;
      throw error;
    }
  });
  return {
    ...forgetful,
    marks: overriding(forgetful.marks, {
      markDirty: (...marks) => {
        buffer.push(marks);
        return Promise.resolve();
      },
      dirty: async () => {
        for (const marks of buffer) {
          await forgetful.marks.markDirty(...marks);
        }
        buffer = [];
        return forgetful.marks.dirty();
      },
    }),
  };
};

/** A mark is removed although it was written again meanwhile. */
export const marksRemovedBlindly: Fault = (stores, raw) => ({
  ...stores,
  marks: overriding(stores.marks, {
    remove: async (mark) => {
      await stores.marks.remove(mark);
      const renewed = (await raw.marks.dirty()).find(
        (each) => each.timeline.id === mark.timeline.id,
      );
      await (renewed && mark.cause === 'dirty' && raw.marks.remove(renewed));
    },
  }),
});

/** A mark that is there already is left as it is, with the ETag that a runner at work will remove it by. */
export const marksNotRenewed: Fault = (stores, raw) => ({
  ...stores,
  marks: overriding(stores.marks, {
    markDirty: async (timelines, ...why) => {
      const there = new Set((await raw.marks.dirty()).map((mark) => mark.timeline.id));
      await stores.marks.markDirty(
        timelines.filter((each) => !there.has(each.id)),
        ...why,
      );
    },
  }),
});

/** A mark does not say that it is about the past. */
export const catchingUpForgotten: Fault = (stores) => ({
  ...stores,
  marks: overriding(stores.marks, {
    markDirty: (timelines, ends) => stores.marks.markDirty(timelines, ends),
  }),
});

/** Signals are marked before they are stored, and not again after. */
export const markedBeforeOnly: Fault = (stores) => {
  let isStored = false;
  return {
    ...stores,
    signals: overriding(stores.signals, {
      merge: async (...signals) => {
        await stores.signals.merge(...signals);
        isStored = true;
      },
    }),
    marks: overriding(stores.marks, {
      markDirty: async (...marks) => {
        await (isStored ? undefined : stores.marks.markDirty(...marks));
        isStored = false;
      },
    }),
  };
};

/** Nobody is asked again. */
export const dueForgotten: Fault = (stores) => ({
  ...stores,
  marks: overriding(stores.marks, { markDue: () => Promise.resolve() }),
});

// ---------------------------------------------------------------------------------------------------------- lists

/** Findings are written with no mark that says so. */
export const writingUnmarked: Fault = (stores) => ({
  ...stores,
  marks: overriding(stores.marks, {
    markWriting: (timeline, since) =>
      Promise.resolve({ timeline, since, cause: 'writing', etag: 'none' }),
  }),
});

/** A line is written once, and not corrected when the finding changed meanwhile. */
export const linesWrittenOnce: Fault = (stores) => {
  const written = new Set<string>();
  return {
    ...stores,
    marks: overriding(stores.marks, {
      markWriting: (timeline, since) => {
        written.clear();
        return stores.marks.markWriting(timeline, since);
      },
    }),
    index: overriding(stores.index, {
      put: async (finding) => {
        if (!written.has(finding.id)) {
          written.add(finding.id);
          await stores.index.put(finding);
        }
      },
    }),
  };
};

// ------------------------------------------------------------------------------------------------------- coverage

/** One stretch from the first to the last that was read. */
export const gapsHidden: Fault = (stores) => ({
  ...stores,
  coverage: overriding(stores.coverage, {
    reading: async () =>
      withCoverage(await stores.coverage.reading(), (each) => ({ ...each, gaps: [] })),
  }),
});

/** What has not been read yet counts as read. */
export const allCovered: Fault = (stores) => ({
  ...stores,
  coverage: overriding(stores.coverage, {
    reading: () => {
      const byDetector: Record<string, Coverage> = new Proxy({}, { get: () => ALL });
      const feeds = Object.fromEntries(PROPERTIES.map((each) => [each, { ...UNREAD, byDetector }]));
      return Promise.resolve({
        directoryAudits: { source: 'directoryAudits', feeds },
        signIns: { source: 'signIns', feeds },
      });
    },
  }),
});
const ALL: Coverage = { from: days(-90), to: END, gaps: [] };

/** With the coverage of every detector altered, in every feed. */
function withCoverage(reading: ReadingState, alter: (known: Coverage) => Coverage): ReadingState {
  const feedsOf = (state: SourceState): SourceState =>
    inFeeds(
      feedsIn(state).map(([property]) => property),
      (feed) => {
        const altered = Object.entries(feed.byDetector).map(([id, each]) => [id, alter(each)]);
        return { ...feed, byDetector: Object.fromEntries(altered) as FeedState['byDetector'] };
      },
    )(state);
  return Object.fromEntries(
    Object.values(reading).map((state) => [state.source, feedsOf(state)] as const),
  );
}

// ------------------------------------------------------------------------------------------------------ detectors

/** The anchor is the number of the delivery, as a counter or a time of reading would be. */
export function anchoredByArrival(detectors: readonly ConfiguredDetector[]): ConfiguredDetector[] {
  let arrivals = 0;
  return altered(detectors, (detector) => ({
    signals: (record) => {
      arrivals += 1;
      const arrival = arrivals;
      return detector
        .signals(record)
        .map((each) => ({ ...each, facts: { ...each.facts, arrival } }));
    },
    assess: (timeline, coverage, settings) => {
      const { findings, ...rest } = detector.assess(timeline, coverage, settings);
      const first = Math.min(...timeline.map((each) => Number(each.facts['arrival'])));
      const moved = findings.map((answer) => ({
        ...answer,
        anchor: { ...answer.anchor, key: `${answer.anchor.key}|${first}` },
      }));
      return { ...rest, findings: moved };
    },
  }));
}

/** One signal per event, whatever it says. */
export function keyedByEvent(detectors: readonly ConfiguredDetector[]): ConfiguredDetector[] {
  return altered(detectors, (detector) => ({
    signals: (record) => detector.signals(record).map((each) => ({ ...each, key: record.id })),
  }));
}

export function altered(
  detectors: readonly ConfiguredDetector[],
  alter: (detector: Detector) => Partial<Detector>,
): ConfiguredDetector[] {
  return detectors.map((each) => ({
    ...each,
    detector: { ...each.detector, ...alter(each.detector) },
  }));
}

/** The same port with some methods replaced. */
function overriding<P extends object>(port: P, methods: Partial<P>): P {
  return new Proxy(port, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(name in methods ? methods : target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

// ---------------------------------------------------------------------------------------------- unreadable rows

/** Whoever judges knows of no gap. */
export const gapsUnknown: Fault = (stores) =>
  around(stores, async (run, name) => (name === 'quarantine.live' ? [] : run()));

/** Rows whose gap begins or ends mark nobody. */
export const gapsUnheard: Fault = (stores) =>
  around(stores, async (run, name) => {
    const result = await run();
    return name === 'quarantine.live'
      ? (result as readonly QuarantineRow[]).map((row) => ({ ...row, isHeard: true as const }))
      : result;
  });

/** A row that was read is unreadable again when it comes so. */
export const endsForgotten: Fault = (stores) =>
  around(stores, async (run, name) => (name === 'quarantine.end' ? undefined : run()));
