import type { TokenCredential } from '@azure/identity';
import { CrosscheckError } from '../../domain/errors';
import { SECOND } from '../../domain/time';
import type { ChainCopies } from '../../pipeline/ports/audit-trail';

export interface SealContainerOptions {
  /** `https://<account>.blob.core.windows.net/<container>`; a SAS in its query only for the emulator. */
  readonly container: URL;
  readonly tenantId: string;
  /** Absent when the address carries a SAS. */
  readonly credential: TokenCredential | undefined;
  readonly fetch: typeof fetch;
}

/** The container could not be used. The message says what failed and what to do. */
export class ContainerError extends CrosscheckError {
  override readonly name = 'ContainerError';
}

const SCOPE = 'https://storage.azure.com/.default';
const VERSION = '2023-11-03';
const TIMEOUT = 30 * SECOND;
/** Ten times the largest entry. */
const LARGEST = 20_000_000;

/**
 * Copies of the chain as blobs that are made once and never written again; with a retention policy on the container
 * nobody can change or remove them, also not who may write tables.
 * https://learn.microsoft.com/rest/api/storageservices/put-blob
 */
export function sealContainer(options: SealContainerOptions): ChainCopies {
  const { container, tenantId } = options;

  async function send(method: 'PUT' | 'GET', sequence: number, body?: string): Promise<Response> {
    const url = new URL(container);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${tenantId}/${nameOf(sequence)}`;
    const action = method === 'PUT' ? 'write' : 'read';
    try {
      return await options.fetch(url, {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
        headers: {
          'x-ms-version': VERSION,
          ...(await authorization(options.credential)),
          ...(body !== undefined && {
            'x-ms-blob-type': 'BlockBlob',
            'If-None-Match': '*',
            'Content-Type': 'application/json',
          }),
        },
        ...(body !== undefined && { body }),
      });
    } catch (cause) {
      const name = cause instanceof Error ? cause.name : 'unknown';
      // The cause could quote the address, and with it a SAS.
      throw new ContainerError(
        `could not ${action} a copy of the chain: ${container.host} cannot be reached or nobody is signed in (${name}); check SEAL_CONTAINER, the network and the identity`,
      );
    }
  }

  return {
    put: async (sequence, text) => {
      const answer = await send('PUT', sequence, text);
      const code = answer.headers.get('x-ms-error-code') ?? '';
      await answer.body?.cancel();
      // 409 BlobImmutableDueToPolicy: it is there, and not even the condition is looked at.
      const isThere =
        answer.status === 412 ||
        (answer.status === 409 && /^(BlobAlreadyExists|BlobImmutableDueToPolicy)$/.test(code));
      if (answer.status !== 201 && !isThere) {
        throw refused('write', answer, code, container);
      }
      return answer.status === 201;
    },
    read: async (sequence) => {
      const answer = await send('GET', sequence);
      const code = answer.headers.get('x-ms-error-code') ?? '';
      if (answer.status === 404 && code === 'BlobNotFound') {
        await answer.body?.cancel();
        return undefined;
      }
      if (answer.status !== 200 || Number(answer.headers.get('content-length')) > LARGEST) {
        await answer.body?.cancel();
        throw refused('read', answer, code, container);
      }
      return answer.text();
    },
  };
}

async function authorization(
  credential: TokenCredential | undefined,
): Promise<Record<string, string>> {
  const token = await credential?.getToken(SCOPE);
  return token ? { Authorization: `Bearer ${token.token}` } : {};
}

function nameOf(sequence: number): string {
  return `entry-${String(sequence).padStart(6, '0')}.json`;
}

function refused(
  action: 'read' | 'write',
  { status }: Response,
  code: string,
  container: URL,
): ContainerError {
  const role = action === 'write' ? 'Storage Blob Data Contributor' : 'Storage Blob Data Reader';
  const remedy =
    status === 404
      ? 'create the container, or correct SEAL_CONTAINER'
      : status === 401 || status === 403
        ? `give the identity the role "${role}" on the container`
        : 'the next run tries again';
  return new ContainerError(
    `could not ${action} a copy of the chain: ${container.host} answered ${status} (${code || 'no code'}); ${remedy}`,
  );
}
