import { checkCoverage, type CoverageBySource, type Look } from '../../domain/reading/coverage';
import type { Signal } from '../../domain/findings/signal';
import { between, DAY, HOUR, MINUTE, plus, startOfDay, type Instant } from '../../domain/time';
import { SAME_ATTEMPT, seenIn, type Event, type RightTry, type Story, type Stretch } from './story';
import type { MessageId } from './words';

export interface Thresholds {
  readonly threshold: number;
  readonly allowance: number;
  readonly gap: number;
  readonly quiet: number;
}

/** What a stretch of wrong tries is taken for. */
export interface Verdict {
  readonly message: MessageId;
  readonly stretch: Stretch;
  /** When smart lockout first showed. */
  readonly locked?: Event | undefined;
  /** The right password that followed, or what shows that somebody had only forgotten it. */
  readonly right?: RightTry | undefined;
  readonly changed?: Signal | undefined;
  /** Whether the log shows all changes of the password between the last wrong try and the right one. */
  readonly changes?: 'known' | 'not-yet' | 'not-known' | undefined;
  /** The usual time between two tries. */
  readonly every?: number | undefined;
  /** Tries before the lockout. */
  readonly before?: number | undefined;
  /** Part of the sign-ins was not read in which the right password might have followed. */
  readonly isRightUnknown?: true;
  /** When that will be known of sign-ins that are still to be read. */
  readonly rightKnownAt?: Instant;
  /** Whether it can be said: with sign-ins that were not read the stretch might be another, or none. */
  readonly look: Look;
  /** What explains the right password: without it, it would be a guessed one. */
  readonly instead?: Explanation | undefined;
}

/** The right password so soon after the wrong ones is taken for guessed. */
const SOON = HOUR;
/** Whoever had only forgotten it has a new one, or remembers, by then. */
const REMEMBERS = DAY;
/** So far back a sign-in makes a country a known one. */
export const KNOWN = 7 * DAY;
/** Who has a new password has it entered on every device by then. */
const CATCHING_UP = DAY;
/**
 * Devices try by the clock, people do not: so many of the times between two tries are alike, within this much. Faster
 * than once a minute tries a tool, or somebody in a hurry.
 */
const REGULAR = { share: 0.8, within: 0.2 } as const;
const LONG = 3 * HOUR;

/** The first that fits, in the order of the catalogue; undefined: nothing worth a word. */
export function verdictOn(
  stretch: Stretch,
  story: Story,
  coverage: CoverageBySource,
  settings: Thresholds,
): Verdict | undefined {
  const { threshold, allowance, gap } = settings;
  const limit = threshold * allowance;
  if (stretch.tries.length < limit) {
    return undefined;
  }
  const locked = story.locked.find(
    ({ at }) => at >= stretch.first && at <= plus(stretch.last, gap),
  );
  const candidates = rightAfter(stretch, story, coverage, limit);
  const found =
    guessed(candidates, stretch, coverage) ??
    spread(stretch, coverage) ??
    personal(stretch, story) ??
    overshoot(stretch, locked, limit);
  // What was seen of tries from many places, or of a guessed password, is true whatever else there was, and nobody is to
  // wait for it; what the others are taken for changes with every row.
  const isTrueAlready = found?.message === 'guessed' || found?.message === 'spread';
  const look = isTrueAlready ? SURE : checkCoverage(coverage.signIns, ...around(stretch, gap));
  const instead = isTrueAlready ? undefined : candidates[0]?.instead;
  return found && { ...found, stretch, locked, look, instead };
}

type Found = Omit<Verdict, 'stretch' | 'locked' | 'look' | 'instead'>;

const SURE: Look = { verdict: 'covered' };

/** The time in which another row would make it another stretch. */
export function around({ first, last }: Stretch, gap: number): readonly [Instant, Instant] {
  return [plus(first, -gap), plus(last, Math.max(gap, SAME_ATTEMPT))];
}

/**
 * The right password after many wrong ones. With a change of the password it is the new one that was entered; where one
 * device has sent the old one for hours from the same place, it is its owner who knows it.
 */
interface Candidate {
  readonly right: RightTry;
  readonly lastWrong: Instant;
  readonly instead: Explanation | undefined;
}

interface Explanation {
  readonly signal: Signal;
  readonly by: 'change' | 'device';
}

