import fc from 'fast-check';
import { canonical, type Json } from '../../shared/domain/json';
import { digestOf, linked } from '../../shared/domain/hash-chain';
import { findingId } from '../../shared/domain/findings/finding';
import {
  EMPTY_CHAIN,
  finished,
  nextEntry,
  type ChainHead,
  type TrailEntry,
  type Seal,
  type SealedHour,
} from '../../shared/domain/audit-trail/entries';
import { plus, type Instant } from '../../shared/domain/time';
import type { RawRow, AuditTrailRows } from '../../shared/pipeline/ports/audit-trail';
import { collect } from '../contracts/samples';

/** A row where somebody who may write can reach it. */
export interface ShelfRow {
  readonly key: string;
  /** The timeline it lies in, `rules` or `seal`. */
  readonly room: string;
  readonly raw: RawRow;
}

export interface Shelf {
  rows(): Promise<readonly ShelfRow[]>;
  put(row: ShelfRow): Promise<void>;
  remove(key: string): Promise<void>;
}

export async function rowsOf(rows: AuditTrailRows): Promise<ShelfRow[]> {
  const timelines = await collect(rows.timelines());
  const all = [
    ...timelines.flatMap(({ id, rows: of }) => of.map((raw) => [id, raw] as const)),
    ...(await rows.rules()).map((raw) => ['rules', raw] as const),
    ...(await collect(rows.chain())).map((raw) => ['seal', raw] as const),
  ];
  return all.map(([room, raw]) => ({ room, raw: structuredClone(raw), key: keyOf(room, raw) }));
}

function keyOf(room: string, { kind, id, sequence = 0 }: RawRow): string {
  return [room, kind, id, String(sequence).padStart(6, '0')].join(' ');
}

const WAYS = [
  'change',
  'delete',
  'insert',
  'forge',
  'move',
  'reorder',
  'truncate',
  'rewrite',
  'wipe',
  'unseal',
  'exchange',
  'backdate',
  'silence',
  'owe',
] as const;

export interface Plan {
  readonly way: (typeof WAYS)[number];
  readonly pick: number;
  readonly leaf: number;
  readonly more: number;
}

export const tampering: fc.Arbitrary<Plan> = fc.record({
  way: fc.constantFrom(...WAYS),
  pick: fc.nat(9_999),
  leaf: fc.nat(999),
  more: fc.nat(999),
});

export interface Done {
  readonly what: Plan['way'];
  /** One of the places that verification names must be like this. */
  readonly names: RegExp;
}

