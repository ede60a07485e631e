import { graphSource } from '../../../shared/adapters/graph/graph-source';
import { Limiter } from '../../../shared/adapters/graph/limiter';
import { between, MINUTE, toInstant } from '../../../shared/domain/time';
import { SourceError } from '../../../shared/pipeline/ports/record-source';
import type { RecordSource, Wanted } from '../../../shared/pipeline/ports/record-source';
import { VirtualClock } from '../../fakes/clock';

const BASE = new URL('https://graph.example.com');
const WINDOW = { from: toInstant('2026-01-01T00:00:00Z'), to: toInstant('2026-01-01T01:00:00Z') };
const WANTED: Wanted = {
  source: 'signIns',
  filter: { property: 'clientAppUsed', values: ['Exchange ActiveSync', "O'Brien"] },
  isWanted: () => true,
  feedsOf: () => ['clientAppUsed'],
  neededBy: () => [],
};

type Reply = Response | Error | 'hangs' | (() => Response);

function page(rows: unknown[], nextLink?: string): Response {
  return Response.json(
    { value: rows, ...(nextLink !== undefined && { '@odata.nextLink': nextLink }) },
    { headers: { 'request-id': 'r-1' } },
  );
}

function signIn(id: string, at = '2026-01-01T00:30:00.0000000Z'): Record<string, unknown> {
  return { id, createdDateTime: at, userId: 'u', status: { errorCode: 0 } };
}

function refuse(status: number, code = '', headers: Record<string, string> = {}): Response {
  return Response.json({ error: { code, message: 'Invalid filter clause' } }, { status, headers });
}

function setUp(replies: Reply[], getToken?: () => Promise<string>) {
  const clock = new VirtualClock(toInstant('2026-01-01T02:00:00Z'));
  const requests: { url: string; headers: Headers }[] = [];
  const left = [...replies];
  const fakeFetch = (async (url: string, init: RequestInit) => {
    requests.push({ url, headers: new Headers(init.headers) });
    const reply = left.shift();
    if (reply === undefined) {
      throw new Error(`nobody expected ${url}`);
    }
    if (reply === 'hangs') {
      return new Promise((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => {
          reject(init.signal?.reason as Error);
        });
        clock.advance(MINUTE);
      });
    }
    if (reply instanceof Error) {
      throw reply;
    }
    return Promise.resolve(typeof reply === 'function' ? reply() : reply);
  }) as typeof fetch;
  const source = graphSource({
    ...{ baseUrl: BASE, getToken, fetch: fakeFetch, clock, random: () => 0.5 },
    limiter: new Limiter(clock, 1_000),
  });
  const read = async (wanted = WANTED): Promise<{ ids: string[]; malformed: number }> => {
    const ids: string[] = [];
    let malformed = 0;
    for await (const each of source.read(WINDOW, wanted)) {
      ids.push(...each.records.map((record) => record.id));
      malformed += each.malformed.length;
    }
    return { ids, malformed };
  };
  return { read, requests, clock, left, source };
}

async function troubleOf(reading: Promise<unknown>): Promise<SourceError> {
  const error = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SourceError);
  return error as SourceError;
}

