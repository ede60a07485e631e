import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.http('health', {
  route: 'api/health',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (_request, context) => {
    try {
      const health = await withMonitor(context, (monitor) => monitor.health());
      return { status: health.status === 'up' ? 200 : 503, jsonBody: health };
    } catch (error) {
      // Settings that cannot be used and storage that does not answer are what people come here to learn.
      const problems = [error instanceof Error ? error.message : 'unknown'];
      context.error(...problems);
      return { status: 503, jsonBody: { status: 'down', problems } };
    }
  },
});