/** Does it. @returns undefined when there is nothing to do it to. */
export async function applied(shelf: Shelf, plan: Plan): Promise<Done | undefined> {
  const rows = await shelf.rows();
  const row = pickOf(rows, plan.pick)!;
  const done = (names: RegExp): Done => ({ what: plan.way, names });
  switch (plan.way) {
    case 'change': {
      const changed = withLeafChanged(row, plan);
      await shelf.put(changed);
      return done(nameOf(row.raw));
    }
    case 'delete':
      await shelf.remove(row.key);
      return done(nameOf(row.raw));
    case 'insert': {
      // One more row behind the last of a chain, with a hash of its own that fits.
      const chain = pickOf(chainsIn(rows), plan.pick)!;
      const last = chain.at(-1)!;
      const value = last.raw.value as Record<string, Json>;
      const { hash, previous: _p, ...content } = value;
      const sequence = last.raw.sequence! + 1;
      const next = linked({ ...content, sequence, by: 'mallory' }, hash as string);
      await putRaw(shelf, last, { ...last.raw, sequence, value: next });
      return done(nameOf(last.raw));
    }
    case 'forge': {
      // A finding that was never there, dated before the last seal.
      const chain = pickOf(historiesIn(rows), plan.pick)!;
      const first = chain[0]!;
      const id = findingId(first.room, 'forged');
      const { hash: _h, ...content } = first.raw.value as Record<string, Json>;
      const at = '2026-02-20T00:00:00.0000000Z';
      const opening = linked({ ...content, findingId: id, at }, '');
      const finding = rows.find(({ raw }) => raw.kind === 'finding' && raw.id === first.raw.id);
      if (finding === undefined) {
        return undefined;
      }
      const {
        status: _was,
        suppressed: _s,
        resolution: _r,
        ...rest
      } = {
        ...(finding.raw.value as Record<string, Json>),
      };
      const own = {
        ...{ ...rest, id, sequence: 1, head: opening.hash, movedAt: at, openedAt: at },
        anchor: { key: 'forged', from: at },
        status: (opening as unknown as Record<string, string>)['status']!,
      };
      await putRaw(shelf, first, { ...first.raw, id, value: opening });
      await putRaw(shelf, finding, {
        ...finding.raw,
        id,
        value: own,
        columns: { digest: digestOf(own), movedAt: at },
      });
      return done(new RegExp(id.slice(id.indexOf('-') + 1)));
    }
    case 'move': {
      // The row of one key under another.
      const of = rows.filter(({ raw }) => raw.kind === row.raw.kind && raw.kind !== 'head');
      const other = pickOf(of, plan.more)!;
      if (of.length < 2 || other.key === row.key || row.raw.kind === 'head') {
        return undefined;
      }
      const { value, columns } = other.raw;
      const moved = { ...row.raw, value, ...(columns !== undefined && { columns }) };
      await shelf.put({ ...row, raw: moved });
      return done(nameOf(row.raw));
    }
    case 'reorder': {
      const chain = pickOf(
        chainsIn(rows).filter((each) => each.length > 1),
        plan.pick,
      )!;
      const [a, b] = [plan.leaf % chain.length, plan.more % chain.length];
      if (a === b) {
        return undefined;
      }
      // Numbers are swapped, too, as far as somebody can who does not compute hashes.
      await shelf.put({ ...chain[a]!, raw: { ...chain[a]!.raw, value: chain[b]!.raw.value } });
      await shelf.put({ ...chain[b]!, raw: { ...chain[b]!.raw, value: chain[a]!.raw.value } });
      return done(nameOf(chain[0]!.raw));
    }
    case 'truncate': {
      // The end of a sealed history, and the finding made to fit.
      const chain = pickOf(
        sealedIn(rows).filter((each) => each.length > 1),
        plan.pick,
      )!;
      const kept = 1 + (plan.more % (chain.length - 1));
      for (const each of chain.slice(kept)) {
        await shelf.remove(each.key);
      }
      await fitFinding(shelf, rows, chain[kept - 1]!);
      return done(nameOf(chain[0]!.raw));
    }
    case 'rewrite': {
      // A sealed history with all its hashes made anew, and the finding made to fit.
      const chain = pickOf(sealedIn(rows), plan.pick)!;
      let last = chain[0]!;
      let previous = '';
      for (const [i, each] of chain.entries()) {
        const { hash: _h, previous: _p, ...content } = each.raw.value as Record<string, Json>;
        const value = linked(
          { ...content, ...(i === plan.more % chain.length && { by: 'mallory' }) },
          previous,
        );
        previous = value.hash;
        last = { ...each, raw: { ...each.raw, value } };
        await shelf.put(last);
      }
      await fitFinding(shelf, rows, last);
      return done(nameOf(chain[0]!.raw));
    }
    case 'wipe': {
      // A sealed finding with everything of it.
      const chain = pickOf(sealedIn(rows), plan.pick)!;
      for (const each of rows.filter(({ raw }) => raw.id === chain[0]!.raw.id)) {
        await shelf.remove(each.key);
      }
      return done(nameOf(chain[0]!.raw));
    }
    case 'unseal': {
      // The seal of an hour whose day is over, with all hashes after it made anew.
      const entries = entriesIn(rows);
      const gone = pickOf(hoursOfDays(entries), plan.pick)!;
      await rechain(shelf, entries.toSpliced(entries.indexOf(gone), 1), { fitsDays: false });
      return done(/entry \d+|c\|\d{6}/);
    }
    case 'exchange': {
      // What two hours list, with all hashes after them made anew.
      const entries = entriesIn(rows);
      const of = hoursOfDays(entries);
      const [a, b] = [pickOf(of, plan.pick)!, pickOf(of, plan.more)!];
      if (
        a === b ||
        canonical(a.findings as unknown as Json) === canonical(b.findings as unknown as Json)
      ) {
        return undefined;
      }
      const { findings } = a;
      const altered = entries.map((each) =>
        each === a ? { ...a, findings: b.findings } : each === b ? { ...b, findings } : each,
      );
      await rechain(shelf, altered, { fitsDays: false });
      return done(/entry \d+|c\|\d{6}/);
    }
    case 'backdate': {
      // A sealed finding is resolved in an hour that is sealed, with hashes that fit.
      const chain = pickOf(sealedIn(rows), plan.pick)!;
      const last = chain.at(-1)!;
      const value = last.raw.value as Record<string, Json>;
      const { hash, previous: _p, ...content } = value;
      const sequence = last.raw.sequence! + 1;
      const next = linked(
        { ...content, sequence, at: plus(content['at'] as Instant, 1) },
        hash as string,
      );
      const row = { ...last, raw: { ...last.raw, sequence, value: next } };
      await putRaw(shelf, last, row.raw);
      await fitFinding(shelf, rows, row);
      return done(nameOf(last.raw));
    }
    case 'silence': {
      // All alerts of a finding.
      const alert = pickOf(alertsIn(rows), plan.pick)!;
      for (const each of alertsIn(rows).filter(({ raw }) => raw.id === alert.raw.id)) {
        await shelf.remove(each.key);
      }
      return done(nameOf(alert.raw));
    }
    case 'owe': {
      // An alert of a transition that there is not.
      const { raw, room } = pickOf(alertsIn(rows), plan.pick)!;
      const sequence = raw.sequence! + 1_000 + plan.more;
      const delivery = raw.value as { alert: Record<string, Json> };
      const value = { ...delivery, alert: { ...delivery.alert, id: `${raw.id}-${sequence}` } };
      const next = { ...raw, sequence, value };
      await shelf.put({ room, raw: next, key: keyOf(room, next) });
      return done(nameOf(raw));
    }
  }
}

