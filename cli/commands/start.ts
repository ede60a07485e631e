import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SECOND } from '../../shared/domain/time';
import { lineJson } from '../../shared/api/findings';
import type { Body, findingList } from '../../shared/api/responses/index';
import type { Clock } from '../../shared/pipeline/ports/clock';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { createDemoTenant } from '../demo-tenant/demo-tenant';
import { serveDemoTenant } from '../demo-tenant/serve';
import { EXIT } from '../exit';
import { FOLDER, shareEnvironment } from '../local-environment';
import { AzuriteError, startAzurite } from '../local-host/azurite';
import { claimFolder, HostLog } from '../local-host/data-folder';
import {
  BundleError,
  loadFunctions,
  messageOf,
  type LoadOptions,
} from '../local-host/functions-core';
import { serveFunctions } from '../local-host/http';
import { startInbox } from '../local-host/inbox';
import { startTimers } from '../local-host/timers';
import { paint, printable, wrap, type Terminal } from '../print';
import {
  checkStart,
  DEMO_TENANT,
  isMissing,
  type SignIn,
  type StartSettings,
} from '../start-settings';
import { openStores } from '../stores';

export interface StartOptions {
  readonly port?: string;
  readonly data?: string;
  /** False with `--no-demo`: a tenant must be set. */
  readonly demo?: boolean;
}

export interface StartWorld {
  readonly terminal: Terminal;
  /** What the bundle will read: settings that are missing are added to it. */
  readonly environment: Record<string, string | undefined>;
  readonly clock: Clock;
  /** Aborted when it is to end. */
  readonly stop: AbortSignal;
  /** The built functions; beside the built command unless said. */
  readonly bundle?: string;
  readonly moduleSystem?: LoadOptions['moduleSystem'];
  /** Through `az` unless said. */
  readonly signIn?: SignIn;
}

const STORY_EVERY = 40 * SECOND;
/** Every timer runs so often in the demo; a real tenant is polled by its own schedules. */
const DEMO_SCHEDULE = '*/5 * * * * *';
const LOOK_EVERY = SECOND;
const MAX_NOTIFIED = 50;
const PORT = 7071;
const INBOX_PORT = 7072;
/** Runs that are under way may end in this time. */
const PATIENCE = 1.5 * SECOND;

/**
 * `crosscheck start`: runs the built functions on this machine until it is told to stop, with all they need: table
 * storage, an inbox for alerts, and a demo tenant unless a real one is set.
 * @returns the exit code.
 * @throws UsageError and ConfigError before anything is started, BundleError, AzuriteError
 */
export async function startCommand(options: StartOptions, given: StartWorld): Promise<number> {
  const death = new AbortController();
  const world = { ...given, stop: AbortSignal.any([given.stop, death.signal]) };
  const { environment, clock, terminal, stop } = world;
  const bundle = world.bundle ?? join(__dirname, 'main.cjs');
  if (!existsSync(bundle)) {
    throw new BundleError(`${bundle} is not there; run npm run build`);
  }
  const data = resolve(options.data ?? FOLDER);
  const settings = await checkStart(options, environment, world.signIn);
  const ends = new Ends();
  try {
    ends.add(claimFolder(data));
    const log = new HostLog(data);
    ends.add(() => {
      log.close();
    });
    const { isDemo, port = PORT } = settings;
    const onDeath = (): void => {
      death.abort();
    };
    const addresses = await prepare(world, { ...settings, data, onDeath }, ends);
    ends.add(shareEnvironment(data, environment));
    const say = complaints(terminal);
    // While everything ends, a run that is under way finds what it needs gone: that is in the log.
    const complain: typeof say = (...failure) => {
      if (!stop.aborted) {
        say(...failure);
      }
    };
    const host = await loadFunctions(bundle, {
      ...(world.moduleSystem && { moduleSystem: world.moduleSystem }),
      log: ({ level, message, functionName }) => {
        log.write(`${clock.now()} ${level} ${functionName ?? 'host'} ${message}\n`);
        const failure = level === 'warning' ? troubleIn(message) : undefined;
        if (failure !== undefined) {
          complain(functionName ?? 'host', failure);
        }
      },
    });
    ends.add(() => host.close());
    const isPortAskedFor = settings.port !== undefined;
    const api = await serveFunctions(host, { port, isPortAskedFor, onError: complain });
    ends.add(api.close);
    const timers = startTimers(host, {
      ...{ settings: environment, clock, onRun: complain },
      ...(isDemo && { schedule: DEMO_SCHEDULE }),
    });
    ends.add(() => Promise.race([timers.stop(), clock.sleep(PATIENCE)]));
    terminal.out(welcome(terminal, { ...addresses, isDemo, api: api.url, data, environment }));
    void timers.fireAll();
    await tellFindings(isDemo ? listing(`${api.url}/api/findings`, stop) : stored(world), world);
    if (death.signal.aborted && !given.stop.aborted) {
      throw new AzuriteError(
        `Azurite, which kept the tables for this host, has ended; run npm start again. What was stored is in ${data}.`,
      );
    }
    return EXIT.done;
  } finally {
    if (stop.aborted) {
      terminal.err('\nStopping ...\n');
    }
    await ends.all();
  }
}

