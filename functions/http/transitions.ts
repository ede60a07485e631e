import { app } from '@azure/functions';
import { doorFor, textOf } from './door';

app.http('transitions', {
  route: 'api/findings/{id}/transitions',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: doorFor('Operator', async ({ request, monitor, principal }) => {
    const { answerTransition, LONGEST_BODY } = await import('../../shared/pipeline/transition');
    const { params: path, headers } = request;
    const body = await textOf(request, LONGEST_BODY);
    const asked = { path, body, ifMatch: headers.get('if-match') };
    return answerTransition(asked, principal, monitor.stores, monitor.clock.now());
  }),
});
