import { canonical, type Json } from '../../domain/json';
import type { Head } from '../../domain/hash-chain';
import { CrosscheckError } from '../../domain/errors';
import type { Transition } from '../../domain/findings/transition';
import {
  endOf,
  isSame,
  LATE_WRITES,
  nameOf,
  nextEntry,
  startOf,
  type ChainHead,
  type Day,
  type Period,
  type TrailEntry,
  type Seal,
  type SealedHour,
} from '../../domain/audit-trail/entries';
import { coverageByDetector } from '../../domain/reading/source-state';
import { DAY, dayOf, HOUR, plus, type Instant } from '../../domain/time';
import { believedNow } from '../../domain/reading/wrong-clock';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { ChainCopies } from '../ports/audit-trail';
import type { Now } from '../ports/clock';
import type { Stores } from '../ports/stores';

export interface SealDeps {
  readonly stores: Pick<Stores, 'findings' | 'rules' | 'chain' | 'coverage'>;
  /** Where nobody can change them; absent when no container is configured. */
  readonly copies: ChainCopies | undefined;
  readonly clock: Now;
  /** How many heads of findings and rules one row takes; fewer for tests. */
  readonly headsPerPart?: number;
}

export interface SealReport {
  /** Hours and days that were sealed to their end, by name. */
  readonly periods: readonly string[];
  /** False when others wrote to the chain each time: the next run goes on. */
  readonly isDone: boolean;
  readonly copied: number;
}

/** The container holds something else under the number of an entry. */
export class CopyDiffersError extends CrosscheckError {
  override readonly name = 'CopyDiffersError';

  constructor(sequence: number) {
    super(
      `the container holds another entry ${sequence} than the chain; find out who changed the record with: crosscheck verify`,
    );
  }
}

/** About 110 characters each, and a row takes half a million. */
const HEADS_PER_PART = 3_000;
/** How often it begins anew because somebody else wrote to the chain. */
const MAX_PASSES = 10;
/** The next run goes on. */
const MAX_HOURS = 60 * 24;
const COPIES_PER_NOTE = 50;
const BEGINNING = '0000-01-01T00:00:00.0000000Z' as Instant;
const END = '9999-12-31T00:00:00.0000000Z' as Instant;
/**
 * Seals every whole hour in which something moved, and each day over its hours, the oldest first, and copies what is
 * new to the container. Hours and days that were missed are made up for.
 */
export async function sealRecord({ clock, ...desk }: SealDeps): Promise<SealReport> {
  const now = believedNow(await desk.stores.coverage.reading(), clock.now());
  const believed: SealDeps = { ...desk, clock: { now: () => now } };
  const periods: string[] = [];
  let isDone = false;
  for (let passes = 0; passes < MAX_PASSES && !isDone; passes++) {
    isDone = await sealWhatIsOver(believed, periods);
  }
  return { periods, isDone, copied: await copyEntries(believed) };
}

/** @returns false when somebody else came between: what they wrote must be read first. */
async function sealWhatIsOver(desk: SealDeps, periods: string[]): Promise<boolean> {
  const { chain } = desk.stores;
  const place = await chain.head();
  const pending = pendingOf(place.head, desk.clock.now());
  const [first] = pending;
  if (first === undefined) {
    return true;
  }
  const listed = await listedSince(desk, place.head, plus(startOf(first), -LATE_WRITES));
  const chains = await movedSince(desk, first, isFirst(place.head, first));
  let at: Place | undefined = place;
  for (const period of pending) {
    const { lastSeal }: ChainHead = at.head;
    const isBegun = lastSeal !== undefined && !lastSeal.isLast;
    const lists: readonly Listed[] = isFirst(at.head, period)
      ? lastBefore(chains, BEGINNING, endOf(period))
      : lastBefore(chains, plus(startOf(period), -LATE_WRITES), endOf(period));
    const left: readonly Listed[] = lists.filter(({ of }) => !listed.has(of.head));
    const isQuiet = left.length === 0 && lastSeal !== undefined && !isBegun;
    if (period.hour !== undefined && isQuiet) {
      continue;
    }
    at =
      period.hour === undefined
        ? await writeDay(desk, at, period.day)
        : await writeHour(desk, at, period, left);
    if (at === undefined) {
      return false;
    }
    left.forEach(({ of }) => listed.add(of.head));
    periods.push(nameOf(period));
  }
  return true;
}

/** The chain as it was when somebody last looked. */
type Place = Awaited<ReturnType<Stores['chain']['head']>>;

