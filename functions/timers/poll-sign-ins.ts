import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.timer('pollSignIns', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.pollOnTimer('signIns'));
  },
});
