import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

const MAIN = require.resolve('azurite/dist/src/table/main.js');
const ACCOUNT = 'devstoreaccount1';
/** The published key of every emulator. */
const KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const ANSWERS_WITHIN = 20_000;
const POLL = 50;

export interface Azurite {
  readonly port: number;
  readonly connection: string;
  stop(): Promise<void>;
}

/** Microsoft's emulator of Table Storage as a child on a free port, in memory only. One per test file. */
export async function startAzurite(): Promise<Azurite> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...['--tableHost', '127.0.0.1', '--tablePort', String(port)],
      ...['--inMemoryPersistence', '--disableTelemetry', '--silent', '--skipApiVersionCheck'],
    ],
    { cwd: tmpdir(), stdio: 'ignore' },
  );
  child.unref(); // a test that fails before it stops the emulator must not hang
  const end = (): void => void child.kill('SIGKILL'); // this child only; nothing of it is on a disk
  process.once('exit', end);
  for (let waited = 0; !(await answers(port)); waited += POLL) {
    if (child.exitCode !== null || waited > ANSWERS_WITHIN) {
      end();
      throw new Error(`Azurite did not start on port ${port}; start ${MAIN} by hand to see why`);
    }
    await wait(POLL);
  }
  return {
    port,
    connection: connectionTo(port),
    stop: async () => {
      process.off('exit', end);
      const ended = once(child, 'exit');
      child.ref(); // somebody waits for it now
      end();
      await ended;
    },
  };
}

export function connectionTo(port: number): string {
  return (
    `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};` +
    `TableEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`
  );
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = send({ host: '127.0.0.1', port, path: `/${ACCOUNT}/Tables` }, (answer) => {
      answer.resume();
      resolve(true);
    });
    probe.on('error', () => {
      resolve(false);
    });
    probe.end();
  });
}

export interface PagingProxy {
  readonly connection: string;
  /** Pages without rows that it has put in. */
  readonly emptyPages: () => number;
  stop(): Promise<void>;
}

const NEXT = ['NextPartitionKey', 'NextRowKey'] as const;
const EMPTY = 'crosscheck-empty';

/**
 * Stands before the emulator and does what only the real service does: before every page it hands out an empty one with
 * a continuation token, and no page has more than `top` rows.
 */
export async function startPagingProxy(azurite: Azurite, top: number): Promise<PagingProxy> {
  let emptyPages = 0;
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    if (incoming.method === 'GET' && url.pathname.endsWith('()')) {
      const [next = ''] = NEXT.map((name) => url.searchParams.get(name) ?? '');
      if (!next.startsWith(EMPTY)) {
        emptyPages += 1;
        // The token of the page to come travels inside the token of the empty one.
        const headers = NEXT.map((name) => {
          const inner = url.searchParams.get(name) ?? '';
          return [`x-ms-continuation-${name}`, `${EMPTY}${inner}`] as const;
        });
        outgoing.writeHead(200, {
          'content-type': 'application/json;odata=minimalmetadata',
          ...Object.fromEntries(headers),
        });
        outgoing.end('{"value":[]}');
        return;
      }
      for (const name of NEXT) {
        const inner = (url.searchParams.get(name) ?? '').slice(EMPTY.length);
        url.searchParams.delete(name);
        if (inner !== '') {
          url.searchParams.set(name, inner);
        }
      }
      url.searchParams.set('$top', String(top));
    }
    void forward(incoming, url, azurite.port).then(
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
      () => outgoing.writeHead(502).end(),
    );
  });
  await listening(server);
  return {
    connection: connectionTo((server.address() as AddressInfo).port),
    emptyPages: () => emptyPages,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.resolve();
    },
  };
}

function forward(incoming: IncomingMessage, url: URL, port: number): Promise<IncomingMessage> {
  const { method, headers } = incoming;
  const path = url.pathname + url.search;
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port, method, path, headers }, resolve);
    outgoing.on('error', reject);
    incoming.pipe(outgoing);
  });
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
