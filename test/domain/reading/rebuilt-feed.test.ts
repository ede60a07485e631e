import type { Purpose, WindowReport } from '../../../shared/domain/reading/journal';
import { rebuiltFeed } from '../../../shared/domain/reading/rebuilt-feed';
import { HOUR, plus, toInstant } from '../../../shared/domain/time';

const T = toInstant('2026-03-01T00:00:00Z');
const FEED = 'activityDisplayName' as const;
const hour = (count: number) => plus(T, count * HOUR);

/** A window of hours that was read at an hour. */
function read(from: number, to: number, at: number, purpose: Purpose = 'head'): WindowReport {
  return {
    ...{ source: 'directoryAudits', feeds: [FEED], purpose, from: hour(from), to: hour(to) },
    ...{ readAt: plus(hour(at), 1_000), ms: 1_000, rows: 10, kept: 1, malformed: 0, pages: 1 },
    filter: 'none',
  };
}

describe('a feed that is rebuilt from the ledger', () => {
  it('covers what the windows show, and not more, in whatever order they come', () => {
    const windows = [read(0, 10, 10), read(10, 20, 20), read(0, 10, 24, 'hour')];

    const feed = rebuiltFeed(windows.toReversed(), FEED, ['some-detector']);

    expect(feed.journal).toMatchObject({ began: hour(0), readTo: hour(20), readAt: hour(20) });
    const covered = feed.byDetector['some-detector'];
    expect(covered).toMatchObject({ from: hour(0), gaps: [] });
    expect(covered!.to >= hour(10)).toBe(true);
    expect(covered!.to <= hour(20)).toBe(true);
  });

  it('has not read what the ledger does not show any more', () => {
    const feed = rebuiltFeed([read(10, 20, 30)], FEED, ['some-detector']);

    expect(feed.byDetector['some-detector']).toMatchObject({ from: hour(10), to: hour(20) });
  });

  it('was never read when no window was of it', () => {
    expect(rebuiltFeed([read(0, 10, 10)], 'clientAppUsed', ['some-detector'])).toEqual({
      ...{ byDetector: {}, reads: {} },
    });
  });
});
