import { shortHash } from '../domain/canonical';
import type { Alert, Finding } from '../domain/finding';
import {
  between,
  DAY,
  earliest,
  HOUR,
  latest,
  MINUTE,
  plus,
  SECOND,
  type Duration,
  type Instant,
} from '../domain/time';
import {
  UnreadableRowError,
  type Channel,
  type Clock,
  type DeliveryResult,
  type Due,
  type FindingStore,
  type Outbox,
  type OutboxRow,
  type Post,
  type SendMark,
} from './ports';

export interface Delivery {
  readonly outbox: Outbox;
  readonly findings: Pick<FindingStore, 'find'>;
  /** Absent when none is configured: alerts are then marked so, and not sent later by themselves. */
  readonly channel: Channel | undefined;
  readonly clock: Clock;
  /** More cards than this in one run become one digest. */
  readonly digestAbove: number;
  readonly mostPerRun?: number;
  /** When this is over, no further post is begun. */
  readonly budget?: Duration;
}

/** What a run came to, in alerts; `posts` counts messages, and a digest is one. */
export interface DeliverReport {
  readonly sent: number;
  /** Said by a later alert, or no longer worth saying. */
  readonly collapsed: number;
  readonly waiting: number;
  readonly dead: number;
  readonly notConfigured: number;
  readonly posts: number;
  /** Why the last post that was not accepted was not. */
  readonly lastError?: string;
}

const MOST_POSTS = 200;
const BUDGET: Duration = 4 * MINUTE;
/** At most so many alerts are looked at in a run; the rest is next. */
const MOST_MARKS = 1_000;
/** A mark is written before its alert is; after so long that commit never came. */
const COMMIT_TAKES: Duration = HOUR;
/** Between the beginnings of two posts. */
const PACE: Duration = SECOND;
const FIRST_WAIT: Duration = MINUTE;
const LONGEST_WAIT: Duration = HOUR;
/** An attempt that fails this long after the alert came up was the last. */
const LIFETIME: Duration = DAY;
const MOST_REFUSALS = 3;
/** After so many failures one after the other it is the channel, not the card. */
const MOST_FAILURES = 3;
/** How many alerts of one finding are looked at, backward or forward. */
const MOST_ALERTS = 50;
const LONGEST_ERROR = 400;

/**
 * Posts the alerts that are due. An alert may be posted again after a crash between the post and its record, then
 * under the same id; a digest is planned before it is posted, so that its repeat tells of the same alerts. When the
 * channel does not take posts, the rest of the run is left as it is.
 */
export async function deliverAlerts(delivery: Delivery): Promise<DeliverReport> {
  const { outbox, channel, digestAbove } = delivery;
  const run = new Run(delivery);
  const { marks, plan } = await run.due();
  if (channel === undefined) {
    for (const each of await run.collect(marks)) {
      await run.settle(each, { state: 'not-configured', attempts: each.row.attempts });
    }
    await (plan && outbox.unplan(plan));
    return run.report();
  }
  // Before anything else is looked at: an end is worth saying only when its beginning was told.
  await (plan && run.resume(channel, plan, marks));
  const planned = new Set(plan?.alertIds);
  const owed = await run.collect(marks.filter(({ alertId }) => !planned.has(alertId)));
  for (const parcel of parcelsOf(owed, digestAbove)) {
    await run.send(channel, parcel);
  }
  return run.report();
}

/** An alert that is to be said, as it was when last looked at. */
interface Owed {
  readonly mark: SendMark;
  readonly row: OutboxRow;
  readonly finding: Finding;
}

/** What becomes one post. */
interface Parcel {
  readonly form: Post['form'];
  readonly owed: readonly [Owed, ...Owed[]];
}

type Outcome = Parameters<Outbox['settle']>[1];
type Plan = Required<Due>['plan'];

// ------------------------------------------------------------------------------------------------- what is posted

