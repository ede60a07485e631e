/** Characters that JSON text is made of, as their codes: whoever looks at each of gigabytes compares numbers. */
export const NEWLINE = 10;
export const SPACE = 32;
export const QUOTE = 34;
export const COMMA = 44;
export const COLON = 58;
export const OPEN_ARRAY = 91;
export const BACKSLASH = 92;
export const CLOSE_ARRAY = 93;
export const OPEN_OBJECT = 123;
export const CLOSE_OBJECT = 125;
export const BYTE_ORDER_MARK = 0xfeff;

/** It opens an object or an array. */
export function isOpening(code: number): boolean {
  return code === OPEN_OBJECT || code === OPEN_ARRAY;
}

/** What a backslash keeps from having a meaning of its own. */
export function isEscapable(code: number): boolean {
  return code === QUOTE || code === BACKSLASH;
}

/** The last character before a place that is not blank; undefined when there is none. */
export function lastVisibleOf(chunk: string, end: number): number | undefined {
  for (let at = end - 1; at >= 0; at--) {
    const code = chunk.charCodeAt(at);
    if (code > SPACE) {
      return code;
    }
  }
  return undefined;
}
