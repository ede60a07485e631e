import { app } from '@azure/functions';
import { withMonitor } from '../invocation';

app.timer('pollDirectoryAudits', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => {
    await withMonitor(context, (monitor) => monitor.pollOnTimer('directoryAudits'));
  },
});
