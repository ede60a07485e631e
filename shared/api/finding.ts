import { z } from 'zod';
import { shortHash } from '../domain/json';
import { findingWithHistory } from '../domain/findings/finding-json';
import {
  FindingChangedError,
  actOf,
  FindingNotFoundError,
  recordAct,
} from '../pipeline/findings/decide';
import type { FindingStore, StoredFinding } from '../pipeline/ports/finding-store';
import { signatureOf } from './access';
import { problem, withoutBody } from './answer';
import { endpoint, type Ok } from './endpoint';
import { findingPath, transitionBody } from './requests';
import { finding, type Body } from './responses';

/** `GET /api/findings/{id}`: the finding with evidence and history. */
export const getFinding = endpoint({
  summary: 'One finding with evidence and history',
  takes: {
    path: findingPath,
    headers: z.object({ 'If-None-Match': z.string().optional() }),
  },
  response: finding,
  hasEtag: true,
  others: { 304: { description: 'It is still the version you named.' } },
  problems: ['not-found'],
  handle: async ({ path: { id }, headers }, { monitor: { stores } }) => {
    const stored = await found(stores.findings, id);
    const etag = etagOf(stored);
    return etagMatches(headers.get('if-none-match'), etag)
      ? withoutBody(304, { ETag: etag })
      : shown(stores.findings, stored);
  },
});

const MAX_DECISION = 10_000;

/**
 * `POST /api/findings/{id}/transitions`. The caller says by If-Match which version they decide on: nobody closes what
 * they have not seen.
 */
export const decideFinding = endpoint({
  summary: 'Acknowledge, resolve or reopen a finding',
  takes: {
    path: findingPath,
    headers: z.object({
      'If-Match': z.string().meta({ description: 'The ETag of what you decide on, or *.' }),
    }),
    body: {
      schema: transitionBody,
      maxBytes: MAX_DECISION,
      tooLarge: `A decision has at most ${MAX_DECISION.toLocaleString('en')} bytes; shorten the note.`,
    },
  },
  response: finding,
  hasEtag: true,
  problems: [
    ...(['not-found', 'conflict', 'precondition-failed', 'content-too-large'] as const),
    'precondition-required',
  ],
  handle: async ({ path: { id }, body, headers }, { monitor, principal }) => {
    const { stores, clock } = monitor;
    const ifMatch = headers.get('if-match') ?? '';
    if (ifMatch.trim() === '') {
      return problem(
        'precondition-required',
        `Send If-Match with the ETag of GET /api/findings/${id}, so that you decide on what you saw; If-Match: * decides on whatever it is now.`,
      );
    }
    await recordAct(stores, id, actOf(body, signatureOf(principal), clock.now()), (stored) => {
      if (!etagMatches(ifMatch, etagOf(stored))) {
        throw new FindingChangedError(id);
      }
    });
    return shown(stores.findings, await found(stores.findings, id));
  },
});

async function found(findings: FindingStore, id: string): Promise<StoredFinding> {
  const stored = await findings.find(id);
  if (stored === undefined) {
    throw new FindingNotFoundError(id);
  }
  return stored;
}

async function shown(
  findings: FindingStore,
  stored: StoredFinding,
): Promise<Ok<Body<typeof finding>>> {
  const history = await findings.history(stored.finding.id);
  return {
    value: findingWithHistory(stored.finding, history),
    headers: { ETag: etagOf(stored) },
  };
}

/** Changes whenever anything of the finding or its history does. */
function etagOf({ finding: { id }, etag }: StoredFinding): string {
  return `"${shortHash(24, id, etag)}"`;
}

/** Whether an If-Match or If-None-Match header names this version. Weak tags count: what is stored is one text. */
function etagMatches(header: string | null, etag: string): boolean {
  return (header ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === '*' || each === etag);
}
