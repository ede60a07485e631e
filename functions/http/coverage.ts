import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('coverage', {
  route: 'api/coverage',
  methods: ['GET'],
  authLevel: 'anonymous', // a browser has no key: the door itself asks for a role
  handler: doorFor('Auditor', async ({ request, monitor }) => {
    const { answerCoverage } = await import('../../shared/pipeline/coverage-query');
    return answerCoverage(monitor.coverage, request.query);
  }),
});
