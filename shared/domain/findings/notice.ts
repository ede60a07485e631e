import { shortHash } from '../json';
import type { Instant } from '../time';

/** `first-start`: the logs are read for the first time. */
export type NoticeKind = 'first-start';

/** A message that tells of no finding. It is owed, claimed and posted like an alert. */
export interface Notice {
  /** `notice-<kind>-<hash of the subject>-<UTC time of the slot, to the second>`. */
  readonly id: string;
  readonly form: 'notice';
  readonly kind: NoticeKind;
  readonly title: string;
  readonly lines: readonly string[];
}

/** What all notices of a kind about one subject (a tenant) have in common, as alerts of one finding have its id. */
export function noticeSeries(kind: NoticeKind, subject: string): string {
  return `notice-${kind}-${shortHash(12, subject)}`;
}

/** The id of a notice; those of a series sort by their time. */
export function noticeId(kind: NoticeKind, subject: string, slot: Instant): string {
  return `${noticeSeries(kind, subject)}-${slot.replace(/\D/g, '').slice(0, 14)}`;
}
