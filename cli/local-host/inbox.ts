import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { Instant } from '../../shared/domain/time';
import { isOfForeignPage } from '../../shared/api/access';
import type { Now } from '../../shared/pipeline/ports/clock';
import { inboxHtml, INBOX_SCRIPT, INBOX_STYLE } from './inbox-page';
import { answerText, listenOnLoopback, readBody, type Listening } from './listen';

/** What Teams would have shown. */
export interface InboxMessage {
  readonly number: number;
  readonly receivedAt: Instant;
  readonly form: 'card' | 'line' | 'digest' | 'notice';
  readonly bytes: number;
  /** Adaptive Cards, as they came. */
  readonly cards: readonly unknown[];
}

export interface Inbox extends Listening {
  /** What `TEAMS_WEBHOOK_URL` takes. */
  readonly webhookUrl: string;
  /** The newest first. */
  readonly messages: () => readonly InboxMessage[];
}

/** The whole message may have so many bytes, or Teams says "Request Entity too large". */
const LARGEST_MESSAGE = 28_672;
/** Older ones are forgotten. */
const MAX_MESSAGES = 500;
const CARD_TYPE = 'application/vnd.microsoft.card.adaptive';

/** Stands in for a Teams channel: takes what a Workflows webhook takes, and shows it on a page. */
export async function startInbox(options: {
  readonly clock: Now;
  readonly port?: number;
  /** The host was started before, and what came then is not here. */
  readonly hasEarlier?: boolean;
}): Promise<Inbox> {
  const html = inboxHtml(options.hasEarlier === true);
  const messages: InboxMessage[] = [];
  let taken = 0;
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, LARGEST_MESSAGE);
    if (body === undefined) {
      answerText(response, 413, `Request Entity too large: more than ${LARGEST_MESSAGE} bytes.\n`);
      return;
    }
    const cards = cardsIn(body.toString());
    if (cards === undefined) {
      // The real flow answers 202 and then fails where nobody looks.
      answerText(response, 400, 'Not a message with Adaptive Cards as attachments.\n');
      return;
    }
    taken += 1;
    messages.unshift({
      number: taken,
      receivedAt: options.clock.now(),
      form: formOf(cards[0]),
      bytes: body.length,
      cards,
    });
    messages.length = Math.min(messages.length, MAX_MESSAGES);
    response.writeHead(202).end();
  }
  const listening = await listenOnLoopback(async (request, response) => {
    const { host = '', origin = null, 'sec-fetch-site': site = null } = request.headers;
    const { pathname, href: url } = new URL(request.url ?? '/', `http://${host}`);
    if (
      request.method !== 'GET' &&
      isOfForeignPage({ url, origin, site: [site].flat()[0] ?? null })
    ) {
      answerText(response, 403, 'Pages of other sites may post nothing here.\n');
    } else if (request.method === 'POST' && pathname === '/webhook') {
      await take(request, response);
    } else if (request.method === 'GET') {
      show(pathname, { html, messages }, response);
    } else {
      answerText(response, 405, 'POST to /webhook, or GET /.\n');
    }
  }, options.port);
  const webhookUrl = `${listening.url}/webhook`;
  return { ...listening, webhookUrl, messages: () => messages };
}

/** @returns undefined when it is not what the flow "When a Teams webhook request is received" can post. */
function cardsIn(body: string): readonly unknown[] | undefined {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { attachments } = (message ?? {}) as { readonly attachments?: unknown };
  if (!Array.isArray(attachments) || attachments.length === 0) {
    return undefined;
  }
  const cards = attachments.map(cardIn);
  return cards.includes(undefined) ? undefined : cards;
}

function cardIn(attachment: unknown): unknown {
  const { contentType, content } = (attachment ?? {}) as Record<string, unknown>;
  const isCard = (content as { readonly type?: unknown } | null)?.type === 'AdaptiveCard';
  return contentType === CARD_TYPE && isCard ? content : undefined;
}

// The channel names the first container of a digest and of a notice so; a line has one sentence there and nothing else but a foot.
function formOf(card: unknown): InboxMessage['form'] {
  const { body } = card as { readonly body?: readonly CardPart[] };
  const [first, ...others] = Array.isArray(body) ? (body as readonly CardPart[]) : [];
  if (first?.id?.startsWith('digest-') === true) {
    return 'digest';
  }
  if (first?.id?.startsWith('notice-') === true) {
    return 'notice';
  }
  return others.length <= 1 && (first?.items?.length ?? 1) === 1 ? 'line' : 'card';
}

interface CardPart {
  readonly id?: string;
  readonly items?: readonly unknown[];
}

// ------------------------------------------------------------------------------------------------------- the page

/** Nothing from outside, no script or style but our own files: what the cards hold comes from a log. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

interface Page {
  readonly html: string;
  readonly messages: readonly InboxMessage[];
}

function show(pathname: string, page: Page, response: ServerResponse): void {
  const [type, text] = fileAt(pathname, page) ?? [];
  if (type === undefined || text === undefined) {
    answerText(response, 404, 'There is nothing here.\n');
    return;
  }
  response.writeHead(200, {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(text);
}

function fileAt(
  pathname: string,
  { html, messages }: Page,
): readonly [type: string, text: string | Buffer] | undefined {
  switch (pathname) {
    case '/':
      return ['text/html', html];
    case '/inbox.js':
      return ['text/javascript', INBOX_SCRIPT];
    case '/inbox.css':
      return ['text/css', INBOX_STYLE];
    case '/adaptivecards.js':
      return ['text/javascript', readFileSync(adaptiveCards())];
    case '/messages.json':
      return ['application/json', JSON.stringify(messages)];
    default:
      return undefined;
  }
}

function adaptiveCards(): string {
  return createRequire(__filename).resolve('adaptivecards/dist/adaptivecards.min.js');
}
