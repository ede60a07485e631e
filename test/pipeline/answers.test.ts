import { DAY, plus } from '../../shared/domain/time';
import type { z } from 'zod';
import { memoryStores } from '../fakes/memory-stores';
import type { Finding } from '../../shared/domain/finding';
import type { Gate } from '../../shared/domain/access';
import { enter, signatureOf } from '../../shared/pipeline/access';
import type { Answer } from '../../shared/pipeline/answer';
import {
  coverageQuery,
  exportQuery,
  findingsQuery,
  readQuery,
  statsQuery,
  verifyQuery,
} from '../../shared/pipeline/api-schema';
import { answerElsewhere, answerHealth } from '../../shared/pipeline/elsewhere';
import { answerFindings } from '../../shared/pipeline/findings-query';
import { answerResend } from '../../shared/pipeline/resend';
import { answerFinding } from '../../shared/pipeline/show-finding';
import { answerStats } from '../../shared/pipeline/stats';
import { answerStatus } from '../../shared/pipeline/status';
import { answerTransition } from '../../shared/pipeline/transition';
import { answerVerify } from '../../shared/pipeline/verify-query';
import { minutes } from '../contracts/samples';
import { about, ALICE, CLAIM, OTHER_TENANT, principal, TENANT, write } from '../functions/api-host';
import { putAlert } from '../fakes/put-alert';

const bodyOf = (answer: Answer): unknown => JSON.parse(answer.body as string);

describe('pipeline/access', () => {
  const ENTRA: Gate = { kind: 'entra' };
  const knock = (
    header: string | null,
    over: {
      readonly gate?: Gate;
      readonly url?: string;
      readonly needed?: 'Auditor' | 'Operator';
    } = {},
  ): number | string => {
    const { gate = ENTRA, url = 'https://app/api/findings', needed = 'Auditor' } = over;
    const entered = enter({ principal: header, url }, needed, { gate, tenantId: TENANT });
    return 'refusal' in entered ? entered.refusal.status : signatureOf(entered.principal);
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
    const gate: Gate = { kind: 'nobody', why: 'sign-in is off' };
    expect(knock(principal(['Operator']), { gate })).toBe(401);
  });

  it('calls everybody local on this machine, and nobody from elsewhere', () => {
    const gate: Gate = { kind: 'local' };
    expect(knock(null, { gate, url: 'http://127.0.0.1:7071/api/findings' })).toBe('local');
    expect(knock(null, { gate, url: 'http://evil.example.com/api/findings' })).toBe(401);
  });
});

