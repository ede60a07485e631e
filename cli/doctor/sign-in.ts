import { claimsOf, type TokenClaims } from '../../shared/adapters/graph/claims';
import type { Config } from '../../shared/config/config';
import { PERMISSIONS, type Permission } from '../../shared/config/permissions';
import { SourceError } from '../../shared/pipeline/ports/record-source';
import { failed, type Check } from './check';

export type GetToken = (() => Promise<string>) | undefined;

const HOW_TO_GRANT =
  'The directory administrator repeats step 3 of docs/deployment.md (infra/directory.sh); a grant may take an hour to show in tokens.';

/** Whether a token can be had, whose it is, and what it permits. */
export async function lookAtSignIn(
  config: Config,
  getToken: GetToken,
  onClaims: (claims: TokenClaims) => void,
): Promise<readonly Check[]> {
  if (getToken === undefined) {
    const says = 'nobody signs in: GRAPH_AUTH is none, which is for a made-up tenant';
    return [{ id: 'token', state: 'ok', says }];
  }
  let token: string;
  try {
    token = await getToken();
  } catch (error) {
    return [{ id: 'token', ...withoutToken(error, config), costs: idsOf(config, () => true) }];
  }
  const claims = claimsOf(token);
  if (claims === undefined) {
    const says =
      'a token can be had, but not looked into; what Graph answers below is all there is to go by';
    return [{ id: 'token', state: 'warn', says }];
  }
  onClaims(claims);
  return [
    aboutToken(claims, config),
    ...permissionChecks(claims.permissions, config, claims.of === 'app' ? 'app' : 'person'),
  ];
}

/** Each permission that is needed: there, or missing and what that costs. */
export function permissionChecks(
  granted: readonly string[],
  config: Config,
  whose: 'app' | 'person',
): readonly Check[] {
  return PERMISSIONS.map((permission) => {
    const { name, orElse, reason, without, isVital } = permission;
    const costs = idsOf(config, permission.serves);
    const holder = [name, ...orElse].find((each) => granted.includes(each));
    if (holder !== undefined) {
      const by = holder === name ? '' : ` (by ${holder})`;
      return { id: name, state: 'ok', says: `${name} is granted${by}: ${reason}` };
    }
    if (costs.length === 0) {
      return {
        id: name,
        state: 'ok',
        says: `${name} is not granted, and no detector that is on needs it`,
      };
    }
    return {
      id: name,
      state: isVital ? 'fail' : 'warn',
      says: `${name} is missing, which ${reason}; ${without}`,
      remedy: whose === 'app' ? HOW_TO_GRANT : OF_A_PERSON,
      costs,
    };
  });
}

const OF_A_PERSON =
  'The program that signed you in was not given this scope; what the app may do is shown with --resource-group and --app.';

/** The enabled detectors that something serves. */
export function idsOf(config: Config, serves: Permission['serves']): readonly string[] {
  return config.detectors
    .map(({ detector }) => detector)
    .filter(serves)
    .map(({ id }) => id);
}

function aboutToken({ tenantId, appId, of }: TokenClaims, config: Config): Check {
  if (tenantId !== config.tenantId) {
    return {
      id: 'token',
      state: 'fail',
      says: `the token is of tenant ${tenantId}, and TENANT_ID is ${config.tenantId}`,
      remedy: 'Correct TENANT_ID, or sign in to that tenant: az login --tenant <TENANT_ID>.',
    };
  }
  const says =
    of === 'app'
      ? `a token of app ${appId} in tenant ${tenantId} can be had`
      : `a token of tenant ${tenantId} can be had; it is yours, so this group says what you may read and not what the app may`;
  return { id: 'token', state: 'ok', says };
}

function withoutToken(error: unknown, { graph }: Config): Pick<Check, 'state' | 'says' | 'remedy'> {
  const told = failed(error);
  return error instanceof SourceError && graph.auth === 'managed-identity'
    ? {
        ...told,
        remedy:
          'In Azure check that the app has its identity, and AZURE_CLIENT_ID. A terminal has none: set GRAPH_AUTH=azure-cli and run "az login", and give --resource-group and --app to see what the app is granted.',
      }
    : told;
}
