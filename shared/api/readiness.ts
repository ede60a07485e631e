import { endpoint } from './endpoint';
import { readinessQuery } from './requests';
import { readinessReport } from './responses';

/** `GET /api/readiness`: whom an MFA requirement would stop today although a method is listed for them. */
export const getReadiness = endpoint({
  summary: 'Whom an MFA requirement would stop today although a method is listed for them',
  takes: { query: readinessQuery },
  response: readinessReport,
  problems: ['not-found', 'unavailable'],
  handle: async ({ query: { group } }, { monitor }) => ({
    value: await monitor.readiness(group === undefined ? {} : { group }),
  }),
});
