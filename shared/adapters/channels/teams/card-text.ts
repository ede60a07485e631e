/**
 * Texts for a Teams card. Names, devices and policies come from the log, and people who mean harm choose some of them;
 * Teams reads TextBlocks and facts as Markdown and makes links of what looks like one.
 */

/** A text from the log as Teams shows it literally: no markup, no link, no control, at most `most` characters. */
export function fromLog(text: string, most: number): string {
  return escape(unlink(cut(clean(text), most)));
}

/** A text of our own, such as a step of a runbook: literal too, but its links stay links. */
export function ours(text: string, most = 600): string {
  return escape(cut(clean(text), most));
}

/** For the places that know no Markdown: fallback texts. */
export function bare(text: string, most: number): string {
  return unlink(cut(clean(text), most));
}

/** One line of well-formed visible text without mentions and without anything that looks like a secret. */
function clean(text: string): string {
  const visible = text
    .slice(0, LONGEST)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    // Invisible format characters, bidirectional controls among them; joiners stay: scripts and emoji need them.
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, '');
  return withoutSecrets(withoutMentions(visible)).replace(/\s+/g, ' ').trim();
}

/** Nothing on a card is longer, and patterns need not look further. */
const LONGEST = 8_000;

function withoutMentions(text: string): string {
  let before;
  do {
    before = text;
    text = text.replace(/<\s*\/?\s*at\b[^<>]*>/gi, '');
  } while (text !== before);
  return text;
}

/** A second fence: adapters have removed these already. */
function withoutSecrets(text: string): string {
  return text
    .replace(/\beyJ[\w-]{8,}(\.[\w-]*){0,4}/g, '[removed]')
    .replace(/\b(bearer\s+)[\w.~+/=-]{12,}/gi, '$1[removed]')
    .replace(/\b(sig|client_secret|access_token|refresh_token|password)=[^&\s]+/gi, '$1=[removed]')
    .replace(/\+\d[\d ()-]{6,18}\d/g, '[phone number]');
}

function cut(text: string, most: number): string {
  const characters = Array.from(text); // by code point, so that no character is cut in two
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

const SCHEME = /:(?=\/\/)|(?<=https?):/gi;
const BARE_SCHEME =
  /(?<![a-z0-9])(ftp|mailto|javascript|vbscript|data|file|tel|sms|callto|msteams|ms-[a-z]+):/gi;
/** What may be made a link without any scheme: new endings come every year, so any word behind a dot is one. */
const HOST =
  /(?<![@\p{L}\p{N}._-])(?:[\p{L}\p{N}_-]{1,63}\.)+(?:\p{L}{2,63}|xn--[a-z0-9-]+)(?![\p{L}\p{N}@_-])/giu;

/** Written the way security people write a link that must not be followed: `https[:]//evil[.]example`. */
function unlink(text: string): string {
  return text
    .replace(SCHEME, '[:]')
    .replace(BARE_SCHEME, '$1[:]')
    .replace(/(?<![a-z0-9])(www)\./gi, '$1[.]')
    .replace(HOST, (host) => host.replaceAll('.', '[.]'));
}

function escape(text: string): string {
  return (
    text
      .replace(/[\\`*_[\]()~#<>]/g, '\\$&')
      // A list, at the beginning of a line.
      .replace(/^(?:(?=[-+])|(\d{1,9})(?=\.(\s|$)))/, '$1\\')
      // Entities, and the card's own {{DATE()}} function.
      .replace(/&(?=#?\w{1,31};)/g, '&amp;')
      .replace(/\{(?=\{)/g, '{ ')
  );
}
