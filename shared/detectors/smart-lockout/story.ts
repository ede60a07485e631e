import type { Timeline } from '../../domain/detector';
import { objectsIn, textOf, textsIn } from '../../domain/facts';
import { SET_CAP, type Signal } from '../../domain/findings/signal';
import { byTime, dayOf, MINUTE, plus, type Duration, type Instant } from '../../domain/time';
import { addressHash, readToken, type Kind } from './signals';

/** A wrong password that was sent, however many rows tell of it. */
export interface WrongTry {
  /** To the second. */
  readonly at: Instant;
  readonly address: string | undefined;
  /** The ten minutes that it was one of. */
  readonly bucket: Signal;
}

/** A sign-in that got past the password. */
export interface RightTry {
  readonly at: Instant;
  readonly eventId: string;
  readonly code: number;
  readonly attempt: string;
  readonly address: string | undefined;
  readonly addressHash: string | undefined;
  readonly country: string;
  readonly city: string;
}

/** One row, by when and by its id. */
export interface Event {
  readonly at: Instant;
  readonly eventId: string;
}

/** Everything that is known of one person. */
export interface Story {
  readonly tries: readonly WrongTry[];
  readonly rights: readonly RightTry[];
  /** When smart lockout showed. */
  readonly locked: readonly Event[];
  /** Rows that were refused because of their address, whatever the password. */
  readonly blocked: Timeline;
  readonly changes: Timeline;
  readonly revoked: Timeline;
}

/** Tries without a long pause, cut at midnight UTC. */
export interface Stretch {
  readonly day: string;
  readonly tries: readonly [WrongTry, ...WrongTry[]];
  readonly buckets: readonly [Signal, ...Signal[]];
  /** Hashes of the addresses that the tries came from. */
  readonly addresses: ReadonlySet<string>;
  readonly first: Instant;
  readonly last: Instant;
}

export function readStory(timeline: Timeline): Story {
  const of = (kind: Kind): Timeline => timeline.filter((each) => each.kind === kind);
  const rights = of('right').flatMap(rightsIn).sort(byTime);
  return {
    tries: triesIn(of('wrong'), rights),
    rights,
    locked: of('locked').flatMap(eventsOf).sort(byTime),
    blocked: of('address-blocked'),
    changes: of('password-changed'),
    revoked: of('revoked'),
  };
}

/** The first and the last rows of ten minutes, earliest first, each once. */
export function eventsOf({ facts }: Signal): readonly Event[] {
  const events = [...objectsIn(facts['firstEvents']), ...objectsIn(facts['lastEvents'])].map(
    (event) => ({ at: event['at'] as Instant, eventId: textOf(event['eventId']) }),
  );
  return [...new Map(events.map((each) => [each.eventId, each])).values()].sort(byTime);
}

function rightsIn(signal: Signal): readonly RightTry[] {
  const { facts } = signal;
  const address = textOf(facts['address']) || undefined;
  const about = {
    address,
    addressHash: address === undefined ? undefined : addressHash(address),
    country: textOf(facts['country']),
    city: textOf(facts['city']),
  };
  const events = [...objectsIn(facts['firstEvents']), ...objectsIn(facts['lastEvents'])];
  const byId = new Map(events.map((event) => [textOf(event['eventId']), event]));
  return [...byId].map(([eventId, event]) => ({
    ...{ eventId, at: event['at'] as Instant, attempt: textOf(event['attempt']) },
    code: Number(event['code']),
    ...about,
  }));
}

// ------------------------------------------------------------------------------------------- rows of one attempt

/** Rows with one correlation id within this much of each other may be one attempt. */
export const SAME_ATTEMPT: Duration = 10 * MINUTE;
/** The most rows that one attempt makes. A correlation id with more of them is that of a whole session. */
const MAX_ROWS = 5;

interface Row extends WrongTry {
  readonly attempt: string | undefined;
}

/**
 * Several rows may tell of one attempt, and then the last one says how it went: it counts once, and not at all where
 * the right password was the end of it.
 */
