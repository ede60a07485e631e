import type { JsonObject } from '../../domain/json';
import { lookAtAll, type CoverageBySource } from '../../domain/reading/coverage';
import type { Evidence, Timeline } from '../../domain/detector';
import { objectsIn, textOf, textsIn } from '../../domain/facts';
import { instantOf } from '../../domain/records/strong-authentication';
import type { Signal } from '../../domain/findings/signal';
import { byTime, justAfter, MINUTE, plus, type Instant } from '../../domain/time';
import { evidenceFrom, type End as EndedBy, type Sequel } from '../not-followed-by';
import { describe } from './words';

/** The sources that would show how a registration ended. */
export const SOURCES = ['directoryAudits'] as const;
/** Within this much of an added authenticator, "started" belongs to the same attempt. */
export const SAME_ATTEMPT = 15 * MINUTE;
/** A deletion names no device; the row that shows which one left comes within this much of it. */
const SAME_DELETION = 5 * MINUTE;
/** A row that names no method verifies the authenticator that was added at most this much before. */
const SOON_AFTER = 10 * MINUTE;

export interface Story {
  readonly added: readonly Signal[];
  readonly started: readonly Signal[];
  /** Starts that no added authenticator belongs to. */
  readonly alone: readonly Signal[];
  readonly all: Timeline;
}

export interface MfaSettings {
  readonly grace: number;
  readonly skew: number;
  readonly lookback: number;
}

/** What is asked about one authenticator, or about the starts of one day. */
export interface Question {
  /** Absent for registrations that were only started. */
  readonly device?: string;
  readonly story: Story;
  readonly coverage: CoverageBySource;
  readonly settings: MfaSettings;
}

export type EndCode =
  | 'completed'
  | 'retried'
  | 'used'
  | 'removed'
  | 'deleted'
  | 'admin-reset'
  | 'cancelled'
  | 'user-deleted'
  | 'user-disabled';

/** Something that ends an unfinished registration. */
export type End = EndedBy<EndCode>;

export function readStory(timeline: Timeline): Story {
  const all = timeline.filter(
    ({ kind, facts }) =>
      facts['failed'] !== true && (kind !== 'started' || isOfAuthenticator(facts)),
  );
  const added = all.filter((signal) => signal.kind === 'device-added');
  const started = all.filter((signal) => signal.kind === 'started');
  const alone = started.filter((start) => !added.some((entry) => isSameAttempt(start, entry)));
  return { added, started, alone, all };
}

/** A start that names nothing may be one of an authenticator. */
function isOfAuthenticator(facts: JsonObject): boolean {
  const of = textOf(facts['of']);
  return of === 'authenticator' || (of === '' && textOf(facts['reason']) === '');
}

function isSameAttempt(start: Signal, entry: Signal): boolean {
  return isWithin(start.at, entry.at, SAME_ATTEMPT);
}

function isWithin(a: Instant, b: Instant, reach: number): boolean {
  return a >= plus(b, -reach) && a <= plus(b, reach);
}

// --------------------------------------------------------------------------------------------------------------- ends

/** The first end of a registration; `waitFor` is when it can be said whether there is an earlier one. */
export function endOf(entry: Signal, question: Question): Sequel<EndCode> {
  const { story, device, settings } = question;
  const ends: End[] = [];
  const waits: { readonly at: Instant; readonly until: Instant }[] = [];
  for (const each of story.all) {
    if (each.kind === 'device-used') {
      ends.push(...usesAfter(each, device, plus(entry.at, settings.skew)));
    } else if (each.kind === 'deleted' && device !== undefined) {
      const verdict = deletionOf(each, entry, question);
      ends.push(...(verdict === 'ends' ? [endWith(each, codeOfDeletion(each))] : []));
      waits.push(...(verdict === 'later' ? [{ at: each.at, until: afterDeletion(each) }] : []));
    } else {
      const code = codeOf(each, entry, question);
      ends.push(...(code === undefined ? [] : [endWith(each, code)]));
    }
  }
  const [end] = ends.sort(byTime);
  const wait = waits.find(({ at }) => end === undefined || at < end.at);
  return {
    ...(end !== undefined && { end: ofNewest(end, entry, question) }),
    ...(wait !== undefined && { waitFor: wait.until }),
  };
}

function endWith(each: Signal, code: EndCode): End {
  // Somebody who left had not finished.
  const isInstead = code === 'user-deleted' || code === 'user-disabled';
  return { at: each.at, code, evidence: evidenceOf(each), isInstead };
}

// A completion names no device: it verifies the newest entry before it and shows that the older ones were retried.
function ofNewest(end: End, entry: Signal, { story, settings }: Question): End {
  const isNewest =
    end.code !== 'completed' ||
    ![...story.added, ...story.alone].some(
      (other) => other.at > entry.at && other.at <= plus(end.at, settings.skew),
    );
  return isNewest ? end : { ...end, code: 'retried' };
}

