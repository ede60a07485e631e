import { RestError } from '@azure/data-tables';
import { isLoopback } from '../../domain/loopback';
import { RequestRefusedError, StorageError } from './errors';

/** The answers that are no failure. */
export type Refusal = 'no-table' | 'no-row' | 'exists' | 'changed';

/** @returns undefined when the error is a failure. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof RestError)) {
    return undefined;
  }
  return error.statusCode === 412 ? 'changed' : REFUSALS[`${error.statusCode} ${codeOf(error)}`];
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  '404 TableNotFound': 'no-table',
  '404 ResourceNotFound': 'no-row',
  '409 EntityAlreadyExists': 'exists',
};

/** @param action is like `read from`. */
export function toStorageError(
  error: unknown,
  action: string,
  table: string,
  address: URL,
): StorageError {
  if (error instanceof StorageError) {
    return error;
  }
  const [why, remedy] = explain(error, address, roleFor(action));
  const Kind = isOfRequest(error) ? RequestRefusedError : StorageError;
  return new Kind(`could not ${action} table ${table}: ${why}`, table, remedy, error);
}

/** A row that is too big, a value that is no column: of all answers those about what was sent. */
function isOfRequest(error: unknown): boolean {
  return error instanceof RestError && [400, 413].includes(error.statusCode ?? 0);
}

/** The least that allows it. */
function roleFor(action: string): string {
  return action.startsWith('read')
    ? '"Storage Table Data Reader" (the app itself: "Storage Table Data Contributor")'
    : '"Storage Table Data Contributor"';
}

function explain(
  error: unknown,
  address: URL,
  role: string,
): readonly [why: string, remedy: string] {
  const name = error instanceof Error ? error.name : '';
  if (/Credential|Authentication/.test(name)) {
    return [
      'there is no signed-in identity',
      'sign in with "az login", or give the app a managed identity',
    ];
  }
  if (name === 'AbortError' || (error instanceof RestError && error.statusCode === undefined)) {
    const isLocal = isLoopback(address.hostname);
    return [
      `${address.host} does not answer`,
      isLocal ? 'start the emulator: azurite-table' : 'check TABLES_ENDPOINT and the network',
    ];
  }
  if (!(error instanceof RestError)) {
    return ['the storage client failed', 'see the cause'];
  }
  const code = codeOf(error) ?? 'no code';
  const { statusCode = 0 } = error;
  const answer = `${address.host} answered ${statusCode} (${code})`;
  if (code === 'TableBeingDeleted') {
    return [answer, 'it is being deleted; the next run goes on where this one stopped'];
  }
  if (BUSY.includes(statusCode)) {
    return [answer, 'the storage is busy or down; the next run goes on where this one stopped'];
  }
  const fixes: Readonly<Record<number, string>> = {
    401: 'check TABLES_CONNECTION or TABLES_ENDPOINT, and the tenant of the identity',
    403: mendOfDenial(code, role),
    404: 'deploy infra/ again, which creates the tables, or check the address',
  };
  return [answer, fixes[statusCode] ?? 'see the cause'];
}

const BUSY: readonly number[] = [408, 429, 500, 503, 504];

function mendOfDenial(code: string, role: string): string {
  switch (code) {
    case 'AuthorizationPermissionMismatch':
      return `give the identity the role ${role}; it takes some minutes to work`;
    case 'AuthenticationFailed':
      return 'check the key in TABLES_CONNECTION and the clock of this machine';
    default:
      return `check the firewall of the storage account and the role ${role}`;
  }
}

/** Of an answer to one request the SDK puts the code into `details`, of an answer to a transaction into `code`. */
function codeOf(error: RestError): string | undefined {
  const { odataError } = (error.details ?? {}) as { odataError?: { code?: string } };
  return odataError?.code ?? error.code;
}