function rightAfter(
  stretch: Stretch,
  story: Story,
  coverage: CoverageBySource,
  limit: number,
): readonly Candidate[] {
  return story.rights.flatMap((right): Candidate[] => {
    const before = stretch.tries.filter(({ at }) => at <= right.at);
    const last = before.at(-1);
    if (
      last === undefined ||
      before.length < limit ||
      right.at > plus(last.at, SOON) ||
      !before.some(({ address }) => address !== undefined && address === right.addressHash) ||
      (stretch.addresses.size <= 1 && !isNewCountry(right, stretch, story, coverage))
    ) {
      return [];
    }
    const from = isOneDevice(stretch) ? plus(stretch.first, -CATCHING_UP) : last.at;
    const change = story.changes.find(({ at }) => at >= from && at <= right.at);
    // A stray try from elsewhere, such as one of a spray, makes no guess of it.
    const isElsewhere = ({ address }: (typeof before)[number]): boolean =>
      address !== undefined && address !== right.addressHash;
    const home = before.filter((each) => !isElsewhere(each));
    const [first = last] = home;
    const lastAtHome = home.at(-1) ?? last;
    const isDevice =
      before.length - home.length < limit && isForHours(home.length, first.at, lastAtHome.at);
    const instead: Explanation | undefined =
      change !== undefined
        ? { signal: change, by: 'change' }
        : isDevice
          ? { signal: first.bucket, by: 'device' }
          : undefined;
    return [{ right, lastWrong: last.at, instead }];
  });
}

function guessed(
  candidates: readonly Candidate[],
  stretch: Stretch,
  { directoryAudits }: CoverageBySource,
): Found | undefined {
  const candidate = candidates.find(({ instead }) => instead === undefined);
  if (candidate === undefined) {
    return undefined;
  }
  const { right, lastWrong } = candidate;
  const from = isOneDevice(stretch) ? plus(stretch.first, -CATCHING_UP) : lastWrong;
  const look = checkCoverage(directoryAudits, from, right.at);
  const isRead = directoryAudits !== undefined;
  const changes =
    look.verdict === 'covered'
      ? 'known'
      : look.verdict === 'later' && isRead
        ? 'not-yet'
        : 'not-known';
  return { message: 'guessed', right, changes };
}

/** Absence of a country is said only of a week that was read. */
function isNewCountry(
  { country }: RightTry,
  { first }: Stretch,
  { rights }: Story,
  { signIns }: CoverageBySource,
): boolean {
  const from = plus(startOfDay(first), -KNOWN);
  const known = rights.filter((each) => each.country !== '' && each.at >= from && each.at < first);
  return (
    country !== '' &&
    known.length > 0 &&
    known.every((each) => each.country !== country) &&
    checkCoverage(signIns, from, first).verdict === 'covered'
  );
}

/** It may still send the password of yesterday, until its owner enters the new one: at home and on the way. */
function isOneDevice(stretch: Stretch): boolean {
  return (
    stretch.addresses.size <= 2 &&
    seenIn(stretch, 'clients').length === 1 &&
    seenIn(stretch, 'ways').every((way) => way !== 'browser')
  );
}

function spread(stretch: Stretch, { signIns }: CoverageBySource): Found | undefined {
  if (stretch.addresses.size < 5 && seenIn(stretch, 'countries').length < 3) {
    return undefined;
  }
  const until = plus(stretch.last, SOON);
  const { verdict } = checkCoverage(signIns, stretch.first, until);
  return {
    message: 'spread',
    ...(verdict === 'never' && { isRightUnknown: true }),
    ...(verdict === 'later' && { rightKnownAt: until }),
  };
}

/** One device with an old password, or one person at a browser. */
function personal(stretch: Stretch, story: Story): Found | undefined {
  const forgot = forgotten(stretch, story);
  const devices = seenIn(stretch, 'devices');
  const hasOneDevice = devices.length === 1 && devices[0] !== '';
  if ((stretch.addresses.size > 1 && !hasOneDevice) || seenIn(stretch, 'clients').length > 1) {
    return forgot;
  }
  const { first, last, tries } = stretch;
  const gaps = tries.slice(1).map(({ at }, i) => between(tries[i]?.at ?? at, at));
  const every = medianOf(gaps);
  const stale = { message: 'stale', every } as const;
  if (isForHours(tries.length, first, last)) {
    return stale;
  }
  // Whoever tries once a minute at a browser and then has a new password is no device.
  const alike = gaps.filter((gap) => Math.abs(gap - every) <= every * REGULAR.within);
  const isByClock = every >= MINUTE && alike.length >= gaps.length * REGULAR.share;
  return forgot ?? (isByClock ? stale : undefined);
}

/** So slowly and so long nobody tries by hand, and no tool. */
function isForHours(count: number, first: Instant, last: Instant): boolean {
  const length = between(first, last);
  return length >= LONG && count <= length / MINUTE;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function forgotten(stretch: Stretch, { changes, rights }: Story): Found | undefined {
  const isByHand = seenIn(stretch, 'ways').every((way) => way === 'browser');
  if (stretch.addresses.size > 2 || !isByHand) {
    return undefined;
  }
  const isNext = ({ at }: { readonly at: Instant }): boolean =>
    at >= stretch.last && at <= plus(stretch.last, REMEMBERS);
  const changed = changes.find(isNext);
  const right = rights.find(isNext);
  return changed === undefined && right === undefined
    ? undefined
    : { message: 'forgot', changed, right };
}

function overshoot(
  { tries }: Stretch,
  locked: Event | undefined,
  limit: number,
): Found | undefined {
  const before = tries.filter(({ at }) => locked !== undefined && at <= locked.at).length;
  return before > limit ? { message: 'overshoot', before } : undefined;
}
