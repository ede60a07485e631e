import type {
  HttpHandler,
  HttpRequest,
  HttpResponseInit,
  InvocationContext,
} from '@azure/functions';
import type { Monitor } from '../../shared/composition';
import type { Principal, Role } from '../../shared/pipeline/access';
import type { Answer } from '../../shared/pipeline/answer';
import { reported, withMonitor } from '../invocation';

/** A request that was let in. */
export interface Visit {
  readonly request: HttpRequest;
  readonly monitor: Monitor;
  readonly principal: Principal;
}

/** A door for people with a role. What goes wrong behind it is logged, and told without detail (`withMonitor`). */
export function doorFor(role: Role, visit: (visit: Visit) => Promise<Answer>): HttpHandler {
  return async (request, context) => {
    try {
      const answer = await withMonitor(context, async (monitor) => {
        const { enter } = await import('../../shared/pipeline/access');
        const { access: gate, tenantId } = monitor.config;
        const header = request.headers.get('x-ms-client-principal');
        const entered = enter({ principal: header, url: request.url }, role, { gate, tenantId });
        if ('refusal' in entered) {
          return entered.refusal;
        }
        return (await refusalOfPost(request)) ?? visit({ ...entered, request, monitor });
      });
      return carried(answer, (error) => reported(context, error));
    } catch (error) {
      return failed(error, context);
    }
  };
}

/**
 * An answer as the library takes it.
 * @param onFailure makes what is thrown of what went wrong while pieces were sent: the caller has its status by then.
 */
export function carried(
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

/** The text of a request, as far as `most` bytes: what comes after is not kept. */
export async function textOf(request: HttpRequest, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
    chunks.push(...(size <= most ? [bytes] : []));
    size += bytes.length;
  }
  return Buffer.concat(chunks).toString('utf8');
}

// A page of somebody else can make a browser post with the person's own session. Browsers ask before they send this
// type, and say where a page is from; whoever is no browser says neither.
async function refusalOfPost({ method, headers, url }: HttpRequest): Promise<Answer | undefined> {
  if (method === 'GET') {
    return undefined;
  }
  const { problem } = await import('../../shared/pipeline/answer');
  const { isOfForeignPage } = await import('../../shared/pipeline/access');
  if (
    isOfForeignPage({ url, origin: headers.get('origin'), site: headers.get('sec-fetch-site') })
  ) {
    return problem('forbidden', 'A page of another site sent this. Nothing is taken from there.');
  }
  return /^application\/json\s*(;|$)/i.test(headers.get('content-type') ?? '')
    ? undefined
    : problem('wrong-content-type', 'Send Content-Type: application/json, also without a body.');
}

async function failed(error: unknown, context: InvocationContext): Promise<HttpResponseInit> {
  const { problem } = await import('../../shared/pipeline/answer');
  const { name, message } = error instanceof Error ? error : { name: '', message: 'failed' };
  const where = `The log of invocation ${context.invocationId} says why.`;
  return carried(
    name === 'StorageError' || name === 'ContentionError'
      ? problem('unavailable', `The storage did not answer; try again. ${where}`)
      : problem('failed', name === 'UnreadableRowError' ? `${message}. ${where}` : where),
  );
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
