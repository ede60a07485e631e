import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('findings', {
  route: 'api/findings',
  methods: ['GET'],
  authLevel: 'anonymous', // a browser has no key: the door itself asks for a role
  handler: doorFor('Auditor', async ({ request, monitor }) => {
    const { answerFindings } = await import('../../shared/pipeline/findings-query');
    return answerFindings(monitor.stores.index, request.query, monitor.detectorIds);
  }),
});
