import { app } from '@azure/functions';
import { withMonitor } from './invocation';

app.timer('sealDay', {
  schedule: '0 20 0 * * *',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.seal());
  },
});
