import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Role } from '../../shared/api/access';
import * as responses from '../../shared/api/responses';
import { ROUTES } from '../../shared/api/routes';
import type { Finding } from '../../shared/domain/findings/finding';
import { minutes } from '../contracts/samples';
import {
  about,
  ALICE,
  EASY_AUTH,
  OTHER_TENANT,
  principal,
  removeBundle,
  startApi,
  TENANT,
  write,
} from './api-host';
import { putAlert } from '../fakes/put-alert';

jest.setTimeout(60_000);

const HOSTILE = '=cmd|\u0000\u001b[31m\u009b\u202e<script>alert(1)</script>\r\n"\';--';

let api: Awaited<ReturnType<typeof startApi>>;
let mary: Finding;
let zoe: Finding;
beforeAll(async () => {
  api = await startApi(EASY_AUTH);
  mary = await write(api.stores, about('Mary', { title: HOSTILE, summary: HOSTILE }));
  zoe = await write(api.stores, about('Zoë', { severity: 'low', openedAt: minutes(500) }));
}, 60_000);
afterAll(async () => {
  await api.stop();
  removeBundle();
});

const as = (...roles: string[]): Record<string, string> => ({
  'x-ms-client-principal': principal(roles),
});
const read = (path: string, headers = as('Auditor')): Promise<Response> =>
  api.ask(path, { headers });
