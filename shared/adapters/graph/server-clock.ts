import { between, fromEpoch, plus, type Instant } from '../../domain/time';
import type { Clocks } from '../../domain/reading/wrong-clock';

/**
 * The clock of whoever answered, in whole seconds, and ours in the middle of the request.
 * @returns undefined when the answer does not say.
 */
export function clocksOf(
  response: Response,
  ours: { readonly asked: Instant; readonly answered: Instant },
): Clocks | undefined {
  const theirs = dateOf(response);
  const { asked, answered } = ours;
  return theirs && { theirs, ours: plus(asked, Math.round(between(asked, answered) / 2)) };
}

/** @returns undefined when it does not say. */
export function dateOf(response: Response): Instant | undefined {
  const at = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(at) ? undefined : fromEpoch(at);
}
