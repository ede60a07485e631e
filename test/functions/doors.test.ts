import {
  app,
  HttpRequest,
  InvocationContext,
  type HttpHandler,
  type Timer,
  type TimerHandler,
} from '@azure/functions';
import { TableClient } from '@azure/data-tables';
import { ContentionError } from '../../shared/adapters/tables/errors';
import { toHttpResponse } from '../../functions/http-handler';
import { reported } from '../../functions/invocation';
import { theMonitor } from '../../shared/composition/monitor';
import { RUNS } from '../../shared/config/functions';
import { LOG_READING } from '../../shared/pipeline/findings/log-reading';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { TENANT } from './api-host';

const doors = new Map<string, { readonly route: string; readonly handler: HttpHandler }>();
const timers = new Map<string, TimerHandler>();
const NOBODY = '0123456789abcdef-0123456789ab';
let azurite: Azurite;

jest.setTimeout(30_000);
beforeAll(async () => {
  azurite = await startAzurite();
  jest.spyOn(app, 'http').mockImplementation((name, { route, handler }) => {
    doors.set(name, { route: route ?? '', handler: handler });
  });
  jest.spyOn(app, 'timer').mockImplementation((name, { handler }) => {
    timers.set(name, handler);
  });
  jest.spyOn(app, 'setup').mockImplementation(() => undefined);
  Object.assign(process.env, {
    ...{ TENANT_ID: TENANT, GRAPH_AUTH: 'none', GRAPH_BASE_URL: 'http://127.0.0.1:9' },
    ...{ TABLES_CONNECTION: azurite.connection, AZURE_FUNCTIONS_ENVIRONMENT: 'Development' },
    LOG_LEVEL: 'error',
  });
  await import('../../functions/index');
});

/** What a timer throws, and the lines that it has logged: each must be JSON. */
const ring = async (
  name: string,
): Promise<{ thrown: string; lines: readonly Record<string, unknown>[] }> => {
  const logged: string[] = [];
  const context = new InvocationContext({
    ...{ functionName: name, invocationId: 'invocation-2' },
    logHandler: (_level, ...args) => logged.push(args.join(' ')),
  });
  const thrown = await Promise.resolve(timers.get(name)!({} as Timer, context)).then(
    () => '',
    (error: unknown) => (error as Error).message,
  );
  return { thrown, lines: logged.map((line) => JSON.parse(line) as Record<string, unknown>) };
};

const knock = async (
  name: string,
  { query = '', body }: { readonly query?: string; readonly body?: string } = {},
): Promise<{ status: number; text: string; logged: string }> => {
  const { route, handler } = doors.get(name)!;
  const logged: string[] = [];
  const context = new InvocationContext({
    ...{ functionName: name, invocationId: 'invocation-1' },
    logHandler: (_level, ...args) => logged.push(args.join(' ')),
  });
  const request = new HttpRequest({
    method: body === undefined ? 'GET' : 'POST',
    url: `http://127.0.0.1/${route.replace('{id}', NOBODY)}${query}`,
    params: { id: `${NOBODY}${name === 'resend' ? '-1' : ''}` },
    ...(body !== undefined && {
      body: { string: body },
      headers: { 'content-type': 'application/json', 'if-match': '*' },
    }),
  });
  const answer = (await handler(request, context)) as {
    status: number;
    body?: string | ReadableStream;
  };
  return {
    status: answer.status,
    text: await new Response(answer.body).text(),
    logged: logged.join('\n'),
  };
};

/** A process that begins with another tenant: its monitor is built anew. */
async function withTenant(tenant: string, work: () => Promise<void>): Promise<void> {
  const before = process.env['TENANT_ID'];
  process.env['TENANT_ID'] = tenant;
  try {
    await jest.isolateModulesAsync(work);
  } finally {
    process.env['TENANT_ID'] = before;
  }
}

