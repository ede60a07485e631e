import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { StorageError } from '../../../shared/adapters/tables/errors';
import { tableStores, type TableStoresOptions } from '../../../shared/adapters/tables/table-stores';
import { toInstant } from '../../../shared/domain/time';
import { connectionTo, freePort } from '../../fakes/azurite';

jest.setTimeout(30_000);

const NOW = toInstant('2026-01-31T12:00:00Z');
const KEY = 'c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==';

async function failureOf(options: Partial<TableStoresOptions>): Promise<StorageError> {
  try {
    await tableStores({ tenantId: 't', createMissingTables: false, ...options }).coverage.reading();
  } catch (error) {
    if (error instanceof StorageError) {
      return error;
    }
    throw error;
  }
  throw new Error('it worked');
}

describe('adapters/tables/errors', () => {
  let server: Server;
  let answer: { status: number; code?: string } = { status: 200 };
  let requests = 0;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(
        answer.code === undefined
          ? 'not JSON'
          : JSON.stringify({ 'odata.error': { code: answer.code, message: { value: 'no' } } }),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  it.each([
    [403, 'AuthorizationPermissionMismatch', 'the role "Storage Table Data Reader"'],
    [403, 'AuthenticationFailed', 'TABLES_CONNECTION'],
    [403, 'AuthorizationFailure', 'firewall'],
    [401, 'InvalidAuthenticationInfo', 'identity'],
    [404, 'TableNotFound', 'infra/'],
    [404, undefined, 'check the address'],
    [400, 'InvalidInput', 'see the cause'],
    [409, 'TableBeingDeleted', 'it is being deleted; the next run'],
    [503, 'ServerBusy', 'the next run'],
  ])('says what to do about %d %s', async (status, code, remedy) => {
    answer = { status, ...(code !== undefined && { code }) };
    const { port } = server.address() as AddressInfo;

    const error = await failureOf({
      ...{ connection: connectionTo(port), patience: { timeout: 10_000, retries: 1 } },
    });

    expect(error.message).toContain('could not read from table Coverage');
    expect(error.message).toContain(`127.0.0.1:${port} answered ${status}`);
    expect(error.remedy).toContain(remedy);
    expect(error.message).toContain(error.remedy);
    expect(error.table).toBe('Coverage');
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('names the role that may write when writing is refused', async () => {
    answer = { status: 403, code: 'AuthorizationPermissionMismatch' };
    const { port } = server.address() as AddressInfo;
    const stores = tableStores({
      ...{ tenantId: 't', createMissingTables: false, connection: connectionTo(port) },
    });
    const timeline = { id: '0123456789abcdef', detector: 'd', subject: { type: 'user', id: 'u' } };

    await expect(stores.marks.markWriting([timeline as never], NOW)).rejects.toThrow(
      'could not write to table Work: 127.0.0.1:' +
        `${port} answered 403 (AuthorizationPermissionMismatch); ` +
        'give the identity the role "Storage Table Data Contributor"; it takes',
    );
  });

  it('tries a busy storage again, a few times', async () => {
    answer = { status: 503, code: 'ServerBusy' };
    requests = 0;

    await failureOf({ connection: connectionTo((server.address() as AddressInfo).port) });

    expect(requests).toBe(4);
  });

  it('says that nobody answers', async () => {
    const port = await freePort();

    const error = await failureOf({ connection: connectionTo(port) });

    expect(error.message).toContain(`127.0.0.1:${port} does not answer`);
    expect(error.remedy).toContain('azurite-table');
  });

  it('says that nobody is signed in', async () => {
    const failure = new Error('no credential');
    failure.name = 'CredentialUnavailableError';
    const credential = { getToken: () => Promise.reject(failure) };

    const error = await failureOf({ endpoint: 'https://x.table.core.windows.net', credential });

    expect(error.message).toContain('no signed-in identity');
    expect(error.remedy).toContain('az login');
  });

  it.each([
    ['nothing', {}, 'no storage account is configured'],
    ['an endpoint without identity', { endpoint: 'https://x.example' }, 'no storage account'],
    ['no connection string', { connection: `AccountKey=${KEY}` }, 'cannot be read'],
    ['an empty connection string', { connection: '' }, 'cannot be read'],
    [
      'a connection string without a key',
      { connection: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=;EndpointSuffix=x' },
      'cannot be read',
    ],
    [
      'a far address without encryption',
      {
        connection: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${KEY};EndpointSuffix=example.com`,
      },
      'without encryption',
    ],
    [
      'a far endpoint without encryption',
      {
        endpoint: 'http://example.com',
        credential: { getToken: (): Promise<null> => Promise.resolve(null) },
      },
      'without encryption',
    ],
  ])('refuses %s at once', async (_what, options, problem) => {
    const error = await failureOf(options);

    expect(error.message).toContain(problem);
    expect(error.message).toContain('TABLES_'.slice(0, problem === 'without encryption' ? 0 : 7));
    expect(inspect(error, { depth: 9 })).not.toContain(KEY);
  });

  it('takes the short name of the emulator', () => {
    const connection = 'UseDevelopmentStorage=true';

    expect(() =>
      tableStores({ connection, tenantId: 't', createMissingTables: true }),
    ).not.toThrow();
  });

  it('shows no signature', async () => {
    answer = { status: 403, code: 'AuthenticationFailed' };
    const { port } = server.address() as AddressInfo;

    const error = await failureOf({ connection: connectionTo(port) });

    expect(inspect(error, { depth: 9 })).not.toMatch(/SharedKey(Lite)? devstore/);
  });
});
