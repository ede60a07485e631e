import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.timer('sealRecord', {
  schedule: '0 20 * * * *',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.seal());
  },
});
