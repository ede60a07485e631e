import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { loggingTo } from '../../shared/adapters/logging/logger';
import { systemClock } from '../../shared/adapters/system-clock';
import { buildMonitor, type Monitor } from '../../shared/composition/monitor';
import { readConfigForTimers } from '../../shared/config/config-for-timers';
import { startAzurite, type Azurite } from '../fakes/azurite';

const TENANT = 'de300000-0000-4000-8000-00000000000f';
let azurite: Azurite;
let graph: Awaited<ReturnType<typeof serveDemoTenant>>;
let monitor: Monitor;
beforeAll(async () => {
  azurite = await startAzurite();
  graph = await serveDemoTenant(
    createDemoTenant({ tenantId: TENANT, now: () => systemClock.now() }),
  );
  monitor = await buildMonitor(
    readConfigForTimers({
      TENANT_ID: TENANT,
      GRAPH_AUTH: 'none',
      GRAPH_BASE_URL: graph.url,
      TABLES_CONNECTION: azurite.connection,
      TEAMS_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)',
    }),
  );
});
afterAll(async () => {
  await graph.close();
  await azurite.stop();
});

describe('timers while the address of Teams cannot be had', () => {
  it('read, keep what they find, post nothing, and say why in each line and in health', async () => {
    const lines: string[] = [];
    const keep = (line: string): void => void lines.push(line);
    await loggingTo({ debug: keep, info: keep, warn: keep, error: keep }, async () => {
      await monitor.pollOnTimer('directoryAudits');
      await monitor.pollOnTimer('signIns');
      await monitor.deliver();
    });

    const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const runs = said.filter(({ run }) => run === 'poll' || run === 'deliver');
    expect(runs.length).toBeGreaterThanOrEqual(3);
    for (const line of runs) {
      expect(line['badSettings']).toEqual([expect.stringContaining('was not resolved')]);
    }
    const { problems, alerts } = await monitor.health();
    expect(problems).toContainEqual(expect.stringMatching(/^TEAMS_WEBHOOK_URL.*findings are kept/));
    expect(alerts['not-configured']).toBeGreaterThan(0);
  }, 60_000);
});
