import { randomUUID } from 'node:crypto';
import {
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { FunctionsHost, Invocation, RpcNullableString, RpcTypedData } from './functions-core';
import { answerText, listenOnLoopback, readBody, type Listening } from './listen';
import { readRoute, type Route } from './routes';

/** The platform takes more; what is built here never needs it. */
const LARGEST_BODY = 1_000_000;

interface Door {
  readonly name: string;
  readonly route: Route;
  readonly methods: readonly string[];
}

/**
 * Serves the HTTP functions of a bundle on 127.0.0.1. Keys are not asked for, as with the platform's own local host.
 * A `HEAD` on a route that takes `GET` answers 404, as the platform does.
 */
export function serveFunctions(
  host: FunctionsHost,
  options: {
    readonly port?: number;
    /** The port was asked for by name: no other one will do. */
    readonly isPortAskedFor?: boolean;
    readonly onError?: (name: string, error: unknown) => void;
  },
): Promise<Listening> {
  const doors = host.functions
    .filter((each) => each.trigger.type === 'httpTrigger')
    .map(({ name, trigger }): Door => ({
      name,
      route: readRoute(trigger.route ?? name),
      methods: (trigger.methods ?? []).map((each) => each.toUpperCase()),
    }))
    .sort((a, b) => b.route.weight - a.route.weight);
  return listenOnLoopback(
    async (request, response) => {
      const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
      const method = request.method ?? 'GET';
      const found = doors.flatMap((door) => {
        const params = door.route.match(url.pathname);
        return params === undefined ? [] : [{ door, params }];
      });
      const match = found.find(({ door }) => door.methods.includes(method));
      if (match === undefined) {
        refuse(
          method,
          found.map(({ door }) => door),
          response,
        );
        return;
      }
      const { door, params } = match;
      try {
        await (host.streamPort === undefined
          ? answerWhole(host, door, params, url, request, response)
          : answerStreamed(host, host.streamPort, door, params, url, request, response));
      } catch (error) {
        options.onError?.(door.name, error);
        if (response.headersSent) {
          response.destroy();
        } else {
          response.writeHead(500).end();
        }
      }
    },
    ...([options.port, options.isPortAskedFor] as const),
  );
}

function refuse(method: string, doors: readonly Door[], response: ServerResponse): void {
  if (doors.length === 0 || method === 'HEAD') {
    answerText(response, 404, 'There is nothing here.\n');
    return;
  }
  const allow = [...new Set(doors.flatMap((door) => door.methods))].sort().join(', ');
  answerText(response, 405, `${method} is not taken here.\n`, { allow });
}

// ------------------------------------------------------------------------------------------ one message each way

async function answerWhole(
  host: FunctionsHost,
  door: Door,
  params: Readonly<Record<string, string>>,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, LARGEST_BODY);
  if (body === undefined) {
    answerText(response, 413, `The body is larger than ${LARGEST_BODY} bytes.\n`);
    return;
  }
  const input = httpInput({
    ...{ method: request.method ?? 'GET', url, params, body },
    headers: flat(request.headers),
  });
  const { returnValue } = await host.invoke(door.name, input);
  const http = returnValue?.http;
  if (http === undefined) {
    response.writeHead(204).end();
    return;
  }
  if ((http.cookies ?? []).length > 0) {
    throw new Error(`${door.name} sets cookies, which the local host does not pass on`);
  }
  response.writeHead(Number(http.statusCode ?? '200'), { ...http.headers });
  response.end(http.body?.bytes ?? http.body?.string);
}

/** What the host sends for a request. */
export function httpInput(request: {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}): Invocation {
  const { method, url, headers = {}, params = {}, body } = request;
  const http = {
    ...{ method, url: url.href },
    nullableHeaders: nullable(headers),
    nullableQuery: nullable(Object.fromEntries(url.searchParams)),
    nullableParams: nullable(params),
    ...(body !== undefined && body.length > 0 && { body: { bytes: body } }),
  };
  return { input: { http }, triggerMetadata: metadataOf(url, headers, params) };
}

function nullable(values: Readonly<Record<string, string>>): Record<string, RpcNullableString> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

function metadataOf(
  url: URL,
  headers: Readonly<Record<string, string>>,
  params: Readonly<Record<string, string>>,
): Record<string, RpcTypedData> {
  return {
    ...Object.fromEntries(Object.entries(params).map(([name, string]) => [name, { string }])),
    Headers: { json: JSON.stringify(headers) },
    Query: { json: JSON.stringify(Object.fromEntries(url.searchParams)) },
  };
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
}

// ----------------------------------------------------------------------------------------------- piece by piece

/** With streaming on, the request itself goes through the library's own server, beside the invocation. */
async function answerStreamed(
  host: FunctionsHost,
  port: number,
  door: Door,
  params: Readonly<Record<string, string>>,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const invocationId = randomUUID();
  const headers = flat(request.headers);
  const input: RpcTypedData = { http: {} };
  const triggerMetadata = metadataOf(url, headers, params);
  const passed = pass(request, response, {
    port,
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      'x-ms-invocation-id': invocationId,
      'x-forwarded-host': url.host,
      'x-forwarded-proto': 'http',
    },
  });
  const invoked = host.invoke(door.name, { input, triggerMetadata }, invocationId);
  try {
    await invoked;
  } catch (error) {
    passed.cancel();
    throw error;
  }
  await passed.done;
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly port: number; readonly path: string; readonly headers: Record<string, string> },
): { readonly done: Promise<void>; readonly cancel: () => void } {
  const outgoing = sendRequest({ host: '127.0.0.1', method: request.method, ...to });
  const done = new Promise<void>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      const { 'x-ms-invocation-id': _ours, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 200, headers);
      answer.pipe(response);
      answer.once('error', reject);
      response.once('close', resolve);
    });
  });
  done.catch(() => undefined); // a cancelled one is reported by whoever cancelled it
  request.pipe(outgoing);
  return {
    done,
    cancel: () => {
      outgoing.destroy();
    },
  };
}
