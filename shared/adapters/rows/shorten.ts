/** The longest name or reason that is kept. Real ones are a tenth of it; a device can be named anything. */
export const MAX_TEXT_LENGTH = 500;

/** Cuts a text that is longer than anything meant to be read: it would not fit where signals are stored. */
export function shorten(text: string, longest = MAX_TEXT_LENGTH): string {
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}…`;
}

/** Ids are never cut: two cut ones could be the same. They enter keys of 1 KiB; the longest seen have 80 characters. */
export const MAX_ID_LENGTH = 400;
