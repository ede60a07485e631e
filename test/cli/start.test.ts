import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { UsageError } from '../../cli/exit';
import { BundleError } from '../../cli/local-host/functions-core';
import type { InboxMessage } from '../../cli/local-host/inbox';
import { startCommand, type StartOptions, type StartWorld } from '../../cli/commands/start';
import { systemClock } from '../../shared/adapters/system-clock';
import { buildBundle, REAL_ENVIRONMENT, REAL_MODULES } from './local-host/bundles';
import { MONITOR } from './local-host/host-fixture';

const ROOT = join(__dirname, '..', '..');
const SETTINGS = [
  'TENANT_ID',
  'GRAPH_BASE_URL',
  'GRAPH_AUTH',
  'TEAMS_WEBHOOK_URL',
  'TABLES_CONNECTION',
  'TABLES_ENDPOINT',
  'POLL_SCHEDULE',
  'AZURITE_TABLE_PORT',
];

jest.setTimeout(30_000);

let data: string;
let bundle: ReturnType<typeof buildBundle>;
beforeAll(() => {
  bundle = buildBundle({ code: MONITOR });
});
afterAll(() => {
  bundle.remove();
});
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'crosscheck-start-'));
  for (const name of SETTINGS) {
    REAL_ENVIRONMENT[name] = '';
  }
});
afterEach(() => {
  rmSync(data, { recursive: true, force: true });
  for (const name of SETTINGS) {
    REAL_ENVIRONMENT[name] = '';
  }
});

/** Runs the command until it is told to stop. */
const run = (
  options: StartOptions = {},
  world: Partial<StartWorld> = {},
): { ended: Promise<number>; stop: () => void; said: () => string; complained: () => string } => {
  const [out, err]: [string[], string[]] = [[], []];
  const controller = new AbortController();
  const ended = startCommand(
    { port: '0', data, ...options },
    {
      terminal: {
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        isInteractive: false,
        hasColour: false,
      },
      environment: REAL_ENVIRONMENT,
      clock: systemClock,
      stop: controller.signal,
      bundle: bundle.path,
      moduleSystem: REAL_MODULES,
      signIn: () => Promise.resolve(),
      ...world,
    },
  );
  const stop = (): void => {
    controller.abort();
  };
  return { ended, stop, said: () => out.join(''), complained: () => err.join('') };
};

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 150 && !(await isSo()); i++) {
    await systemClock.sleep(100);
  }
};

const addressIn = (text: string, name: string): string =>
  new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(text)?.[1] ?? '';

const isListening = async (url: string): Promise<boolean> => {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
};

const tablesIn = (text: string): string => /TableEndpoint=([^;]+)/.exec(text)?.[1] ?? '';

