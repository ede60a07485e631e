import {
  Client,
  ResponseType,
  type Context,
  type Middleware,
} from '@microsoft/microsoft-graph-client';
import { SourceError } from '../../pipeline/ports/record-source';

export interface GraphClientOptions {
  /** `https://graph.microsoft.com`, or a loopback address. */
  readonly baseUrl: URL;
  /** Absent when the server wants no token (the local stand-in). */
  readonly getToken: (() => Promise<string>) | undefined;
  readonly fetch: typeof fetch;
}

/** Sends one request and hands back the raw answer, whatever its status. */
export type GraphGet = (path: string, signal: AbortSignal) => Promise<Response>;

/**
 * The SDK's client with our own two handlers and nothing else: its default chain retries by itself, with real sleeps,
 * past any limiter and any budget.
 */
export function graphClient(options: GraphClientOptions): GraphGet {
  const { baseUrl } = options;
  const fetchHandler = new FetchHandler(options.fetch);
  const handler = new AuthenticationHandler(baseUrl, options.getToken, fetchHandler);
  return async (path, signal) => {
    const middleware = new ErrorKeeper(handler);
    const client = Client.initWithMiddleware({
      ...{ baseUrl: baseUrl.origin, defaultVersion: 'v1.0', middleware },
    });
    try {
      return (await client
        .api(path)
        .header('Prefer', 'include-unknown-enum-members')
        .option('signal', signal)
        .responseType(ResponseType.RAW)
        .get()) as Response;
    } catch (error) {
      throw middleware.met ?? error;
    }
  };
}

/** Keeps what went wrong: the SDK throws an error of its own instead, without class and cause. One per request. */
class ErrorKeeper implements Middleware {
  met: unknown;
  readonly #next: Middleware;

  constructor(next: Middleware) {
    this.#next = next;
  }

  async execute(context: Context): Promise<void> {
    try {
      await this.#next.execute(context);
    } catch (error) {
      this.met = error;
      throw error;
    }
  }
}

/** Adds the token, to requests that go to the configured host only. */
class AuthenticationHandler implements Middleware {
  readonly #baseUrl: URL;
  readonly #getToken: GraphClientOptions['getToken'];
  readonly #next: Middleware;

  constructor(baseUrl: URL, getToken: GraphClientOptions['getToken'], next: Middleware) {
    this.#baseUrl = baseUrl;
    this.#getToken = getToken;
    this.#next = next;
  }

  async execute(context: Context): Promise<void> {
    const url = new URL(urlOf(context));
    if (url.origin !== this.#baseUrl.origin) {
      throw strangeLink(url.host, this.#baseUrl.host);
    }
    if (this.#getToken !== undefined) {
      const headers = new Headers(context.options?.headers);
      headers.set('Authorization', `Bearer ${await this.#getToken()}`);
      context.options = { ...context.options, headers: Object.fromEntries(headers) };
    }
    await this.#next.execute(context);
  }
}

class FetchHandler implements Middleware {
  readonly #fetch: typeof fetch;

  constructor(fetchLike: typeof fetch) {
    this.#fetch = fetchLike;
  }

  async execute(context: Context): Promise<void> {
    // A redirect could lead the token elsewhere.
    context.response = await this.#fetch(urlOf(context), {
      ...(context.options as RequestInit),
      redirect: 'error',
    });
  }
}

function urlOf(context: Context): string {
  const request = context.request as string | Request; // the SDK's type wants the DOM library
  return typeof request === 'string' ? request : request.url;
}

/** What the client puts before every path, and every link has. */
const VERSION = '/v1.0';

/**
 * The path and query of a link to the next page, byte for byte.
 * @param asked what the first page was asked for by.
 * @throws SourceError when the link leads to another host than the configured one, or to anything but the same log.
 */
export function pathOf(link: string, baseUrl: URL, asked: string): string {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (url?.origin !== baseUrl.origin) {
    throw strangeLink(url?.host ?? 'no valid address', baseUrl.host);
  }
  const [path = ''] = asked.split('?');
  const query = link.indexOf('?');
  const before = query === -1 ? link : link.slice(0, query);
  // As it stands, not as it is understood: what has dots or codes in its path is not followed either.
  const isSame = [before.slice(-VERSION.length - path.length), url.pathname].every(
    (each) => each.toLowerCase() === `${VERSION}${path}`.toLowerCase(),
  );
  if (!isSame) {
    throw strangeLink(`the path ${url.pathname.slice(0, 100)}`, `${VERSION}${path}`);
  }
  return `${path}${query === -1 ? '' : link.slice(query)}`;
}

function strangeLink(found: string, expected: string): SourceError {
  return new SourceError(
    'bad-answer',
    `Graph answered with a link to ${found}, which is not ${expected}; it was not followed`,
    'Check GRAPH_BASE_URL and what stands between this app and Graph.',
  );
}
