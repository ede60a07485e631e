import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFunctions } from '../../cli/local-host/functions-core';
import { serveFunctions } from '../../cli/local-host/http';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { timelineId, type Finding } from '../../shared/domain/findings/finding';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { buildBundle, REAL_ENVIRONMENT, REAL_MODULES } from '../cli/local-host/bundles';
import { finding, opening } from '../contracts/samples';
import { startAzurite } from '../fakes/azurite';

export const TENANT = 'de300000-0000-4000-8000-000000000001';
export const OTHER_TENANT = 'de300000-0000-4000-8000-000000000002';

/** What the platform injects when Easy Auth with Entra is on. */
export const EASY_AUTH = {
  WEBSITE_SITE_NAME: 'crosscheck',
  WEBSITE_AUTH_ENABLED: 'True',
  WEBSITE_AUTH_V2_CONFIG_JSON: JSON.stringify({
    platform: { enabled: true },
    globalValidation: { excludedPaths: ['/api/health'] },
    identityProviders: {
      azureActiveDirectory: { enabled: true, registration: { clientId: 'app' } },
    },
  }),
};

export const CLAIM = 'http://schemas.microsoft.com/identity/claims';
const ROLE = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
export const ALICE = 'a11ce000-0000-4000-8000-000000000001';

/** A principal header as the platform writes it. */
export const principal = (
  roles: readonly string[],
  over: { readonly tid?: string; readonly name?: string; readonly auth_typ?: string } = {},
): string =>
  Buffer.from(
    JSON.stringify({
      auth_typ: over.auth_typ ?? 'aad',
      name_typ: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
      role_typ: ROLE,
      claims: [
        { typ: `${CLAIM}/objectidentifier`, val: ALICE },
        { typ: `${CLAIM}/tenantid`, val: over.tid ?? TENANT },
        { typ: 'preferred_username', val: over.name ?? 'alice@example.com' },
        ...roles.map((val) => ({ typ: 'roles', val })),
      ],
    }),
  ).toString('base64');

export interface ApiHost {
  readonly url: string;
  readonly stores: Stores;
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

/** What the platform or a desk may inject; a host starts with none of it. */
const NOTHING = Object.fromEntries(
  [
    ...['WEBSITE_SITE_NAME', 'WEBSITE_INSTANCE_ID', 'WEBSITE_AUTH_ENABLED'],
    ...['WEBSITE_AUTH_V2_CONFIG_JSON', 'WEBSITE_AUTH_DEFAULT_PROVIDER'],
    'AZURE_FUNCTIONS_ENVIRONMENT',
  ].map((name) => [name, '']),
);

let built: ReturnType<typeof buildBundle> | undefined;
export const removeBundle = (): void => {
  built?.remove();
  built = undefined;
};

/** The functions, built and served as in Azure, on storage of their own. */
export const startApi = async (environment: Readonly<Record<string, string>>): Promise<ApiHost> => {
  const azurite = await startAzurite();
  const settings: Record<string, string> = {
    ...NOTHING,
    TENANT_ID: TENANT,
    GRAPH_BASE_URL: 'http://127.0.0.1:9',
    GRAPH_AUTH: 'none',
    TABLES_CONNECTION: azurite.connection,
    LOG_LEVEL: 'error',
    ...environment,
  };
  Object.assign(REAL_ENVIRONMENT, settings);
  built ??= buildBundle({ path: 'functions/index.ts' });
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-api-'));
  const path = join(folder, 'main.cjs'); // of its own: a bundle reads its settings once
  copyFileSync(built.path, path);
  const host = await loadFunctions(path, { moduleSystem: REAL_MODULES });
  rmSync(folder, { recursive: true });
  const listening = await serveFunctions(host, { onError: () => undefined });
  return {
    url: listening.url,
    stores: tableStores({
      connection: azurite.connection,
      tenantId: TENANT,
      createMissingTables: true,
    }),
    ask: (asked, init) => fetch(`${listening.url}${asked}`, init),
    stop: async () => {
      await listening.close();
      await host.close();
      await azurite.stop();
      for (const name of Object.keys(settings)) {
        REAL_ENVIRONMENT[name] = '';
      }
    },
  };
};

/** Writes a finding as the engine does: with its first transition, its alert and its lines. */
export const write = async (stores: Stores, of: Finding): Promise<Finding> => {
  const change = opening(of, of.openedAt);
  await stores.findings.commit(change, undefined);
  await stores.index.put(change.finding);
  return change.finding;
};

const OF_DETECTOR = 'mfa-registration-unfinished';

/** A finding of this tenant about somebody. */
export const about = (name: string, over: Partial<Finding> = {}): Finding =>
  finding(timelineId(TENANT, OF_DETECTOR, `id-of-${name}`), name, {
    ...{ tenantId: TENANT, detector: OF_DETECTOR },
    subject: { type: 'user', id: `id-of-${name}`, name },
    ...over,
  });
