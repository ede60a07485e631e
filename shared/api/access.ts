import { z } from 'zod';
import type { AuthMode } from '../domain/access';
import { isLoopback } from '../domain/loopback';
import { plainText } from '../domain/text';
import { problem, Refusal, type ApiRequest } from './answer';

/** `Auditor` reads. `Operator` reads, decides and resends. */
export type Role = 'Auditor' | 'Operator';
const ROLES: readonly Role[] = ['Auditor', 'Operator'];

/** Who asks. */
export interface Principal {
  /** The object id in Entra, or `local`. */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

const LONGEST = 64_000;
/**
 * Easy Auth writes some claims under their long names, and names the type of roles without always using it: what it
 * names is not looked at, or a claim that people choose themselves could become their role.
 */
const CLAIMS = {
  id: ['http://schemas.microsoft.com/identity/claims/objectidentifier', 'oid'],
  tenant: ['http://schemas.microsoft.com/identity/claims/tenantid', 'tid'],
  roles: ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'],
  name: ['preferred_username', 'name', 'appid', 'azp'],
} as const;

const headerSchema = z.object({
  auth_typ: z.string(),
  name_typ: z.string().nullish(),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })),
});

/**
 * Who asks, when they have the role.
 * @throws Refusal saying why not: 401 when it is not known who asks, 403 when it is.
 */
export function authorize(
  request: Pick<ApiRequest, 'url' | 'headers'>,
  needed: Role,
  { gate, tenantId }: { readonly gate: AuthMode; readonly tenantId: string },
): Principal {
  const principal = identify(request, gate, tenantId);
  const { roles } = principal;
  if (!roles.includes(needed) && !roles.includes('Operator')) {
    const has = roles.length === 0 ? 'no role' : `only the role ${roles.join(', ')}`;
    throw forbidden(
      `You have ${has} in Crosscheck; this takes ${needed === 'Auditor' ? 'Auditor or Operator' : needed}. An admin assigns roles on the enterprise application.`,
    );
  }
  return principal;
}

/** How a principal is written down beside what they did. */
export function signatureOf({ id, name }: Principal): string {
  return id === 'local' ? 'local' : `${plainText(name, 200)} (${id})`;
}

/** What a browser says of the page that sends something; whoever is no browser says nothing. */
export interface Sender {
  /** The address it was sent to. */
  readonly url: string;
  /** The header `Origin`. */
  readonly origin: string | null;
  /** The header `Sec-Fetch-Site`. */
  readonly site: string | null;
}

/** Whether a page of another site sends this: a browser adds the person's own session to it. */
export function isOfForeignPage({ url, origin, site }: Sender): boolean {
  const isOurOrigin =
    origin === null || (URL.canParse(origin) && new URL(origin).host === new URL(url).host);
  return !isOurOrigin || !['same-origin', 'none'].includes(site ?? 'none');
}

/**
 * A page of somebody else can make a browser post with the person's own session. Browsers ask before they send this
 * type, and say where a page is from; whoever is no browser says neither.
 * @throws Refusal
 */
export function checkPost({ method, headers, url }: ApiRequest): void {
  if (method === 'GET') {
    return;
  }
  const [origin, site] = [headers.get('origin'), headers.get('sec-fetch-site')];
  if (isOfForeignPage({ url, origin, site })) {
    throw forbidden('A page of another site sent this. Nothing is taken from there.');
  }
  if (!/^application\/json\s*(;|$)/i.test(headers.get('content-type') ?? '')) {
    const detail = 'Send Content-Type: application/json, also without a body.';
    throw new Refusal(problem('unsupported-media-type', detail));
  }
}

function identify(
  { url, headers }: Pick<ApiRequest, 'url' | 'headers'>,
  gate: AuthMode,
  tenantId: string,
): Principal {
  if (gate.kind === 'nobody') {
    throw unknown(gate.why);
  }
  if (gate.kind === 'local') {
    if (!isLoopback(new URL(url).hostname)) {
      throw unknown('The local monitor answers this machine only.');
    }
    return { id: 'local', name: 'local', roles: ROLES };
  }
  const principal = headers.get('x-ms-client-principal') ?? '';
  if (principal === '') {
    throw unknown('Sign in with Entra, or send a bearer token for this app.');
  }
  const read = readHeader(principal);
  if (read?.auth_typ !== 'aad') {
    throw unknown('The principal of the platform could not be read, or is not of Entra.');
  }
  const values = (names: readonly (string | null | undefined)[]): string[] =>
    read.claims.filter(({ typ }) => names.includes(typ)).map(({ val }) => val);
  /** What is said under several names must be said alike. */
  const only = (names: readonly string[]): string | undefined => {
    const all = new Set(values(names).map((each) => each.toLowerCase()));
    return all.size === 1 ? [...all][0] : undefined;
  };
  const id = only(CLAIMS.id) ?? '';
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw unknown('The principal of the platform has no object id, or more than one.');
  }
  if (only(CLAIMS.tenant) !== tenantId) {
    throw forbidden('You are signed in to another tenant than the one that is watched.');
  }
  const given = values(CLAIMS.roles);
  const named = [read.name_typ, ...CLAIMS.name].flatMap((type) => values([type]));
  return {
    id,
    name: plainText(named.find((each) => each.trim() !== '') ?? id, 200),
    roles: ROLES.filter((role) => given.includes(role)),
  };
}

function unknown(detail: string): Refusal {
  return new Refusal(
    problem('unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer' } }),
  );
}

function forbidden(detail: string): Refusal {
  return new Refusal(problem('forbidden', detail));
}

function readHeader(header: string): z.infer<typeof headerSchema> | undefined {
  if (header.length > LONGEST || !/^[\w+/-]+={0,2}$/.test(header)) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    return headerSchema.safeParse(value).data;
  } catch {
    return undefined; // no JSON
  }
}