describe('graphSource', () => {
  it('asks for the window with unquoted times, ge and le, and the filter on one property', async () => {
    const { read, requests } = setUp([page([])]);

    await read();

    const url = new URL(requests[0]!.url);
    expect(url.origin + url.pathname).toBe('https://graph.example.com/v1.0/auditLogs/signIns');
    expect(url.searchParams.get('$filter')).toBe(
      'createdDateTime ge 2026-01-01T00:00:00Z and createdDateTime le 2026-01-01T01:00:00Z and ' +
        "(clientAppUsed eq 'Exchange ActiveSync' or clientAppUsed eq 'O''Brien')",
    );
    expect(url.searchParams.get('$top')).toBe('999');
    expect(requests[0]!.headers.get('Prefer')).toBe('include-unknown-enum-members');
  });

  it('follows next links, through an empty page too, and hands them back as they came', async () => {
    const next =
      'https://graph.example.com/v1.0/auditLogs/signIns?$filter=a%20b&$skiptoken=x%3D%3D=y';
    const { read, requests } = setUp([
      page([signIn('1')], next),
      page([], `${next}2`),
      page([signIn('2')]),
    ]);

    const { ids } = await read();

    expect(ids).toEqual(['1', '2']);
    expect(requests.slice(1).map((each) => each.url)).toEqual([next, `${next}2`]);
  });

  it('begins the window again when Graph does not know its own link any more', async () => {
    const next = 'https://graph.example.com/v1.0/auditLogs/signIns?$skiptoken=x';
    const dead = (): Response =>
      Response.json(
        { error: { code: 'x', message: 'Invalid Skip Token, skip token is null' } },
        { status: 400 },
      );
    const pages = [
      page([signIn('1')], next),
      dead(),
      page([signIn('1')], next),
      page([signIn('2')]),
    ];
    const { read } = setUp(pages);

    expect((await read()).ids).toEqual(['1', '1', '2']);
  });

  it('does so twice, no more', async () => {
    const next = 'https://graph.example.com/v1.0/auditLogs/signIns?$skiptoken=x';
    const dead = (): Response =>
      Response.json({ error: { message: 'Invalid Skip Token' } }, { status: 400 });
    const round = (): Response[] => [page([signIn('1')], next), dead()];
    const { read } = setUp([...round(), ...round(), ...round()]);

    await expect(read()).rejects.toMatchObject({ failure: 'bad-answer' });
  });

  it('is not led in a circle', async () => {
    const next = 'https://graph.example.com/v1.0/auditLogs/signIns?$skiptoken=x';
    const { read } = setUp([page([signIn('1')], next), page([signIn('2')], next)]);

    await expect(read()).rejects.toThrow('the same page again');
  });

  it('leaves out rows outside the window, and names what it cannot read', async () => {
    const { read } = setUp([
      page([
        signIn('in'),
        signIn('at the start', '2026-01-01T00:00:00Z'),
        signIn('at the end', '2026-01-01T01:00:00Z'),
        signIn('late', '2026-01-01T01:00:01Z'),
        { id: 'x' },
        7,
      ]),
    ]);

    expect(await read()).toEqual({ ids: ['in', 'at the start'], malformed: 2 });
  });

  it('says that there is no token, and asks Graph nothing', async () => {
    const getToken = () => Promise.reject(new SourceError('signed-out', 'no token', 'sign in'));
    const { read, requests } = setUp([], getToken);

    const error = await troubleOf(read());

    expect([error.failure, error.remedy]).toEqual(['signed-out', 'sign in']);
    expect(requests).toEqual([]);
  });

  it('sends the token to the configured host only', async () => {
    const getToken = jest.fn(() => Promise.resolve('t0ken'));
    const { read, requests } = setUp([page([], 'https://evil.example.com/v1.0/x')], getToken);

    const error = await troubleOf(read());

    expect(error).toMatchObject({
      failure: 'bad-answer',
      message: expect.stringContaining('evil.example.com') as string,
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]!.headers.get('Authorization')).toBe('Bearer t0ken');
    expect(getToken).toHaveBeenCalledTimes(1);
  });

  it.each([
    'https://graph.example.com/v1.0/users?$skiptoken=x',
    'https://graph.example.com/v1.0/auditLogs/directoryAudits?$skiptoken=x',
    'https://graph.example.com/beta/auditLogs/signIns?$skiptoken=x',
    'https://graph.example.com/v1.0/auditLogs/signIns/../../users?$skiptoken=x',
    'https://graph.example.com/v1.0/users/../auditLogs/signIns?$skiptoken=x',
    'https://graph.example.com/v1.0/auditLogs/signIns/%2e%2e/directoryAudits?$skiptoken=x',
    'https://graph.example.com/v1.0/users/v1.0/auditLogs/signIns?$skiptoken=x',
    'https://graph.example.com/v1.0/auditLogs/signIns/a?$skiptoken=x',
    'https://graph.example.com/v1.0/users#?/v1.0/auditLogs/signIns',
    'https://graph.example.com@evil.example.com/v1.0/auditLogs/signIns?$skiptoken=x',
  ])('follows no link to anything but the log that it asked for: %s', async (link) => {
    const getToken = jest.fn(() => Promise.resolve('t0ken'));
    const { read, requests } = setUp([page([], link), page([])], getToken);

    expect(await troubleOf(read())).toMatchObject({
      failure: 'bad-answer',
      message: expect.stringContaining('not followed') as string,
    });
    expect(requests).toHaveLength(1);
    expect(getToken).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Reply[], number[]]>([
    ['429 with seconds', [refuse(429, 'UnknownError', { 'Retry-After': '2.5' })], [2_500]],
    [
      '429 with a date',
      [refuse(429, '', { 'Retry-After': 'Thu, 01 Jan 2026 02:00:07 GMT' })],
      [7_000],
    ],
    ['429 without a time', [refuse(429)], [2_000]],
    ['503, then 504', [refuse(503), refuse(504)], [2_000, 4_000]],
    ['a reset', [new TypeError('fetch failed', { cause: new Error('ECONNRESET') })], [2_000]],
    ['a page that is cut off', [() => new Response('{"value":[{"id":')], [2_000]],
    ['a 200 with an error in it', [() => Response.json({ error: { code: 'x' } })], [2_000]],
    ['a stall', ['hangs'], [2_000]],
  ])('waits and asks again after %s', async (_what, troubles, waits) => {
    const { read, clock } = setUp([...troubles, page([signIn('1')])]);

    expect((await read()).ids).toEqual(['1']);
    expect(clock.slept).toEqual(waits);
  });

  it.each<[string, (source: RecordSource) => Promise<unknown>]>([
    [
      'with each page',
      async (source) => {
        for await (const first of source.read(WINDOW, WANTED)) {
          return first;
        }
        return undefined;
      },
    ],
    ['alone, when it is asked', async (source) => ({ clocks: await source.clocks?.('signIns') })],
  ])('says what time it is where Graph is: %s', async (_what, ask) => {
    const answer = page([]);
    answer.headers.set('date', 'Thu, 01 Jan 2026 00:30:07 GMT');
    const { source } = setUp([answer]);

    expect(await ask(source)).toMatchObject({
      clocks: {
        theirs: toInstant('2026-01-01T00:30:07Z'),
        ours: toInstant('2026-01-01T02:00:00Z'),
      },
    });
  });

  it('counts the wait to a date from the time of Graph, whatever ours is', async () => {
    const headers = {
      date: 'Thu, 01 Jan 2026 00:30:07 GMT',
      'Retry-After': 'Thu, 01 Jan 2026 00:30:20 GMT',
    };
    const { read, clock } = setUp([refuse(429, '', headers), page([])]);

    await read();

    expect(clock.slept).toEqual([13_000]);
  });

  it('gives up after four tries, and says so', async () => {
    const { read, left } = setUp([1, 2, 3, 4, 5].map(() => refuse(503)));

    expect(await troubleOf(read())).toMatchObject({ failure: 'unavailable', isPassing: true });
    expect(left).toHaveLength(1);
  });

  it('waits for an answer that never comes twice, and well under the four minutes of a run', async () => {
    const { read, clock, left } = setUp(['hangs', 'hangs', 'hangs']);
    const started = clock.now();

    expect(await troubleOf(read())).toMatchObject({
      failure: 'unavailable',
      message: 'Graph did not answer within 60 s',
    });
    expect(between(started, clock.now())).toBeLessThan(2.5 * MINUTE);
    expect(left).toHaveLength(1);
  });

  it('leaves a window whose wait is longer than it may wait to the next run', async () => {
    const { read, clock } = setUp([refuse(429, '', { 'Retry-After': '600' })]);

    expect(await troubleOf(read())).toMatchObject({ failure: 'throttled' });
    expect(clock.slept).toEqual([]);
  });

  it.each([
    [401, '', 'signed-out', /az login/],
    [403, 'Authorization_RequestDenied', 'denied', /AuditLog\.Read\.All/],
    [403, 'Authentication_RequestFromNonPremiumTenantOrB2CTenant', 'unlicensed', /P1 or P2/],
    [400, 'BadRequest', 'filter-rejected', /without a filter/],
  ])('names what a %i (%s) means and how to fix it', async (status, code, failure, remedy) => {
    const { read, left } = setUp([refuse(status, code), page([])]);

    const error = await troubleOf(read());

    expect(error.failure).toBe(failure);
    expect(error.remedy).toMatch(remedy);
    expect(left).toHaveLength(1);
  });
});
