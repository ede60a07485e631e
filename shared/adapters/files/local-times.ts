/** Which of the two first numbers of a date such as 3/2/2026 is the day. */
export type DateOrder = 'day-first' | 'month-first';

// "3/2/2026, 9:00:00.100 AM", "02.03.2026 09:00:00,100", "2026/03/02 9:00:00 p. m."
const LOCAL =
  /^(\d{1,4})([./-])\s?(\d{1,2})\2\s?(\d{1,4})\.?(?:,|T)?\s*(\d{1,2})[:.](\d\d)[:.](\d\d)(?:[.,](\d{1,7}))?\s*(?:([ap])\.?\s?m\.?)?$/i;

interface LocalTime {
  readonly numbers: readonly [number, number, number];
  readonly separator: string;
  readonly time: string;
}

/**
 * Writes the time of a portal, in one of the formats of its languages, as ISO 8601 in UTC: the column's header says
 * that it is UTC.
 * @returns undefined when the text is no such time, or when its day and its month cannot be told apart.
 */
export function toIsoTime(text: string, order: DateOrder | undefined): string | undefined {
  const local = readLocal(text);
  if (local === undefined) {
    return undefined;
  }
  const { numbers, separator, time } = local;
  const [first, second, third] = numbers;
  if (first > 31) {
    return joined(first, second, third, time);
  }
  const known = separator === '/' ? (first === second ? 'day-first' : order) : 'day-first';
  return known === undefined
    ? undefined
    : known === 'day-first'
      ? joined(third, second, first, time)
      : joined(third, first, second, time);
}

/** True for a time whose day and month only other times of the column can tell apart, as in 3/2/2026. */
export function isAmbiguous(text: string): boolean {
  const local = readLocal(text);
  if (local?.separator !== '/') {
    return false; // with dots or dashes the day comes first, everywhere
  }
  const [first, second] = local.numbers;
  return first <= 31 && first !== second;
}

/** The order that a time shows by itself: a number above 12 is no month. */
export function orderShownBy(text: string): DateOrder | undefined {
  const [first = 0, second = 0] = isAmbiguous(text) ? (readLocal(text)?.numbers ?? []) : [];
  return first > 12 ? 'day-first' : second > 12 ? 'month-first' : undefined;
}

function readLocal(text: string): LocalTime | undefined {
  const [, a, separator, b, c, hour, minute, second, fraction, half] =
    LOCAL.exec(text.trim()) ?? [];
  if (a === undefined || hour === undefined || separator === undefined) {
    return undefined;
  }
  const hours = half === undefined ? Number(hour) : hourOfDay(Number(hour), half);
  const time = `${padded(hours)}:${minute ?? ''}:${second ?? ''}`;
  return {
    numbers: [Number(a), Number(b), Number(c)],
    separator,
    time: fraction === undefined ? time : `${time}.${fraction}`,
  };
}

function hourOfDay(hour: number, half: string): number {
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
}

function joined(year: number, month: number, day: number, time: string): string {
  return `${String(year).padStart(4, '0')}-${padded(month)}-${padded(day)}T${time}Z`;
}

function padded(number: number): string {
  return String(number).padStart(2, '0');
}
