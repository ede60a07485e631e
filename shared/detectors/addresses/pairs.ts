import type { Answer, Assessment, Evidence, Severity, Timeline } from '../../domain/detector';
import type { Coverage } from '../../domain/reading/coverage';
import { textOf } from '../../domain/facts';
import type { JsonObject } from '../../domain/json';
import { latest, plus, toMinute, type Duration, type Instant } from '../../domain/time';
import { nextQuestion } from '../not-followed-by';
import {
  evidenceOf,
  isHolding,
  isWanting,
  momentsOf,
  wishOf,
  type Moment,
  type Seen,
} from './seen';

// Two objects and one address: one has it, the other should have it. The story of such a pair is told by the moments at
// which something was recorded of the address; what was so at one of them was so until the next.

/** That one object is in the way of another. */
export interface Conflict<M extends string> {
  readonly message: M;
  readonly severity: Severity;
  /** An error says so. Otherwise it must last before it is said. */
  readonly isSure: boolean;
}

export interface PairRule<M extends string> {
  readonly conflict: (holder: Seen, wanter: Seen) => Conflict<M> | undefined;
  /** How a conflict ended that is none any more; undefined while the wanter still waits for an address that is free. */
  readonly endedAs: (holder: Seen, wanter: Seen, objects: readonly Seen[]) => string | undefined;
  /** How long a conflict must last that no error names. */
  readonly settle: Duration;
}

/** One time that the two were in conflict, and the wait after it. */
interface Stretch<M extends string> {
  /** Since when one has had the address and the other has wanted it. */
  readonly from: Instant;
  readonly first: Clash<M>;
  last: Clash<M>;
  /** When it was certain; absent while it has not lasted long enough. */
  provenAt: Instant | undefined;
  /** It has lasted long enough, and is certain when everything is read to here. */
  dueAt: Instant | undefined;
  free: Together | undefined;
  end: { readonly at: Instant; readonly code: string; readonly of: Together } | undefined;
}

interface Together {
  readonly at: Instant;
  readonly holder: Seen;
  readonly wanter: Seen;
}

interface Clash<M extends string> extends Together {
  readonly conflict: Conflict<M>;
}

/** Finds the pairs that are in conflict over an address. */
export function pairsIn<M extends string>(
  timeline: Timeline,
  coverage: Coverage | undefined,
  rule: PairRule<M>,
): Assessment<M> {
  const moments = momentsOf(timeline);
  const keys = new Set(moments.flatMap((each) => inConflict(each, rule)));
  const judged = [...keys].map((key) => judge(key, moments, coverage, rule));
  return {
    findings: judged.flatMap(({ answer }) => answer ?? []),
    ...nextQuestion(judged.flatMap(({ asks }) => asks ?? [])),
  };
}

function inConflict<M extends string>({ objects }: Moment, rule: PairRule<M>): readonly string[] {
  return objects.flatMap((holder) =>
    objects.flatMap((wanter) =>
      holder.id !== wanter.id && rule.conflict(holder, wanter) !== undefined
        ? [`${holder.id}|${wanter.id}`]
        : [],
    ),
  );
}

interface Judged<M extends string> {
  readonly answer?: Answer<M>;
  readonly asks?: Instant;
}

function judge<M extends string>(
  key: string,
  moments: readonly Moment[],
  coverage: Coverage | undefined,
  rule: PairRule<M>,
): Judged<M> {
  const stretches = stretchesOf(key, moments, coverage, rule);
  const proven = stretches.findLast(({ provenAt }) => provenAt !== undefined);
  // One that an error proved later was certain before, once everything is read to then.
  const unproven = stretches.find(
    ({ provenAt, dueAt }) => provenAt === undefined || (dueAt !== undefined && dueAt < provenAt),
  );
  const due = unproven && settledAt(unproven.first.at, coverage, rule.settle);
  const asks = due === undefined ? {} : { asks: due };
  if (proven !== undefined) {
    return { answer: conclude(key, proven), ...asks };
  }
  if (unproven === undefined || due === undefined) {
    return {};
  }
  const { first, from } = unproven;
  const what =
    `${first.wanter.label} has the address as mail address since ${toMinute(first.at)} and does not hold it; ` +
    `it may still get it until ${toMinute(due)}`;
  return { answer: { state: 'pending', anchor: { key, from }, until: due, what }, ...asks };
}

