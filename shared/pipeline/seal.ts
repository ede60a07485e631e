import { canonical, type Json } from '../domain/canonical';
import type { Head } from '../domain/chain';
import { CrosscheckError } from '../domain/errors';
import {
  nextEntry,
  type ChainHead,
  type Day,
  type RecordEntry,
  type Seal,
} from '../domain/record-chain';
import { coverageByDetector } from '../domain/source-state';
import type { RuleStep } from '../domain/suppression';
import { DAY, dayOf, HOUR, plus, startOfDay, toInstant, type Instant } from '../domain/time';
import type { ChainCopies, Now, Stores } from './ports';

export interface SealDesk {
  readonly stores: Pick<Stores, 'findings' | 'rules' | 'chain' | 'coverage'>;
  /** Where nobody can change them; absent when no container is configured. */
  readonly copies: ChainCopies | undefined;
  readonly clock: Now;
  /** How many heads of findings and rules one row takes; fewer for tests. */
  readonly headsPerPart?: number;
}

export interface SealReport {
  /** Days that were sealed to their end. */
  readonly days: readonly Day[];
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
const MOST_DAYS = 60;
const COPIES_PER_NOTE = 50;
const BEGINNING = '0000-01-01T00:00:00.0000000Z' as Instant;
const END = '9999-12-31T00:00:00.0000000Z' as Instant;
/**
 * A transition is timed before it is written. What was timed so long before a day is taken up by the seal of that day
 * once more, so that nothing falls between two seals.
 */
export const LATE_WRITES = HOUR;

/** Seals every whole day that is not sealed yet, the oldest first, and copies what is new to the container. */
export async function sealDays(desk: SealDesk): Promise<SealReport> {
  const days: Day[] = [];
  const today = dayOf(desk.clock.now());
  for (let rounds = 0; rounds < MOST_DAYS; rounds++) {
    const { head } = await desk.stores.chain.head();
    const day = nextDay(head, today);
    if (day >= today) {
      break;
    }
    if (await sealDay(desk, day)) {
      days.push(day);
    }
  }
  return { days, copied: await copyEntries(desk) };
}

function nextDay({ lastSeal }: ChainHead, today: Day): Day {
  if (lastSeal === undefined) {
    return shift(today, -1);
  }
  return lastSeal.isLast ? shift(lastSeal.day, 1) : lastSeal.day;
}

/** Writes the parts of a day that are missing. @returns false when somebody else came between. */
async function sealDay(desk: SealDesk, day: Day): Promise<boolean> {
  const { chain } = desk.stores;
  const most = desk.headsPerPart ?? HEADS_PER_PART;
  let { head, etag } = await chain.head();
  const before = head.lastSeal;
  const isBegun = before?.day === day && !before.isLast;
  const isFirst = isFirstDay(head, day);
  const listed = isBegun ? await listedOn(desk, head, day) : new Set<string>();
  let left = [
    ...(await headsOf(desk, day, isFirst)).map((of) => ({ kind: 'findings', of }) as const),
    ...(await rulesOf(desk, day, isFirst)).map((of) => ({ kind: 'rules', of }) as const),
  ].filter(({ of }) => !listed.has(of.id));
  for (let part = isBegun ? before.part + 1 : 1; ; part++) {
    const isLast = left.length <= most;
    const now = left.slice(0, most);
    const of = (kind: 'findings' | 'rules'): readonly Head[] =>
      now.filter((each) => each.kind === kind).map((each) => each.of);
    const content: Seal = {
      ...{ kind: 'seal', day, part, isLast, findings: of('findings'), rules: of('rules') },
      coverage: isLast ? await coverageOf(desk, day) : {},
    };
    const next = nextEntry(head, content, desk.clock.now());
    if (!(await chain.write(next.head, etag, next.entry))) {
      return false;
    }
    if (isLast) {
      return true;
    }
    left = left.slice(most);
    ({ head, etag } = await chain.head());
    if (head.sequence !== next.entry.sequence) {
      return false; // a purge came between; the next round goes on
    }
  }
}

/** What the parts of a day that are there list already. */
async function listedOn(
  { stores: { chain } }: SealDesk,
  head: ChainHead,
  day: Day,
): Promise<ReadonlySet<string>> {
  const listed = new Set<string>();
  for (let sequence = head.sequence; sequence > 0; sequence--) {
    const entry = await chain.entry(sequence);
    if (entry === undefined || (entry.kind === 'seal' && entry.day !== day)) {
      break;
    }
    if (entry.kind === 'seal') {
      [...entry.findings, ...entry.rules].forEach(({ id }) => listed.add(id));
    }
  }
  return listed;
}

function isFirstDay({ lastSeal }: ChainHead, day: Day): boolean {
  return lastSeal === undefined || (lastSeal.day === day && lastSeal.isFirst === true);
}

/** Everything that moved on that day, as it was at its end, by id. The first seal takes up all there is. */
async function headsOf({ stores }: SealDesk, day: Day, isFirst: boolean): Promise<readonly Head[]> {
  const from = isFirst ? BEGINNING : plus(start(day), -LATE_WRITES);
  const to = plus(start(day), DAY);
  const heads: Head[] = [];
  const unreadable: string[] = [];
  const moved = stores.findings.movedBetween(from, END, ({ findingId = '' }) => {
    unreadable.push(findingId);
  });
  const earlier: string[] = [];
  for await (const { id, sequence, head, movedAt } of moved) {
    if (movedAt !== undefined && movedAt < to) {
      heads.push({ id, sequence, head });
    } else {
      earlier.push(id);
    }
  }
  // Of a finding that cannot be read the history says where it stood.
  for (const id of [...earlier, ...unreadable]) {
    const last = (await stores.findings.history(id)).findLast((each) => each.at < to);
    if (last !== undefined && last.at >= from) {
      heads.push({ id, sequence: last.sequence, head: last.hash });
    }
  }
  return heads.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Every rule that moved on that day, as it was at its end; what older seals say of the others holds. */
async function rulesOf({ stores }: SealDesk, day: Day, isFirst: boolean): Promise<readonly Head[]> {
  const from = isFirst ? BEGINNING : plus(start(day), -LATE_WRITES);
  const to = plus(start(day), DAY);
  const last = new Map<string, RuleStep>();
  for (const step of await stores.rules.everyStep()) {
    if (step.at < to && step.sequence > (last.get(step.ruleId)?.sequence ?? 0)) {
      last.set(step.ruleId, step);
    }
  }
  return [...last.values()]
    .filter(({ at }) => at >= from)
    .map(({ ruleId: id, sequence, hash: head }) => ({ id, sequence, head }));
}

async function coverageOf({ stores }: SealDesk, day: Day): Promise<Seal['coverage']> {
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
  const since = plus(start(day), -DAY);
  return Object.fromEntries(
    Object.entries(byDetector).map(([id, { from, to, gaps }]) => [
      id,
      { from, to, gaps: gaps.filter((gap) => gap.to > since) },
    ]),
  );
}

// ---------------------------------------------------------------------------------------------------------- copies

/** What a copy holds of an entry. */
export function copyOf(entry: RecordEntry): string {
  return canonical(entry as unknown as Json);
}

async function copyEntries({ stores: { chain }, copies }: SealDesk): Promise<number> {
  if (copies === undefined) {
    return 0;
  }
  let copied = 0;
  const { head } = await chain.head();
  for (let sequence = (head.copied ?? 0) + 1; sequence <= head.sequence; sequence++) {
    const entry = await chain.entry(sequence);
    if (entry === undefined) {
      break; // removed by somebody; verification says so
    }
    const text = copyOf(entry);
    if (!(await copies.put(sequence, text)) && (await copies.read(sequence)) !== text) {
      await note(chain, (now) => ({ ...now, differs: sequence }));
      throw new CopyDiffersError(sequence);
    }
    copied += 1;
    if (sequence === head.sequence || copied % COPIES_PER_NOTE === 0) {
      await note(chain, ({ differs: _d, ...now }) => ({
        ...now,
        copied: Math.max(sequence, now.copied ?? 0),
      }));
    }
  }
  return copied;
}

/** Refused when the chain moved meanwhile: then the same copies are looked at once more, next time. */
async function note(chain: Stores['chain'], change: (head: ChainHead) => ChainHead): Promise<void> {
  const { head, etag } = await chain.head();
  await chain.write(change(head), etag);
}

function start(day: Day): Instant {
  return toInstant(`${day}T00:00:00Z`);
}

function shift(day: Day, days: number): Day {
  return dayOf(startOfDay(plus(start(day), days * DAY)));
}
