import { TimeError, toInstant } from '../../shared/domain/time';

/** A `$filter` that the service would answer with 400. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

type Kind = 'time' | 'text' | 'number';

/** What may be filtered by: the kind of its values, and whether `startswith` works on it. */
export interface Filterable {
  readonly kind: Kind;
  readonly startswith?: boolean;
}
export type Filterables = Readonly<Record<string, Filterable>>;

/** Tells whether a row passes. */
export type Filter = (row: Readonly<Record<string, unknown>>) => boolean;

/**
 * Reads the part of OData that the audit logs take: `and`, `or`, parentheses, `eq`, `ge`, `le` and `startswith`.
 * @throws FilterError for anything else, also for quoted times, as the service does.
 */
export function parseFilter(text: string, filterables: Filterables): Filter {
  const reader = new Reader(tokensOf(text), filterables);
  const filter = reader.any();
  reader.end();
  return filter;
}

interface Token {
  readonly is: 'sign' | 'text' | 'time' | 'number' | 'word';
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<sign>[(),])|(?:'(?<text>(?:[^']|'')*)'|(?<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?<number>-?\d+)|(?<word>[A-Za-z_][\w/]*))(?=[\s(),]|$))/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const rest = text.trimEnd();
  TOKEN.lastIndex = 0;
  for (let at = 0; at < rest.length; at = TOKEN.lastIndex) {
    const groups: Record<string, string | undefined> = TOKEN.exec(rest)?.groups ?? {};
    const [is, value] = Object.entries(groups).find(([, each]) => each !== undefined) ?? [];
    if (value === undefined) {
      throw new FilterError(`Syntax error at position ${at} in '${text}'.`);
    }
    tokens.push({ is: is as Token['is'], text: value });
  }
  return tokens;
}

/** Parentheses deeper than this are refused. */
const DEEPEST = 20;

class Reader {
  readonly #tokens: readonly Token[];
  readonly #filterables: Filterables;
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
    return this.#takes('startswith') ? this.#startsWith() : this.#comparison();
  }

  #startsWith(): Filter {
    this.#expect('(');
    const path = this.#path();
    this.#expect(',');
    const prefix = this.#take();
    this.#expect(')');
    if (this.#filterables[path]?.startswith !== true || prefix?.is !== 'text') {
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
