import { startOf, type TrailEntry } from '../../domain/audit-trail/entries';
import { DAY, HOUR, plus, type Instant } from '../../domain/time';
import type { IntegrityFault } from '../../domain/audit-trail/stored-text';
import { verifyFinding, verifyRules } from '../../domain/audit-trail/verification';
import type { Sealed, SealedRecord } from '../../domain/audit-trail/verified-chain';
import type { ChainCopies, IdRange, RawRow, AuditTrailRows } from '../ports/audit-trail';
import type { Now } from '../ports/clock';
import { copyOf } from './seal';
import { SealedChain, walkChain } from './sealed-chain';
import { CountAudit, type CountEvidence } from './verify-counts';
import { ListAudit, type ListEvidence } from './verify-lists';
import type { Finding } from '../../domain/findings/finding';

/** The record as it can be read by anyone who may read. */
export interface Evidence {
  readonly rows: AuditTrailRows;
  /** Absent when no container is configured. */
  readonly copies: ChainCopies | undefined;
  /** Absent: the lists and the counts per day are not compared with the findings. */
  readonly lists?: ListEvidence & CountEvidence;
  /** Absent: how old the last seal is, is not looked at. */
  readonly clock?: Now;
  /** What the chain says of so many findings is held at once; absent: `MAX_HEADS`. */
  readonly mostHeads?: number;
}

/** Only what happened then is looked at; the chain itself always from its beginning. */
export interface Range {
  readonly from?: Instant;
  readonly to?: Instant;
}

export interface Verification {
  /** Nothing was tampered with, nothing differs, and everything that should be looked at was. */
  readonly isSound: boolean;
  /** The first stands first: entries of the chain, rules, findings by their id, copies. */
  readonly tamperings: readonly IntegrityFault[];
  /** Derived rows that are not what the findings say, and that `repair` fixes. */
  readonly differences: readonly string[];
  /** What could not be looked at, and why. */
  readonly unseen: readonly string[];
  /** What verification cannot say, as things are. */
  readonly notes: readonly string[];
  readonly looked: Readonly<
    Record<'findings' | 'transitions' | 'rules' | 'seals' | 'purges' | 'copies', number>
  >;
  /** Everything before this stands in a seal. */
  readonly sealedThrough?: Instant;
}

/** People write while others verify: what looks wrong is looked at again before it is said. */
const LOOKS = 3;
/** An hour is sealed 20 minutes after its end: what is older than this and in no seal was unsealed, or never sealed. */
const UNSEALED = 3 * HOUR;
/** After its end a day may wait so long for its seal. */
const SEAL_LATE = 2 * DAY;
const MAX_FAULTS = 1_000;
/** The container is asked for so many entries that the chain does not have. */
const BEYOND = 3;

/** Said of what was not seen when there is no record at all. */
const NOTHING_THERE =
  'nothing was found to check: no finding, rule, seal or purge of this tenant is stored. Is TENANT_ID right, and are these the right tables?';

/** Looks whether the record is what was written: reads only, and trusts nothing that it reads. */
export async function verifyRecord(evidence: Evidence, range: Range = {}): Promise<Verification> {
  return new Audit(evidence, range).run();
}

class Audit {
  readonly #evidence: Evidence;
  readonly #range: Range;
  readonly #lists: ListAudit | undefined;
  readonly #counts: CountAudit | undefined;
  readonly #tamperings: IntegrityFault[] = [];
  readonly #differences: string[] = [];
  readonly #unseen: string[] = [];
  readonly #notes: string[] = [];
  /** The oldest transition that was met and that no seal is to know yet, whatever the range. */
  #oldest: Instant | undefined;
  /** Findings that are there, whatever the range. */
  #there = 0;
  readonly #looked = { findings: 0, transitions: 0, rules: 0, seals: 0, purges: 0, copies: 0 };

  constructor(evidence: Evidence, range: Range) {
    this.#evidence = evidence;
    this.#range = range;
    this.#lists = evidence.lists && new ListAudit(evidence.lists);
    this.#counts = evidence.lists && new CountAudit(evidence.lists);
  }

  async run(): Promise<Verification> {
    const chain = await this.#lookAtChain();
    const { sealed } = chain.walked;
    this.#say(await this.#lookAtRules(sealed));
    for (const slice of chain.slices) {
      await this.#lookAtSlice(slice, chain);
    }
    const isWhole = this.#tamperings.length === 0;
    const named = await this.#lookAtLists(chain);
    await this.#lookAtCounts(isWhole, named);
    await this.#lookAtCopies(chain);
    if (sealed.leaving.size > 0) {
      this.#unseen.push(
        `${sealed.leaving.size} findings: a purge of them is written down and not finished`,
      );
    }
    this.#lookAtAge(sealed.through);
    this.#lookForNothing();
    if (this.#tamperings.length >= MAX_FAULTS) {
      this.#notes.push('1,000 or more rows are not what was written; the rest is not listed');
    }
    return {
      isSound: [this.#tamperings, this.#differences, this.#unseen].every(
        (each) => each.length === 0,
      ),
      ...{ tamperings: this.#tamperings, differences: this.#differences },
      ...{ unseen: this.#unseen, notes: this.#notes, looked: this.#looked },
      ...(sealed.through !== undefined && { sealedThrough: sealed.through }),
    };
  }

  async #lookAtChain(): Promise<SealedChain> {
    const chain = await SealedChain.read(this.#evidence.rows, this.#evidence.mostHeads);
    this.#say(chain.walked.tamperings);
    const { seals, purges, through } = chain.walked.sealed;
    this.#looked.seals = seals;
    this.#looked.purges = purges;
    if (through === undefined) {
      this.#notes.push(
        'nothing is sealed yet: what was removed as a whole, or rewritten from its first row on, cannot be noticed',
      );
    }
    return chain;
  }

