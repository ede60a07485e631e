import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that listens on 127.0.0.1 only. */
export interface Listening {
  readonly port: number;
  /** Without a slash at its end. */
  readonly url: string;
  /** Stops at once; requests that are under way are cut off. */
  readonly close: () => Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/**
 * Serves HTTP on the loopback address. A port that is taken is replaced by a free one, unless it was asked for by name.
 * A handler that throws answers 500; a request that names another host is refused, so that no web page can reach
 * what runs here by giving this machine a name of its own.
 * @throws what the system says when `isAskedFor` and the port is taken.
 */
export async function listenOnLoopback(
  handler: Handler,
  port = 0,
  isAskedFor = false,
): Promise<Listening> {
  const server = createServer((request, response) => {
    void handle(handler, request, response);
  });
  try {
    await listen(server, port);
  } catch (error) {
    if (isAskedFor || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw error;
    }
    await listen(server, 0);
  }
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    url: `http://127.0.0.1:${taken}`,
    close() {
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const { port, close } = await listenOnLoopback(() => undefined);
  await close();
  return port;
}

/** Whether nobody can listen on a port of this machine: it is in use, or not for this account. */
export async function isTaken(port: number): Promise<boolean> {
  try {
    await (await listenOnLoopback(() => undefined, port, true)).close();
    return false;
  } catch {
    return true;
  }
}

/** Answers with a text and ends. */
export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(text);
}

/**
 * The body of a request, up to a size.
 * @returns undefined when it is larger; the rest is not kept.
 */
export async function readBody(
  request: IncomingMessage,
  most: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= most) {
      chunks.push(chunk);
    }
  }
  return size > most ? undefined : Buffer.concat(chunks);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function handle(
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/i.test(request.headers.host ?? '')) {
      answerText(response, 403, 'Only 127.0.0.1 and localhost are served here.\n');
      return;
    }
    await handler(request, response);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
    } else {
      answerText(response, 500, `${error instanceof Error ? error.message : 'failed'}\n`);
    }
  }
}
