import { alertPath } from '../../shared/api/requests';
import { resendAlert } from '../../shared/pipeline/delivery/resend';
import { EXIT } from '../exit';
import { answer } from '../print';
import { openStores, type World } from '../stores';
import { readTyped } from '../typed';

/**
 * `crosscheck resend ID`: an alert that was given up, or had no channel, is queued again.
 * @throws UsageError, ConfigError, AlertNotFoundError, ResendRefusedError
 */
export async function resendCommand(
  id: string,
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const { terminal, clock } = world;
  readTyped(alertPath, { id });
  const { outbox } = await openStores(world);
  const resent = await resendAlert(outbox, id, clock.now());
  answer(
    terminal,
    options,
    resent,
    () => `Alert ${id} is queued for delivery and goes out with the next one.\n`,
  );
  return EXIT.done;
}
