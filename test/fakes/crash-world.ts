import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { CLAIM } from '../../shared/domain/findings/delivery';
import { DAY, HOUR, MINUTE, plus, SECOND, toInstant, type Instant } from '../../shared/domain/time';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { startAzurite } from './azurite';
import { startKillingProxy, type KillingProxy, type KillingProxyOptions } from './killing-proxy';
import { buildBundle, REAL_ENVIRONMENT } from '../cli/local-host/bundles';

const ROOT = join(__dirname, '..', '..');
export const TENANT = 'de300000-0000-4000-8000-00000000000c';
/** In the first hours of a month, so that the past lies in two tables. */
export const BEGIN = toInstant('2026-02-01T10:00:00Z');
/** Of the account of a case; no secret. */
const KEY = Buffer.from('crash tests').toString('base64');
const MOST_CASES = 1_000;
const PATIENCE = 60_000;

/** One poll: when, and how it is called. */
export interface Step {
  readonly at: Instant;
  readonly flags?: readonly string[];
}

/** First read, then later ones: closed hours, closed days, and what ends by itself. */
export const STEPS: readonly Step[] = [
  { at: BEGIN },
  { at: plus(BEGIN, HOUR), flags: ['--sweep'] },
  { at: plus(BEGIN, 6 * HOUR) },
  { at: plus(BEGIN, 50 * HOUR) },
  { at: plus(BEGIN, 9 * DAY) },
];

/** What happens to this tenant beside what a demo tenant has in its past; always the same rows. */
function tenantAt(now: () => Instant): ReturnType<typeof createDemoTenant> {
  let isBegun = false;
  const tenant = createDemoTenant({
    tenantId: TENANT,
    seed: 'crash',
    now: () => (isBegun ? now() : BEGIN),
  });
  isBegun = true;
  const at = (ms: number): Instant => plus(BEGIN, ms);
  // Said at the first read; the row that ends or disproves it shows a minute later.
  tenant.addStory('completed-late', at(-4 * HOUR), at(-40 * SECOND));
  tenant.addStory('completion-shown-too-late', at(-4 * HOUR - 10 * MINUTE), at(-40 * SECOND));
  tenant.addStory('eas-two-countries', at(-90 * MINUTE));
  tenant.addStory('unfinished-admin', at(-7 * HOUR));
  // Said at the third, with the same endings.
  tenant.addStory('unfinished', at(2 * HOUR));
  tenant.addStory('cancelled-and-listed', at(HOUR));
  tenant.addStory('eas-quarantined', at(4 * HOUR));
  tenant.addStory('completion-shown-too-late', at(70 * MINUTE), at(6 * HOUR - 40 * SECOND));
  // Rows of a day that has closed.
  tenant.addStory('eas-blocked', at(10 * HOUR), at(20 * HOUR));
  tenant.addStory('unfinished-second-phone', at(20 * HOUR));
  return tenant;
}

/** One store of its own with the tenant and the channel before it, and processes that work on it. */
export interface Scene {
  readonly proxy: KillingProxy;
  /** Of a process of their own each time: they remember nothing. */
  stores(): Stores;
  /** Begins the real command at an instant; nothing waits for it. */
  poll(step: Step): Running;
  /** Runs it to its end, whatever that is. */
  pollToEnd(step: Step): Promise<Ending>;
  /** Runs timer functions of the deployed bundle over and over, in a process of their own, until it is ended. */
  loop(step: Step, functions: readonly string[]): Promise<{ end(): Promise<Ending> }>;
  /** As if the minute had passed for which a process that was killed keeps others from draining. */
  endLease(at: Instant): Promise<void>;
  /** Delivers as soon as the claims of whoever was killed at that instant are over. */
  deliverAfter(at: Instant): Promise<Ending>;
  close(): Promise<void>;
}

export type Running = ChildProcessWithoutNullStreams & { readonly said: () => string };

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

export interface CrashWorld {
  scene(options?: Partial<KillingProxyOptions>): Promise<Scene>;
  stop(): Promise<void>;
}

