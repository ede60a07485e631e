import type { Limiter } from '../adapters/graph/limiter';
import type { Logger } from '../adapters/logging/logger';
import type { Config } from '../config/config';
import type { Source } from '../domain/record';
import type { Clock } from '../pipeline/ports/clock';
import type { Directory } from '../pipeline/ports/directory';
import type { RecordSource } from '../pipeline/ports/record-source';

/** What a source keeps from poll to poll: its token, and its part of Graph's limit. */
interface Access {
  readonly getToken: (() => Promise<string>) | undefined;
  readonly limiter: Limiter;
}

/** Gives each source its own, built when it is first asked for. */
export function memoized(build: () => Promise<Access>): (of: Source | 'any') => Promise<Access> {
  const known = new Map<Source | 'any', Promise<Access>>();
  return (source) => {
    const access = known.get(source) ?? build();
    known.set(source, access);
    return access;
  };
}

/** Functions scale on their own and share no memory, so each takes its part of Graph's limit. */
export function requestsPerDoor({ graph }: Config): number {
  return (graph.requestsPer10Seconds * 2) / 5;
}

/** A token and a part of the limit. */
export async function buildAccess(
  config: Config,
  clock: Clock,
  requestsPer10Seconds: number,
): Promise<Access> {
  const { Limiter } = await import('../adapters/graph/limiter');
  return {
    getToken: await graphToken(config, clock),
    limiter: new Limiter(clock, requestsPer10Seconds),
  };
}

/** How a token for Graph is had; undefined when nobody signs in. */
export async function graphToken(
  { graph, tenantId }: Config,
  clock: Clock,
): Promise<(() => Promise<string>) | undefined> {
  const { baseUrl, auth, clientId } = graph;
  const { credentialFor, tokenGetter } = await import('../adapters/graph/credential');
  return auth === 'none'
    ? undefined
    : tokenGetter(credentialFor(auth, { tenantId, clientId }), baseUrl, clock);
}

/** The directory of Microsoft Graph. */
export async function buildDirectory(
  config: Config,
  clock: Clock,
  access: Access,
): Promise<Directory> {
  const { graphDirectory } = await import('../adapters/graph/graph-directory');
  const { baseUrl } = config.graph;
  return graphDirectory({ ...{ baseUrl, clock, fetch, random: Math.random }, ...access });
}

/** What a run asked of Graph. */
export interface Counters {
  requests: number;
  throttled: number;
}

/** The logs of Microsoft Graph. */
export async function buildSource(
  config: Config,
  clock: Clock,
  access: Access,
  counters: Counters,
  logger: Logger,
): Promise<RecordSource> {
  const { graphSource } = await import('../adapters/graph/graph-source');
  return graphSource({
    ...{ baseUrl: config.graph.baseUrl, clock, fetch, random: Math.random },
    ...access,
    onRequest: () => (counters.requests += 1),
    onThrottled: () => (counters.throttled += 1),
    onRetry: ({ failure, message }, waitMs) => {
      logger.warn({ failure, error: message, waitMs }, 'Graph is asked again');
    },
  });
}
