import { Limiter } from '../../../shared/adapters/graph/limiter';
import { HOUR, MINUTE, SECOND, toInstant, type Duration } from '../../../shared/domain/time';
import { VirtualClock, wronged } from '../../fakes/clock';

const BEGAN = toInstant('2026-11-01T12:00:00Z');

describe('the limit of requests', () => {
  it('lets no more than so many start in any 10 seconds', async () => {
    const clock = new VirtualClock(BEGAN);
    const limiter = new Limiter(clock, 2);

    const started: string[] = [];
    for (let i = 0; i < 5; i++) {
      await limiter.turn();
      started.push(clock.now().slice(17, 19));
    }

    expect(started).toEqual(['00', '00', '10', '10', '20']);
  });

  it.each<[string, Duration]>([
    ['keeps right', 0],
    ['is set an hour forward meanwhile', HOUR],
    ['is set an hour back meanwhile', -HOUR],
    ['is set a minute forward meanwhile', MINUTE],
  ])('holds for a clock that %s', async (_what, aheadBy) => {
    const clock = new VirtualClock(BEGAN);
    const wrong = {
      from: toInstant('2026-11-01T12:00:05Z'),
      to: toInstant('2026-11-01T12:00:25Z'),
      aheadBy,
    };
    const limiter = new Limiter(wronged(clock, [wrong]), 2);
    const started: Duration[] = [];

    for (let i = 0; i < 8; i++) {
      await limiter.turn();
      started.push(clock.passed() / SECOND);
      clock.advance(3 * SECOND);
    }

    expect(started).toEqual([0, 3, 10, 13, 20, 23, 30, 33]);
  });
});