/** The times that were certain, and one that is not yet: what was over before is none. */
function stretchesOf<M extends string>(
  key: string,
  moments: readonly Moment[],
  coverage: Coverage | undefined,
  rule: PairRule<M>,
): readonly Stretch<M>[] {
  const [holderId, wanterId] = key.split('|');
  const stretches: Stretch<M>[] = [];
  for (const { at, objects } of moments) {
    const holder = objects.find(({ id }) => id === holderId);
    const wanter = objects.find(({ id }) => id === wanterId);
    if (holder === undefined || wanter === undefined) {
      continue;
    }
    const conflict = rule.conflict(holder, wanter);
    const before = stretches.at(-1);
    const current = before?.end === undefined ? before : undefined;
    if (current !== undefined) {
      prove(current, at, coverage, rule.settle);
    }
    if (conflict === undefined) {
      if (current !== undefined && (current.provenAt ?? current.dueAt) === undefined) {
        stretches.pop();
      } else if (current !== undefined) {
        leave(current, { at, holder, wanter }, objects, rule);
      }
    } else if (current === undefined) {
      const from = latest(holder.heldSince ?? at, wanter.wantedSince ?? at);
      const provenAt = conflict.isSure ? at : undefined;
      const now = { at, holder, wanter, conflict };
      const rest = { dueAt: undefined, free: undefined, end: undefined };
      stretches.push({ from, first: now, last: now, provenAt, ...rest });
    } else {
      current.last = { at, holder, wanter, conflict };
      current.free = undefined;
      current.provenAt ??= conflict.isSure ? at : undefined;
    }
  }
  const lasting = stretches.findLast(({ end }) => end === undefined);
  if (lasting !== undefined && coverage !== undefined) {
    prove(lasting, coverage.to, coverage, rule.settle);
  }
  return stretches;
}

/** It has lasted until a time: was that long enough, and read to there? */
function prove<M extends string>(
  stretch: Stretch<M>,
  until: Instant,
  coverage: Coverage | undefined,
  settle: Duration,
): void {
  const settled = settledAt(stretch.first.at, coverage, settle);
  if (settled > until || stretch.provenAt !== undefined) {
    return;
  }
  if (coverage !== undefined && settled <= coverage.to) {
    stretch.provenAt = settled;
  } else {
    stretch.dueAt = settled;
  }
}

/** What became of a conflict that is none any more. */
function leave<M extends string>(
  stretch: Stretch<M>,
  now: Together,
  objects: readonly Seen[],
  rule: PairRule<M>,
): void {
  const { at, holder, wanter } = now;
  const code = wanter.gone === '' ? rule.endedAs(holder, wanter, objects) : 'wanter-gone';
  if (code === undefined) {
    stretch.free ??= now;
  } else {
    stretch.end = { at, code, of: now };
  }
}

/** How it ended when somebody else holds the address now: the story goes on between other two. */
export function heldByAnother(wanter: Seen, objects: readonly Seen[]): string | undefined {
  return objects.some((each) => each.id !== wanter.id && isHolding(each))
    ? 'held-by-another'
    : undefined;
}

/** When a state that began at a time has been seen for so long without a break. */
function settledAt(from: Instant, coverage: Coverage | undefined, settle: Duration): Instant {
  const begin = latest(from, coverage?.from ?? from);
  const start = (coverage?.gaps ?? []).reduce(
    (known, gap) => (gap.from < plus(known, settle) && gap.to > known ? gap.to : known),
    begin,
  );
  return plus(start, settle);
}

