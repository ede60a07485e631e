// Control characters, and those that turn, hide or join text: names in a log may hold any of them.
const UNPRINTABLE =
  // eslint-disable-next-line no-control-regex -- finding control characters is what this is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// What JSON.stringify leaves as it is and a terminal, a page or a line-wise reader might act on.
const RISKY_IN_JSON = /[<>\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text on one line without control or hidden characters; cut when it is longer than `most`. */
export function plainText(text: string, most = Infinity): string {
  const plain = text.replace(UNPRINTABLE, ' ');
  return plain.length > most ? `${plain.slice(0, most)}...` : plain;
}

/** JSON that is harmless wherever it is shown: what is risky is escaped, so the value stays exactly the same. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    RISKY_IN_JSON,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