describe('functions/http', () => {
  it.each<[string, number, { readonly query?: string; readonly body?: string }]>([
    ['findings', 200, {}],
    ['finding', 404, {}],
    ['export', 200, { query: '?format=csv' }],
    ['stats', 200, {}],
    ['readiness', 200, {}],
    ['status', 200, {}],
    ['verify', 200, {}],
    ['openapi', 200, {}],
    ['notFound', 404, {}],
    ['health', 503, {}],
    ['transitions', 404, { body: '{"action":"reopen"}' }],
    ['transitions', 413, { body: `{"action":"reopen","note":"${'x'.repeat(200_000)}"}` }],
    ['transitions', 400, { body: '{' }],
    ['status', 400, { query: '?colour=red' }],
    ['openapi', 400, { query: '?colour=red' }],
    ['resend', 404, { body: '' }],
  ])('%s answers %i', async (name, status, request) => {
    expect(await knock(name, request)).toMatchObject({ status });
  });

  it('asks the storage for health once, however often anybody asks', async () => {
    const reading = jest.spyOn((await theMonitor()).stores.coverage, 'reading');

    const answers = await Promise.all(Array.from({ length: 20 }, () => knock('health')));

    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(503));
    expect(reading.mock.calls.length).toBeLessThanOrEqual(1);
    reading.mockRestore();
  });

  it('asks to try again where others kept writing', async () => {
    const { stores, detectorOf } = await theMonitor();
    const find = jest.spyOn(stores.findings, 'find');
    find.mockRejectedValueOnce(new ContentionError('a row', 'Findings'));

    expect((await knock('finding')).status).toBe(503);
    expect((await knock('finding')).status).toBe(404);
    expect(detectorOf(LOG_READING.id)).toBe(LOG_READING);
  });

  it('names a row that cannot be read, and nothing of what it holds', async () => {
    const [timeline, anchor] = NOBODY.split('-');
    const [partitionKey, rowKey] = [`${TENANT}|${timeline}`, `f|${anchor}`];
    const table = TableClient.fromConnectionString(azurite.connection, 'Findings', {
      allowInsecureConnection: true,
    });
    await table.createTable();
    await table.createEntity({ partitionKey, rowKey, json: '{"title":"secret' });

    const { status, text, logged } = await knock('finding');

    await table.deleteEntity(partitionKey, rowKey);
    expect(status).toBe(500);
    const detail = `the row Findings ${partitionKey} ${rowKey} cannot be read; run: crosscheck verify. `;
    expect((JSON.parse(text) as { detail: string }).detail).toContain(detail);
    expect(text + logged).not.toContain('secret');
  });

  // The last: it ends the storage.
  it('says in the log what went wrong, and not to the caller', async () => {
    await azurite.stop();
    const failed = await knock('finding');

    expect(failed.status).toBe(503);
    expect(JSON.parse(failed.text)).toMatchObject({
      detail: 'The storage did not answer; try again. The log of invocation invocation-1 says why.',
    });
    expect(JSON.parse(failed.logged)).toMatchObject({
      ...{ level: 'error', msg: 'run failed', run: 'request', function: 'finding' },
      ...{ failure: 'failed', kind: 'StorageError', remedy: 'start the emulator: azurite-table' },
      error: expect.stringContaining('127.0.0.1') as string,
    });
  }, 60_000);

  it.each(Object.entries(RUNS))(
    '%s says it in the line of its run, and throws it for the platform',
    async (name, run) => {
      const { thrown, lines } = await ring(name);

      expect(thrown).toContain('does not answer');
      expect(lines).toContainEqual(
        expect.objectContaining({ ...run, function: name, failure: 'failed', error: thrown }),
      );
    },
    60_000,
  );

  it('says in the same line that the settings cannot be used', async () => {
    await withTenant('nobody', async () => {
      const { thrown, lines } = await ring('pollSignIns');

      expect(thrown).toContain('TENANT_ID');
      expect(lines).toEqual([
        expect.objectContaining({
          run: 'poll',
          source: 'signIns',
          failure: 'failed',
          error: thrown,
        }),
      ]);
    });
  });

  it('and what broke off an answer that was already under way', async () => {
    const logged: string[] = [];
    const context = new InvocationContext({
      ...{ functionName: 'export', invocationId: 'invocation-3' },
      logHandler: (_level, ...args) => logged.push(args.join(' ')),
    });
    async function* pieces(): AsyncGenerator<string> {
      yield await Promise.resolve('[');
      throw new Error('the storage is gone; sig=Bearer abcdefghijkl');
    }
    const { body } = toHttpResponse({ status: 200, headers: {}, body: pieces() }, (error) =>
      reported(context, error),
    );

    await expect(new Response(body as ReadableStream).text()).rejects.toThrow(
      'the storage is gone',
    );
    expect(JSON.parse(logged.join())).toMatchObject({
      ...{ run: 'request', function: 'export', failure: 'failed', kind: 'Error' },
      ...{ error: 'the storage is gone; sig=Bearer [redacted]' },
      stack: expect.stringContaining('doors.test.ts') as string,
    });
  });
});
