import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { startAzurite } from '../../cli/local-host/azurite';
import { startInbox, type Inbox } from '../../cli/local-host/inbox';
import hostJson from '../../host.json';
import { systemClock } from '../../shared/adapters/system-clock';
import { NOT_FOUND, ROUTES } from '../../shared/api/routes';
import { RUNS } from '../../shared/config/functions';
import { SETTINGS } from '../../shared/config/settings';
import { buildBundle } from '../cli/local-host/bundles';
import type { BundleReport } from './invoke-all';

const ROOT = join(__dirname, '..', '..');
const BUNDLE = join(ROOT, 'dist', 'main.cjs');
/** What must be registered, with what starts each: a timer, or the route of an endpoint. */
const FUNCTIONS: Readonly<Record<string, string>> = Object.fromEntries<string>([
  ...Object.keys(RUNS).map((name) => [name, 'timerTrigger'] as const),
  ...ROUTES.map(({ name, path }) => [name, path.slice(1)] as const),
  [NOT_FOUND, 'api/{*rest}'],
]);
const TENANT = 'de300000-0000-4000-8000-000000000001';

jest.setTimeout(30_000);

const driver = buildBundle({ path: 'test/bundle/invoke-all.ts' }, []);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosscheck-package-'));
  mkdirSync(join(folder, 'dist'));
  copyFileSync(join(ROOT, 'host.json'), join(folder, 'host.json'));
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => {
  driver.remove();
});

/** Loads and invokes the package in a process that knows nothing else. */
const invokeAll = async (environment: Record<string, string> = {}): Promise<BundleReport> => {
  const { stdout } = await promisify(execFile)(process.execPath, [driver.path], {
    ...{ cwd: folder, env: environment, maxBuffer: 16e6, timeout: 60_000 },
  });
  return JSON.parse(stdout) as BundleReport;
};

const isBuilt = existsSync(BUNDLE);
if (!isBuilt) {
  process.stderr.write(
    'dist/main.cjs is not built: the deployed bundle is not proven (npm run build)\n',
  );
}

(isBuilt ? describe : describe.skip)('the deployed bundle', () => {
  let report: BundleReport;
  let broken: BundleReport;
  let inbox: Inbox;
  beforeAll(async () => {
    const package_ = mkdtempSync(join(tmpdir(), 'crosscheck-package-'));
    const tenant = createDemoTenant({ tenantId: TENANT, now: () => systemClock.now() });
    const graph = await serveDemoTenant(tenant);
    const azurite = await startAzurite({});
    inbox = await startInbox({ clock: systemClock });
    folder = package_;
    mkdirSync(join(folder, 'dist'));
    for (const file of ['main.cjs', 'on-call.cjs']) {
      copyFileSync(join(ROOT, 'dist', file), join(folder, 'dist', file));
    }
    copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    try {
      report = await invokeAll({
        TENANT_ID: TENANT,
        GRAPH_BASE_URL: graph.url,
        GRAPH_AUTH: 'none',
        TABLES_CONNECTION: azurite.connectionString,
        TEAMS_WEBHOOK_URL: inbox.webhookUrl,
        AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
      });
      broken = await invokeAll({ TENANT_ID: 'nobody' });
    } finally {
      await Promise.all([graph.close(), inbox.close(), azurite.stop()]);
      rmSync(package_, { recursive: true, force: true });
    }
  }, 60_000);

  it('registers the functions that are expected, and no other', () => {
    const registered = report.functions.map(({ name, trigger }) => [
      name,
      trigger.type === 'httpTrigger' ? trigger.route : trigger.type,
    ]);

    expect(Object.fromEntries(registered)).toEqual(FUNCTIONS);
  });

  it('needs nothing but itself', () => {
    expect(report.foreign).toEqual([]);
  });

  it('asks people for a role, not for a key that a browser does not have', () => {
    const doors = report.functions.filter((each) => each.trigger.type === 'httpTrigger');

    // Who is let in is held by test/functions/api.test.ts.
    expect(new Set(doors.map((each) => each.trigger.authLevel))).toEqual(new Set(['anonymous']));
    expect(hostJson.extensions.http.routePrefix).toBe('');
  });

  it('names only settings that exist', () => {
    const named = [...JSON.stringify(report.functions).matchAll(/%(\w+)%/g)].map(
      ([, name]) => name,
    );

    expect(SETTINGS.map((each): string | undefined => each.name)).toEqual(
      expect.arrayContaining(named),
    );
  });

  it('runs every function', () => {
    const timers = report.functions.filter((each) => each.trigger.type === 'timerTrigger');
    const doors = report.functions.filter((each) => each.trigger.type === 'httpTrigger');

    expect(timers.map((each) => report.outcomes[each.name])).toEqual(timers.map(() => ({})));
    expect(
      Object.fromEntries(doors.map(({ name }) => [name, report.outcomes[name]?.status])),
    ).toEqual({
      ...{ coverage: 200, readiness: 200 },
      ...{ findings: 200, health: 200, openapi: 200, stats: 200, status: 200, verify: 200 },
      ...{ notFound: 404, export: 400, finding: 404, resend: 415, transitions: 415 },
    });
  });

  it('logs nothing but JSON, also of what goes wrong', () => {
    const lines = [...report.lines, ...broken.lines].map(
      (line) => JSON.parse(line) as { readonly function?: string; readonly failure?: string },
    );
    const failed = lines.filter(({ failure }) => failure === 'failed');

    // These two need nothing that could be broken.
    const sound = ['notFound', 'openapi'];
    expect([...new Set(failed.map((each) => each.function))].sort()).toEqual(
      Object.keys(FUNCTIONS)
        .filter((each) => !sound.includes(each))
        .sort(),
    );
  });

  it('finds, stores and delivers what happened in the demo tenant', () => {
    const { findings } = report.outcomes['findings']?.body as {
      readonly findings: readonly { readonly detector: string }[];
    };

    expect(findings.map((each) => each.detector).sort()).toEqual([
      'eas-success-despite-ca-failure',
      'mfa-registration-unfinished',
      'registration-without-outcome',
    ]);
    expect(inbox.messages().length).toBeGreaterThan(0);
  });
});

describe('a bundle that would deploy as an app without functions', () => {
  it.each([
    ['registers nothing', 'module.exports = {};', 'registers no function'],
    ['throws at load', "throw new Error('no config');", 'no config'],
    ['is not there', undefined, 'Cannot find module'],
  ])('%s: is noticed', async (_, code, message) => {
    if (code !== undefined) {
      writeFileSync(join(folder, 'dist', 'main.cjs'), code);
    }

    await expect(invokeAll()).rejects.toThrow(message);
  });
});
