import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.timer('purgeExpired', {
  schedule: '0 40 0 * * *',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.purge());
  },
});
