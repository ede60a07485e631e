import type { Head } from '../../domain/hash-chain';
import type { Detector } from '../../domain/detector';
import { CrosscheckError } from '../../domain/errors';
import type { Finding } from '../../domain/findings/finding';
import { coverageEnd, floorOf } from '../../domain/findings/judge';
import {
  finished,
  nextEntry,
  type ChainHead,
  type Purge,
  type TrailEntry,
} from '../../domain/audit-trail/entries';
import {
  coverageByDetector,
  coverageOf,
  type ReadingState,
} from '../../domain/reading/source-state';
import { isHold, isInForce, rulesOf, matches, type Hold } from '../../domain/findings/suppression';
import {
  earliest,
  latest,
  plus,
  startOfDay,
  startOfMonth,
  type Duration,
  type Instant,
} from '../../domain/time';
import { believedNow } from '../../domain/reading/wrong-clock';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { Clock } from '../ports/clock';
import type { StoredFinding } from '../ports/finding-store';
import type { Stores } from '../ports/stores';
import { retryOnConflict } from '../retry-on-conflict';

export interface RetentionDeps {
  readonly stores: Stores;
  /** Every detector there is, also those that are switched off: what one may still look at must stay. */
  readonly detectors: readonly Detector[];
  readonly retention: Duration;
  readonly clock: Clock;
  /** How many findings one entry of the chain names; fewer for tests. */
  readonly findingsPerPurge?: number;
}

/** Others wrote to the chain each time when a purge was to be noted as carried out. */
export class PurgeUnfinishedError extends CrosscheckError {
  override readonly name = 'PurgeUnfinishedError';

  constructor(purge: number) {
    super(
      `the purge of entry ${purge} is carried out, and could not be noted as finished because the chain kept changing; ` +
        'nothing is lost, the next run notes it; check that not many runs overlap',
    );
  }
}

export interface RetentionReport {
  /** Findings that were removed. */
  readonly findings: number;
  /** Old enough, and kept because of a hold. */
  readonly held: number;
  /** Signals of the months before this were removed; absent when none were due. */
  readonly signalsBefore?: Instant;
}

const FINDINGS_PER_PURGE = 1_000;
/** A seal has as many parts as it needs, and may write one of them each time. */
const FINISHING = 20;
const BEGINNING = '0000-01-01T00:00:00.0000000Z' as Instant;

/**
 * Removes what is older than the retention: resolved findings with their history, alerts and lines, months of signals
 * below every floor, ledger and quarantine rows with the copies of damaged ones, counts per day. What goes is written into the chain of the record first; what a crash
 * left of it is carried out by the next run. Open findings and what a hold speaks of stay.
 */
export async function purgeExpired(archive: RetentionDeps): Promise<RetentionReport> {
  const { stores, clock, findingsPerPurge = FINDINGS_PER_PURGE } = archive;
  let findings = await finishPurge(archive);
  let held = 0;
  let holds = await holdsNow(stores);
  const limits = await limitsOf(archive);
  const others = await othersOf(archive, limits);
  const { signalsBefore, logsBefore } = others;
  const firstEntry = signalsBefore !== undefined || logsBefore !== undefined ? [others] : [];
  let heads: Head[] = [];
  async function carryOut(): Promise<void> {
    heads.sort((a, b) => (a.id < b.id ? -1 : 1));
    const nothing = { kind: 'purge', before: limits.before } as const;
    findings += await writePurge(archive, {
      ...(firstEntry.pop() ?? nothing),
      findings: heads,
    });
    heads = [];
    holds = await holdsNow(stores);
  }
  // One after the other: there may be more than memory takes.
  for await (const finding of stores.findings.movedBetween(BEGINNING, limits.before, ignore)) {
    if (!isOver(finding, limits)) {
      continue;
    }
    if (isKept(finding, holds, clock.now())) {
      held += 1;
      continue;
    }
    const { id, sequence, head } = finding;
    heads.push({ id, sequence, head });
    if (heads.length === findingsPerPurge) {
      await carryOut();
    }
  }
  if (heads.length + firstEntry.length > 0) {
    await carryOut();
  }
  return { findings, held, ...(signalsBefore !== undefined && { signalsBefore }) };
}

