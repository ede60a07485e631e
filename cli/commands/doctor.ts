import { version } from '../../package.json';
import type { TokenClaims } from '../../shared/adapters/graph/claims';
import type { GraphProbe } from '../../shared/adapters/graph/probe';
import { graphToken } from '../../shared/composition/graph';
import { buildMonitor } from '../../shared/composition/monitor';
import { accountOf, buildCopies } from '../../shared/composition/stores';
import type { Config } from '../../shared/config/config';
import { safeJson } from '../../shared/domain/text';
import { SECOND, type Instant } from '../../shared/domain/time';
import { lookAtApp } from '../doctor/app';
import { lookAtAzure, runAz, type RunAz } from '../doctor/azure';
import { examine, GROUPS, type Check, type Examination, type Examined } from '../doctor/check';
import { lookAtClock } from '../doctor/clock';
import { lookAtLogs } from '../doctor/logs';
import { notLookedAt, readSettings } from '../doctor/settings';
import { lookAtSignIn, type GetToken } from '../doctor/sign-in';
import { lookAtSeals, lookAtTables } from '../doctor/storage';
import { lookAtVersions } from '../doctor/versions';
import { lookAtWatch } from '../doctor/watch';
import { lookAtWebhook } from '../doctor/webhook';
import { EXIT, UsageError } from '../exit';
import { count } from '../finding-text';
import { withLocalHost } from '../local-environment';
import { paint, printable, wrap, type Terminal } from '../print';
import type { World } from '../stores';

export interface DoctorOptions {
  readonly json?: boolean;
  readonly appUrl?: string;
  readonly resourceGroup?: string;
  readonly app?: string;
}

/** What a test puts in place of a sign-in and of the Azure CLI. */
export interface DoctorWorld extends World {
  readonly getToken?: GetToken;
  readonly az?: RunAz;
}

const SHORT = 30 * SECOND;
/** az starts anew for every question. */
const LONG = 180 * SECOND;
/** A person waits: one repeat, and no long silence. */
const PATIENCE = { timeout: 10 * SECOND, retries: 1 };

/**
 * `crosscheck doctor`: in plain words what is granted, what is missing, and which detector that costs.
 * @returns the exit code: 1 when something fails, 2 when settings cannot be used.
 * @throws UsageError
 */
export async function doctorCommand(options: DoctorOptions, world: DoctorWorld): Promise<number> {
  const { terminal, clock } = world;
  const examined: Examined[] = [];
  for (const examination of examinations(readOptions(options), world)) {
    if (terminal.isInteractive) {
      terminal.err(`looking at ${GROUPS[examination.group].toLowerCase()} ...\n`);
    }
    const found = await examine(examination, clock);
    examined.push(found);
    if (options.json !== true) {
      terminal.out(toText(found, terminal));
    }
  }
  const checks = examined.flatMap((each) => each.checks);
  terminal.out(options.json === true ? toJson(examined, clock.now()) : summary(checks, terminal));
  const hasBadSettings = examined.some(
    ({ group, checks: of }) => group === 'settings' && of.some(({ state }) => state === 'fail'),
  );
  return hasBadSettings
    ? EXIT.usage
    : checks.some(({ state }) => state === 'fail')
      ? EXIT.failed
      : EXIT.done;
}

interface ReadOptions {
  readonly appUrl: URL | undefined;
  readonly azure: { readonly group: string; readonly app: string } | undefined;
}

function readOptions({ appUrl, resourceGroup, app }: DoctorOptions): ReadOptions {
  if ((resourceGroup === undefined) !== (app === undefined)) {
    throw new UsageError('--resource-group and --app belong together');
  }
  const url = appUrl === undefined || !URL.canParse(appUrl) ? undefined : new URL(appUrl);
  const isLocal = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal);
  if (appUrl !== undefined && (!isSafe || url.username !== '')) {
    throw new UsageError('--app-url takes an https address, like https://<app>.azurewebsites.net');
  }
  if (resourceGroup === undefined || app === undefined) {
    return { appUrl: url, azure: undefined };
  }
  if (!/^[\w.()-]{1,90}$/.test(resourceGroup) || !/^[a-z0-9-]{2,60}$/i.test(app)) {
    throw new UsageError('--resource-group and --app take the names of the group and the app');
  }
  return { appUrl: url, azure: { group: resourceGroup, app } };
}

