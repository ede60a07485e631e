import { writeLate, type MemoryStores } from './memory-stores';
import type { ConfiguredDetector, Detector } from '../../shared/domain/detector';
import type { QuarantineRow } from '../../shared/domain/reading/quarantine';
import type { StoredRow } from '../../shared/adapters/tables/guards';
import { signalKey, timelineIn } from '../../shared/adapters/tables/timeline-rows';
import type { EngineStores } from '../../shared/pipeline/ports/stores';
import type { SignalStore, Touched } from '../../shared/pipeline/ports/signal-store';
import type { WorkMark } from '../../shared/pipeline/ports/work-marks';
import { around, Crash } from './crashing';
import { days } from './records';
import { END } from './stories';
import type { Coverage } from '../../shared/domain/reading/coverage';
import { PROPERTIES } from '../../shared/domain/reading/feed';
import { UNREAD, type FeedState } from '../../shared/domain/reading/journal';
import {
  feedsIn,
  inFeeds,
  type ReadingState,
  type SourceState,
} from '../../shared/domain/reading/source-state';

/** Faults to plant between the pipeline and its stores. `raw` are the stores behind every wrapper. */
export type Fault = (stores: EngineStores, raw: MemoryStores) => EngineStores;

// ------------------------------------------------------------------------------------------------------- signals

/** Two signals of one key are not joined: the newest delivery is kept as it is. */
export const newestVersionWins: Fault = (stores, raw) =>
  merging(stores, async (touched, ...how) => {
    for (const [key] of storedOf(raw, touched)) {
      raw.tables.contents('Timelines').remove(key);
    }
    return stores.signals.merge(touched, ...how);
  });

/** The first is. */
export const firstVersionWins: Fault = (stores, raw) =>
  merging(stores, (touched, ...how) => {
    const known = new Set(storedOf(raw, touched).map(([, { rowKey }]) => rowKey));
    const fresh = touched.map(({ timeline, signals }) => ({
      timeline,
      signals: signals.filter(({ key }) => !known.has(signalKey(timeline.id, key))),
    }));
    return stores.signals.merge(fresh, ...how);
  });

function storedOf({ tables }: MemoryStores, touched: readonly Touched[]): [string, StoredRow][] {
  const keys = new Set(
    touched.flatMap(({ timeline, signals }) =>
      signals.map(({ key }) => signalKey(timeline.id, key)),
    ),
  );
  return [...tables.contents('Timelines').rows].filter(([, { rowKey }]) => keys.has(rowKey));
}

function merging(stores: EngineStores, merge: SignalStore['merge']): EngineStores {
  return { ...stores, signals: overriding(stores.signals, { merge }) };
}

/** A timeline that says it has not moved when it has: its dirt goes, whoever brought it. */
export const timelineNeverMoves: Fault = (stores, raw) => ({
  ...stores,
  signals: overriding(stores.signals, {
    markClean: async (assessed) => {
      await stores.signals.read(''); // a turn for the other runner
      return careless(raw, 'Timelines', () => raw.signals.markClean(assessed));
    },
  }),
});

/** Signals that were written and not assessed are not remembered as such: what says nothing new marks nothing. */
export const dirtForgotten: Fault = (stores, raw) =>
  merging(stores, async (touched, rules, mark) => {
    const before = new Map([...raw.tables.contents('Timelines').rows]);
    const dirty = await stores.signals.merge(touched, rules, mark);
    const isChanged = (id: string): boolean =>
      [...raw.tables.contents('Timelines').rows].some(
        ([key, row]) => timelineIn(row) === id && before.get(key)?.etag !== row.etag,
      );
    return dirty.filter(({ id }) => isChanged(id));
  });

// ------------------------------------------------------------------------------------------------------- findings

/** The last writer wins. */
export const etagsIgnored: Fault = (stores, raw) => ({
  ...stores,
  findings: overriding(stores.findings, {
    commit: async (change) => {
      await stores.findings.readTimeline(''); // a turn for the other runner
      return careless(raw, 'Findings', () => raw.findings.commit(change, undefined));
    },
  }),
});

