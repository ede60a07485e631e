import type { MemoryStores } from './memory-stores';
import { DETECTORS } from '../../shared/detectors/index';
import { coveringFor } from '../../shared/domain/reading/source-state';
import { HOUR, latest, plus, type Instant } from '../../shared/domain/time';
import {
  SourceError,
  type RecordSource,
  type SourcePage,
  type Wanted,
} from '../../shared/pipeline/ports/record-source';
import type { Clock } from '../../shared/pipeline/ports/clock';
import { feedsFor, filteredBy } from '../../shared/pipeline/findings/select';
import type { Breakage } from './fault-run';

type Reading = RecordSource['read'];

/** The same source with its reading altered; `about` one subject it is left as it is. */
function reading(alter: (read: Reading, stores: MemoryStores, clock: Clock) => Reading): Breakage {
  return {
    source: (records, stores, clock) => {
      const read: Reading = (window, wanted) => records.read(window, wanted);
      const altered = alter(read, stores, clock);
      return {
        read: (window, wanted) =>
          wanted.about === undefined ? altered(window, wanted) : read(window, wanted),
      };
    },
  };
}

/** Coverage moves when a window begins, not when its signals are kept. */
export const coveredTooSoon = reading(
  (read, stores, clock) =>
    async function* (window, wanted) {
      const to = plus(clock.now(), -2 * HOUR);
      if (window.from < to && window.to > to) {
        const { source } = wanted;
        const step = coveringFor(DETECTORS, source, { from: window.from, to });
        await stores.coverage.change(source, step);
      }
      yield* read(window, wanted);
    },
);

/** The second page of a window is lost. */
export const pageDropped = reading(
  (read) =>
    async function* (window, wanted) {
      let pages = 0;
      for await (const page of read(window, wanted)) {
        pages += 1;
        if (pages !== 2) {
          yield page;
        }
      }
    },
);

/** Rows that cannot be read are left out. */
export const unreadableForgotten = reading(
  (read) =>
    async function* (window, wanted) {
      for await (const page of read(window, wanted)) {
        yield { ...page, malformed: [] };
      }
    },
);

/** What could not be read to its end passes for read. */
export const troubleSwallowed = reading(
  (read) =>
    async function* (window, wanted) {
      try {
        yield* read(window, wanted);
      } catch (error) {
        if (!(error instanceof SourceError)) {
          throw error;
        }
      }
    },
);

/** Whatever is asked for is asked for with the filter: nobody ever looks whether it tells the truth. */
export const alwaysFiltered = reading((read) => (window, wanted) => {
  const [feed] = feedsFor(DETECTORS, wanted.source);
  return read(window, wanted.filter === undefined ? filteredBy(wanted, feed!) : wanted);
});

/** A plain watermark: what lies before the furthest end of a window was read once and is not looked at again. */
export const readOnlyOnce = reading((read) => {
  const marks = new Map<Wanted['source'], Instant>();
  return async function* (window, wanted) {
    const mark = marks.get(wanted.source) ?? window.from;
    yield* onlyRecords(read(window, wanted), (record) => record.at >= mark);
    marks.set(wanted.source, latest(mark, window.to));
  };
});

/** A row that was seen is known, whatever it says later. */
export const firstVersionWins = reading((read) => {
  const seen = new Set<string>();
  return (window, wanted) =>
    onlyRecords(read(window, wanted), ({ id }) => !seen.has(id) && seen.add(id).has(id));
});

async function* onlyRecords(
  pages: AsyncIterable<SourcePage>,
  isTaken: (record: SourcePage['records'][number]) => boolean,
): AsyncIterable<SourcePage> {
  for await (const page of pages) {
    yield { ...page, records: page.records.filter(isTaken) };
  }
}

/** The log ends with the first empty page. */
export const emptyPageEnds = answering((body) => {
  const { '@odata.nextLink': _dropped, ...rest } = body;
  return Array.isArray(body['value']) && body['value'].length === 0 ? rest : body;
});

/** A 200 with an error in it is a page without rows. */
export const errorIsEmpty = answering((body) => ('error' in body ? { value: [] } : body));

function answering(alter: (body: Record<string, unknown>) => Record<string, unknown>): Breakage {
  return {
    fetch: (fetchLike) => async (address, init) => {
      const response = await fetchLike(address, init);
      const text = await response.text();
      try {
        const body = alter(JSON.parse(text) as Record<string, unknown>);
        return response.ok ? new Response(JSON.stringify(body), response) : rebuilt(text, response);
      } catch {
        return rebuilt(text, response); // broken JSON is none of its business
      }
    },
  };
}

function rebuilt(text: string, response: Response): Response {
  return new Response(text, response);
}

/** More requests than this app's share of what Graph allows. */
export const limitIgnored: Breakage = { requestsPer10Seconds: 4 };

/** Now and then a write is refused, and nobody looks. */
export const refusalTakenForDone: Breakage = {
  stores: (stores) => {
    let writes = 0;
    return stores.over((run, operation, _table, isConditional) => {
      writes += isConditional ? 1 : 0;
      return isConditional && operation === 'transaction' && writes % 7 === 0
        ? Promise.resolve(new Map() as never)
        : run();
    });
  },
};
