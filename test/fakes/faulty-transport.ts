import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback, type Listening } from '../../cli/local-host/listen';
import { plus, SECOND, type Instant } from '../../shared/domain/time';
import type { Clock } from '../../shared/pipeline/ports/clock';
import type { VirtualClock } from './clock';
import type { FaultyGraph, Reply } from './faulty-graph';
import { LawBroken } from './law';

/** Carries requests to a faulty Graph and its replies back without any network, in virtual time. */
export function virtualFetch(
  graph: FaultyGraph,
  baseUrl: URL,
  clock: VirtualClock,
  broken: (law: LawBroken) => void,
): typeof fetch {
  return async (address, init) => {
    const url = address as string;
    if (!url.startsWith(`${baseUrl.origin}/`)) {
      broken(new LawBroken(`a request went to ${new URL(url).host}`));
      throw new TypeError('fetch failed');
    }
    if (!new URL(url).pathname.startsWith('/v1.0/auditLogs/')) {
      broken(new LawBroken(`a request went to ${new URL(url).pathname}`));
      throw new TypeError('fetch failed');
    }
    const prefer = new Headers(init?.headers).get('prefer') ?? '';
    const reply = graph.reply(new URL(url), prefer);
    const silence = async (): Promise<Error> => {
      for (let i = 0; i < 20; i++) {
        if (init?.signal?.aborted === true) {
          return init.signal.reason as Error;
        }
        clock.advance(30 * SECOND);
        await settled();
      }
      const law = new LawBroken('an answer that never comes was waited for for 10 minutes');
      broken(law);
      return law;
    };
    if (reply.ending === 'silence') {
      throw await silence();
    }
    if (reply.ending === 'reset') {
      throw new TypeError('fetch failed', { cause: errorOf('ECONNRESET') });
    }
    if (reply.ending === 'whole') {
      return new Response(reply.body, reply);
    }
    const end =
      reply.ending === 'half'
        ? silence
        : () => Promise.resolve(new TypeError('terminated', { cause: errorOf('UND_ERR_SOCKET') }));
    return new Response(halfOf(reply.body, end), reply);
  };
}

function halfOf(body: string, end: () => Promise<Error>): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream(
    {
      async pull(controller) {
        if (!isSent) {
          isSent = true;
          controller.enqueue(new TextEncoder().encode(body.slice(0, body.length / 2)));
          return;
        }
        controller.error(await end());
      },
    },
    { highWaterMark: 0 },
  );
}

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Serves a faulty Graph over loopback HTTP: connections are really reset, cut off and left open. */
export function serveFaultyGraph(graph: FaultyGraph): Promise<Listening> {
  return listenOnLoopback((request, response) => {
    request.resume();
    const { url = '/', headers } = request;
    const address = new URL(url, `http://${headers.host ?? '127.0.0.1'}`);
    const reply = graph.reply(address, String(headers['prefer'] ?? ''));
    switch (reply.ending) {
      case 'silence':
        return; // until the other side hangs up
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'whole':
        response.writeHead(reply.status, lengthened(reply)).end(reply.body);
        return;
      case 'half':
      case 'cut':
        response.writeHead(reply.status, lengthened(reply));
        response.write(reply.body.slice(0, reply.body.length / 2), () => {
          if (reply.ending === 'cut') {
            request.socket.destroy();
          }
        });
    }
  });
}

function lengthened({ headers, body }: Reply): Record<string, string> {
  return { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}

/** A clock that really waits, a hundred times faster than it says. */
export class FastClock implements Clock {
  static readonly SPEED = 100;
  readonly #origin: Instant;
  #skipped = 0;

  constructor(now: Instant) {
    this.#origin = plus(now, -performance.now() * FastClock.SPEED);
  }

  now(): Instant {
    return plus(this.#origin, this.passed());
  }

  passed(): number {
    return performance.now() * FastClock.SPEED + this.#skipped;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    try {
      await delay(ms / FastClock.SPEED, undefined, signal === undefined ? {} : { signal });
    } catch {
      throw signal?.reason as Error;
    }
  }

  /** Time in which nothing happens is not waited for. */
  advance(ms: number): void {
    this.#skipped += ms;
  }
}
