// Control characters, and those that turn, hide or join text: names in a log may hold any of them.
const UNPRINTABLE =
  // eslint-disable-next-line no-control-regex -- finding control characters is what this is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// What JSON.stringify leaves as it is and a terminal, a page or a line-wise reader might act on.
const RISKY_IN_JSON = /[<>\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// How JSON.stringify writes a surrogate without its other half; an escaped backslash is no beginning of one.
const HALF_IN_JSON = /\\(?:\\|ud[89a-f][0-9a-f]{2})/g;

/** Text on one line without control or hidden characters; cut when it is longer than `most`. */
export function plainText(text: string, most = Infinity): string {
  const plain = text.toWellFormed().replace(UNPRINTABLE, ' ');
  return plain.length > most ? `${cutText(plain, most)}...` : plain;
}

/** The beginning of a text; never half of a character that takes two units. */
export function cutText(text: string, most: number): string {
  const cut = text.slice(0, most);
  return cut.length < text.length && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** The same with a capital letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "a, b and c" */
export function enumerated(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

/**
 * JSON that is harmless wherever it is shown: what is risky is escaped, so the value stays exactly the same. Only half
 * a character becomes U+FFFD: many readers refuse a whole document for it.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent)
    .replace(HALF_IN_JSON, (escape) => (escape === '\\\\' ? escape : '\\ufffd'))
    .replace(RISKY_IN_JSON, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Whether a text is like a pattern, whatever the case; `*` stands for any text, also none. */
export function isLike(text: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.toLowerCase().split('*');
  const rest = text.toLowerCase();
  const last = others.pop();
  if (last === undefined) {
    return rest === first;
  }
  if (!rest.startsWith(first)) {
    return false;
  }
  let at = first.length;
  for (const part of others) {
    const found = rest.indexOf(part, at);
    if (found < 0) {
      return false;
    }
    at = found + part.length;
  }
  return rest.length - last.length >= at && rest.endsWith(last);
}