function conclude<M extends string>(
  key: string,
  { from, first, last, provenAt, free, end }: Stretch<M>,
): Answer<M> {
  const { holder, wanter, conflict } = last;
  const { message, severity } = conflict;
  const { code, says } = wishOf(wanter);
  const facts: JsonObject = {
    ...{ holder: holder.id, holderName: holder.label, holderIs: kindOf(holder) },
    ...{ wanter: wanter.id, wanterName: wanter.label, wanterIs: kindOf(wanter) },
    isWanterSynced: wanter.isSynced,
    ...(holder.createdAt !== undefined && { holderCreatedAt: holder.createdAt }),
    ...(code !== '' && { code }),
    ...(says !== '' && { says }),
    ...(free !== undefined && { freeSince: free.at }),
    ...(free?.holder.gone === 'in-bin' && { isInBin: true }),
    ...(free !== undefined && free.holder.notRead.length > 0 && { notRead: free.holder.notRead }),
    ...(end !== undefined && { endedAt: end.at }),
  };
  return {
    state: end === undefined ? 'open' : 'resolved',
    ...(end !== undefined && { resolution: end.code }),
    anchor: { key, from },
    ...{ message, severity, stage: 'alert', since: provenAt ?? first.at, firstSeenAt: first.at },
    lastSeenAt: (end?.of ?? free ?? last).at,
    ...{ count: 1, facts, evidence: evidenceIn([first, last, free, end?.of]) },
  };
}

function kindOf({ guest, collection }: Seen): string {
  if (guest !== '') {
    return guest === 'guest' ? 'guest' : 'member from another tenant';
  }
  return { users: 'user', groups: 'group', contacts: 'contact' }[collection];
}

function evidenceIn(times: readonly (Together | undefined)[]): readonly Evidence[] {
  return times
    .filter((each) => each !== undefined)
    .flatMap(({ holder, wanter }) => [
      evidenceOf(holder, holder.holds === '' ? 'left' : 'holds', `${holder.label} ${hold(holder)}`),
      evidenceOf(wanter, isWanting(wanter) ? 'wants' : 'has', `${wanter.label} ${wish(wanter)}`),
    ]);
}

function hold({ holds, gone }: Seen): string {
  if (gone !== '') {
    return 'was removed';
  }
  const how = holds === 'primary' ? '' : ' as an alias';
  return holds === '' ? 'does not hold the address' : `holds the address${how}`;
}

function wish(seen: Seen): string {
  const { code } = wishOf(seen);
  if (seen.gone !== '' || !isWanting(seen)) {
    return hold(seen);
  }
  return code === '' ? 'has it as mail address and does not hold it' : `cannot get it (${code})`;
}

/** True once the holder is not in the way any more. */
export function isOver(facts: JsonObject): boolean {
  return facts['freeSince'] !== undefined || facts['endedAt'] !== undefined;
}

/** The error in words, without a full stop. */
export function errorIn(facts: JsonObject): string {
  const [code, says] = [textOf(facts['code']), textOf(facts['says'])];
  return says === '' ? code : `${code}: ${says.replace(/\.$/, '')}`;
}

/** The end of a summary: what has become of the address since. */
export function sinceThen(facts: JsonObject): string {
  const freeSince = facts['freeSince'] as Instant | undefined;
  if (freeSince === undefined || facts['endedAt'] !== undefined) {
    return '';
  }
  const notRead = facts['notRead'] as readonly string[] | undefined;
  const bin = facts['isInBin'] === true ? ' Its holder is in the bin and can be restored.' : '';
  const unknown =
    notRead === undefined
      ? ''
      : ` Whether one of the ${notRead.join(' or ')} holds it is not known: they were not read.`;
  return ` The address is free since ${toMinute(freeSince)}; provisioning has not been retried.${bin}${unknown}`;
}
