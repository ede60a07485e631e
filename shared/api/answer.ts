import { plainText, safeJson } from '../domain/text';

/** A request, whatever server took it. */
export interface ApiRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly get: (name: string) => string | null };
  readonly query: Iterable<readonly [string, string]>;
  /** What stands in place of `{id}`. */
  readonly params: Readonly<Record<string, string>>;
  /** The body, as far as so many bytes: what comes after is not kept. */
  readonly text: (most: number) => Promise<string>;
}

/** What is answered to a request, whatever server sends it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are made as they are taken. */
  readonly body?: string | AsyncIterable<string>;
}

/** Ends a request with that answer: nothing failed, the caller may not or cannot. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
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

/** Titles are those of HTTP (RFC 9110, RFC 6585). */
export const PROBLEMS = {
  'invalid-parameters': { status: 400, title: 'Bad Request' },
  unauthorized: { status: 401, title: 'Unauthorized' },
  forbidden: { status: 403, title: 'Forbidden' },
  'not-found': { status: 404, title: 'Not Found' },
  'method-not-allowed': { status: 405, title: 'Method Not Allowed' },
  conflict: { status: 409, title: 'Conflict' },
  'precondition-failed': { status: 412, title: 'Precondition Failed' },
  'content-too-large': { status: 413, title: 'Content Too Large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported Media Type' },
  'precondition-required': { status: 428, title: 'Precondition Required' },
  'internal-error': { status: 500, title: 'Internal Server Error' },
  unavailable: { status: 503, title: 'Service Unavailable' },
} as const;
export type ProblemName = keyof typeof PROBLEMS;

/** An answer with a body. */
export function answer(
  status: number,
  type: string,
  body: NonNullable<Answer['body']>,
  headers: Answer['headers'] = {},
): Answer {
  return { status, headers: { ...ALWAYS, 'Content-Type': type, ...headers }, body };
}

/** An answer without a body. */
export function withoutBody(status: number, headers: Answer['headers'] = {}): Answer {
  return { status, headers: { ...ALWAYS, ...headers } };
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
