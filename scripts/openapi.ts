import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { version } from '../package.json';
import { PROBLEMS, type ProblemName } from '../shared/api/answer';
import type { Described } from '../shared/api/endpoint';
import { problemDetails } from '../shared/api/responses';
import { ROUTES, type Route } from '../shared/api/routes';

/** The document that `GET /api/openapi.json` serves: what validates requests and types the answers, written out. */
export async function openapi(): Promise<string> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of ROUTES) {
    const operation = operationOf(route, await route.load());
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation;
  }
  const document = createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Crosscheck',
      version,
      description:
        'Findings about Microsoft Entra sign-ins and audit events: what was found, on what evidence, and what people decided.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ entra: [] }],
    components: {
      securitySchemes: {
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A token of Microsoft Entra for this app, or its sign-in cookie. Roles: Auditor reads, Operator also decides and resends.',
        },
      },
    },
    paths,
  });
  return `${JSON.stringify(document, null, 2)}\n`;
}

function operationOf(
  { name, method, role }: Route,
  { summary, takes, response, hasEtag, others, problems: own = [] }: Described,
): ZodOpenApiOperationObject {
  const { path, query, headers: header, body } = takes;
  const params = { ...(path && { path }), ...(query && { query }), ...(header && { header }) };
  const names: readonly ProblemName[] = [
    ...((path ?? query) ? (['invalid-parameters'] as const) : []),
    ...(method === 'POST' ? (['unsupported-media-type'] as const) : []),
    ...(role === undefined
      ? []
      : (['unauthorized', 'forbidden', 'internal-error', 'unavailable'] as const)),
    ...own,
  ];
  return {
    operationId: name,
    summary: role === 'Operator' ? `${summary} (Operator)` : summary,
    ...(role === undefined && { security: [] }),
    ...(Object.keys(params).length > 0 && { requestParams: params as never }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: body.schema } } },
    }),
    responses: {
      200: {
        description: 'OK',
        content: { 'application/json': { schema: response } },
        ...(hasEtag === true && { headers: z.object({ ETag: z.string() }) }),
      },
      ...others,
      ...Object.fromEntries(names.map((each) => [PROBLEMS[each].status, problemOf(each)])),
    },
  };
}

const MEANING: Readonly<Partial<Record<ProblemName, string>>> = {
  'invalid-parameters': 'each parameter that is wrong is named',
  forbidden: 'no role, or of another tenant',
  conflict: 'not possible in its present state',
  'precondition-failed': 'it has changed since the version that was named',
  'unsupported-media-type': 'the body must be JSON',
  'precondition-required': 'If-Match is missing',
  'internal-error': 'the log says why',
  unavailable: 'the storage did not answer',
};

function problemOf(name: ProblemName): { readonly description: string; readonly content: object } {
  const { title } = PROBLEMS[name];
  const meaning = MEANING[name];
  return {
    description: meaning === undefined ? title : `${title}: ${meaning}`,
    content: { 'application/problem+json': { schema: problemDetails } },
  };
}
