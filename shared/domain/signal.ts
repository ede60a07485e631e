import { canonical, isList, type Json, type JsonObject } from './canonical';
import type { Source } from './record';
import { earliest, type Instant } from './time';

/** Whose timeline a signal belongs to; `id` is stable, `name` is for people. */
export interface Subject {
  readonly type: 'user';
  readonly id: string;
  readonly name?: string;
}

/**
 * The few facts kept of one record because a detector may need them. It says only what the record says: what is
 * absent there is absent here. The key is the event id with kind and part, or a coarser key that many events share.
 */
export interface Signal {
  readonly key: string;
  readonly source: Source;
  /** The source event; absent when the key is shared by many events, which `facts` then name. */
  readonly eventId?: string;
  readonly at: Instant;
  readonly subject: Subject;
  readonly kind: string;
  readonly facts: JsonObject;
}

/** How two values of one fact become one, where the general rule does not fit. */
export type JoinRule = 'min' | 'max' | 'set' | 'first3' | 'last3';
export type JoinRules = Readonly<Record<string, JoinRule>>;

/** A set keeps its smallest members; more would not fit a table property, and "2,000 or more" is enough. */
export const SET_CAP = 2_000;
const EDGE = 3;

/**
 * Joins two signals of one key. Commutative, associative and idempotent, so that neither the order nor the number of
 * deliveries can matter: present beats absent, arrays unite as sets, objects join per field, of two scalars the one
 * with the greater canonical JSON stays, and the earlier `at`. Returns `a` itself when `b` brings nothing new.
 */
export function joinSignals(a: Signal, b: Signal, rules: JoinRules = {}): Signal {
  const facts = joinFields(a.facts, b.facts, rules);
  const eventId = joinValues(a.eventId, b.eventId) as string | undefined;
  const name = joinValues(a.subject.name, b.subject.name) as string | undefined;
  if (facts === a.facts && eventId === a.eventId && name === a.subject.name && a.at <= b.at) {
    return a;
  }
  return {
    ...a,
    ...(eventId !== undefined && { eventId }),
    at: earliest(a.at, b.at),
    subject: name === undefined ? a.subject : { ...a.subject, name },
    facts,
  };
}

/** Puts the sets of a fresh signal in order, as joining would. */
export function normalise(signal: Signal, rules: JoinRules = {}): Signal {
  const facts = Object.entries(signal.facts).map(([name, fact]) => [
    name,
    isList(fact) ? joinLists(fact, [], rules[name]) : normaliseValue(fact),
  ]);
  return { ...signal, facts: Object.fromEntries(facts) as JsonObject };
}

function normaliseValue(value: Json | undefined): Json | undefined {
  if (isList(value)) {
    return inOrder(value).slice(0, SET_CAP);
  }
  if (isObject(value)) {
    const fields = Object.entries(value).map(([key, each]) => [key, normaliseValue(each)]);
    return Object.fromEntries(fields) as JsonObject;
  }
  return value;
}

function joinFields(a: JsonObject, b: JsonObject, rules: JoinRules): JsonObject {
  let joined: Record<string, Json | undefined> | undefined;
  for (const name of Object.keys(b)) {
    const value = joinFact(a[name], b[name], rules[name]);
    if (value !== a[name]) {
      joined ??= { ...a };
      joined[name] = value;
    }
  }
  return joined ?? a;
}

function joinFact(
  a: Json | undefined,
  b: Json | undefined,
  rule: JoinRule | undefined,
): Json | undefined {
  if (rule === undefined || isAbsent(a) || isAbsent(b)) {
    return joinValues(a, b);
  }
  if (rule === 'min') {
    return order(a, b) <= 0 ? a : b;
  }
  if (rule === 'max') {
    return order(a, b) >= 0 ? a : b;
  }
  return joinLists(listOf(a), listOf(b), rule);
}

function joinValues(a: Json | undefined, b: Json | undefined): Json | undefined {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) {
    return rank > 0 ? a : b;
  }
  if (isList(a) && isList(b)) {
    return joinSets(a, b);
  }
  if (isObject(a) && isObject(b)) {
    return joinFields(a, b, {});
  }
  return a === b || canonical(a) >= canonical(b) ? a : b;
}

function joinLists(
  a: readonly Json[],
  b: readonly Json[],
  rule: JoinRule | undefined,
): readonly Json[] {
  if (rule !== 'first3' && rule !== 'last3') {
    return joinSets(a, b);
  }
  const all = byTime(a, b);
  const kept = rule === 'first3' ? all.slice(0, EDGE) : all.slice(-EDGE);
  return canonical(kept) === canonical(a) ? a : kept;
}

/** Unites two sets; linear for sets that are already in order, which all but fresh ones are. */
function joinSets(a: readonly Json[], b: readonly Json[]): readonly Json[] {
  const left = inOrder(a);
  const right = inOrder(b);
  const united: Json[] = [];
  let isNew = left !== a || left.length > SET_CAP;
  let i = 0;
  let j = 0;
  while (united.length < SET_CAP && (i < left.length || j < right.length)) {
    const sign = i === left.length ? 1 : j === right.length ? -1 : order(left[i], right[j]);
    united.push((sign <= 0 ? left[i] : right[j]) as Json);
    isNew ||= sign > 0;
    i += sign <= 0 ? 1 : 0;
    j += sign >= 0 ? 1 : 0;
  }
  return isNew ? united : a;
}

function inOrder(values: readonly Json[]): readonly Json[] {
  for (let i = 1; i < values.length; i++) {
    if (order(values[i - 1], values[i]) >= 0) {
      const sorted = [...values].sort(order);
      return sorted.filter((each, k) => k === 0 || order(sorted[k - 1], each) !== 0);
    }
  }
  return values;
}

function byTime(a: readonly Json[], b: readonly Json[]): readonly Json[] {
  const unique = new Map([...a, ...b].map((each) => [canonical(each), each]));
  return [...unique.values()].sort((x, y) => {
    const [s, t] = [timeOf(x), timeOf(y)];
    return s < t ? -1 : s > t ? 1 : order(x, y);
  });
}

function timeOf(value: Json): string {
  return isObject(value) && typeof value['at'] === 'string' ? value['at'] : '';
}

function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : value === undefined ? [] : [value];
}

/** A total order: numbers by size, texts by code unit, everything else by canonical JSON. */
function order(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  const bothText = typeof a === 'string' && typeof b === 'string';
  const x = bothText ? a : canonical(a);
  const y = bothText ? b : canonical(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function isAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null || value === '';
}

function rankOf(value: Json | undefined): number {
  if (isAbsent(value)) {
    // Absent, null and empty text are all absent, but one of them must win for the join to be a function.
    return value === undefined ? -3 : value === null ? -2 : -1;
  }
  return isList(value) ? 3 : isObject(value) ? 2 : 1;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}
