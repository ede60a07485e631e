import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('finding', {
  route: 'api/findings/{id}',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: doorFor('Auditor', async ({ request, monitor }) => {
    const { answerFinding } = await import('../../shared/pipeline/show-finding');
    const ifNoneMatch = request.headers.get('if-none-match');
    return answerFinding(monitor.stores.findings, request.params, { ifNoneMatch });
  }),
});
