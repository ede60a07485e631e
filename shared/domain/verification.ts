import { canonical, type Json } from './canonical';
import { digestOf, isIntact, type Head, type Linked } from './chain';
import { SEVERITIES } from './detector';
import { findingId, timelineId, type Finding, type Transition } from './finding';
import {
  endOf,
  LATE_WRITES,
  isSame,
  nameOf,
  type ChainHead,
  type RecordEntry,
  type Seal,
  type SealedHour,
} from './record-chain';
import { neededUntil, type RuleStep } from './suppression';
import { plus, type Instant } from './time';

/** What was done to a row. */
export interface Tampering {
  readonly what: 'changed' | 'removed' | 'inserted';
  /** Where the row lies or lay. */
  readonly place: string;
  /** A sentence. */
  readonly detail: string;
}

/** A row that is to be looked at: what it would be by its key, and what it says. */
export interface Exhibit {
  readonly kind: 'finding' | 'history' | 'rule' | 'entry' | 'head' | 'unknown';
  readonly id: string;
  readonly sequence?: number;
  readonly place: string;
  readonly value?: unknown;
  /** What it says in the words of today, when it was written in older ones: hashes are of `value`. */
  readonly current?: unknown;
  /** What stands beside the content, so that queries find it. */
  readonly columns?: Readonly<Record<string, unknown>>;
  readonly stray?: string;
}

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
}
export type SealedHead = Head & {
  readonly by: number;
  readonly day?: string;
  readonly gone?: Instant;
};

const changed = (place: string, detail: string): Tampering => ({ what: 'changed', place, detail });
const removed = (place: string, detail: string): Tampering => ({ what: 'removed', place, detail });
const inserted = (place: string, detail: string): Tampering => ({
  what: 'inserted',
  place,
  detail,
});

// ---------------------------------------------------------------------------------------------------------- chains

const anybody = (): boolean => true;

/** What is wrong with a row by itself: nothing when it is readable, whole and of its own key. */
function lookAtRow(row: Exhibit, isOwn: (value: never) => boolean): Tampering | undefined {
  const { place, value, stray } = row;
  if (row.kind === 'unknown') {
    return inserted(place, 'it is no row of the record');
  }
  if (stray !== undefined) {
    return changed(place, `it has the column ${stray}, which no such row has`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return changed(place, 'it cannot be read');
  }
  return isOwn(meaningOf(row) as never)
    ? undefined
    : changed(place, 'it is the row of another key');
}

function meaningOf({ value, current }: Exhibit): unknown {
  return current ?? value;
}

/** Walks a chain: numbers without a hole from 1 on, each row whole and linked to the one before. */
function walk<T extends Linked & { readonly sequence: number }>(
  rows: readonly Exhibit[],
  name: string,
  isOwn: (value: T, row: Exhibit) => boolean,
): { readonly links: readonly T[]; readonly tampering: Tampering | undefined } {
  const links: T[] = [];
  let last = '';
  for (const row of [...rows].sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))) {
    const expected = links.length + 1;
    if (row.sequence !== expected) {
      const tampering =
        (row.sequence ?? 0) > expected
          ? removed(`${name} ${expected}`, `row ${expected} is missing before ${row.place}`)
          : inserted(row.place, `it has a number that a chain does not have: ${row.sequence}`);
      return { links, tampering };
    }
    const wrong = lookAtRow(row, (value: T) => isOwn(value, row));
    if (wrong !== undefined) {
      return { links, tampering: wrong };
    }
    const link = row.value as T;
    if (!isIntact(link)) {
      return { links, tampering: changed(row.place, 'its content does not match its own hash') };
    }
    if (link.previous !== last) {
      const detail = 'it does not follow from the row before it';
      return { links, tampering: changed(row.place, detail) };
    }
    last = link.hash;
    links.push(meaningOf(row) as T);
  }
  return { links, tampering: undefined };
}