/** One Azurite with an account for every scene, so that tenant, ids and hashes are the same in all of them. */
export async function startCrashWorld(): Promise<CrashWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-crash-'));
  for (const bundle of ['cli.cjs', 'main.cjs', 'on-call.cjs']) {
    copyFileSync(join(ROOT, 'dist', bundle), join(folder, bundle)); // another build may replace it meanwhile
  }
  const looping = buildBundle({ path: 'test/fakes/functions-loop.ts' }, []);
  REAL_ENVIRONMENT['AZURITE_ACCOUNTS'] = [...Array(MOST_CASES).keys()]
    .map((each) => `${accountOf(each)}:${KEY}`)
    .join(';');
  const azurite = await startAzurite();
  delete REAL_ENVIRONMENT['AZURITE_ACCOUNTS'];
  const tables = `http://127.0.0.1:${azurite.port}`;
  let scenes = 0;
  const open = new Set<() => Promise<void>>();

  const scene: CrashWorld['scene'] = async (options = {}) => {
    const account = accountOf(scenes++);
    let now = BEGIN;
    const graph = await serveDemoTenant(tenantAt(() => now));
    const proxy = await startKillingProxy({ graph: graph.url, tables, ...options });
    const close = async (): Promise<void> => {
      open.delete(close);
      await Promise.all([proxy.stop(), graph.close()]);
    };
    open.add(close);
    const environment = {
      // What the first poll finds is one digest, what comes later are cards: both are killed on their way.
      DIGEST_ABOVE: '2',
      LOG_LEVEL: 'error', // what it warns of is that nobody polled for hours
      TENANT_ID: TENANT,
      GRAPH_AUTH: 'none',
      GRAPH_BASE_URL: proxy.url,
      TABLES_CONNECTION: connection(account, proxy.url),
      TEAMS_WEBHOOK_URL: `${proxy.url}/webhook`,
    };
    const begin = (step: Step, args: readonly string[]): Running => {
      now = step.at;
      const child = spawn(
        process.execPath,
        ['--require', join(__dirname, 'frozen-clock.cjs'), ...args],
        {
          cwd: folder,
          stdio: ['pipe', 'pipe', 'pipe'],
          env: {
            ...environment,
            FROZEN_AT: step.at,
            NODE_COMPILE_CACHE: join(folder, 'compiled'),
          },
        },
      );
      let said = '';
      child.stdout.resume();
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      return Object.assign(child, { said: () => said });
    };
    const poll = (step: Step): Running =>
      begin(step, [join(folder, 'cli.cjs'), 'poll', '--once', ...(step.flags ?? [])]);
    const loop: Scene['loop'] = async (step, functions) => {
      const child = begin(step, [looping.path, join(folder, 'main.cjs'), ...functions]);
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')]); // it is loaded
      return {
        end: () => {
          child.stdin.end();
          return ended(child);
        },
      };
    };
    const stores: Scene['stores'] = () =>
      tableStores({
        connection: connection(account, tables),
        tenantId: TENANT,
        createMissingTables: true,
      });
    return {
      ...{ proxy, poll, loop, stores },
      endLease: async (at) => {
        const { marks } = stores();
        const lease = await marks.takeLease('drain', plus(at, HOUR), plus(at, HOUR));
        await (lease && marks.releaseLease(lease));
      },
      pollToEnd: (step) => ended(poll(step)),
      deliverAfter: async (at) => {
        const running = await loop({ at: plus(at, CLAIM + MINUTE) }, ['deliverAlerts']);
        return running.end();
      },
      close,
    };
  };
  return {
    scene,
    stop: async () => {
      await Promise.all([...open].map((close) => close())); // what a test that failed has left
      await azurite.stop();
      looping.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How a process ended; one that hangs is ended, and that is said. */
export async function ended(child: Running): Promise<Ending> {
  let patience = '';
  const timeout = setTimeout(() => {
    patience = `ended after ${PATIENCE} ms`;
    child.kill('SIGKILL');
  }, PATIENCE);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timeout);
  return { code, signal, said: child.said() + patience };
}

function accountOf(number: number): string {
  return `case${String(number).padStart(4, '0')}`;
}

function connection(account: string, tables: string): string {
  return (
    `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${KEY};` +
    `TableEndpoint=${tables}/${account};`
  );
}
