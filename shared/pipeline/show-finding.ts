import { shortHash } from '../domain/canonical';
import type { Finding, Transition } from '../domain/finding';
import { findingJson } from '../domain/finding-json';
import { bare, json, problem, type Answer } from './answer';
import { findingPath, readInput } from './api-schema';
import type { FindingStore, StoredFinding } from './ports';

/** Answers `GET /api/findings/{id}`: the finding with evidence and history. */
export async function answerFinding(
  findings: FindingStore,
  path: unknown,
  headers: { readonly ifNoneMatch: string | null },
): Promise<Answer> {
  const read = readInput(findingPath, path);
  if ('refusal' in read) {
    return read.refusal;
  }
  const stored = await findings.find(read.value.id);
  if (stored === undefined) {
    return noFinding(read.value.id);
  }
  const etag = etagOf(stored);
  if (names(headers.ifNoneMatch, etag)) {
    return bare(304, { ETag: etag });
  }
  return json(wholeFinding(stored.finding, await findings.history(read.value.id)), { ETag: etag });
}

/** A finding with its history, and the head of its chain for comparison with the daily seals. */
export function wholeFinding(
  finding: Finding,
  history: readonly Transition[],
): Record<string, unknown> {
  const { sequence, head } = finding;
  return { ...findingJson(finding), record: { sequence, head }, history };
}

export function noFinding(id: string): Answer {
  return problem(
    'not-found',
    `There is no finding ${id} in this tenant; it was never written, or its retention is over.`,
  );
}

/** Changes whenever anything of the finding or its history does. */
export function etagOf({ finding, etag }: StoredFinding): string {
  return `"${shortHash(24, finding.id, etag)}"`;
}

/** Whether an If-Match or If-None-Match header names this version. Weak tags count: what is stored is one text. */
export function names(header: string | null, etag: string): boolean {
  return (header ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === '*' || each === etag);
}