function alertsIn(rows: readonly ShelfRow[]): ShelfRow[] {
  return rows.filter(({ raw }) => raw.kind === 'alert');
}

/** Seals of hours of which the seal of a day tells. */
function hoursOfDays(entries: readonly TrailEntry[]): (TrailEntry & Seal)[] {
  const lastDay = entries.findLastIndex((each) => each.kind === 'seal' && each.hour === undefined);
  return entries
    .slice(0, lastDay)
    .flatMap((each) => (each.kind === 'seal' && each.hour !== undefined ? [each] : []));
}

function entriesIn(rows: readonly ShelfRow[]): TrailEntry[] {
  return rows
    .filter(({ raw }) => raw.kind === 'entry')
    .map(({ raw }) => raw.value as TrailEntry)
    .sort((a, b) => a.sequence - b.sequence);
}

/** Writes the chain anew, with hashes that fit and a head that fits; also the lists of the days, if asked to. */
export async function rechain(
  shelf: Shelf,
  of: readonly TrailEntry[],
  { fitsDays }: { readonly fitsDays: boolean },
): Promise<void> {
  const rows = await shelf.rows();
  const places = rows
    .filter(({ raw }) => raw.kind === 'entry')
    .toSorted((a, b) => a.raw.sequence! - b.raw.sequence!);
  let head: ChainHead = EMPTY_CHAIN;
  let hours: SealedHour[] = [];
  for (const [i, row] of places.entries()) {
    const was = of[i];
    if (was === undefined) {
      await shelf.remove(row.key);
      continue;
    }
    const { sequence: _s, at, hash: _h, previous: _p, ...content } = was;
    const isDay = content.kind === 'seal' && content.hour === undefined;
    const next = nextEntry(head, isDay && fitsDays ? { ...content, hours } : content, at);
    const { entry } = next;
    if (entry.kind === 'seal' && entry.isLast) {
      const { hour, sequence, hash } = entry;
      hours = hour === undefined ? [] : [...hours, { hour, entry: sequence, hash }];
    }
    head = finished(next.head);
    await shelf.put({ ...row, raw: { ...row.raw, value: entry } });
  }
  const row = rows.find(({ raw }) => raw.kind === 'head')!;
  await shelf.put({ ...row, raw: { ...row.raw, value: head } });
}

