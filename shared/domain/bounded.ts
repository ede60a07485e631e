import { canonical, isList, type Json, type JsonObject } from './json';

/** What a finding keeps of a list, and of a text: the next pair is tried while all of it is still too long. */
const BOUNDS = [
  { list: 50, text: 1_000 },
  { list: 20, text: 500 },
  { list: 5, text: 200 },
  { list: 1, text: 100 },
] as const;
type Bound = (typeof BOUNDS)[number];

/** As characters: escaped, and in the two bytes that a column counts for each, it stays below a row. */
export const FACTS_LIMIT = 32 * 1024;

/**
 * Facts as a finding keeps them: long lists end with "and 15,950 more", long texts with an ellipsis, so that nothing
 * that a log says makes a finding that the store refuses. What fits is left as it is.
 */
export function bounded(facts: JsonObject): JsonObject {
  let kept: JsonObject = {};
  for (const bound of BOUNDS) {
    kept = cutFields(facts, Object.keys(facts), bound);
    if (canonical(kept).length <= FACTS_LIMIT) {
      break;
    }
  }
  return kept;
}

/** A text of a log, not longer than a finding takes. */
export function boundedText(text: string, most: number = BOUNDS[0].text): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function cut(value: Json | undefined, bound: Bound): Json | undefined {
  if (typeof value === 'string') {
    return boundedText(value, bound.text);
  }
  if (isList(value)) {
    return cutList(value, bound);
  }
  return typeof value === 'object' && value !== null
    ? cutFields(value, Object.keys(value).slice(0, bound.list), bound)
    : value;
}

function cutList(list: readonly Json[], bound: Bound): readonly Json[] {
  const kept = list.slice(0, bound.list).map((each) => cut(each, bound) ?? null);
  const left = list.length - kept.length;
  return left === 0 ? kept : [...kept, `and ${left.toLocaleString('en')} more`];
}

/** Names of facts are chosen by detectors; deeper down some of them are values of the log. */
function cutFields(fields: JsonObject, names: readonly string[], bound: Bound): JsonObject {
  return Object.fromEntries(names.map((name) => [name, cut(fields[name], bound)]));
}