/** Every hour that is over since the last seal, and every day after its hours. */
function pendingOf({ lastSeal }: ChainHead, now: Instant): readonly Period[] {
  const end = startOf(hourOf(now));
  const pending: Period[] = [];
  let next = plus(end, -HOUR);
  if (lastSeal !== undefined) {
    next = lastSeal.isLast ? endOf(lastSeal) : startOf(lastSeal);
    const isOver = lastSeal.isLast && lastSeal.hour === '23';
    pending.push(...(isOver ? [{ day: lastSeal.day }] : []));
  }
  while (next < end && pending.length < MAX_HOURS) {
    const period = hourOf(next);
    pending.push(period, ...(period.hour === '23' ? [{ day: period.day }] : []));
    next = plus(next, HOUR);
  }
  return pending;
}

function hourOf(at: Instant): Period & { readonly hour: string } {
  return { day: dayOf(at), hour: at.slice(11, 13) };
}

/** The first seal takes up all there is. */
function isFirst({ lastSeal }: ChainHead, period: Period): boolean {
  return lastSeal === undefined || (isSame(lastSeal, period) && lastSeal.isFirst === true);
}

interface Listed {
  readonly kind: 'findings' | 'rules';
  readonly of: Head;
}

/** Writes the parts of an hour that are missing. @returns undefined when somebody else came between. */
async function writeHour(
  desk: SealDeps,
  place: Place,
  period: Period,
  of: readonly Listed[],
): Promise<Place | undefined> {
  const most = desk.headsPerPart ?? HEADS_PER_PART;
  const { lastSeal } = place.head;
  let part = lastSeal !== undefined && !lastSeal.isLast ? lastSeal.part + 1 : 1;
  let at: Place | undefined = place;
  for (let from = 0; ; from += most) {
    const now = of.slice(from, from + most);
    const isLast = from + most >= of.length;
    const headsOf = (kind: Listed['kind']): readonly Head[] =>
      now.filter((each) => each.kind === kind).map((each) => each.of);
    at = await append(desk, at, {
      ...{ kind: 'seal', ...period, part, isLast, coverage: {} },
      ...{ findings: headsOf('findings'), rules: headsOf('rules') },
    });
    if (at === undefined || isLast) {
      return at;
    }
    part += 1;
  }
}

/** A day says which hours were sealed, and how far the logs were read. */
async function writeDay(desk: SealDeps, place: Place, day: Day): Promise<Place | undefined> {
  const hours: SealedHour[] = [];
  for await (const { sequence, hash, ...seal } of sealsBackFrom(desk, place.head)) {
    if (seal.hour === undefined) {
      break;
    }
    if (seal.isLast) {
      hours.unshift({ hour: seal.hour, entry: sequence, hash });
    }
  }
  const coverage = await coverageOf(desk, day);
  return append(desk, place, {
    ...{ kind: 'seal', day, part: 1, isLast: true, hours, coverage, findings: [], rules: [] },
  });
}

async function append(
  { stores, clock }: SealDeps,
  at: Place,
  seal: Seal,
): Promise<Place | undefined> {
  const { entry, head } = nextEntry(at.head, seal, clock.now());
  if (!(await stores.chain.write(head, at.etag, entry))) {
    return undefined;
  }
  const place = await stores.chain.head();
  return place.head.hash === entry.hash ? place : undefined; // a purge came between
}

async function* sealsBackFrom(
  { stores: { chain } }: SealDeps,
  head: ChainHead,
): AsyncIterable<TrailEntry & Seal> {
  for (let sequence = head.sequence; sequence > 0; sequence--) {
    const entry = await orUnreadable(chain.entry(sequence));
    if (entry === undefined) {
      return; // removed by somebody; verification says so
    }
    // One that cannot be read is named by verification, too. A head that it lists is then listed twice.
    if (entry !== 'unreadable' && entry.kind === 'seal') {
      yield entry;
    }
  }
}

/** Hashes that the seals of that time list. */
async function listedSince(desk: SealDeps, head: ChainHead, since: Instant): Promise<Set<string>> {
  const listed = new Set<string>();
  for await (const seal of sealsBackFrom(desk, head)) {
    if (endOf(seal) <= since) {
      break;
    }
    [...seal.findings, ...seal.rules].forEach((each) => listed.add(each.head));
  }
  return listed;
}

type Step = Head & { readonly at: Instant };
type Chains = Readonly<Record<Listed['kind'], readonly (readonly Step[])[]>>;

