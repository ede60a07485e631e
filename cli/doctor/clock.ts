import type { GraphProbe } from '../../shared/adapters/graph/probe';
import { formatDuration, SECOND } from '../../shared/domain/time';
import { aheadBy, MAX_CLOCK_OFFSET } from '../../shared/domain/reading/wrong-clock';
import type { Check } from './check';

/** Graph's clock against ours, from the answers that there were. */
export function lookAtClock(clocks: GraphProbe['clocks']): readonly Check[] {
  const id = 'clock';
  if (clocks === undefined) {
    const says = 'Graph did not answer, so there is no clock to compare with';
    return [{ id, state: 'warn', says }];
  }
  const ahead = aheadBy(clocks);
  const seconds = Math.round(Math.abs(ahead) / SECOND);
  if (Math.abs(ahead) <= MAX_CLOCK_OFFSET) {
    const says = `the clock of this machine agrees with that of Graph (${seconds} s apart)`;
    return [{ id, state: 'ok', says }];
  }
  const side = ahead > 0 ? 'ahead of' : 'behind';
  return [
    {
      id,
      state: 'fail',
      says: `the clock of this machine is ${formatDuration(seconds * SECOND)} ${side} that of Graph; what is read, and when a deadline has passed, depends on it`,
      remedy: 'Set the clock of this machine by the network (NTP).',
    },
  ];
}
