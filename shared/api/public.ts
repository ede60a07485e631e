import { z } from 'zod';
import document from '../../docs/openapi.json';
import { endpoint, type Ok, type PublicCall } from './endpoint';
import { noQuery } from './requests';
import { health, type Body } from './responses';

/** `GET /api/health`: up or down. What is wrong stands in the log and in `GET /api/status`. */
export const getHealth = endpoint({
  summary: 'Up or down, for anybody',
  takes: {},
  response: health,
  others: {
    503: {
      description: 'Down; GET /api/status says why.',
      content: { 'application/json': { schema: health } },
    },
  },
  handle: async (_input, { isUp }: PublicCall): Promise<Ok<Body<typeof health>>> =>
    (await isUp()) ? { value: { status: 'up' } } : { value: { status: 'down' }, status: 503 },
});

/** `GET /api/openapi.json`: what can be asked is no secret; the answers are. */
export const getDescription = endpoint({
  summary: 'This document',
  takes: { query: noQuery },
  response: z.looseObject({ openapi: z.string() }).meta({ description: 'OpenAPI 3.1' }),
  handle: (_input, _call: PublicCall) => Promise.resolve({ value: document }),
});
