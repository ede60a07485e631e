import type { Head } from './chain';
import {
  anybody,
  changed,
  inserted,
  lookAtRow,
  meaningOf,
  removed,
  textOf,
  walk,
  type Exhibit,
  type Tampering,
} from './exhibit';
import {
  endOf,
  isSame,
  nameOf,
  type ChainHead,
  type Day,
  type RecordEntry,
  type Seal,
  type SealedHour,
} from './record-chain';
import { dayOf, type Instant } from './time';

/** What the chain of the record says must be there. */
export interface Sealed {
  /** The last head that a seal or a purge names, by id; `gone` when it was purged at that head. */
  readonly findings: ReadonlyMap<string, SealedHead>;
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
export type SealedHead = Head & {
  readonly by: number;
  readonly day?: string;
  readonly gone?: Instant;
};

/** Looks at the chain of the record, and says what it says must be there. */
export function verifyChain(rows: readonly Exhibit[]): {
  readonly entries: readonly RecordEntry[];
  /** The same as they lie: copies in the container may be of these words. */
  readonly raw: readonly RecordEntry[];
  readonly head: ChainHead | undefined;
  readonly sealed: Sealed;
  readonly tamperings: readonly Tampering[];
} {
  const stranger = rows.find((row) => row.kind !== 'entry' && row.kind !== 'head');
  const { links, tampering } = walk<RecordEntry>(
    rows.filter((row) => row.kind === 'entry'),
    'entry',
    (value, row) => value.sequence === row.sequence && isEntry(value),
  );
  const headRow = rows.find((row) => row.kind === 'head');
  const head = headRow && (meaningOf(headRow) as ChainHead);
  const sealed = sealedBy(links, head);
  const found = [
    stranger && lookAtRow(stranger, anybody),
    tampering,
    tampering === undefined ? (lookAtPeriods(links) ?? lookAtHead(headRow, links)) : undefined,
  ];
  return {
    ...{ entries: links, raw: rawOf(rows, links), head, sealed },
    tamperings: found.filter((each) => each !== undefined),
  };
}

function rawOf(rows: readonly Exhibit[], links: readonly RecordEntry[]): readonly RecordEntry[] {
  const bySequence = new Map(rows.map((row) => [row.sequence, row.value as RecordEntry]));
  return links.map((link) => bySequence.get(link.sequence) ?? link);
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

function lookAtHead(
  row: Exhibit | undefined,
  links: readonly RecordEntry[],
): Tampering | undefined {
  const last = links.at(-1);
  if (row === undefined) {
    return last && removed('the head of the chain', `there are ${last.sequence} entries`);
  }
  const wrong = lookAtRow(row, anybody);
  if (wrong !== undefined) {
    return wrong;
  }
  const head = meaningOf(row) as ChainHead;
  const count = last?.sequence ?? 0;
  if (head.sequence > count) {
    const detail = `the chain has ${head.sequence} entries by its head, and there are ${count}`;
    return removed(`entry ${count + 1}`, detail);
  }
  if (head.sequence < count) {
    return inserted(`entry ${head.sequence + 1}`, `the chain has ${head.sequence} by its head`);
  }
  const seal = links.findLast((each) => each.kind === 'seal');
  const { lastSeal, unfinished, copied } = head;
  const isSame =
    head.hash === (last?.hash ?? '') &&
    lastSeal?.day === seal?.day &&
    lastSeal?.hour === seal?.hour &&
    lastSeal?.part === seal?.part &&
    lastSeal?.isLast === seal?.isLast &&
    (lastSeal?.isFirst === true) === (seal !== undefined && isFirstSeal(links, seal)) &&
    (lastSeal === undefined || lastSeal.lastId === (seal?.findings.at(-1)?.id ?? '')) &&
    (unfinished === undefined || links[unfinished - 1]?.kind === 'purge') &&
    (copied ?? 0) <= count;
  return isSame ? undefined : changed(row.place, 'it is not what the last entries say');
}

function isFirstSeal(links: readonly RecordEntry[], seal: Seal): boolean {
  return links.every((each) => each.kind !== 'seal' || isSame(each, seal));
}

/**
 * Seals follow hour by hour as far as something moved, each day has one over its hours, and the parts of one follow
 * each other.
 */
function lookAtPeriods(links: readonly RecordEntry[]): Tampering | undefined {
  let before: Seal | undefined;
  let hours: SealedHour[] = [];
  for (const entry of links) {
    if (entry.kind !== 'seal') {
      continue;
    }
    const place = `entry ${entry.sequence}`;
    if (!isNext(entry, before)) {
      const last = before === undefined ? 'no seal' : nameOf(before);
      return changed(place, `the seal of ${nameOf(entry)} does not follow on that of ${last}`);
    }
    if (entry.hour === undefined && textOf(entry.hours ?? []) !== textOf(hours)) {
      return changed(place, `the seal of ${entry.day} does not list the seals of its hours`);
    }
    if (entry.isLast) {
      const { hour, sequence, hash } = entry;
      hours = hour === undefined ? [] : [...hours, { hour, entry: sequence, hash }];
    }
    before = entry;
  }
  return undefined;
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

/** What seals and purges together say must be there. */
function sealedBy(links: readonly RecordEntry[], head: ChainHead | undefined): Sealed {
  const findings = new Map<string, SealedHead>();
  const rules = new Map<string, SealedHead>();
  let through: Instant | undefined;
  let purgedTo: Day | undefined;
  for (const entry of links) {
    const by = entry.sequence;
    if (entry.kind === 'purge') {
      const days = [purgedTo ?? '', dayOf(entry.before), dayOf(entry.logsBefore ?? entry.before)];
      purgedTo = days.toSorted().at(-1);
      entry.findings.forEach((each) => findings.set(each.id, { ...each, by, gone: entry.at }));
      continue;
    }
    if (entry.kind === 'kept') {
      entry.findings.forEach((each) => findings.set(each.id, { ...each, by }));
      continue;
    }
    const { day } = entry;
    entry.findings.forEach((each) => findings.set(each.id, { ...each, by, day }));
    entry.rules.forEach((each) => rules.set(each.id, { ...each, by, day }));
    through = entry.isLast ? endOf(entry) : through;
  }
  const open = head?.unfinished === undefined ? undefined : links[head.unfinished - 1];
  const leaving = open?.kind === 'purge' ? open.findings.map((each) => each.id) : [];
  const seals = links.filter((each) => each.kind === 'seal' && each.isLast).length;
  return {
    ...{ findings, rules, through, seals, purgedTo },
    leaving: new Set(leaving),
    purges: links.filter((each) => each.kind === 'purge').length,
  };
}
