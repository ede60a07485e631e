import type { DemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { odataError } from '../../cli/demo-tenant/audit-log-api';

/** What a deployment grants. */
export const GRANTED = ['AuditLog.Read.All', 'Directory.Read.All', 'Policy.Read.All'] as const;

const CLIENT = 'c11e0000-0000-4000-8000-000000000001';

/** A token that nobody signed, as an app gets it; with `scp` as a person does. */
export const tokenOf = (
  tenantId: string,
  roles: readonly string[],
  over: Readonly<Record<string, unknown>> = {},
): string =>
  [{ alg: 'none', typ: 'JWT' }, { tid: tenantId, appid: CLIENT, roles, ...over }, 'not signed']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');

/**
 * The demo tenant behind the permissions of Graph: it believes what a token says of itself, and refuses like Graph does.
 * Without Policy.Read.All the policies of sign-ins are left out, without a word.
 */
export const guarded = (tenant: DemoTenant): Pick<DemoTenant, 'handle'> => ({
  handle: async (request) => {
    const granted = permissionsOf(request.headers.get('authorization') ?? '', tenant.tenantId);
    if (granted === undefined) {
      return odataError(401, 'InvalidAuthenticationToken', 'Access token is empty or invalid.');
    }
    const { pathname } = new URL(request.url);
    const seesPolicies = granted.some((each) => each.startsWith('Policy.Read'));
    if (pathname.includes('/conditionalAccess/')) {
      return seesPolicies
        ? tenant.handle(request)
        : odataError(403, 'AccessDenied', 'Required scopes are missing in the token.');
    }
    if (!granted.includes('AuditLog.Read.All')) {
      const message = 'Calling principal does not have required MSGraph permissions.';
      return odataError(403, 'Authentication_MSGraphPermissionMissing', message);
    }
    if (pathname.endsWith('/signIns') && !granted.includes('Directory.Read.All')) {
      return unlicensed();
    }
    const answer = await tenant.handle(request);
    return seesPolicies ? answer : withoutPolicies(answer);
  },
});

/** Also what a licensed tenant answers now and then. */
export const unlicensed = (): Response =>
  odataError(
    403,
    'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
    "Neither tenant is B2C or tenant doesn't have premium license",
  );

const permissionsOf = (header: string, tenantId: string): readonly string[] | undefined => {
  const [, payload] = header.replace('Bearer ', '').split('.');
  try {
    const text = Buffer.from(payload ?? '', 'base64url').toString();
    const { tid, roles, scp } = JSON.parse(text) as Record<string, unknown>;
    const scopes = typeof scp === 'string' ? scp.split(' ') : [];
    return tid === tenantId ? [...((roles ?? []) as string[]), ...scopes] : undefined;
  } catch {
    return undefined;
  }
};

const withoutPolicies = async (answer: Response): Promise<Response> => {
  const body = (await answer.json()) as { value: Record<string, unknown>[] };
  const value = body.value.map(({ appliedConditionalAccessPolicies: _left, ...row }) => row);
  return Response.json({ ...body, value });
};
