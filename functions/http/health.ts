import { app } from '@azure/functions';
import { withMonitor } from '../invocation';
import { carried } from './door';

/** For anybody: up or down. What is wrong stands in the log and in `api/status`. */
app.http('health', {
  route: 'api/health',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (_request, context) => {
    const { answerHealth } = await import('../../shared/pipeline/elsewhere');
    try {
      const health = await withMonitor(context, (monitor) => monitor.health());
      return carried(answerHealth(health.status === 'up'));
    } catch {
      return carried(answerHealth(false));
    }
  },
});
