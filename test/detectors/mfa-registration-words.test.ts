import { describe as wordsOf } from '../../shared/detectors/mfa-registration/words';
import type { Signal } from '../../shared/domain/findings/signal';
import { minutes } from '../fakes/records';

/** What evidence says of events that are seldom the evidence of a finding. */
describe('an event of a registration in words', () => {
  it.each<[string, Signal['facts'], string]>([
    ['method-removed', { method: 'phone' }, 'a phone number was removed'],
    ['method-removed', {}, 'another method was removed'],
    ['role-removed', { role: 'Global Administrator' }, 'the role Global Administrator ended'],
    ['asked-for-info', {}, 'a sign-in was interrupted to ask for security info'],
    ['returned', {}, 'the account was enabled or restored'],
  ])('%s %j', (kind, facts, words) => {
    const signal: Signal = {
      ...{ key: 'a|b', source: 'directoryAudits', eventId: 'a', at: minutes(0), kind, facts },
      subject: { type: 'user', id: 'ann' },
    };

    expect(wordsOf(signal)).toBe(words);
  });
});
