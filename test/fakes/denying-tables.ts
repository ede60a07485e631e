import { createServer, request as send } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connectionTo, type Azurite } from './azurite';

export interface DenyingTables {
  readonly connection: string;
  stop(): Promise<void>;
}

/** Stands before the emulator and refuses what the service refuses an identity without the role. */
export const denyingTables = async (
  azurite: Azurite,
  isDenied: (request: { readonly method: string; readonly path: string }) => boolean,
): Promise<DenyingTables> => {
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    if (isDenied({ method, path })) {
      incoming.resume();
      const message = { lang: 'en-US', value: 'This request is not authorized.' };
      outgoing
        .writeHead(403, { 'content-type': 'application/json;odata=minimalmetadata' })
        .end(
          JSON.stringify({ 'odata.error': { code: 'AuthorizationPermissionMismatch', message } }),
        );
      return;
    }
    const { port } = azurite;
    const forwarded = send({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    connection: connectionTo((server.address() as AddressInfo).port),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
