import { answerRows, errorAnswer, type Answer } from '../../cli/demo-tenant/audit-log-api';
import type { DemoRow, GraphRow } from '../../cli/demo-tenant/rows';
import { shortHash } from '../../shared/domain/json';
import type { Log } from '../../shared/domain/record';
import {
  epochOf,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  toInstant,
  type Instant,
} from '../../shared/domain/time';
import { LOGS } from '../../shared/sources';

/** What can go wrong with one request; all of it was seen with Microsoft Graph, or can happen to any HTTP. */
export const FAULT_KINDS = [
  ...['429 in seconds', '429 in fractions', '429 at a date', '429 silent', '429 for long'],
  ...['500', '502', '503', '504'],
  ...['reset', 'silence', 'silent half-way', 'cut off', 'truncated', 'malformed', 'error in a 200'],
  ...['empty page', 'repeats', 'disorder', 'rows outside', 'filter ignored', 'filter rejected'],
  ...['dead token', 'foreign link', 'same link', 'unlicensed', 'denied', 'signed out'],
  ...['hung server', 'other link'],
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** The next so many requests that it fits go wrong; a hung server takes every request for two minutes for each of them. */
export interface Fault {
  readonly kind: FaultKind;
  readonly source: Log;
  readonly from: Instant;
  readonly requests: number;
}

/** While it lasts, what is asked for with the detectors' filter lacks some of the rows that match it. */
export interface Lie {
  readonly source: Log;
  readonly from: Instant;
  readonly to: Instant;
}

/** A row that shows late, or first with less in it, or first so that it cannot be read. */
export interface PlannedRow extends DemoRow {
  readonly completeAt: Instant;
  readonly isSpoilt?: boolean;
}

export interface FaultyGraphOptions {
  readonly rows: readonly PlannedRow[];
  readonly faults: readonly Fault[];
  readonly lies: readonly Lie[];
  /** Everything but lies ends here. */
  readonly healthyFrom: Instant;
  /** No page holds more, whatever is asked for. */
  readonly pageSize: number;
}

/** What is sent, and how its sending ends. A `half` is followed by silence, a `cut` by the end of the connection. */
export interface Reply extends Answer {
  readonly ending: 'whole' | 'half' | 'cut' | 'silence' | 'reset';
}

/** A stand-in for Microsoft Graph that answers as a plan of faults says; what carries its replies is not its affair. */
export class FaultyGraph {
  readonly #options: FaultyGraphOptions;
  readonly #now: (source: Log) => Instant;
  readonly #bySource: Readonly<Record<Log, readonly PlannedRow[]>>;
  readonly #left: { readonly fault: Fault; requests: number }[];
  /** The rows of the page before, per source, to be repeated. */
  readonly #before = new Map<Log, readonly GraphRow[]>();
  /** Rows that were held back, by the link that brings them. */
  readonly #heldBack = new Map<string, GraphRow>();
  /** How often each kind of fault was met. */
  readonly met = new Map<FaultKind, number>();

  constructor(options: FaultyGraphOptions, now: (source: Log) => Instant) {
    this.#options = options;
    this.#now = now;
    const of = (source: Log): PlannedRow[] => options.rows.filter((r) => r.source === source);
    this.#bySource = { directoryAudits: of('directoryAudits'), signIns: of('signIns') };
    this.#left = options.faults.map((fault) => ({ fault, requests: fault.requests }));
  }

  reply(url: URL, prefer: string): Reply {
    const source = sourceOf(url);
    if (source === undefined) {
      return { ...errorAnswer(404, 'BadRequest', 'Resource not found.'), ending: 'whole' };
    }
    const now = this.#now(source);
    const { headers, ...answer } = this.#answer(url, prefer, source, now);
    return { ...answer, headers: { ...headers, date: new Date(epochOf(now)).toUTCString() } };
  }

  #answer(url: URL, prefer: string, source: Log, now: Instant): Reply {
    const kind = this.#draw(url, source, now);
    const ending = (kind === undefined ? undefined : ENDINGS[kind]) ?? 'whole';
    const refused = kind === undefined ? undefined : REFUSALS[kind]?.(now);
    if (refused !== undefined) {
      return { ...refused, ending };
    }
    const isBlind = isFiltered(url) && this.#isLying(source, now);
    const rows = this.#visible(source, now, isBlind);
    const whole = answerRows(asked(url, kind, this.#options.pageSize), prefer, source, rows);
    if (whole.status !== 200 || now >= this.#options.healthyFrom) {
      return { ...whole, ending };
    }
    const page = this.#alter(JSON.parse(whole.body) as Page, url, source, kind);
    return { ...whole, body: damaged(JSON.stringify(page), kind), ending };
  }

  #draw(url: URL, source: Log, now: Instant): FaultKind | undefined {
    if (now >= this.#options.healthyFrom) {
      return undefined;
    }
    const drawn = this.#left.find(
      ({ fault, requests }) =>
        requests > 0 &&
        fault.source === source &&
        fault.from <= now &&
        !(fault.kind === 'hung server' && now >= hungTo(fault)) &&
        (NEEDS[fault.kind]?.(url) ?? true),
    );
    if (drawn === undefined) {
      return undefined;
    }
    const { kind } = drawn.fault;
    drawn.requests -= kind === 'hung server' ? 0 : 1;
    this.met.set(kind, (this.met.get(kind) ?? 0) + 1);
    return kind;
  }

  #isLying(source: Log, now: Instant): boolean {
    const { lies } = this.#options;
    return lies.some((lie) => lie.source === source && lie.from <= now && now < lie.to);
  }

  #visible(source: Log, now: Instant, isBlind: boolean): readonly DemoRow[] {
    return this.#bySource[source]
      .filter((row) => row.at <= now && row.visibleAt <= now && !(isBlind && isUnseen(row.id)))
      .map((row) =>
        row.completeAt <= now ? row : { ...row, json: incomplete(row.json, row.isSpoilt === true) },
      );
  }

  #alter(page: Page, { href }: URL, source: Log, kind: FaultKind | undefined): Page {
    const { '@odata.nextLink': next, value, ...rest } = page;
    const back = this.#heldBack.get(href);
    const rows = back === undefined ? value : [...value, back];
    const before = this.#before.get(source) ?? [];
    this.#before.set(source, rows);
    const answer = (list: readonly GraphRow[], link = next): Page => ({
      ...rest,
      value: list,
      ...(link !== undefined && { '@odata.nextLink': link }),
    });
    if (kind === 'disorder') {
      const [last, ...others] = rows.toReversed();
      if (next === undefined || last === undefined) {
        return answer(rows.toReversed());
      }
      this.#heldBack.set(next, last);
      return answer(others);
    }
    if (kind === 'repeats') {
      return answer([...rows, ...before, ...rows.slice(0, 2)]);
    }
    if (kind === 'empty page') {
      return answer([], again(href));
    }
    if (kind === 'same link') {
      return answer(rows, href);
    }
    if (kind === 'other link') {
      return answer(rows, href.replace(`/auditLogs/${source}`, '/users'));
    }
    return kind === 'foreign link' ? answer(rows, FOREIGN_LINK) : answer(rows);
  }
}

