import {
  CLAIM,
  endedWith,
  inFull,
  nextStep,
  outcomeOf,
  type DeliveryResult,
  type Outcome,
} from '../../domain/delivery';
import type { Finding } from '../../domain/finding';
import { between, HOUR, plus, type Duration } from '../../domain/time';
import { concurrently } from '../concurrently';
import {
  UnreadableRowError,
  type Channel,
  type Clock,
  type DigestClaim,
  type EndedMark,
  type FindingToSend,
  type Outbox,
  type OutboxRow,
  type Post,
  type SendMark,
} from '../ports';
import type { Turns } from './turns';

/** What became of alerts over one channel; `posts` counts messages, and a digest is one. */
export interface ChannelReport {
  readonly sent: number;
  /** Said by a later alert, or no longer worth saying. */
  readonly collapsed: number;
  /** Left for a later run. */
  readonly waiting: number;
  /** Being posted by another run. */
  readonly claimed: number;
  readonly dead: number;
  readonly notConfigured: number;
  readonly posts: number;
  /** Why the last post that was not accepted was not. */
  readonly lastError?: string;
}

/** More at a time fills a core and is no faster. */
export const AT_A_TIME = 8;
/** A mark is written before its alert is; after so long that commit never came. */
const COMMIT_TAKES: Duration = HOUR;
/** How many earlier alerts of a finding are looked at. */
const MAX_ALERTS = 50;
/** Marks that ended are removed by so many. */
const TOGETHER = 100;

/** What is stored of a finding, and what this run has changed of it. */
export interface View extends Omit<FindingToSend, 'alerts'> {
  alerts: readonly OutboxRow[];
}

/** An alert that is to be posted. */
export interface Ready {
  readonly mark: SendMark;
  readonly row: OutboxRow;
  readonly finding: Finding;
  readonly view: View;
  /** Somebody died while posting it. */
  readonly isRepeat: boolean;
}

export interface ChannelAlertsOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** The id of the channel. */
  readonly id: string;
  readonly turns: Turns;
}

/** The alerts over one channel: what is to be done about each, what was done, and the counts of it. */
export class ChannelAlerts {
  readonly counts = noCounts();
  readonly #options: ChannelAlertsOptions;
  #ended: EndedMark[] = [];
  #lastError: string | undefined;

  constructor(options: ChannelAlertsOptions) {
    this.#options = options;
  }

  get report(): ChannelReport {
    const lastError = this.#lastError;
    return { ...this.counts, ...(lastError !== undefined && { lastError }) };
  }

  /** Those that are under no digest that another run makes. */
  notHeld(marks: readonly SendMark[]): readonly SendMark[] {
    const now = this.#options.clock.now();
    const left = marks.filter(({ digest }) => digest === undefined || digest.until <= now);
    this.counts.claimed += marks.length - left.length;
    return left;
  }

  /** Goes through alerts, finding by finding, and those of one finding in their order. */
  async each(
    marks: readonly SendMark[],
    work: (mark: SendMark, view: View) => Promise<void>,
  ): Promise<void> {
    const findings = Map.groupBy(marks, ({ alertId }) =>
      alertId.slice(0, alertId.lastIndexOf('-')),
    );
    await concurrently(findings, AT_A_TIME, async ([findingId, own]) => {
      if (this.#options.turns.isOver) {
        this.counts.waiting += own.length;
        return;
      }
      const inOrder = own.toSorted((a, b) => sequenceIn(a) - sequenceIn(b));
      const [first] = inOrder;
      const from = Math.max(1, (first === undefined ? 1 : sequenceIn(first)) - MAX_ALERTS);
      const view = await this.#options.outbox.look(findingId, this.#options.id, from);
      for (const mark of inOrder) {
        await work(mark, view);
      }
      if (this.#ended.length >= TOGETHER) {
        await this.release();
      }
    });
  }

  /** @returns undefined when it is not to be posted: what is left to do for it then is done. */
  async examine(mark: SendMark, view: View): Promise<Ready | undefined> {
    const { clock } = this.#options;
    const now = clock.now();
    const row = view.alerts.find(({ alert }) => alert.id === mark.alertId);
    if (row === undefined) {
      this.#noRow(mark, view.unreadable.get(mark.alertId));
      return undefined;
    }
    if (row.state !== 'waiting' && row.state !== 'sending') {
      this.#ended.push({ mark, state: row.state });
      return undefined;
    }
    if (row.state === 'sending' && (row.sendingUntil ?? now) > now) {
      this.counts.claimed += 1;
      return undefined;
    }
    const { finding } = view;
    if (finding instanceof UnreadableRowError) {
      // It waits as if the channel had refused it, and the others go on.
      const attempt = { ...row, attempts: row.attempts + 1 };
      await this.settle(mark, view, attempt, outcomeOf(later(finding.message), attempt, now));
      return undefined;
    }
    if (finding === undefined) {
      await this.settle(mark, view, row, endedWith('dead', row, now, 'its finding is gone'));
      return undefined;
    }
    switch (nextStep(row, finding, view.alerts, now, mark.digest?.id)) {
      case 'settled':
      case 'wait':
        this.#waitFor(mark, row);
        return undefined;
      case 'collapse':
        await this.settle(mark, view, row, { state: 'collapsed', refusals: row.refusals });
        return undefined;
      case 'give-up': {
        const why = `its posting was begun ${row.attempts} times and never came to an end`;
        await this.settle(mark, view, row, endedWith('dead', row, now, why));
        return undefined;
      }
      case 'repeat':
        return { ...{ mark, row, finding, view }, isRepeat: true };
      case 'post': {
        const inItsForm = { ...row, alert: inFull(row, view.alerts) };
        return { ...{ mark, finding, view }, row: inItsForm, isRepeat: false };
      }
    }
  }

