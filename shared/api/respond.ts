import { plainText } from '../domain/text';
import { UnreadableRowError } from '../pipeline/ports/unreadable-row';
import { authorize, checkPost } from './access';
import { problem, type Answer, type ApiRequest } from './answer';
import { orRefusal, type ApiMonitor } from './endpoint';
import { ROUTES, type RoleRoute } from './routes';

/** Answers a request of somebody who has the role of a route. */
export function respond(
  route: RoleRoute,
  request: ApiRequest,
  monitor: ApiMonitor,
): Promise<Answer> {
  return orRefusal(async () => {
    const { access: gate, tenantId } = monitor.config;
    const principal = authorize(request, route.role, { gate, tenantId });
    checkPost(request);
    return (await route.load()).answer(request, { principal, monitor });
  });
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
