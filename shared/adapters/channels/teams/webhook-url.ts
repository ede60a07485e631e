import { sha256 } from '../../../domain/json';
import { isLoopback } from '../../../domain/loopback';

/** A webhook URL that may be posted to, or a sentence with the remedy. The sentence never holds the URL itself. */
export type WebhookUrl = { readonly url: URL } | { readonly problem: string };

/** Where the flows of the "Workflows" app listen. The path differs from flow to flow, the host's end does not. */
const FLOW_HOSTS = ['.logic.azure.com', '.environment.api.powerplatform.com'];
/** Where the Office 365 connectors listened. */
const RETIRED_HOSTS = ['.webhook.office.com', '.outlook.office.com'];
const CREATE =
  'In Teams, on the channel, choose Workflows and create a Workflow: "Post to a channel when a webhook request is ' +
  'received", then copy its URL';

/**
 * Checks the URL of a Teams webhook: https on port 443 to a Power Automate host. The query string carries the
 * signature, so it must come out of parsing as it went in.
 * @param options.allowLoopback also takes http to this machine, for the local host and for tests.
 */
export function checkWebhookUrl(
  text: string,
  options: { readonly allowLoopback: boolean },
): WebhookUrl {
  const trimmed = text.trim();
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    return {
      problem: `the webhook URL (${fingerprint(trimmed)}) is not a https URL. ${CREATE}.`,
    };
  }
  const problem = problemOf(url, trimmed, options.allowLoopback);
  return problem === undefined
    ? { url }
    : { problem: `the webhook URL (${webhookName(url, trimmed)}) ${problem}` };
}

/** How a webhook is named in logs and sentences: its host and a fingerprint. The URL itself is a secret. */
export function webhookName(url: URL, text: string = url.href): string {
  return `host ${url.hostname}, ${fingerprint(text)}`;
}

function fingerprint(text: string): string {
  return `sha256 ${sha256(text).slice(0, 8)}`;
}

function problemOf(url: URL, text: string, allowLoopback: boolean): string | undefined {
  const host = url.hostname;
  if (url.username !== '' || url.password !== '' || authorityOf(text).includes('@')) {
    return 'carries a user name or a password before the host. Copy the URL of the Workflow as it is.';
  }
  if (isLoopback(host)) {
    return allowLoopback
      ? changedQuery(url, text)
      : 'points to this machine, which is for trying out only: with GRAPH_AUTH=none, or in the local host (npm start). ' +
          `${CREATE}.`;
  }
  if (RETIRED_HOSTS.some((end) => `.${host}`.endsWith(end))) {
    return `belongs to an Office 365 connector, which was retired. ${CREATE}.`;
  }
  if (isAddress(host)) {
    return `has an IP address for a host. ${CREATE}.`;
  }
  if (!FLOW_HOSTS.some((end) => host.endsWith(end) && host.length > end.length)) {
    return `has a host that is not on the list (*${FLOW_HOSTS.join(', *')}). ${CREATE}.`;
  }
  if (url.protocol !== 'https:') {
    return 'is not https. Copy the URL of the Workflow as it is: it begins with https://.';
  }
  if (url.port !== '') {
    return 'names another port than 443. Copy the URL of the Workflow as it is.';
  }
  return changedQuery(url, text);
}

/** Parsing rewrites what no URL may hold, such as a quote or a line break; the signature would then be another one. */
function changedQuery(url: URL, text: string): string | undefined {
  if (text.includes('#')) {
    return 'has a part after "#", which is never sent. Copy the URL of the Workflow as it is.';
  }
  const start = text.indexOf('?');
  const query = start < 0 ? '' : text.slice(start);
  return query === url.search || (query === '?' && url.search === '')
    ? undefined
    : 'holds a space, a quote, a line break or another character that a URL cannot carry. Copy it again, in one piece.';
}

function authorityOf(text: string): string {
  return /^[^:]*:[/\\]*([^/\\?#]*)/.exec(text)?.[1] ?? '';
}

/** As of a loopback address, parsing has normalised its forms. */
function isAddress(host: string): boolean {
  return host.startsWith('[') || /^\d+(\.\d+){3}$/.test(host);
}
