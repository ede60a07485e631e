import { app } from '@azure/functions';
import { carried } from './door';

/** What no other door takes: the platform would answer without a word. */
app.http('elsewhere', {
  route: 'api/{*rest}',
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  authLevel: 'anonymous',
  handler: async (request) => {
    const { answerElsewhere } = await import('../../shared/pipeline/elsewhere');
    const { default: document } = await import('../../docs/openapi.json');
    return carried(answerElsewhere(request, document));
  },
});