/** Compares a chain with what was sealed of it. */
function lookAtSeal(
  links: readonly (Linked & { readonly sequence: number; readonly at: Instant })[],
  sealed: SealedHead | undefined,
  through: Instant | undefined,
  name: string,
): Tampering | undefined {
  const at = sealed && links[sealed.sequence - 1];
  if (sealed !== undefined && at === undefined) {
    return removed(
      `${name} ${links.length + 1}`,
      `entry ${sealed.by} of the chain says that there were ${sealed.sequence} rows, and there are ${links.length}`,
    );
  }
  if (sealed !== undefined && at?.hash !== sealed.head) {
    return changed(
      `${name} ${sealed.sequence}`,
      `entry ${sealed.by} of the chain has another hash of this row; it or a row before it was rewritten`,
    );
  }
  const from = sealed?.sequence ?? 0;
  const end = through === undefined ? undefined : plus(through, -LATE_WRITES);
  const late =
    end === undefined ? undefined : links.find((each) => each.sequence > from && each.at < end);
  return late === undefined
    ? undefined
    : inserted(
        `${name} ${late.sequence}`,
        `it is dated ${late.at}, and no seal of that time knows it`,
      );
}

// -------------------------------------------------------------------------------------------------------- findings

/** Looks at one finding and its history. */
export function verifyFinding(
  id: string,
  rows: readonly Exhibit[],
  sealed: Sealed,
): { readonly links: readonly Transition[]; readonly tampering: Tampering | undefined } {
  const none: readonly Transition[] = [];
  const row = rows.find((each) => each.kind === 'finding');
  if (row === undefined && sealed.leaving.has(id)) {
    return { links: none, tampering: undefined }; // it is being purged, and findings go first
  }
  const stranger = rows.find((row) => row.kind !== 'finding' && row.kind !== 'history');
  if (stranger !== undefined) {
    return { links: none, tampering: lookAtRow(stranger, anybody) };
  }
  const history = rows.filter((row) => row.kind === 'history');
  const { links, tampering } = walk<Transition>(
    history,
    `history ${id}`,
    (value, row) => value.findingId === id && value.sequence === row.sequence,
  );
  return {
    links,
    tampering: tampering ?? lookAtFinding(id, row, links) ?? lookAtSealOf(id, links, sealed),
  };
}

function lookAtSealOf(
  id: string,
  links: readonly Transition[],
  { findings, through }: Sealed,
): Tampering | undefined {
  const known = findings.get(id);
  // A finding that came up again after it was purged has a chain of its own.
  const isAnew = known?.gone !== undefined && links[known.sequence - 1]?.hash !== known.head;
  return lookAtSeal(links, isAnew ? undefined : known, through, `history ${id}`);
}

function lookAtFinding(
  id: string,
  row: Exhibit | undefined,
  links: readonly Transition[],
): Tampering | undefined {
  const last = links.at(-1);
  if (row === undefined) {
    return removed(`finding ${id}`, 'its history is there and the finding is not');
  }
  const wrong = lookAtRow(row, (value: Finding) => value.id === id);
  if (wrong !== undefined) {
    return wrong;
  }
  const finding = meaningOf(row) as Finding;
  const { digest, movedAt } = row.columns ?? {};
  if (digest !== digestOf(row.value as Finding) || movedAt !== finding.movedAt) {
    return changed(row.place, 'its content does not match the digest beside it');
  }
  if (last === undefined || finding.sequence > last.sequence) {
    const missing = (last?.sequence ?? 0) + 1;
    return removed(
      `history ${id} ${missing}`,
      `the finding counts ${finding.sequence} rows of history, and there are ${links.length}`,
    );
  }
  if (finding.sequence < last.sequence) {
    const next = finding.sequence + 1;
    return inserted(`history ${id} ${next}`, `the finding counts ${finding.sequence} rows`);
  }
  const isSame =
    finding.head === last.hash &&
    finding.status === last.status &&
    finding.resolution === last.resolution &&
    finding.suppressed?.rule === last.suppressed?.rule &&
    finding.movedAt === last.at;
  return isSame
    ? lookAtWho(row.place, finding, links)
    : changed(row.place, 'it is not what the last row of its history says');
}

