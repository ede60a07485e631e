import { TimeError, toInstant } from '../../shared/domain/time';
import type { Filterables } from '../../shared/sources/source';

/** A `$filter` that the service would answer with 400. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

/** Tells whether a row passes. */
export type Filter = (row: Readonly<Record<string, unknown>>) => boolean;

/**
 * Reads the part of OData that the audit logs take: `and`, `or`, parentheses, `eq`, `ge`, `le`, `startswith`, and
 * `any` over a list.
 * @throws FilterError for anything else, also for quoted times, as the service does.
 */
export function parseFilter(text: string, filterables: Filterables): Filter {
  const reader = new Reader(tokensOf(text), filterables);
  const filter = reader.any();
  reader.end();
  return filter;
}

interface Token {
  readonly is: (typeof KINDS)[number];
  readonly text: string;
}

const KINDS = ['sign', 'text', 'time', 'number', 'word'] as const;
/** One group for each kind. */
const TOKEN =
  /\s*(?:([(),:])|(?:'((?:[^']|'')*)'|(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(-?\d+)|([A-Za-z_][\w/]*))(?=[\s(),:]|$))/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const rest = text.trimEnd();
  TOKEN.lastIndex = 0;
  for (let at = 0; at < rest.length; at = TOKEN.lastIndex) {
    const groups: readonly (string | undefined)[] = TOKEN.exec(rest)?.slice(1) ?? [];
    const kind = groups.findIndex((group) => group !== undefined);
    const [is, value] = [KINDS[kind], groups[kind]];
    if (is === undefined || value === undefined) {
      throw new FilterError(`Syntax error at position ${at} in '${text}'.`);
    }
    tokens.push({ is, text: value });
  }
  return tokens;
}

/** Parentheses deeper than this are refused. */
const DEEPEST = 20;

class Reader {
  readonly #tokens: readonly Token[];
  /** What the words mean here: inside `any` they are about one member of the list. */
  #filterables: Filterables;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], filterables: Filterables) {
    this.#tokens = tokens;
    this.#filterables = filterables;
  }

  any(): Filter {
    const parts = [this.#all()];
    while (this.#takes('or')) {
      parts.push(this.#all());
    }
    return (row) => parts.some((part) => part(row));
  }

  end(): void {
    const token = this.#tokens[this.#next];
    if (token !== undefined) {
      throw new FilterError(`Syntax error: '${token.text}' was not expected.`);
    }
  }

  #all(): Filter {
    const parts = [this.#one()];
    while (this.#takes('and')) {
      parts.push(this.#one());
    }
    return (row) => parts.every((part) => part(row));
  }

  #one(): Filter {
    if (this.#takes('(')) {
      this.#depth += 1;
      if (this.#depth > DEEPEST) {
        throw new FilterError('The filter is nested too deeply.');
      }
      const inner = this.any();
      this.#expect(')');
      this.#depth -= 1;
      return inner;
    }
    if (this.#takes('startswith')) {
      return this.#startsWith();
    }
    return this.#tokens[this.#next]?.text.endsWith('/any') === true
      ? this.#anyMember()
      : this.#comparison();
  }

  /** `list/any(x:x/property eq 'value')` */
  #anyMember(): Filter {
    const list = this.#take()?.text.slice(0, -'/any'.length) ?? '';
    const outer = this.#filterables;
    const members = Object.hasOwn(outer, list) ? outer[list] : undefined;
    if (members?.kind !== 'list') {
      throw new FilterError(`Function 'any' is not supported for '${list}'.`);
    }
    this.#expect('(');
    const variable = this.#take()?.text ?? '';
    this.#expect(':');
    this.#filterables = Object.fromEntries(
      Object.entries(members.of).map(([name, each]) => [`${variable}/${name}`, each]),
    );
    const inner = this.any();
    this.#filterables = outer;
    this.#expect(')');
    return (row) => {
      const value = valueAt(row, list);
      return Array.isArray(value) && value.some((each: unknown) => inner({ [variable]: each }));
    };
  }

  #startsWith(): Filter {
    this.#expect('(');
    const path = this.#path();
    this.#expect(',');
    const prefix = this.#take();
    this.#expect(')');
    const filterable = this.#filterables[path];
    const isSupported = filterable?.kind === 'text' && filterable.startswith === true;
    if (!isSupported || prefix?.is !== 'text') {
      throw new FilterError(`Function 'startswith' is not supported for '${path}'.`);
    }
    const start = unescaped(prefix.text);
    return (row) => {
      const value = valueAt(row, path);
      return typeof value === 'string' && value.startsWith(start);
    };
  }

  #comparison(): Filter {
    const path = this.#path();
    const operator = this.#take()?.text ?? '';
    const literal = this.#take();
    const kind = this.#filterables[path]?.kind;
    if (operator !== 'eq' && !(kind === 'time' && (operator === 'ge' || operator === 'le'))) {
      throw new FilterError(`Operator '${operator}' is not supported for '${path}'.`);
    }
    if (literal === undefined || literal.is !== kind) {
      throw new FilterError(
        `A binary operator with incompatible types was detected: '${path}' is of kind ${kind ?? 'unknown'}, ` +
          `the value of kind ${literal?.is ?? 'missing'}.`,
      );
    }
    const wanted = wantedValue(literal);
    return (row) => {
      const value = valueAt(row, path);
      if (operator === 'eq' || typeof value !== 'string') {
        return value === wanted;
      }
      return operator === 'ge' ? value >= wanted : value <= wanted; // instants sort as text
    };
  }

  #path(): string {
    const token = this.#take();
    if (token?.is !== 'word' || !Object.hasOwn(this.#filterables, token.text)) {
      throw new FilterError(`'${token?.text ?? ''}' is not a property that can be filtered by.`);
    }
    return token.text;
  }

  #takes(text: string): boolean {
    const token = this.#tokens[this.#next];
    const isIt =
      token !== undefined && ['sign', 'word'].includes(token.is) && sameWord(token.text, text);
    this.#next += isIt ? 1 : 0;
    return isIt;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) {
      throw new FilterError(
        `'${text}' was expected, not '${this.#tokens[this.#next]?.text ?? ''}'.`,
      );
    }
  }

  #take(): Token | undefined {
    this.#next += 1;
    return this.#tokens[this.#next - 1];
  }
}

// The documentation writes both startswith and startsWith; and, or are lower-case only.
function sameWord(found: string, text: string): boolean {
  return text === 'startswith' ? found.toLowerCase() === text : found === text;
}

function wantedValue({ is, text }: Token): string | number {
  if (is !== 'time') {
    return is === 'number' ? Number(text) : unescaped(text);
  }
  try {
    return toInstant(text);
  } catch (error) {
    throw error instanceof TimeError ? new FilterError(error.message) : error;
  }
}

function unescaped(text: string): string {
  return text.replaceAll("''", "'");
}

function valueAt(row: Readonly<Record<string, unknown>>, path: string): unknown {
  return path
    .split('/')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null
          ? (value as Record<string, unknown>)[key]
          : undefined,
      row,
    );
}
