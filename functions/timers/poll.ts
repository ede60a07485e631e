import { app } from '@azure/functions';
import { pollTimer } from '../../shared/config/functions';
import { LOGS } from '../../shared/sources';
import { withMonitor } from '../invocation';

for (const log of LOGS) {
  app.timer(pollTimer(log), {
    schedule: '%POLL_SCHEDULE%',
    handler: async (_timer, context) => {
      await withMonitor(context, (monitor) => monitor.pollOnTimer(log));
    },
  });
}
