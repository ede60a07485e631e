/** A row of an export as it was parsed. */
export type Row = Readonly<Record<string, unknown>>;

/** Exports write what is absent as null, as an empty text, or not at all. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a text or a number says; of anything else nothing, whatever its own `toString` would do. */
export function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The value of a JSON text, or undefined when it is none. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
