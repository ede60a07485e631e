import type { TableServiceClientOptions } from '@azure/data-tables';
import { MINUTE, SECOND, type Duration } from '../../domain/time';

type Policy = NonNullable<TableServiceClientOptions['additionalPolicies']>[number]['policy'];
export type HttpRequest = Parameters<Policy['sendRequest']>[0];
export type HttpResponse = Awaited<ReturnType<Policy['sendRequest']>>;

/** A table that is deleted takes 40 seconds or more, and until then refuses everything. */
const BEING_DELETED = 'TableBeingDeleted';
const WAITS: readonly Duration[] = [SECOND / 4, SECOND, 4 * SECOND, 8 * SECOND];
const WAITS_FOR_DELETION: readonly Duration[] = [...WAITS, MINUTE / 4, MINUTE / 4];
/** What 409 and 412 may mean where they say something about a row or a table. */
const EXISTS = ['EntityAlreadyExists', 'TableAlreadyExists', 'ResourceAlreadyExists'];

/**
 * How long to wait before a request is sent again that was refused as if somebody else had been faster, though nobody can
 * have been: a write without a condition, a read, a table that is just being deleted. The SDK repeats what is busy, and
 * nothing of this.
 * @returns undefined when the answer is one, or has been waited for long enough.
 */
export function waitFor(
  request: HttpRequest,
  response: HttpResponse,
  attempt: number,
): Duration | undefined {
  const text = response.bodyAsText ?? '';
  const codes = [...text.matchAll(/"code"\s*:\s*"(\w+)"/g)].map(([, code]) => code ?? '');
  if (codes.includes(BEING_DELETED)) {
    return WAITS_FOR_DELETION[attempt];
  }
  return isBogus(request, response, codes) ? WAITS[attempt] : undefined;
}

function isBogus(
  { method, url, headers }: HttpRequest,
  { status }: HttpResponse,
  codes: readonly string[],
): boolean {
  if (status === 412) {
    return !hasCondition(headers.get('if-match'));
  }
  if (status !== 409) {
    return false; // of a transaction the answer is 202; what it says of a row there is for whoever sent it
  }
  const isCreating = method === 'POST' && !new URL(url).pathname.endsWith('$batch');
  return !isCreating || !codes.some((code) => EXISTS.includes(code));
}

function hasCondition(ifMatch: string | undefined): boolean {
  return ifMatch !== undefined && ifMatch !== '*';
}