const FOREIGN_LINK = 'https://graph.example.net/v1.0/auditLogs/signIns';

interface Page {
  readonly value: readonly GraphRow[];
  readonly '@odata.nextLink'?: string;
}

/** Every row can be read as soon as it happened, and nothing goes wrong. */
export function perfectGraph(
  rows: readonly PlannedRow[],
  now: (source: Log) => Instant,
): FaultyGraph {
  const healthy = { faults: [], lies: [], healthyFrom: toInstant('2000-01-01T00:00:00Z') };
  const shown = rows.map((row) => ({ ...row, visibleAt: row.at, completeAt: row.at }));
  return new FaultyGraph({ ...healthy, rows: shown, pageSize: 1_000 }, now);
}

function sourceOf({ pathname }: URL): Log | undefined {
  return LOGS.find((each) => pathname === `/v1.0/auditLogs/${each}`);
}

function hungTo({ from, requests }: Fault): Instant {
  return plus(from, requests * 2 * MINUTE);
}

const ENDINGS: Partial<Record<FaultKind, Reply['ending']>> = {
  reset: 'reset',
  silence: 'silence',
  'hung server': 'silence',
  'silent half-way': 'half',
  'cut off': 'cut',
};

const NEEDS: Partial<Record<FaultKind, (url: URL) => boolean>> = {
  'dead token': (url) => url.searchParams.has('$skiptoken'),
  'filter rejected': isFiltered,
  'filter ignored': isFiltered,
};

/** `<time> ge <from> and <time> le <to>`, and perhaps ` and <more>`. */
const FILTER = /^(\w+) ge (\S+) and \w+ le (\S+?)( and .*)?$/;

