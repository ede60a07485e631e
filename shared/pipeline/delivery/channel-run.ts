import { endedWith } from '../../domain/findings/delivery';
import type { Duration, Instant } from '../../domain/time';
import type { Channel, ConfiguredChannel, Post } from '../ports/channel';
import type { Clock } from '../ports/clock';
import type { Outbox, SendMark } from '../ports/outbox';
import {
  ChannelAlerts,
  itemsOf,
  type ChannelReport,
  type Ready,
  type View,
} from './channel-alerts';
import { Digests } from './digests';
import { Turns } from './turns';

export interface ChannelRunOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly startedAt: Instant;
  readonly digestAbove: number;
  readonly maxPosts: number;
  readonly budget: Duration;
}

/** The delivery of what is due over one channel. */
export class ChannelRun {
  readonly #options: ChannelRunOptions;
  readonly #id: string;
  readonly #channel: Channel | undefined;
  readonly #turns: Turns;
  readonly #alerts: ChannelAlerts;

  constructor(options: ChannelRunOptions, { id, channel }: ConfiguredChannel) {
    const { outbox, clock, startedAt, maxPosts, budget } = options;
    this.#options = options;
    this.#id = id;
    this.#channel = channel;
    this.#turns = new Turns({ clock, startedAt, maxPosts, budget, pace: channel?.pace ?? 0 });
    this.#alerts = new ChannelAlerts({ outbox, clock, id, turns: this.#turns });
  }

  async deliver(marks: readonly SendMark[]): Promise<ChannelReport> {
    await (this.#channel === undefined
      ? this.#settleAll(marks)
      : this.#sendAll(this.#channel, marks));
    await this.#alerts.release();
    return this.#alerts.report;
  }

  async #sendAll(channel: Channel, marks: readonly SendMark[]): Promise<void> {
    const digests = new Digests({ ...this.#options, channel, turns: this.#turns }, this.#alerts);
    const free = await digests.resume(marks);
    const singles = await digests.make(free);
    await this.#alerts.each(singles, (mark, view) => this.#sendSingle(channel, mark, view));
  }

  async #sendSingle(channel: Channel, mark: SendMark, view: View): Promise<void> {
    const ready = await this.#alerts.examine(mark, view);
    const isBegun =
      ready === undefined ||
      (await this.#turns.take(async () => {
        const claimed = await this.#alerts.claim(ready);
        await (claimed &&
          this.#alerts.post(channel, { post: postOf(claimed), claimed: [claimed] }));
      }));
    this.#alerts.counts.waiting += isBegun ? 0 : 1;
  }

  /** Nobody is told over a channel that is not there; what another run has claimed is left to it. */
  async #settleAll(marks: readonly SendMark[]): Promise<void> {
    const left = this.#alerts.notHeld(marks);
    await this.#alerts.each(left, async (mark, view) => {
      const ready = await this.#alerts.examine(mark, view);
      if (ready !== undefined) {
        const why = `the channel ${this.#id} is not configured`;
        const now = this.#options.clock.now();
        const outcome = endedWith('not-configured', ready.row, now, why);
        await this.#alerts.settle(mark, view, ready.row, outcome);
      }
    });
  }
}

function postOf(ready: Ready): Post {
  const { alert } = ready.row;
  return alert.form === 'notice'
    ? { id: alert.id, form: 'notice', items: [], notice: alert }
    : { id: alert.id, form: alert.form, items: itemsOf([ready]) };
}
