import { epochOf, fromEpoch, MINUTE, SECOND, toInstant } from '../../shared/domain/time';
import type { VirtualClock } from '../fakes/clock';
import { DAY_END, DAY_START, rowId, userId, type World } from './world';

/** A stretch of time in which pages fail, and after how many requests the first one does. */
export interface Faults {
  readonly from: number;
  readonly to: number;
  readonly first: number;
}

/** What was asked and answered. */
export interface Traffic {
  /** Requests and rows about the simulated day: see `isOfTheDay`. */
  requests: number;
  rows: number;
}

export interface SimulatedGraph {
  readonly fetch: typeof fetch;
  /**
   * What `fetch` would answer, without the JSON in between: most of the time of a simulation would go into text that is
   * written to be parsed again.
   *
   * @returns undefined for a refusal
   * @throws for no answer, or one that is cut off
   */
  readonly ask: (link: string) => Promise<AnsweredPage | undefined>;
  readonly traffic: Traffic;
}

/** A page by the rows of the world that are on it, newest first. */
export interface AnsweredPage {
  readonly rows: readonly number[];
  readonly nextLink?: string;
}

const TIME = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
const FILTER = new RegExp(
  `^createdDateTime ge (${TIME})(?: and createdDateTime le (${TIME}))?(?: and \\((clientAppUsed|status/errorCode) eq .+\\))?$`,
);
/** Where a log begins that is asked for without any filter. */
const LONG_AGO = '2000-01-01T00:00:00Z';
const FAULT_EVERY = 10;
const DEAD_TOKEN_EVERY = 15;
const FAULTS = ['unavailable', 'silent', 'truncated'] as const;
/** A request takes its time, and rows become visible meanwhile. */
const ANSWER_TIME = SECOND / 2;
const GATEWAY_TIMEOUT = 2 * MINUTE;

/**
 * `GET /auditLogs/signIns` over a world: the protocol of Graph with a binary search in place of the demo tenant's
 * filter, because half a million rows are asked for over a thousand times. Newest first, only what is visible when it
 * is asked for, and refusals for anything that it does not know.
 */
export function simulatedGraph(
  world: World,
  clock: VirtualClock,
  faults?: Faults,
  rejectsFilters = false,
): SimulatedGraph {
  const traffic: Traffic = { requests: 0, rows: 0 };
  const failing = failures(clock, faults);
  let served = 0;
  const texts: string[] = []; // each row is read several times
  const textOf = (row: number): string => (texts[row] ??= rowText(world, row));

  /** @throws when the asker gets no answer at all. */
  async function answer(url: URL, signal?: AbortSignal | null): Promise<Answer> {
    const query = readQuery(url);
    if (query === undefined || (rejectsFilters && query.isFiltered)) {
      return { status: 400, code: 'BadRequest', message: 'Invalid filter clause' };
    }
    const isCounted = isOfTheDay(query, epochOf(clock.now()));
    traffic.requests += isCounted ? 1 : 0;
    clock.advance(ANSWER_TIME);
    const fault = failing(url.searchParams.get('$skiptoken'));
    if (fault === 'unavailable') {
      return { status: 503, code: 'ServiceUnavailable', message: 'The service is unavailable' };
    }
    if (fault === 'dead-token') {
      return {
        ...{ status: 400, code: 'BadRequest' },
        message: 'Invalid Skip Token, skip token is null',
      };
    }
    if (fault === 'silent') {
      clock.advance(GATEWAY_TIMEOUT);
      await Promise.resolve(); // the asker's own timeout, which this has ended, says so to the signal first
      throw signal?.aborted === true ? signal.reason : new Error('the connection was closed');
    }
    const { rows, next } = findPage(world, query, epochOf(clock.now()));
    traffic.rows += isCounted ? rows.length : 0;
    served += 1;
    const [first = ''] = url.href.split('&$skiptoken=');
    return {
      ...{ rows, isCutOff: fault === 'truncated' },
      ...(next !== undefined && { nextLink: `${first}&$skiptoken=${token(next, served)}` }),
    };
  }

  return {
    traffic,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const answered = await answer(url, init?.signal);
      const headers = { date: new Date(epochOf(clock.now())).toUTCString() };
      if ('status' in answered) {
        const { status, ...error } = answered;
        return Response.json({ error }, { status, headers });
      }
      const body = pageText(answered, textOf);
      return new Response(answered.isCutOff ? body.slice(0, body.length / 2) : body, { headers });
    },
    ask: async (link) => {
      const answered = await answer(new URL(link));
      if ('status' in answered) {
        return undefined;
      }
      if (answered.isCutOff) {
        throw new Error('the answer was cut off');
      }
      return answered;
    },
  };
}

type Answer =
  | { readonly status: number; readonly code: string; readonly message: string }
  | (AnsweredPage & { readonly isCutOff: boolean });

/**
 * A poll that ends now belongs to the simulated day while that lasts. Afterwards only what reads the day alone does,
 * such as the tiles that are read a second time: the quiet polls that run on would make every ratio look good.
 */
