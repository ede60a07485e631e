import { inWords, isOpen, type OpenRow } from '../domain/quarantine';
import { stepAdding, type Acceptance } from '../domain/suppression';
import { toMinute } from '../domain/time';
import type { EngineStores, Now } from './ports';
import { RuleError, tooLong } from './rules';
import { hearOfRows, type UnreadableDesk } from './unreadable';

/** Where a person decides on rows that could not be read. */
export interface AcceptDesk extends UnreadableDesk {
  readonly stores: UnreadableDesk['stores'] & Pick<EngineStores, 'rules'>;
  readonly clock: Now;
}

/**
 * Ends the gap of a row that could not be read, because a person says that it does not matter. That stands in the
 * record before it takes effect; after a crash in between the gap stands, and the same call ends it.
 * @throws RuleError when no such row cuts a gap, or the reason is missing.
 */
export async function acceptRow(
  desk: AcceptDesk,
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
  quarantine: AcceptDesk['stores']['quarantine'],
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