/**
 * Aborted by Ctrl-C, SIGTERM, or when the terminal is closed. Whatever still holds the process then is cut off after a
 * while; a second Ctrl-C does so at once.
 */
export function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  let since = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        // npm passes on what the terminal has sent to everybody: twice at one moment is once.
        if (performance.now() - since > SECOND / 2) {
          process.exit(EXIT.failed);
        }
        return;
      }
      since = performance.now();
      controller.abort();
      setTimeout(() => process.exit(EXIT.done), 4.5 * SECOND).unref();
    });
  }
  return controller.signal;
}

// -------------------------------------------------------------------------------------------------- what is needed

/** What must be ended, the last first. */
class Ends {
  readonly #ends: (() => Promise<void> | void)[] = [];

  add(end: () => Promise<void> | void): void {
    this.#ends.unshift(end);
  }

  async all(): Promise<void> {
    for (const end of this.#ends.splice(0)) {
      await end();
    }
  }
}

interface Addresses {
  /** Tables of an earlier start are used again. */
  readonly isRestart: boolean;
  /** Absent when alerts go to a real channel. */
  readonly inbox?: string;
  /** Absent when the storage is the user's own. */
  readonly tables?: string;
}

/** Starts what the settings do not name, and names it there. */
async function prepare(
  { environment, clock }: StartWorld,
  {
    isDemo,
    tablePort,
    data,
    onDeath,
  }: StartSettings & { readonly data: string; readonly onDeath: () => void },
  ends: Ends,
): Promise<Addresses> {
  const set = (values: Readonly<Record<string, string>>): void => {
    Object.assign(environment, values);
  };
  const found: { inbox?: string; tables?: string } = {};
  const folder = join(data, isDemo ? 'demo-tables' : 'tables');
  const isRestart = existsSync(folder);
  if (isMissing(environment, 'TABLES_CONNECTION') && isMissing(environment, 'TABLES_ENDPOINT')) {
    const azurite = await startAzurite({
      ...{ folder, onDeath },
      ...(tablePort !== undefined && { port: tablePort }),
    });
    ends.add(azurite.stop);
    found.tables = azurite.connectionString;
    set({ TABLES_CONNECTION: azurite.connectionString });
  }
  if (isDemo) {
    const tenant = createDemoTenant({
      ...{ tenantId: DEMO_TENANT, storyEvery: STORY_EVERY },
      now: () => clock.now(),
    });
    const graph = await serveDemoTenant(tenant);
    ends.add(graph.close);
    set({ TENANT_ID: DEMO_TENANT, GRAPH_BASE_URL: graph.url, GRAPH_AUTH: 'none' });
  } else if (isMissing(environment, 'GRAPH_AUTH')) {
    set({ GRAPH_AUTH: 'azure-cli' });
  }
  if (isMissing(environment, 'TEAMS_WEBHOOK_URL')) {
    const inbox = await startInbox({ clock, port: INBOX_PORT, hasEarlier: isRestart });
    ends.add(inbox.close);
    found.inbox = inbox.url;
    set({ TEAMS_WEBHOOK_URL: inbox.webhookUrl });
  }
  if (isMissing(environment, 'POLL_SCHEDULE')) {
    set({ POLL_SCHEDULE: '0 */5 * * * *' });
  }
  set({ AZURE_FUNCTIONS_ENVIRONMENT: 'Development' }); // as the platform's own local host says
  return { isRestart, ...found };
}

// --------------------------------------------------------------------------------------------------- what is said

