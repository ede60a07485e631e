import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionTo } from '../fakes/azurite';

/** What a request to storage takes, and each row that goes with it, in milliseconds. */
export const REQUEST = 5;
export const ROW = 0.5;
/** So many rows of one partition a second; what is above is refused, as the service does. */
export const ROWS_A_SECOND = 2_000;

export interface SlowStorage {
  readonly connection: string;
  /** Since the beginning. */
  readonly counts: { requests: number; rows: number; refused: number };
  /** The most rows of one partition in a second. */
  readonly busiest: () => number;
  stop(): Promise<void>;
}

/** Stands before the emulator: counts, takes as long as a storage account, and refuses a partition that is too busy. */
export async function startSlowStorage(port: number): Promise<SlowStorage> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const counts = { requests: 0, rows: 0, refused: 0 };
  const seconds = new Map<string, number>();
  let busiest = 0;

  /** @returns false when the partition has had its rows of this second. */
  const take = (partition: string, rows: number): boolean => {
    const key = `${Math.floor(performance.now() / 1_000)} ${partition}`;
    const taken = (seconds.get(key) ?? 0) + rows;
    if (taken > ROWS_A_SECOND && taken > rows) {
      return false;
    }
    seconds.set(key, taken);
    busiest = Math.max(busiest, taken);
    return true;
  };

  const refuse = (outgoing: ServerResponse): void => {
    counts.refused += 1;
    outgoing
      .writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' })
      .end(JSON.stringify({ 'odata.error': { code: 'ServerBusy', message: { value: 'busy' } } }));
  };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method, url = '/', headers } = incoming;
    const body = await bodyOf(incoming);
    const path = decodeURIComponent(url);
    const { partition, rows: written } = writtenBy(path, body.toString());
    counts.requests += 1;
    await sleep(REQUEST);
    if (!take(partition, written)) {
      refuse(outgoing);
      return;
    }
    const forwarded = send({ agent, host: '127.0.0.1', port, method, path: url, headers });
    forwarded.end(body);
    const [reply] = (await once(forwarded, 'response')) as [IncomingMessage];
    const answered = await bodyOf(reply);
    const rows = Math.max(written, rowsIn(answered));
    // How many rows a reading request takes shows only then.
    if (rows > written && !take(partition, rows - written)) {
      refuse(outgoing);
      return;
    }
    counts.rows += rows;
    await sleep(ROW * rows);
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers).end(answered);
  };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    connection: connectionTo((server.address() as AddressInfo).port),
    counts,
    busiest: () => busiest,
    stop: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Which partition a request is about, and how many rows it writes: none when it reads. */
function writtenBy(path: string, body: string): { partition: string; rows: number } {
  const [, table = ''] =
    /\/([A-Z]\w+)/.exec(path.includes('$batch') ? decodeURIComponent(body) : path) ?? [];
  const [, partition = ''] =
    /PartitionKey(?:=| eq )'([^']*)'/.exec(`${path}\n${decodeURIComponent(body)}`) ??
    /"PartitionKey":"([^"]*)"/.exec(body) ??
    [];
  const parts = body.match(/^(?:PUT|POST|PATCH|MERGE|DELETE) /gm) ?? [];
  const isWrite = body !== '' || path.includes('$batch');
  return { partition: `${table} ${partition}`, rows: parts.length || (isWrite ? 1 : 0) };
}

function rowsIn(body: Buffer): number {
  return body.toString().split('"RowKey":').length - 1;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