/** Openings for a digest, and all cards when they are too many, become one post; everything else is its own. */
function parcelsOf(owed: readonly Owed[], digestAbove: number): readonly Parcel[] {
  const cards = owed.filter(({ row }) => row.alert.form === 'card');
  const isFlood = cards.length > digestAbove;
  const isInDigest = ({ row: { alert } }: Owed): boolean =>
    alert.form === 'digest' || (isFlood && alert.form === 'card');
  const [first, ...others] = owed.filter(isInDigest);
  const digest: Parcel[] =
    first === undefined ? [] : [{ form: 'digest', owed: [first, ...others] }];
  const singles = owed.filter((each) => !isInDigest(each));
  return [
    ...digest,
    ...singles.map((each): Parcel => ({ form: each.row.alert.form, owed: [each] })),
  ];
}

function postOf({ form, owed }: Parcel): Post {
  const items = itemsOf(owed);
  const ids = owed.map(({ row }) => row.alert.id).sort();
  const id = form === 'digest' ? `digest-${shortHash(24, ...ids)}` : owed[0].row.alert.id;
  return { id, form, items };
}

function itemsOf(owed: readonly Owed[]): Post['items'] {
  return owed.map(({ row, finding }) => ({ alert: row.alert, finding }));
}

// ---------------------------------------------------------------------------------------------------------- a run

