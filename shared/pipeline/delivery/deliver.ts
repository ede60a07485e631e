import { MINUTE, type Duration } from '../../domain/time';
import { noCounts, type ChannelReport } from './channel-alerts';
import { ChannelRun } from './channel-run';
import type { Clock } from '../ports/clock';
import type { ConfiguredChannel } from '../ports/channel';
import type { Outbox } from '../ports/outbox';

export interface Delivery {
  readonly outbox: Outbox;
  readonly channels: readonly ConfiguredChannel[];
  readonly clock: Clock;
  /** More cards than this in one run become one digest. */
  readonly digestAbove: number;
  /** Of each channel. */
  readonly maxPosts?: number;
  /** When this is over, nothing more is begun: the next run goes on. */
  readonly budget?: Duration;
}

/** What a run came to, over all channels and by channel. */
export interface DeliverReport extends ChannelReport {
  readonly channels: Readonly<Record<string, ChannelReport>>;
}

const MAX_POSTS = 200;
const BUDGET: Duration = 4 * MINUTE;
/** At most so many alerts of a channel are looked at in a run; the rest is next. */
const MAX_MARKS = 1_000;

/**
 * Posts the alerts that are due, over each channel by itself: one that is out of order holds up no other. Nothing is
 * posted that is not claimed before, so that of several deliverers one posts it. Whoever dies between the claim and the
 * record of what came of it leaves a claim that runs out; then the same is posted again, under the same id. The alerts
 * of a channel that is not configured (any more) are marked so.
 */
export async function deliverAlerts(delivery: Delivery): Promise<DeliverReport> {
  const { outbox, channels, clock } = delivery;
  const startedAt = clock.now();
  const marks = Map.groupBy(await outbox.due(startedAt, MAX_MARKS), ({ channel }) => channel);
  const ids = new Set([...channels.map(({ id }) => id), ...marks.keys()]);
  const options = {
    ...{ outbox, clock, startedAt, digestAbove: delivery.digestAbove },
    maxPosts: delivery.maxPosts ?? MAX_POSTS,
    budget: delivery.budget ?? BUDGET,
  };
  const runs = [...ids].map(async (id) => {
    const configured = channels.find((each) => each.id === id) ?? { id, channel: undefined };
    const run = new ChannelRun(options, configured);
    return [id, await run.deliver(marks.get(id) ?? [])] as const;
  });
  const ended = await Promise.allSettled(runs);
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
  return sumOf(ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
}

function sumOf(reports: readonly (readonly [string, ChannelReport])[]): DeliverReport {
  const total = noCounts();
  for (const [, report] of reports) {
    for (const each of Object.keys(total) as (keyof typeof total)[]) {
      total[each] += report[each];
    }
  }
  const lastError = reports
    .map(([, report]) => report.lastError)
    .find((each) => each !== undefined);
  return {
    ...total,
    ...(lastError !== undefined && { lastError }),
    channels: Object.fromEntries(reports),
  };
}