function welcome(
  terminal: Terminal,
  of: Addresses & {
    readonly isDemo: boolean;
    readonly api: string;
    readonly data: string;
    readonly environment: StartWorld['environment'];
  },
): string {
  const { isDemo, isRestart, api, inbox, tables, data, environment } = of;
  const head = isDemo
    ? 'Crosscheck watches the demo tenant: nobody in it is real. Something new happens about every 40 seconds.'
    : `Crosscheck watches the tenant ${printable(environment['TENANT_ID'] ?? '')}.`;
  const rows = [
    ['alerts', inbox ?? 'go to the channel of TEAMS_WEBHOOK_URL'],
    // Of a real tenant the API asks for a sign-in, and nothing here could give one.
    ['findings', isDemo ? `${api}/api/findings` : atTheTerminal(data)],
    ['health', `${api}/api/health`],
    ['tables', tables ?? 'the storage account of your settings'],
    ['log', join(data, 'host.log')],
  ] as const;
  return [
    `\n${paint(terminal, 'heading', head)}\n\n`,
    ...rows.map(([name, value]) => `  ${name.padEnd(10)}${value}\n`),
    ...(isRestart ? ['\n', wrap(kept(isDemo, inbox !== undefined), '  ')] : []),
    ...(isDemo ? ['\n  Your own tenant: az login, then TENANT_ID=<its id> npm start\n'] : []),
    `\nFindings as they come (Ctrl-C ends it):\n`,
  ].join('');
}

/** What a second start goes on with, and what not. */
function kept(isDemo: boolean, hasInbox: boolean): string {
  return [
    'Findings of earlier starts are kept, and listed below.',
    ...(hasInbox ? ['Their alerts are not shown again in the inbox.'] : []),
    ...(isDemo ? ['The logs of the made-up tenant begin anew, with another last day.'] : []),
  ].join(' ');
}

function atTheTerminal(data: string): string {
  return data === resolve(FOLDER)
    ? 'npx crosscheck findings, in this folder'
    : `below, as they come (other commands look into ${FOLDER} alone)`;
}

/** What goes wrong in a run that still tries: it may do so for minutes, in which nothing else would be said. */
function troubleIn(line: string): Error | undefined {
  try {
    const { msg, error } = JSON.parse(line) as Record<string, unknown>;
    return typeof error === 'string' ? new Error(`${String(msg)}: ${error}`) : undefined;
  } catch {
    return undefined; // no line of a run
  }
}

/** Says what goes wrong once, however many functions meet it, and again only after it went well or another way. */
function complaints(terminal: Terminal): (name: string, error?: unknown) => void {
  const last = new Map<string, string>();
  return (name, error) => {
    const message = error === undefined ? '' : messageOf(error);
    if (message !== '' && ![...last.values()].includes(message)) {
      terminal.err(`${name}: ${printable(message)}\n`);
    }
    last.set(name, message);
  };
}

type ListedFinding = Body<typeof findingList>['findings'][number];
type Listing = () => Promise<readonly ListedFinding[]>;

/** One line for every finding that was not there before, until it is told to stop. */
async function tellFindings(list: Listing, { terminal, clock, stop }: StartWorld): Promise<void> {
  const told = new Set<string>();
  while (!stop.aborted) {
    for (const finding of (await list()).toReversed()) {
      if (!told.has(finding.id)) {
        told.add(finding.id);
        terminal.out(findingLine(terminal, finding));
      }
    }
    await clock.sleep(LOOK_EVERY, stop).catch(() => undefined); // told to stop
  }
}

function listing(url: string, stop: AbortSignal): Listing {
  return async () => {
    try {
      const response = await fetch(url, { signal: stop });
      const body = response.ok ? ((await response.json()) as { findings?: ListedFinding[] }) : {};
      return body.findings ?? [];
    } catch {
      return []; // told to stop, or the function failed, which is said already
    }
  };
}

/** Of a real tenant the doors tell nobody here anything: there is no sign-in in front of them. */
function stored({ environment, clock }: StartWorld): Listing {
  let stores: Promise<Stores> | undefined;
  return async () => {
    try {
      stores ??= openStores({ environment, clock });
      const { lines } = await (await stores).index.page({}, MAX_NOTIFIED);
      return lines.map(lineJson);
    } catch {
      return []; // the functions have the same trouble, and say it
    }
  };
}

function findingLine(terminal: Terminal, finding: ListedFinding): string {
  const { severity, detector, subject, title, status } = finding;
  const word = paint(terminal, severity, severity.toUpperCase().padEnd(8));
  const end = status === 'open' ? '' : ` (${status})`;
  return `  ${word}  ${detector.padEnd(31)}  ${printable(subject.name).padEnd(32)}  ${printable(title)}${end}\n`;
}
