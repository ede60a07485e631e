import { canonical, isList, type Json, type JsonObject } from '../json';
import type { Source } from '../record';
import { earliest, type Instant } from '../time';

export const SUBJECT_TYPES = ['user', 'group', 'app', 'address', 'log', 'count'] as const;

/**
 * Whose timeline a signal belongs to; `id` is stable, `name` is for people. `address`: a mail address. `log`: how a log is
 * read. `count`: how many rows of it there were.
 */
export interface Subject {
  readonly type: (typeof SUBJECT_TYPES)[number];
  readonly id: string;
  readonly name?: string | undefined;
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

/** Puts the sets of a fresh signal in order, as joining would. Returns the signal itself when they are. */
export function normalise(signal: Signal, rules: JoinRules = {}): Signal {
  const facts = normaliseFields(signal.facts, rules);
  return facts === signal.facts ? signal : { ...signal, facts };
}

function normaliseFields(fields: JsonObject, rules: JoinRules): JsonObject {
  let changed: Record<string, Json | undefined> | undefined;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const normal = isList(value)
      ? joinLists(value, [], rules[name])
      : isObject(value)
        ? normaliseFields(value, {})
        : value;
    if (normal !== value) {
      changed ??= { ...fields };
      changed[name] = normal;
    }
  }
  return changed ?? fields;
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
  const [only] = b;
  if (only === undefined && a.length === 1) {
    return a;
  }
  if (only !== undefined && b.length === 1 && a.length <= EDGE && isByTime(a)) {
    return insertByTime(a, only, rule);
  }
  const all = byTime(a, b);
  const kept = rule === 'first3' ? all.slice(0, EDGE) : all.slice(-EDGE);
  return kept.length === a.length && kept.every((each, i) => each === a[i]) ? a : kept;
}

/** One more event is the common case: most change nothing, and none needs sorting. */
function insertByTime(a: readonly Json[], only: Json, rule: 'first3' | 'last3'): readonly Json[] {
  let place = 0;
  while (place < a.length && timeOrder(a[place], only) < 0) {
    place += 1;
  }
  const isKnown = place < a.length && timeOrder(a[place], only) === 0;
  const isOutside = a.length === EDGE && place === (rule === 'first3' ? EDGE : 0);
  if (isKnown || isOutside) {
    return a;
  }
  const all = a.toSpliced(place, 0, only);
  return rule === 'first3' ? all.slice(0, EDGE) : all.slice(-EDGE);
}

function isByTime(a: readonly Json[]): boolean {
  return a.every((each, i) => i === 0 || timeOrder(a[i - 1], each) < 0);
}

/**
 * Unites two sets. Each member of the smaller one is looked up in the larger one, and what lies between is copied: a few
 * new members are the common case.
 */
function joinSets(a: readonly Json[], b: readonly Json[]): readonly Json[] {
  const left = inOrder(a);
  const right = inOrder(b);
  const [many, few] = left.length >= right.length ? [left, right] : [right, left];
  let united: Json[] | undefined;
  let done = 0;
  for (const member of few) {
    const place = placeOf(member, many, done);
    if (place >= SET_CAP) {
      break; // it and all that follow would be cut off again
    }
    if (place < many.length && order(many[place], member) === 0) {
      continue;
    }
    united ??= [];
    append(united, many, done, place);
    united.push(member);
    done = place;
  }
  if (united === undefined) {
    return capped(many);
  }
  append(united, many, done, many.length);
  return remembered(capped(united));
}

/** Where in a set in order, from an index on, a member stands or belongs. */
function placeOf(member: Json, set: readonly Json[], from: number): number {
  let low = from;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(set[middle], member) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function append(to: Json[], set: readonly Json[], from: number, end: number): void {
  for (let i = from; i < end; i++) {
    to.push(set[i] as Json);
  }
}

/** The set itself when it is not too large: what is the same need not be looked at again. */
function capped(set: readonly Json[]): readonly Json[] {
  return set.length > SET_CAP ? set.slice(0, SET_CAP) : set;
}

/** Long sets that are in order: they are joined again with every page. Nobody changes a list. */
const ORDERED = new WeakSet<readonly Json[]>();
const LONG = 32;

function remembered(set: readonly Json[]): readonly Json[] {
  if (set.length >= LONG) {
    ORDERED.add(set);
  }
  return set;
}

function inOrder(values: readonly Json[]): readonly Json[] {
  if (values.length >= LONG && ORDERED.has(values)) {
    return values;
  }
  for (let i = 1; i < values.length; i++) {
    if (order(values[i - 1], values[i]) >= 0) {
      const sorted = [...values].sort(order);
      return sorted.filter((each, k) => k === 0 || order(sorted[k - 1], each) !== 0);
    }
  }
  return remembered(values);
}

/** All members by their `at`, each once; of two equal ones the one in `a` stays. */
function byTime(a: readonly Json[], b: readonly Json[]): readonly Json[] {
  const all = [...a, ...b].sort(timeOrder);
  return all.filter((each, i) => i === 0 || timeOrder(all[i - 1], each) !== 0);
}

function timeOrder(x: Json | undefined, y: Json | undefined): number {
  const s = timeOf(x);
  const t = timeOf(y);
  return s < t ? -1 : s > t ? 1 : order(x, y);
}

function timeOf(value: Json | undefined): string {
  return isObject(value) && typeof value['at'] === 'string' ? value['at'] : '';
}

function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : value === undefined ? [] : [value];
}

/** A total order: numbers by size, texts by code unit, everything else by canonical JSON. */
function order(a: Json | undefined, b: Json | undefined): number {
  if (a === b) {
    return 0;
  }
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
