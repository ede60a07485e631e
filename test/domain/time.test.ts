import fc from 'fast-check';
import {
  between,
  DAY,
  dayOf,
  earliest,
  epochOf,
  formatDuration,
  fromEpoch,
  HOUR,
  justAfter,
  latest,
  MINUTE,
  monthOf,
  parseDuration,
  plus,
  SECOND,
  startOfDay,
  startOfHour,
  startOfMonth,
  TimeError,
  toInstant,
  toMinute,
} from '../../shared/domain/time';

describe('shared/domain/time', () => {
  describe('toInstant reads', () => {
    it.each([
      ['whole seconds', '2023-08-08T12:38:54Z', '2023-08-08T12:38:54.0000000Z'],
      ['7 digits', '2023-08-08T12:38:54.1234567Z', '2023-08-08T12:38:54.1234567Z'],
      ['9 digits, cut', '2023-08-08T12:38:54.123456789Z', '2023-08-08T12:38:54.1234567Z'],
      ['3 digits', '2023-08-08T12:38:54.125Z', '2023-08-08T12:38:54.1250000Z'],
      ['a comma', '2023-08-08T12:38:54,5Z', '2023-08-08T12:38:54.5000000Z'],
      ['a space for T', '2023-08-08 12:38:54Z', '2023-08-08T12:38:54.0000000Z'],
      ['spaces around', ' 2023-08-08T12:38:54Z ', '2023-08-08T12:38:54.0000000Z'],
      ['a small z', '2023-08-08t12:38:54z', '2023-08-08T12:38:54.0000000Z'],
      ['a zone to the east', '2023-08-08T01:00:00+02:00', '2023-08-07T23:00:00.0000000Z'],
      ['a zone to the west', '2023-08-08T23:30:00-0130', '2023-08-09T01:00:00.0000000Z'],
      ['a leap day', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00.0000000Z'],
    ])('%s', (_what, text, instant) => {
      expect(toInstant(text)).toBe(instant);
    });
  });

  it('toInstant knows every day of an ordinary year and of a leap year, and no other', () => {
    const two = (n: number): string => String(n).padStart(2, '0');
    const days = [2023, 2024].flatMap((year) =>
      Array.from(
        { length: 14 * 33 },
        (_, i) => `${year}-${two(Math.floor(i / 33))}-${two(i % 33)}`,
      ),
    );

    const known = days.filter((day) => {
      try {
        return toInstant(`${day}T23:59:59.1234567Z`) === `${day}T23:59:59.1234567Z`;
      } catch {
        return false;
      }
    });

    const exists = Array.from({ length: 365 + 366 }, (_, i) =>
      new Date(Date.UTC(2023, 0, 1 + i)).toISOString().slice(0, 10),
    );
    expect(known).toEqual(exists);
  });

  describe('toInstant refuses', () => {
    it.each([
      ['no zone', '2023-08-08T12:38:54', 'has no zone'],
      ['a day alone', '2023-08-08', 'is not a time'],
      ['30 February', '2023-02-30T00:00:00Z', 'is not a time'],
      ['29 February of an ordinary year', '2023-02-29T00:00:00.0000000Z', 'is not a time'],
      ['a 13th month', '2023-13-01T00:00:00Z', 'is not a time'],
      ['25 o’clock', '2023-08-08T25:00:00Z', 'is not a time'],
      ['24 o’clock', '2023-08-08T24:00:00Z', 'is not a time'],
      ['a zone that nobody has', '2023-08-08T12:00:00+99:00', 'is not a time'],
      ['a year after 9999', '9999-12-31T23:59:59-05:00', 'outside the years'],
      ['a word', 'yesterday', 'is not a time'],
      ['nothing', '', 'is not a time'],
    ])('%s', (_what, text, reason) => {
      expect(() => toInstant(text)).toThrow(TimeError);
      expect(() => toInstant(text)).toThrow(reason);
    });

    it('a long text, which it shortens', () => {
      expect(() => toInstant('x'.repeat(500))).toThrow(`"${'x'.repeat(40)}..." is not a time`);
    });
  });

  const ms = fc.integer({ min: 0, max: Date.UTC(2100, 0) });

  it('sorts as text in the order of time', () => {
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        expect(Math.sign(a - b)).toBe(fromEpoch(a) < fromEpoch(b) ? -1 : a === b ? 0 : 1);
      }),
    );
  });

  it('goes to milliseconds and back', () => {
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        expect(epochOf(fromEpoch(a))).toBe(a);
        expect(toInstant(fromEpoch(a))).toBe(fromEpoch(a));
        expect(plus(fromEpoch(a), b - a)).toBe(fromEpoch(b));
        expect(between(fromEpoch(a), fromEpoch(b))).toBe(b - a);
      }),
    );
  });

  it('keeps the 100 ns digits when it adds', () => {
    const instant = toInstant('2023-12-31T23:59:59.9999999Z');

    expect(justAfter(instant)).toBe('2024-01-01T00:00:00.0000000Z');
    expect(plus(instant, -DAY)).toBe('2023-12-30T23:59:59.9999999Z');
    expect(plus(justAfter(instant), -0.0001)).toBe(instant);
  });

  it('names days and months', () => {
    const instant = toInstant('2023-08-08T12:38:54.1234567Z');

    expect(dayOf(instant)).toBe('2023-08-08');
    expect(monthOf(instant)).toBe('2023-08');
    expect(startOfHour(instant)).toBe('2023-08-08T12:00:00.0000000Z');
    expect(startOfDay(instant)).toBe('2023-08-08T00:00:00.0000000Z');
    expect(startOfMonth(instant)).toBe('2023-08-01T00:00:00.0000000Z');
    expect(toMinute(instant)).toBe('2023-08-08 12:38 UTC');
  });

  it('finds the earliest and the latest', () => {
    const [a, b, c] = [1, 2, 3].map(fromEpoch) as [never, never, never];

    expect(earliest(b, c, a)).toBe(a);
    expect(latest(b, c, a)).toBe(c);
  });

  describe('durations', () => {
    it.each([
      ['90s', 90 * SECOND, '90 s'],
      ['60m', HOUR, '1 h'],
      ['5m', 5 * MINUTE, '5 min'],
      ['36h', 36 * HOUR, '36 h'],
      ['30d', 30 * DAY, '30 d'],
      [' 0s ', 0, '0 s'],
    ])('%s', (text, length, written) => {
      expect(parseDuration(text)).toBe(length);
      expect(formatDuration(length)).toBe(written);
    });

    it.each(['60', 'm', '1.5h', '-1d', '1w', '1234567s', ''])('refuses "%s"', (text) => {
      expect(() => parseDuration(text)).toThrow('is not a duration');
    });
  });
});
