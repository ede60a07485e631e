import type { AuthMode } from '../domain/access';
import { CHANNELS, type ChannelId } from '../domain/findings/delivery';
import type { ConfiguredDetector } from '../domain/detector';
import { isLoopback } from '../domain/loopback';
import { DAY, HOUR, MINUTE, parseDuration, type Duration } from '../domain/time';
import { readAccess } from './access';
import { ConfigError, configureDetectors, type Environment } from './detectors';
import { SETTINGS, type Setting, type SettingName } from './settings';
import { shownSettings, type ShownSetting } from './shown-settings';
import { checkWebhookUrl } from '../adapters/channels/teams/webhook-url';

/** The settings, parsed. */
export interface Config {
  readonly tenantId: string;
  readonly graph: {
    readonly baseUrl: URL;
    readonly auth: 'managed-identity' | 'azure-cli' | 'none';
    readonly clientId: string | undefined;
    readonly requestsPer10Seconds: number;
  };
  readonly tables: { readonly endpoint: string } | { readonly connection: string };
  /** Whether the functions read the logs. */
  readonly isReading: boolean;
  /** Where every alert is to go. */
  readonly channels: readonly [ChannelId, ...ChannelId[]];
  /** Absent while the channel `teams` is not configured. */
  readonly teamsWebhook: URL | undefined;
  readonly initialLookback: Duration;
  readonly logRetention: Duration;
  readonly standstillAlarm: Duration;
  readonly digestAbove: number;
  readonly retention: Duration;
  /** Absent when the seals are kept in the tables only. */
  readonly sealContainer: URL | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly detectors: readonly ConfiguredDetector[];
  /** Who may be believed to say who asks. */
  readonly access: AuthMode;
  /** Settings that cannot be used, each with what is switched off for it; always empty at a terminal. */
  readonly switchedOff: readonly string[];
  /** All settings as they may be shown. */
  readonly shown: readonly ShownSetting[];
}

const AUTHS = ['managed-identity', 'azure-cli', 'none'] as const;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const MIN_LOOKBACK = 3 * HOUR;
const MIN_RETENTION = DAY;
const MIN_STANDSTILL = 90 * MINUTE;

/**
 * Reads all settings once.
 * @throws ConfigError that names every problem, not only the first.
 */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const reader = new Reader(environment, problems);
  const tenantId = reader.text('TENANT_ID');
  if (tenantId === '') {
    problems.push('TENANT_ID is missing; set it to the id of the tenant that is watched');
  } else if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenantId)) {
    problems.push('TENANT_ID is not a GUID; Entra admin center > Overview shows it');
  }
  const baseUrl = reader.graphUrl();
  const auth = reader.oneOf('GRAPH_AUTH', AUTHS);
  const isLocal = auth === 'none';
  if (isLocal && baseUrl !== undefined && !isLoopback(baseUrl.hostname)) {
    problems.push(
      'GRAPH_AUTH is none, which is allowed only when GRAPH_BASE_URL is a loopback address',
    );
  }
  const tables = reader.tables();
  // Core Tools and the local host say that this is no deployment: an inbox on this machine will do.
  const isDevelopment = environment['AZURE_FUNCTIONS_ENVIRONMENT'] === 'Development';
  const teamsWebhook = reader.webhook(isLocal || isDevelopment);
  const requests = reader.number('GRAPH_REQUESTS_PER_10S', 1, 5);
  const digestAbove = reader.number('DIGEST_ABOVE', 0, 1_000);
  const retention = reader.number('RETENTION_DAYS', 30, 36_500) * DAY;
  const sealContainer = reader.container('SEAL_CONTAINER');
  const initialLookback = reader.duration('INITIAL_LOOKBACK');
  if (initialLookback < MIN_LOOKBACK) {
    problems.push(
      'INITIAL_LOOKBACK takes at least 3h: the last two hours of a log are not complete',
    );
  }
  const logRetention = reader.duration('LOG_RETENTION');
  if (logRetention < MIN_RETENTION) {
    problems.push('LOG_RETENTION takes at least 1d; Entra keeps its logs for 7 or 30 days');
  }
  const standstillAlarm = reader.duration('STANDSTILL_ALARM');
  if (standstillAlarm < MIN_STANDSTILL) {
    problems.push('STANDSTILL_ALARM takes at least 90m: coverage may move by whole hours');
  }
  const reading = reader.oneOf('READING', ['on', 'off']);
  const logLevel = reader.oneOf('LOG_LEVEL', LOG_LEVELS);
  const detectors = reader.detectors();
  if (
    problems.length > 0 ||
    baseUrl === undefined ||
    auth === undefined ||
    tables === undefined ||
    logLevel === undefined
  ) {
    throw new ConfigError(problems);
  }
  const clientId = reader.text('AZURE_CLIENT_ID') || undefined;
  return {
    tenantId: tenantId.toLowerCase(),
    graph: { baseUrl, auth, clientId, requestsPer10Seconds: requests },
    tables,
    isReading: reading === 'on',
    channels: CHANNELS,
    teamsWebhook,
    ...{ initialLookback, logRetention, standstillAlarm },
    digestAbove,
    retention,
    sealContainer,
    logLevel,
    detectors,
    access: readAccess(environment, isLocal),
    switchedOff: [],
    shown: shownSettings(environment),
  };
}

