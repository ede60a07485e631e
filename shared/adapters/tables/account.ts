import { setTimeout } from 'node:timers/promises';
import {
  TableClient,
  TableServiceClient,
  type TableServiceClientOptions,
} from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { isLoopback } from '../../domain/loopback';
import { SECOND, type Duration } from '../../domain/time';
import { StorageError } from './errors';
import { waitFor, type HttpRequest } from './passing';
import { toStorageError } from './service-errors';

/** Where the tables are: `connection`, or `endpoint` with `credential`. */
export interface AccountOptions {
  /** `UseDevelopmentStorage=true` or a connection string. */
  readonly connection?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly credential?: TokenCredential | undefined;
  /** How long a request may take and how often it is repeated; for a person who waits. */
  readonly patience?: { readonly timeout: Duration; readonly retries: number };
  /** Called once per HTTP request, repeats included, before it is sent; what it throws is thrown on as it is. */
  readonly onOperation?: ((name: Operation, table: string) => void) | undefined;
}

export type Operation =
  'get' | 'list' | 'insert' | 'update' | 'upsert' | 'remove' | 'transaction' | 'create-table';

type Policy = NonNullable<TableServiceClientOptions['additionalPolicies']>[number]['policy'];

/** The SDK waits for ever by itself, and a timeout of its own keeps a process alive after a failure. */
const TIMEOUT = 30 * SECOND;
const RETRIES = { maxRetries: 3, retryDelayInMs: 250, maxRetryDelayInMs: 4 * SECOND };
const ALL_TABLES = '*';

/** A storage account: makes clients. Nothing is sent before it is needed. */
export class Account {
  readonly address: URL;
  readonly #clients = new Map<string, TableClient>();
  readonly #connect: Connect;
  readonly #onOperation: AccountOptions['onOperation'];
  readonly #patience: NonNullable<AccountOptions['patience']>;
  readonly #thrownByHook = new WeakSet();

  /** @throws StorageError when the options name no usable account. */
  constructor(options: AccountOptions) {
    this.#onOperation = options.onOperation;
    this.#patience = options.patience ?? { timeout: TIMEOUT, retries: RETRIES.maxRetries };
    this.#connect = connectorOf(options);
    this.address = addressOf(this.#connect);
  }

  client(table: string): TableClient {
    let client = this.#clients.get(table);
    if (client === undefined) {
      client = this.#connect.table(table, this.#clientOptions(table));
      this.#clients.set(table, client);
    }
    return client;
  }

  /** The error to throw for a request that failed. */
  failure(error: unknown, action: string, table: string): unknown {
    const isFromHook = typeof error === 'object' && error !== null && this.#thrownByHook.has(error);
    return isFromHook ? error : toStorageError(error, action, table, this.address);
  }

  #clientOptions(table: string): TableServiceClientOptions {
    const policy: Policy = {
      name: 'crosscheckOperations',
      sendRequest: async (request, next) => {
        for (let attempt = 0; ; attempt++) {
          this.#announce(request, table);
          request.abortSignal = AbortSignal.timeout(this.#patience.timeout);
          const response = await next(request);
          const wait = waitFor(request, response, attempt);
          if (wait === undefined || attempt >= this.#mostAgain) {
            return response;
          }
          await setTimeout(wait);
        }
      },
    };
    return {
      // Only an address on this machine came this far without encryption.
      allowInsecureConnection: this.address.protocol === 'http:',
      retryOptions: { ...RETRIES, maxRetries: this.#patience.retries },
      additionalPolicies: [{ policy, position: 'perRetry' }],
    };
  }

  /** Whoever has little patience waits for nothing that the service takes its time for. */
  get #mostAgain(): number {
    const { retries } = this.#patience;
    return retries < RETRIES.maxRetries ? retries : Infinity;
  }

  #announce(request: HttpRequest, table: string): void {
    try {
      this.#onOperation?.(operationOf(request), table);
    } catch (error) {
      if (typeof error === 'object' && error !== null) {
        this.#thrownByHook.add(error);
      }
      throw error;
    }
  }
}

/** Makes clients of one account. */
interface Connect {
  readonly service: (options?: TableServiceClientOptions) => TableServiceClient;
  readonly table: (name: string, options: TableServiceClientOptions) => TableClient;
}

function connectorOf({ connection, endpoint, credential }: AccountOptions): Connect {
  if (connection !== undefined) {
    return {
      service: (options) => TableServiceClient.fromConnectionString(connection, options),
      table: (name, options) => TableClient.fromConnectionString(connection, name, options),
    };
  }
  if (endpoint === undefined || credential === undefined) {
    throw new StorageError(
      'no storage account is configured',
      ALL_TABLES,
      'set TABLES_CONNECTION, or TABLES_ENDPOINT together with an identity',
    );
  }
  return {
    service: (options) => new TableServiceClient(endpoint, credential, options),
    table: (name, options) => new TableClient(endpoint, name, credential, options),
  };
}

function addressOf(connect: Connect): URL {
  let address: URL;
  try {
    address = new URL(connect.service().url);
  } catch {
    // No cause: its message could quote the connection string.
    throw new StorageError(
      'the address of the tables cannot be read',
      ALL_TABLES,
      'set TABLES_CONNECTION to a connection string of a storage account, or TABLES_ENDPOINT to its table address',
    );
  }
  if (
    address.protocol !== 'https:' &&
    !(address.protocol === 'http:' && isLoopback(address.hostname))
  ) {
    throw new StorageError(
      `the tables at ${address.host} would be used without encryption`,
      ALL_TABLES,
      'use https; http is for the emulator on this machine only',
    );
  }
  return address;
}

function operationOf({ method, url, headers }: HttpRequest): Operation {
  const { pathname } = new URL(url);
  const isOfTables = pathname.endsWith('/Tables');
  if (method === 'GET') {
    return pathname.includes('PartitionKey=') ? 'get' : 'list';
  }
  if (method === 'POST') {
    return isOfTables ? 'create-table' : pathname.endsWith('$batch') ? 'transaction' : 'insert';
  }
  return method === 'DELETE' ? 'remove' : headers.has('if-match') ? 'update' : 'upsert';
}
