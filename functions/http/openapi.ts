import { app } from '@azure/functions';
import { carried } from './door';

/** What can be asked is no secret; the answers are. */
app.http('openapi', {
  route: 'api/openapi.json',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (request) => {
    const { json } = await import('../../shared/pipeline/answer');
    const { refuseQuery } = await import('../../shared/pipeline/api-schema');
    const { default: document } = await import('../../docs/openapi.json');
    return carried(refuseQuery(request.query) ?? json(document));
  },
});
