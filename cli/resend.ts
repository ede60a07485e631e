import { safeJson } from '../shared/domain/plain-text';
import { answerResend } from '../shared/pipeline/resend';
import { EXIT, UsageError } from './exit';
import { openStores, type World } from './stores';

/**
 * `crosscheck resend ID`: an alert that was given up, or had no channel, is owed again.
 * @returns the exit code: 1 when there is no such alert.
 * @throws UsageError, ConfigError
 */
export async function resendCommand(
  id: string,
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const { terminal, clock } = world;
  const { outbox } = await openStores(world);
  const { status, body } = await answerResend(outbox, { id }, clock.now());
  const said = JSON.parse(typeof body === 'string' ? body : '{}') as { detail?: string };
  if (status === 404) {
    terminal.err(`crosscheck: ${said.detail ?? ''}\n`);
    return EXIT.failed;
  }
  if (status !== 200) {
    throw new UsageError(said.detail ?? '');
  }
  terminal.out(
    options.json === true
      ? `${safeJson(said, 2)}\n`
      : `Alert ${id} is owed again and goes out with the next delivery.\n`,
  );
  return EXIT.done;
}
