import { probeWebhook } from '../../shared/adapters/channels/teams/probe';
import { webhookName } from '../../shared/adapters/channels/teams/webhook-url';
import type { Check } from './check';

const RENEW =
  'Open the Workflow in Teams or Power Automate, switch it on, and copy its URL again into TEAMS_WEBHOOK_URL.';

/** Whether something takes posts at the webhook. Nothing is posted. */
export async function lookAtWebhook(
  url: URL | undefined,
  options: { readonly fetch: typeof fetch; readonly signal: AbortSignal },
): Promise<readonly Check[]> {
  const id = 'webhook';
  if (url === undefined) {
    const says = 'no channel is configured: alerts are kept and marked, and nobody is told';
    return [{ id, state: 'warn', says, remedy: 'Set TEAMS_WEBHOOK_URL.' }];
  }
  const name = `the webhook (${webhookName(url)})`;
  const probe = await probeWebhook(url, options);
  switch (probe.state) {
    case 'takes-posts':
      return [{ id, state: 'ok', says: `${name} is a Workflow that is on and takes posts` }];
    case 'unreached':
      return [
        {
          ...{ id, state: 'fail', says: `${name} cannot be reached (${probe.code})` },
          remedy: 'Check the network from here to that host, and that the URL was copied whole.',
        },
      ];
    case 'off':
      return [
        { id, state: 'fail', says: `${name} is a Workflow that is off or deleted`, remedy: RENEW },
      ];
    case 'refused':
      return [
        {
          ...{
            id,
            state: 'fail',
            says: `${name} answers ${probe.status}: it refuses the signature`,
          },
          remedy: `${RENEW} "Anyone" must be allowed to trigger it.`,
        },
      ];
    case 'redirects':
      return [
        {
          ...{ id, state: 'fail', says: `${name} leads elsewhere, and posts do not follow` },
          remedy: RENEW,
        },
      ];
    case 'takes-gets':
      return [
        {
          ...{ id, state: 'warn', says: `${name} answers ${probe.status} to a GET` },
          remedy:
            'A Workflow made by the template of docs/deployment.md takes posts alone: check that it is that one.',
        },
      ];
    case 'answers':
      return [
        url.protocol === 'http:'
          ? { id, state: 'ok', says: `${name} answers; it is an inbox on this machine` }
          : {
              ...{
                id,
                state: 'warn',
                says: `${name} answers ${probe.status}, which tells nothing`,
              },
              remedy: 'Look at the run history of the Workflow after the next alert.',
            },
      ];
  }
}
