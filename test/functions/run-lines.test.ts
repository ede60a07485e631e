import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import type { Listening } from '../../cli/local-host/listen';
import { loggingTo } from '../../shared/adapters/logging/logger';
import { systemClock } from '../../shared/adapters/system-clock';
import { buildMonitor, type Monitor } from '../../shared/composition';
import { readConfig } from '../../shared/config/config';
import { HOUR, plus, type Duration } from '../../shared/domain/time';
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

const open = (): Promise<Monitor> =>
  buildMonitor(
    readConfig({
      ...{ TENANT_ID: TENANT, GRAPH_AUTH: 'none', GRAPH_BASE_URL: graph.url },
      ...{ TABLES_CONNECTION: azurite.connection, LOG_LEVEL: 'info' },
    }),
    { ...systemClock, now: () => plus(systemClock.now(), aheadBy) },
  );

/** The lines of some work, each with its level as the host hears it. */
async function linesOf(work: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const to = (heard: string) => (line: string) =>
    lines.push({ heard, ...(JSON.parse(line) as object) });
  await loggingTo(
    { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') },
    async () => {
      await work();
    },
  );
  return lines;
}

describe('the line of a run', () => {
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
        heard: 'warn',
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
