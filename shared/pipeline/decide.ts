import { decide, type Act, type Finding } from '../domain/finding';
import type { FindingStore } from './ports';

/** A finding that is not there; nothing failed, the id is wrong or the finding was purged. */
export class FindingNotFoundError extends Error {
  override readonly name = 'FindingNotFoundError';
  readonly findingId: string;
  constructor(findingId: string) {
    super(`there is no finding ${findingId}; list them with: crosscheck findings`);
    this.findingId = findingId;
  }
}

/** Somebody else kept changing the finding while the decision was being written. */
export class FindingBusyError extends Error {
  override readonly name = 'FindingBusyError';
  readonly findingId: string;
  constructor(findingId: string) {
    super(`finding ${findingId} keeps changing; try again`);
    this.findingId = findingId;
  }
}

const ROUNDS = 5;

/**
 * Records what a person decided. Later assessments keep it until newer evidence contradicts it.
 * @throws FindingNotFoundError, FindingBusyError
 */
export async function recordAct(
  findings: FindingStore,
  findingId: string,
  act: Act,
): Promise<Finding> {
  const timeline = findingId.slice(0, findingId.indexOf('-'));
  for (let round = 0; round < ROUNDS; round++) {
    const stored = await findings.readTimeline(timeline);
    const found = stored.find((each) => each.finding.id === findingId);
    if (found === undefined) {
      throw new FindingNotFoundError(findingId);
    }
    const change = decide(found.finding, act);
    if (await findings.commit(change, found.etag)) {
      return change.finding;
    }
  }
  throw new FindingBusyError(findingId);
}
