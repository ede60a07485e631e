import {
  inFull,
  largestForm,
  nextStep,
  sequenceOf,
  type AlertDelivery,
} from '../../../shared/domain/findings/delivery';
import { finding, minutes, opening, timeline } from '../../contracts/samples';

const change = opening(finding(timeline('Ann').id));
const delivery = (more: Partial<AlertDelivery> = {}): AlertDelivery => ({
  ...{ alert: change.alert, channel: 'teams', createdAt: minutes(10) },
  ...{ state: 'waiting', attempts: 0, refusals: [] },
  ...more,
});

describe('shared/domain/findings/delivery', () => {
  it.each(['sent', 'collapsed', 'dead', 'not-configured'] as const)(
    'does nothing more about an alert that is %s',
    (state) => {
      const one = delivery({ state });

      expect(nextStep(one, change.finding, [one], minutes(20))).toBe('settled');
    },
  );

  it('posts an alert that waits, and not before its time', () => {
    const one = delivery({ nextAttemptAt: minutes(15) });

    expect(nextStep(one, change.finding, [one], minutes(14))).toBe('wait');
    expect(nextStep(one, change.finding, [one], minutes(15))).toBe('post');
  });

  it('tells in full of what was suppressed before anybody was told', () => {
    const { alert } = change;
    const later = delivery({
      alert: { ...alert, id: `${alert.findingId}-2`, verb: 'unsuppressed', form: 'line' },
    });

    expect(inFull(later, [delivery({ state: 'collapsed' }), later]).form).toBe('card');
    expect(inFull(later, [delivery({ state: 'sent' }), later]).form).toBe('line');
    expect(sequenceOf(later.alert)).toBe(2);
    expect(largestForm(later.alert)).toBe('card');
  });
});
