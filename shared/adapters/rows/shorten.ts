/** The longest name or reason that is kept. Real ones are a tenth of it; a device can be named anything. */
export const LONGEST_TEXT = 500;

/** Cuts a text that is longer than anything meant to be read: it would not fit where signals are stored. */
export function shorten(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT).toWellFormed()}…`;
}