  /** Nobody is to take for a sound record that there is none, or none that was asked for. */
  #lookForNothing(): void {
    const { from } = this.#range;
    const now = this.#evidence.clock?.now();
    const { findings, rules, seals, purges } = this.#looked;
    if (this.#tamperings.length === 0 && this.#there + rules + seals + purges === 0) {
      this.#unseen.push(NOTHING_THERE);
    } else if (from !== undefined && now !== undefined && from > now) {
      this.#unseen.push(`what is to come: the range begins at ${from}, and nothing is of then`);
    } else if (findings === 0 && this.#there > 0) {
      this.#notes.push('nothing of any finding happened in the range that was asked for');
    }
  }

  /** Whoever takes seals away and puts the head back leaves a chain that is whole, and ends too early. */
  #lookAtAge(through: Instant | undefined): void {
    const now = this.#evidence.clock?.now();
    if (now === undefined) {
      return;
    }
    if (this.#oldest !== undefined && this.#oldest < plus(now, -UNSEALED)) {
      const which = through === undefined ? 'the seals' : `the seals after ${through}`;
      this.#unseen.push(
        `${which}: there is none, and there should be one of the hour of ${this.#oldest}; the app stood still since, or they were taken away`,
      );
      return;
    }
    if (through !== undefined && through < plus(now, -SEAL_LATE)) {
      this.#unseen.push(`the seals after ${through}: there is none, and each day should have one`);
    }
  }

  async #lookAtRules(sealed: SealedRecord): Promise<readonly IntegrityFault[]> {
    const looked = await again(
      async () => {
        const rows = await this.#evidence.rows.rules();
        return { rows, found: verifyRules(rows, sealed) };
      },
      ({ found }) => found.length === 0,
    );
    this.#looked.rules = new Set(
      looked.rows.filter((row) => row.kind === 'rule').map((row) => row.id),
    ).size;
    return looked.found;
  }

  /** The findings with ids in one slice, and those that should be there. */
  async #lookAtSlice(slice: IdRange, chain: SealedChain): Promise<void> {
    const sealed = await chain.sealedIn(slice);
    const missing = new Set(mustBeThere(sealed));
    for await (const { id, rows } of this.#evidence.rows.timelines(slice)) {
      await this.#lookAtTimeline(id, rows, sealed, missing);
    }
    await this.#lookForRemoved(chain, sealed, missing);
  }

  async #lookAtTimeline(
    timelineId: string,
    found: readonly RawRow[],
    sealed: Sealed,
    missing: Set<string>,
  ): Promise<void> {
    for (const [id, rows] of Map.groupBy(found, (row) => row.id)) {
      let own: readonly RawRow[] = rows;
      const { links, tampering } = await again(
        async (isAgain) => {
          if (isAgain) {
            const now = await this.#evidence.rows.timeline(timelineId);
            own = now.filter((row) => row.id === id);
          }
          return own.length === 0
            ? { links: [], tampering: undefined } // purged meanwhile, or removed: looked for below
            : verifyFinding(id, own, sealed);
        },
        (each) => each.tampering === undefined,
      );
      const first = links.find(
        ({ at }) => sealed.through === undefined || at >= sealed.through,
      )?.at;
      if (first !== undefined && (this.#oldest === undefined || first < this.#oldest)) {
        this.#oldest = first;
      }
      if (own.length === 0) {
        continue;
      }
      missing.delete(id);
      this.#there += 1;
      const finding = tampering === undefined ? findingIn(own) : undefined;
      this.#lists?.saw(id, finding);
      if (finding !== undefined) {
        this.#counts?.saw(finding, links);
      }
      if (tampering !== undefined || links.some(({ at }) => isWithin(at, this.#range))) {
        this.#looked.findings += 1;
        this.#looked.transitions += links.length;
        this.#say(tampering === undefined ? [] : [tampering]);
      }
    }
  }

  /** What is sealed and not there must have been purged; a purge may have come since the chain was read. */
  async #lookForRemoved(
    chain: SealedChain,
    sealed: Sealed,
    missing: ReadonlySet<string>,
  ): Promise<void> {
    const purged = await chain.purgedAmong(missing);
    for (const [id, { sequence, by, day }] of missing.size === 0 ? [] : sealed.findings) {
      if (
        missing.has(id) &&
        !purged.has(id) &&
        (day === undefined || isWithin(startOf({ day }), this.#range, DAY))
      ) {
        const detail = `entry ${by} of the chain names it with ${sequence} rows, and nothing of it is there`;
        this.#say([{ what: 'removed', place: `finding ${id}`, detail }]);
        this.#lists?.saw(id, undefined);
      }
    }
  }

  /**
   * A list is written after its finding: it may tell of what somebody took away before it was sealed.
   * @returns the ids of the findings that are named.
   */
  async #lookAtLists(chain: SealedChain): Promise<readonly string[]> {
    if (this.#lists === undefined) {
      return [];
    }
    const { tamperings, purged } = await this.#lists.run({
      leaving: chain.walked.sealed.leaving,
      purgedAmong: (ids) => chain.purgedAmong(ids),
    });
    this.#say(tamperings);
    if (purged > 0) {
      this.#notes.push(
        `the lists still show ${purged} findings that were purged; run: crosscheck repair`,
      );
    }
    return tamperings.flatMap(({ place }) => /[0-9a-f]{16}-[0-9a-f]{12}/.exec(place) ?? []);
  }

  /** What is counted is that of whole histories: where one is not, nothing can be compared. */
  async #lookAtCounts(isWhole: boolean, named: readonly string[]): Promise<void> {
    if (this.#counts === undefined) {
      return;
    }
    if (!isWhole) {
      this.#notes.push(
        'the counts per day were not compared: the findings are not what was written',
      );
      return;
    }
    const { lost, differences } = await this.#counts.run(async () => {
      // A purge may have come since the chain was read first.
      const { purgedTo = '' } = (await walkChain(this.#evidence.rows)).sealed;
      return (day) => day > purgedTo && isWithin(startOf({ day }), this.#range, DAY);
    }, named);
    this.#say(lost);
    this.#differences.push(...differences);
  }

  async #lookAtCopies(chain: SealedChain): Promise<void> {
    const { copies } = this.#evidence;
    if (copies === undefined) {
      this.#notes.push(
        'no container is configured (SEAL_CONTAINER): the chain was compared with no copy that nobody can change',
      );
      return;
    }
    try {
      const { entries: last, head } = chain.walked;
      for await (const { entry, raw } of chain.entries()) {
        if (this.#concerns(entry)) {
          const texts = [copyOf(entry), copyOf(raw)];
          this.#compare(entry, texts, await copies.read(entry.sequence), head?.copied ?? 0);
        }
      }
      for (let beyond = last + 1; beyond <= last + BEYOND; beyond++) {
        if ((await copies.read(beyond)) !== undefined && (await this.#isStill(last))) {
          const detail = 'the container has a copy of it, and the chain ends before it';
          this.#say([{ what: 'removed', place: `entry ${beyond}`, detail }]);
          break;
        }
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown';
      this.#unseen.push(`the copies of the chain: ${why}`);
    }
  }

  #compare(
    entry: TrailEntry,
    texts: readonly string[],
    copy: string | undefined,
    copied: number,
  ): void {
    const place = `entry ${entry.sequence}`;
    if (copy === undefined && entry.sequence <= copied) {
      const detail = 'its copy is gone from the container';
      this.#say([{ what: 'removed', place: `the copy of ${place}`, detail }]);
    } else if (copy === undefined) {
      this.#notes.push(`${place} of the chain is not copied to the container yet`);
    } else if (!texts.includes(copy)) {
      this.#say([{ what: 'changed', place, detail: 'its copy in the container is another' }]);
    } else {
      this.#looked.copies += 1;
    }
  }

  /** Whether the chain still ends where it did when it was read. */
  async #isStill(last: number): Promise<boolean> {
    return (await walkChain(this.#evidence.rows)).entries === last;
  }

  #concerns(entry: TrailEntry): boolean {
    return entry.kind === 'seal'
      ? isWithin(startOf({ day: entry.day }), this.#range, DAY)
      : isWithin(entry.at, this.#range);
  }

  #say(found: readonly IntegrityFault[]): void {
    this.#tamperings.push(...found.slice(0, MAX_FAULTS - this.#tamperings.length));
  }
}

function findingIn(rows: readonly RawRow[]): Finding | undefined {
  const row = rows.find(({ kind }) => kind === 'finding');
  return row && ((row.current ?? row.value) as Finding);
}

/** What was sealed and not purged since. */
function* mustBeThere({ findings, leaving }: Sealed): Iterable<string> {
  for (const [id, { gone }] of findings) {
    if (gone === undefined && !leaving.has(id)) {
      yield id;
    }
  }
}

/** Looks, and looks again while something is wrong. */
async function again<T>(
  look: (isAgain: boolean) => Promise<T>,
  isFine: (found: T) => boolean,
): Promise<T> {
  let found = await look(false);
  for (let looks = 1; looks < LOOKS && !isFine(found); looks++) {
    found = await look(true);
  }
  return found;
}

/** Whether a moment, or a stretch that begins there, touches the range. */
function isWithin(at: Instant, { from, to }: Range, lasting = 0): boolean {
  return (
    (from === undefined || plus(at, lasting) > from || (lasting === 0 && at === from)) &&
    (to === undefined || at < to)
  );
}
