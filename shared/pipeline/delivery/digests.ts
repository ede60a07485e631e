import { shortHash } from '../../domain/json';
import { CLAIM } from '../../domain/findings/delivery';
import type { Finding } from '../../domain/findings/finding';
import { plus, type Instant } from '../../domain/time';
import { concurrently } from '../concurrently';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { Channel, Post } from '../ports/channel';
import type { Clock } from '../ports/clock';
import type { DigestClaim, Outbox, OutboxRow, SendMark } from '../ports/outbox';
import { AT_A_TIME, itemsOf, type ChannelAlerts, type Ready, type View } from './channel-alerts';
import type { Turns } from './turns';

export interface DigestsOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly channel: Channel;
  readonly turns: Turns;
  /** More cards than this in one run become one digest. */
  readonly digestAbove: number;
}

/** The digests over one channel: those that others have begun, and the one of this run. */
export class Digests {
  readonly #options: DigestsOptions;
  readonly #alerts: ChannelAlerts;

  constructor(options: DigestsOptions, alerts: ChannelAlerts) {
    this.#options = options;
    this.#alerts = alerts;
  }

  /**
   * Openings for a digest, and all cards when they are too many, become one post.
   * @returns what is left to be said one by one.
   */
  async make(marks: readonly SendMark[]): Promise<readonly SendMark[]> {
    const { digestAbove } = this.#options;
    const mayFlood = marks.filter(({ form }) => form === 'card').length > digestAbove;
    const { looked = [], rest = [] } = Object.groupBy(marks, ({ form }) =>
      form === 'digest' || (form === 'card' && mayFlood) ? 'looked' : 'rest',
    );
    const ready: Ready[] = [];
    await this.#alerts.each(looked, async (mark, view) => {
      const each = await this.#alerts.examine(mark, view);
      ready.push(...(each === undefined ? [] : [each]));
    });
    const fresh = ready.filter(({ isRepeat }) => !isRepeat);
    const isFlood = fresh.filter(({ row }) => row.alert.form === 'card').length > digestAbove;
    const members = fresh.filter(
      ({ row: { alert } }) => alert.form === 'digest' || (isFlood && alert.form === 'card'),
    );
    if (members.length > 0) {
      const isBegun = await this.#options.turns.take(() => this.#send(inOrder(members)));
      this.#alerts.counts.waiting += isBegun ? 0 : members.length;
    }
    return [...ready.filter((each) => !members.includes(each)).map(({ mark }) => mark), ...rest];
  }

  /**
   * All marks lie under the digest before the first alert is claimed, and all that stay there are claimed before the
   * post: so whoever finds it later knows whether it may have been posted, and of what.
   */
  async #send(marked: readonly Ready[]): Promise<void> {
    const { outbox, clock } = this.#options;
    // An alert may have several marks, of which the digest takes all, and is told of once.
    const members = [...new Map(marked.map((each) => [each.row.alert.id, each])).values()];
    const digest = { id: digestIdOf(members), until: plus(clock.now(), CLAIM) };
    const gathered = await outbox.gather(
      marked.map(({ mark }) => mark),
      digest,
    );
    const own = new Map(gathered.map((mark) => [mark.alertId, mark]));
    const ready = members.flatMap((each) => {
      const mark = own.get(each.mark.alertId);
      return mark === undefined ? [] : [{ ...each, mark }];
    });
    this.#alerts.counts.claimed += members.length - ready.length;
    await this.#postAll(digest, ready, []);
  }

  /**
   * Claims the alerts of a digest and posts it. Where one cannot be claimed nothing is posted: who finds the digest when
   * the claims are over sees that.
   * @param told are known to be told by the same digest: it is the same only with them.
   */
  async #postAll(
    digest: DigestClaim,
    ready: readonly Ready[],
    told: readonly Ready[],
  ): Promise<void> {
    const claimed: Ready[] = [];
    await concurrently(ready, AT_A_TIME, async (each) => {
      const own = await this.#alerts.claim(each, digest);
      claimed.push(...(own === undefined ? [] : [own]));
    });
    if (claimed.length < ready.length) {
      this.#alerts.counts.claimed += ready.length;
      return;
    }
    const marks = told.map(({ mark }) => mark);
    if (claimed.length > 0) {
      const items = itemsOf(inOrder([...told, ...claimed]));
      const post: Post = { id: digest.id, form: 'digest', items };
      await this.#alerts.post(this.#options.channel, { post, claimed, told: marks });
    } else {
      this.#alerts.end(marks.map((mark) => ({ mark, state: 'sent' })));
    }
    await this.#alerts.release();
  }

  /** @returns the marks, no longer under a digest. */
  async #free(marks: readonly SendMark[]): Promise<readonly SendMark[]> {
    await this.#options.outbox.release(marks.map((mark) => ({ mark, next: mark.at })));
    return marks.map(({ digest: _d, ...mark }) => mark);
  }

  /**
   * Ends what others have begun and did not live to end.
   * @returns marks of alerts that no digest has told of, also those that lie under none.
   */
  async resume(marks: readonly SendMark[]): Promise<readonly SendMark[]> {
    const begun = marks.filter(({ digest }) => digest !== undefined);
    const left = this.#alerts.notHeld(begun);
    const free: SendMark[] = [];
    const freed = new Set<string>();
    for (const [id, own] of Map.groupBy(left, ({ digest }) => digest?.id ?? '')) {
      const found = await this.#look(own);
      if (found.length === own.length) {
        const isBegun = await this.#options.turns.take(async () => {
          const marks = await this.#resumeOne(id, found);
          free.push(...marks);
          marks.forEach(({ alertId }) => freed.add(`${alertId} ${id}`));
        });
        this.#alerts.counts.waiting += isBegun ? 0 : own.length;
      }
    }
    // Two runs that judge at once leave two marks of one alert: what a digest may tell of is not told beside it.
    const kept = begun.filter(({ alertId, digest }) => !freed.has(`${alertId} ${digest?.id}`));
    const inDigests = new Set(kept.map(({ alertId }) => alertId));
    return [...free, ...marks].filter(
      ({ alertId, digest }) => digest === undefined && !inDigests.has(alertId),
    );
  }

  /** @returns fewer when time is up. */
  async #look(marks: readonly SendMark[]): Promise<readonly Found[]> {
    const found: Found[] = [];
    await this.#alerts.each(marks, (mark, view) => {
      const row = view.alerts.find(({ alert }) => alert.id === mark.alertId);
      found.push({ mark, view, ...(row !== undefined && { row }) });
      return Promise.resolve();
    });
    return found;
  }

  /**
   * Posts a digest again, with all its alerts: its answer was lost, or whoever made it was killed, and nobody knows
   * where. The alerts of one that has told nobody are free.
   */
  async #resumeOne(id: string, found: readonly Found[]): Promise<readonly SendMark[]> {
    const { outbox, clock } = this.#options;
    const digest = { id, until: plus(clock.now(), CLAIM) };
    const gathered = await outbox.gather(
      found.map(({ mark }) => mark),
      digest,
    );
    const now = clock.now();
    if (gathered.length < found.length || found.some(({ row }) => row && isClaimed(row, now))) {
      this.#alerts.counts.claimed += found.length; // another run has it
      return [];
    }
    if (found.some(({ row }) => row !== undefined && isUntold(row))) {
      return this.#free(gathered);
    }
    const [again, told, others]: [Ready[], Ready[], SendMark[]] = [[], [], []];
    for (const { view, row, mark: old } of found) {
      const mark = { ...old, digest };
      const { finding } = view;
      if (row?.state === 'sent' && row.digestId === id && isReadable(finding)) {
        told.push({ ...{ mark, row, finding, view }, isRepeat: true });
        continue;
      }
      const ready = await this.#alerts.examine(mark, view);
      if (ready?.row.digestId === id) {
        again.push({ ...ready, isRepeat: true });
      } else if (ready !== undefined) {
        others.push(mark);
      }
    }
    const free = await this.#free(others);
    await this.#postAll(digest, again, told);
    return free;
  }
}

/** An alert under a digest that another has begun. */
interface Found {
  readonly mark: SendMark;
  readonly view: View;
  /** Absent when it cannot be read, or is gone. */
  readonly row?: OutboxRow;
}

function isClaimed({ state, sendingUntil }: OutboxRow, now: Instant): boolean {
  return state === 'sending' && sendingUntil !== undefined && sendingUntil > now;
}

/** Never claimed for the digest that it lies under, or known not to have arrived: then all of it has not. */
function isUntold({ state, mayHaveArrived }: OutboxRow): boolean {
  return state === 'waiting' && mayHaveArrived !== true;
}

function isReadable(finding: View['finding']): finding is Finding {
  return finding !== undefined && !(finding instanceof UnreadableRowError);
}

/** The same alerts have the same. */
function digestIdOf(members: readonly Ready[]): string {
  return `digest-${shortHash(24, ...members.map(({ row }) => row.alert.id).sort())}`;
}

/** In the order in which they came up. */
function inOrder(ready: readonly Ready[]): readonly Ready[] {
  const placeOf = ({ row }: Ready): string => `${row.createdAt} ${row.alert.id}`;
  return ready.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}