/** Nobody can say whether a finding that cannot be read may go: it stays, and verification names it. */
const ignore = (): void => undefined;

/** Writes a purge down and carries it out. @returns how many findings are gone. */
async function writePurge(archive: RetentionDeps, purge: Purge): Promise<number> {
  const { chain } = archive.stores;
  let gone = 0;
  // When seals come between each time, the next run goes on.
  await retryOnConflict(async () => {
    const { head, etag } = await chain.head();
    if (head.unfinished !== undefined) {
      gone += await finishPurge(archive); // of another run
      return undefined;
    }
    const next = nextEntry(head, purge, archive.clock.now());
    if (!(await chain.write(next.head, etag, next.entry))) {
      return undefined;
    }
    gone += await finishPurge(archive);
    return true;
  });
  return gone;
}

/** Carries out the purge that the chain speaks of. @returns how many findings are gone. */
async function finishPurge(archive: RetentionDeps): Promise<number> {
  const { stores } = archive;
  const { chain } = stores;
  const { head } = await chain.head();
  const entry = head.unfinished === undefined ? undefined : await chain.entry(head.unfinished);
  if (entry?.kind !== 'purge') {
    return 0;
  }
  const held = await holdsNow(stores);
  const kept = new Map<string, Head>();
  async function keep(finding: Finding): Promise<void> {
    const { id, sequence, head } = finding;
    kept.set(id, { id, sequence, head });
    await stores.index.put(finding); // an earlier run may have been killed after it took its lines
  }
  let gone = 0;
  for (const each of entry.findings) {
    const stored = await findIfReadable(stores.findings, each.id);
    if (stored === 'unreadable') {
      kept.set(each.id, each); // spoilt since it was chosen: what there is of it stays
      continue;
    }
    const isHeld = stored !== undefined && isKept(stored.finding, held, entry.at);
    if (isHeld || (stored !== undefined && stored.finding.head !== each.head)) {
      await keep(stored.finding);
      continue; // held or moved since it was chosen; the entry then only says where it stood
    }
    if (stored !== undefined) {
      await stores.index.remove(stored.finding);
    }
    if (await stores.findings.purge(each)) {
      gone += 1;
    } else if (stored !== undefined) {
      const moved = await stores.findings.find(each.id);
      await (moved && keep(moved.finding));
    }
  }
  if (entry.signalsBefore !== undefined) {
    const hasFindings = async (timelineId: string): Promise<boolean> =>
      (await stores.findings.readTimeline(timelineId, ignore)).length > 0;
    await stores.signals.purgeBefore(entry.signalsBefore, hasFindings);
  }
  if (entry.logsBefore !== undefined) {
    await stores.coverage.dropLedgerBefore(entry.logsBefore);
    await stores.quarantine.dropBefore(entry.logsBefore);
    await stores.counts.dropBefore(entry.logsBefore);
    await stores.damaged.dropCopiesBefore(entry.logsBefore);
  }
  await finish(archive, entry.sequence, [...kept.values()]);
  return gone;
}

async function findIfReadable(
  findings: Stores['findings'],
  id: string,
): Promise<StoredFinding | 'unreadable' | undefined> {
  try {
    return await findings.find(id);
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return 'unreadable';
    }
    throw error;
  }
}

/**
 * With what was kept, if anything was, in one write: from then on it must be there. When others write to the chain each
 * time, the purge stays unfinished and the next run carries it out once more.
 */
