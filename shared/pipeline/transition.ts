import type { Act } from '../domain/finding';
import type { Instant } from '../domain/time';
import { signatureOf, type Principal } from './access';
import { problem, type Answer } from './answer';
import { findingPath, readInput, transitionBody, type TransitionBody } from './api-schema';
import { ActRefusedError, FindingBusyError, FindingNotFoundError, recordAct } from './decide';
import type { WriterStores } from './finding-writer';
import { answerFinding, etagOf, names, noFinding } from './show-finding';

/** The longest body that is looked at. */
export const LONGEST_BODY = 10_000;

export interface TransitionRequest {
  readonly path: unknown;
  readonly ifMatch: string | null;
  readonly body: string;
}

/**
 * Answers `POST /api/findings/{id}/transitions`. The caller says by If-Match which version they decide on: nobody
 * closes what they have not seen.
 */
export async function answerTransition(
  request: TransitionRequest,
  principal: Principal,
  stores: WriterStores,
  now: Instant,
): Promise<Answer> {
  const path = readInput(findingPath, request.path);
  if ('refusal' in path) {
    return path.refusal;
  }
  if (Buffer.byteLength(request.body) > LONGEST_BODY) {
    const most = LONGEST_BODY.toLocaleString('en');
    return problem('too-large', `A decision has at most ${most} bytes; shorten the note.`);
  }
  const body = readBody(request);
  if ('refusal' in body) {
    return body.refusal;
  }
  const { id } = path.value;
  const { ifMatch } = request;
  if (ifMatch === null || ifMatch.trim() === '') {
    return problem(
      'etag-missing',
      `Send If-Match with the ETag of GET /api/findings/${id}, so that you decide on what you saw; If-Match: * decides on whatever it is now.`,
    );
  }
  const act = actOf(body.value, signatureOf(principal), now);
  try {
    await recordAct(stores, id, act, (stored) => {
      if (!names(ifMatch, etagOf(stored))) {
        throw new FindingChangedError(id);
      }
    });
  } catch (error) {
    return refusalOf(error, id);
  }
  return answerFinding(stores.findings, { id }, { ifNoneMatch: null });
}

/** The finding is not the version that was decided on. */
export class FindingChangedError extends Error {
  override readonly name = 'FindingChangedError';
  constructor(findingId: string) {
    super(`finding ${findingId} has changed since it was looked at; look again, then decide`);
  }
}

/** What a decision is in the history. */
export function actOf(body: TransitionBody, by: string, at: Instant): Act {
  const note = body.note?.trim() ?? '';
  return {
    verb: body.action,
    ...(body.action === 'resolve' && { reason: body.reason }),
    ...{ by, at },
    ...(note !== '' && { note }),
  };
}

function readBody({ body }: TransitionRequest): ReturnType<typeof readTransition> {
  try {
    return readTransition(JSON.parse(body));
  } catch {
    return readTransition(undefined);
  }
}

function readTransition(value: unknown): ReturnType<typeof readInput<typeof transitionBody>> {
  return readInput(transitionBody, value);
}

function refusalOf(error: unknown, id: string): Answer {
  if (error instanceof FindingNotFoundError) {
    return noFinding(id);
  }
  if (error instanceof FindingChangedError) {
    return problem('changed', `Finding ${id} has changed since; get it again, look, then decide.`);
  }
  if (error instanceof ActRefusedError) {
    return problem(
      'conflict',
      `${error.message[0]?.toUpperCase() ?? ''}${error.message.slice(1)}.`,
    );
  }
  if (error instanceof FindingBusyError) {
    return problem('conflict', `Finding ${id} keeps changing; try again.`);
  }
  throw error;
}