/** Of whom a finding is, since when, who decided on it and how grave it is: each stands elsewhere, too. */
function lookAtWho(
  place: string,
  finding: Partial<Finding>,
  links: readonly Transition[],
): Tampering | undefined {
  const { id, tenantId, detector, subject, anchor } = finding;
  const names = [tenantId, detector, subject?.id, anchor?.key].map(String);
  const [tenant = '', by = '', of = '', from = ''] = names;
  if (findingId(timelineId(tenant, by, of), from) !== id) {
    return changed(place, 'its id is not that of its tenant, detector, subject and anchor');
  }
  if (finding.openedAt !== links[0]?.at) {
    return changed(place, 'it was opened at another time by the first row of its history');
  }
  const acted = links.findLast((link) => link.by !== 'crosscheck');
  if (textOf(actOf(finding.act)) !== textOf(acted === undefined ? null : actIn(acted))) {
    return changed(place, 'who decided on it is not what its history says');
  }
  // What is resolved may grow graver without a word: nobody is to act on it.
  const isGraver =
    SEVERITIES.indexOf(finding.severity ?? 'info') >
    SEVERITIES.indexOf(links.at(-1)?.severity ?? 'info');
  return isGraver && finding.status !== 'resolved'
    ? changed(place, 'it is graver than the last row of its history')
    : undefined;
}

const ACT_OF = { acknowledged: 'acknowledge', resolved: 'resolve', reopened: 'reopen' } as const;

function actIn({ verb, by, at, reason, note }: Transition): unknown {
  return actOf({ verb: ACT_OF[verb as keyof typeof ACT_OF], by, at, reason, note });
}

/** Rows of JSON have no field that is undefined. */
function actOf(act: object | undefined): unknown {
  return act === undefined ? null : JSON.parse(JSON.stringify(act));
}

// ----------------------------------------------------------------------------------------------- rules and the chain

/** Looks at the steps of all rules and holds. */
export function verifyRules(rows: readonly Exhibit[], sealed: Sealed): readonly Tampering[] {
  const found: (Tampering | undefined)[] = [];
  const byRule = Map.groupBy(rows, (row) => row.id);
  for (const [id, ofRule] of byRule) {
    const stranger = ofRule.find((row) => row.kind !== 'rule');
    const { links, tampering } = walk<RuleStep>(
      ofRule.filter((row) => row.kind === 'rule'),
      `rule ${id}`,
      (value, row) => value.ruleId === id && value.sequence === row.sequence,
    );
    found.push(stranger && lookAtRow(stranger, anybody), tampering);
    if (tampering === undefined && stranger === undefined) {
      found.push(
        lookAtSeal(links, sealed.rules.get(id), sealed.through, `rule ${id}`) ??
          lookAtColumns(ofRule, links),
      );
    }
  }
  for (const [id, { by, sequence }] of sealed.rules) {
    if (!byRule.has(id)) {
      const detail = `entry ${by} of the chain names it with ${sequence} rows, and there are none`;
      found.push(removed(`rule ${id} 1`, detail));
    }
  }
  return found.filter((each) => each !== undefined);
}

/** Runs find the steps that they need by what stands beside these: nobody may hide one, or keep one for ever. */
function lookAtColumns(
  rows: readonly Exhibit[],
  links: readonly RuleStep[],
): Tampering | undefined {
  const [first] = links;
  const end = links.find(({ verb }) => verb !== 'added');
  const isSuppression = first?.verb === 'added' && first.rule.kind === 'suppression';
  for (const step of links) {
    const row = rows.find(({ sequence }) => sequence === step.sequence);
    const { neededUntil: until, propagated } = row?.columns ?? {};
    const isFine = isSuppression
      ? until === neededUntil(step, end, propagated === 'yes') &&
        (propagated === 'yes' || propagated === 'no')
      : until === undefined && propagated === undefined;
    if (row !== undefined && !isFine) {
      return changed(row.place, 'what stands beside it is not what the steps of the rule say');
    }
  }
  return undefined;
}

function textOf(step: unknown): string {
  return canonical(step as Json);
}

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
  for (const entry of links) {
    const by = entry.sequence;
    if (entry.kind === 'purge') {
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
    ...{ findings, rules, through, seals },
    leaving: new Set(leaving),
    purges: links.filter((each) => each.kind === 'purge').length,
  };
}
