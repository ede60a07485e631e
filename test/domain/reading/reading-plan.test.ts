import { apply, planPoll } from '../../../shared/domain/reading/reading-plan';
import { unread } from '../../../shared/domain/reading/source-state';
import { HOUR } from '../../../shared/domain/time';
import { minutes } from '../../fakes/records';

describe('shared/domain/reading/reading-plan', () => {
  it('leaves a run as it is when an answer comes for a part that it has not', () => {
    const run = planPoll(unread('signIns'), {
      now: minutes(600),
      filters: {},
      initialLookback: 3 * HOUR,
    });
    const elsewhere = {
      ...{ lane: 7, feeds: [], purpose: 'head' as const, isFiltered: false },
      ...{ from: minutes(0), to: minutes(60) },
    };

    expect(apply(run, elsewhere, { was: 'not-yet' }, minutes(601))).toBe(run);
  });
});