function pickOf<T>(of: readonly T[], pick: number): T | undefined {
  return of[pick % Math.max(of.length, 1)];
}

function putRaw(shelf: Shelf, near: ShelfRow, raw: RawRow): Promise<void> {
  return shelf.put({ room: near.room, raw, key: keyOf(near.room, raw) });
}

/** The finding as its history now says it is, with a digest that fits. */
async function fitFinding(shelf: Shelf, rows: readonly ShelfRow[], last: ShelfRow): Promise<void> {
  const row = rows.find(({ raw }) => raw.kind === 'finding' && raw.id === last.raw.id)!;
  const { sequence, hash, status, resolution, at } = last.raw.value as Record<string, string>;
  const { resolution: _r, ...rest } = row.raw.value as Record<string, Json>;
  const value = {
    ...{ ...rest, sequence: sequence as unknown as number, head: hash, status, movedAt: at },
    ...(resolution !== undefined && { resolution }),
  };
  const columns = { digest: digestOf(value), movedAt: at! };
  await shelf.put({ ...row, raw: { ...row.raw, value, columns } });
}

/** How a place that speaks of a row reads, in memory or in tables. */
function nameOf({ kind, id, sequence = 0 }: RawRow): RegExp {
  if (kind === 'entry' || kind === 'head') {
    return sequence === 0 ? /head|entry/ : /entry \d+|c\|\d{6}|head/;
  }
  return new RegExp(kind === 'rule' ? id : id.slice(id.indexOf('-') + 1));
}

function chainsIn(rows: readonly ShelfRow[]): ShelfRow[][] {
  const links = rows.filter(({ raw }) => ['history', 'rule', 'entry'].includes(raw.kind));
  return [...Map.groupBy(links, ({ room, raw }) => `${room} ${raw.id}`).values()].map((chain) =>
    chain.toSorted((a, b) => a.raw.sequence! - b.raw.sequence!),
  );
}

function historiesIn(rows: readonly ShelfRow[]): ShelfRow[][] {
  return chainsIn(rows).filter((chain) => chain[0]!.raw.kind === 'history');
}

/** Histories of which a seal names the last row. */
function sealedIn(rows: readonly ShelfRow[]): ShelfRow[][] {
  const sealed = rows
    .filter(({ raw }) => raw.kind === 'entry')
    .flatMap(({ raw }) => (raw.value as { findings: { head: string }[] }).findings)
    .map(({ head }) => head);
  return historiesIn(rows).filter((chain) =>
    sealed.includes((chain.at(-1)!.raw.value as { hash: string }).hash),
  );
}

/** What of a row nothing else repeats: docs/integrity.md says so. */
const UNGUARDED: Readonly<Partial<Record<RawRow['kind'], readonly string[]>>> = {
  head: ['copied', 'unfinished'],
  alert: ['attempts', 'refusals', 'nextAttemptAt', 'sendingUntil', 'digestId', 'mayHaveArrived'],
};

/** One value somewhere in the row is another now. */
function withLeafChanged(row: ShelfRow, { leaf, more }: Plan): ShelfRow {
  const raw = structuredClone(row.raw);
  const names = Object.keys(raw.columns ?? {});
  if (names.length > 0 && more % 7 < 2) {
    const name = names[more % names.length]!;
    const columns = { ...raw.columns, [name]: '2026-01-01T00:00:00.0000000Z' };
    return { ...row, raw: { ...raw, columns } };
  }
  const spots: [Record<string, Json>, string][] = [];
  const walk = (node: Json | undefined, path: string): void => {
    if (typeof node === 'object' && node !== null) {
      for (const [name, inner] of Object.entries(node as Record<string, Json>)) {
        if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0) {
          walk(inner, `${path}.${name}`);
        } else if (!UNGUARDED[raw.kind]?.includes(name)) {
          spots.push([node as Record<string, Json>, name]);
        }
      }
    }
  };
  walk(raw.value as Json, '');
  const [node, name] = spots[leaf % spots.length]!;
  const was = node[name];
  node[name] =
    typeof was === 'number' ? was + 1 : typeof was === 'boolean' ? !was : `${JSON.stringify(was)}!`;
  return { ...row, raw };
}
