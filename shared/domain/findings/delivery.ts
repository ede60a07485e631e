import type { Finding } from './finding';
import type { Alert } from './transition';
import type { Notice } from './notice';
import { DAY, earliest, HOUR, latest, MINUTE, plus, type Duration, type Instant } from '../time';

/** The channels that there are. Their ids stand in settings, rows and answers. */
export const CHANNELS = ['teams'] as const;
export type ChannelId = (typeof CHANNELS)[number];

/**
 * An alert on its way over one channel. `waiting`: owed. `sending`: claimed by a deliverer that posts it. `sent`: the
 * channel accepted it. `collapsed`: a later alert of the same finding said it. `not-configured`: there is no such
 * channel. `dead`: given up; a person may resend it.
 */
export const DELIVERY_STATES = [
  ...(['waiting', 'sending', 'sent', 'collapsed', 'not-configured', 'dead'] as const),
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why an attempt was no delivery. */
export interface Refusal {
  readonly at: Instant;
  /** `refused`: another attempt is likely to end the same; `later`: it is not. */
  readonly outcome: 'later' | 'refused';
  /** The HTTP status or the code of the network error, where there was one. */
  readonly code?: string;
  readonly reason: string;
}

/** The delivery of one alert over one channel. */
export interface AlertDelivery {
  readonly alert: Alert | Notice;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly createdAt: Instant;
  /** Counted when an attempt is claimed. */
  readonly attempts: number;
  /** The last ones, the oldest first. */
  readonly refusals: readonly Refusal[];
  /** Only while waiting. */
  readonly nextAttemptAt?: Instant;
  /** Only and always while sending: whose claim is older may have died. */
  readonly sendingUntil?: Instant;
  /** The digest that told of it, or tried to. */
  readonly digestId?: string;
  /**
   * An attempt may have arrived although no answer came. Until the channel takes or refuses it for good it is posted as
   * it was: under the same id, in a digest with the same others.
   */
  readonly mayHaveArrived?: true;
}

/** What a channel made of a post. `accepted` is not read: a channel that takes a message may still lose it. */
export type DeliveryResult =
  | { readonly outcome: 'accepted' }
  | {
      readonly outcome: 'later';
      readonly error: string;
      readonly code?: string;
      readonly retryAfter?: Duration;
      /** No answer came, or one from somebody in between: the post may have arrived. */
      readonly mayHaveArrived?: true;
    }
  | { readonly outcome: 'refused'; readonly error: string; readonly code?: string };

/** What came of looking at a delivery, or of an attempt: what its row must say now. */
export type Outcome = Pick<
  AlertDelivery,
  'state' | 'refusals' | 'nextAttemptAt' | 'mayHaveArrived'
>;

/** How long a claim holds: longer than any post takes. */
export const CLAIM: Duration = 5 * MINUTE;
const FIRST_WAIT: Duration = MINUTE;
const MAX_WAIT: Duration = HOUR;
/** An attempt that fails this long after the alert came up was the last. */
const LIFETIME: Duration = DAY;
/** So many refusals one after the other are an answer. */
const MAX_REFUSALS = 3;
const KEPT_REFUSALS = 5;
/** More than fail in a lifetime: whoever posts it dies of it. */
const MAX_ATTEMPTS = 50;
const MAX_REASON = 400;

// ------------------------------------------------------------------------------------------- what is worth saying

/**
 * What is to be done about a delivery. `post`: it is worth saying. `repeat`: an attempt may have arrived, so it is
 * posted once more, whatever has happened since. `rejoin`: the same, but the digest that told of it is not the one it
 * was found under. `collapse`: a later alert says it, or nobody needs to hear it. `give-up`: its posting killed too
 * many. `wait`: it is claimed, its time has not come, or an earlier one of the finding may have arrived. `settled`:
 * nothing any more.
 */
export type Step = 'post' | 'repeat' | 'rejoin' | 'collapse' | 'give-up' | 'wait' | 'settled';

/**
 * Undelivered alerts of one finding collapse to the last. Of a finding that has ended meanwhile nothing is said when
 * its beginning never was.
 * @param finding absent for a notice.
 * @param deliveries of this finding, or this series of notices, over the same channel.
 * @param digestId the digest under which it was found.
 */
export function nextStep(
  { alert, state, attempts, ...claim }: AlertDelivery,
  finding: Finding | undefined,
  deliveries: readonly AlertDelivery[],
  now: Instant,
  digestId?: string,
): Step {
  if (state !== 'waiting' && state !== 'sending') {
    return 'settled';
  }
  const isOfDigest = digestId !== undefined && claim.digestId === digestId;
  const { nextAttemptAt = now, sendingUntil = now } = claim;
  if (state === 'sending' ? sendingUntil > now : nextAttemptAt > now && !isOfDigest) {
    return 'wait';
  }
  if (state === 'sending' && attempts >= MAX_ATTEMPTS) {
    return 'give-up';
  }
  // What was claimed for a digest and lies under none was not posted: the digest never came to that.
  const mayHaveArrived =
    claim.mayHaveArrived === true || (state === 'sending' && claim.digestId === undefined);
  if (isOfDigest || mayHaveArrived) {
    return isOfDigest || claim.digestId === undefined ? 'repeat' : 'rejoin';
  }
  const sequence = sequenceOf(alert);
  const before = deliveries.filter((each) => sequenceOf(each.alert) < sequence);
  if (before.some(isUncertain)) {
    return 'wait';
  }
  const isSaidLater = deliveries.some(
    (each) =>
      sequenceOf(each.alert) > sequence && each.state !== 'dead' && each.state !== 'not-configured',
  );
  // A person's suppression may have come between the finding and its delivery.
  if (isSaidLater || finding?.suppressed !== undefined) {
    return 'collapse';
  }
  if (alert.form === 'notice') {
    return 'post';
  }
  const isEnded = finding?.status === 'resolved';
  const isNews = isOpening(alert) ? !isEnded : isEnded && wasNotified(before);
  return isNews ? 'post' : 'collapse';
}

/** A line is enough for what people know; where the card before it never arrived it becomes that card. */
export function inFull(
  { alert }: AlertDelivery,
  deliveries: readonly AlertDelivery[],
): AlertDelivery['alert'] {
  const before = deliveries.filter((each) => sequenceOf(each.alert) < sequenceOf(alert));
  const isLine = alert.form !== 'notice' && alert.verb === 'unsuppressed';
  return isLine && !wasNotified(before) ? { ...alert, form: 'card' } : alert;
}

/** The number of the transition that an alert tells of; the time of a notice. */
export function sequenceOf({ id }: Pick<Alert, 'id'>): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}

