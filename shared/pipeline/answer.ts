import { plainText, safeJson } from '../domain/plain-text';

/** What a use case answers to a request, whatever server carries it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are made as they are taken. */
  readonly body?: string | AsyncIterable<string>;
}

/** What is wrong with one parameter or field. */
export interface Fault {
  readonly parameter: string;
  readonly detail: string;
}

/** On every answer: it is about people, so nobody may keep it, guess its type or show it in a frame. */
const ALWAYS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
} as const;

const PROBLEMS = {
  'invalid-parameters': { status: 400, title: 'The request has parameters that cannot be used' },
  unauthenticated: { status: 401, title: 'Nobody is signed in' },
  forbidden: { status: 403, title: 'This is not allowed' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'wrong-method': { status: 405, title: 'This method is not taken here' },
  conflict: { status: 409, title: 'This is not possible now' },
  changed: { status: 412, title: 'It has changed meanwhile' },
  'too-large': { status: 413, title: 'The body is too large' },
  'wrong-content-type': { status: 415, title: 'The body must be JSON' },
  'etag-missing': { status: 428, title: 'Say which version you saw' },
  failed: { status: 500, title: 'The request could not be answered' },
  unavailable: { status: 503, title: 'The storage did not answer' },
} as const;
export type ProblemName = keyof typeof PROBLEMS;

/** A whole answer. */
export function answer(
  status: number,
  type: string,
  body: Answer['body'],
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { ...ALWAYS, 'Content-Type': type, ...headers },
    ...(body !== undefined && { body }),
  };
}

/** An answer without a body. */
export function bare(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { ...ALWAYS, ...headers } };
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return answer(200, 'application/json', safeJson(value), headers);
}

/** Problem details (RFC 9457). What came from the caller is cut and made plain. */
export function problem(
  name: ProblemName,
  detail: string,
  more: { readonly errors?: readonly Fault[]; readonly headers?: Record<string, string> } = {},
): Answer {
  const { status, title } = PROBLEMS[name];
  const errors = more.errors?.map((each) => ({
    parameter: plainText(each.parameter, 60),
    detail: plainText(each.detail, 300),
  }));
  const body = {
    type: `urn:crosscheck:problem:${name}`,
    ...{ title, status, detail: plainText(detail, 1_000) },
    ...(errors !== undefined && { errors }),
  };
  return answer(status, 'application/problem+json', safeJson(body), more.headers);
}

/** Names every parameter that is wrong. */
export function wrongParameters(errors: readonly Fault[]): Answer {
  const detail = errors
    .slice(0, 10)
    .map((each) => `${plainText(each.parameter, 60)}: ${plainText(each.detail, 300)}`)
    .join('; ');
  return problem('invalid-parameters', detail, { errors: errors.slice(0, 50) });
}
