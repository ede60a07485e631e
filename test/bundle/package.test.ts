import { execFile, execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { startAzurite } from '../../cli/local-host/azurite';
import { startInbox } from '../../cli/local-host/inbox';
import { systemClock } from '../../shared/adapters/system-clock';
import { HTTP_FUNCTIONS } from '../../shared/api/routes';
import { buildBundle } from '../cli/local-host/bundles';
import type { BundleReport } from './invoke-all';
import { unzip } from './unzip';

const ROOT = join(__dirname, '..', '..');
const TENANT = 'de300000-0000-4000-8000-000000000001';

/** Node of this run, and the one that CI brings along. */
const NODES = [
  ['the Node of the project', process.execPath],
  ['the other Node of CI', process.env['CROSSCHECK_OTHER_NODE']],
].flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const]));

const isBuilt = existsSync(join(ROOT, 'dist', 'main.cjs'));
if (!isBuilt) {
  process.stderr.write('dist/main.cjs is not built: the package is not proven (npm run build)\n');
}

jest.setTimeout(120_000);

(isBuilt ? describe : describe.skip)('the package', () => {
  let files: Readonly<Record<string, Buffer>>;
  beforeAll(() => {
    execFileSync(process.execPath, [join('scripts', 'package.mjs')], { cwd: ROOT });
    files = unzip(readFileSync(join(ROOT, 'dist', 'package.zip')));
  });

  it('holds what is deployed, and nothing else', () => {
    expect(Object.keys(files).sort()).toEqual([
      'dist/main.cjs',
      'dist/on-call.cjs',
      'host.json',
      'package.json',
    ]);
  });

  it('is the folder, packed', () => {
    for (const [path, content] of Object.entries(files)) {
      expect(content.equals(readFileSync(join(ROOT, 'dist', 'package', path)))).toBe(true);
    }
  });

  it('names its entry and asks for no package', () => {
    const manifest = JSON.parse(String(files['package.json'])) as Record<string, unknown>;

    expect(manifest['main']).toBe('dist/main.cjs');
    expect(Object.keys(manifest)).not.toContain('dependencies');
    expect(Object.keys(manifest)).not.toContain('scripts');
  });

  it('carries a host.json without comments, which would stop the triggers without a word', () => {
    expect(() => JSON.parse(String(files['host.json'])) as unknown).not.toThrow();
  });

  it.each(NODES)('unpacked into an empty folder, runs every function on %s', async (_, node) => {
    const report = await runPackage(files, node);

    expect(report.functions.map((each) => each.name).sort()).toEqual(namesInSource());
    expect(report.foreign).toEqual([]);
    expect(Object.entries(report.outcomes).filter(([, { error }]) => error !== undefined)).toEqual(
      [],
    );
    expect(report.outcomes['health']?.status).toBe(200);
  });
});

/** The polls are registered in a loop over the register of sources: infra and the docs name them so. */
const POLLS = ['pollDirectoryAudits', 'pollSignIns'];

/** Every name under which the source registers a function. */
function namesInSource(): readonly string[] {
  const timers = globSync(join(ROOT, 'functions', '**', '*.ts'))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/\bapp\.timer\(\s*'(\w+)'/g)])
    .map(([, name]) => name ?? '');
  return [...timers, ...POLLS, ...HTTP_FUNCTIONS].sort();
}

/** Unpacks the package, and invokes it in a process that knows nothing else. */
async function runPackage(
  files: Readonly<Record<string, Buffer>>,
  node: string,
): Promise<BundleReport> {
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-unpacked-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const driver = buildBundle({ path: 'test/bundle/invoke-all.ts' }, []);
  const tenant = createDemoTenant({ tenantId: TENANT, now: () => systemClock.now() });
  const graph = await serveDemoTenant(tenant);
  const azurite = await startAzurite({});
  const inbox = await startInbox({ clock: systemClock });
  try {
    const { stdout } = await promisify(execFile)(node, [driver.path], {
      cwd: folder,
      maxBuffer: 16e6,
      timeout: 100_000,
      env: {
        TENANT_ID: TENANT,
        GRAPH_BASE_URL: graph.url,
        GRAPH_AUTH: 'none',
        TABLES_CONNECTION: azurite.connectionString,
        TEAMS_WEBHOOK_URL: inbox.webhookUrl,
      },
    });
    return JSON.parse(stdout) as BundleReport;
  } finally {
    await Promise.all([graph.close(), inbox.close(), azurite.stop()]);
    driver.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