describe('answers', () => {
  const me = { id: ALICE, name: 'Alice', roles: ['Operator'] } as const;
  let stores: ReturnType<typeof memoryStores>;
  let mary: Finding;
  beforeEach(async () => {
    stores = memoryStores();
    mary = await write(stores, about('Mary'));
    await write(stores, about('Zoë', { openedAt: minutes(500), severity: 'low' }));
  });
  const show = (headers: string | null = null, id = mary.id): Promise<Answer> =>
    answerFinding(stores.findings, { id }, { ifNoneMatch: headers });
  const decide = (body: string, ifMatch: string | null = '*', id = mary.id): Promise<Answer> =>
    answerTransition({ path: { id }, body, ifMatch }, me, stores, minutes(600));

  it('list, page by page', async () => {
    const first = bodyOf(await answerFindings(stores.index, [['top', '1']])) as { next: string };
    const query = [
      ['top', '1'],
      ['after', first.next],
    ] as [string, string][];

    expect(bodyOf(await answerFindings(stores.index, query))).toMatchObject({
      findings: [{ id: mary.id, subject: { name: 'Mary' } }],
    });
    expect((await answerFindings(stores.index, [['after', 'x']])).status).toBe(400);
    expect((await answerFindings(stores.index, [['top', 'x']])).status).toBe(400);
    const broken = { page: () => Promise.reject(new Error('storage')) };
    await expect(answerFindings(broken as never, [])).rejects.toThrow('storage');
  });

  it('list those of a detector that there is', async () => {
    const ask = (detector: string): Promise<Answer> =>
      answerFindings(stores.index, [['detector', detector]], [mary.detector, 'log-reading']);

    expect(bodyOf(await ask(mary.detector))).toMatchObject({ findings: [{}, {}] });
    expect(bodyOf(await ask('other'))).toMatchObject({
      detail: 'detector: names no detector; there are mfa-registration-unfinished, log-reading',
    });
  });

  it('take an object id however it is written', () => {
    const asked = (subject: string): unknown =>
      (readQuery(findingsQuery, [['subject', subject]]) as { value: { subject: string } }).value
        .subject;

    expect(asked('A11CE000-0000-4000-8000-00000000000A')).toBe(
      'a11ce000-0000-4000-8000-00000000000a',
    );
    expect(asked('Id-Of-Mary')).toBe('Id-Of-Mary');
  });

  it('refuse a stretch in which nothing can lie, everywhere with the same words', () => {
    for (const schema of [findingsQuery, exportQuery, statsQuery, coverageQuery, verifyQuery]) {
      expect(
        readQuery<z.ZodType>(schema, [
          ...[['from', '2026-02-01'] as const, ['to', '2026-02-01'] as const],
          ...(schema === exportQuery ? [['format', 'csv'] as const] : []),
        ]),
      ).toMatchObject({
        refusal: { body: expect.stringContaining('to: must lie after from') as string },
      });
    }
  });

  it('show, or say that it is known', async () => {
    const { headers } = await show();

    expect((await show(headers['ETag'])).status).toBe(304);
    expect((await show('"other"')).status).toBe(200);
    expect((await show(null, `${mary.id.slice(0, -1)}0`)).status).toBe(404);
    expect((await show(null, 'x')).status).toBe(400);
  });

  it('decide on what was seen', async () => {
    const etag = (await show()).headers['ETag']!;
    const done = await decide('{"action":"resolve","reason":"fixed","note":" "}', etag);

    expect(bodyOf(done)).toMatchObject({
      decision: { verb: 'resolve', reason: 'fixed', by: `Alice (${ALICE})`, at: minutes(600) },
      history: [{ verb: 'opened' }, { verb: 'resolved' }],
    });
    const statuses = await Promise.all([
      decide('{"action":"reopen"}', etag),
      decide('{"action":"reopen"}', null),
      decide('{"action":"reopen"', '*'),
      decide('{"action":"reopen"}', '*', 'x'),
      decide('{"action":"reopen"}', '*', `${mary.id.slice(0, -1)}0`),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([412, 428, 400, 400, 404]);
  });

  it('keep no half of a character in a note', async () => {
    const done = await decide('{"action":"acknowledge","note":"cut \\ud83d"}');

    expect(bodyOf(done)).toMatchObject({ decision: { note: 'cut \ufffd' } });
    expect(done.body).not.toMatch(/ud83d/);
  });

  it('refuse what would change nothing, in a sentence', async () => {
    const refused = await decide('{"action":"reopen"}');

    expect(refused.status).toBe(409);
    expect(bodyOf(refused)).toMatchObject({ detail: `Finding ${mary.id} is open already.` });
  });

  it('decide not, while it keeps changing, and hide no fault', async () => {
    const commit = jest.spyOn(stores.findings, 'commit').mockResolvedValue(false);
    expect((await decide('{"action":"acknowledge"}')).status).toBe(409);

    commit.mockRejectedValue(new Error('storage'));
    await expect(decide('{"action":"acknowledge"}')).rejects.toThrow('storage');
  });

  it('resend what was given up', async () => {
    const id = `${mary.id}-1`;
    const resend = async (path: object = { id }): Promise<number> =>
      (await answerResend(stores.outbox, path, minutes(700))).status;
    expect([
      await resend(),
      await resend({ id: 'x' }),
      await resend({ id: `${mary.id}-9` }),
    ]).toEqual([409, 400, 404]);
    await putAlert(stores.outbox, id, 'dead', { attempts: 3, reason: 'no\nanswer' });

    const status = bodyOf(
      await answerStatus(
        stores,
        {
          ...{ status: 'degraded', problems: ['1 alert\n'] },
          sources: [{ source: 'signIns' }],
          ...{ alerts: { dead: 1 }, channels: [] },
        } as never,
        [],
        { version: '1', node: 'v24', tenantId: TENANT, settings: [], now: minutes(700) },
      ),
    );
    expect(status).toMatchObject({
      problems: ['1 alert '],
      sources: [{ source: 'signIns', coverage: {} }],
      alerts: { dead: 1, unsaid: [{ id, channel: 'teams', lastError: 'no answer' }] },
    });
    jest.spyOn(stores.outbox, 'requeue').mockResolvedValueOnce(false);
    expect([await resend(), await resend(), await resend()]).toEqual([409, 200, 409]);
  });

  it('count, as far as time allows', async () => {
    let [now, pages] = [0, 0];
    const clock = { now: () => minutes((now += 2)) };
    const slow = {
      page: async () => {
        pages += 1;
        return { ...(await stores.index.page({}, 1)), next: 'more' };
      },
    };

    const slowly = { index: slow as never, counts: stores.counts };
    expect(bodyOf(await answerStats(slowly, [], clock))).toMatchObject({
      ...{ total: 1, complete: false, countedTo: minutes(500) },
    });
    expect(pages).toBe(1);
    expect((await answerStats(stores, [['x', 'y']], clock)).status).toBe(400);
  });

  it('count what was opened and resolved per day', async () => {
    const entry = { findingId: mary.id, detector: mary.detector };
    const other = { ...entry, detector: 'another' };
    await stores.counts.add([
      { ...entry, day: '2026-01-31', what: 'opened' },
      { ...entry, day: '2026-02-02', what: 'resolved' },
      { ...other, day: '2026-01-31', what: 'opened' },
      { ...other, day: '2020-01-01', what: 'opened' },
    ]);
    const clock = { now: () => plus(minutes(0), 10 * DAY) };
    const byDay = async (...query: [string, string][]): Promise<unknown> =>
      (bodyOf(await answerStats(stores, query, clock)) as { byDay: unknown }).byDay;

    expect(await byDay()).toEqual([
      { day: '2026-02-02', opened: 0, resolved: 1 },
      { day: '2026-01-31', opened: 2, resolved: 0 },
    ]);
    expect(await byDay(['detector', 'another'])).toEqual([
      { day: '2026-01-31', opened: 1, resolved: 0 },
    ]);
    expect(await byDay(['from', '2026-02-01'])).toHaveLength(1);
    expect(await byDay(['to', '2026-02-01'])).toHaveLength(1);
    expect(await byDay(['to', '2020-01-02'])).toHaveLength(1);
  });

  it('verify a stretch of time', async () => {
    const verify = jest.fn().mockResolvedValue({ isSound: true });
    const ask = (...query: [string, string][]): Promise<Answer> =>
      answerVerify(verify, query, minutes(0));

    expect(bodyOf(await ask(['from', '2026-01-01'], ['to', '2026-02-01']))).toEqual({
      ...{ asOf: minutes(0), isSound: true },
    });
    expect(verify).toHaveBeenCalledWith({
      from: '2026-01-01T00:00:00.0000000Z',
      to: '2026-02-01T00:00:00.0000000Z',
    });
    expect((await ask(['from', '2026-02-01'], ['to', '2026-01-01'])).status).toBe(400);
    expect((await ask(['when', 'now'])).status).toBe(400);
  });

  it('tell anybody up or down, and what is where', () => {
    const document = { paths: { '/api/openapi.json': { get: {} }, '/api/a/{id}': { post: {} } } };
    const at = (method: string, path: string): Answer =>
      answerElsewhere({ method, url: `http://app${path}` }, document);

    expect([answerHealth(true).status, answerHealth(false).status]).toEqual([200, 503]);
    expect([at('GET', '/api/b').status, at('GET', '/api/openapiXjson').status]).toEqual([404, 404]);
    expect(at('GET', '/api/a/1').headers).toMatchObject({ Allow: 'POST' });
  });
});