class Run {
  readonly #delivery: Delivery;
  readonly #startedAt: Instant;
  readonly #counts = { sent: 0, collapsed: 0, waiting: 0, dead: 0, notConfigured: 0, posts: 0 };
  #failures = 0;
  #isStopped = false;
  #lastPostAt: Instant | undefined;
  #lastError: string | undefined;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
    this.#startedAt = delivery.clock.now();
  }

  report(): DeliverReport {
    return {
      ...this.#counts,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    };
  }

  due(): Promise<Due> {
    return this.#delivery.outbox.due(this.#startedAt, MOST_MARKS);
  }

  /** What of these is still worth saying; what is not is settled on the way. */
  async collect(marks: readonly SendMark[]): Promise<readonly Owed[]> {
    const owed = new Map<string, Owed>();
    for (const mark of marks) {
      const each = owed.has(mark.alertId) ? undefined : await this.#look(mark);
      if (each !== undefined) {
        owed.set(mark.alertId, each);
      }
    }
    return [...owed.values()];
  }

  async send(channel: Channel, parcel: Parcel): Promise<void> {
    if (this.#isOver()) {
      this.#counts.waiting += parcel.owed.length;
      return;
    }
    if (parcel.form === 'digest') {
      await this.#sendDigest(channel, parcel);
      return;
    }
    const fresh = await this.#refresh(parcel);
    await (fresh && this.#post(channel, postOf(fresh), fresh.owed));
  }

  /**
   * Posts a planned digest again, with all its alerts: whoever planned it was killed, and nobody knows where. Those that
   * still wait are settled, and what is left of the marks of the others is dropped.
   */
  async resume(channel: Channel, plan: Plan, marks: readonly SendMark[]): Promise<void> {
    const { outbox } = this.#delivery;
    const known = new Map(marks.map((mark) => [mark.alertId, mark]));
    const told: Owed[] = [];
    for (const alertId of plan.alertIds) {
      const row = await outbox.read(alertId);
      const finding = row && (await this.#findingOf(row));
      if (row !== undefined && finding !== undefined && !(finding instanceof Error)) {
        // One that waits for its next attempt has a mark elsewhere, which is harmless once it is settled.
        told.push({ row, finding, mark: known.get(alertId) ?? { alertId, at: row.createdAt } });
      }
    }
    const { waiting = [], settled = [] } = Object.groupBy(told, ({ row }) =>
      row.state === 'waiting' ? 'waiting' : 'settled',
    );
    if (waiting.length > 0) {
      await this.#post(channel, { id: plan.id, form: 'digest', items: itemsOf(told) }, waiting);
    }
    for (const { mark } of settled.filter(({ row }) => known.has(row.alert.id))) {
      await outbox.drop(mark);
    }
    await outbox.unplan(plan);
  }

  /** Records an outcome and counts it, unless somebody else has recorded one meanwhile. */
  async settle({ row, mark }: Pick<Owed, 'row' | 'mark'>, outcome: Outcome): Promise<void> {
    if (await this.#delivery.outbox.settle(row, outcome, mark)) {
      this.#counts[outcome.state === 'not-configured' ? 'notConfigured' : outcome.state] += 1;
    }
  }

  async #sendDigest(channel: Channel, parcel: Parcel): Promise<void> {
    const post = postOf(parcel);
    const plan = await this.#plan(post);
    if (plan !== undefined) {
      await this.#post(channel, post, parcel.owed);
      await this.#delivery.outbox.unplan(plan);
    }
  }

  /**
   * @returns undefined when another run is making a digest, or has told of these alerts since they were looked at. What
   * it leaves is for the next run.
   */
  async #plan({ id, items }: Post): Promise<Plan | undefined> {
    const { outbox } = this.#delivery;
    const alertIds = items.map(({ alert }) => alert.id);
    if (!(await outbox.plan({ id, alertIds }))) {
      return undefined;
    }
    const { marks, plan } = await this.due();
    if (plan?.id !== id) {
      return undefined; // it was found, and posted
    }
    const left = new Set(marks.map(({ alertId }) => alertId));
    if (alertIds.every((each) => left.has(each))) {
      return plan;
    }
    await outbox.unplan(plan);
    return undefined;
  }

  async #post(channel: Channel, post: Post, owed: readonly Owed[]): Promise<void> {
    await this.#pace();
    const result = await postTo(channel, post);
    this.#counts.posts += 1;
    this.#heed(result);
    for (const each of owed) {
      await this.settle(each, outcomeOf(result, each.row, this.#delivery.clock.now()));
    }
  }

  async #look(mark: SendMark): Promise<Owed | undefined> {
    const { outbox, clock } = this.#delivery;
    const row = await outbox.read(mark.alertId);
    if (row?.state !== 'waiting') {
      const mayStillCome = row === undefined && between(mark.at, clock.now()) < COMMIT_TAKES;
      await (mayStillCome ? undefined : outbox.drop(mark));
      return undefined;
    }
    const finding = await this.#findingOf(row);
    const { attempts } = row;
    if (finding instanceof UnreadableRowError) {
      // It waits as if the channel had refused it, and the others go on.
      const later = { outcome: 'later', error: finding.message } as const;
      await this.settle({ row, mark }, outcomeOf(later, row, clock.now()));
      return undefined;
    }
    if (finding === undefined) {
      const lastError = 'its finding is gone';
      await this.settle({ row, mark }, { state: 'dead', attempts, lastError });
      return undefined;
    }
    if (!(await isWorthSaying(outbox, row.alert, finding))) {
      await this.settle({ row, mark }, { state: 'collapsed', attempts });
      return undefined;
    }
    return { mark, row: await this.#inFull(row, finding), finding };
  }

  /** A line is enough for what people know; where the card before it never arrived it becomes that card. */
  async #inFull(row: OutboxRow, finding: Finding): Promise<OutboxRow> {
    const { alert } = row;
    const isCard =
      alert.verb === 'unsuppressed' &&
      !(await wasTold(this.#delivery.outbox, finding, sequenceOf(alert)));
    return isCard ? { ...row, alert: { ...alert, form: 'card' } } : row;
  }

  async #findingOf({ alert }: OutboxRow): Promise<Finding | UnreadableRowError | undefined> {
    try {
      return (await this.#delivery.findings.find(alert.findingId))?.finding;
    } catch (error) {
      if (error instanceof UnreadableRowError) {
        return error;
      }
      throw error;
    }
  }

  /** Posts are a second apart, so news may have come since it was collected. */
  async #refresh(parcel: Parcel): Promise<Parcel | undefined> {
    if (this.#lastPostAt === undefined) {
      return parcel;
    }
    const each = await this.#look(parcel.owed[0].mark);
    return each && { ...parcel, owed: [each] };
  }

  async #pace(): Promise<void> {
    const { clock } = this.#delivery;
    const wait = this.#lastPostAt === undefined ? 0 : PACE - between(this.#lastPostAt, clock.now());
    if (wait > 0) {
      await clock.sleep(wait);
    }
    this.#lastPostAt = clock.now();
  }

  #heed(result: DeliveryResult): void {
    if (result.outcome === 'accepted') {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    this.#lastError = result.error.slice(0, LONGEST_ERROR);
    const isAskedToWait = result.outcome === 'later' && result.retryAfter !== undefined;
    this.#isStopped = isAskedToWait || this.#failures >= MOST_FAILURES;
  }

  #isOver(): boolean {
    const { mostPerRun = MOST_POSTS, budget = BUDGET, clock } = this.#delivery;
    return (
      this.#isStopped ||
      this.#counts.posts >= mostPerRun ||
      between(this.#startedAt, clock.now()) >= budget
    );
  }
}

