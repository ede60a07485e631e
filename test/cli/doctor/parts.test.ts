import { randomUUID } from 'node:crypto';
import { lookAtApp } from '../../../cli/doctor/app';
import { runAz } from '../../../cli/doctor/azure';
import { examine, type Check } from '../../../cli/doctor/check';
import { lookAtSeals, lookAtTables } from '../../../cli/doctor/storage';
import { lookAtVersions } from '../../../cli/doctor/versions';
import { lookAtWatch } from '../../../cli/doctor/watch';
import { lookAtWebhook } from '../../../cli/doctor/webhook';
import { answerText, listenOnLoopback } from '../../../cli/local-host/listen';
import { sealContainer } from '../../../shared/adapters/blobs/seal-container';
import { claimsOf } from '../../../shared/adapters/graph/claims';
import { Account } from '../../../shared/adapters/tables/account';
import { readConfig } from '../../../shared/config/config';
import { toInstant } from '../../../shared/domain/time';
import { EASY_AUTH, removeBundle, startApi, TENANT, type ApiHost } from '../../functions/api-host';
import { freePort, startAzurite } from '../../fakes/azurite';
import { startAzuriteBlobs } from '../../fakes/azurite-blobs';
import { VirtualClock } from '../../fakes/clock';
import { tokenOf } from '../../fakes/guarded-tenant';
import { memoryStores } from '../../fakes/memory-stores';

jest.setTimeout(60_000);

const EMPTY = {
  ...{ TENANT_ID: TENANT, GRAPH_AUTH: 'none', GRAPH_BASE_URL: 'http://127.0.0.1:1' },
  TABLES_CONNECTION: 'UseDevelopmentStorage=true',
};

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) {
    await end();
  }
});
afterAll(() => {
  removeBundle();
});

const byId = (checks: readonly Check[]): Record<string, string> =>
  Object.fromEntries(checks.map(({ id, state }) => [id, state]));

describe('the watch', () => {
  it('fails while stored rows cannot be read, the audit trail first', async () => {
    const stores = memoryStores();
    await stores.chain.write({ sequence: 0, hash: '' }, undefined);
    await stores.marks.mark([{ id: 'a', detector: 'x', subject: { type: 'user', id: 'u' } }], {
      cause: 'signals',
    });
    for (const [table, kind] of [
      ['Work', 'mark|'],
      ['Findings', 'head'],
    ] as const) {
      const contents = stores.tables.contents(table);
      const [row] = [...contents.rows.values()].filter(({ rowKey }) => rowKey.startsWith(kind));
      contents.put({ ...row!, json: '{' });
    }
    await stores.damaged.search();
    const config = readConfig({ ...EMPTY, LOG_LEVEL: 'error' });

    const checks = await lookAtWatch(
      stores,
      config,
      new VirtualClock(toInstant('2026-03-02T12:00:00Z')),
    );

    expect(checks.find(({ id }) => id === 'stored-rows')).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/: a seal of the audit trail \(.* and 1 more$/) as string,
      remedy:
        'Find out who changed the audit trail with: crosscheck verify. Rebuild what can be derived with: crosscheck repair.',
    });
  });
});

describe('examine', () => {
  it('says so when looking takes too long, and breaks it off', async () => {
    const clock = new VirtualClock(toInstant('2026-03-02T12:00:00Z'));
    let isBroken = false;
    const examined = examine(
      {
        ...{ group: 'webhook', within: 30_000 },
        look: (signal) =>
          new Promise(() => {
            signal.addEventListener('abort', () => (isBroken = true));
          }),
      },
      clock,
    );
    clock.advance(30_001);

    const { checks } = await examined;

    expect(checks).toMatchObject([{ state: 'fail', says: 'no answer within 30 seconds' }]);
    expect(isBroken).toBe(true);
  });

  it('takes secrets out of what went wrong', async () => {
    const { checks } = await examine(
      {
        ...{ group: 'logs', within: 1 },
        look: () => {
          throw new Error('GET https://x/?sig=s3cret with Bearer abc.def');
        },
      },
      new VirtualClock(toInstant('2026-03-02T12:00:00Z')),
    );

    expect(checks[0]?.state).toBe('fail');
    expect(JSON.stringify(checks)).not.toMatch(/s3cret|abc\.def/);
  });
});

