import type {
  HttpHandler,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import type { Answer, ApiRequest } from '../shared/api/answer';
import type { Route } from '../shared/api/routes';
import { reported, withMonitor } from './invocation';

/** The handler of a route. What goes wrong behind it is logged, and told without detail (`withMonitor`). */
export function handlerOf(route: Route): HttpHandler {
  return async (request, context) => {
    const { failure, respond } = await import('../shared/api/respond');
    const asked = toApiRequest(request);
    try {
      const answer =
        route.role === undefined
          ? await (await route.load()).answer(asked, { isUp: () => isUp(context) })
          : await withMonitor(context, (monitor) => respond(route, asked, monitor));
      return toHttpResponse(answer, (error) => reported(context, error));
    } catch (error) {
      return toHttpResponse(failure(error, context.invocationId));
    }
  };
}

/** Answers what no route takes. */
export const notFoundHandler: HttpHandler = async (request) => {
  const { notFound } = await import('../shared/api/respond');
  return toHttpResponse(notFound(request));
};

/**
 * An answer as the library takes it.
 * @param onFailure makes what is thrown of what went wrong while pieces were sent: the caller has its status by then.
 */
export function toHttpResponse(
  { status, headers, body }: Answer,
  onFailure: (error: unknown) => Promise<unknown> = (error) => Promise.resolve(error),
): HttpResponseInit {
  return {
    ...{ status, headers },
    ...(body !== undefined && {
      body: typeof body === 'string' ? body : ReadableStream.from(encoded(body, onFailure)),
    }),
  };
}

function toApiRequest(request: HttpRequest): ApiRequest {
  const { method, url, headers, query, params } = request;
  return { method, url, headers, query, params, text: (most) => textOf(request, most) };
}

/** The text of a request, as far as `most` bytes: what comes after is not kept. */
async function textOf(request: HttpRequest, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
    chunks.push(...(size <= most ? [bytes] : []));
    size += bytes.length;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Anybody may ask, as often as they like: the storage is asked once in this time. */
const KEPT_SECONDS = 30;

let health: Promise<(context: InvocationContext) => Promise<boolean>> | undefined;

async function isUp(context: InvocationContext): Promise<boolean> {
  health ??= makeHealth();
  return (await health)(context);
}

async function makeHealth(): Promise<(context: InvocationContext) => Promise<boolean>> {
  const { keptFor } = await import('../shared/pipeline/queries/kept-for');
  const { systemClock } = await import('../shared/adapters/system-clock');
  const { SECOND } = await import('../shared/domain/time');
  return keptFor(KEPT_SECONDS * SECOND, systemClock, async (context: InvocationContext) => {
    try {
      return (await withMonitor(context, (monitor) => monitor.health())).status === 'up';
    } catch {
      return false; // the log says why
    }
  });
}

async function* encoded(
  pieces: AsyncIterable<string>,
  onFailure: (error: unknown) => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of pieces) {
      yield Buffer.from(piece, 'utf8');
    }
  } catch (error) {
    throw await onFailure(error);
  }
}
