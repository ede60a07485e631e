import type { Timeline } from '../../domain/detector';
import { objectsIn, textOf, textsIn } from '../../domain/facts';
import { runsOf } from '../../domain/records/registered-methods';
import type { Signal } from '../../domain/findings/signal';
import { dayOf, HOUR, type Instant } from '../../domain/time';
import { evidenceFrom, type End } from '../not-followed-by';
import type { Evidence } from '../../domain/detector';

/** Groups that one actor deleted, so many of them within an hour that nobody meant each of them. */
export interface Wave {
  readonly at: Instant;
  readonly last: Instant;
  /** When each of them was added again by the same actor; absent where it was not. */
  readonly returns: readonly (Signal | undefined)[];
  /** What tells of it: by the minute. */
  readonly minutes: readonly Signal[];
}

interface Deleted {
  readonly at: Instant;
  readonly group: string;
}

/** The waves among what one actor deleted; those that overlap on one day are one. */
export function wavesIn(timeline: Timeline, most: number): readonly Wave[] {
  const minutes = timeline.filter(({ kind }) => kind === 'deletions');
  const additions = timeline.filter(({ kind }) => kind === 'additions');
  const added = Map.groupBy(
    additions.flatMap((signal) => groupsIn(signal).map((group) => ({ group, signal }))),
    ({ group }) => group,
  );
  const deleted = minutes.flatMap((minute): Deleted[] =>
    groupsIn(minute).map((group) => ({ at: minute.at, group })),
  );
  return stretchesOf(deleted, most).map(({ from, to }) => {
    const within = ({ at }: { readonly at: Instant }): boolean => at >= from && at <= to;
    return {
      ...{ at: from, last: to, minutes: minutes.filter(within) },
      returns: deleted
        .filter(within)
        .map(({ at, group }) => added.get(group)?.find(({ signal }) => signal.at > at)?.signal),
    };
  });
}

function groupsIn({ facts }: Signal): readonly string[] {
  return textsIn(facts['groups']);
}

function stretchesOf(
  deleted: readonly Deleted[],
  most: number,
): { readonly from: Instant; readonly to: Instant }[] {
  const stretches: { from: Instant; to: Instant }[] = [];
  for (const { first, last } of runsOf(deleted, most + 1, HOUR)) {
    const before = stretches.at(-1);
    if (before !== undefined && first.at <= before.to && dayOf(first.at) === dayOf(before.from)) {
      before.to = last.at;
    } else {
      stretches.push({ from: first.at, to: last.at });
    }
  }
  return stretches;
}

/** When so many were back that the rest is no wave any more. */
export function endOfWave({ returns }: Wave, most: number): End<'returned'> | undefined {
  const back = returns.filter((each) => each !== undefined).sort((a, b) => (a.at < b.at ? -1 : 1));
  const last = back[returns.length - most - 1];
  const [evidence] = last === undefined ? [] : told([last], 'was added again');
  return evidence && { at: evidence.at, code: 'returned', evidence };
}

/** The groups that are named with the minutes, and what happened to them. */
export function told(minutes: readonly Signal[], what: string): readonly Evidence[] {
  return minutes.flatMap((minute) =>
    objectsIn(minute.facts['first']).map((each) => ({
      ...evidenceFrom(minute, `the group "${textOf(each['name'])}" ${what}`),
      ...{ eventId: textOf(each['id']), at: textOf(each['at']) as Instant },
    })),
  );
}

/** Some of their names. */
export function namesIn(minutes: readonly Signal[]): readonly string[] {
  const names = minutes.flatMap(({ facts }) => objectsIn(facts['first']));
  return [...new Set(names.map((each) => textOf(each['name'])))];
}
