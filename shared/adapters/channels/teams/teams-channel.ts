import type { DeliveryResult } from '../../../domain/findings/delivery';
import { DAY, epochOf, SECOND, type Duration, type Instant } from '../../../domain/time';
import type { Channel, Post } from '../../../pipeline/ports/channel';
import type { Clock } from '../../../pipeline/ports/clock';
import { teamsMessage, type CardContext } from './card';

export interface TeamsChannelOptions {
  /** Checked by `checkWebhookUrl`. Whoever knows it may post: it appears in no error. */
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly context: CardContext;
}

/** Between the beginnings of two posts: flows are throttled by Power Automate, and say so late. */
const PACE: Duration = SECOND;
const TIMEOUT: Duration = 15 * SECOND;
/** More of an answer is never read. */
const MAX_BYTES = 16_384;

/** Posts cards to a channel of Teams through a Workflow's webhook. */
export function teamsChannel(options: TeamsChannelOptions): Channel {
  return {
    pace: PACE,
    post: async (post) => {
      const answer = await ask(options, post);
      return 'outcome' in answer ? answer : resultOf(answer, post, options);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** The beginning of the body: for looking at, never for showing. */
  readonly body: string;
}

/** One request: the answer, or what it comes to that there is none. */
async function ask(
  { url, fetch, clock, context }: TeamsChannelOptions,
  post: Post,
): Promise<Answer | DeliveryResult> {
  const body = JSON.stringify(teamsMessage(post, context));
  const request = new AbortController();
  const done = new AbortController();
  const timeout = clock.sleep(TIMEOUT, done.signal).then(
    () => {
      request.abort();
    },
    () => undefined, // answered in time
  );
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        // Power Automate shows it as the run's tracking id, so that a repeated post can be recognised.
        'x-ms-client-tracking-id': post.id,
      },
      body,
      redirect: 'error',
      signal: request.signal,
    });
    const { status, headers } = response;
    return { status, retryAfter: headers.get('retry-after'), body: await beginningOf(response) };
  } catch (error) {
    return request.signal.aborted
      ? perhaps(later(`the Teams webhook did not answer within ${TIMEOUT / SECOND} seconds`))
      : unreached(error);
  } finally {
    done.abort();
    await timeout;
  }
}

/** The status has decided by now, so a body that breaks off is as good as none. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      const part = (chunk as Uint8Array).subarray(0, MAX_BYTES - bytes);
      text += decoder.decode(part, { stream: true });
      bytes += part.length;
      if (bytes >= MAX_BYTES) {
        break;
      }
    }
  } catch {
    return text;
  }
  return text;
}

// fetch wraps what happened; its messages may name the URL, its codes do not.
function unreached(error: unknown): DeliveryResult {
  const { code, message } =
    (error as { cause?: { code?: unknown; message?: unknown } }).cause ?? {};
  if (message === 'unexpected redirect') {
    return refused(
      'the Teams webhook answered with a redirect, which is not followed. Copy the URL of the Workflow again into TEAMS_WEBHOOK_URL',
    );
  }
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)
    ? { ...unlessSent(later(`the Teams webhook could not be reached (${code})`), code), code }
    : perhaps(later('the Teams webhook could not be reached'));
}

/** There was no connection over which anything could have gone. */
const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*|ERR_TLS.*)$/;

function unlessSent(result: Later, code: string): Later {
  return UNSENT.test(code) ? result : perhaps(result);
}

function perhaps(result: Later): Later {
  return { ...result, mayHaveArrived: true };
}

function resultOf(answer: Answer, post: Post, options: TeamsChannelOptions): DeliveryResult {
  const { status, retryAfter, body } = answer;
  const hint = hintIn(body, options.url);
  if (status >= 200 && status < 300) {
    const told = statusToldIn(body, post);
    return told === undefined ? { outcome: 'accepted' } : resultOfStatus(told, hint);
  }
  const wait = parseRetryAfter(retryAfter, options.clock.now());
  return resultOfStatus(status, hint, wait);
}

/** The retired connectors said 200 and put the failure into the text; what echoes the post says nothing. */
function statusToldIn(body: string, post: Post): number | undefined {
  if (body.includes(post.id)) {
    return undefined;
  }
  const told = /\bHTTP error ([45]\d\d)\b/i.exec(body)?.[1];
  return told !== undefined
    ? Number(told)
    : /throttl|too many requests|rate limit/i.test(body)
      ? 429
      : undefined;
}

function resultOfStatus(status: number, hint: string, retryAfter?: Duration): DeliveryResult {
  return { ...meaningOf(status, hint, retryAfter), code: String(status) };
}

function meaningOf(status: number, hint: string, retryAfter?: Duration): NotAccepted {
  switch (status) {
    case 429:
      return later(`the Teams webhook is throttled (429)${hint}`, retryAfter);
    case 408:
    case 425:
      return later(`the Teams webhook was not ready (${status})${hint}`, retryAfter);
    case 503:
      return later(`the Teams webhook failed (503)${hint}`, retryAfter);
    case 400:
      return refused(
        `the flow did not take the card (400)${hint}. Check that it is switched on and was made from the template "Post to a channel when a webhook request is received"`,
      );
    case 401:
    case 403:
      return refused(
        `the flow did not let Crosscheck in (${status})${hint}. In the flow, set "Who can trigger the flow" to "Anyone", then copy its URL again into TEAMS_WEBHOOK_URL`,
      );
    case 404:
    case 410:
      return refused(
        `the flow is gone (${status})${hint}: it was deleted or its owner left. Create the Workflow again, with a second owner, and put its URL into TEAMS_WEBHOOK_URL`,
      );
    case 413:
      return refused(
        `the card is too large for the flow (413)${hint}. Look at the finding itself: crosscheck findings`,
      );
    default:
      return status >= 500
        ? perhaps(later(`the Teams webhook failed (${status})${hint}`, retryAfter))
        : refused(
            `the Teams webhook refused the card (${status})${hint}. Look at the runs of the flow in Power Automate`,
          );
  }
}

/** The error code of Power Automate, such as `WorkflowTriggerIsNotEnabled`, when it is one and no part of the URL. */
function hintIn(body: string, url: URL): string {
  const code = /"code"\s*:\s*"([A-Za-z]{3,60})"/.exec(body)?.[1];
  return code === undefined || url.href.includes(code) ? '' : `, ${code}`;
}

/** Seconds, also with a fraction, or a date. */
function parseRetryAfter(text: string | null, now: Instant): Duration | undefined {
  const value = text?.trim() ?? '';
  const ms = /^\d{1,9}(\.\d{1,9})?$/.test(value)
    ? Math.ceil(Number(value) * SECOND)
    : /^[A-Z][a-z]{2},? /.test(value)
      ? Date.parse(value) - epochOf(now)
      : Number.NaN;
  return ms > 0 ? Math.min(ms, DAY) : undefined;
}

type NotAccepted = Exclude<DeliveryResult, { readonly outcome: 'accepted' }>;

type Later = Extract<DeliveryResult, { readonly outcome: 'later' }>;

function later(error: string, retryAfter?: Duration): Later {
  return { outcome: 'later', error, ...(retryAfter !== undefined && { retryAfter }) };
}

function refused(error: string): NotAccepted {
  return { outcome: 'refused', error };
}
