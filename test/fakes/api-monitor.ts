import { exportFormat } from '../../shared/adapters/export/formats';
import type { Answer, ApiRequest } from '../../shared/api/answer';
import type { ApiMonitor } from '../../shared/api/endpoint';
import { notFound, respond } from '../../shared/api/respond';
import { ROUTES } from '../../shared/api/routes';
import { DETECTORS } from '../../shared/detectors/index';
import { coverageReport } from '../../shared/pipeline/queries/coverage-report';
import { health } from '../../shared/pipeline/queries/health';
import { LOG_READING } from '../../shared/pipeline/findings/log-reading';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { verifyRecord } from '../../shared/pipeline/audit-trail/verify';
import { readiness } from '../../shared/pipeline/queries/readiness';
import { mfaRegistrationUnfinished } from '../../shared/detectors/mfa-registration-unfinished';
import { SourceError } from '../../shared/pipeline/ports/record-source';
import type { Directory } from '../../shared/pipeline/ports/directory';
import { minutes } from '../contracts/samples';
import { principal, TENANT } from '../functions/api-host';
import { configured } from './run';

/** A directory in which nobody is known and one group is. */
export const GROUP = '11111111-0000-4000-8000-00000000f001';
const directory: Directory = {
  listedMethods: async function* () {
    yield await Promise.resolve([]);
  },
  membersOf: async function* (group) {
    if (group !== GROUP) {
      throw new SourceError('bad-answer', 'Graph answered 404', 'Nothing.', { status: 404 });
    }
    yield await Promise.resolve([]);
  },
};

/** What the composition makes for the API, over any stores. */
export function monitorOver(stores: Stores, over: Partial<ApiMonitor> = {}): ApiMonitor {
  const detectors = configured();
  const { clock = { now: () => minutes(600) } } = over;
  const known = [...DETECTORS, LOG_READING];
  const channels = [{ id: 'teams', isConfigured: true }];
  return {
    ...{ stores, clock, version: '1.0.0', logger: { warn: () => undefined } },
    config: {
      ...{ tenantId: TENANT, access: { kind: 'entra' }, detectors },
      shown: [{ name: 'TENANT_ID', value: TENANT, isDefault: false }],
    },
    detectorIds: known.map(({ id }) => id),
    health: () => health(stores, detectors, { tenantId: TENANT, channels, clock }),
    coverage: (range) => coverageReport(stores, detectors, clock, range),
    verify: (range) =>
      verifyRecord({ rows: stores.rows, copies: undefined, lists: stores, clock }, range),
    readiness: (options) =>
      readiness({ stores, clock, directory, detector: mfaRegistrationUnfinished }, options),
    exportFormat: (name) =>
      Promise.resolve(
        exportFormat(name, {
          version: '1.0.0',
          detectorOf: (id) => known.find((each) => each.id === id),
        }),
      ),
    ...over,
  };
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isUp?: boolean;
}

/** Asks as the platform does, as an operator unless headers say otherwise: `GET /api/findings?top=1`. */
export async function ask(
  monitor: ApiMonitor,
  line: string,
  { headers = {}, body = '', isUp = true }: Asked = {},
): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ');
  const url = new URL(path, 'https://app');
  const all = new Headers({
    'x-ms-client-principal': principal(['Operator']),
    ...(method === 'POST' && { 'content-type': 'application/json' }),
    ...headers,
  });
  const request = { method, url: url.href, headers: all, query: url.searchParams };
  for (const route of ROUTES) {
    const pattern = new RegExp(
      `^${route.path.replaceAll('.', '\\.').replace('{id}', '(?<id>[^/]+)')}$`,
    );
    const found = pattern.exec(url.pathname);
    if (found !== null && route.method === method) {
      const asked: ApiRequest = {
        ...{ ...request, params: { ...found.groups } },
        text: (most) => Promise.resolve(body.slice(0, most + 1)),
      };
      return route.role === undefined
        ? (await route.load()).answer(asked, { isUp: () => Promise.resolve(isUp) })
        : respond(route, asked, monitor);
    }
  }
  return notFound(request);
}

/** The body of an answer, read to its end. */
export async function textOf({ body = '' }: Answer): Promise<string> {
  if (typeof body === 'string') {
    return body;
  }
  let text = '';
  for await (const piece of body) {
    text += piece;
  }
  return text;
}
