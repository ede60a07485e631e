import { checkInput, findingPath, transitionBody } from '../shared/api/requests';
import type { Act } from '../shared/domain/finding';
import { findingWithHistory } from '../shared/domain/finding-json';
import { safeJson } from '../shared/domain/plain-text';
import { actOf, ActRefusedError, recordAct } from '../shared/pipeline/decide';
import { EXIT, UsageError } from './exit';
import { findingText } from './finding-text';
import { withLocalHost } from './local-environment';
import { openStores, type World } from './stores';
import { whoIsHere } from './who';

export interface DecideOptions {
  readonly reason?: string;
  readonly note?: string;
  readonly json?: boolean;
}

/**
 * `crosscheck ack|resolve|reopen ID`: writes down what the person at this terminal decided.
 * @throws UsageError, ConfigError, FindingNotFoundError, FindingBusyError
 */
export async function decideCommand(
  action: Act['verb'],
  id: string,
  { reason, note, json }: DecideOptions,
  world: World,
  who: typeof whoIsHere = whoIsHere,
): Promise<number> {
  const path = checkInput(findingPath, { id });
  const body = checkInput(transitionBody, {
    action,
    ...(reason !== undefined && { reason }),
    ...(note !== undefined && { note }),
  });
  if ('faults' in path || 'faults' in body) {
    throw new UsageError(
      [
        ...('faults' in path ? path.faults.map(({ detail }) => `the id ${detail}`) : []),
        ...('faults' in body
          ? body.faults.map(({ parameter, detail }) => `--${parameter} ${detail}`)
          : []),
      ].join('\n'),
    );
  }
  const { terminal, environment, clock } = world;
  const stores = await openStores(world);
  const by = await who(withLocalHost(environment));
  const act = actOf(body.value, by, clock.now());
  const finding = await recordAct(stores, id, act).catch((error: unknown) => {
    throw error instanceof ActRefusedError ? new UsageError(error.message) : error;
  });
  terminal.out(
    json === true
      ? `${safeJson(findingWithHistory(finding, await stores.findings.history(id)), 2)}\n`
      : findingText(finding, terminal),
  );
  return EXIT.done;
}