function* examinations({ appUrl, azure }: ReadOptions, world: DoctorWorld): Generator<Examination> {
  const { clock } = world;
  const environment = withLocalHost(world.environment);
  const { checks, config, brokenOf } = readSettings(environment);
  yield { group: 'settings', within: SHORT, look: () => checks };

  /** Looks when the settings that this takes can be used. */
  const given =
    (
      id: string,
      settings: readonly string[],
      look: (config: Config) => ReturnType<Examination['look']>,
    ) =>
    (): ReturnType<Examination['look']> => {
      const broken = brokenOf(...settings);
      return config === undefined || broken !== undefined
        ? notLookedAt(id, broken ?? 'a setting')
        : look(config);
    };
  const graph = ['TENANT_ID', 'GRAPH_BASE_URL', 'GRAPH_AUTH'];
  const tables = ['TENANT_ID', 'TABLES_ENDPOINT', 'TABLES_CONNECTION', 'GRAPH_AUTH'];
  let claims: TokenClaims | undefined;
  let clocks: GraphProbe['clocks'];
  let token: Promise<GetToken> | undefined;
  const tokenOf = (of: Config): Promise<GetToken> =>
    (token ??= world.getToken ? Promise.resolve(world.getToken) : graphToken(of, clock));

  yield {
    group: 'sign-in',
    within: SHORT,
    look: given('token', graph, async (of) =>
      lookAtSignIn(of, await tokenOf(of), (found) => (claims = found)),
    ),
  };
  yield {
    group: 'logs',
    within: 2 * SHORT,
    look: (signal) =>
      given('logs', graph, async (of) => {
        const { graphProbe } = await import('../../shared/adapters/graph/probe');
        const { baseUrl } = of.graph;
        const ask = graphProbe({ baseUrl, getToken: await tokenOf(of), fetch, clock });
        const noting = async (path: string, until: AbortSignal): Promise<GraphProbe> => {
          const probe = await ask(path, AbortSignal.any([until, AbortSignal.timeout(SHORT)]));
          clocks ??= probe.clocks;
          return probe;
        };
        return lookAtLogs(of, noting, claims, signal);
      })(),
  };
  yield {
    group: 'storage',
    within: 2 * SHORT,
    look: async () => [
      ...(await given('tables', tables, async (of) => {
        const { Account } = await import('../../shared/adapters/tables/account');
        const account = new Account({ ...(await accountOf(of)), patience: PATIENCE });
        const makesTables = 'connection' in of.tables;
        const found = await lookAtTables({ account, tenantId: of.tenantId, makesTables });
        return found.map((each) => asYourself(each, of));
      })()),
      ...(await given('seals', ['TENANT_ID', 'SEAL_CONTAINER', 'GRAPH_AUTH'], async (of) => [
        asYourself(await lookAtSeals(await buildCopies(of)), of),
      ])()),
    ],
  };
  yield {
    group: 'webhook',
    within: SHORT,
    look: (signal) =>
      given('webhook', ['TEAMS_WEBHOOK_URL'], ({ teamsWebhook }) =>
        lookAtWebhook(teamsWebhook, { fetch, signal }),
      )(),
  };
  yield { group: 'clock', within: SHORT, look: () => lookAtClock(clocks) };
  yield {
    group: 'versions',
    within: SHORT,
    look: () => lookAtVersions(version, process.version, environment),
  };
  if (appUrl !== undefined) {
    const tenantId = config?.tenantId ?? '';
    yield {
      group: 'app',
      within: 2 * SHORT,
      look: (signal) => lookAtApp({ url: appUrl, tenantId, version, fetch, signal }),
    };
  }
  if (azure !== undefined) {
    yield {
      group: 'azure',
      within: LONG,
      look: (signal) => lookAtAzure({ ...azure, config, az: world.az ?? runAz, signal }),
    };
  }
  yield {
    group: 'watch',
    within: SHORT,
    look: given('watch', tables, async (of) =>
      lookAtWatch((await buildMonitor(of, clock)).stores, of, clock),
    ),
  };
}

/** At a terminal storage is opened by whoever is signed in, whose rights are not those of the app. */
function asYourself(check: Check, { graph }: Config): Check {
  return check.state === 'fail' && graph.auth === 'azure-cli'
    ? {
        ...check,
        remedy: `${check.remedy ?? ''} This is about you; --app says what the app may.`.trim(),
      }
    : check;
}

const COLOURS = { ok: 'faint', warn: 'medium', fail: 'high' } as const;

function toText({ group, checks }: Examined, terminal: Terminal): string {
  const lines = checks.map(({ state, says, remedy, costs = [] }) => {
    const [first = '', ...others] = wrap(says, '        ').split('\n');
    return [
      `  ${paint(terminal, COLOURS[state], state.padEnd(4))}  ${first.trimStart()}`,
      ...others,
    ]
      .join('\n')
      .concat(costs.length === 0 ? '' : wrap(`costs: ${costs.join(', ')}`, '        '))
      .concat(remedy === undefined ? '' : wrap(`remedy:  ${remedy}`, '        '));
  });
  return `${paint(terminal, 'heading', GROUPS[group])}\n${lines.join('')}\n`;
}

function summary(checks: readonly Check[], terminal: Terminal): string {
  const of = (state: Check['state']): number =>
    checks.filter((each) => each.state === state).length;
  const [fine, warnings, failures] = [of('ok'), of('warn'), of('fail')];
  const text = `${fine} of ${count(checks.length, 'check')} are ok, ${count(warnings, 'warning')}, ${failures} failed`;
  return `${paint(terminal, failures > 0 ? 'high' : 'heading', text)}\n`;
}

/** The shape is kept: pipelines read it. */
function toJson(examined: readonly Examined[], asOf: Instant): string {
  const checks = examined.flatMap(({ group, checks: of }) =>
    of.map(({ id, state, says, remedy = null, costs = [] }) => ({
      ...{ group, id, state, says: printable(says) },
      remedy: remedy === null ? null : printable(remedy),
      costs,
    })),
  );
  const of = (state: Check['state']): number =>
    checks.filter((each) => each.state === state).length;
  const counts = { ok: of('ok'), warn: of('warn'), fail: of('fail') };
  const state = counts.fail > 0 ? 'fail' : counts.warn > 0 ? 'warn' : 'ok';
  return `${safeJson({ asOf, version, state, counts, checks }, 2)}\n`;
}
