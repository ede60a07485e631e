import type { TokenClaims } from '../../shared/adapters/graph/claims';
import { oneRow } from '../../shared/adapters/graph/odata';
import type { GraphProbe } from '../../shared/adapters/graph/probe';
import { askedSources } from '../../shared/composition/detectors';
import type { Config } from '../../shared/config/config';
import { PERMISSIONS } from '../../shared/config/permissions';
import { asksSource, needsSource } from '../../shared/domain/detector';
import type { Log } from '../../shared/domain/record';
import { REGISTER } from '../../shared/sources';
import type { SourceError } from '../../shared/pipeline/ports/record-source';
import type { Check } from './check';
import { idsOf } from './sign-in';

export type Ask = (path: string, signal: AbortSignal) => Promise<GraphProbe>;

const POLICIES = '/identity/conditionalAccess/policies?$top=1';

/** One small request for each log and for the policies, by the client of the polls. */
export async function lookAtLogs(
  config: Config,
  ask: Ask,
  claims: TokenClaims | undefined,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const source of askedSources(config.detectors)) {
    const probe = await ask(oneRow(source), signal);
    checks.push(aboutSource(source, probe, config, claims));
    const { licence, policies } = REGISTER[source];
    if (licence !== undefined) {
      checks.push(aboutLicence(source, licence, probe, config));
    }
    if (policies !== undefined) {
      checks.push(...(await aboutPolicies(policies, probe, config, ask, signal)));
    }
  }
  return checks;
}

function aboutSource(
  source: Log,
  { rows, error }: GraphProbe,
  config: Config,
  claims: TokenClaims | undefined,
): Check {
  const name = REGISTER[source].title;
  if (error === undefined) {
    const says = rows.length === 0 ? `${name} can be read, and is empty` : `${name} can be read`;
    return { id: source, state: 'ok', says };
  }
  const onlySharpens = isNeeded(source, config) ? '' : ', which only sharpens findings';
  return {
    id: source,
    state: isNeeded(source, config) && error.failure !== 'throttled' ? 'fail' : 'warn',
    says: `${name} cannot be read${onlySharpens}: ${error.message}`,
    remedy: remedyOf(source, error, claims),
    costs: idsOf(config, (each) => asksSource(each, source)),
  };
}

function isNeeded(source: Log, { detectors }: Config): boolean {
  return detectors.some(({ detector }) => needsSource(detector, source));
}

function remedyOf(
  source: Log,
  { failure, remedy }: SourceError,
  claims: TokenClaims | undefined,
): string {
  const { permission } = REGISTER[source];
  const has = (name: string): boolean => claims?.permissions.includes(name) === true;
  if (failure === 'unlicensed') {
    return claims === undefined || has('Directory.Read.All')
      ? 'Assign Entra ID P1 or P2 in the tenant. One such answer proves nothing: Graph gives it now and then, so run this again first.'
      : 'Grant Directory.Read.All first: without it licensed tenants get this answer, too. If it stays, assign Entra ID P1 or P2.';
  }
  if (failure === 'denied') {
    return has(permission)
      ? 'The permission is in the token, so somebody else refuses: a person needs a role like Reports Reader besides, an app a new consent.'
      : `Grant ${permission} to the app and consent as an administrator (infra/directory.sh).`;
  }
  return remedy;
}

function aboutLicence(source: Log, licence: string, { error }: GraphProbe, config: Config): Check {
  const { title } = REGISTER[source];
  if (error === undefined) {
    const says = `the tenant has ${licence}: ${title} is shown`;
    return { id: 'licence', state: 'ok', says };
  }
  return error.failure === 'unlicensed'
    ? {
        id: 'licence',
        state: isNeeded(source, config) ? 'fail' : 'warn',
        says: `Graph says that the tenant has no ${licence}`,
        remedy: `See ${title}, above.`,
        costs: idsOf(config, (each) => asksSource(each, source)),
      }
    : {
        id: 'licence',
        state: 'warn',
        says: `whether the tenant has ${licence} cannot be told while ${title} cannot be read`,
      };
}

/**
 * Without the permission Graph leaves the policies of a sign-in out and reports no error, and a sign-in to which none
 * applied looks the same. So the policies themselves are asked for, which is refused in so many words; policies on the
 * row decide when something else than these permissions shows them.
 */
async function aboutPolicies(
  property: string,
  { rows }: GraphProbe,
  config: Config,
  ask: Ask,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const permission = PERMISSIONS.find(({ name }) => name === 'Policy.Read.All');
  const costs = permission === undefined ? [] : idsOf(config, permission.serves);
  if (permission === undefined || costs.length === 0) {
    return [];
  }
  const shown = rows.some(({ [property]: policies }) =>
    Array.isArray(policies) ? policies.length > 0 : false,
  );
  const error = shown ? undefined : (await ask(POLICIES, signal)).error;
  if (error === undefined) {
    return [{ id: 'policies', state: 'ok', says: 'Conditional Access policies can be read' }];
  }
  const isDenied = error.failure === 'denied' || error.failure === 'unlicensed';
  const why = isDenied ? 'Graph answered 403' : error.message;
  return [
    {
      id: 'policies',
      state: 'warn',
      says: `Conditional Access policies cannot be read: ${why}; ${permission.without}`,
      remedy: isDenied
        ? 'Grant Policy.Read.All (or Policy.Read.ConditionalAccess) and consent; a person needs a role like Security Reader besides.'
        : error.remedy,
      costs,
    },
  ];
}
