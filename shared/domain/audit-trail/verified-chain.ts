import type { Head } from '../hash-chain';
import {
  anybody,
  changed,
  inserted,
  LinkWalk,
  lookAtRow,
  meaningOf,
  removed,
  textOf,
  type StoredText,
  type IntegrityFault,
} from './stored-text';
import {
  endOf,
  isSame,
  nameOf,
  type ChainHead,
  type Day,
  type TrailEntry,
  type Seal,
  type SealedHour,
} from './entries';
import { dayOf, type Instant } from '../time';

/** What the chain of the record says, without what it says of single findings: those may be millions. */
export interface SealedRecord {
  readonly rules: ReadonlyMap<string, SealedHead>;
  /** Ids whose removal was written down and is not known to be carried out. */
  readonly leaving: ReadonlySet<string>;
  /** Everything timed before this should stand in a seal. */
  readonly through: Instant | undefined;
  readonly seals: number;
  readonly purges: number;
  /** Of the days after this one everything is there that was counted on them; absent: of every day. */
  readonly purgedTo: Day | undefined;
}

/** What the chain of the record says must be there. */
export interface Sealed extends SealedRecord {
  /** The last head that a seal or a purge names, by id; `gone` when it was purged at that head. */
  readonly findings: ReadonlyMap<string, SealedHead>;
}
export type SealedHead = Head & {
  readonly by: number;
  readonly day?: string;
  readonly gone?: Instant;
};

/** A chain that was walked to its end. */
export interface WalkedChain {
  /** So many entries are what was written. */
  readonly entries: number;
  readonly head: ChainHead | undefined;
  readonly sealed: SealedRecord;
  readonly tamperings: readonly IntegrityFault[];
}

/**
 * Looks at the chain of the record row by row, in order of their keys, and says what it says must be there. Of what the
 * entries say of findings it keeps nothing: a chain is larger than memory.
 */
