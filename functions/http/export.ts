import { app } from '@azure/functions';
import { doorFor } from './door';

app.http('export', {
  route: 'api/export',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: doorFor('Auditor', async ({ request, monitor, principal }) => {
    const { answerExport } = await import('../../shared/pipeline/export-findings');
    const { exportFormat } = await import('../../shared/adapters/export/formats');
    const { signatureOf } = await import('../../shared/pipeline/access');
    const { stores, clock, config, version, detectorOf, detectorIds } = monitor;
    const requestedBy = signatureOf(principal);
    return answerExport(
      request.query,
      { ...stores, clock, about: { version, tenantId: config.tenantId, requestedBy } },
      (name) => exportFormat(name, { version, detectorOf }),
      detectorIds,
    );
  }),
});
