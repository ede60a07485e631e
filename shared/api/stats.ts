import { countFindings } from '../pipeline/queries/stats';
import { endpoint } from './endpoint';
import { filterOf, statsQuery } from './requests';
import { stats } from './responses';

/** `GET /api/stats`. */
export const getStats = endpoint({
  summary: 'How many findings there are',
  takes: { query: statsQuery },
  response: stats,
  handle: async ({ query }, { monitor: { stores, clock } }) => ({
    value: await countFindings(stores, filterOf(query), clock),
  }),
});
