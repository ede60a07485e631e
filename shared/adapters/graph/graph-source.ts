import type { Interval } from '../../domain/reading/coverage';
import type { EntraRecord, Malformed } from '../../domain/record';
import { MINUTE, SECOND, type Duration, type Instant } from '../../domain/time';
import type { Clocks } from '../../domain/reading/wrong-clock';
import {
  SourceError,
  type RecordSource,
  type SeenInFeeds,
  type SourcePage,
  type Wanted,
} from '../../pipeline/ports/record-source';
import type { Clock } from '../../pipeline/ports/clock';
import { readRow } from '../rows/read-row';
import { refusal, retryAfter } from './errors';
import { graphClient, pathOf, type GraphClientOptions, type GraphGet } from './graph-client';
import type { Limiter } from './limiter';
import { firstPage, oneRow } from './odata';
import { clocksOf, dateOf } from './server-clock';

export interface GraphSourceOptions extends GraphClientOptions {
  readonly clock: Clock;
  readonly limiter: Limiter;
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
  /** Called for every request that was answered 429. */
  readonly onThrottled?: () => void;
  /** Called before a request is repeated. */
  readonly onRetry?: (error: SourceError, wait: Duration) => void;
  /** Called for every request that was sent. */
  readonly onRequest?: () => void;
}

/**
 * A request that is not answered whole within this is given up. Graph itself gives up after 300 s, but a run has four
 * minutes: whoever waits that long for one answer has no time left to say that none came, or to ask for less.
 */
const REQUEST_TIMEOUT = MINUTE;
const TRIES = 4;
/** Of one request; the window is then halved, which a slow server answers sooner. */
const MAX_TIMEOUTS = 2;
const FIRST_WAIT = 2 * SECOND;
const MAX_RESTARTS = 2;
const MAX_WAIT = 2 * MINUTE;
/** Pages of one window; beyond it the window is too large and is halved by whoever reads. */
const MAX_PAGES = 1_000;

/** The audit and sign-in logs through Microsoft Graph. */
export function graphSource(options: GraphSourceOptions): RecordSource {
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

/** A skip token that Graph does not know any more, or says so: only the window's first page helps. */
class DeadTokenError extends SourceError {
  constructor(cause: SourceError) {
    super(cause.failure, 'Graph does not know its own link to the next page', cause.remedy, {
      cause,
    });
  }
}

/** Whoever was asked takes the request and says nothing, or not all of it. */
class TimeoutError extends SourceError {
  constructor() {
    const { failure, message, remedy } = unavailable(
      `Graph did not answer within ${REQUEST_TIMEOUT / SECOND} s`,
    );
    super(failure, message, remedy);
  }
}

interface Answer {
  readonly rows: readonly unknown[];
  readonly nextLink: string | undefined;
  readonly requestId: string | undefined;
  readonly clocks: Clocks | undefined;
}

/** One request, repeated within bounds while the trouble is one that passes. */
async function ask(
  get: GraphGet,
  path: string,
  isFiltered: boolean,
  options: GraphSourceOptions,
): Promise<Answer> {
  const { clock, limiter } = options;
  let timeouts = 0;
  for (let attempt = 1; ; attempt++) {
    await limiter.turn();
    options.onRequest?.();
    const { answer, error, wait } = await attemptOnce(get, path, isFiltered, options);
    if (answer !== undefined) {
      return answer;
    }
    timeouts += error instanceof TimeoutError ? 1 : 0;
    if (error.failure === 'throttled') {
      options.onThrottled?.();
    }
    if (isDeadToken(error, path)) {
      throw new DeadTokenError(error);
    }
    // Without a word from Graph the waits double, and differ, so that two who failed together do not ask together.
    const pause = wait ?? Math.round(FIRST_WAIT * 2 ** (attempt - 1) * (0.5 + options.random()));
    if (pause > MAX_WAIT) {
      const { failure, message, remedy } = error;
      throw new SourceError(failure, message, remedy, { cause: error, isForNextRun: true });
    }
    if (!error.isPassing || attempt === TRIES || timeouts === MAX_TIMEOUTS) {
      throw error;
    }
    options.onRetry?.(error, pause);
    await clock.sleep(pause);
  }
}

function isDeadToken(error: SourceError, path: string): boolean {
  return (
    error.failure === 'bad-answer' && error.status === 400 && /[?&](?:\$|%24)skiptoken=/i.test(path)
  );
}

type Attempt =
  | { readonly answer: Answer; readonly error?: undefined; readonly wait?: undefined }
  | { readonly answer?: undefined; readonly error: SourceError; readonly wait?: Duration };

async function attemptOnce(
  get: GraphGet,
  path: string,
  isFiltered: boolean,
  { clock }: GraphSourceOptions,
): Promise<Attempt> {
  const abort = new AbortController();
  const done = new AbortController();
  const timeout = clock.sleep(REQUEST_TIMEOUT, done.signal).then(
    () => {
      abort.abort(new TimeoutError());
    },
    () => undefined, // answered in time
  );
  try {
    const asked = clock.now();
    const response = await get(path, abort.signal);
    const answered = clock.now();
    if (!response.ok) {
      const error = await refusal(response, isFiltered);
      const wait = retryAfter(response, dateOf(response) ?? answered);
      return { error, ...(wait !== undefined && { wait }) };
    }
    const clocks = clocksOf(response, { asked, answered });
    return { answer: { ...(await readAnswer(response)), clocks } };
  } catch (error) {
    return { error: toSourceError(abort.signal.aborted ? abort.signal.reason : error) };
  } finally {
    done.abort();
    await timeout;
  }
}

async function readAnswer(response: Response): Promise<Omit<Answer, 'clocks'>> {
  const requestId = response.headers.get('request-id') ?? undefined;
  let body: unknown;
  try {
    body = await response.json();
  } catch (cause) {
    throw badAnswer('Graph answered with JSON that is cut off or broken', cause);
  }
  const { value, '@odata.nextLink': nextLink } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(value)) {
    throw badAnswer('Graph answered 200 without a list of records');
  }
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    throw badAnswer('Graph answered with a next page that is no address');
  }
  return { rows: value, nextLink, requestId };
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

function toSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) {
    return error;
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return unavailable(`Graph cannot be reached${code}`, error);
}

function unavailable(message: string, cause?: unknown): SourceError {
  const remedy = 'Nothing: it is tried again. If it goes on, check the network and GRAPH_BASE_URL.';
  return new SourceError('unavailable', message, remedy, { cause });
}

function badAnswer(message: string, cause?: unknown): SourceError {
  return new SourceError('bad-answer', message, 'Nothing: the window is read again.', { cause });
}
