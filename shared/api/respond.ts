import { plainText } from '../domain/plain-text';
import { UnreadableRowError } from '../pipeline/ports';
import { authorize, refusalOfPost } from './access';
import { problem, type Answer, type ApiRequest } from './answer';
import type { ApiMonitor } from './endpoint';
import { ROUTES, type RoleRoute } from './routes';

/** Answers a request of somebody who has the role of a route. */
export async function respond(
  route: RoleRoute,
  request: ApiRequest,
  monitor: ApiMonitor,
): Promise<Answer> {
  const { access: gate, tenantId } = monitor.config;
  const authorized = authorize(request, route.role, { gate, tenantId });
  if ('refusal' in authorized) {
    return authorized.refusal;
  }
  const refusal = refusalOfPost(request);
  return refusal ?? (await route.load()).answer(request, { ...authorized, monitor });
}

/** Answers what no route takes: 405 where another method is taken, else 404. */
export function notFound({ method, url }: Pick<ApiRequest, 'method' | 'url'>): Answer {
  const { pathname } = new URL(url);
  const known = ROUTES.filter(({ path }) =>
    new RegExp(`^${path.replace('{id}', '[^/]+').replaceAll('.', '\\.')}/?$`, 'i').test(pathname),
  );
  const [first] = known;
  if (first === undefined) {
    return problem(
      'not-found',
      `Nothing is served under ${plainText(pathname, 200)}; GET /api/openapi.json lists what is.`,
    );
  }
  const allow = known.map((each) => each.method).join(', ');
  return problem(
    'method-not-allowed',
    `${first.path} takes ${allow}, not ${plainText(method, 20)}.`,
    { headers: { Allow: allow } },
  );
}

/** What went wrong inside: the caller learns where it is said, and no more. */
export function failure(error: unknown, invocationId: string): Answer {
  const where = `The log of invocation ${invocationId} says why.`;
  const { name } = error instanceof Error ? error : { name: '' };
  return name === 'StorageError' || name === 'ContentionError'
    ? problem('unavailable', `The storage did not answer; try again. ${where}`)
    : problem(
        'internal-error',
        error instanceof UnreadableRowError ? `${error.message}. ${where}` : where,
      );
}