  #noRow(mark: SendMark, unreadable: UnreadableRowError | undefined): void {
    if (unreadable !== undefined) {
      // Nobody can say what it was to say: it counts as undelivered.
      this.#lastError = unreadable.message;
      this.counts.dead += 1;
      this.#ended.push({ mark, state: 'dead' });
    } else if (between(mark.at, this.#options.clock.now()) >= COMMIT_TAKES) {
      this.#ended.push({ mark });
    }
  }

  /** For its own next attempt, or for an earlier alert that another run is posting. */
  #waitFor(mark: SendMark, { nextAttemptAt }: OutboxRow): void {
    const isPutOff = nextAttemptAt !== undefined && nextAttemptAt > mark.at;
    this.counts[isPutOff ? 'waiting' : 'claimed'] += 1;
    if (isPutOff) {
      this.#ended.push({ mark, next: nextAttemptAt });
    }
  }

  /** @returns undefined when somebody else was faster. */
  async claim(ready: Ready, digest?: DigestClaim): Promise<Ready | undefined> {
    const { outbox, clock } = this.#options;
    const row = await outbox.claim(ready.row, {
      until: digest?.until ?? plus(clock.now(), CLAIM),
      ...(digest !== undefined && { digestId: digest.id }),
    });
    return row && { ...ready, row };
  }

  /** Posts what is claimed and records what came of it. */
  async post(channel: Channel, post: Post, claimed: readonly Ready[]): Promise<void> {
    const result = await postTo(channel, post);
    this.counts.posts += 1;
    this.#options.turns.onResult(result);
    this.#lastError = result.outcome === 'accepted' ? this.#lastError : result.error;
    const now = this.#options.clock.now();
    await concurrently(claimed, AT_A_TIME, ({ mark, view, row }) =>
      this.settle(mark, view, row, outcomeOf(result, row, now)),
    );
  }

  /** Records an outcome and counts it, unless somebody else has recorded one meanwhile: then its mark stays. */
  async settle(mark: SendMark, view: View, row: OutboxRow, outcome: Outcome): Promise<void> {
    if (!(await this.#options.outbox.settle(row, outcome))) {
      return;
    }
    const { state, nextAttemptAt } = outcome;
    this.counts[
      state === 'not-configured' ? 'notConfigured' : state === 'sending' ? 'waiting' : state
    ] += 1;
    const { nextAttemptAt: _n, sendingUntil: _s, ...kept } = row;
    view.alerts = view.alerts.map((each) =>
      each.alert.id === row.alert.id ? { ...kept, ...outcome } : each,
    );
    this.#ended.push({
      ...{ mark, state },
      ...(nextAttemptAt !== undefined && { next: nextAttemptAt }),
    });
  }

  /** To be called when what it says of an alert may be forgotten: its mark has done its work. */
  end(mark: EndedMark): void {
    this.#ended.push(mark);
  }

  /** Removes the marks that have ended. */
  async release(): Promise<void> {
    const ended = this.#ended;
    this.#ended = [];
    await this.#options.outbox.release(ended);
  }
}

/** Nothing has happened yet. */
export function noCounts(): Record<Exclude<keyof ChannelReport, 'lastError'>, number> {
  return { sent: 0, collapsed: 0, waiting: 0, claimed: 0, dead: 0, notConfigured: 0, posts: 0 };
}

/** A channel that throws is out of order; the others' alerts must not suffer from it. */
async function postTo(channel: Channel, post: Post): Promise<DeliveryResult> {
  try {
    return await channel.post(post);
  } catch (error) {
    return later(`the channel failed (${error instanceof Error ? error.name : 'unknown'})`);
  }
}

function later(error: string): DeliveryResult & { readonly outcome: 'later' } {
  return { outcome: 'later', error };
}

function sequenceIn({ alertId }: SendMark): number {
  return Number(alertId.slice(alertId.lastIndexOf('-') + 1));
}
