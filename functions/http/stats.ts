import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('stats', {
  route: 'api/stats',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: doorFor('Auditor', async ({ request, monitor }) => {
    const { answerStats } = await import('../../shared/pipeline/stats');
    const { stores, clock, detectorIds } = monitor;
    return answerStats(stores, request.query, clock, detectorIds);
  }),
});
