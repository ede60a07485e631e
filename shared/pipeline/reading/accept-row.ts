import { inWords, isOpen, type OpenRow } from '../../domain/reading/quarantine';
import { stepAdding, type Acceptance } from '../../domain/findings/suppression';
import { toMinute } from '../../domain/time';
import type { EngineStores } from '../ports/stores';
import type { Now } from '../ports/clock';
import { RuleError, tooLong } from '../findings/rules';
import { hearOfRows, type UnreadableDeps } from './unreadable';

/** Where a person decides on rows that could not be read. */
export interface AcceptDeps extends UnreadableDeps {
  readonly stores: UnreadableDeps['stores'] & Pick<EngineStores, 'rules'>;
  readonly clock: Now;
}

/**
 * Ends the gap of a row that could not be read, because a person says that it does not matter. That stands in the
 * record before it takes effect; after a crash in between the gap stands, and the same call ends it.
 * @throws RuleError when no such row cuts a gap, or the reason is missing.
 */
export async function acceptRow(
  desk: AcceptDeps,
  decision: { readonly id: string; readonly by: string; readonly reason: string },
): Promise<Acceptance> {
  const { stores, clock } = desk;
  const { id, by, reason } = decision;
  const problem = tooLong('a reason', reason);
  if (problem !== undefined) {
    throw new RuleError(problem);
  }
  const row = (await stores.quarantine.live())
    .filter((each): each is OpenRow => isOpen(each))
    .find((each) => each.id === id);
  if (row === undefined) {
    throw new RuleError(await whyNoGap(stores.quarantine, id));
  }
  const { subject } = row.gap;
  const acceptance: Acceptance = {
    ...{ id: `row-${id}`, kind: 'acceptance', row: id, owner: by, createdBy: by },
    scope: subject === undefined ? {} : { subjectId: subject.id },
    reason: `${reason} (${inWords(row)})`,
    createdAt: clock.now(),
  };
  // Refused when the same row was accepted before, and a crash came between: then it takes effect now.
  await stores.rules.add(stepAdding(acceptance));
  const { createdAt: at } = acceptance;
  await stores.quarantine.end(id, { how: 'accepted', at, by, reason });
  await hearOfRows(desk);
  return acceptance;
}

async function whyNoGap(
  quarantine: AcceptDeps['stores']['quarantine'],
  id: string,
): Promise<string> {
  for await (const { id: one, ended } of quarantine.rows()) {
    if (one === id) {
      const how =
        ended?.how === 'accepted' ? `accepted by ${ended.by ?? 'somebody'}` : 'read since';
      return ended === undefined
        ? `the row ${id} leaves no gap, so there is nothing to accept`
        : `the gap of ${id} is over already: ${how}, at ${toMinute(ended.at)}`;
    }
  }
  return `there is no gap ${id} in the quarantine; list them with: crosscheck quarantine`;
}
