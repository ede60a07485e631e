import { endpoint } from './endpoint';
import { coverageQuery, definedRange } from './requests';
import { coverage } from './responses';

/** `GET /api/coverage`: what was read of each log, when it was read again, and what is missing. */
export const getCoverage = endpoint({
  summary: 'What was read of each log, read again, or missing and why',
  takes: { query: coverageQuery },
  response: coverage,
  handle: async ({ query }, { monitor }) => ({
    value: await monitor.coverage(definedRange(query)),
  }),
});
