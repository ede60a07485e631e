import type { Check } from './check';

export interface AppOptions {
  readonly url: URL;
  /** Whose people a forged principal claims to be of. */
  readonly tenantId: string;
  readonly version: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  /** Where it leads, when it does. */
  readonly location?: URL;
  readonly body: string;
}

const MOST = 2_000_000;
const STOP = 'Do not use this address until it is mended.';

/** What strangers get of the deployed app: nothing but whether it is up. */
export async function lookAtApp(options: AppOptions): Promise<readonly Check[]> {
  const { url, tenantId, version } = options;
  const looks: readonly (() => Promise<Check>)[] = [
    async () => aboutHealth(await get('/api/health', options)),
    async () => aboutVersion(await get('/api/openapi.json', options), version),
    async () =>
      aboutRefusal(
        await get('/api/findings?top=1', options),
        ...(['stranger', 'a request without sign-in', url] as const),
      ),
    async () =>
      aboutRefusal(
        await get('/api/status', options, forged(tenantId)),
        ...(['forged-principal', 'a request with a forged x-ms-client-principal', url] as const),
      ),
  ];
  const checks: Check[] = [];
  for (const look of looks) {
    try {
      checks.push(await look());
    } catch (error) {
      return [...checks, unreached(error, url)];
    }
  }
  return checks;
}

/** What an attacker would write to be an operator. */
function forged(tenantId: string): Record<string, string> {
  const id = '00000000-0000-4000-8000-00000000f04d';
  const claim = 'http://schemas.microsoft.com/identity/claims';
  const principal = {
    auth_typ: 'aad',
    name_typ: 'preferred_username',
    role_typ: 'roles',
    claims: [
      { typ: `${claim}/objectidentifier`, val: id },
      { typ: `${claim}/tenantid`, val: tenantId },
      { typ: 'preferred_username', val: 'crosscheck-doctor' },
      { typ: 'roles', val: 'Auditor' },
    ],
  };
  return {
    'x-ms-client-principal': Buffer.from(JSON.stringify(principal)).toString('base64'),
    'x-ms-client-principal-id': id,
    'x-ms-client-principal-idp': 'aad',
  };
}

async function get(
  path: string,
  { url, fetch, signal }: AppOptions,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(new URL(path, url), {
    ...{ headers: { accept: 'application/json', ...headers }, redirect: 'manual', signal },
  });
  const to = response.headers.get('location') ?? '';
  const location = URL.canParse(to, url.href) ? new URL(to, url) : undefined;
  const isLong = Number(response.headers.get('content-length')) > MOST;
  const body = response.ok && !isLong ? await response.text() : '';
  await (response.bodyUsed ? undefined : response.body?.cancel());
  return { status: response.status, body, ...(to !== '' && location && { location }) };
}

function aboutHealth({ status, location }: Answer): Check {
  const id = 'health';
  switch (status) {
    case 200:
      return { id, state: 'ok', says: 'the app answers, and says that it is up' };
    case 503:
      return {
        ...{ id, state: 'fail', says: 'the app answers, and says that it is down' },
        remedy: 'GET /api/status (role Auditor) says why, and so does the group "The watch".',
      };
    case 401:
    case 403:
      return {
        ...{ id, state: 'warn', says: `/api/health answers ${status}: it asks who comes` },
        remedy:
          'Exclude /api/health from sign-in (infra/modules/app.bicep), so that a probe may ask.',
      };
    default:
      return {
        id,
        state: 'fail',
        says: `/api/health answers ${status}${location === undefined ? '' : ` and leads to ${location.host}`}`,
        remedy:
          'Check the address. If it is right the bundle did not load: deploy dist/package.zip again and look at its exceptions (docs/queries.md).',
      };
  }
}

function aboutVersion(answer: Answer, ours: string): Check {
  const id = 'openapi';
  const { status, body } = answer;
  if (isRefusal(answer)) {
    const says =
      'the deployed version is not shown to strangers: sign-in stands in front; GET /api/status tells it';
    return { id, state: 'ok', says };
  }
  const theirs = status === 200 ? versionIn(body) : undefined;
  if (theirs === undefined) {
    return {
      ...{ id, state: 'fail', says: `/api/openapi.json answers ${status} without a version` },
      remedy: 'Check that --app-url is the address of Crosscheck.',
    };
  }
  return theirs === ours
    ? { id, state: 'ok', says: `version ${ours} is deployed, the same as here` }
    : {
        ...{ id, state: 'warn', says: `version ${theirs} is deployed, and ${ours} is here` },
        remedy: 'Deploy, or use the command of the deployed version.',
      };
}

function aboutRefusal(answer: Answer, id: string, what: string, url: URL): Check {
  const { status, location } = answer;
  if (isRefusal(answer)) {
    const how = location === undefined ? `${status}` : 'the way to sign in';
    return { id, state: 'ok', says: `${what} is refused: it gets ${how}` };
  }
  if (status >= 200 && status < 300) {
    return {
      id,
      state: 'fail',
      says: `${what} is let in: whoever knows the address reads the findings`,
      remedy: /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
        ? 'Nothing if this is npm start, which lets in everybody on this machine; give the address of the deployed app.'
        : id === 'stranger'
          ? `Switch sign-in on: deploy infra/ with APP_REGISTRATION_ID. ${STOP}`
          : `Something passes that header on as it came: the app must be reached through Easy Auth alone. ${STOP}`,
    };
  }
  const to = location === undefined ? '' : ` and leads to ${location.host}`;
  return {
    ...{ id, state: 'warn', says: `${what} gets ${status}${to}, which is no clear refusal` },
    remedy: `Check that ${url.host} is the address of Crosscheck.`,
  };
}

/** 401, 403, or the way to the sign-in page. */
function isRefusal({ status, location }: Answer): boolean {
  const isToLogin =
    location !== undefined &&
    (/^login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|chinacloudapi\.cn)$/.test(
      location.hostname,
    ) ||
      location.pathname.startsWith('/.auth/login/'));
  return status === 401 || status === 403 || (status >= 300 && status < 400 && isToLogin);
}

function versionIn(body: string): string | undefined {
  try {
    const { info } = JSON.parse(body) as { readonly info?: { readonly version?: unknown } };
    return typeof info?.version === 'string' ? info.version.slice(0, 40) : undefined;
  } catch {
    return undefined;
  }
}

function unreached(error: unknown, { host }: URL): Check {
  const { code } = (error as { readonly cause?: { readonly code?: unknown } }).cause ?? {};
  const why = typeof code === 'string' ? ` (${code})` : '';
  return {
    ...{ id: 'app', state: 'fail', says: `${host} cannot be reached${why}` },
    remedy: 'Check --app-url, the network, and that the app is running.',
  };
}