describe('the webhook', () => {
  const workflow = (code: string): string =>
    JSON.stringify({ error: { code, message: "expected 'POST' and actual 'GET'" } });
  const ask = async (status: number, body: string, headers: Record<string, string> = {}) => {
    const methods: (string | undefined)[] = [];
    const fetched = (async (_url: URL, init: RequestInit) => {
      methods.push(init.method);
      return Promise.resolve(new Response(body, { status, headers }));
    }) as typeof fetch;
    const url = new URL('https://prod-1.westeurope.logic.azure.com/workflows/w?sig=s3cret');
    const signal = AbortSignal.timeout(10_000);
    const [check] = await lookAtWebhook(url, { fetch: fetched, signal });
    expect(methods).toEqual(['GET']);
    expect(JSON.stringify(check)).not.toMatch(/s3cret|workflows/);
    expect(check?.says).toMatch(/host prod-1\.westeurope\.logic\.azure\.com, sha256 [0-9a-f]{8}/);
    return check!;
  };

  it.each<[string, number, string, string, RegExp]>([
    ['is on', 400, workflow('TriggerRequestMethodNotValid'), 'ok', /takes posts$/],
    ['is off', 404, workflow('WorkflowTriggerIsNotEnabled'), 'fail', /off or deleted$/],
    ['is gone', 404, workflow('WorkflowNotFound'), 'fail', /off or deleted$/],
    ['refuses the signature', 401, workflow('DirectApiInvalid'), 'fail', /refuses the signature$/],
    ['takes a GET', 202, '', 'warn', /answers 202 to a GET$/],
    ['tells nothing', 502, 'bad gateway', 'warn', /answers 502, which tells nothing$/],
    ['leads elsewhere', 302, '', 'fail', /leads elsewhere/],
  ])('%s', async (_what, status, body, state, says) => {
    const check = await ask(status, body);

    expect(check.state).toBe(state);
    expect(check.says).toMatch(says);
    expect(state === 'ok' || (check.remedy ?? '') !== '').toBe(true);
  });

  it('cannot be reached', async () => {
    const url = new URL(`http://127.0.0.1:${await freePort()}/webhook?sig=s3cret`);

    const [check] = await lookAtWebhook(url, { fetch, signal: AbortSignal.timeout(10_000) });

    expect(check?.state).toBe('fail');
    expect(check?.says).toContain('cannot be reached (ECONNREFUSED)');
    expect(JSON.stringify(check)).not.toContain('s3cret');
  });

  it('does not answer in time', async () => {
    const silent = await listenOnLoopback(() => new Promise(() => undefined));
    ends.push(silent.close);
    const url = new URL(`${silent.url}/webhook`);

    const [check] = await lookAtWebhook(url, { fetch, signal: AbortSignal.timeout(200) });

    expect(check?.says).toMatch(/cannot be reached \(no answer in time\)$/);
  });

  it('is not configured', async () => {
    const signal = AbortSignal.timeout(1_000);

    expect(await lookAtWebhook(undefined, { fetch, signal })).toMatchObject([{ state: 'warn' }]);
  });
});

describe('tables that the infrastructure makes', () => {
  it('fail when they are missing', async () => {
    const azurite = await startAzurite();
    ends.push(() => azurite.stop());
    const account = new Account({ connection: azurite.connection });
    await account.client('Work').createTable();

    const checks = await lookAtTables({ account, tenantId: randomUUID(), makesTables: false });

    expect(byId(checks)).toEqual({
      ...{ 'table-Coverage': 'fail', 'table-Work': 'ok', 'table-Findings': 'fail' },
      ...{ 'table-FindingIndex': 'fail', 'table-Quarantine': 'fail', 'table-Timelines': 'fail' },
    });
    expect(checks[0]?.says).toBe('table Coverage is missing');
    expect(checks[0]?.remedy).toContain('Deploy infra/');
  });

  it('fail when nothing answers', async () => {
    const azurite = await startAzurite();
    const account = new Account({
      ...{ connection: azurite.connection, patience: { timeout: 1_000, retries: 0 } },
    });
    await azurite.stop();

    const checks = await lookAtTables({ account, tenantId: randomUUID(), makesTables: false });

    expect(checks[0]?.says).toContain('does not answer');
  });
});

describe('seals', () => {
  it('are read, and written as far as that leaves nothing', async () => {
    const blobs = await startAzuriteBlobs();
    ends.push(() => blobs.stop());
    const copies = async (permissions: string, name = 'seals') =>
      sealContainer({
        ...{ container: await blobs.container(name, permissions), tenantId: TENANT },
        ...{ credential: undefined, fetch },
      });

    const empty = await lookAtSeals(await copies('rcwd'));
    await (await copies('rcwd')).put(1, 'the first entry');
    const full = await lookAtSeals(await copies('rcwd'));
    const readOnly = await lookAtSeals(await copies('r'));

    expect([empty.state, full.state, readOnly.state]).toEqual(['ok', 'ok', 'fail']);
    expect(empty.says).toContain('writing is not tried');
    expect(full.says).toBe('the seal container can be read and written');
    expect(readOnly.remedy).toContain('"Storage Blob Data Contributor"');
    expect(await (await copies('rcwd')).read(1)).toBe('the first entry');
    expect((await lookAtSeals(await copies('c'))).remedy).toContain('"Storage Blob Data Reader"');
  });

  it('are not copied without a container', async () => {
    expect(await lookAtSeals(undefined)).toMatchObject({ state: 'warn' });
  });
});

