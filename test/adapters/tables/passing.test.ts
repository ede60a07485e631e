import { once } from 'node:events';
import { createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Account, type AccountOptions } from '../../../shared/adapters/tables/account';
import type { Row } from '../../../shared/adapters/tables/guards';
import { ServiceTables } from '../../../shared/adapters/tables/service-table';
import type { Table } from '../../../shared/adapters/tables/table';
import { connectionTo, startAzurite, type Azurite } from '../../fakes/azurite';

jest.setTimeout(60_000);

/** The next request like that gets this answer instead of the emulator's, before or after the emulator has done it. */
interface Refusal {
  readonly method: string;
  readonly status: number;
  readonly code: string;
  readonly isDone?: boolean;
  /** The answer stands for that of a part of the transaction. */
  readonly isInside?: boolean;
}

let azurite: Azurite;
let server: Server;
let refusals: Refusal[] = [];
let requests: string[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  server = createServer((incoming, outgoing) => {
    const { method = '', url: path = '', headers } = incoming;
    requests.push(method);
    const refusal = refusals.find((each) => each.method === method);
    refusals = refusals.filter((each) => each !== refusal);
    const refuse = ({ status, code, isInside = false }: Refusal): void => {
      const error = JSON.stringify({ 'odata.error': { code, message: { value: code } } });
      outgoing
        .writeHead(isInside ? 202 : status, {
          'content-type': isInside
            ? 'multipart/mixed; boundary=batchresponse_b'
            : 'application/json',
        })
        .end(isInside ? inside(status, error) : error);
    };
    if (refusal !== undefined && refusal.isDone !== true) {
      incoming.resume();
      refuse(refusal);
      return;
    }
    const { port } = azurite;
    const forwarded = send({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      if (refusal === undefined) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      answer.resume();
      refuse(refusal);
    });
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await azurite.stop();
});

function inside(status: number, error: string): string {
  return [
    ...['--batchresponse_b', 'Content-Type: multipart/mixed; boundary=changesetresponse_c', ''],
    ...[
      '--changesetresponse_c',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      '',
    ],
    ...[`HTTP/1.1 ${status} Conflict`, 'Content-Type: application/json', '', error],
    ...['--changesetresponse_c--', '--batchresponse_b--', ''],
  ].join('\r\n');
}

let tables = 0;
/** A table with a row, and the ETag of that. */
async function setUp(
  options: Pick<AccountOptions, 'patience'> = {},
): Promise<{ table: Table; etag: string }> {
  const connection = connectionTo((server.address() as AddressInfo).port);
  tables += 1;
  const table = new ServiceTables(new Account({ connection, ...options })).table(
    `Table${tables}`,
    true,
  );
  await table.writeOne({ insert: { partitionKey: 'p', rowKey: 'there', text: 'old' } });
  const etag = (await table.get('p', 'there'))?.etag ?? '';
  requests = [];
  return { table, etag };
}

const row = (rowKey: string): Row => ({ partitionKey: 'p', rowKey, text: 'new' });
const textOf = async (table: Table, rowKey: string): Promise<unknown> =>
  (await table.get('p', rowKey))?.['text'];
const ALL = { partition: 'p', rows: { from: '!', to: '~' }, page: 1 };
const BEING_DELETED = { status: 409, code: 'TableBeingDeleted' };
const BOGUS_409 = { status: 409, code: 'Conflict' };
const BOGUS_412 = { status: 412, code: 'UpdateConditionNotSatisfied' };

type Run = (table: Table, etag: string) => Promise<unknown>;
const get: Run = (table) => textOf(table, 'there');
const insert: Run = async (table) => [
  await table.writeOne({ insert: row('a') }),
  await textOf(table, 'a'),
];
const upsert: Run = async (table) => {
  await table.upsert(row('a'));
  return textOf(table, 'a');
};
const update: Run = async (table, etag) => [
  await table.update(row('there'), etag),
  await textOf(table, 'there'),
];
const remove: Run = async (table) => [await table.remove('p', 'there', '*'), await get(table, '')];
const transact: Run = async (table) =>
  (await table.transact([{ insert: row('a') }, { insert: row('b') }]))?.size;

describe('adapters/tables/passing', () => {
  describe('repeats what is refused although nobody can have been faster:', () => {
    it.each<[string, Refusal, Run, unknown]>([
      ['a read, being deleted', { method: 'GET', ...BEING_DELETED }, get, 'old'],
      ['a read, 409', { method: 'GET', ...BOGUS_409 }, get, 'old'],
      ['a read, 412', { method: 'GET', ...BOGUS_412 }, get, 'old'],
      [
        'a list, of which no page is lost',
        { method: 'GET', ...BEING_DELETED },
        async (table) => (await table.list(ALL)).length,
        1,
      ],
      ['an insert, being deleted', { method: 'POST', ...BEING_DELETED }, insert, [true, 'new']],
      ['an insert, 409', { method: 'POST', ...BOGUS_409 }, insert, [true, 'new']],
      ['a write without a condition, 412', { method: 'PUT', ...BOGUS_412 }, upsert, 'new'],
      ['an update, being deleted', { method: 'PUT', ...BEING_DELETED }, update, [true, 'new']],
      ['a removal, 409', { method: 'DELETE', ...BOGUS_409 }, remove, [true, undefined]],
      ['a transaction, 409', { method: 'POST', ...BOGUS_409 }, transact, 2],
      [
        'a transaction that says so inside',
        { method: 'POST', ...BEING_DELETED, isInside: true },
        transact,
        2,
      ],
    ])('%s', async (_what, refusal, run, expected) => {
      const { table, etag } = await setUp();
      refusals = [refusal];

      expect(await run(table, etag)).toEqual(expected);
      expect(requests.filter((each) => each === refusal.method).length).toBeGreaterThan(1);
    });
  });

  describe('hands on what says something:', () => {
    it.each<[string, Refusal, Run]>([
      [
        'an update whose condition does not hold',
        { method: 'PUT', ...BOGUS_412 },
        (table, etag) => table.update(row('there'), etag),
      ],
      [
        'an insert of what is there',
        { method: 'POST', status: 409, code: 'EntityAlreadyExists' },
        (table) => table.writeOne({ insert: row('a') }),
      ],
      [
        'a transaction over what is there',
        { method: 'POST', status: 409, code: 'EntityAlreadyExists', isInside: true },
        async (table) => (await transact(table, '')) !== undefined,
      ],
    ])('%s', async (_what, refusal, run) => {
      const { table, etag } = await setUp();
      refusals = [refusal];

      expect(await run(table, etag)).toBe(false);
      expect(requests).toEqual([refusal.method]);
    });

    it.each<[string, string, Run]>([
      ['insert', 'POST', (table) => table.writeOne({ insert: row('a') })],
      ['update', 'PUT', (table, etag) => table.update(row('there'), etag)],
    ])('an %s that was done and whose answer was lost', async (_what, method, run) => {
      const { table, etag } = await setUp();
      refusals = [{ method, status: 503, code: 'ServerBusy', isDone: true }];

      // Whoever sent it looks again, and finds its own row.
      expect(await run(table, etag)).toBe(false);
    });

    it('what does not pass', async () => {
      const { table } = await setUp({ patience: { timeout: 10_000, retries: 2 } });
      refusals = Array.from({ length: 3 }, () => ({ method: 'PUT', ...BOGUS_412 }));

      await expect(table.upsert(row('a'))).rejects.toThrow('answered 412');
      expect(requests).toHaveLength(3);
    });
  });
});
