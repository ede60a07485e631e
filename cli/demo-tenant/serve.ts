import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { listenOnLoopback, type Listening } from '../local-host/listen';
import type { DemoTenant } from './demo-tenant';

/** Serves a demo tenant over loopback HTTP; its address is what `GRAPH_BASE_URL` takes. */
export function serveDemoTenant(tenant: Pick<DemoTenant, 'handle'>, port = 0): Promise<Listening> {
  return listenOnLoopback((request, response) => answer(tenant, request, response), port);
}

async function answer(
  tenant: Pick<DemoTenant, 'handle'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume(); // a body would be of no use
  const { method = 'GET', url = '/', headers } = request;
  const answered = await tenant.handle(
    new Request(new URL(url, `http://${headers.host ?? '127.0.0.1'}`), {
      method,
      headers: Object.entries(headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]),
    }),
  );
  const body = Buffer.from(await answered.arrayBuffer());
  const isZipped = /\bgzip\b/.test(headers['accept-encoding'] ?? '') && body.length > 1_000;
  response.writeHead(answered.status, {
    ...Object.fromEntries(answered.headers),
    ...(isZipped && { 'content-encoding': 'gzip' }),
  });
  response.end(isZipped ? gzipSync(body) : body);
}
