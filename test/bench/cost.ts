/** Runs of 30 days with the schedule as shipped. */
const POLLS = 12 * 24 * 30;
const REASSESS = 12 * 24 * 30;
const DELIVERIES = 60 * 24 * 30;
/** Requests of a run that finds nothing to do: marks, what is due, the heads of both logs; and one look at what is owed. */
const IDLE_REASSESS = 8;
const IDLE_DELIVERY = 1;
/** In US dollars: of 10,000 requests to tables, and of a GB kept for a month. To be checked with Azure's calculator. */
const PER_10_000 = 0.00036;
const PER_GB = 0.06;
/** A signal with what an index takes, in bytes; kept for 92 days. */
const ROW = 1_500;
const KEPT = 92;

/** Storage operations that were counted. */
export interface Counted {
  /** Of a poll with nothing new. */
  readonly quietPoll: number;
  /** Per timeline, by how many a poll touches, fewest first. */
  readonly touches: readonly Touch[];
}

export interface Touch {
  readonly timelines: number;
  readonly perTimeline: number;
}

/** What storage costs in a month for tenants of three sizes and two rates of rows, one line each. */
export function monthly({ quietPoll, touches }: Counted): readonly string[] {
  const runs = POLLS * quietPoll + REASSESS * IDLE_REASSESS + DELIVERIES * IDLE_DELIVERY;
  return [1_000, 10_000, 100_000].flatMap((users) =>
    [0.05, 3].map((rate) => {
      const rows = users * rate * 30;
      const operations = runs + rows * perTimeline(rows / POLLS, touches);
      const gigabytes = (rows / 30) * KEPT * ROW * 1e-9;
      const dollars = (operations / 10_000) * PER_10_000 + gigabytes * PER_GB;
      return (
        `${users.toLocaleString('en')} users, ${rate} rows a user and day: ${millions(rows)} rows, ` +
        `${millions(operations)} storage operations, ${gigabytes.toFixed(2)} GB, $${dollars.toFixed(2)} a month`
      );
    }),
  );
}

/**
 * Between two counts it falls as a power of how many are touched: the more there are, the more share a partition.
 * Outside of what was counted it is that of the nearest count.
 */
export function perTimeline(timelines: number, touches: readonly Touch[]): number {
  const above = touches.findIndex((each) => each.timelines >= timelines);
  const [low, high] = [touches[above - 1], touches[above]];
  if (low === undefined || high === undefined) {
    return (high ?? touches.at(-1))?.perTimeline ?? Number.NaN;
  }
  const share = Math.log(timelines / low.timelines) / Math.log(high.timelines / low.timelines);
  return low.perTimeline * (high.perTimeline / low.perTimeline) ** share;
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} million`;
}
