import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.timer('deliverAlerts', {
  schedule: '0 * * * * *',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.deliver());
  },
});