describe('the app, as a stranger sees it', () => {
  const look = (host: { readonly url: string }, version = '0.1.0') =>
    lookAtApp({
      ...{ url: new URL(host.url), tenantId: TENANT, version, fetch },
      signal: AbortSignal.timeout(20_000),
    });
  const start = async (environment: Readonly<Record<string, string>>): Promise<ApiHost> => {
    const host = await startApi(environment);
    ends.push(host.stop);
    return host;
  };
  const server = async (
    answer: (
      path: string,
      headers: Record<string, unknown>,
    ) => [number, string, (string | undefined)?],
  ): Promise<{ readonly url: string }> => {
    const listening = await listenOnLoopback((request, response) => {
      const [status, body, location] = answer(request.url ?? '', request.headers);
      answerText(response, status, body, location === undefined ? {} : { location });
    });
    ends.push(listening.close);
    return listening;
  };

  it('refuses a forged principal while nobody stands in front of it', async () => {
    const host = await start({ WEBSITE_SITE_NAME: 'crosscheck' });

    const checks = await look(host);

    expect(byId(checks)).toEqual({
      ...{ health: 'fail', openapi: 'ok', stranger: 'ok', 'forged-principal': 'ok' },
    });
    expect(checks[0]?.says).toContain('down'); // nothing was ever read
    expect(checks[3]?.says).toContain('it gets 401');
  });

  it('believes it when the platform is passed by: the doctor says so', async () => {
    const host = await start(EASY_AUTH);

    const checks = await look(host);

    expect(byId(checks)).toMatchObject({ stranger: 'ok', 'forged-principal': 'fail' });
    expect(checks[3]?.says).toContain('forged x-ms-client-principal is let in');
  });

  it('sends strangers to the sign-in page', async () => {
    const login = 'https://login.microsoftonline.com/tenant/oauth2/v2.0/authorize';
    const host = await server((path) =>
      path === '/api/health' ? [200, '{"status":"up"}'] : [302, '', login],
    );

    const checks = await look(host);

    expect(byId(checks)).toEqual({
      ...{ health: 'ok', openapi: 'ok', stranger: 'ok', 'forged-principal': 'ok' },
    });
    expect(checks[1]?.says).toContain('is not shown to strangers');
    expect(checks[3]?.says).toContain('the way to sign in');
  });

  it('lets everybody in', async () => {
    const host = await server((path) => [
      200,
      path.endsWith('openapi.json') ? '{"info":{"version":"0.0.9"}}' : '{}',
    ]);

    const checks = await look(host);

    expect(byId(checks)).toEqual({
      ...{ health: 'ok', openapi: 'warn', stranger: 'fail', 'forged-principal': 'fail' },
    });
    expect(checks[1]?.says).toBe('version 0.0.9 is deployed, and 0.1.0 is here');
  });

  it.each<[string, number, string | undefined, Record<string, string>]>([
    ['something else', 404, undefined, { health: 'fail', openapi: 'fail', stranger: 'warn' }],
    ['a guard', 403, undefined, { health: 'warn', openapi: 'ok', stranger: 'ok' }],
    [
      'a redirect',
      301,
      'https://elsewhere.example.com/',
      { health: 'fail', openapi: 'fail', stranger: 'warn' },
    ],
  ])('is %s', async (_what, status, location, expected) => {
    const host = await server(() => [status, 'x', location]);

    expect(byId(await look(host))).toMatchObject(expected);
  });

  it('is not there', async () => {
    const checks = await look({ url: `http://127.0.0.1:${await freePort()}` });

    expect(checks).toMatchObject([{ id: 'app', state: 'fail' }]);
    expect(checks[0]?.says).toContain('cannot be reached (ECONNREFUSED)');
  });
});

describe('versions', () => {
  it.each([
    ['v24.1.0', 'ok'],
    ['v23.0.0', 'warn'],
    ['v20.20.2', 'fail'],
  ])('Node %s is %s', (node, state) => {
    expect(byId(lookAtVersions('1.2.3', node, {}))['node']).toBe(state);
  });

  it('knows where it runs', () => {
    const says = (environment: Record<string, string>) =>
      lookAtVersions('1.2.3', 'v24.1.0', environment).at(-1)?.says;

    expect(says({})).toContain('at a terminal');
    expect(says({ WEBSITE_SITE_NAME: 'x' })).toContain('inside the Function App');
  });
});

describe('claimsOf', () => {
  it.each(['', 'opaque', 'a.b.c', tokenOf('no tenant', []), tokenOf(TENANT, [], { appid: 1 })])(
    'says nothing of "%s"',
    (token) => {
      expect(claimsOf(token)).toBeUndefined();
    },
  );

  it('keeps what is a permission', () => {
    const claims = claimsOf(tokenOf(TENANT, ['AuditLog.Read.All', '\u001b[31mred', 'a b']));

    expect(claims).toMatchObject({
      tenantId: TENANT,
      permissions: ['AuditLog.Read.All'],
      of: 'app',
    });
  });
});

describe('az', () => {
  it('is run as it is installed, or fails', async () => {
    await expect(runAz(['--no-such-option'], AbortSignal.timeout(20_000))).rejects.toThrow();
  });
});
