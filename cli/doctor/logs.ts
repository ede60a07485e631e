import type { TokenClaims } from '../../shared/adapters/graph/claims';
import { oneRow } from '../../shared/adapters/graph/odata';
import type { GraphProbe } from '../../shared/adapters/graph/probe';
import { askedSources } from '../../shared/composition/detectors';
import type { Config } from '../../shared/config/config';
import { PERMISSIONS } from '../../shared/config/permissions';
import { asksSource, needsSource } from '../../shared/domain/detector';
import type { Source } from '../../shared/domain/record';
import type { SourceError } from '../../shared/pipeline/ports/record-source';
import type { Check } from './check';
import { idsOf } from './sign-in';

export type Ask = (path: string, signal: AbortSignal) => Promise<GraphProbe>;

const POLICIES = '/identity/conditionalAccess/policies?$top=1';
const SOURCE_NAMES = { directoryAudits: 'the audit log', signIns: 'the sign-in log' } as const;

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
    if (source === 'signIns') {
      checks.push(aboutLicence(probe, config));
      checks.push(...(await aboutPolicies(probe, config, ask, signal)));
    }
  }
  return checks;
}

function aboutSource(
  source: Source,
  { rows, error }: GraphProbe,
  config: Config,
  claims: TokenClaims | undefined,
): Check {
  const name = SOURCE_NAMES[source];
  if (error === undefined) {
    const says = rows.length === 0 ? `${name} can be read, and is empty` : `${name} can be read`;
    return { id: source, state: 'ok', says };
  }
  const onlySharpens = isNeeded(source, config) ? '' : ', which only sharpens findings';
  return {
    id: source,
    state: isNeeded(source, config) && error.failure !== 'throttled' ? 'fail' : 'warn',
    says: `${name} cannot be read${onlySharpens}: ${error.message}`,
    remedy: remedyOf(error, claims),
    costs: idsOf(config, (each) => asksSource(each, source)),
  };
}

function isNeeded(source: Source, { detectors }: Config): boolean {
  return detectors.some(({ detector }) => needsSource(detector, source));
}

function remedyOf({ failure, remedy }: SourceError, claims: TokenClaims | undefined): string {
  const has = (name: string): boolean => claims?.permissions.includes(name) === true;
  if (failure === 'unlicensed') {
    return claims === undefined || has('Directory.Read.All')
      ? 'Assign Entra ID P1 or P2 in the tenant. One such answer proves nothing: Graph gives it now and then, so run this again first.'
      : 'Grant Directory.Read.All first: without it licensed tenants get this answer, too. If it stays, assign Entra ID P1 or P2.';
  }
  if (failure === 'denied') {
    return has('AuditLog.Read.All')
      ? 'The permission is in the token, so somebody else refuses: a person needs a role like Reports Reader besides, an app a new consent.'
      : 'Grant AuditLog.Read.All to the app and consent as an administrator (infra/directory.sh).';
  }
  return remedy;
}

function aboutLicence({ error }: GraphProbe, config: Config): Check {
  if (error === undefined) {
    const says = 'the tenant has Entra ID P1 or P2: the sign-in log is shown';
    return { id: 'licence', state: 'ok', says };
  }
  return error.failure === 'unlicensed'
    ? {
        id: 'licence',
        state: isNeeded('signIns', config) ? 'fail' : 'warn',
        says: 'Graph says that the tenant has no Entra ID P1 or P2',
        remedy: 'See the sign-in log, above.',
        costs: idsOf(config, (each) => asksSource(each, 'signIns')),
      }
    : {
        id: 'licence',
        state: 'warn',
        says: 'whether the tenant has Entra ID P1 or P2 cannot be told while the sign-in log cannot be read',
      };
}

/**
 * Without the permission Graph leaves the policies of a sign-in out and reports no error, and a sign-in to which none
 * applied looks the same. So the policies themselves are asked for, which is refused in so many words; policies on the
 * row decide when something else than these permissions shows them.
 */
async function aboutPolicies(
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
  const shown = rows.some(({ appliedConditionalAccessPolicies: policies }) =>
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
