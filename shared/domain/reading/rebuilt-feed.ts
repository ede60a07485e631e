import { afterWindow, UNREAD, type FeedState, type WindowReport } from './journal';
import { lagOf } from './lateness';
import type { Property } from './feed';
import { plus } from '../time';

/**
 * What is known of a feed, told by the windows of the ledger alone: its row was lost. What the ledger does not show any
 * more counts as not read, so it says less than was known, never more.
 * @param windows of the source, in any order.
 * @param detectorIds who reads the feed.
 */
export function rebuiltFeed(
  windows: readonly WindowReport[],
  property: Property,
  detectorIds: readonly string[],
): FeedState {
  const own = windows
    .filter(({ feeds = [] }) => feeds.includes(property))
    .toSorted((a, b) => (a.readAt < b.readAt ? -1 : 1));
  return own.reduce<FeedState>(
    (feed, { from, to, purpose, readAt, ms, rows, filter }) =>
      afterWindow(feed, {
        ...{ from, to, purpose, rows, detectorIds, seen: [] },
        startedAt: plus(readAt, -ms),
        // Nothing is known of how late its rows were.
        lag: lagOf(feed.lateness),
        isFiltered: filter !== 'none',
      }),
    UNREAD,
  );
}