class Reader {
  readonly #environment: Environment;
  readonly #problems: string[];

  constructor(environment: Environment, problems: string[]) {
    this.#environment = environment;
    this.#problems = problems;
  }

  text(name: SettingName): string {
    const setting: Setting | undefined = SETTINGS.find((each) => each.name === name);
    const value = this.#environment[name]?.trim() ?? '';
    return value === '' ? (setting?.default ?? '') : value;
  }

  oneOf<T extends string>(name: SettingName, allowed: readonly T[]): T | undefined {
    const found = allowed.find((each) => each === this.text(name));
    if (found === undefined) {
      this.#problems.push(`${name} takes one of ${allowed.join(', ')}, not "${this.text(name)}"`);
    }
    return found;
  }

  number(name: SettingName, from: number, to: number): number {
    const text = this.text(name);
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= from && value <= to)) {
      this.#problems.push(`${name} takes a whole number from ${from} to ${to}, not "${text}"`);
    }
    return value;
  }

  duration(name: SettingName): Duration {
    try {
      return parseDuration(this.text(name));
    } catch (error) {
      this.#problems.push(`${name}: ${error instanceof Error ? error.message : 'no duration'}`);
      return NaN;
    }
  }

  graphUrl(): URL | undefined {
    const text = this.text('GRAPH_BASE_URL');
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) {
      this.#problems.push(`GRAPH_BASE_URL is not an address: "${text.slice(0, 80)}"`);
    } else if (
      url.protocol !== 'https:' &&
      !(url.protocol === 'http:' && isLoopback(url.hostname))
    ) {
      this.#problems.push(
        `GRAPH_BASE_URL must begin with https:// (http is for loopback addresses only), not ${url.protocol}//${url.host}`,
      );
    } else if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
      this.#problems.push('GRAPH_BASE_URL must be an address without path, query or user');
    }
    return url;
  }

  tables(): Config['tables'] | undefined {
    const endpoint = this.text('TABLES_ENDPOINT');
    const connection = this.text('TABLES_CONNECTION');
    if ((endpoint === '') === (connection === '')) {
      this.#problems.push(
        endpoint === ''
          ? 'TABLES_ENDPOINT and TABLES_CONNECTION are both missing; set TABLES_ENDPOINT to the table address of the storage account'
          : 'TABLES_ENDPOINT and TABLES_CONNECTION contradict each other; set one of them',
      );
      return undefined;
    }
    if (endpoint !== '' && !(URL.canParse(endpoint) && new URL(endpoint).protocol === 'https:')) {
      this.#problems.push(
        'TABLES_ENDPOINT is not an https address like https://<account>.table.core.windows.net',
      );
    }
    return endpoint === '' ? { connection } : { endpoint };
  }

  container(name: SettingName): URL | undefined {
    const text = this.text(name);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (text === '') {
      return undefined;
    }
    if (url === undefined || !isBlobAddress(url)) {
      this.#problems.push(
        `${name} must be the address of a container, https://<account>.blob.core.windows.net/<container> ` +
          '(or .usgovcloudapi.net, .chinacloudapi.cn), without port and query: the app signs in with its identity, ' +
          'and sends its token nowhere else. An emulator on this machine takes a SAS in the query instead',
      );
    } else if (!/^\/([^/]+\/)?[a-z0-9-]{3,63}\/?$/.test(url.pathname)) {
      this.#problems.push(
        `${name} names no container; write https://<account>.blob.core.windows.net/<container>`,
      );
    }
    return url;
  }

  webhook(allowLoopback: boolean): URL | undefined {
    const text = this.text('TEAMS_WEBHOOK_URL');
    if (text === '') {
      return undefined;
    }
    if (text.startsWith('@Microsoft.KeyVault(')) {
      this.#problems.push(
        'TEAMS_WEBHOOK_URL is a Key Vault reference that was not resolved; check that the secret exists and that the identity may read it, then restart the app',
      );
      return undefined;
    }
    const checked = checkWebhookUrl(text, { allowLoopback });
    if ('problem' in checked) {
      this.#problems.push(`TEAMS_WEBHOOK_URL: ${checked.problem}`);
      return undefined;
    }
    return checked.url;
  }

  detectors(): readonly ConfiguredDetector[] {
    try {
      return configureDetectors(this.#environment);
    } catch (error) {
      if (!(error instanceof ConfigError)) {
        throw error;
      }
      this.#problems.push(...error.problems);
      return [];
    }
  }
}

/** Where storage accounts are, one label each: nobody else gets a token for them. */
const BLOB_HOST = /^[a-z0-9-]+\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)$/;

function isBlobAddress(url: URL): boolean {
  const { protocol, hostname, port, search, username, password, hash } = url;
  const isPlain = username === '' && password === '' && hash === '';
  return isLoopback(hostname)
    ? isPlain && ['http:', 'https:'].includes(protocol) && search !== ''
    : isPlain && protocol === 'https:' && BLOB_HOST.test(hostname) && port === '' && search === '';
}
