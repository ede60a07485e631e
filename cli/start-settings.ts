import { credentialFor } from '../shared/adapters/graph/credential';
import { readConfig } from '../shared/config/config';
import type { Environment } from '../shared/config/detectors';
import { plainText } from '../shared/domain/text';
import { UsageError } from './exit';
import { isTaken } from './local-host/listen';
import { isSchedule } from './local-host/timers';

/** The tenant that does not exist. */
export const DEMO_TENANT = 'de300000-0000-4000-8000-000000000001';

/** Signs in as the person at this terminal; fails when nobody is. */
export type SignIn = (tenantId: string) => Promise<unknown>;

export interface StartSettings {
  /** 0: any. Absent: the usual one, or the next that is free. */
  readonly port?: number;
  readonly tablePort?: number;
  readonly isDemo: boolean;
}

/**
 * Looks at everything that a start can fail on before anything is started.
 * @throws UsageError, ConfigError
 */
export async function checkStart(
  options: { readonly port?: string; readonly demo?: boolean },
  environment: Environment,
  signIn: SignIn = signInByCli,
): Promise<StartSettings> {
  const port = await readPort('--port', options.port);
  const tablePort = await readPort('AZURITE_TABLE_PORT', environment['AZURITE_TABLE_PORT']);
  const isDemo = isMissing(environment, 'TENANT_ID');
  if (isDemo && options.demo === false) {
    throw new UsageError('TENANT_ID is not set; set it, or leave --no-demo away');
  }
  if (isDemo && !isMissing(environment, 'TABLES_ENDPOINT')) {
    throw new UsageError(
      'the demo tenant is not stored in TABLES_ENDPOINT; unset it, or set TENANT_ID',
    );
  }
  const schedule = environment['POLL_SCHEDULE']?.trim() ?? '';
  if (schedule !== '' && !isSchedule(schedule)) {
    throw new UsageError(
      `POLL_SCHEDULE takes six fields, seconds first, like "0 */5 * * * *", not "${plainText(schedule, 80)}"`,
    );
  }
  const { graph, tenantId } = readConfig({ ...environment, ...standIns(environment, isDemo) });
  if (graph.auth === 'azure-cli') {
    await signIn(tenantId).catch((error: unknown) => {
      throw new UsageError(rejectionReason(error, tenantId), { cause: error });
    });
  }
  return {
    isDemo,
    ...(port !== undefined && { port }),
    ...(tablePort !== undefined && tablePort > 0 && { tablePort }),
  };
}

/** Whether a setting says nothing. */
export function isMissing(environment: Environment, name: string): boolean {
  return (environment[name]?.trim() ?? '') === '';
}

/** What the host itself will set, so that the rest can be judged before. */
function standIns(environment: Environment, isDemo: boolean): Environment {
  const hasTables =
    !isMissing(environment, 'TABLES_CONNECTION') || !isMissing(environment, 'TABLES_ENDPOINT');
  return {
    ...(!hasTables && { TABLES_CONNECTION: 'UseDevelopmentStorage=true' }),
    ...(isDemo && {
      ...{ TENANT_ID: DEMO_TENANT, GRAPH_BASE_URL: 'http://127.0.0.1', GRAPH_AUTH: 'none' },
    }),
    ...(!isDemo && isMissing(environment, 'GRAPH_AUTH') && { GRAPH_AUTH: 'azure-cli' }),
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
  };
}

async function readPort(name: string, text = ''): Promise<number | undefined> {
  if (text.trim() === '') {
    return undefined;
  }
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : NaN;
  if (!(port <= 65_535)) {
    throw new UsageError(`${name} takes a number from 0 to 65535, not "${plainText(text, 80)}"`);
  }
  if (port > 0 && (await isTaken(port))) {
    throw new UsageError(
      `the port ${port} of ${name} is taken or not allowed here; name another one, or 0 for any that is free`,
    );
  }
  return port;
}

async function signInByCli(tenantId: string): Promise<void> {
  const credential = credentialFor('azure-cli', { tenantId, clientId: undefined });
  await credential.getToken('https://graph.microsoft.com/.default');
}

/** What `az` said, in one sentence that says what to do. */
function rejectionReason(error: unknown, tenantId: string): string {
  const said = error instanceof Error ? error.message : '';
  if (/AADSTS(90002|900021|900023)/.test(said)) {
    return `TENANT_ID names no tenant: Microsoft Entra knows no ${tenantId}; Entra admin center > Overview shows the id`;
  }
  if (/could not be found|not installed|ENOENT/i.test(said)) {
    return 'GRAPH_AUTH is azure-cli and the Azure CLI is not installed: install it (https://aka.ms/azure-cli), then run "az login"';
  }
  const firstLine = plainText(said.trim().split(/[\r\n]/)[0] ?? '', 200);
  const why = firstLine === '' || firstLine.includes('az login') ? '' : ` ("${firstLine}")`;
  return `nobody is signed in to the tenant ${tenantId}${why}: run "az login --tenant ${tenantId} --allow-no-subscriptions", then start again`;
}
