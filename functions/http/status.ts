import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('status', {
  route: 'api/status',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: doorFor('Auditor', async ({ request, monitor }) => {
    const { answerStatus } = await import('../../shared/pipeline/status');
    const { refuseQuery } = await import('../../shared/pipeline/api-schema');
    const { config, stores, clock, version } = monitor;
    const { tenantId, shown: settings, detectors } = config;
    const about = { version, node: process.version, tenantId, settings, now: clock.now() };
    const refused = refuseQuery(request.query);
    return refused ?? answerStatus(stores, await monitor.health(), detectors, about);
  }),
});