/** Within it every write to a table is taken. Nobody else has a turn meanwhile. */
async function careless<T>(
  { tables }: MemoryStores,
  table: string,
  write: () => Promise<T>,
): Promise<T> {
  const contents = tables.contents(table);
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
export const marksGoFirst: Fault = (stores) => ({
  ...stores,
  marks: overriding(stores.marks, {
    list: async () => {
      const marks = await stores.marks.list();
      await stores.marks.remove(marks);
      return marks;
    },
    due: async (ends) => {
      const marks = await stores.marks.due(ends);
      for (const mark of marks) {
        await stores.marks.removeDue(mark);
      }
      return marks;
    },
  }),
});

/** Marks are kept in memory until they are drained: a kill loses them, and coverage has moved. */
export const marksBuffered: Fault = (stores) => {
  let buffer: Parameters<EngineStores['marks']['mark']>[] = [];
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
      mark: (...marks) => {
        buffer.push(marks);
        return Promise.resolve();
      },
      list: async () => {
        for (const marks of buffer) {
          await forgetful.marks.mark(...marks);
        }
        buffer = [];
        return forgetful.marks.list();
      },
    }),
  };
};

/** With a mark goes what was marked of the same timelines since. */
export const marksRemovedBlindly: Fault = (stores, raw) => ({
  ...stores,
  marks: overriding(stores.marks, {
    remove: async (marks) => {
      await stores.marks.remove(marks);
      const done = new Set(idsIn(marks));
      const newer = await raw.marks.list();
      await raw.marks.remove(
        newer.filter(
          (mark) => mark.cause === 'signals' && idsIn([mark]).every((id) => done.has(id)),
        ),
      );
    },
  }),
});

/** Who has a mark already gets no other, although a runner at work will remove the one that is there. */
export const marksNotRenewed: Fault = (stores, raw) => ({
  ...stores,
  marks: overriding(stores.marks, {
    mark: async (timelines, why) => {
      const there = new Set(idsIn(await raw.marks.list()));
      await stores.marks.mark(
        timelines.filter((each) => !there.has(each.id)),
        why,
      );
    },
  }),
});

function idsIn(marks: readonly WorkMark[]): readonly string[] {
  return marks.flatMap(({ timelines }) => timelines.map(({ id }) => id));
}

/** No fault: everybody drains at once, as when a lease has run out. Nothing that is right may rest on leases. */
export const leasesIgnored: Fault = (stores) => ({
  ...stores,
  marks: overriding(stores.marks, {
    takeLease: (name) => Promise.resolve({ name, etag: 'none' }),
    renewLease: (lease) => Promise.resolve(lease),
    releaseLease: () => Promise.resolve(),
  }),
});

/** A mark does not say that it is about the past. */
export const catchingUpForgotten: Fault = (stores) => ({
  ...stores,
  marks: overriding(stores.marks, {
    mark: (timelines, { catchingUp: _past, ...why }) => stores.marks.mark(timelines, why),
  }),
});

/** Signals are marked before they are stored, and not again after. */
export const markedBeforeOnly: Fault = (stores) =>
  merging(stores, async (...signals) => {
    await stores.signals.merge(...signals);
    return [];
  });

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
    markWriting: (timelines, since) =>
      Promise.resolve([{ timelines, since, cause: 'writing', key: 'none' }]),
  }),
});

/** A line is written once, and not corrected when the finding changed meanwhile. */
export const linesWrittenOnce: Fault = (stores) => {
  const written = new Set<string>();
  return {
    ...stores,
    marks: overriding(stores.marks, {
      markWriting: (timelines, since) => {
        written.clear();
        return stores.marks.markWriting(timelines, since);
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
export function overriding<P extends object>(port: P, methods: Partial<P>): P {
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
