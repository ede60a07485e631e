import type { AlertDelivery, DeliveryState, Outcome } from '../../domain/findings/delivery';
import type { Finding } from '../../domain/findings/finding';
import type { Notice } from '../../domain/findings/notice';
import type { Instant } from '../../domain/time';
import type { UnreadableRowError } from './unreadable-row';

/** The delivery of an alert over one channel, as it is stored. */
export interface OutboxRow extends AlertDelivery {
  readonly etag: string;
}

/** A digest that somebody makes. Until then the alerts are theirs; who finds it later finishes it. */
export interface DigestClaim {
  readonly id: string;
  readonly until: Instant;
  /** Nobody is at it: it waits for its next attempt. */
  readonly isPutOff?: true;
}

/**
 * Names an alert that may be sent over a channel. It is written before the alert and removed after it is settled; a
 * mark whose alert was never committed is harmless.
 */
export interface SendMark {
  readonly alertId: string;
  readonly channel: string;
  readonly at: Instant;
  /** As far as its making tells: a line may become a card. */
  readonly form: AlertDelivery['alert']['form'];
  /** The digest that tells of it. */
  readonly digest?: DigestClaim;
}

/** A mark that has done its work. */
export interface EndedMark {
  readonly mark: SendMark;
  /** When the alert is to be looked at next, if it is. */
  readonly next?: Instant;
  /** The digest that it stays under, or comes back to: that is to be looked at next. */
  readonly digest?: DigestClaim;
  /** What the alert came to: health counts some. */
  readonly state?: DeliveryState;
}

/** What delivery must know of a finding, over one channel. */
export interface FindingToSend {
  /** Absent when it is gone, and for notices; an error when it cannot be read. */
  readonly finding: Finding | UnreadableRowError | undefined;
  /** The oldest first. */
  readonly alerts: readonly OutboxRow[];
  /** By alert, the rows that cannot be read. */
  readonly unreadable: ReadonlyMap<string, UnreadableRowError>;
}

/** Nobody was told of it. */
export type Undelivered = Pick<SendMark, 'alertId' | 'channel'>;

/** For whom an alert is claimed, and what is known of the attempts before. */
export type AlertClaim = Pick<AlertDelivery, 'digestId' | 'mayHaveArrived'> & {
  readonly until: Instant;
};

/** Alerts, each with a row for every channel. */
export interface Outbox {
  /**
   * Marks of all digests that are begun, and then, channel by channel, of alerts to be sent at or before `now`: the
   * oldest first, at most `max` of each channel.
   */
  due(now: Instant, max: number): Promise<readonly SendMark[]>;
  /** A finding and its alerts over a channel, from the transition of that number on: one request. */
  look(findingId: string, channel: string, from: number): Promise<FindingToSend>;
  /**
   * Owes a notice over every channel. One that is owed already, or was sent, stays as it is.
   * @returns false when a notice of the same series was owed before: nothing is written then.
   */
  announceOnce(notice: Notice, at: Instant): Promise<boolean>;
  /** An alert, over every channel; empty when no such alert was ever committed. */
  read(alertId: string): Promise<readonly OutboxRow[]>;
  /**
   * Counts an attempt and takes the alert, in the form it now has, until then, for a digest or for a post of its own, in
   * one write: what is not claimed must not be posted.
   * @returns undefined when somebody else changed the row meanwhile; nothing is written then.
   */
  claim(row: OutboxRow, claim: AlertClaim): Promise<OutboxRow | undefined>;
  /**
   * Records what came of it. Its mark is to be released after that.
   * @returns false when somebody else changed the row meanwhile; nothing is written then.
   */
  settle(row: OutboxRow, outcome: Outcome): Promise<boolean>;
  /**
   * Queues an alert for delivery again that was given up or had no channel.
   * @returns false when somebody else changed the row meanwhile.
   */
  requeue(row: OutboxRow, now: Instant): Promise<boolean>;
  /**
   * Puts marks under a digest, also those of a digest whose claim is over.
   * @returns those that could be; none when the first were somebody else's already.
   */
  gather(marks: readonly SendMark[], digest: DigestClaim): Promise<readonly SendMark[]>;
  /** Removes marks, or replaces them, many in one request. */
  release(ended: readonly EndedMark[]): Promise<void>;
  /** Alerts that were given up or had no channel, at most `max` of each channel. */
  undelivered(state: 'dead' | 'not-configured', max: number): Promise<readonly Undelivered[]>;
}
