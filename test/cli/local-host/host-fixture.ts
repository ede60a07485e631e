/** Functions that behave as the real ones do, as far as the local host can tell. */
export const MONITOR = `
import { app } from '@azure/functions';
const seen = { polls: 0, rows: 0 };
const { TENANT_ID, GRAPH_BASE_URL, GRAPH_AUTH, TEAMS_WEBHOOK_URL, TABLES_CONNECTION } = process.env;
app.timer('pollSignIns', {
  schedule: '%POLL_SCHEDULE%',
  handler: async (_timer, context) => {
    const response = await fetch(GRAPH_BASE_URL + '/v1.0/auditLogs/signIns?$top=5');
    seen.rows += (await response.json()).value.length;
    seen.polls += 1;
    context.log('polled');
    context.warn(JSON.stringify({ error: 'nobody there', msg: 'Graph is asked again' }));
  },
});
app.timer('deliverAlerts', {
  schedule: '0 * * * * *',
  handler: async () => {
    await fetch(TEAMS_WEBHOOK_URL, { method: 'POST', body: JSON.stringify({ type: 'message', attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', version: '1.4', body: [] } },
    ] }) });
    throw new Error('the channel is a fixture');
  },
});
app.http('findings', {
  route: 'api/findings', methods: ['GET'], authLevel: 'function',
  handler: async () => ({ jsonBody: { findings: seen.rows === 0 ? [] : [
    { id: '2', severity: 'low', status: 'resolved', detector: 'second', title: 'Two\\u001b[31m', subject: { name: 'b@example.com' } },
    { id: '1', severity: 'medium', status: 'open', detector: 'first', title: 'One', subject: { name: 'a@example.com' } },
  ] } }),
});
app.http('seen', {
  route: 'api/seen', methods: ['GET'], authLevel: 'function',
  handler: async () => ({ jsonBody: { ...seen, TENANT_ID, GRAPH_AUTH, TABLES_CONNECTION } }),
});
`;