function codeOf(each: Signal, entry: Signal, question: Question): EndCode | undefined {
  const { story, device, settings } = question;
  if (isCompletion(each, entry, question)) {
    return each.at >= plus(entry.at, -settings.skew) ? 'completed' : undefined;
  }
  if (each.at < entry.at) {
    return undefined;
  }
  switch (each.kind) {
    case 'admin-reset':
      return 'admin-reset';
    case 'deleted': // only of a registration that was started and nothing else
      return codeOfDeletion(each);
    case 'device-removed':
      return device !== undefined && each.facts['device'] === device ? 'removed' : undefined;
    case 'cancelled':
      // Cancelled while the device stays listed is still unfinished; a start alone is over.
      return device === undefined ? 'cancelled' : undefined;
    case 'left': {
      const isBack = story.all.some((other) => other.kind === 'returned' && other.at >= each.at);
      const code = each.facts['how'] === 'disabled' ? 'user-disabled' : 'user-deleted';
      return isBack ? undefined : code;
    }
    default:
      return undefined;
  }
}

function isCompletion(each: Signal, entry: Signal, { story, settings }: Question): boolean {
  const hasOther = (from: Instant): boolean =>
    story.all.some(
      (other) =>
        other.kind === 'other-method' &&
        other.facts['isNew'] === true &&
        other.at >= from &&
        other.at <= plus(each.at, settings.skew),
    );
  switch (each.kind) {
    case 'completed':
      return true;
    // Policy is satisfied, by this authenticator or by what was registered in between.
    case 'registered-all':
      return !hasOther(plus(entry.at, -settings.skew));
    case 'registered-unnamed':
      return story.added.some((added) => {
        const from = plus(added.at, -settings.skew);
        return each.at >= from && each.at <= plus(added.at, SOON_AFTER) && !hasOther(from);
      });
    default:
      return false;
  }
}

// Used means usable: the device's own timestamp moved past the registration.
function usesAfter(each: Signal, device: string | undefined, after: Instant): End[] {
  if (device === undefined || each.facts['device'] !== device) {
    return [];
  }
  return [...objectsIn(each.facts['uses']), ...objectsIn(each.facts['latestUses'])].flatMap(
    (use) => {
      const [at, stamp] = [instantOf(use['at']), instantOf(use['stamp'])];
      if (at === null || stamp === null || stamp <= after || at <= after) {
        return [];
      }
      const evidence = evidenceOf({ ...each, at, eventId: textOf(use['eventId']) });
      return [{ at, code: 'used', evidence }];
    },
  );
}

// ------------------------------------------------------------------------------------------------------------ deletions

function codeOfDeletion(each: Signal): EndCode {
  return each.facts['by'] === 'admin' ? 'admin-reset' : 'deleted';
}

function afterDeletion(each: Signal): Instant {
  return justAfter(plus(each.at, SAME_DELETION));
}

/**
 * "Deleted" names no device. It is this one when the row beside it shows that this one left, or when no row shows that
 * any left and there is no other. `unclear`: nobody can say which one it was.
 */
export function deletionOf(
  each: Signal,
  entry: Signal,
  { story, device, coverage }: Question,
): 'ends' | 'another' | 'unclear' | 'later' {
  const removed = story.all.filter(
    (other) => other.kind === 'device-removed' && isWithin(other.at, each.at, SAME_DELETION),
  );
  if (each.at < entry.at || removed.length > 0) {
    const isThis = removed.some((other) => other.facts['device'] === device);
    return each.at >= entry.at && isThis ? 'ends' : 'another';
  }
  const from = plus(each.at, -SAME_DELETION);
  const look = lookAtAll(coverage, SOURCES, from, afterDeletion(each));
  if (look.verdict !== 'covered') {
    return look.verdict === 'later' ? 'later' : 'unclear';
  }
  const isOnly = listedAt(story, each.at).every((id) => id === device);
  // Without a name it may as well have been another method of theirs.
  const isNamed = each.facts['method'] !== undefined || knownMethods(story, each.at).length === 0;
  return isOnly && isNamed ? 'ends' : 'unclear';
}

// ------------------------------------------------------------------------------------- what is on the account, when

/** The Ids that rows show on the account up to a time and that no row shows leaving. */
export function listedAt(story: Story, to: Instant): readonly string[] {
  const listed = new Set<string>();
  for (const { kind, at, facts } of story.all) {
    if (at > to) {
      continue;
    }
    if (kind === 'device-added' || kind === 'device-removed') {
      [...textsIn(facts['others']), ...textsIn(facts['listed'])].forEach((id) => listed.add(id));
    }
    if (kind === 'device-added') {
      // What this row replaced is gone with it.
      const now = textsIn(facts['listed']);
      textsIn(facts['others'])
        .filter((id) => !now.includes(id))
        .forEach((id) => listed.delete(id));
    }
    if (kind === 'device-removed') {
      listed.delete(textOf(facts['device']));
    }
    if (kind === 'admin-reset') {
      listed.clear();
    }
  }
  return [...listed];
}

/** Methods other than authenticators that were registered and not removed again, by kind. */
export function knownMethods(story: Story, to: Instant, from?: Instant): readonly Signal[] {
  const known = new Map<string, Signal>();
  for (const each of story.all) {
    if (each.at > to || (from !== undefined && each.at < from)) {
      continue;
    }
    const method = textOf(each.facts['method']);
    if (each.kind === 'other-method' && !known.has(method)) {
      known.set(method, each);
    } else if (each.kind === 'method-removed') {
      known.delete(method);
    } else if (each.kind === 'admin-reset') {
      known.delete('phone');
    }
  }
  return [...known.values()];
}

export function evidenceOf(each: Signal): Evidence {
  return evidenceFrom(each, describe(each));
}
