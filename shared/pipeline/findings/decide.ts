import { canonical, type Json } from '../../domain/json';
import { CrosscheckError } from '../../domain/errors';
import {
  timelineOf,
  type Act,
  type Finding,
  type ResolveReason,
} from '../../domain/findings/finding';
import { decide, rejectionReason } from '../../domain/findings/transition';
import type { Instant } from '../../domain/time';
import { FindingWriter, type WriterStores } from './finding-writer';
import type { StoredFinding } from '../ports/finding-store';
import { retryOnConflict } from '../retry-on-conflict';

/** A finding that is not there; nothing failed, the id is wrong or the finding was purged. */
export class FindingNotFoundError extends CrosscheckError {
  override readonly name = 'FindingNotFoundError';
  readonly findingId: string;
  constructor(findingId: string) {
    super(`there is no finding ${findingId}; list them with: crosscheck findings`);
    this.findingId = findingId;
  }
}

/** Somebody else kept changing the finding while the decision was being written. */
export class FindingBusyError extends CrosscheckError {
  override readonly name = 'FindingBusyError';
  readonly findingId: string;
  constructor(findingId: string) {
    super(`finding ${findingId} keeps changing; try again`);
    this.findingId = findingId;
  }
}

/** The act would change nothing, or evidence has ended the finding. */
export class ActRefusedError extends CrosscheckError {
  override readonly name = 'ActRefusedError';
  override readonly exitCode = 2;
  constructor(findingId: string, why: string) {
    super(`finding ${findingId} ${why}`);
  }
}

/** The finding is not the version that was decided on. */
export class FindingChangedError extends CrosscheckError {
  override readonly name = 'FindingChangedError';
  constructor(findingId: string) {
    super(`finding ${findingId} has changed since it was looked at; look again, then decide`);
  }
}

/** What a person asks for. */
export type Decision = { readonly note?: string | undefined } & (
  | { readonly action: 'acknowledge' | 'reopen' }
  | { readonly action: 'resolve'; readonly reason: ResolveReason }
);

/** What a decision is in the history. */
export function actOf(decision: Decision, by: string, at: Instant): Act {
  const note = decision.note?.trim() ?? '';
  return {
    verb: decision.action,
    ...(decision.action === 'resolve' && { reason: decision.reason }),
    ...{ by, at },
    ...(note !== '' && { note }),
  };
}

/**
 * Records what a person decided. Later assessments keep it until newer evidence contradicts it.
 * @param check looks at what is decided on, as often as it changes meanwhile; what it throws ends the act.
 * @throws FindingNotFoundError, FindingBusyError, ActRefusedError
 */
export async function recordAct(
  stores: WriterStores,
  findingId: string,
  act: Act,
  check: (stored: StoredFinding) => void = () => undefined,
): Promise<Finding> {
  let writer: FindingWriter | undefined;
  const decided = await retryOnConflict(async (round) => {
    const found = await stores.findings.find(findingId);
    if (found === undefined) {
      throw new FindingNotFoundError(findingId);
    }
    if (round > 0 && isSame(found.finding.act, act)) {
      await writer?.writeLines(); // it was written, and the answer got lost
      return found.finding;
    }
    check(found);
    const why = rejectionReason(found.finding, act);
    if (why !== undefined) {
      await writer?.writeLines();
      throw new ActRefusedError(findingId, why);
    }
    const change = decide(found.finding, act);
    const { detector, subject } = found.finding;
    const timeline = { id: timelineOf(findingId), detector, subject };
    writer ??= new FindingWriter(stores, timeline, act.at);
    if (!(await writer.commit(change, found.etag))) {
      return undefined;
    }
    await writer.writeLines();
    return change.finding;
  });
  if (decided === undefined) {
    await writer?.writeLines();
    throw new FindingBusyError(findingId);
  }
  return decided;
}

function isSame(stored: Act | undefined, act: Act): boolean {
  return canonical({ ...stored }) === canonical(act as unknown as Json);
}
