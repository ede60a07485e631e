import {
  CLAIM,
  endedWith,
  inFull,
  nextStep,
  outcomeOf,
  type DeliveryResult,
  type Outcome,
} from '../../domain/findings/delivery';
import type { Finding } from '../../domain/findings/finding';
import { between, HOUR, plus, type Duration, type Instant } from '../../domain/time';
import { concurrently } from '../concurrently';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { Channel, FindingPost, Post } from '../ports/channel';
import type { Clock } from '../ports/clock';
import type {
  DigestClaim,
  EndedMark,
  FindingToSend,
  Outbox,
  OutboxRow,
  SendMark,
} from '../ports/outbox';
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
  /** Absent for a notice. */
  readonly finding?: Finding;
  readonly view: View;
  /** An attempt before may have arrived. */
  readonly isRepeat: boolean;
}

/** Claimed alerts that one post tells of, and what is known of it. */
export interface Posting {
  readonly post: Post;
  readonly claimed: readonly Ready[];
  /** Marks of its other alerts, which the same digest has told of: it is the same only with them. */
  readonly told?: readonly SendMark[];
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

  /** Those that are under no digest that another run makes, or whose time has not come. */
  notHeld(marks: readonly SendMark[]): readonly SendMark[] {
    const now = this.#options.clock.now();
    const held = marks.flatMap(({ digest }) => (digest && digest.until > now ? [digest] : []));
    // The marks of a digest do not all move at once: one of them speaks for all.
    const ids = new Set(held.map(({ id }) => id));
    const isPutOff = new Set(held.flatMap(({ id, isPutOff }) => (isPutOff === true ? [id] : [])));
    return marks.filter(({ digest }) => {
      if (digest === undefined || !ids.has(digest.id)) {
        return true;
      }
      this.counts[isPutOff.has(digest.id) ? 'waiting' : 'claimed'] += 1;
      return false;
    });
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
      const attempt = {
        ...{ ...row, attempts: row.attempts + 1 },
        ...(row.state === 'sending' && ({ mayHaveArrived: true } as const)),
      };
      await this.settle(mark, view, attempt, outcomeOf(later(finding.message), attempt, now));
      return undefined;
    }
    if (finding === undefined && row.alert.form !== 'notice') {
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
        return { ...{ mark, row, view }, ...(finding && { finding }), isRepeat: true };
      case 'rejoin':
        this.counts.waiting += 1;
        this.#ended.push({ mark, digest: { id: row.digestId ?? '', until: now, isPutOff: true } });
        return undefined;
      case 'post': {
        const inItsForm = { ...row, alert: inFull(row, view.alerts) };
        return { ...{ mark, view }, ...(finding && { finding }), row: inItsForm, isRepeat: false };
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
      ...(ready.isRepeat && { mayHaveArrived: true }),
    });
    return row && { ...ready, row };
  }

  /**
   * Posts what is claimed and records what came of it. A digest that may have arrived stays together. Where the claims
   * have run out meanwhile (a slow storage, a machine that slept) another may be at it: then the next run sees to it.
   */
  async post(channel: Channel, { post, claimed, told = [] }: Posting): Promise<void> {
    const begun = this.#options.clock.now();
    if (claimed.some(({ row: { sendingUntil } }) => (sendingUntil ?? begun) <= begun)) {
      this.counts.waiting += claimed.length;
      return;
    }
    const result = await postTo(channel, post);
    this.counts.posts += 1;
    this.#options.turns.onResult(result);
    this.#lastError = result.outcome === 'accepted' ? this.#lastError : result.error;
    const now = this.#options.clock.now();
    const youngest = last(claimed.map(({ row }) => row.createdAt));
    const outcomes = claimed.map((each) => ({
      ...each,
      outcome: outcomeOf(result, each.row, now, youngest),
    }));
    const digest = post.form === 'digest' ? putOff(post.id, outcomes) : undefined;
    await concurrently(outcomes, AT_A_TIME, ({ mark, view, row, outcome }) =>
      this.settle(mark, view, row, outcome, digest),
    );
    this.#ended.push(...told.map((mark) => stays({ mark, state: 'sent' }, digest)));
  }

  /**
   * Records an outcome and counts it, unless somebody else has recorded one meanwhile: then its mark stays.
   * @param digest that it stays under, when it is still owed.
   */
  async settle(
    mark: SendMark,
    view: View,
    row: OutboxRow,
    outcome: Outcome,
    digest?: DigestClaim,
  ): Promise<void> {
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
    const next = nextAttemptAt !== undefined && { next: nextAttemptAt };
    this.#ended.push(stays({ mark, state, ...next }, state === 'waiting' ? digest : undefined));
  }

  /** To be called when what they say of alerts may be forgotten: they have done their work. */
  end(marks: readonly EndedMark[]): void {
    this.#ended.push(...marks);
  }

  /** Removes the marks that have ended. */
  async release(): Promise<void> {
    const ended = this.#ended;
    this.#ended = [];
    await this.#options.outbox.release(ended);
  }
}

/** What a post says of alerts; a notice is none. */
export function itemsOf(ready: readonly Ready[]): FindingPost['items'] {
  return ready.flatMap(({ row: { alert }, finding }) =>
    alert.form === 'notice' || finding === undefined ? [] : [{ alert, finding }],
  );
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
    const name = error instanceof Error ? error.name : 'unknown';
    return { ...later(`the channel failed (${name})`), mayHaveArrived: true };
  }
}

/** Until when a digest is to be left alone, of which nobody knows whether it arrived. */
function putOff(
  id: string,
  outcomes: readonly { readonly outcome: Outcome }[],
): DigestClaim | undefined {
  const waiting = outcomes.filter(({ outcome }) => outcome.state === 'waiting');
  if (!waiting.some(({ outcome }) => outcome.mayHaveArrived === true)) {
    return undefined;
  }
  const until = last(waiting.flatMap(({ outcome }) => outcome.nextAttemptAt ?? []));
  return until && { id, until, isPutOff: true };
}

function last(times: readonly Instant[]): Instant | undefined {
  return times.toSorted().at(-1);
}

function stays({ next, ...mark }: EndedMark, digest: DigestClaim | undefined): EndedMark {
  return digest !== undefined
    ? { ...mark, digest }
    : { ...mark, ...(next !== undefined && { next }) };
}

function later(error: string): DeliveryResult & { readonly outcome: 'later' } {
  return { outcome: 'later', error };
}

function sequenceIn({ alertId }: SendMark): number {
  return Number(alertId.slice(alertId.lastIndexOf('-') + 1));
}
