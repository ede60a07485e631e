import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { listenOnLoopback, type Listening } from '../../cli/local-host/listen';
import { loggingTo } from '../../shared/adapters/logging/logger';
import { systemClock } from '../../shared/adapters/system-clock';
import { buildMonitor, type Monitor } from '../../shared/composition/monitor';
import { readConfig } from '../../shared/config/config';
import { between, HOUR, MINUTE, plus, type Duration, type Instant } from '../../shared/domain/time';
import type { Clock } from '../../shared/pipeline/ports/clock';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { TENANT } from './api-host';

jest.setTimeout(30_000);
let azurite: Azurite;
let graph: Listening;
let aheadBy: Duration = 0;

beforeAll(async () => {
  azurite = await startAzurite();
  graph = await serveDemoTenant(
    createDemoTenant({ tenantId: TENANT, seed: 'lines', now: () => systemClock.now() }),
  );
});
afterAll(async () => {
  await graph.close();
  await azurite.stop();
});

const open = (
  url = graph.url,
  clock: Clock = { ...systemClock, now: () => plus(systemClock.now(), aheadBy) },
): Promise<Monitor> =>
  buildMonitor(
    readConfig({
      ...{ TENANT_ID: TENANT, GRAPH_AUTH: 'none', GRAPH_BASE_URL: url },
      ...{ TABLES_CONNECTION: azurite.connection, LOG_LEVEL: 'info' },
    }),
    clock,
  );

/** A clock that waits for a moment only, and says that it was as long as asked for. */
class HastyClock implements Clock {
  #skipped = 0;

  now(): Instant {
    return plus(systemClock.now(), this.#skipped);
  }

  passed(): Duration {
    return systemClock.passed() + this.#skipped;
  }

  async sleep(ms: Duration, signal?: AbortSignal): Promise<void> {
    await delay(20, undefined, signal === undefined ? {} : { signal });
    this.#skipped += ms;
  }
}

/** The lines of some work, each with its level as the host hears it. */
async function linesOf(work: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const to = (markPropagated: string) => (line: string) =>
    lines.push({ markPropagated, ...(JSON.parse(line) as object) });
  await loggingTo(
    { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') },
    async () => {
      await work();
    },
  );
  return lines;
}

describe('the line of a run', () => {
  it.each<[string, (response: ServerResponse) => void, string]>([
    ['takes the request and never answers', () => undefined, 'Graph did not answer within 60 s'],
    ['is down', (response) => response.writeHead(503).end(), 'Graph answered 503'],
    [
      'says no',
      (response) => response.writeHead(403).end('{"error":{"code":"Authorization_RequestDenied"}}'),
      'Graph answered 403 (Authorization_RequestDenied): the app may not read this log',
    ],
  ])(
    'names the trouble of a run, well within its time, when Graph %s',
    async (_, answer, error) => {
      const server = await listenOnLoopback((request, response) => {
        request.resume();
        answer(response);
      });
      const clock = new HastyClock();
      const started = clock.now();
      const monitor = await open(server.url, clock);

      const lines = await linesOf(() => monitor.poll('directoryAudits'));

      await server.close();
      expect(lines).toContainEqual(
        expect.objectContaining({
          markPropagated: 'error',
          run: 'poll',
          source: 'directoryAudits',
          error,
        }),
      );
      expect(lines.find(({ run }) => run === 'poll')).toHaveProperty('failure');
      expect(between(started, clock.now())).toBeLessThan(7 * MINUTE);
    },
  );

  it('says that the clock is wrong, run by run, until it is right', async () => {
    const monitor = await open();
    const clockIs = '26 h ahead of Microsoft Graph';

    aheadBy = 26 * HOUR;
    const poll = await linesOf(() => monitor.poll('directoryAudits'));
    const others = await linesOf(async () => {
      await monitor.reassess();
      await monitor.deliver();
    });
    aheadBy = 0;
    const after = await linesOf(() => monitor.poll('directoryAudits'));

    expect(poll).toContainEqual(
      expect.objectContaining({
        markPropagated: 'warn',
        msg: 'the clock of this machine is wrong',
        clockIs,
      }),
    );
    for (const run of ['poll', 'reassess', 'deliver']) {
      expect([...poll, ...others]).toContainEqual(expect.objectContaining({ run, clockIs }));
    }
    expect(after.filter((line) => 'clockIs' in line)).toEqual([]);
  });
});