const post = (
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  api.ask(path, {
    method: 'POST',
    headers: { ...as('Operator'), 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** Every problem has its form, its headers, and nothing that acts. */
const problem = async (
  response: Response,
  status: number,
): Promise<z.infer<typeof responses.problemDetails>> => {
  const text = await response.text();
  expect([response.status, response.headers.get('content-type')]).toEqual([
    status,
    'application/problem+json',
  ]);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  // eslint-disable-next-line no-control-regex -- what must not be there
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e<>]/);
  return responses.problemDetails.parse(JSON.parse(text));
};

const ID = '0123456789abcdef-0123456789ab';
/** The addresses of every route that takes this role. */
const takes = (role: Role): readonly string[] =>
  ROUTES.filter((each) => each.role === role).map(
    ({ name, path }) =>
      path.replace('{id}', name === 'resend' ? `${ID}-1` : ID) +
      (name === 'export' ? '?format=csv' : ''),
  );
const READING = takes('Auditor');
const DECIDING = takes('Operator');

describe('access', () => {
  it('is asked for by every route but two', () => {
    expect(ROUTES.filter(({ role }) => role === undefined).map(({ name }) => name)).toEqual([
      'health',
      'openapi',
    ]);
  });

  it.each(READING)(
    '%s: 401 without a principal, 403 without a role, open to both roles',
    async (path) => {
      const answer = await api.ask(path);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      await problem(answer, 401);
      await problem(await read(path, as()), 403);
      await problem(await read(path, as('auditor', 'Admin')), 403);
      for (const role of ['Auditor', 'Operator']) {
        const response = await read(path, as(role));
        await response.text();
        expect([200, 404]).toContain(response.status);
      }
    },
  );

  it.each(DECIDING)('%s: for operators only', async (path) => {
    await problem(await api.ask(path, { method: 'POST' }), 401);
    await problem(await post(path, {}, as('Auditor')), 403);
  });

  it.each([
    ['of another tenant', principal(['Operator'], { tid: OTHER_TENANT }), 403],
    ['of another provider', principal(['Operator'], { auth_typ: 'google' }), 401],
    ['that is no base64', '{"auth_typ":"aad"}', 401],
    ['that is no JSON', Buffer.from('auditor').toString('base64'), 401],
    ['that is far too long', 'a'.repeat(10_000), 401],
    ['without an object id', Buffer.from('{"auth_typ":"aad","claims":[]}').toString('base64'), 401],
  ])('refuses a principal %s', async (_, header, status) => {
    await problem(await read('/api/findings', { 'x-ms-client-principal': header }), status);
  });

  it('asks nobody for health and the description', async () => {
    const health = await api.ask('/api/health');
    const document = await api.ask('/api/openapi.json');

    expect([health.status, await health.json()]).toEqual([503, { status: 'down' }]);
    expect(((await document.json()) as { openapi: string }).openapi).toBe('3.1.1');
  });
});

describe('GET /api/findings', () => {
  const list = async (query = ''): Promise<z.infer<typeof responses.findingList>> => {
    const response = await read(`/api/findings${query}`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    return responses.findingList.parse(await response.json());
  };

  it('lists the newest first', async () => {
    expect((await list()).findings.map((each) => each.id)).toEqual([zoe.id, mary.id]);
  });

  it.each([
    ['?status=open', 2],
    ['?detector=log-reading', 0],
    ['?status=resolved', 0],
    ['?severity=low', 1],
    ['?suppressed=true', 0],
    ['?suppressed=false', 2],
    ['?subject=id-of-Mary', 1],
    ['?subject=id-of-M', 0],
    [`?name=${encodeURIComponent('zO')}`, 1],
    ['?from=2026-02-01', 1],
    ['?to=2026-02-01', 1],
    ['?from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:01Z', 0],
    [`?text=${encodeURIComponent('<SCRIPT>')}`, 1],
  ])('%s finds %i', async (query, count) => {
    expect((await list(query)).findings).toHaveLength(count);
  });

  it('goes on where a page ended, with the same filter only', async () => {
    const first = await list('?top=1');
    const after = encodeURIComponent(first.next!);
    const second = await list(`?top=1&after=${after}`);

    expect([first, second].flatMap((each) => each.findings.map(({ id }) => id))).toEqual([
      zoe.id,
      mary.id,
    ]);
    for (const wrong of [
      `status=open&after=${after}`,
      `after=${after}x`,
      'after=AAAA',
      'after=%00',
    ]) {
      const { errors } = await problem(await read(`/api/findings?${wrong}`), 400);
      expect(errors?.map((each) => each.parameter)).toEqual(['after']);
    }
  });

  const LONG = 'x'.repeat(2_001);
  it.each([
    ['colour=red', ['colour']],
    ['status=closed&severity=worst', ['status', 'severity']],
    ['status=open&status=resolved', ['status']],
    ['from=yesterday', ['from']],
    ['to=2026-02-30', ['to']],
    ['from=2026-01-01T12:00:00', ['from']],
    ['top=0', ['top']],
    ['top=501', ['top']],
    ['top=many', ['top']],
    ['top=1e2', ['top']],
    ['top=0x10', ['top']],
    ['top=5.0', ['top']],
    ['top=%205', ['top']],
    ['top=', ['top']],
    ['suppressed=yes', ['suppressed']],
    ['detector=..%2F..', ['detector']],
    ['detector=other', ['detector']],
    ['from=2026-02-01&to=2026-02-01', ['to']],
    [`text=${LONG.slice(0, 201)}`, ['text']],
    [`name=${LONG.slice(0, 201)}`, ['name']],
    ['subject=', ['subject']],
    [`after=${LONG}`, ['after']],
    [`${encodeURIComponent(HOSTILE)}=1`, [expect.stringContaining('=cmd')]],
  ])('refuses ?%.40s and names it', async (query, parameters) => {
    const { errors } = await problem(await read(`/api/findings?${query}`), 400);

    expect(errors?.map((each) => each.parameter)).toEqual(parameters);
  });
});

describe('GET /api/findings/{id}', () => {
  it('shows evidence and history, and answers 304 to who has it', async () => {
    const response = await read(`/api/findings/${mary.id}`);
    const shown = responses.finding.parse(await response.json());
    const etag = response.headers.get('etag')!;

    expect(shown).toMatchObject({
      ...{ id: mary.id, tenantId: TENANT, title: HOSTILE, evidence: mary.evidence },
      message: mary.message,
      record: { sequence: 1, head: mary.head },
      history: [{ verb: 'opened', message: mary.message, by: 'crosscheck', hash: mary.head }],
    });
    expect(etag).toMatch(/^"[0-9a-f]{24}"$/);
    for (const seen of [etag, `"x", W/${etag}`, '*']) {
      const again = await read(`/api/findings/${mary.id}`, {
        ...as('Auditor'),
        'if-none-match': seen,
      });
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([
        304,
        '',
        etag,
      ]);
    }
    const other = { ...as('Auditor'), 'if-none-match': '"other"' };
    expect((await read(`/api/findings/${mary.id}`, other)).status).toBe(200);
  });

  it('sends nothing that a terminal or page would act on', async () => {
    const text = await (await read(`/api/findings/${mary.id}`)).text();

    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e<>]/);
  });

  it('does not know others', async () => {
    await problem(await read(`/api/findings/${ID}`), 404);
    for (const id of ['x', `${ID}0`, encodeURIComponent(HOSTILE), '%2e%2e']) {
      const response = await read(`/api/findings/${id}`);
      expect([400, 404]).toContain(response.status);
      await problem(response, response.status);
    }
  });
});

describe('POST /api/findings/{id}/transitions', () => {
  const path = (): string => `/api/findings/${zoe.id}/transitions`;
  const etagNow = async (): Promise<string> =>
    (await read(`/api/findings/${zoe.id}`)).headers.get('etag')!;

  it('records who, why and when, on the version that was seen', async () => {
    const seen = await etagNow();
    const done = await post(
      path(),
      { action: 'resolve', reason: 'accepted', note: `Known. ${HOSTILE}` },
      { 'if-match': seen },
    );
    const shown = responses.finding.parse(await done.json());

    expect(shown).toMatchObject({
      ...{ status: 'resolved', resolution: 'by-person' },
      decision: { by: `alice@example.com (${ALICE})`, reason: 'accepted' },
    });
    expect(shown.history.map((each) => [each.verb, each.by])).toEqual([
      ['opened', 'crosscheck'],
      ['resolved', `alice@example.com (${ALICE})`],
    ]);
    expect(done.headers.get('etag')).toBe(await etagNow());
    await problem(await post(path(), { action: 'reopen' }, { 'if-match': seen }), 412);
    expect(await (await read('/api/findings?status=resolved')).json()).toMatchObject({
      findings: [{ id: zoe.id }],
    });

    const reopened = await post(path(), { action: 'reopen' }, { 'if-match': '*' });
    expect(await reopened.json()).toMatchObject({ status: 'open' });
    const seenByOne = await post(
      path(),
      { action: 'acknowledge' },
      { 'if-match': await etagNow() },
    );
    expect(await seenByOne.json()).toMatchObject({ status: 'acknowledged' });
  });

  it.each([
    ['no JSON', 'close it', ['body']],
    ['no object', '[]', ['body']],
    ['no action', { note: 'x' }, ['action']],
    ['an unknown action', { action: 'delete' }, ['action']],
    ['no reason', { action: 'resolve' }, ['reason']],
    ['an unknown reason', { action: 'resolve', reason: 'bored' }, ['reason']],
    ['a reason too many', { action: 'reopen', reason: 'fixed' }, ['reason']],
    ['somebody else as author', { action: 'reopen', by: 'root' }, ['by']],
    ['a note beyond measure', { action: 'reopen', note: 'x'.repeat(1_001) }, ['note']],
  ])('refuses %s', async (_, body, parameters) => {
    const { errors } = await problem(await post(path(), body, { 'if-match': '*' }), 400);

    expect(errors?.map((each) => each.parameter)).toEqual(parameters);
  });

  it('refuses a body beyond measure in words of its own', async () => {
    const body = `{"action":"reopen","note":"${'x'.repeat(50_000)}"}`;
    const { detail } = await problem(await post(path(), body, { 'if-match': '*' }), 413);

    expect(detail).toBe('A decision has at most 10,000 bytes; shorten the note.');
  });

  it('asks which version was seen, of which finding, and for JSON', async () => {
    await problem(await post(path(), { action: 'reopen' }), 428);
    await problem(await post(path(), { action: 'reopen' }, { 'if-match': '"other"' }), 412);
    const nobody = `/api/findings/${ID}/transitions`;
    await problem(await post(nobody, { action: 'reopen' }, { 'if-match': '*' }), 404);
    const form = { 'if-match': '*', 'content-type': 'text/plain' };
    await problem(await post(path(), { action: 'reopen' }, form), 415);
  });

  it.each([
    ['a page of another site', { origin: 'https://evil.example.com' }],
    ['a page that hides where it is from', { origin: 'null' }],
    ['what a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a page beside this one', { 'sec-fetch-site': 'same-site' }],
  ])('takes nothing from %s', async (_, headers) => {
    const decided = await post(path(), { action: 'reopen' }, { 'if-match': '*', ...headers });

    expect((await problem(decided, 403)).detail).toContain('page of another site');
  });

  it('takes what a page of its own sends', async () => {
    const own = { origin: api.url, 'sec-fetch-site': 'same-origin' };

    await problem(await post(path(), { action: 'reopen' }, own), 428);
  });
});

describe('POST /api/alerts/{id}/resend', () => {
  it('owes an alert again that was given up, once', async () => {
    const id = `${mary.id}-1`;
    const path = `/api/alerts/${id}/resend`;
    await problem(await post(path, ''), 409);
    const { outbox } = api.stores;
    await putAlert(outbox, id, 'dead', { attempts: 9, reason: `no answer ${HOSTILE}` });

    const listed = responses.statusReport.parse(await (await read('/api/status')).json());
    expect(listed.alerts).toMatchObject({
      dead: 1,
      channels: [{ channel: 'teams', dead: 1 }],
      undelivered: [{ id, channel: 'teams', state: 'dead', attempts: 9 }],
    });
    const done = await post(path, '');
    expect(responses.resent.parse(await done.json())).toMatchObject({ id, channels: ['teams'] });
    expect(await outbox.read(id)).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    await problem(await post(path, ''), 409);
    await problem(await post(`/api/alerts/${ID}-7/resend`, ''), 404);
    await problem(await post('/api/alerts/x/resend', ''), 400);
  });
});

describe('GET /api/export', () => {
  const exported = async (query: string): Promise<readonly string[]> => {
    const response = await read(`/api/export?${query}`);
    expect(response.headers.get('transfer-encoding')).toBe('chunked');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.-]+"$/);
    return (await response.text()).split('\n').slice(0, -1);
  };
  const sha256 = (lines: readonly string[]): string =>
    createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex');

  it('ndjson: every finding whole, and a manifest that covers all before it', async () => {
    const lines = await exported('format=ndjson');
    const findings = lines.slice(0, -1).map((line) => responses.finding.parse(JSON.parse(line)));
    const { manifest } = JSON.parse(lines.at(-1)!) as { manifest: Record<string, unknown> };

    expect(findings.map(({ id }) => id)).toEqual([mary.id, zoe.id].sort());
    expect(manifest).toMatchObject({
      ...{ tenantId: TENANT, format: 'ndjson', filter: {}, findings: 2, complete: true },
      requestedBy: `alice@example.com (${ALICE})`,
      sha256: sha256(lines.slice(0, -1)),
      heads: sha256(findings.map(({ id, record }) => `${id} ${record.sequence} ${record.head}`)),
    });
  });

  it('csv: nothing runs as a formula, nothing breaks a row', async () => {
    const lines = await exported('format=csv&severity=high');

    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(`"'=cmd|`);
    expect(lines[2]).toMatch(/^"manifest","\{/);
    expect(lines[2]).toContain(sha256(lines.slice(0, -1)));
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  it('ocsf: Detection Findings, without a manifest when none is wanted', async () => {
    const lines = await exported('format=ocsf&manifest=none');

    const expected = [
      { class_uid: 2004, severity_id: 2, finding_info: { uid: zoe.id } },
      { class_uid: 2004, severity_id: 4, finding_info: { uid: mary.id } },
    ].sort((a, b) => (a.finding_info.uid < b.finding_info.uid ? -1 : 1));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject(expected);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ metadata: { version: '1.5.0' } });
  });

  it.each([
    ['', ['format']],
    ['format=xml', ['format']],
    ['format=csv&top=5', ['top']],
    ['format=csv&after=AAAA', ['after']],
    ['format=csv&manifest=first', ['manifest']],
  ])('refuses ?%s before anything is sent', async (query, parameters) => {
    const { errors } = await problem(await read(`/api/export?${query}`), 400);

    expect(errors?.map((each) => each.parameter)).toEqual(parameters);
  });
});

describe('the rest', () => {
  it('counts', async () => {
    const stats = responses.stats.parse(await (await read('/api/stats?from=2026-01-01')).json());

    expect(stats).toMatchObject({
      ...{ total: 2, complete: true, suppressed: 0 },
      byDetector: { 'mfa-registration-unfinished': 2 },
      byMonth: [
        { month: '2026-02', total: 1 },
        { month: '2026-01', total: 1 },
      ],
    });
    await problem(await read('/api/stats?status=open'), 400);
  });

  it('shows what lies behind health, and no secret', async () => {
    const response = await read('/api/status');
    const text = await response.text();

    expect(responses.statusReport.parse(JSON.parse(text)).settings).toEqual(
      expect.arrayContaining([
        { name: 'TENANT_ID', value: TENANT, isDefault: false },
        { name: 'TABLES_CONNECTION', value: 'set', isDefault: false },
        { name: 'TEAMS_WEBHOOK_URL', value: 'not set', isDefault: true },
      ]),
    );
    expect(text).not.toContain('AccountKey');
  });

  it('looks whether anybody has altered the record', async () => {
    const found = responses.verification.parse(
      await (await read('/api/verify?to=2030-01-01')).json(),
    );

    expect(found).toMatchObject({ isSound: false, tamperings: [] });
    expect(found.unseen).toEqual([expect.stringMatching(/^the seals: there is none/)]); // of months ago
    await problem(await read('/api/verify?from=2026-02-01&to=2026-01-01'), 400);
    await problem(await read('/api/verify?since=2026-02-01'), 400);
  });

  it('says what is not there, and which methods are taken', async () => {
    await problem(await api.ask('/api/else'), 404);
    await problem(await api.ask(`/api/${encodeURIComponent(HOSTILE)}`), 404);
    const wrong = await api.ask('/api/findings', { method: 'DELETE' });
    expect(wrong.headers.get('allow')).toBe('GET');
    await problem(wrong, 405);
    expect((await api.ask(`/api/findings/${ID}/transitions`)).headers.get('allow')).toBe('POST');
  });
});

describe('when nobody stands in front of the doors', () => {
  const GUARDED = [
    ...READING.map((path) => [path, 'GET']),
    ...DECIDING.map((path) => [path, 'POST']),
  ];
  const forged = {
    'x-ms-client-principal': principal(['Operator']),
    'x-ms-client-principal-idp': 'aad',
    'content-type': 'application/json',
  };

  it.each([
    ['in Azure, with sign-in off', { WEBSITE_SITE_NAME: 'crosscheck' }],
    [
      'in Azure, with settings that would do on a desk',
      { WEBSITE_INSTANCE_ID: 'i', AZURE_FUNCTIONS_ENVIRONMENT: 'Development' },
    ],
    ['elsewhere', {}],
    [
      'with another provider',
      { WEBSITE_AUTH_ENABLED: 'True', WEBSITE_AUTH_DEFAULT_PROVIDER: 'Google' },
    ],
    [
      'with doors that sign-in leaves out',
      {
        ...EASY_AUTH,
        WEBSITE_AUTH_V2_CONFIG_JSON: EASY_AUTH.WEBSITE_AUTH_V2_CONFIG_JSON.replace(
          '/api/health',
          '/api/*',
        ),
      },
    ],
  ])('%s: a forged principal opens no door', async (_, environment) => {
    const closed = await startApi(environment);
    try {
      for (const [path, method] of GUARDED) {
        await problem(await closed.ask(path!, { method: method!, headers: forged }), 401);
      }
    } finally {
      await closed.stop();
    }
  });

  it('on this machine with a made-up tenant: everybody here is `local`', async () => {
    const local = await startApi({ AZURE_FUNCTIONS_ENVIRONMENT: 'Development' });
    try {
      const { id } = await write(local.stores, about('Ada'));
      const done = await local.ask(`/api/findings/${id}/transitions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'if-match': '*' },
        body: '{"action":"acknowledge"}',
      });

      expect(await done.json()).toMatchObject({ decision: { by: 'local' } });
    } finally {
      await local.stop();
    }
  });
});