/** Where everything stood when, as far as it moved since shortly before a period, by id. */
async function movedSince(desk: SealDeps, period: Period, isAll: boolean): Promise<Chains> {
  const { findings, rules } = desk.stores;
  const from = isAll ? BEGINNING : plus(startOf(period), -LATE_WRITES);
  const chains: (readonly Step[])[] = [];
  /** Whose history says where it stood; of one that cannot be read the finding says where it stands. */
  const later = new Map<string, readonly Step[]>();
  const moved = findings.movedBetween(from, END, ({ findingId = '' }) => {
    later.set(findingId, []);
  });
  for await (const { id, sequence, head, movedAt } of moved) {
    if (movedAt !== undefined && (movedAt < endOf(period) || sequence === 1)) {
      chains.push([{ id, sequence, head, at: movedAt }]);
    } else {
      later.set(id, movedAt === undefined ? [] : [{ id, sequence, head, at: movedAt }]);
    }
  }
  for (const [id, known] of later) {
    const history = await orUnreadable(findings.history(id));
    const steps = history === 'unreadable' ? known : history.map(stepOf);
    chains.push(steps);
  }
  const byRule = Map.groupBy(await rules.everyStep(), ({ ruleId }) => ruleId);
  return {
    findings: chains.sort((a, b) => ((a[0]?.id ?? '') < (b[0]?.id ?? '') ? -1 : 1)),
    rules: [...byRule].map(([id, steps]) =>
      steps
        .map(({ sequence, hash, at }) => ({ id, sequence, head: hash, at }))
        .sort((a, b) => a.sequence - b.sequence),
    ),
  };
}

function stepOf({ findingId: id, sequence, hash, at }: Transition): Step {
  return { id, sequence, head: hash, at };
}

/** The audit trail is never mended, so one row of it that is spoilt must not keep the rest from being sealed. */
async function orUnreadable<T>(work: Promise<T>): Promise<T | 'unreadable'> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return 'unreadable';
    }
    throw error;
  }
}

/** Everything that moved in that time, as it was at its end. */
function lastBefore(chains: Chains, from: Instant, to: Instant): readonly Listed[] {
  return (['findings', 'rules'] as const).flatMap((kind) =>
    chains[kind].flatMap((steps) => {
      const last = steps.findLast(({ at }) => at < to);
      if (last === undefined || last.at < from) {
        return [];
      }
      const { id, sequence, head } = last;
      return [{ kind, of: { id, sequence, head } }];
    }),
  );
}

async function coverageOf({ stores }: SealDeps, day: Day): Promise<Seal['coverage']> {
  const states = Object.values(await stores.coverage.reading());
  return Object.fromEntries(
    states.map((state) => [state.source, recent(coverageByDetector(state), day)]),
  );
}

/** Gaps that were over the day before stand in an older seal. */
function recent(
  byDetector: NonNullable<Seal['coverage'][keyof Seal['coverage']]>,
  day: Day,
): NonNullable<Seal['coverage'][keyof Seal['coverage']]> {
  const since = plus(startOf({ day }), -DAY);
  return Object.fromEntries(
    Object.entries(byDetector).map(([id, { from, to, gaps }]) => [
      id,
      { from, to, gaps: gaps.filter((gap) => gap.to > since) },
    ]),
  );
}

// ---------------------------------------------------------------------------------------------------------- copies

/** What a copy holds of an entry. */
export function copyOf(entry: TrailEntry): string {
  return canonical(entry as unknown as Json);
}

async function copyEntries({ stores: { chain }, copies }: SealDeps): Promise<number> {
  if (copies === undefined) {
    return 0;
  }
  let copied = 0;
  const { head } = await chain.head();
  let done = head.copied ?? 0;
  for (let sequence = done + 1; sequence <= head.sequence; sequence++) {
    const entry = await orUnreadable(chain.entry(sequence));
    if (entry === undefined) {
      break; // removed by somebody; verification says so
    }
    if (entry === 'unreadable') {
      done = sequence; // nothing of it can be copied any more
      continue;
    }
    const text = copyOf(entry);
    if (!(await copies.put(sequence, text)) && (await copies.read(sequence)) !== text) {
      await note(chain, (now) => ({ ...now, differs: sequence }));
      throw new CopyDiffersError(sequence);
    }
    copied += 1;
    done = sequence;
    if (copied % COPIES_PER_NOTE === 0) {
      await noteCopied(chain, done);
    }
  }
  if (done > (head.copied ?? 0)) {
    await noteCopied(chain, done);
  }
  return copied;
}

function noteCopied(chain: Stores['chain'], to: number): Promise<void> {
  return note(chain, ({ differs: _d, ...now }) => ({
    ...now,
    copied: Math.max(to, now.copied ?? 0),
  }));
}

/** Refused when the chain moved meanwhile: then the same copies are looked at once more, next time. */
async function note(chain: Stores['chain'], change: (head: ChainHead) => ChainHead): Promise<void> {
  const { head, etag } = await chain.head();
  await chain.write(change(head), etag);
}
