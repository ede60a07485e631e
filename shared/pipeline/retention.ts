import type { Detector } from '../domain/detector';
import type { Finding } from '../domain/finding';
import { coverageEnd, floorOf } from '../domain/judge';
import { finished, nextEntry, type Purge } from '../domain/record-chain';
import { SOURCES } from '../domain/record';
import { isHold, isInForce, rulesOf, speaksOf, type Hold } from '../domain/suppression';
import { earliest, latest, plus, startOfDay, type Duration, type Instant } from '../domain/time';
import type { Now, Stores } from './ports';

export interface Archive {
  readonly stores: Stores;
  /** Every detector there is, also those that are switched off: what one may still look at must stay. */
  readonly detectors: readonly Detector[];
  readonly retention: Duration;
  readonly clock: Now;
  /** How many findings one entry of the chain names; fewer for tests. */
  readonly findingsPerPurge?: number;
}

export interface RetentionReport {
  /** Findings that were removed. */
  readonly findings: number;
  /** Old enough, and kept because of a hold. */
  readonly held: number;
  readonly signalTables: readonly string[];
}

const FINDINGS_PER_PURGE = 1_000;
const MOST_PURGES = 20;
const BEGINNING = '0000-01-01T00:00:00.0000000Z' as Instant;

/**
 * Removes what is older than the retention: resolved findings with their history, alerts and lines, months of signals
 * below every floor, ledger and quarantine rows. What goes is written into the chain of the record first; what a crash
 * left of it is carried out by the next run. Open findings and what a hold speaks of stay.
 */
export async function purgeExpired(archive: Archive): Promise<RetentionReport> {
  const { chain } = archive.stores;
  const total = { findings: await finishPurge(archive), held: 0, signalTables: [] as string[] };
  for (let round = 0; round < MOST_PURGES; round++) {
    const { purge, held } = await choose(archive);
    total.held = held;
    if (purge === undefined) {
      break;
    }
    const { head, etag } = await chain.head();
    if (head.unfinished === undefined) {
      const next = nextEntry(head, purge, archive.clock.now());
      if (!(await chain.write(next.head, etag, next.entry))) {
        continue; // a seal came between
      }
      total.signalTables.push(...purge.signalTables);
    }
    total.findings += await finishPurge(archive);
  }
  return total;
}

/** Carries out the purge that the chain speaks of. @returns how many findings are gone. */
async function finishPurge({ stores }: Archive): Promise<number> {
  const { chain } = stores;
  const { head } = await chain.head();
  const entry = head.unfinished === undefined ? undefined : await chain.entry(head.unfinished);
  if (entry?.kind !== 'purge') {
    return 0;
  }
  const held = await holdsNow(stores);
  let gone = 0;
  for (const each of entry.findings) {
    const stored = await stores.findings.find(each.id);
    const isHeld = stored !== undefined && isKept(stored.finding, held, entry.at);
    if (isHeld || (stored !== undefined && stored.finding.head !== each.head)) {
      await stores.index.put(stored.finding); // an earlier run may have been killed after it took its lines
      continue; // held or moved since it was chosen; the entry then only says where it stood
    }
    if (stored !== undefined) {
      await stores.index.remove(stored.finding);
    }
    if (await stores.findings.purge(each)) {
      gone += 1;
    } else if (stored !== undefined) {
      const moved = await stores.findings.find(each.id);
      await (moved && stores.index.put(moved.finding));
    }
  }
  await stores.signals.drop(entry.signalTables);
  if (entry.logsBefore !== undefined) {
    await stores.coverage.dropLedgerBefore(entry.logsBefore);
    await stores.quarantine.dropBefore(entry.logsBefore);
  }
  await finish(chain, entry.sequence);
  return gone;
}

async function finish(chain: Stores['chain'], sequence: number): Promise<void> {
  for (;;) {
    const { head, etag } = await chain.head();
    if (head.unfinished !== sequence || (await chain.write(finished(head), etag))) {
      return;
    }
  }
}

/** Nobody can say whether a finding that cannot be read may go: it stays, and verification names it. */
const ignore = (): void => undefined;

/** What is to go, in one entry; nothing when nothing is. */
async function choose(archive: Archive): Promise<{ purge: Purge | undefined; held: number }> {
  const { stores, retention, clock, findingsPerPurge = FINDINGS_PER_PURGE } = archive;
  const before = startOfDay(plus(clock.now(), -retention));
  const holds = await holdsNow(stores);
  const floors = await floorsOf(archive);
  const chosen: Finding[] = [];
  let held = 0;
  for await (const finding of stores.findings.movedBetween(BEGINNING, before, ignore)) {
    if (!isOver(finding, before, floors)) {
      continue;
    }
    if (isKept(finding, holds, clock.now())) {
      held += 1;
    } else {
      chosen.push(finding);
    }
  }
  chosen.sort((a, b) => (a.id < b.id ? -1 : 1));
  const floor = lowest(floors, before);
  const signalTables = floor === undefined ? [] : await stores.signals.below(floor);
  const hasLogs =
    (await stores.coverage.hasLedgerBefore(before)) || (await stores.quarantine.hasBefore(before));
  const purge: Purge = {
    ...{ kind: 'purge', before, signalTables },
    findings: chosen
      .slice(0, findingsPerPurge)
      .map(({ id, sequence, head }) => ({ id, sequence, head })),
    ...(hasLogs && { logsBefore: before }),
  };
  const isEmpty = chosen.length === 0 && signalTables.length === 0 && !hasLogs;
  return { purge: isEmpty ? undefined : purge, held };
}

/**
 * Resolved, and nothing of it newer than the retention. While its detector could still say something of it, it stays: it
 * would come back without what people decided.
 */
function isOver(finding: Finding, before: Instant, floors: Floors): boolean {
  const { status, anchor, detector, lastSeenAt, movedAt = lastSeenAt } = finding;
  const floor = floors.get(detector);
  return (
    status === 'resolved' &&
    latest(lastSeenAt, movedAt) < before &&
    (floor === undefined || anchor.from < floor.at)
  );
}

function isKept(finding: Finding, holds: readonly Hold[], now: Instant): boolean {
  return holds.some((hold) => isInForce(hold, now) && speaksOf(hold, finding));
}

async function holdsNow(stores: Stores): Promise<readonly Hold[]> {
  return rulesOf(await stores.rules.steps()).filter(isHold);
}

/** By detector, where it was ever switched on: its floor, and the end of what it has read. */
type Floors = ReadonlyMap<string, { readonly at: Instant; readonly end: Instant }>;

async function floorsOf({ stores, detectors }: Archive): Promise<Floors> {
  const floors = new Map<string, { at: Instant; end: Instant }>();
  for (const detector of detectors) {
    const coverage = await stores.coverage.read(detector.id);
    const ends = SOURCES.flatMap((source) => coverage[source]?.to ?? []);
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
  const counted = [...floors.values()].filter(({ end }) => end >= before).map(({ at }) => at);
  const [first, ...others] = counted;
  return first === undefined ? undefined : earliest(first, ...others);
}