describe('crosscheck start', () => {
  it('runs the functions on a demo tenant, tells what they find, and leaves nothing behind', async () => {
    const { ended, stop, said, complained } = run();
    await until(() => said().includes('One') && complained() !== '');
    const text = said();
    const api = addressIn(text, 'findings');
    const seen = (await (await fetch(api.replace('findings', 'seen'))).json()) as object;
    const inbox = addressIn(text, 'alerts');
    const messages = (await (await fetch(`${inbox}/messages.json`)).json()) as InboxMessage[];
    stop();

    expect(await ended).toBe(0);
    expect(text).toContain('watches the demo tenant');
    expect(text.split('\n').slice(-3, -1)).toEqual([
      '  MEDIUM    first                            a@example.com                     One',
      '  LOW       second                           b@example.com                     Two (resolved)',
    ]);
    expect(seen).toMatchObject({
      TENANT_ID: 'de300000-0000-4000-8000-000000000001',
      GRAPH_AUTH: 'none',
      TABLES_CONNECTION: expect.stringContaining(tablesIn(text)) as unknown,
    });
    expect(messages.length).toBeGreaterThan(0);
    expect(complained()).toContain('pollSignIns: Graph is asked again: nobody there\n');
    expect(complained().match(/deliverAlerts: the channel is a fixture/g)).toHaveLength(1);
    const left = await Promise.all([api, inbox, tablesIn(text)].map(isListening));
    expect(left).toEqual([false, false, false]);
    expect(readFileSync(join(data, 'host.log'), 'utf8')).toContain('pollSignIns polled');
    expect(() => readFileSync(join(data, 'host.pid'))).toThrow();
  });

  it('ends with a sentence when its tables are gone', async () => {
    const { ended, said } = run();
    await until(() => said().includes('One'));
    const port = new URL(tablesIn(said())).port;
    const { stdout } = spawnSync('pgrep', ['-f', '--', `--tablePort ${port} `], {
      encoding: 'utf8',
    });

    process.kill(Number(stdout), 'SIGKILL');
    const error = await ended.catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ name: 'AzuriteError', exitCode: 2 });
    expect((error as Error).message).toBe(
      `Azurite, which kept the tables for this host, has ended; run npm start again. What was stored is in ${data}.`,
    );
    expect(await isListening(addressIn(said(), 'alerts'))).toBe(false);
  });

  it('says on a second start what is kept and what begins anew', async () => {
    const first = run();
    await until(() => first.said().includes('One'));
    first.stop();
    await first.ended;
    SETTINGS.forEach((name) => (REAL_ENVIRONMENT[name] = ''));
    const second = run();
    await until(() => second.said().includes('One'));
    const page = await (await fetch(addressIn(second.said(), 'alerts'))).text();
    second.stop();
    await second.ended;

    expect(first.said()).not.toContain('earlier starts');
    expect(second.said().replaceAll(/\s+/g, ' ')).toContain(
      'Findings of earlier starts are kept, and listed below. Their alerts are not shown again in ' +
        'the inbox. The logs of the made-up tenant begin anew, with another last day.',
    );
    expect(page).toContain(
      'Alerts of earlier starts are not shown again; their findings are kept.',
    );
  });

  it('leaves alone what the settings name, and polls a real tenant by its schedule', async () => {
    Object.assign(REAL_ENVIRONMENT, {
      TENANT_ID: 'de300000-0000-4000-8000-000000000002',
      GRAPH_BASE_URL: 'http://127.0.0.1:9',
      TEAMS_WEBHOOK_URL: 'http://127.0.0.1:9/webhook',
      TABLES_CONNECTION: 'UseDevelopmentStorage=true',
      POLL_SCHEDULE: '0 0 0 1 1 *',
    });
    const { ended, stop, said } = run();
    await until(() => said().includes('Findings as they come'));
    const api = addressIn(said(), 'health');
    const seen = (await (await fetch(api.replace('health', 'seen'))).json()) as object;
    stop();

    expect(await ended).toBe(0);
    expect(seen).toMatchObject({
      TENANT_ID: 'de300000-0000-4000-8000-000000000002',
      GRAPH_AUTH: 'azure-cli',
    });
    expect(said()).not.toContain('AccountKey');
    // The API of a real tenant refuses everybody here, so nobody is sent there.
    expect(said()).not.toContain('/api/findings');
  });

  it('refuses what cannot be, and starts nothing', async () => {
    writeFileSync(join(data, 'host.pid'), String(process.ppid));

    await expect(run({ port: 'http' }).ended).rejects.toThrow(UsageError);
    await expect(run({ port: '70000' }).ended).rejects.toThrow(UsageError);
    await expect(run({ demo: false }).ended).rejects.toThrow('TENANT_ID is not set');
    REAL_ENVIRONMENT['TABLES_ENDPOINT'] = 'https://example.table.core.windows.net';
    await expect(run().ended).rejects.toThrow('TABLES_ENDPOINT');
    REAL_ENVIRONMENT['TABLES_ENDPOINT'] = '';
    await expect(run().ended).rejects.toThrow(`process ${process.ppid}`);
    await expect(run({}, { bundle: '/none/main.cjs' }).ended).rejects.toThrow(BundleError);
  });

  it('takes no other port than the one that is asked for', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };

    await expect(run({ port: String(port) }).ended).rejects.toThrow(
      `the port ${port} of --port is taken`,
    );
    REAL_ENVIRONMENT['AZURITE_TABLE_PORT'] = String(port);
    await expect(run().ended).rejects.toThrow(`the port ${port} of AZURITE_TABLE_PORT is taken`);
    REAL_ENVIRONMENT['AZURITE_TABLE_PORT'] = 'ten thousand';
    await expect(run().ended).rejects.toThrow('AZURITE_TABLE_PORT takes a number');
    taken.close();
  });

  const TENANT = 'de300000-0000-4000-8000-000000000002';
  it.each([
    ['a tenant that is no GUID', { TENANT_ID: 'contoso' }, '', 'TENANT_ID is not a GUID'],
    ['a schedule that is none', { POLL_SCHEDULE: 'hourly' }, '', 'POLL_SCHEDULE takes six fields'],
    ['a channel that is none', { TEAMS_WEBHOOK_URL: 'teams' }, '', 'TEAMS_WEBHOOK_URL'],
    ['no az', { TENANT_ID: TENANT }, 'Azure CLI could not be found. Please', 'is not installed'],
    ['no az login', { TENANT_ID: TENANT }, "Please run 'az login'", 'nobody is signed in'],
    ['a tenant that there is not', { TENANT_ID: TENANT }, 'AADSTS90002: Tenant', 'names no tenant'],
    ['what az says else', { TENANT_ID: TENANT }, 'no network\nTraceback', '("no network")'],
  ])('ends before anything is started with %s', async (_, settings, azSays, sentence) => {
    Object.assign(REAL_ENVIRONMENT, settings);
    const folder = join(data, 'none');

    const { ended, said } = run(
      { data: folder },
      { signIn: () => (azSays === '' ? Promise.resolve() : Promise.reject(new Error(azSays))) },
    );

    const error = await ended.catch((thrown: unknown) => thrown);
    expect((error as Error).name).toMatch(/^(UsageError|ConfigError)$/);
    expect((error as Error).message).toContain(sentence);
    expect((error as Error).message).not.toContain('Traceback');
    expect(said()).toBe('');
    expect(() => statSync(folder)).toThrow();
  });

  it('says in a sentence that its folder cannot be written', async () => {
    const file = join(data, 'file');
    writeFileSync(file, '');

    await expect(run({ data: join(file, 'folder') }).ended).rejects.toThrow(
      `nothing can be written in ${join(file, 'folder')} (ENOTDIR); fix its permissions, or name another folder with --data`,
    );
  });

  it('says at once that a folder cannot be made', async () => {
    await expect(run({ data: '/proc/none/crosscheck' }).ended).rejects.toThrow(
      /^nothing can be written in \/proc\/none\/crosscheck \(E[A-Z]+\)/,
    );
  });

  it('takes over a folder whose host was killed, and cleans up when the bundle is bad', async () => {
    writeFileSync(join(data, 'host.pid'), '999999999');
    const bad = buildBundle({ code: "throw new Error('no good');" });

    const { ended } = run({}, { bundle: bad.path });

    await expect(ended).rejects.toThrow('no good');
    expect(() => readFileSync(join(data, 'host.pid'))).toThrow();
    bad.remove();
  });
});

