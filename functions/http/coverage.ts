import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.http('coverage', {
  route: 'api/coverage',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) =>
    withMonitor(context, async (monitor) => {
      const { answerCoverage } = await import('../../shared/pipeline/coverage-query');
      return answerCoverage(monitor.coverage, request.query);
    }),
});
