import type { Interval } from '../../domain/reading/coverage';
import type { EntraRecord, Malformed } from '../../domain/record';
import type { Instant } from '../../domain/time';
import type {
  RecordSource,
  SeenInFeeds,
  SourcePage,
  Wanted,
} from '../../pipeline/ports/record-source';
import { readRow } from '../rows/read-row';
import { graphClient, pathOf } from './graph-client';
import { firstPage, oneRow } from './odata';
import {
  ask,
  badAnswer,
  DeadTokenError,
  unavailable,
  type Answer,
  type RequestOptions,
} from './request';

const MAX_RESTARTS = 2;
/** Of one window. Whoever reads halves it long before; a server that never ends its pages is stopped here. */
const MAX_PAGES = 1_000;

/** The audit and sign-in logs through Microsoft Graph. */
export function graphSource(options: RequestOptions): RecordSource {
  const get = graphClient(options);
  return {
    async clocks(source) {
      return (await ask(get, oneRow(source), false, options)).clocks;
    },
    async *read(window, wanted) {
      const first = firstPage(window, wanted);
      let path: string | undefined = first;
      let restarts = 0;
      for (let page = 0; path !== undefined; page++) {
        if (page === MAX_PAGES) {
          throw unavailable(`a window has more than ${MAX_PAGES} pages`);
        }
        try {
          const isFiltered = wanted.filter !== undefined;
          const answer: Answer = await ask(get, path, isFiltered, options);
          const isAgain = restarts > 0 && path === first;
          yield { ...toPage(answer, window, wanted), ...(isAgain && { isAgain }) };
          const next: string | undefined =
            answer.nextLink && pathOf(answer.nextLink, options.baseUrl, first);
          if (next === path) {
            throw badAnswer('Graph answered with a next page that is the same page again');
          }
          path = next;
        } catch (error) {
          // Rows that come twice are nothing new, so a window whose token died begins again.
          if (!(error instanceof DeadTokenError) || restarts === MAX_RESTARTS) {
            throw error;
          }
          restarts += 1;
          path = first;
        }
      }
    },
  };
}

// Rows outside the window and rows that the filter should have kept away are not trusted to be absent: they are
// looked at like any other and left out here.
function toPage(answer: Answer, window: Interval, wanted: Wanted): SourcePage {
  const records: EntraRecord[] = [];
  const malformed: Malformed[] = [];
  const seen: SeenInFeeds[] = [];
  let oldest: Instant | undefined;
  for (const row of answer.rows) {
    if (typeof row !== 'object' || row === null) {
      malformed.push({ source: wanted.source, reason: 'the record is not an object' });
      continue;
    }
    const read = readRow(wanted.source, row as Record<string, unknown>, wanted);
    if ('malformed' in read) {
      malformed.push(read.malformed);
      continue;
    }
    oldest = oldest === undefined || read.at < oldest ? read.at : oldest;
    if (read.at < window.from || read.at >= window.to) {
      continue;
    }
    if (read.record !== undefined) {
      records.push(read.record);
    }
    const feeds = wanted.feedsOf(row as Record<string, unknown>);
    if (feeds.length > 0) {
      seen.push({ id: read.id, at: read.at, feeds });
    }
  }
  const { requestId, clocks } = answer;
  return {
    rows: answer.rows.length,
    ...{ records, malformed, seen },
    ...(oldest !== undefined && { oldest }),
    ...(requestId !== undefined && { requestId }),
    ...(clocks !== undefined && { clocks }),
  };
}