/** A channel that throws is out of order; the others' alerts must not suffer from it. */
async function postTo(channel: Channel, post: Post): Promise<DeliveryResult> {
  try {
    return await channel.post(post);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    return { outcome: 'later', error: `the channel failed (${name})` };
  }
}

// ------------------------------------------------------------------------------------------- what came of a post

function outcomeOf(result: DeliveryResult, row: OutboxRow, now: Instant): Outcome {
  const attempts = row.attempts + 1;
  if (result.outcome === 'accepted') {
    return { state: 'sent', attempts };
  }
  const refusals = result.outcome === 'refused' ? refusalsIn(row.lastError) + 1 : 0;
  const error = refusals > 0 ? `${refusalText(refusals)}${result.error}` : result.error;
  const lastError = error.slice(0, LONGEST_ERROR);
  const end = plus(row.createdAt, LIFETIME);
  if (refusals >= MOST_REFUSALS || now >= end) {
    return { state: 'dead', attempts, lastError };
  }
  const wait = Math.min(FIRST_WAIT * 2 ** Math.min(row.attempts, 20), LONGEST_WAIT);
  const asked = result.outcome === 'later' ? (result.retryAfter ?? 0) : 0;
  const nextAttemptAt = latest(earliest(plus(now, wait), end), plus(now, asked));
  return { state: 'waiting', attempts, lastError, nextAttemptAt };
}

// Refusals one after the other are counted where people read them; a row has no column of its own for it.
function refusalText(count: number): string {
  return `refused ${count} of ${MOST_REFUSALS} times: `;
}

function refusalsIn(lastError = ''): number {
  return Number(/^refused (\d) of \d times: /.exec(lastError)?.[1] ?? 0);
}

// ------------------------------------------------------------------------------------------- what is worth saying

/**
 * Undelivered alerts of one finding collapse to the last. Of a finding that has ended meanwhile nothing is said when
 * its beginning never was.
 */
async function isWorthSaying(outbox: Outbox, alert: Alert, finding: Finding): Promise<boolean> {
  if (finding.suppressed !== undefined) {
    return false; // a rule came between the finding and its delivery
  }
  const sequence = sequenceOf(alert);
  if (await hasLater(outbox, finding, sequence)) {
    return false;
  }
  const isEnded = finding.status === 'resolved';
  return isBeginning(alert) ? !isEnded : isEnded && (await wasTold(outbox, finding, sequence));
}

function sequenceOf({ id, findingId }: Alert): number {
  return Number(id.slice(findingId.length + 1));
}

async function hasLater(outbox: Outbox, finding: Finding, sequence: number): Promise<boolean> {
  const last = Math.max(sequence, finding.sequence - MOST_ALERTS);
  for (let each = finding.sequence; each > last; each--) {
    const state = (await outbox.read(`${finding.id}-${each}`))?.state;
    if (state !== undefined && state !== 'dead' && state !== 'not-configured') {
      return true;
    }
  }
  return false;
}

/** Whether the last that a channel accepted of this finding was its beginning, or an end with no beginning since. */
async function wasTold(outbox: Outbox, finding: Finding, sequence: number): Promise<boolean> {
  const last = Math.max(0, sequence - 1 - MOST_ALERTS);
  let hasBegunUnsaid = false;
  for (let each = sequence - 1; each > last; each--) {
    const row = await outbox.read(`${finding.id}-${each}`);
    if (row?.state === 'sent') {
      return isBeginning(row.alert) || !hasBegunUnsaid;
    }
    hasBegunUnsaid ||= row !== undefined && isBeginning(row.alert);
  }
  return false;
}

function isBeginning({ verb }: Alert): boolean {
  return ['opened', 'reopened', 'escalated', 'unsuppressed'].includes(verb);
}