describe('a process that runs crosscheck start', () => {
  const driverCode = `
    import { startCommand, stopOnSignals } from '${ROOT}/cli/commands/start';
    import { processTerminal } from '${ROOT}/cli/print';
    import { systemClock } from '${ROOT}/shared/adapters/system-clock';
    void startCommand({ port: '0', data: process.argv[2] }, {
      terminal: processTerminal(), environment: process.env, clock: systemClock,
      stop: stopOnSignals(), bundle: process.argv[3],
    }).then((code) => process.exit(code));`;

  it.each([
    ['Ctrl-C to its whole group', 'SIGINT', -1, 0],
    ['SIGTERM to itself', 'SIGTERM', 1, 0],
    ['the terminal being closed', 'SIGHUP', -1, 0],
    ['SIGKILL to its whole group', 'SIGKILL', -1, null],
  ] as const)('leaves no process after %s', async (_, signal, sign, exit) => {
    const driver = buildBundle({ code: driverCode }, []);
    const env = { PATH: process.env['PATH'], NODE_PATH: join(ROOT, 'node_modules') };
    const child = spawn(process.execPath, [driver.path, data, bundle.path], {
      ...{ detached: true, env, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
    });
    await until(() => said.includes('One'));
    const started = performance.now();

    process.kill(sign * child.pid!, signal);
    if (signal !== 'SIGKILL') {
      process.kill(sign * child.pid!, signal); // npm passes on what the terminal has sent already
    }
    const ending = await ended;
    await until(async () => !(await isListening(tablesIn(said))));

    expect(ending).toBe(exit);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(tablesIn(said)).not.toBe('');
    expect(await isListening(tablesIn(said))).toBe(false);
    driver.remove();
  });
});

describe('npm start', () => {
  it.each([
    ['builds, and runs the command', [], '', 'built\nstart\n'],
    ['builds nothing while a host runs', [], '.crosscheck', 'start\n'],
    ['nor while one runs on the folder it is given', ['--data', 'x'], 'x', 'start --data x\n'],
    ['nor when the folder is given otherwise', ['--data=x'], 'x', 'start --data=x\n'],
  ])('%s', (_, args, folderInUse, says) => {
    mkdirSync(join(data, 'scripts'));
    mkdirSync(join(data, 'dist'));
    for (const part of [join('scripts', 'start.mjs'), join('cli', 'local-host', 'alive.ts')]) {
      cpSync(join(ROOT, part), join(data, part));
    }
    writeFileSync(join(data, 'scripts', 'build.mjs'), "console.log('built');");
    writeFileSync(join(data, 'dist', 'cli.cjs'), "console.log(process.argv.slice(2).join(' '));");
    if (folderInUse !== '') {
      mkdirSync(join(data, folderInUse));
      writeFileSync(join(data, folderInUse, 'host.pid'), String(process.pid));
    }

    const { stdout } = spawnSync(process.execPath, ['scripts/start.mjs', ...args], {
      ...{ cwd: data, encoding: 'utf8' },
    });

    expect(stdout).toBe(says);
  });
});