function triesIn(buckets: Timeline, rights: readonly RightTry[]): readonly WrongTry[] {
  const rows = buckets.flatMap(rowsIn).sort(byTime);
  const groups = Map.groupBy(rows, ({ attempt }) => attempt);
  const alone = groups.get(undefined) ?? [];
  groups.delete(undefined);
  const folded = [...groups].flatMap(([attempt, group]) =>
    runsOf(group).flatMap((run) => attemptsIn(run, attempt, rights)),
  );
  return [...alone, ...folded].sort(byTime);
}

/** The rows of ten minutes. One that was published again with more about it is still one. */
function rowsIn(bucket: Signal): readonly Row[] {
  const byEvent = new Map<string, Row>();
  for (const token of textsIn(bucket.facts['tries'])) {
    const { after, event, attempt, address } = readToken(token);
    const key = `${after} ${event}`;
    const known = byEvent.get(key);
    byEvent.set(key, {
      ...{ bucket, at: plus(bucket.at, after) },
      attempt: known?.attempt ?? attempt,
      address: known?.address ?? address,
    });
  }
  return [...byEvent.values()];
}

function runsOf(rows: readonly Row[]): readonly (readonly [Row, ...Row[]])[] {
  const runs: [Row, ...Row[]][] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    if (run !== undefined && row.at <= plus(run[0].at, SAME_ATTEMPT)) {
      run.push(row);
    } else {
      runs.push([row]);
    }
  }
  return runs;
}

function attemptsIn(
  run: readonly [Row, ...Row[]],
  attempt: string | undefined,
  rights: readonly RightTry[],
): readonly WrongTry[] {
  if (run.length > MAX_ROWS) {
    return run;
  }
  const last = run.at(-1) ?? run[0];
  const isRightInTheEnd = rights.some(
    ({ attempt: of, at }) => of === attempt && at >= last.at && at <= plus(run[0].at, SAME_ATTEMPT),
  );
  return isRightInTheEnd ? [] : [last];
}

// ---------------------------------------------------------------------------------------------------------- stretches

/** Tries that no pause longer than `gap` divides, in order. A day has its own, so that no late row moves another's. */
export function stretchesOf({ tries }: Story, gap: Duration): readonly Stretch[] {
  const groups: [WrongTry, ...WrongTry[]][] = [];
  for (const each of tries) {
    const before = groups.at(-1)?.at(-1);
    if (before !== undefined && isJoined(before, each, gap) && isSameDay(before, each)) {
      groups.at(-1)?.push(each);
    } else {
      groups.push([each]);
    }
  }
  return groups.map(stretchOf);
}

function isJoined(before: WrongTry, after: WrongTry, gap: Duration): boolean {
  return after.at <= plus(before.at, gap);
}

function isSameDay(a: WrongTry, b: WrongTry): boolean {
  return dayOf(a.at) === dayOf(b.at);
}

function stretchOf(tries: readonly [WrongTry, ...WrongTry[]]): Stretch {
  const [{ bucket, at }] = tries;
  const [, ...buckets] = new Set(tries.map((each) => each.bucket));
  const last = (buckets.at(-1) ?? bucket).facts;
  return {
    ...{ day: dayOf(at), tries, buckets: [bucket, ...buckets] },
    addresses: new Set(tries.flatMap(({ address }) => address ?? [])),
    // The rows themselves are known to the tick.
    first: eventsOf(bucket)[0]?.at ?? at,
    last: (objectsIn(last['lastEvents']).at(-1)?.['at'] as Instant | undefined) ?? at,
  };
}

/** What the rows of a stretch say of one thing, such as from which countries they came. */
export function seenIn({ buckets }: Stretch, fact: string): readonly string[] {
  return [...new Set(buckets.flatMap(({ facts }) => textsIn(facts[fact])))].sort();
}

/** Ten minutes with more tries than are kept. */
export function isAtLeast({ buckets }: Stretch): boolean {
  return buckets.some(({ facts }) => textsIn(facts['tries']).length >= SET_CAP);
}
