/**
 * What answers at a webhook. `takes-posts`: a Workflow that is switched on. `off`: one that is switched off or deleted.
 * `refused`: the signature is not good. `answers`: something did, without saying what it is.
 */
export type WebhookProbe =
  | { readonly state: 'takes-posts' | 'off' | 'refused' | 'answers'; readonly status: number }
  | { readonly state: 'takes-gets' | 'redirects'; readonly status: number }
  | { readonly state: 'unreached'; readonly code: string };

const MAX_BYTES = 8_000;

/**
 * Asks a Workflow with GET, which posts no card: its trigger takes POST alone and refuses any other method before
 * anything runs, naming itself (`TriggerRequestMethodNotValid`, Azure/logicapps#1441) or saying that it is switched off
 * or deleted (`WorkflowTriggerIsNotEnabled`). HEAD has no body to tell the two apart; OPTIONS is answered for whatever
 * address. The URL goes to the host that gets it with every card, and stands in no answer of this function.
 */
export async function probeWebhook(
  url: URL,
  options: { readonly fetch: typeof fetch; readonly signal: AbortSignal },
): Promise<WebhookProbe> {
  let response: Response;
  try {
    response = await options.fetch(url, {
      method: 'GET',
      redirect: 'manual',
      signal: options.signal,
    });
  } catch (error) {
    const { code } = (error as { readonly cause?: { readonly code?: unknown } }).cause ?? {};
    const isCode = typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code);
    const isLate = options.signal.aborted;
    return { state: 'unreached', code: isCode ? code : isLate ? 'no answer in time' : 'no reason' };
  }
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    return { state: 'redirects', status };
  }
  const said = (await textOf(response)).slice(0, MAX_BYTES);
  if (said.includes('TriggerRequestMethodNotValid')) {
    return { state: 'takes-posts', status };
  }
  if (/Workflow(TriggerIsNotEnabled|NotFound)|WorkflowDisabled/.test(said)) {
    return { state: 'off', status };
  }
  if (status === 401 || status === 403) {
    return { state: 'refused', status };
  }
  return { state: status < 300 ? 'takes-gets' : 'answers', status };
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    return ''; // the status says enough
  }
}
