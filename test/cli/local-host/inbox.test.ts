import { runInNewContext, Script } from 'node:vm';
import { startInbox, type Inbox } from '../../../cli/local-host/inbox';
import { INBOX_SCRIPT, MARKDOWN_SCRIPT } from '../../../cli/local-host/inbox-page';
import { toInstant } from '../../../shared/domain/time';

const AT = toInstant('2026-03-02T12:00:00Z');

const text = (words: string): object => ({ type: 'TextBlock', text: words });
const messageOf = (...body: object[]): object => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
      content: { type: 'AdaptiveCard', version: '1.4', body },
    },
  ],
});

describe('the inbox', () => {
  let inbox: Inbox;
  beforeEach(async () => {
    inbox = await startInbox({ clock: { now: () => AT } });
  });
  afterEach(() => inbox.close());
  const post = async (body: unknown): Promise<number> =>
    (
      await fetch(inbox.webhookUrl, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
    ).status;

  it('takes messages as a Workflows webhook does, and shows the newest first', async () => {
    const statuses = [await post(messageOf(text('one'))), await post(messageOf(text('two')))];

    const shown = await (await fetch(`${inbox.url}/messages.json`)).json();

    expect(statuses).toEqual([202, 202]);
    expect(shown).toEqual(inbox.messages());
    expect(shown).toMatchObject([
      { number: 2, receivedAt: AT, cards: [{ body: [text('two')] }] },
      { number: 1, receivedAt: AT, cards: [{ body: [text('one')] }] },
    ]);
  });

  it.each([
    ['a page of another site', { origin: 'https://evil.example.com' }],
    ['what a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
  ])('takes nothing from %s', async (_, headers) => {
    const { status } = await fetch(inbox.webhookUrl, {
      ...{ method: 'POST', headers, body: JSON.stringify(messageOf(text('one'))) },
    });

    expect(status).toBe(403);
    expect(inbox.messages()).toEqual([]);
  });

  it.each([
    ['card', [{ id: 'alert-1', items: [text('a'), text('b')] }, text('c'), text('d')]],
    ['line', [{ id: 'alert-1', items: [text('a')] }, text('foot')]],
    ['digest', [{ id: 'digest-1', items: [text('a')] }, text('foot')]],
    ['notice', [{ id: 'notice-1', items: [text('a')] }, text('b'), text('foot')]],
  ])('knows a %s', async (form, body) => {
    await post(messageOf(...body));

    expect(inbox.messages()[0]?.form).toBe(form);
  });

  it.each([
    ['without attachments', { type: 'message', text: 'hello' }, 400],
    ['with no attachment', { type: 'message', attachments: [] }, 400],
    ['with a bare card', { type: 'AdaptiveCard', body: [] }, 400],
    ['with something else attached', { attachments: [{ contentType: 'text/html' }] }, 400],
    ['with nothing attached', { attachments: [null] }, 400],
    ['that is null', null, 400],
    ['that is not JSON', 'hello', 400],
    ['that is too large', messageOf(text('x'.repeat(28_672))), 413],
  ])('refuses a message %s', async (_, body, status) => {
    expect(await post(body)).toBe(status);
    expect(inbox.messages()).toEqual([]);
  });

  it('takes a message of exactly the largest size', async () => {
    const empty = JSON.stringify(messageOf(text(''))).length;

    expect(await post(messageOf(text('x'.repeat(28_672 - empty))))).toBe(202);
    expect(inbox.messages()[0]?.bytes).toBe(28_672);
  });

  it('forgets the oldest of very many', async () => {
    for (let i = 0; i < 502; i++) {
      await post(messageOf(text(String(i))));
    }

    expect(inbox.messages()).toHaveLength(500);
    expect(inbox.messages().at(-1)?.number).toBe(3);
  });

  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/inbox.js', 'text/javascript; charset=utf-8'],
    ['/inbox.css', 'text/css; charset=utf-8'],
    ['/adaptivecards.js', 'text/javascript; charset=utf-8'],
    ['/messages.json', 'application/json; charset=utf-8'],
  ])('serves %s from itself alone', async (path, type) => {
    const response = await fetch(`${inbox.url}${path}`);

    const body = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it.each([
    ['GET', '/other', 404],
    ['POST', '/', 405],
    ['DELETE', '/webhook', 405],
  ])('does not take %s %s', async (method, path, status) => {
    expect((await fetch(`${inbox.url}${path}`, { method })).status).toBe(status);
  });
});

describe('the script of the inbox page', () => {
  const markdown = (source: string): string =>
    runInNewContext(`${MARKDOWN_SCRIPT}; markdown(source)`, { source }) as string;

  it('is a script', () => {
    expect(() => new Script(INBOX_SCRIPT)).not.toThrow();
  });

  it.each([
    ['plain', '<p>plain</p>'],
    ['**bold** and _italic_', '<p><strong>bold</strong> and <em>italic</em></p>'],
    ['\\*\\*no\\*\\* \\_no\\_', '<p>**no** _no_</p>'],
    ['a_b_', '<p>a<em>b</em></p>'],
    ['**open', '<p>**open</p>'],
    ['- one\n- two', '<ul><li>one</li><li>two</li></ul>'],
    ['1. one', '<ol><li>one</li></ol>'],
    ['one\ntwo', '<p>one<br>two</p>'],
    [
      '[text](https://example.com/?a=1&b=2)',
      '<p><a href="https://example.com/?a=1&#38;b=2" target="_blank" rel="noreferrer noopener">text</a></p>',
    ],
    ['[text](javascript:alert(1))', '<p>[text](javascript:alert(1))</p>'],
    ['<b onclick="x">', '<p>&#60;b onclick=&#34;x&#34;&#62;</p>'],
    ['**<img src=x>**', '<p><strong>&#60;img src=x&#62;</strong></p>'],
    ['a & b &amp; c', '<p>a &#38; b &amp; c</p>'],
    ['', ''],
  ])('makes of %j', (source, html) => {
    expect(markdown(source)).toBe(html);
  });
});
