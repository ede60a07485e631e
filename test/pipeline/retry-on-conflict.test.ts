import { retryOnConflict } from '../../shared/pipeline/retry-on-conflict';

describe('shared/pipeline/retry-on-conflict', () => {
  it.each([
    { when: 'nobody is faster', refusals: 0, tries: 5, rounds: [0] },
    { when: 'others are faster for a while', refusals: 2, tries: 5, rounds: [0, 1, 2] },
    { when: 'others are faster each time', refusals: 9, tries: 3, rounds: [0, 1, 2] },
  ])('tries as often as it must when $when, and no more', async ({ refusals, tries, rounds }) => {
    const tried: number[] = [];

    const done = await retryOnConflict(
      (round) => {
        tried.push(round);
        return Promise.resolve(round < refusals ? undefined : 'done');
      },
      { tries },
    );

    expect(tried).toEqual(rounds);
    expect(done).toBe(refusals < tries ? 'done' : undefined);
  });

  it('waits between two tries, longer each time and never long', async () => {
    const pauses: number[] = [];

    await retryOnConflict(() => Promise.resolve(undefined), {
      tries: 12,
      sleep: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
    });

    expect(pauses).toHaveLength(12);
    pauses.forEach((ms, i) => {
      expect(ms).toBeLessThanOrEqual(Math.min(10 * 2 ** i, 500));
    });
  });
});
