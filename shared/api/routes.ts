import type { Role } from './access';
import type { Endpoint, PublicCall } from './endpoint';

interface At {
  /** The name of the function. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: `/api/${string}`;
}

/** An endpoint for people who have the role. */
export interface RoleRoute extends At {
  readonly role: Role;
  readonly load: () => Promise<Endpoint>;
}

/** An endpoint for anybody. */
export interface PublicRoute extends At {
  readonly role?: undefined;
  readonly load: () => Promise<Endpoint<PublicCall>>;
}

export type Route = RoleRoute | PublicRoute;

/**
 * Every endpoint there is. Functions are registered from this table, so it loads none of them: schemas and handlers come
 * with the first call.
 */
export const ROUTES: readonly Route[] = [
  {
    ...{ name: 'findings', method: 'GET', path: '/api/findings', role: 'Auditor' },
    load: async () => (await import('./findings')).listFindings,
  },
  {
    ...{ name: 'finding', method: 'GET', path: '/api/findings/{id}', role: 'Auditor' },
    load: async () => (await import('./finding')).getFinding,
  },
  {
    ...{ name: 'transitions', method: 'POST', path: '/api/findings/{id}/transitions' },
    role: 'Operator',
    load: async () => (await import('./finding')).decideFinding,
  },
  {
    ...{ name: 'resend', method: 'POST', path: '/api/alerts/{id}/resend', role: 'Operator' },
    load: async () => (await import('./alerts')).resend,
  },
  {
    ...{ name: 'export', method: 'GET', path: '/api/export', role: 'Auditor' },
    load: async () => (await import('./export')).exportFindingsAs,
  },
  {
    ...{ name: 'stats', method: 'GET', path: '/api/stats', role: 'Auditor' },
    load: async () => (await import('./stats')).getStats,
  },
  {
    ...{ name: 'status', method: 'GET', path: '/api/status', role: 'Auditor' },
    load: async () => (await import('./status')).getStatus,
  },
  {
    ...{ name: 'coverage', method: 'GET', path: '/api/coverage', role: 'Auditor' },
    load: async () => (await import('./coverage')).getCoverage,
  },
  {
    ...{ name: 'readiness', method: 'GET', path: '/api/readiness', role: 'Auditor' },
    load: async () => (await import('./readiness')).getReadiness,
  },
  {
    ...{ name: 'verify', method: 'GET', path: '/api/verify', role: 'Auditor' },
    load: async () => (await import('./verify')).getVerification,
  },
  {
    ...{ name: 'health', method: 'GET', path: '/api/health' },
    load: async () => (await import('./public')).getHealth,
  },
  {
    ...{ name: 'openapi', method: 'GET', path: '/api/openapi.json' },
    load: async () => (await import('./public')).getDescription,
  },
];

/** The function that answers what no route takes; the platform would answer without a word. */
export const NOT_FOUND = 'notFound';

/** The names of the functions that answer requests. */
export const HTTP_FUNCTIONS: readonly string[] = [...ROUTES.map(({ name }) => name), NOT_FOUND];
