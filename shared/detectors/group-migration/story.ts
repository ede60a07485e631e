import type { Timeline } from '../../domain/detector';
import { textOf, textsIn } from '../../domain/facts';
import { plainName } from '../../domain/records/group';
import type { Signal } from '../../domain/findings/signal';
import { isLike } from '../../domain/text';
import { byTime, HOUR, latest, plus, type Duration, type Instant } from '../../domain/time';

/** What an operator may set of the story. */
export interface StorySettings {
  readonly grace: Duration;
  readonly 'sync-actors': readonly string[];
  readonly 'migration-pattern': readonly string[];
}

/** A group that was made to take the place of another, and filled. */
export interface StandIn {
  readonly added: Signal;
  readonly members: number;
  /** When it was added, or members of it changed last. */
  readonly changedAt: Instant;
  /** It is called like one, whether or not the other group was deleted. */
  readonly isCalledLikeOne: boolean;
  readonly removed?: Signal;
  readonly renamed?: Signal;
}

/** What a timeline tells of the group that is called like its subject. */
export interface GroupStory {
  /** By synchronisation. */
  readonly deletions: readonly Signal[];
  readonly standIns: readonly StandIn[];
  /** Somebody is called so again: what was added, named or restored, by time. */
  readonly returns: readonly Signal[];
  /** Everything called so that was deleted, by whomever. */
  readonly ends: readonly Signal[];
}

/** So long before a deletion a stand-in is made and filled, and so long after it, while a cycle is still running. */
export const BEFORE = 24 * HOUR;
export const AFTER = 4 * HOUR;
/** Members are kept by the hour, so the hour in which a stand-in is added may begin before it. */
export const SAME = HOUR;
/** So many characters of a name say that it is no accident. */
const MIN_COMMON = 6;

/** Puts together what the signals of one group say. */
export function storyOf(timeline: Timeline, settings: StorySettings): GroupStory {
  const of = (...kinds: readonly string[]): Signal[] =>
    timeline.filter(({ kind }) => kinds.includes(kind));
  const bySync = isSync(settings);
  const [members, removals, renames] = [
    of('members'),
    of('stand-in-deleted'),
    of('stand-in-renamed'),
  ];
  const ends = of('deleted');
  return {
    ends,
    deletions: ends.filter(({ facts }) => bySync(textOf(facts['by']))),
    returns: of('added', 'named', 'restored'),
    standIns: of('stand-in-added').flatMap((added) => {
      const isCalledLikeOne = hasPattern(added, settings);
      const filled = members.filter(
        (each) => groupIn(each) === groupIn(added) && each.at >= plus(added.at, -SAME),
      );
      const count = filled.reduce((sum, { facts }) => sum + textsIn(facts['events']).length, 0);
      const isOne = isCalledLikeOne || textOf(added.facts['part']).length >= MIN_COMMON;
      if (!isOne || count === 0 || bySync(textOf(added.facts['by']))) {
        return [];
      }
      const later = (signals: readonly Signal[]): Signal | undefined =>
        signals.find((each) => groupIn(each) === groupIn(added) && each.at >= added.at);
      const [removed, renamed] = [later(removals), later(renames)];
      const changes = filled.map(({ facts, at }) => (textOf(facts['last']) || at) as Instant);
      return {
        ...{ added, isCalledLikeOne, members: count, changedAt: latest(added.at, ...changes) },
        ...(removed !== undefined && { removed }),
        ...(renamed !== undefined && { renamed }),
      };
    }),
  };
}

/** Who deletes a group because it is gone on premises. */
export function isSync({
  'sync-actors': actors,
}: Pick<StorySettings, 'sync-actors'>): (name: string) => boolean {
  return (name) => actors.some((actor) => isLike(name, actor));
}

/** Where the pattern has its `*`, the stand-in's name holds the other group's. */
function hasPattern({ facts }: Signal, { 'migration-pattern': patterns }: StorySettings): boolean {
  const [label, part] = [textOf(facts['label']), textOf(facts['part'])];
  return patterns.some((pattern) => {
    const [prefix = '', suffix, more] = pattern.split('*');
    return (
      suffix !== undefined &&
      more === undefined &&
      isLike(label, pattern) &&
      plainName(label.slice(prefix.length, label.length - suffix.length)) === part
    );
  });
}

/** The id of the group that a signal is about; without one its name. */
function groupIn({ facts }: Signal): string {
  return textOf(facts['group']) || plainName(textOf(facts['name']));
}

/** What is called like the deleted group since: it was named so a while before, or came after. */
export function returnOf(
  deletion: Signal,
  { returns, ends }: GroupStory,
  { grace }: StorySettings,
): Signal | undefined {
  const deadline = plus(deletion.at, grace);
  return returns.find((each) => {
    const isAfter = each.at > deletion.at;
    const isOther =
      each.kind !== 'restored' &&
      groupIn(each) !== groupIn(deletion) &&
      each.at >= plus(deletion.at, -BEFORE);
    const isGoneAgain = ends.some(
      (end) => groupIn(end) === groupIn(each) && end.at > each.at && end.at < deadline,
    );
    return (isAfter || isOther) && !isGoneAgain;
  });
}

/** True for a stand-in that was made when the group was about to be deleted, or just had been. */
function isNear({ added }: StandIn, { at }: Signal): boolean {
  return added.at >= plus(at, -BEFORE) && added.at <= plus(at, AFTER);
}

/** The stand-ins of a deleted group that were still there at the deadline. */
export function standInsOf(
  deletion: Signal,
  { standIns }: GroupStory,
  { grace }: StorySettings,
): readonly StandIn[] {
  const deadline = plus(deletion.at, grace);
  return standIns.filter(
    (each) =>
      isNear(each, deletion) &&
      groupIn(each.added) !== groupIn(deletion) &&
      (each.removed === undefined || each.removed.at >= deadline),
  );
}

/** From when on a stand-in has nothing to stand in for; undefined while it may still be needed. */
export function leftOverSince(
  standIn: StandIn,
  story: GroupStory,
  settings: StorySettings,
): Instant | undefined {
  const near = story.deletions.filter((each) => isNear(standIn, each));
  const returns = near.map((each) => returnOf(each, story, settings));
  if (near.length === 0 ? !standIn.isCalledLikeOne : returns.includes(undefined)) {
    return undefined;
  }
  const back = returns.flatMap((each) => each?.at ?? []);
  return latest(standIn.changedAt, ...near.map(({ at }) => at), ...back);
}

/** How a stand-in stopped being one. */
export function endOf({ removed, renamed }: StandIn): Signal | undefined {
  return [removed, renamed].filter((each) => each !== undefined).sort(byTime)[0];
}
