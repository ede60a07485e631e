import { CrosscheckError } from './errors';

/**
 * A moment of event time: UTC, always 7 fractional digits and `Z` (`2023-08-08T12:38:54.0000000Z`), so that
 * instants sort as text and keep the 100 ns that Microsoft Graph logs and a JavaScript `Date` would lose.
 */
export type Instant = string & { readonly __instant: true };

/** A length of time in milliseconds. */
export type Duration = number;

export const SECOND: Duration = 1_000;
export const MINUTE: Duration = 60 * SECOND;
export const HOUR: Duration = 60 * MINUTE;
export const DAY: Duration = 24 * HOUR;

/** A text that should be a time or a duration and is not. */
export class TimeError extends CrosscheckError {
  override readonly name = 'TimeError';
}

const TICKS_PER_MS = 10_000;
const TICKS_PER_SECOND = 10_000_000;
// The form that Graph sends, of a day that exists in every year: a million of them come by, so no Date is made.
const PLAIN =
  /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{7}Z$/;
const READABLE =
  /^(\d{4}-\d\d-\d\d)[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d{1,12}))?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/i;

/**
 * Reads an ISO 8601 time with a zone and normalises it to UTC.
 * @throws TimeError when the text is no time, names a day that does not exist, or has no zone.
 */
export function toInstant(text: string): Instant {
  if (PLAIN.test(text)) {
    return text as Instant;
  }
  const match = READABLE.exec(text.trim());
  const [, date, time, fraction = '', zone] = match ?? [];
  if (date === undefined || time === undefined || !isRealDate(`${date}T${time}`)) {
    throw new TimeError(`"${shorten(text)}" is not a time like 2026-01-31T12:00:00Z`);
  }
  if (zone === undefined) {
    throw new TimeError(`the time "${shorten(text)}" has no zone; write it as ...Z or ...+00:00`);
  }
  const instant = join(
    Date.parse(`${date}T${time}Z`) - offsetOf(zone),
    fraction.slice(0, 7).padEnd(7, '0'),
  );
  if (!/^\d{4}-/.test(instant)) {
    throw new TimeError(`"${shorten(text)}" lies outside the years 0000 to 9999`);
  }
  return instant;
}

/** The instant of a number of milliseconds since 1970-01-01 UTC. */
export function fromEpoch(ms: number): Instant {
  const whole = Math.floor(ms / SECOND) * SECOND;
  return join(whole, String(Math.round((ms - whole) * TICKS_PER_MS)).padStart(7, '0'));
}

/** Milliseconds since 1970-01-01 UTC, cut to whole milliseconds. */
export function epochOf(instant: Instant): number {
  return Date.parse(`${instant.slice(0, 23)}Z`);
}

/** The instant `ms` later, or earlier when negative; keeps the 100 ns digits. */
export function plus(instant: Instant, ms: Duration): Instant {
  return plusTicks(instant, Math.round(ms * TICKS_PER_MS));
}

/** The next instant that can be written: 100 ns later. Half-open windows end here to include a row. */
export function justAfter(instant: Instant): Instant {
  return plusTicks(instant, 1);
}

/** Milliseconds from one instant to another. */
export function between(from: Instant, to: Instant): Duration {
  return epochOf(to) - epochOf(from);
}

/** `2023-08-08` */
export function dayOf(instant: Instant): string {
  return instant.slice(0, 10);
}

/** `2023-08` */
export function monthOf(instant: Instant): string {
  return instant.slice(0, 7);
}

/** The first moment of that hour. */
export function startOfHour(instant: Instant): Instant {
  return `${instant.slice(0, 13)}:00:00.0000000Z` as Instant;
}

/** Midnight UTC of that day. */
export function startOfDay(instant: Instant): Instant {
  return `${dayOf(instant)}T00:00:00.0000000Z` as Instant;
}

/** Midnight UTC of the first day of that month. */
export function startOfMonth(instant: Instant): Instant {
  return `${monthOf(instant)}-01T00:00:00.0000000Z` as Instant;
}

/** The first of these times; undefined where there are none. */
export function earliest(first: Instant, ...others: readonly Instant[]): Instant;
export function earliest(...times: readonly Instant[]): Instant | undefined;
export function earliest(
  first: Instant | undefined,
  ...others: readonly Instant[]
): Instant | undefined {
  let least = first;
  for (const each of others) {
    least = least === undefined || each < least ? each : least;
  }
  return least;
}

/** For sorting by time. */
export function byTime(a: { readonly at: Instant }, b: { readonly at: Instant }): number {
  return a.at < b.at ? -1 : a.at > b.at ? 1 : 0;
}

/** When a time without anything new is over. Whole days, so that it moves at most once a day. */
export function quietAfter(last: Instant, quiet: Duration): Instant {
  return plus(startOfDay(last), quiet + DAY);
}

export function latest(first: Instant, ...others: Instant[]): Instant {
  return others.reduce((most, each) => (each > most ? each : most), first);
}

const UNITS: Readonly<Record<string, Duration>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/**
 * Reads a duration such as `90s`, `60m`, `3h` or `30d`.
 * @throws TimeError when the text is anything else.
 */
export function parseDuration(text: string): Duration {
  const match = /^(\d{1,6})([smhd])$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new TimeError(
      `"${shorten(text)}" is not a duration; write a number and s, m, h or d, like 60m`,
    );
  }
  return Number(match[1]) * unit;
}

/** Writes a duration in the largest unit that keeps it whole: `60m` is `1 h`, `90s` is `90 s`. */
export function formatDuration(ms: Duration): string {
  if (ms !== 0 && ms % DAY === 0) {
    return `${ms / DAY} d`;
  }
  if (ms !== 0 && ms % HOUR === 0) {
    return `${ms / HOUR} h`;
  }
  if (ms !== 0 && ms % MINUTE === 0) {
    return `${ms / MINUTE} min`;
  }
  return `${ms / SECOND} s`;
}

/** `2023-08-08 12:38 UTC`, for sentences that people read. */
export function toMinute(instant: Instant): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

function plusTicks(instant: Instant, ticks: number): Instant {
  const total = Number(instant.slice(20, 27)) + ticks;
  const seconds = Math.floor(total / TICKS_PER_SECOND);
  const whole = Date.parse(`${instant.slice(0, 19)}Z`) + seconds * SECOND;
  return join(whole, String(total - seconds * TICKS_PER_SECOND).padStart(7, '0'));
}

function join(wholeSecondMs: number, fraction: string): Instant {
  return `${new Date(wholeSecondMs).toISOString().slice(0, 19)}.${fraction}Z` as Instant;
}

// Date.parse rolls 30 February over to March, so days past the 28th are written back and compared.
function isRealDate(seconds: string): boolean {
  const ms = Date.parse(`${seconds}Z`);
  if (Number.isNaN(ms)) {
    return false;
  }
  return seconds.slice(8, 10) <= '28' || new Date(ms).toISOString().startsWith(seconds);
}

function offsetOf(zone: string): Duration {
  if (zone.toUpperCase() === 'Z') {
    return 0;
  }
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * MINUTE;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

const LAST_MS = 9_999_999_999_999;

/** A text that sorts the newest first, by milliseconds; before 1970 and after 2286 all times are alike. */
export function newestFirst(instant: Instant): string {
  const ms = Math.min(Math.max(epochOf(instant), 0), LAST_MS);
  return String(LAST_MS - ms).padStart(13, '0');
}
