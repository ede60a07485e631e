import { stepFor, stepInGeneral, unknownPlacesIn } from '../../shared/domain/runbook';
import { toInstant } from '../../shared/domain/time';

const STEP = 'Look from {first seen} to {last seen}, and again at {first seen}.';
const finding = {
  firstSeenAt: toInstant('2026-03-02T12:00:30Z'),
  lastSeenAt: toInstant('2026-03-04T09:05:00Z'),
};

describe('domain/runbook', () => {
  it('puts the times of a finding into a step', () => {
    expect(stepFor(STEP, finding)).toBe(
      'Look from 2026-03-02 12:00 UTC to 2026-03-04 09:05 UTC, and again at 2026-03-02 12:00 UTC.',
    );
  });

  it('names the times where there is no finding', () => {
    expect(stepInGeneral(STEP)).toBe(
      'Look from the time first seen to the time last seen, and again at the time first seen.',
    );
  });

  it('leaves what it does not know, and names it', () => {
    const step = 'Read {id} of {first seen} and {constructor}.';

    expect(unknownPlacesIn(step)).toEqual(['{id}', '{constructor}']);
    expect(stepFor(step, finding)).toBe('Read {id} of 2026-03-02 12:00 UTC and {constructor}.');
    expect(stepInGeneral(step)).toBe('Read {id} of the time first seen and {constructor}.');
    expect(unknownPlacesIn(STEP)).toEqual([]);
  });
});