/** Whether it is asked for by a property that a detector reads. */
function isFiltered({ searchParams }: URL): boolean {
  const filter = searchParams.get('$filter') ?? '';
  return /\b(activityDisplayName|clientAppUsed|errorCode) eq/.test(filter);
}

/** A third of the rows, always the same. */
export function isUnseen(id: string): boolean {
  return parseInt(shortHash(4, id), 16) % 3 === 0;
}

/** What the tenant is asked instead. */
function asked(original: URL, kind: FaultKind | undefined, pageSize: number): URL {
  const url = new URL(original);
  const { searchParams } = url;
  searchParams.delete('again');
  searchParams.set('$top', String(Math.min(pageSize, Number(searchParams.get('$top') ?? '1000'))));
  const [, time, from, to, more = ''] = FILTER.exec(searchParams.get('$filter') ?? '') ?? [];
  if (time !== undefined && from !== undefined && to !== undefined) {
    // A token belongs to a filter, so what is asked for must not change between two pages.
    const isFirst = !searchParams.has('$skiptoken');
    if (kind === 'filter ignored' && isFirst) {
      searchParams.set('$filter', `${time} ge ${from} and ${time} le ${to}`);
    }
    if (kind === 'rows outside' && isFirst) {
      const wider = [plus(toInstant(from), -2 * HOUR), plus(toInstant(to), 2 * HOUR)] as const;
      searchParams.set('$filter', `${time} ge ${wider[0]} and ${time} le ${wider[1]}${more}`);
    }
  }
  return url;
}

/** Answers instead of the log. */
const REFUSALS: Partial<Record<FaultKind, (now: Instant) => Answer>> = {
  '429 in seconds': () => throttled('7'),
  '429 in fractions': () => throttled('2.128'),
  '429 at a date': (now) => throttled(new Date(epochOf(now) + 9 * SECOND).toUTCString()),
  '429 silent': () => throttled(),
  '429 for long': () => throttled('600'),
  '500': () => errorAnswer(500, 'UnknownError', ''),
  '502': () => ({ status: 502, headers: {}, body: '<html>Bad Gateway</html>' }),
  '503': () => errorAnswer(503, 'serviceNotAvailable', ''),
  '504': () => errorAnswer(504, 'UnknownError', ''),
  'filter rejected': () => errorAnswer(400, 'BadRequest', 'Invalid filter clause'),
  'dead token': () => errorAnswer(400, 'BadRequest', 'Invalid Skip Token, skip token is null'),
  unlicensed: () =>
    errorAnswer(
      403,
      'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
      "Neither tenant is B2C or tenant doesn't have premium license",
    ),
  denied: () => errorAnswer(403, 'Authorization_RequestDenied', 'Insufficient privileges.'),
  'signed out': () => errorAnswer(401, 'InvalidAuthenticationToken', 'Access token has expired.'),
  'error in a 200': () => errorAnswer(200, 'UnknownError', ''),
};

function throttled(retryAfter?: string): Answer {
  const { headers, ...answer } = errorAnswer(429, 'UnknownError', 'This request is throttled.');
  return {
    ...answer,
    headers: { ...headers, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) },
  };
}

function damaged(text: string, kind: FaultKind | undefined): string {
  if (kind === 'truncated') {
    return text.slice(0, text.length / 2);
  }
  return kind === 'malformed' ? text.replace('"value"', '"value":,') : text;
}

/** The same request by another address: what follows an empty page. */
function again(url: string): string {
  const link = new URL(url);
  link.searchParams.set('again', String(Number(link.searchParams.get('again') ?? 0) + 1));
  return link.href;
}

function incomplete(row: GraphRow, isSpoilt: boolean): GraphRow {
  return isSpoilt ? spoilt(row) : poorer(row);
}

/** A row of which what decides cannot be read; about whom it is and when can. */
function spoilt(row: GraphRow): GraphRow {
  return 'clientAppUsed' in row ? { ...row, conditionalAccessStatus: {} } : { ...row, result: 0 };
}

/** A row before it was complete: other policies, the place and the reason come later. */
function poorer(row: GraphRow): GraphRow {
  const policies = row['appliedConditionalAccessPolicies'];
  return {
    ...row,
    ...(Array.isArray(policies) && { appliedConditionalAccessPolicies: policies.slice(0, 1) }),
    ...('location' in row && { location: null }),
    ...('resultReason' in row && { resultReason: '' }),
  };
}
