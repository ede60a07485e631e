import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { AzuriteError, startAzurite } from '../../../cli/local-host/azurite';
import { listenOnLoopback } from '../../../cli/local-host/listen';

const client = (connection: string): TableClient =>
  TableClient.fromConnectionString(connection, 'Sample', { allowInsecureConnection: true });

jest.setTimeout(30_000);

describe('Azurite as a child process', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crosscheck-azurite-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps what was written for the next start, and ends when it is stopped', async () => {
    const first = await startAzurite({ folder });
    await client(first.connectionString).createTable();
    await client(first.connectionString).createEntity({ partitionKey: 'p', rowKey: 'r', value: 1 });
    await first.stop();
    await first.stop();
    const second = await startAzurite({ folder, port: first.port });

    const row = await client(second.connectionString).getEntity('p', 'r');
    await second.stop();

    expect(row['value']).toBe(1);
    expect(second.port).toBe(first.port);
    expect(() => process.kill(first.pid, 0)).toThrow();
    expect(() => process.kill(second.pid, 0)).toThrow();
    expect(readdirSync(folder)).not.toEqual([]);
  });

  it('says so when it cannot start', async () => {
    const { port, close } = await listenOnLoopback(() => undefined);

    await expect(startAzurite({ port })).rejects.toThrow(AzuriteError);
    await close();
  });
});
