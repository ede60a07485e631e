import type { DeliveryResult } from '../../domain/findings/delivery';
import type { Finding } from '../../domain/findings/finding';
import type { Alert } from '../../domain/findings/transition';
import type { Notice } from '../../domain/findings/notice';
import type { Duration } from '../../domain/time';

/** What is posted, rendered by the channel: findings with what happened to them, or a notice. */
export type Post = FindingPost | NoticePost;

export interface FindingPost {
  /** The same for every repeat of the same post. */
  readonly id: string;
  readonly form: Alert['form'];
  /** At least one; several only in a digest. */
  readonly items: readonly { readonly alert: Alert; readonly finding: Finding }[];
}

export interface NoticePost {
  /** The same for every repeat of the same post. */
  readonly id: string;
  readonly form: 'notice';
  readonly items: readonly [];
  readonly notice: Notice;
}

/** Where alerts go. */
export interface Channel {
  /** Between the beginnings of two posts; as fast as they go when absent. */
  readonly pace?: Duration;
  post(post: Post): Promise<DeliveryResult>;
}

/** A channel by its id, which stands in the row of every alert that it is to carry. */
export interface ConfiguredChannel {
  readonly id: string;
  /** Absent while its settings are: alerts are then marked so, and not sent later by themselves. */
  readonly channel: Channel | undefined;
}