async function finish(
  { stores: { chain }, clock }: RetentionDeps,
  purge: number,
  findings: readonly Head[],
): Promise<void> {
  const isFinished = await retryOnConflict(
    async () => {
      const { head, etag } = await chain.head();
      if (head.unfinished !== purge) {
        return true;
      }
      const next: { readonly head: ChainHead; readonly entry?: TrailEntry } =
        findings.length === 0
          ? { head: finished(head) }
          : nextEntry(head, { kind: 'kept', purge, findings }, clock.now());
      return (await chain.write(next.head, etag, next.entry)) || undefined;
    },
    { tries: FINISHING, sleep: clock.sleep.bind(clock) },
  );
  if (isFinished === undefined) {
    throw new PurgeUnfinishedError(purge);
  }
}

interface Limits {
  readonly before: Instant;
  readonly floors: Floors;
}

async function limitsOf(archive: RetentionDeps): Promise<Limits> {
  const reading = await archive.stores.coverage.reading();
  // What is removed does not come back.
  const now = believedNow(reading, archive.clock.now());
  return { before: startOfDay(plus(now, -archive.retention)), floors: floorsOf(archive, reading) };
}

/** What is to go besides findings. */
async function othersOf(
  { stores }: RetentionDeps,
  { before, floors }: Limits,
): Promise<Omit<Purge, 'findings'>> {
  const floor = lowest(floors, before);
  const month = floor === undefined ? undefined : startOfMonth(floor);
  const purgedBefore = month === undefined ? undefined : await stores.signals.purgedBefore();
  const isDue = month !== undefined && (purgedBefore === undefined || purgedBefore < month);
  const hasLogs =
    (await stores.coverage.hasLedgerBefore(before)) ||
    (await stores.quarantine.hasBefore(before)) ||
    (await stores.damaged.hasCopiesBefore(before));
  return {
    ...{ kind: 'purge', before },
    ...(isDue && { signalsBefore: month }),
    ...(hasLogs && { logsBefore: before }),
  };
}

/**
 * Resolved, and nothing of it newer than the retention. While its detector could still say something of it, it stays: it
 * would come back without what people decided.
 */
function isOver(finding: Finding, { before, floors }: Limits): boolean {
  const { status, anchor, detector, lastSeenAt, movedAt = lastSeenAt } = finding;
  const floor = floors.get(detector);
  return (
    status === 'resolved' &&
    latest(lastSeenAt, movedAt) < before &&
    (floor === undefined || anchor.from < floor.at)
  );
}

function isKept(finding: Finding, holds: readonly Hold[], now: Instant): boolean {
  return holds.some((hold) => isInForce(hold, now) && matches(hold, finding));
}

async function holdsNow(stores: Stores): Promise<readonly Hold[]> {
  // What cannot be read may be a hold: then nothing is purged, and the run ends with that.
  return rulesOf(await stores.rules.everyStep({ mustBeWhole: true })).filter(isHold);
}

/** By detector, where it was ever switched on: its floor, and the end of what it has read. */
type Floors = ReadonlyMap<string, { readonly at: Instant; readonly end: Instant }>;

function floorsOf({ detectors }: RetentionDeps, reading: ReadingState): Floors {
  const floors = new Map<string, { at: Instant; end: Instant }>();
  for (const detector of detectors) {
    const coverage = coverageOf(detector, reading);
    const ends = Object.values(reading).flatMap(
      (each) => coverageByDetector(each)[detector.id]?.to ?? [],
    );
    // One that has read only some of what it needs may look at all of it yet.
    const end = coverageEnd(detector, coverage) ?? ends.toSorted()[0];
    const at = floorOf(detector, end);
    if (at !== undefined && end !== undefined) {
      floors.set(detector.id, { at, end });
    }
  }
  return floors;
}

/** The lowest floor; one of a detector that has stood still for longer than the retention does not count. */
function lowest(floors: Floors, before: Instant): Instant | undefined {
  return earliest(...[...floors.values()].filter(({ end }) => end >= before).map(({ at }) => at));
}