export class ChainWalk {
  readonly #onEntry: (entry: TrailEntry) => void;
  readonly #links = new LinkWalk<TrailEntry>(
    'entry',
    (value, row) => value.sequence === row.sequence && isEntry(value),
  );
  readonly #rules = new Map<string, SealedHead>();
  #stranger: IntegrityFault | undefined;
  /** What is wrong with the order of the seals. */
  #disorder: IntegrityFault | undefined;
  #headRow: StoredText | undefined;
  #lastHash = '';
  #seal: Seal | undefined;
  #isFirstSeal = true;
  /** Seals of hours that the next seal of a day must list. */
  #hours: readonly SealedHour[] = [];
  #through: Instant | undefined;
  #seals = 0;
  #purges = 0;
  #purgedTo: Day | undefined;
  /** The last purge: no other can be unfinished. */
  #purge: { readonly sequence: number; readonly ids: readonly string[] } | undefined;

  /** @param onEntry is told of each entry that is what was written, in order. */
  constructor(onEntry: (entry: TrailEntry) => void = () => undefined) {
    this.#onEntry = onEntry;
  }

  add(row: StoredText): void {
    if (row.kind === 'head') {
      this.#headRow = row;
    } else if (row.kind === 'entry') {
      const entry = this.#links.step(row);
      if (entry !== undefined) {
        this.#take(entry);
        this.#onEntry(entry);
      }
    } else {
      this.#stranger ??= lookAtRow(row, anybody);
    }
  }

  end(): WalkedChain {
    const head = this.#headRow && (meaningOf(this.#headRow) as ChainHead);
    const found = [
      this.#stranger,
      this.#links.tampering ?? this.#disorder ?? this.#lookAtHead(this.#headRow),
    ];
    const isLeaving = this.#purge !== undefined && head?.unfinished === this.#purge.sequence;
    return {
      ...{ entries: this.#links.count, head },
      sealed: {
        ...{ rules: this.#rules, through: this.#through, purgedTo: this.#purgedTo },
        ...{ seals: this.#seals, purges: this.#purges },
        leaving: new Set(isLeaving ? this.#purge?.ids : []),
      },
      tamperings: found.filter((each) => each !== undefined),
    };
  }

  #take(entry: TrailEntry): void {
    this.#lastHash = entry.hash;
    if (entry.kind === 'purge') {
      const { sequence, findings, before, logsBefore = before } = entry;
      this.#purges += 1;
      this.#purge = { sequence, ids: findings.map(({ id }) => id) };
      this.#purgedTo = [this.#purgedTo ?? '', dayOf(before), dayOf(logsBefore)].toSorted().at(-1);
    } else if (entry.kind === 'seal') {
      this.#disorder ??= this.#lookAtPeriod(entry);
      const { day, hour, sequence, hash, isLast } = entry;
      entry.rules.forEach((each) => this.#rules.set(each.id, { ...each, by: sequence, day }));
      if (isLast) {
        this.#seals += 1;
        this.#through = endOf(entry);
        this.#hours = hour === undefined ? [] : [...this.#hours, { hour, entry: sequence, hash }];
      }
      this.#isFirstSeal &&= this.#seal === undefined || isSame(this.#seal, entry);
      this.#seal = entry;
    }
  }

  /**
   * Seals follow hour by hour as far as something moved, each day has one over its hours, and the parts of one follow
   * each other.
   */
  #lookAtPeriod(seal: Seal & { readonly sequence: number }): IntegrityFault | undefined {
    const before = this.#seal;
    const place = `entry ${seal.sequence}`;
    if (!isNext(seal, before)) {
      const last = before === undefined ? 'no seal' : nameOf(before);
      return changed(place, `the seal of ${nameOf(seal)} does not follow on that of ${last}`);
    }
    return seal.hour === undefined && textOf(seal.hours ?? []) !== textOf(this.#hours)
      ? changed(place, `the seal of ${seal.day} does not list the seals of its hours`)
      : undefined;
  }

  #lookAtHead(row: StoredText | undefined): IntegrityFault | undefined {
    const { count } = this.#links;
    if (row === undefined) {
      return count === 0
        ? undefined
        : removed('the head of the chain', `there are ${count} entries`);
    }
    const wrong = lookAtRow(row, anybody);
    if (wrong !== undefined) {
      return wrong;
    }
    const head = meaningOf(row) as ChainHead;
    if (head.sequence > count) {
      const detail = `the chain has ${head.sequence} entries by its head, and there are ${count}`;
      return removed(`entry ${count + 1}`, detail);
    }
    if (head.sequence < count) {
      return inserted(`entry ${head.sequence + 1}`, `the chain has ${head.sequence} by its head`);
    }
    const seal = this.#seal;
    const { lastSeal, unfinished, copied } = head;
    const isRight =
      head.hash === this.#lastHash &&
      lastSeal?.day === seal?.day &&
      lastSeal?.hour === seal?.hour &&
      lastSeal?.part === seal?.part &&
      lastSeal?.isLast === seal?.isLast &&
      (lastSeal?.isFirst === true) === (seal !== undefined && this.#isFirstSeal) &&
      (lastSeal === undefined || lastSeal.lastId === (seal?.findings.at(-1)?.id ?? '')) &&
      (unfinished === undefined || unfinished === this.#purge?.sequence) &&
      (copied ?? 0) <= count;
    return isRight ? undefined : changed(row.place, 'it is not what the last entries say');
  }
}

/** What an entry says of findings. The last entry that names one is right. */
export function headsIn(entry: TrailEntry): readonly SealedHead[] {
  const { sequence: by } = entry;
  switch (entry.kind) {
    case 'purge':
      return entry.findings.map((each) => ({ ...each, by, gone: entry.at }));
    case 'kept':
      return entry.findings.map((each) => ({ ...each, by }));
    case 'seal':
      return entry.findings.map((each) => ({ ...each, by, day: entry.day }));
  }
}

/** The entry that a row is, by its shape alone; undefined when it has another. */
export function entryIn(row: StoredText): TrailEntry | undefined {
  const isOne = row.kind === 'entry' && lookAtRow(row, isEntry) === undefined;
  return isOne ? (meaningOf(row) as TrailEntry) : undefined;
}

/** Whoever makes hashes anew can write anything: what is read of an entry below must be there. */
function isEntry(entry: Partial<Record<keyof Seal, unknown>>): boolean {
  const isList = Array.isArray(entry.findings);
  if (entry.kind !== 'seal') {
    return (entry.kind === 'purge' || entry.kind === 'kept') && isList;
  }
  const { rules, day, hour = '00', hours = [] } = entry;
  return (
    isList &&
    Array.isArray(rules) &&
    /^\d{4}-\d\d-\d\d$/.test(String(day)) &&
    /^([01]\d|2[0-3])$/.test(String(hour)) &&
    Array.isArray(hours)
  );
}

function isNext(seal: Seal, before: Seal | undefined): boolean {
  if (before?.isLast === false) {
    return seal.part === before.part + 1 && isSame(seal, before);
  }
  if (before === undefined) {
    return seal.part === 1;
  }
  const day = before.hour === undefined ? endOf(before).slice(0, 10) : before.day;
  const isLater = seal.hour === undefined || before.hour === undefined || seal.hour > before.hour;
  return seal.part === 1 && seal.day === day && isLater;
}
