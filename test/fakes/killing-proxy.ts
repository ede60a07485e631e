import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** One request of a process to what it works with, by kind: `get Findings`, `transaction Work`, `ask signIns`. */
export interface Operation {
  readonly kind: string;
  /** Path and query. */
  readonly url: string;
  readonly body: string;
}

/** The `nth` operation of a kind (from 1): killed before it is done, or when it is done and not yet answered. */
export interface Target {
  readonly kind: string;
  readonly nth: number;
  readonly side: 'before' | 'after';
}

/** What a channel was sent. */
export interface Posted {
  readonly id: string;
  readonly text: string;
}

export interface KillingProxy {
  /** Graph, the tables (`<url>/<account>`) and Teams (`<url>/webhook`) are all behind this address. */
  readonly url: string;
  /** Every operation since the last `arm`, in the order they came. */
  readonly operations: readonly Operation[];
  readonly posts: readonly Posted[];
  /** Writes that the store refused because somebody else was faster. */
  readonly conflicts: () => number;
  /** Forgets what was counted; from now on it kills at the target, when there is one. */
  arm(target?: Target & { readonly kill: () => void }): void;
  /** Resolves when no operation is under way any more. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface KillingProxyOptions {
  readonly graph: string;
  readonly tables: string;
  /** A planted fault: what is acknowledged and not done. */
  readonly loses?: (operation: Operation) => boolean;
  /** Milliseconds that an operation waits, so that processes side by side do not keep step. */
  readonly delay?: () => number;
}

/** Stands between a process and everything outside of it, counts, and kills where it is told to. */
export async function startKillingProxy(options: KillingProxyOptions): Promise<KillingProxy> {
  const agent = new Agent({ keepAlive: true });
  const posts: Posted[] = [];
  const underWay = new Set<Promise<void>>();
  let operations: Operation[] = [];
  let armed: (Target & { readonly kill: () => void }) | undefined;
  let isDead = false;
  let conflicts = 0;

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    if (isDead) {
      outgoing.destroy();
      return;
    }
    const { url = '' } = incoming;
    const operation = { kind: kindOf(incoming, body.toString()), url, body: body.toString() };
    operations.push(operation);
    const { kind } = operation;
    const target =
      kind === armed?.kind && operations.filter((each) => each.kind === kind).length === armed.nth
        ? armed
        : undefined;
    const die = (): void => {
      isDead = true;
      target?.kill();
      outgoing.destroy();
    };
    if (target?.side === 'before') {
      die();
      return;
    }
    await (options.delay && wait(options.delay()));
    const answer =
      options.loses?.(operation) === true
        ? acknowledgement(operation)
        : kind === 'post'
          ? accept(incoming, operation)
          : await forward(incoming, body);
    conflicts += isConflict(answer) ? 1 : 0;
    if (target !== undefined) {
      die();
      return;
    }
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  };

  const accept = ({ headers }: IncomingMessage, { body }: Operation): Answer => {
    posts.push({ id: String(headers['x-ms-client-tracking-id']), text: body });
    return { status: 202, headers: {}, body: '' };
  };

  const forward = async (incoming: IncomingMessage, body: Buffer): Promise<Answer> => {
    const { method, url = '/', headers } = incoming;
    const backend = new URL(isGraph(url) ? options.graph : options.tables);
    const { hostname, port } = backend;
    const outgoing = send({ agent, hostname, port, method, path: url, headers });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { statusCode: status = 502 } = answer;
    return { status, headers: answer.headers, body: await bodyOf(answer) };
  };

  const server = createServer((incoming, outgoing) => {
    // A process that was killed breaks off; that is what this is for.
    const done = handle(incoming, outgoing).catch(() => void outgoing.destroy());
    underWay.add(done);
    void done.then(() => underWay.delete(done));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get operations() {
      return operations;
    },
    posts,
    conflicts: () => conflicts,
    arm: (target) => {
      operations = [];
      armed = target;
      isDead = false;
    },
    settled: async () => {
      await Promise.all(underWay);
    },
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer | string;
}

/** The answer to a transaction holds that of its parts. */
function isConflict({ status, body }: Answer): boolean {
  return [409, 412].includes(status) || /^HTTP\/1\.1 4(09|12) /m.test(body.toString());
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function isGraph(url: string): boolean {
  return url.startsWith('/v1.0/');
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'insert',
  PUT: 'put',
  PATCH: 'put',
  MERGE: 'put',
  DELETE: 'delete',
};

function kindOf({ method = '', url = '' }: IncomingMessage, body: string): string {
  const { pathname } = new URL(url, 'http://127.0.0.1');
  if (isGraph(url)) {
    return `ask ${pathname.split('/').at(-1) ?? ''}`;
  }
  if (pathname === '/webhook') {
    return 'post';
  }
  const isTransaction = pathname.endsWith('/$batch');
  const path = isTransaction ? (/^\w+ (\S+) HTTP/m.exec(body)?.[1] ?? '') : pathname;
  const table = /\/\w+\/(Tables|[A-Z]\w+)/.exec(path)?.[1] ?? path;
  return `${isTransaction ? 'transaction' : (VERBS[method] ?? method)} ${table}`;
}

/** What the service answers when a write was done. */
function acknowledgement({ kind, body }: Operation): Answer {
  const etag = `W/"datetime'2026-01-01T00%3A00%3A00.0000000Z'"`;
  if (!kind.startsWith('transaction')) {
    return { status: 204, headers: { etag }, body: '' };
  }
  const parts = [...body.matchAll(/^\w+ \S+ HTTP\/1\.1\r?$/gm)].map(() =>
    [
      '--changesetresponse_lost',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      '',
      'HTTP/1.1 204 No Content',
      `ETag: ${etag}`,
      '',
      '',
    ].join('\r\n'),
  );
  return {
    status: 202,
    headers: { 'content-type': 'multipart/mixed; boundary=batchresponse_lost' },
    body: [
      '--batchresponse_lost',
      'Content-Type: multipart/mixed; boundary=changesetresponse_lost',
      '',
      ...parts,
      '--changesetresponse_lost--',
      '--batchresponse_lost--',
      '',
    ].join('\r\n'),
  };
}
