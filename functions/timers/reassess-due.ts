import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.timer('reassessDue', {
  schedule: '30 */5 * * * *',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.reassess());
  },
});
