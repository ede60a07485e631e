import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { HTTP_FUNCTIONS } from '../../shared/api/routes';
import type { Config } from '../../shared/config/config';
import { RUNS } from '../../shared/config/functions';
import { SECOND } from '../../shared/domain/time';
import type { Check } from './check';
import { permissionChecks } from './sign-in';

/** Runs the Azure CLI. @returns what it printed. */
export type RunAz = (args: readonly string[], signal: AbortSignal) => Promise<string>;

const GRAPH_APP = '00000003-0000-0000-c000-000000000000';

export const runAz: RunAz = async (args, signal) => {
  // On Windows az is a script, which only a shell runs; no argument holds what a shell acts on.
  const isWindows = process.platform === 'win32';
  const { stdout } = await promisify(execFile)(isWindows ? 'az.cmd' : 'az', [...args], {
    ...{ signal, timeout: 60 * SECOND, maxBuffer: 16e6, shell: isWindows, windowsHide: true },
  });
  return stdout;
};

export interface AzureOptions {
  readonly group: string;
  readonly app: string;
  readonly config: Config | undefined;
  readonly az: RunAz;
  readonly signal: AbortSignal;
}

/** What the signed-in person sees of the app: its functions, and what its identity is granted. */
export async function lookAtAzure(options: AzureOptions): Promise<readonly Check[]> {
  const app = ['--resource-group', options.group, '--name', options.app, '--output', 'json'];
  const functions = await asked(options, 'functions', async (az) =>
    aboutFunctions(await az(['functionapp', 'function', 'list', ...app])),
  );
  const grants = await asked(options, 'grants', async (az) => {
    const identity = await az(['functionapp', 'identity', 'show', ...app]);
    const principals = principalsIn(identity);
    const granted = await aboutGrants(principals, options.config, az);
    return [...granted, ...(await aboutRoles(principals, options.config, az))];
  });
  return [...functions, ...grants];
}

type Az = (args: readonly string[]) => Promise<unknown>;

async function asked(
  { az, signal }: AzureOptions,
  id: string,
  work: (az: Az) => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await work(async (args) => JSON.parse(await az(args, signal)) as unknown);
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: unknown };
    const said = typeof stderr === 'string' ? (stderr.trim().split('\n').at(-1) ?? '') : '';
    const why =
      code === 'ENOENT' ? 'az is not installed' : said.slice(0, 300) || 'az did not answer';
    return [
      {
        ...{ id, state: 'warn', says: `not looked at: ${why}` },
        remedy: 'Install the Azure CLI, run "az login", and check --resource-group and --app.',
      },
    ];
  }
}

function aboutFunctions(listed: unknown): readonly Check[] {
  // Listed as app/function.
  const names = arrayOf(listed).flatMap(({ name }) =>
    typeof name === 'string' ? [name.split('/').at(-1) ?? ''] : [],
  );
  const expected: readonly string[] = [...Object.keys(RUNS), ...HTTP_FUNCTIONS];
  const missing = expected.filter((each) => !names.includes(each));
  const unknown = names.filter((each) => !expected.includes(each));
  const id = 'functions';
  if (names.length === 0) {
    return [
      {
        ...{ id, state: 'fail', says: 'the app has no function at all: its bundle did not load' },
        remedy:
          'Deploy dist/package.zip again; the exceptions of the app say why (docs/queries.md).',
      },
    ];
  }
  if (missing.length > 0) {
    return [
      {
        ...{ id, state: 'fail', says: `the app lacks the functions ${missing.join(', ')}` },
        remedy: 'Deploy dist/package.zip of this version.',
      },
    ];
  }
  return [
    unknown.length === 0
      ? { id, state: 'ok', says: `the app has all ${expected.length} functions` }
      : {
          ...{ id, state: 'warn' },
          says: `the app has functions that are not known here: ${unknown.join(', ')}`,
          remedy: 'Another version is deployed than this command is of.',
        },
  ];
}

