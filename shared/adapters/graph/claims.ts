/** What a token says of whoever holds it. The token itself goes no further. */
export interface TokenClaims {
  readonly tenantId: string;
  readonly appId: string;
  /** Of an app its roles, of a person the scopes that the program in between was given. */
  readonly permissions: readonly string[];
  readonly of: 'app' | 'person';
}

/**
 * Looks into a token for Graph. Its form is Graph's own affair and may change, so what cannot be read is no fault.
 * https://learn.microsoft.com/entra/identity-platform/access-tokens
 * @returns undefined when it cannot be looked into.
 */
export function claimsOf(token: string): TokenClaims | undefined {
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { tid, appid, roles, scp } = JSON.parse(text) as Record<string, unknown>;
    if (!isId(tid) || !isId(appid)) {
      return undefined;
    }
    const scopes = typeof scp === 'string' ? scp.split(' ') : [];
    const granted = [...(Array.isArray(roles) ? (roles as unknown[]) : []), ...scopes];
    return {
      tenantId: tid.toLowerCase(),
      appId: appid.toLowerCase(),
      permissions: granted.filter((each): each is string => /^[\w.]{1,100}$/.test(String(each))),
      of: typeof scp === 'string' ? 'person' : 'app',
    };
  } catch {
    return undefined; // no JSON
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}
