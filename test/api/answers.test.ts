import type { z } from 'zod';
import { authorize, signatureOf } from '../../shared/api/access';
import type { Answer, Refusal } from '../../shared/api/answer';
import {
  coverageQuery,
  exportQuery,
  findingsQuery,
  readQuery,
  statsQuery,
  verifyQuery,
} from '../../shared/api/requests';
import type { AuthMode } from '../../shared/domain/access';
import type { Finding } from '../../shared/domain/findings/finding';
import { DAY, plus } from '../../shared/domain/time';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { minutes } from '../contracts/samples';
import { ask, monitorOver } from '../fakes/api-monitor';
import { memoryStores } from '../fakes/memory-stores';
import { putAlert } from '../fakes/put-alert';
import { about, ALICE, CLAIM, OTHER_TENANT, principal, TENANT, write } from '../functions/api-host';

const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
const bodyOf = (answer: Answer): unknown => JSON.parse(answer.body as string);

describe('api/access', () => {
  const ENTRA: AuthMode = { kind: 'entra' };
  const knock = (
    header: string | null,
    over: {
      readonly gate?: AuthMode;
      readonly url?: string;
      readonly needed?: 'Auditor' | 'Operator';
    } = {},
  ): number | string => {
    const { gate = ENTRA, url = 'https://app/api/findings', needed = 'Auditor' } = over;
    const headers = { get: (): string | null => header };
    try {
      return signatureOf(authorize({ headers, url }, needed, { gate, tenantId: TENANT }));
    } catch (error) {
      return (error as Refusal).answer.status;
    }
  };
  const claims = (...all: (readonly [string, string])[]): string =>
    Buffer.from(
      JSON.stringify({
        ...{ auth_typ: 'aad', role_typ: 'http://roles/type' },
        claims: [['oid', ALICE], ['tid', TENANT.toUpperCase()], ...all].map(([typ, val]) => ({
          typ,
          val,
        })),
      }),
    ).toString('base64');

  it.each<[string, string | null, number | string]>([
    ['no header', null, 401],
    ['an empty header', '', 401],
    ['a role', principal(['Auditor']), `alice@example.com (${ALICE})`],
    ['the role above', principal(['Operator']), `alice@example.com (${ALICE})`],
    ['a role that is not ours', principal(['Reader']), 403],
    ['another tenant', principal(['Auditor'], { tid: OTHER_TENANT }), 403],
    ['another provider', principal(['Auditor'], { auth_typ: 'facebook' }), 401],
    [
      'a role under its long name',
      claims(['http://schemas.microsoft.com/ws/2008/06/identity/claims/role', 'Auditor']),
      `${ALICE} (${ALICE})`,
    ],
    ['a role under whatever type is named', claims(['http://roles/type', 'Auditor']), 403],
    [
      'a short name that contradicts the long name of the tenant',
      claims([`${CLAIM}/tenantid`, OTHER_TENANT], ['roles', 'Auditor']),
      403,
    ],
    [
      'a short name that contradicts the long name of the person',
      claims([`${CLAIM}/objectidentifier`, TENANT], ['roles', 'Auditor']),
      401,
    ],
    [
      'short and long names that say the same',
      claims(
        [`${CLAIM}/objectidentifier`, ALICE],
        [`${CLAIM}/tenantid`, TENANT],
        ['roles', 'Auditor'],
      ),
      `${ALICE} (${ALICE})`,
    ],
    ['a role as a group', claims(['groups', 'Auditor']), 403],
    ['a program', claims(['roles', 'Auditor'], ['appid', 'job']), `job (${ALICE})`],
    [
      'a name with tricks',
      claims(['roles', 'Auditor'], ['name', 'a\u001b[31m\u202e\nb']),
      `a [31m  b (${ALICE})`,
    ],
    [
      'no tenant',
      Buffer.from(
        JSON.stringify({ auth_typ: 'aad', claims: [{ typ: 'oid', val: ALICE }] }),
      ).toString('base64'),
      403,
    ],
    ['no id', Buffer.from('{"auth_typ":"aad","claims":[]}').toString('base64'), 401],
    [
      'claims that are none',
      Buffer.from('{"auth_typ":"aad","claims":"all"}').toString('base64'),
      401,
    ],
    ['no JSON', 'bm9uZQ==', 401],
    ['no base64', '{}', 401],
    ['no end', 'a'.repeat(64_001), 401],
  ])('%s', (_, header, answer) => {
    expect(knock(header)).toBe(answer);
  });

  it('asks operators for more', () => {
    expect(knock(principal(['Auditor']), { needed: 'Operator' })).toBe(403);
  });

  it('believes nobody where nobody is checked', () => {
    const gate: AuthMode = { kind: 'nobody', why: 'sign-in is off' };
    expect(knock(principal(['Operator']), { gate })).toBe(401);
  });

  it('calls everybody local on this machine, and nobody from elsewhere', () => {
    const gate: AuthMode = { kind: 'local' };
    expect(knock(null, { gate, url: 'http://127.0.0.1:7071/api/findings' })).toBe('local');
    expect(knock(null, { gate, url: 'http://evil.example.com/api/findings' })).toBe(401);
  });
});

