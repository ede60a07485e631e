import { MemoryTables, type Around } from '../../shared/adapters/memory/memory-table';
import type { DeliveryState } from '../../shared/domain/findings/delivery';
import type { Finding } from '../../shared/domain/findings/finding';
import type { Alert, AlertVerb, Transition } from '../../shared/domain/findings/transition';
import { DAY, plus, SECOND, type Instant } from '../../shared/domain/time';
import { deliverAlerts, type DeliverReport } from '../../shared/pipeline/delivery/deliver';
import type { Channel, Post } from '../../shared/pipeline/ports/channel';
import type { DeliveryResult } from '../../shared/domain/findings/delivery';
import type { Outbox, OutboxRow, SendMark } from '../../shared/pipeline/ports/outbox';
import { alertOf, worded } from '../adapters/channels/teams/findings';
import { VirtualClock } from './clock';
import { memoryStores, type MemoryStores } from './memory-stores';
import { putAlert } from './put-alert';

export const ONE = worded('mfa-registration-unfinished', 'unfinished', {});
export const ACCEPTED = { outcome: 'accepted' } as const;
export const BUSY = { outcome: 'later', error: 'busy' } as const;
export const NO = { outcome: 'refused', error: 'too odd' } as const;

/** A clock whose time passes only when nobody has anything left to do. */
class PatientClock extends VirtualClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal === undefined) {
      await new Promise(setImmediate);
    }
    return super.sleep(ms, signal);
  }
}

export type FakePost = Post & {
  readonly at: Instant;
  readonly answer: DeliveryResult | Error;
};

/** A channel that keeps what it is given and answers from a list, the last answer for ever. */
export class FakeChannel implements Channel {
  readonly posts: FakePost[] = [];
  answers: (DeliveryResult | Error)[] = [ACCEPTED];
  pace = SECOND;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  post(post: Post): Promise<DeliveryResult> {
    const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
    this.posts.push({ ...post, at: this.#clock.now(), answer });
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  get ids(): string[] {
    return this.posts.map((post) => post.id);
  }

  /** The alerts of each post. */
  get members(): string[][] {
    return this.posts.map(({ items }) => items.map(({ alert }) => alert.id));
  }
}

export interface RunOptions {
  readonly hasChannel?: boolean;
  readonly maxPosts?: number;
  readonly budget?: number;
  readonly digestAbove?: number;
  readonly outbox?: Outbox;
  /** Around each request to the tables. */
  readonly around?: Around;
  /** Those that are configured; all when absent. */
  readonly channels?: readonly string[];
}

/** Findings and their alerts in tables in memory, channels and a clock. */
export class DeliveryWorld {
  readonly clock: VirtualClock;
  readonly tables = new MemoryTables();
  readonly stores: MemoryStores;
  readonly channels: Readonly<Record<string, FakeChannel>>;
  readonly #ids: readonly [string, ...string[]];

  constructor(now: Instant, ids: readonly [string, ...string[]] = ['teams']) {
    this.clock = new PatientClock(now);
    this.#ids = ids;
    this.stores = memoryStores(this.tables, ...ids);
    this.channels = Object.fromEntries(ids.map((id) => [id, new FakeChannel(this.clock)]));
  }

  get outbox(): Outbox {
    return this.stores.outbox;
  }

  /** The first channel. */
  get channel(): FakeChannel {
    return this.channels[this.#ids[0]]!;
  }

  get posted(): string[] {
    return this.channel.ids;
  }

  /** Commits one more alert of a finding, and puts it into a state on every channel. */
  async owe(
    finding: Finding,
    verb: AlertVerb,
    form: Alert['form'],
    state: DeliveryState = 'waiting',
  ): Promise<Alert> {
    const stored = await this.stores.findings.find(finding.id);
    const sequence = (stored?.finding.sequence ?? 0) + 1;
    const isEnd = verb === 'resolved' || verb === 'superseded';
    const next: Finding = {
      ...(stored?.finding ?? finding),
      ...{ sequence, status: isEnd ? 'resolved' : 'open' },
    };
    const alert = alertOf(finding, verb, form, sequence);
    const at = this.clock.now();
    const transition = { findingId: finding.id, sequence, at, verb } as Transition;
    await this.stores.findings.commit({ finding: next, transition, alert }, stored?.etag);
    if (state !== 'waiting') {
      await this.put(alert, state);
    }
    return alert;
  }

  /** Puts an alert into a state, as a run does. */
  async put(alert: Alert, state: DeliveryState): Promise<void> {
    await putAlert(this.outbox, alert.id, state);
  }

  async change(finding: Finding, fields: Partial<Finding>): Promise<void> {
    const stored = (await this.stores.findings.find(finding.id))!;
    await this.stores.findings.commit({ finding: { ...stored.finding, ...fields } }, stored.etag);
  }

  /** Somebody deletes the row of a finding, and nothing else. */
  forget({ id }: Finding): void {
    const contents = this.tables.contents('Findings');
    for (const [key, { rowKey, partitionKey }] of contents.rows) {
      if (`${partitionKey.split('|')[1] ?? ''}-${rowKey.slice(2)}` === id) {
        contents.remove(key);
      }
    }
  }

  /** Overwrites what every row of a kind says. */
  spoil(table: string, kind: string): void {
    const contents = this.tables.contents(table);
    for (const row of [...contents.rows.values()].filter(({ rowKey }) => rowKey.startsWith(kind))) {
      contents.put({ ...row, json: '{' });
    }
  }

  run(options: RunOptions = {}): Promise<DeliverReport> {
    const { hasChannel = true, around, digestAbove = 10, channels = this.#ids, ...rest } = options;
    const stores = memoryStores(
      around === undefined ? this.tables : this.tables.through(around),
      ...this.#ids,
    );
    return deliverAlerts({
      ...{ outbox: stores.outbox, clock: this.clock, digestAbove, ...rest },
      channels: channels.map((id) => ({ id, channel: hasChannel ? this.channels[id] : undefined })),
    });
  }

  async row(finding: Finding = ONE, sequence = 1, channel = this.#ids[0]): Promise<OutboxRow> {
    const rows = await this.outbox.read(`${finding.id}-${sequence}`);
    return rows.find((each) => each.channel === channel)!;
  }

  async states(
    finding: Finding = ONE,
    channel = this.#ids[0],
  ): Promise<(DeliveryState | undefined)[]> {
    const { sequence } = (await this.stores.findings.find(finding.id))!.finding;
    return Promise.all(
      Array.from(
        { length: sequence },
        async (_, i) =>
          (await this.outbox.read(`${finding.id}-${i + 1}`)).find(
            (each) => each.channel === channel,
          )?.state,
      ),
    );
  }

  /** Of what is still to be sent. */
  marks(): Promise<readonly SendMark[]> {
    return this.outbox.due(plus(this.clock.now(), 100 * DAY), 10_000);
  }
}

export function others(count: number): Finding[] {
  return Array.from({ length: count }, (_, i) => ({
    ...ONE,
    id: `${String(i).padStart(16, '0')}-000000000000`,
  }));
}

/** Kills a run before or after its operation of that number, counted from 1. */
export function killedAt(nth: number, side: 'before' | 'after' = 'before'): Around {
  let count = 0;
  return async (run) => {
    count += 1;
    if (count > nth || (count === nth && side === 'before')) {
      throw new Killed();
    }
    const answer = await run();
    if (count >= nth) {
      throw new Killed();
    }
    return answer;
  };
}

export class Killed extends Error {
  override readonly name = 'Killed';
}
