import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.http('health', {
  route: 'api/health',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (_request, context) => {
    const health = await withMonitor(context, (monitor) => monitor.health());
    return { status: health.status === 'up' ? 200 : 503, jsonBody: health };
  },
});
