import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.http('findings', {
  route: 'api/findings',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) =>
    withMonitor(context, async ({ stores }) => {
      const { answerFindings } = await import('../../shared/pipeline/findings-query');
      return answerFindings(stores.findings, request.query);
    }),
});