/** The form that an alert takes at most, whatever people were told before it. */
export function largestForm(alert: AlertDelivery['alert']): AlertDelivery['alert']['form'] {
  return alert.form !== 'notice' && alert.verb === 'unsuppressed' ? 'card' : alert.form;
}

/** Whether people may or may not know of it. */
function isUncertain({ state, mayHaveArrived }: AlertDelivery): boolean {
  return state === 'sending' || (state === 'waiting' && mayHaveArrived === true);
}

/** Whether the last that the channel accepted of a finding was its beginning, or an end with no beginning since. */
function wasNotified(before: readonly AlertDelivery[]): boolean {
  const newestFirst = before.toSorted((a, b) => sequenceOf(b.alert) - sequenceOf(a.alert));
  const told = newestFirst.findIndex(({ state }) => state === 'sent');
  const isBegun = newestFirst.slice(0, Math.max(told, 0)).some(({ alert }) => isOpening(alert));
  const last = newestFirst[told];
  return last !== undefined && (isOpening(last.alert) || !isBegun);
}

function isOpening(alert: AlertDelivery['alert']): boolean {
  return (
    alert.form !== 'notice' &&
    ['opened', 'reopened', 'escalated', 'unsuppressed'].includes(alert.verb)
  );
}

// ------------------------------------------------------------------------------------------- what came of a post

/**
 * What came of the attempt that is counted in the delivery.
 * @param since its life begins then: that of a digest with the youngest of its alerts.
 */
export function outcomeOf(
  result: DeliveryResult,
  delivery: AlertDelivery,
  now: Instant,
  since: Instant = delivery.createdAt,
): Outcome {
  if (result.outcome === 'accepted') {
    return { state: 'sent', refusals: delivery.refusals };
  }
  const { refusals } = refused(delivery, now, result);
  const end = plus(since, LIFETIME);
  const isRefused =
    refusals.length - 1 - refusals.findLastIndex(({ outcome }) => outcome === 'later') >=
    MAX_REFUSALS;
  if (isRefused || now >= end) {
    return { state: 'dead', refusals };
  }
  const wait = Math.min(FIRST_WAIT * 2 ** Math.min(delivery.attempts - 1, 20), MAX_WAIT);
  const asked = result.outcome === 'later' ? (result.retryAfter ?? 0) : 0;
  const nextAttemptAt = latest(earliest(plus(now, wait), end), plus(now, asked));
  const isUnknown = result.outcome === 'later' && result.mayHaveArrived === true;
  const mayHaveArrived = isUnknown || delivery.mayHaveArrived === true;
  return { state: 'waiting', refusals, nextAttemptAt, ...(mayHaveArrived && { mayHaveArrived }) };
}

/** A delivery that ends without a post, and why. */
export function endedWith(
  state: 'dead' | 'not-configured',
  delivery: AlertDelivery,
  now: Instant,
  reason: string,
): Outcome {
  return { state, ...refused(delivery, now, { outcome: 'refused', error: reason }) };
}

/** Why the last attempt was no delivery, in words. */
export function lastErrorOf({ refusals }: AlertDelivery): string | undefined {
  return refusals.at(-1)?.reason;
}

function refused(
  { refusals }: AlertDelivery,
  at: Instant,
  { outcome, code, error }: Exclude<DeliveryResult, { outcome: 'accepted' }>,
): Pick<Outcome, 'refusals'> {
  const last: Refusal = {
    ...{ at, outcome },
    ...(code !== undefined && { code }),
    reason: error.slice(0, MAX_REASON),
  };
  return { refusals: [...refusals, last].slice(-KEPT_REFUSALS) };
}
