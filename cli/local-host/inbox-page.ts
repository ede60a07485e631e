/** The page of the inbox, as it goes to the browser: plain files, so that a strict content policy holds. */

const EARLIER = 'Alerts of earlier starts are not shown again; their findings are kept.';

/** @param hasEarlier alerts of earlier starts were shown then, and the page says where they are. */
export const inboxHtml = (hasEarlier: boolean): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>Crosscheck inbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/inbox.css">
</head>
<body>
<header>
<h1>Crosscheck <span>alerts</span></h1>
<p id="state" role="status">Waiting for the first message ...</p>
${hasEarlier ? `<p>${EARLIER}</p>` : ''}
</header>
<main id="messages" aria-label="Messages, the newest first"></main>
<noscript><p>The cards are drawn by a script; /messages.json has them as text.</p></noscript>
<script src="/adaptivecards.js"></script>
<script src="/inbox.js"></script>
</body>
</html>
`;

export const INBOX_STYLE = `
* { box-sizing: border-box; }
body { margin: 0; background: #f5f5f5; color: #242424; font: 14px/20px "Segoe UI", system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; gap: 16px; align-items: baseline; padding: 12px 24px;
  background: #fff; border-bottom: 1px solid #e0e0e0; }
h1 { margin: 0; font-size: 18px; line-height: 24px; }
h1 span { font-weight: 400; color: #616161; }
header p { margin: 0; color: #616161; }
main { max-width: 860px; margin: 0 auto; padding: 16px 24px 48px; }
article { margin: 16px 0; padding: 0 0 0 44px; position: relative; }
article::before { content: "C"; position: absolute; left: 0; top: 2px; width: 32px; height: 32px; border-radius: 4px;
  background: #4f52b2; color: #fff; text-align: center; font-weight: 600; line-height: 32px; }
.meta { display: flex; gap: 8px; align-items: baseline; margin: 0 0 4px; color: #616161; font-size: 12px; line-height: 16px; }
.meta strong { color: #242424; font-size: 14px; }
.form { padding: 0 6px; border: 1px solid #d1d1d1; border-radius: 8px; background: #fff; }
.card { background: #fff; border: 1px solid #e0e0e0; border-radius: 8px; overflow: hidden; box-shadow: 0 1px 2px rgb(0 0 0 / 8%); }
.card a { color: #4f52b2; }
.card p { margin: 0; }
.card ul, .card ol { margin: 0; padding-left: 20px; }
.ac-pushButton { font: 600 14px/20px "Segoe UI", system-ui, sans-serif; padding: 5px 12px; border: 1px solid #d1d1d1;
  border-radius: 4px; background: #fff; color: #242424; cursor: pointer; }
.ac-pushButton:hover { background: #f5f5f5; }
.ac-pushButton:focus-visible { outline: 2px solid #242424; outline-offset: 1px; }
.broken { padding: 12px; color: #b10e1c; }
`;

/**
 * The Markdown that Teams reads in cards: backslash escapes, bold, italic, links and lists. Everything else of the
 * text is text: it is escaped before anything is added to it.
 */
export const MARKDOWN_SCRIPT = String.raw`
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (each) => '&#' + each.charCodeAt(0) + ';');
}
function inline(text) {
  let html = '';
  let rest = text;
  while (rest !== '') {
    const escaped = /^\\([!-/:-@[-${'`'}{-~])/.exec(rest);
    const bold = /^(\*\*|__)(?=\S)((?:\\.|(?!\1)[^\\])+)\1/.exec(rest);
    const italic = /^([*_])(?=\S)((?:\\.|(?!\1)[^\\])+)\1/.exec(rest);
    const link = /^\[((?:\\.|[^\]\\])+)\]\((https?:[^\s()<>"]+)\)/.exec(rest);
    const entity = /^&(amp|lt|gt|quot|#\d{1,6});/.exec(rest);
    let taken = rest.slice(0, 1);
    if (escaped) {
      taken = escaped[0];
      html += escapeHtml(escaped[1]);
    } else if (bold) {
      taken = bold[0];
      html += '<strong>' + inline(bold[2]) + '</strong>';
    } else if (italic) {
      taken = italic[0];
      html += '<em>' + inline(italic[2]) + '</em>';
    } else if (link) {
      taken = link[0];
      html += '<a href="' + escapeHtml(link[2]) + '" target="_blank" rel="noreferrer noopener">' + inline(link[1]) + '</a>';
    } else if (entity) {
      taken = entity[0];
      html += entity[0];
    } else {
      html += escapeHtml(taken);
    }
    rest = rest.slice(taken.length);
  }
  return html;
}
function markdown(text) {
  const blocks = [];
  for (const line of text.split(/\r?\n/)) {
    const item = /^\s*(?:([-+*])|\d{1,9}\.)\s+(.*)$/.exec(line);
    const kind = item ? (item[1] ? 'ul' : 'ol') : 'p';
    const last = blocks[blocks.length - 1];
    const html = item ? '<li>' + inline(item[2]) + '</li>' : inline(line);
    if (last && last.kind === kind) {
      last.html += item ? html : '<br>' + html;
    } else if (line.trim() !== '') {
      blocks.push({ kind, html });
    }
  }
  return blocks.map(({ kind, html }) => '<' + kind + '>' + html + '</' + kind + '>').join('');
}
`;

export const INBOX_SCRIPT = `'use strict';
${MARKDOWN_SCRIPT}
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markdown(text);
  result.didProcess = true;
};
// Colours and sizes of the Teams light theme.
const colour = (strong, subtle) => ({ default: strong, subtle });
const texts = {
  default: colour('#242424', '#616161'),
  dark: colour('#242424', '#616161'),
  light: colour('#ffffff', '#e0e0e0'),
  accent: colour('#4f52b2', '#5b5fc7'),
  good: colour('#0e700e', '#237b4b'),
  warning: colour('#835c00', '#835c00'),
  attention: colour('#b10e1c', '#c4314b'),
};
const container = (backgroundColor) => ({ backgroundColor, foregroundColors: texts });
const hostConfig = new AdaptiveCards.HostConfig({
  fontFamily: '"Segoe UI", system-ui, sans-serif',
  supportsInteractivity: true,
  spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
  separator: { lineThickness: 1, lineColor: '#e0e0e0' },
  fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
  lineHeights: { small: 16, default: 20, medium: 20, large: 24, extraLarge: 32 },
  fontWeights: { lighter: 200, default: 400, bolder: 600 },
  containerStyles: {
    default: container('#ffffff'),
    emphasis: container('#f0f0f0'),
    accent: container('#e8ebfa'),
    good: container('#e7f2da'),
    warning: container('#fbf6d9'),
    attention: container('#fcf4f6'),
  },
  factSet: {
    title: { color: 'default', size: 'default', weight: 'bolder', wrap: true, maxWidth: 150 },
    value: { color: 'default', size: 'default', weight: 'default', wrap: true },
    spacing: 16,
  },
  actions: { maxActions: 6, spacing: 'default', buttonSpacing: 8, actionsOrientation: 'horizontal', actionAlignment: 'left' },
});

function draw(json) {
  const place = document.createElement('div');
  place.className = 'card';
  try {
    const card = new AdaptiveCards.AdaptiveCard();
    card.hostConfig = hostConfig;
    card.onExecuteAction = (action) => {
      if (/^https?:/i.test(action.url || '')) {
        window.open(action.url, '_blank', 'noopener,noreferrer');
      }
    };
    card.parse(json);
    place.append(card.render());
  } catch (error) {
    place.className = 'card broken';
    place.textContent = 'This card cannot be drawn: ' + error.message;
  }
  return place;
}

const NAMES = { card: 'card', line: 'line', digest: 'digest', notice: 'notice' };
function article(message) {
  const box = document.createElement('article');
  const meta = document.createElement('p');
  meta.className = 'meta';
  const who = document.createElement('strong');
  who.textContent = 'Crosscheck';
  const time = document.createElement('time');
  time.dateTime = message.receivedAt;
  time.textContent = message.receivedAt.slice(0, 10) + ' ' + message.receivedAt.slice(11, 19) + ' UTC';
  const form = document.createElement('span');
  form.className = 'form';
  form.textContent = NAMES[message.form] || '';
  const size = document.createElement('span');
  size.textContent = (message.bytes / 1024).toFixed(1) + ' of 28 KB';
  meta.append(who, time, form, size);
  box.append(meta, ...message.cards.map(draw));
  return box;
}

const list = document.getElementById('messages');
const state = document.getElementById('state');
let newest = 0;
async function refresh() {
  try {
    const messages = await (await fetch('/messages.json', { cache: 'no-store' })).json();
    const fresh = messages.filter((message) => message.number > newest);
    for (const message of fresh.reverse()) {
      list.prepend(article(message));
      newest = message.number;
    }
    state.textContent = messages.length === 0
      ? 'Waiting for the first message ...'
      : messages.length + (messages.length === 1 ? ' message' : ' messages') + ', the newest first';
  } catch {
    state.textContent = 'The local host has stopped; what came so far stays here.';
  }
  setTimeout(refresh, 2000);
}
void refresh();
`;
