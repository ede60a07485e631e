import { shortHash } from '../../shared/domain/json';
import type { Log } from '../../shared/domain/record';
import { REGISTER } from '../../shared/sources';
import { FilterError, parseFilter, type Filter } from './odata-filter';
import type { DemoRow, GraphRow } from './rows';

const OPTIONS = ['$filter', '$top', '$orderby', '$skiptoken'];
const MOST = 1_000;

/** A request that the service refuses. */
class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** What is answered, before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `GET /v1.0/auditLogs/<source>` over the rows that can be read now: filtered, in order, page by page. */
export function listRows(request: Request, source: Log, rows: readonly DemoRow[]): Response {
  const { headers, url } = request;
  const answer = answerRows(new URL(url), headers.get('prefer') ?? '', source, rows);
  return new Response(answer.body, answer);
}

/** The same for who sends it in another way. */
export function answerRows(
  url: URL,
  prefer: string,
  source: Log,
  rows: readonly DemoRow[],
): Answer {
  try {
    return list(url, prefer, source, rows);
  } catch (error) {
    if (error instanceof FilterError) {
      return errorAnswer(400, 'BadRequest', `Invalid filter clause: ${error.message}`);
    }
    if (error instanceof BadRequest) {
      return errorAnswer(400, 'BadRequest', error.message);
    }
    throw error;
  }
}

/** An error as Graph words it. */
export function odataError(status: number, code: string, message: string): Response {
  const answer = errorAnswer(status, code, message);
  return new Response(answer.body, answer);
}

/** The same for who sends it in another way. */
export function errorAnswer(status: number, code: string, message: string): Answer {
  const ids = { 'request-id': crypto.randomUUID(), 'client-request-id': crypto.randomUUID() };
  return json({ error: { code, message, innerError: ids } }, status, ids);
}

function list(url: URL, prefer: string, source: Log, rows: readonly DemoRow[]): Answer {
  const query = readQuery(url.searchParams, source);
  const matching = rows
    .filter((row) => query.filter(row.json))
    .sort((a, b) => (query.isNewestFirst ? -compare(a, b) : compare(a, b)));
  const { after } = query;
  const from =
    after === undefined
      ? 0
      : matching.findIndex((row) => {
          const order = compare(row, after);
          return query.isNewestFirst ? order < 0 : order > 0;
        });
  const rest = from === -1 ? [] : matching.slice(from);
  const page = rest.slice(0, query.top);
  const last = page.at(-1);
  const isWithUnknown = /include-unknown-enum-members/i.test(prefer);
  const body = {
    '@odata.context': `${url.origin}/v1.0/$metadata#auditLogs/${source}`,
    ...(last !== undefined &&
      rest.length > page.length && { '@odata.nextLink': nextLink(url, last, query.kind) }),
    value: page.map((row) => (isWithUnknown ? row.json : withoutUnknown(row.json))),
  };
  return json(body, 200, { 'request-id': crypto.randomUUID() });
}

interface Query {
  readonly filter: Filter;
  readonly isNewestFirst: boolean;
  readonly top: number;
  readonly after?: Position;
  /** Filter and order, which a skip token belongs to. */
  readonly kind: string;
}
type Position = Pick<DemoRow, 'at' | 'id'>;

function readQuery(parameters: URLSearchParams, source: Log): Query {
  for (const name of parameters.keys()) {
    if (name.startsWith('$') && !OPTIONS.includes(name)) {
      throw new BadRequest(`Query option '${name.slice(1)}' is not allowed.`);
    }
  }
  const filter = parameters.get('$filter');
  const order = parameters.get('$orderby') ?? '';
  const kind = shortHash(12, `${filter ?? ''}|${order}`);
  const token = parameters.get('$skiptoken');
  return {
    filter: filter === null ? () => true : parseFilter(filter, REGISTER[source].filterables),
    isNewestFirst: readOrder(order, source),
    top: readTop(parameters.get('$top')),
    ...(token !== null && { after: readSkipToken(token, kind) }),
    kind,
  };
}

function readOrder(order: string, source: Log): boolean {
  if (order === '') {
    return true;
  }
  const [property, direction = 'asc', ...others] = order.trim().split(/\s+/);
  if (property !== REGISTER[source].time || !/^(asc|desc)$/.test(direction) || others.length > 0) {
    throw new BadRequest(`Invalid orderby clause: '${order}'.`);
  }
  return direction === 'desc';
}

function readTop(top: string | null): number {
  if (top === null) {
    return MOST;
  }
  const size = /^\d{1,9}$/.test(top) ? Number(top) : 0;
  if (size > MOST) {
    throw new BadRequest(
      `The limit of '${MOST}' for Top query has been exceeded. The value from the incoming request is '${top}'.`,
    );
  }
  if (size < 1) {
    throw new BadRequest(`Invalid value '${top}' for $top query option.`);
  }
  return size;
}

function nextLink(url: URL, { at, id }: Position, kind: string): string {
  const link = new URL(url);
  const token = Buffer.from(JSON.stringify([kind, at, id])).toString('base64url');
  link.searchParams.set('$skiptoken', token);
  return link.href;
}

function readSkipToken(token: string, kind: string): Position {
  try {
    const [of, at, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as string[];
    if (of === kind && at !== undefined && id !== undefined) {
      return { at: at as Position['at'], id };
    }
  } catch {
    // no token of ours
  }
  throw new BadRequest('Invalid Skip Token, skip token is null');
}

function compare(a: Position, b: Position): number {
  return a.at !== b.at ? (a.at < b.at ? -1 : 1) : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

// Who does not ask for newer members of an enumeration gets a stand-in for them.
function withoutUnknown(row: GraphRow): GraphRow {
  const policies = row['appliedConditionalAccessPolicies'];
  return Array.isArray(policies)
    ? { ...row, appliedConditionalAccessPolicies: policies.map(withoutReportOnly) }
    : row;
}

function withoutReportOnly(policy: GraphRow): GraphRow {
  return String(policy['result']).startsWith('reportOnly')
    ? { ...policy, result: 'unknownFutureValue' }
    : policy;
}

function json(body: unknown, status: number, headers: Record<string, string>): Answer {
  return {
    status,
    headers: {
      'content-type': 'application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8',
      ...headers,
    },
    body: JSON.stringify(body),
  };
}
