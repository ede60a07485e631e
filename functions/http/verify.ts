import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('verify', {
  route: 'api/verify',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: doorFor('Auditor', async ({ request, monitor }) => {
    const { answerVerify } = await import('../../shared/pipeline/verify-query');
    return answerVerify(monitor.verify, request.query, monitor.clock.now());
  }),
});