describe('answers', () => {
  let stores: ReturnType<typeof memoryStores>;
  let mary: Finding;
  beforeEach(async () => {
    stores = memoryStores();
    mary = await write(stores, about('Mary'));
    await write(stores, about('Zoë', { openedAt: minutes(500), severity: 'low' }));
  });
  const get = (path: string, over: Partial<Stores> = {}): Promise<Answer> =>
    ask(monitorOver({ ...stores, ...over }), `GET /api/${path}`);
  const show = (ifNoneMatch?: string, id = mary.id): Promise<Answer> =>
    ask(monitorOver(stores), `GET /api/findings/${id}`, {
      headers: { ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }) },
    });
  const decide = (body: string, ifMatch?: string, id = mary.id): Promise<Answer> =>
    ask(monitorOver(stores), `POST /api/findings/${id}/transitions`, {
      ...{ body, headers: { ...(ifMatch !== undefined && { 'if-match': ifMatch }) } },
    });

  it('list, page by page', async () => {
    const { next } = bodyOf(await get('findings?top=1')) as { next: string };

    expect(bodyOf(await get(`findings?top=1&after=${next}`))).toMatchObject({
      findings: [{ id: mary.id, subject: { name: 'Mary' } }],
    });
    expect((await get('findings?after=x')).status).toBe(400);
    expect((await get('findings?top=x')).status).toBe(400);
    const broken = { index: { page: () => Promise.reject(new Error('storage')) } };
    await expect(get('findings', broken as never)).rejects.toThrow('storage');
  });

  it('list those of a detector that there is', async () => {
    expect(bodyOf(await get(`findings?detector=${mary.detector}`))).toMatchObject({
      findings: [{}, {}],
    });
    expect(bodyOf(await get('findings?detector=other'))).toMatchObject({
      detail: expect.stringContaining('detector: names no detector; there are ') as string,
    });
  });

  it('take an object id however it is written', () => {
    const asked = (subject: string): unknown =>
      readQuery(findingsQuery, [['subject', subject]]).subject;

    expect(asked('A11CE000-0000-4000-8000-00000000000A')).toBe(
      'a11ce000-0000-4000-8000-00000000000a',
    );
    expect(asked('Id-Of-Mary')).toBe('Id-Of-Mary');
  });

  it('refuse a stretch in which nothing can lie, everywhere with the same words', () => {
    for (const schema of [findingsQuery, exportQuery, statsQuery, coverageQuery, verifyQuery]) {
      const read = (): unknown =>
        readQuery<z.ZodType>(schema, [
          ...[['from', '2026-02-01'] as const, ['to', '2026-02-01'] as const],
          ...(schema === exportQuery ? [['format', 'csv'] as const] : []),
        ]);

      expect(thrown(read)).toMatchObject({
        answer: { body: expect.stringContaining('to: must lie after from') as string },
      });
    }
  });

  it('show, or say that it is known', async () => {
    const { headers } = await show();

    expect((await show(headers['ETag'])).status).toBe(304);
    expect((await show('"other"')).status).toBe(200);
    expect((await show(undefined, `${mary.id.slice(0, -1)}0`)).status).toBe(404);
    expect((await show(undefined, 'x')).status).toBe(400);
  });

  it('decide on what was seen', async () => {
    const etag = (await show()).headers['ETag']!;
    const done = await decide('{"action":"resolve","reason":"fixed","note":" "}', etag);

    expect(bodyOf(done)).toMatchObject({
      decision: {
        verb: 'resolve',
        reason: 'fixed',
        by: `alice@example.com (${ALICE})`,
        at: minutes(600),
      },
      history: [{ verb: 'opened' }, { verb: 'resolved' }],
    });
    const statuses = await Promise.all([
      decide('{"action":"reopen"}', etag),
      decide('{"action":"reopen"}'),
      decide('{"action":"reopen"', '*'),
      decide('{"action":"reopen"}', '*', 'x'),
      decide('{"action":"reopen"}', '*', `${mary.id.slice(0, -1)}0`),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([412, 428, 400, 400, 404]);
  });

  it('keep no half of a character in a note', async () => {
    const done = await decide('{"action":"acknowledge","note":"cut \\ud83d"}', '*');

    expect(bodyOf(done)).toMatchObject({ decision: { note: 'cut \ufffd' } });
    expect(done.body).not.toMatch(/ud83d/);
  });

  it('refuse what would change nothing, in a sentence', async () => {
    const refused = await decide('{"action":"reopen"}', '*');

    expect(refused.status).toBe(409);
    expect(bodyOf(refused)).toMatchObject({ detail: `Finding ${mary.id} is open already.` });
  });

  it('decide not, while it keeps changing, and hide no fault', async () => {
    const commit = jest.spyOn(stores.findings, 'commit').mockResolvedValue(false);
    expect((await decide('{"action":"acknowledge"}', '*')).status).toBe(409);

    commit.mockRejectedValue(new Error('storage'));
    await expect(decide('{"action":"acknowledge"}', '*')).rejects.toThrow('storage');
  });

  it('resend what was given up', async () => {
    const id = `${mary.id}-1`;
    const resend = async (of = id): Promise<number> =>
      (await ask(monitorOver(stores), `POST /api/alerts/${of}/resend`)).status;
    expect([await resend(), await resend('x'), await resend(`${mary.id}-9`)]).toEqual([
      ...[409, 400, 404],
    ]);
    await putAlert(stores.outbox, id, 'dead', { attempts: 3, reason: 'no\nanswer' });

    expect(bodyOf(await get('status'))).toMatchObject({
      alerts: { dead: 1, undelivered: [{ id, channel: 'teams', lastError: 'no answer' }] },
    });
    jest.spyOn(stores.outbox, 'requeue').mockResolvedValueOnce(false);
    expect([await resend(), await resend(), await resend()]).toEqual([409, 200, 409]);
  });

  it('make the problems of a status plain', async () => {
    const monitor = monitorOver(stores);
    const found = { ...(await monitor.health()), problems: ['1 alert\n'] };
    const health = (): Promise<typeof found> => Promise.resolve(found);

    expect(bodyOf(await ask({ ...monitor, health }, 'GET /api/status'))).toMatchObject({
      problems: ['1 alert '],
      sources: expect.arrayContaining([
        expect.objectContaining({ source: 'signIns', coverage: {} }),
      ]) as unknown,
    });
  });

  it('count, as far as time allows', async () => {
    let [now, pages] = [0, 0];
    const clock = { now: () => minutes((now += 2)) };
    const page = async () => {
      pages += 1;
      return { ...(await stores.index.page({}, 1)), next: 'more' };
    };
    const slowly = monitorOver({ ...stores, index: { page } as never }, { clock });

    expect(bodyOf(await ask(slowly, 'GET /api/stats'))).toMatchObject({
      ...{ total: 1, complete: false, countedTo: minutes(500) },
    });
    expect(pages).toBe(1);
    expect((await get('stats?x=y')).status).toBe(400);
  });

  it('count what was opened and resolved per day', async () => {
    const entry = { findingId: mary.id, detector: mary.detector };
    const other = { ...entry, detector: 'log-reading' };
    await stores.counts.add([
      { ...entry, day: '2026-01-31', what: 'opened' },
      { ...entry, day: '2026-02-02', what: 'resolved' },
      { ...other, day: '2026-01-31', what: 'opened' },
      { ...other, day: '2020-01-01', what: 'opened' },
    ]);
    const clock = { now: () => plus(minutes(0), 10 * DAY) };
    const byDay = async (query = ''): Promise<unknown> =>
      (
        bodyOf(await ask(monitorOver(stores, { clock }), `GET /api/stats${query}`)) as {
          byDay: unknown;
        }
      ).byDay;

    expect(await byDay()).toEqual([
      { day: '2026-02-02', opened: 0, resolved: 1 },
      { day: '2026-01-31', opened: 2, resolved: 0 },
    ]);
    expect(await byDay('?detector=log-reading')).toEqual([
      { day: '2026-01-31', opened: 1, resolved: 0 },
    ]);
    expect(await byDay('?from=2026-02-01')).toHaveLength(1);
    expect(await byDay('?to=2026-02-01')).toHaveLength(1);
    expect(await byDay('?to=2020-01-02')).toHaveLength(1);
  });

  it('verify a stretch of time', async () => {
    const verify = jest.fn().mockResolvedValue({ isSound: true });
    const verifying = (query: string): Promise<Answer> =>
      ask(monitorOver(stores, { verify }), `GET /api/verify?${query}`);

    expect(bodyOf(await verifying('from=2026-01-01&to=2026-02-01'))).toEqual({
      ...{ asOf: minutes(600), isSound: true },
    });
    expect(verify).toHaveBeenCalledWith({
      from: '2026-01-01T00:00:00.0000000Z',
      to: '2026-02-01T00:00:00.0000000Z',
    });
    expect((await verifying('from=2026-02-01&to=2026-01-01')).status).toBe(400);
    expect((await verifying('when=now')).status).toBe(400);
  });

  it('tell anybody up or down, and what is where', async () => {
    const at = async (line: string, isUp = true): Promise<Answer> =>
      ask(monitorOver(stores), line, { isUp, headers: { 'x-ms-client-principal': '' } });

    expect((await at('GET /api/health')).status).toBe(200);
    expect((await at('GET /api/health', false)).status).toBe(503);
    expect((await at('GET /api/b')).status).toBe(404);
    expect((await at('GET /api/openapiXjson')).status).toBe(404);
    expect((await at('GET /api/alerts/1/resend')).headers).toMatchObject({ Allow: 'POST' });
    expect((await at('PUT /api/openapi.json')).status).toBe(405);
  });
});