function isOfTheDay(query: Query, now: number): boolean {
  const isAboutTheDay = query.from >= epochOf(DAY_START) && query.to <= epochOf(DAY_END);
  return now < epochOf(DAY_END) || isAboutTheDay;
}

// ------------------------------------------------------------------------------------------------------ the query

interface Query {
  readonly from: number;
  readonly to: number;
  /** Only ActiveSync sign-ins are asked for, or only those with an error code, of which there are none. */
  readonly isFiltered: boolean;
  readonly isByCode: boolean;
  readonly top: number;
  /** Where the page begins: the rows before it in time. */
  readonly below: number | undefined;
}

function readQuery(url: URL): Query | undefined {
  const parameters = url.searchParams;
  const filter = parameters.get('$filter') ?? `createdDateTime ge ${LONG_AGO}`;
  const [, from, to, property] = FILTER.exec(filter) ?? [];
  const top = Number(parameters.get('$top') ?? 1_000);
  if (from === undefined || !Number.isInteger(top) || top < 1 || top > 1_000) {
    return undefined;
  }
  const token = parameters.get('$skiptoken');
  return {
    from: epochOf(toInstant(from)),
    to: to === undefined ? Infinity : epochOf(toInstant(to)),
    isFiltered: property !== undefined,
    isByCode: property === 'status/errorCode',
    top,
    below: token === null ? undefined : rowOfToken(token),
  };
}

interface Page {
  readonly rows: readonly number[];
  /** The row before which the next page begins; absent on the last page. */
  readonly next?: number;
}

function findPage(world: World, query: Query, now: number): Page {
  const oldest = firstAtOrAfter(world.at, query.from);
  const newest = query.below ?? firstAtOrAfter(world.at, query.to + 1);
  const rows: number[] = [];
  for (let row = newest - 1; row >= oldest; row--) {
    const isLeftOut = query.isByCode || (query.isFiltered && world.isSignal[row] === 0);
    if (world.visibleAt[row]! > now || isLeftOut) {
      continue;
    }
    if (rows.length === query.top) {
      return { rows, next: row + 1 };
    }
    rows.push(row);
  }
  return { rows };
}

/** The index of the first time that is not before `time`. */
function firstAtOrAfter(times: Float64Array, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    [low, high] = times[middle]! < time ? [middle + 1, high] : [low, middle];
  }
  return low;
}

// ------------------------------------------------------------------------------------------------------ the answer

function pageText({ rows, nextLink }: AnsweredPage, textOf: (row: number) => string): string {
  const next = nextLink === undefined ? '' : `"@odata.nextLink":${JSON.stringify(nextLink)},`;
  return `{${next}"value":[${rows.map(textOf).join(',')}]}`;
}

/** Every link has a token of its own: one that died does not come back when the window is read again. */
function token(row: number, serial: number): string {
  return Buffer.from(`${row} ${serial}`).toString('base64url');
}

function rowOfToken(text: string): number {
  return parseInt(Buffer.from(text, 'base64url').toString(), 10);
}

// Only what is read of a row: full-width ones would be four times as long and say nothing more.
function rowText(world: World, row: number): string {
  const at = fromEpoch(world.at[row]!);
  const person = `"userId":"${userId(world.user[row]!)}","userPrincipalName":"u${world.user[row]}@example.com"`;
  const outcome =
    world.isSignal[row] === 1
      ? '"clientAppUsed":"Exchange ActiveSync","conditionalAccessStatus":"failure"'
      : '"clientAppUsed":"Browser","conditionalAccessStatus":"success"';
  return `{"id":"${rowId(row)}","createdDateTime":"${at}",${person},${outcome},"status":{"errorCode":0},"deviceDetail":{"deviceId":"","operatingSystem":"Android"},"ipAddress":"198.51.100.7"}`;
}

// ------------------------------------------------------------------------------------------------------ the faults

type Fault = (typeof FAULTS)[number] | 'dead-token';

/** Every tenth request fails while the faults last, in turn in another way; a token that died stays dead. */
function failures(
  clock: VirtualClock,
  faults: Faults | undefined,
): (token: string | null) => Fault | undefined {
  let [requests, tokens, failed] = [faults?.first ?? 0, faults?.first ?? 0, 0];
  const dead = new Set<string>();
  return (token) => {
    const now = epochOf(clock.now());
    if (token !== null && dead.has(token)) {
      return 'dead-token';
    }
    if (faults === undefined || now < faults.from || now >= faults.to) {
      return undefined;
    }
    requests += 1;
    tokens += token === null ? 0 : 1;
    if (token !== null && tokens % DEAD_TOKEN_EVERY === 0) {
      dead.add(token);
      return 'dead-token';
    }
    if (requests % FAULT_EVERY !== 0) {
      return undefined;
    }
    failed += 1;
    return FAULTS[failed % FAULTS.length];
  };
}
