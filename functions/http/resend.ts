import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('resend', {
  route: 'api/alerts/{id}/resend',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: doorFor('Operator', async ({ request, monitor, principal }) => {
    const { answerResend } = await import('../../shared/pipeline/resend');
    const { stores, clock, logger } = monitor;
    const answer = await answerResend(stores.outbox, request.params, clock.now());
    if (answer.status === 200) {
      logger.warn({ alert: request.params['id'], by: principal.id }, 'alert resent by a person');
    }
    return answer;
  }),
});