/** Of the app's identity, while the sign-in group speaks of whoever runs this. */
async function aboutGrants(
  principals: readonly string[],
  config: Config | undefined,
  az: Az,
): Promise<readonly Check[]> {
  if (config === undefined) {
    return [];
  }
  if (principals.length === 0) {
    return [
      {
        ...{ id: 'identity', state: 'fail', says: 'the app has no identity' },
        remedy: 'Deploy infra/main.bicep again.',
      },
    ];
  }
  const { protocol, origin } = config.graph.baseUrl;
  const graph = protocol === 'https:' ? origin : 'https://graph.microsoft.com';
  const known = arrayOf(
    await az(['ad', 'sp', 'show', '--id', GRAPH_APP, '--output', 'json']),
    'appRoles',
  );
  const granted: string[] = [];
  for (const principal of principals) {
    const uri = `${graph}/v1.0/servicePrincipals/${principal}/appRoleAssignments`;
    const rest = ['rest', '--method', 'GET', '--uri', uri, '--output', 'json'];
    const ids = arrayOf(await az(rest), 'value').map(({ appRoleId }) => appRoleId);
    granted.push(
      ...known.flatMap(({ id, value }) =>
        ids.includes(id) && typeof value === 'string' ? [value] : [],
      ),
    );
  }
  return permissionChecks(granted, config, 'app').map((check) => ({
    ...check,
    id: `identity-${check.id}`,
    says: `of the app's identity: ${check.says}`,
  }));
}

/** The roles that the app needs to keep what it finds. */
async function aboutRoles(
  principals: readonly string[],
  config: Config | undefined,
  az: Az,
): Promise<readonly Check[]> {
  if (config === undefined || principals.length === 0) {
    return [];
  }
  const assigned: Readonly<Record<string, unknown>>[] = [];
  for (const principal of principals) {
    const all = ['--assignee', principal, '--all', '--output', 'json'];
    assigned.push(...arrayOf(await az(['role', 'assignment', 'list', ...all])));
  }
  const { tables, sealContainer } = config;
  const needed = [
    ['Storage Table Data Contributor', 'endpoint' in tables ? new URL(tables.endpoint) : undefined],
    ...(sealContainer === undefined
      ? []
      : ([['Storage Blob Data Contributor', sealContainer]] as const)),
  ] as const;
  return needed.map(([role, address]) => {
    // Without an address it is not known which account is meant, so any will do.
    const account = address?.hostname.split('.')[0] ?? '';
    const isThere = assigned.some(
      ({ roleDefinitionName, scope }) =>
        roleDefinitionName === role &&
        new RegExp(`/storageAccounts/${account === '' ? '' : `${account}(/|$)`}`, 'i').test(
          String(scope),
        ),
    );
    const id = `identity-${role}`;
    const where = account === '' ? 'a storage account' : `storage account ${account}`;
    return isThere
      ? { id, state: 'ok', says: `of the app's identity: it has the role "${role}" on ${where}` }
      : {
          ...{ id, state: 'fail' },
          says: `of the app's identity: it lacks the role "${role}" on ${where}, so nothing is kept there`,
          remedy: 'Deploy infra/main.bicep again; a new role takes some minutes to work.',
        };
  });
}

function principalsIn(identity: unknown): readonly string[] {
  const { principalId, userAssignedIdentities } = (identity ?? {}) as {
    readonly principalId?: unknown;
    readonly userAssignedIdentities?: Readonly<Record<string, { readonly principalId?: unknown }>>;
  };
  const all = [
    principalId,
    ...Object.values(userAssignedIdentities ?? {}).map((each) => each.principalId),
  ];
  return all.filter((each): each is string => /^[0-9a-f-]{36}$/i.test(String(each)));
}

function arrayOf(value: unknown, of?: string): readonly Readonly<Record<string, unknown>>[] {
  const found: unknown = of === undefined ? value : (value as Record<string, unknown> | null)?.[of];
  return Array.isArray(found) ? (found as Readonly<Record<string, unknown>>[]) : [];
}
