import { MINUTE, SECOND, type Duration } from '../../domain/time';
import type { Clocks } from '../../domain/reading/wrong-clock';
import { SourceError } from '../../pipeline/ports/record-source';
import type { Clock } from '../../pipeline/ports/clock';
import { refusal, retryAfter } from './errors';
import type { GraphClientOptions, GraphGet } from './graph-client';
import type { Limiter } from './limiter';
import { clocksOf, dateOf } from './server-clock';

/** How requests are sent, limited and repeated. */
export interface RequestOptions extends GraphClientOptions {
  readonly clock: Clock;
  readonly limiter: Limiter;
  /** How often a request is sent before it counts as failed; 4 unless told. */
  readonly tries?: number;
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
const MAX_WAIT = 2 * MINUTE;

/** A page of rows as Graph gave it. */
export interface Answer {
  readonly rows: readonly unknown[];
  readonly nextLink: string | undefined;
  readonly requestId: string | undefined;
  readonly clocks: Clocks | undefined;
}

/** A skip token that Graph does not know any more, or says so: only the window's first page helps. */
export class DeadTokenError extends SourceError {
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

/** One request, repeated within bounds while the trouble is one that passes. */
export async function ask(
  get: GraphGet,
  path: string,
  isFiltered: boolean,
  options: RequestOptions,
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
    if (!error.isPassing || attempt === (options.tries ?? TRIES) || timeouts === MAX_TIMEOUTS) {
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
  { clock }: RequestOptions,
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

function toSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) {
    return error;
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return unavailable(`Graph cannot be reached${code}`, error);
}

export function unavailable(message: string, cause?: unknown): SourceError {
  const remedy = 'Nothing: it is tried again. If it goes on, check the network and GRAPH_BASE_URL.';
  return new SourceError('unavailable', message, remedy, { cause });
}

export function badAnswer(message: string, cause?: unknown): SourceError {
  return new SourceError('bad-answer', message, 'Nothing: the window is read again.', { cause });
}
