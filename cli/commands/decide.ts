import { checkInput, findingPath, transitionBody } from '../../shared/api/requests';
import type { Act } from '../../shared/domain/findings/finding';
import { findingWithHistory } from '../../shared/domain/findings/finding-json';
import { actOf, recordAct } from '../../shared/pipeline/findings/decide';
import { EXIT } from '../exit';
import { findingText } from '../finding-text';
import { withLocalHost } from '../local-environment';
import { answer } from '../print';
import { openStores, type World } from '../stores';
import { readTyped } from '../typed';
import { whoIsHere } from '../who';

export interface DecideOptions {
  readonly reason?: string;
  readonly note?: string;
  readonly json?: boolean;
}

/**
 * `crosscheck ack|resolve|reopen ID`: writes down what the person at this terminal decided.
 * @throws UsageError, ConfigError, FindingNotFoundError, FindingBusyError, ActRefusedError
 */
export async function decideCommand(
  action: Act['verb'],
  id: string,
  options: DecideOptions,
  world: World,
  who: typeof whoIsHere = whoIsHere,
): Promise<number> {
  const { reason, note } = options;
  const path = checkInput(findingPath, { id });
  const faults = 'faults' in path ? path.faults : [];
  const given = { action, ...(reason !== undefined && { reason }), note };
  const decision = readTyped(transitionBody, given, faults);
  const { terminal, environment, clock } = world;
  const stores = await openStores(world);
  const by = await who(withLocalHost(environment));
  const act = actOf(decision, by, clock.now());
  const finding = await recordAct(stores, id, act);
  const whole = findingWithHistory(finding, await stores.findings.history(id));
  answer(terminal, options, whole, () => findingText(finding, terminal));
  return EXIT.done;
}
