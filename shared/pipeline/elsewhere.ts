import { plainText } from '../domain/plain-text';
import { json, problem, type Answer } from './answer';

/** Answers `GET /api/health`, to anybody. */
export function answerHealth(isUp: boolean): Answer {
  return { ...json({ status: isUp ? 'up' : 'down' }), status: isUp ? 200 : 503 };
}

/** Answers what no door takes: 405 where another method is taken, else 404. */
export function answerElsewhere(
  { method, url }: { readonly method: string; readonly url: string },
  { paths }: { readonly paths: Readonly<Record<string, object>> },
): Answer {
  const { pathname } = new URL(url);
  const known = Object.entries(paths).find(([path]) =>
    new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}/?$`, 'i').test(
      pathname,
    ),
  );
  if (known === undefined) {
    return problem(
      'not-found',
      `Nothing is served under ${plainText(pathname, 200)}; GET /api/openapi.json lists what is.`,
    );
  }
  const allow = Object.keys(known[1])
    .map((each) => each.toUpperCase())
    .sort()
    .join(', ');
  const headers = { Allow: allow };
  return problem('wrong-method', `${known[0]} takes ${allow}, not ${plainText(method, 20)}.`, {
    headers,
  });
}
