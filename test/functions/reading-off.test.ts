import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildMonitor } from '../../shared/composition/monitor';
import { readConfig } from '../../shared/config/config';
import { loggingTo } from '../../shared/adapters/logging/logger';

let server: Server;
let requests = 0;
beforeEach(async () => {
  requests = 0;
  server = createServer((_, response) => {
    requests += 1;
    response.end('{"value":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
});

describe('a timer while READING is off', () => {
  it('asks nobody for anything, and says so where the alert rules look', async () => {
    const { port } = server.address() as AddressInfo;
    const monitor = await buildMonitor(
      readConfig({
        TENANT_ID: '00000000-0000-4000-8000-000000000001',
        GRAPH_AUTH: 'none',
        GRAPH_BASE_URL: `http://127.0.0.1:${port}`,
        TABLES_CONNECTION: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:${port}/a;`,
        READING: 'off',
      }),
    );
    const lines: string[] = [];
    const keep = (line: string): void => {
      lines.push(line);
    };

    await loggingTo({ debug: keep, info: keep, warn: keep, error: keep }, () =>
      monitor.pollOnTimer('signIns'),
    );

    expect(requests).toBe(0);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ run: 'poll', source: 'signIns', failure: 'reading-off' }),
    ]);
  });
});
