import { request } from 'node:http';
import { loadFunctions, type FunctionsHost } from '../../../cli/local-host/functions-core';
import { serveFunctions } from '../../../cli/local-host/http';
import type { Listening } from '../../../cli/local-host/listen';
import { buildBundle, REAL_MODULES, SAMPLE, STREAMING } from './bundles';

const serve = async (
  code: string,
): Promise<{ host: FunctionsHost; listening: Listening; errors: string[] }> => {
  const bundle = buildBundle({ code });
  const host = await loadFunctions(bundle.path, { moduleSystem: REAL_MODULES });
  bundle.remove();
  const errors: string[] = [];
  const listening = await serveFunctions(host, {
    onError: (name, error) => errors.push(`${name}: ${(error as Error).message}`),
  });
  return { host, listening, errors };
};

describe('served functions', () => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    served = await serve(SAMPLE);
  });
  afterAll(async () => {
    await served.listening.close();
    await served.host.close();
  });
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${served.listening.url}${path}`, init);

  it('answer with status, headers and body', async () => {
    const response = await ask('/api/echo/7?q=a%20b', {
      method: 'POST',
      headers: { 'x-agent': 'test' },
      body: 'text',
    });

    expect([response.status, response.headers.get('x-method')]).toEqual([201, 'POST']);
    expect(await response.json()).toEqual({
      url: `${served.listening.url}/api/echo/7?q=a%20b`,
      params: { id: '7' },
      query: { q: 'a b' },
      agent: 'test',
      body: 'text',
    });
  });

  it('are found by the most literal route', async () => {
    expect(await (await ask('/api/echo/all')).text()).toBe('all');
  });

  it('that return nothing answer 204', async () => {
    expect((await ask('/api/nothing', { method: 'DELETE' })).status).toBe(204);
  });

  it('that throw answer 500 without a word, and are reported', async () => {
    const response = await ask('/api/broken');

    expect([response.status, await response.text()]).toEqual([500, '']);
    expect(served.errors).toContain('broken: broken');
  });

  it.each([
    ['an unknown path', '/api/other', 'GET', 404, null],
    ['HEAD where GET is taken, as the platform does', '/api/echo', 'HEAD', 404, null],
    ['another method', '/api/echo', 'PUT', 405, 'GET, POST'],
    ['a body beyond all measure', '/api/echo', 'POST', 413, null],
  ])('refuse %s', async (_, path, method, status, allow) => {
    const body = status === 413 ? 'x'.repeat(1_000_001) : undefined;

    const response = await ask(path, { method, ...(body !== undefined && { body }) });

    expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
  });

  it('answer only who names this machine', async () => {
    const status = await new Promise((resolve) => {
      const headers = { host: 'evil.example.com' };
      request(`${served.listening.url}/api/echo`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });

    expect(status).toBe(403);
  });

  it('take no other port than the one that was asked for by name', async () => {
    const { host, listening } = served;

    await expect(
      serveFunctions(host, { port: listening.port, isPortAskedFor: true }),
    ).rejects.toThrow('EADDRINUSE');
  });

  it('take another port where theirs is taken', async () => {
    const second = await serveFunctions(served.host, { port: served.listening.port });

    expect(second.port).not.toBe(served.listening.port);
    expect((await fetch(`${second.url}/api/echo`)).status).toBe(201);
    await second.close();
  });
});

describe('streaming functions', () => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    served = await serve(STREAMING);
  });
  afterAll(async () => {
    await served.listening.close();
    await served.host.close();
  });

  it('answer piece by piece', async () => {
    const response = await fetch(`${served.listening.url}/api/stream/3?end=!`, {
      method: 'POST',
      body: '-',
    });

    expect(response.headers.get('transfer-encoding')).toBe('chunked');
    expect(response.headers.get('x-ms-invocation-id')).toBeNull();
    expect(await response.text()).toBe('0-!\n1-!\n2-!\n');
  });

  it('that throw answer 500', async () => {
    expect((await fetch(`${served.listening.url}/api/broken`)).status).toBe(500);
    expect(served.errors).toEqual(['broken: broken']);
  });
});
