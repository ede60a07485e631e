import fc from 'fast-check';
import { checkCoverage, type Interval } from '../../../shared/domain/reading/coverage';
import {
  afterDetectorChange,
  afterGivingUp,
  afterHidingFilter,
  afterRetention,
  afterWindow,
  covered,
  covering,
  DAY_TILE_DELAY,
  daysDue,
  markGap,
  HOUR_TILE_DELAY,
  hoursDue,
  UNREAD,
  type DroppedFilter,
  type Journal,
  type Purpose,
  type ReadWindow,
  type FeedState,
} from '../../../shared/domain/reading/journal';
import { figuresOf } from '../../../shared/domain/reading/lateness';
import {
  DAY,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  toInstant,
  type Instant,
} from '../../../shared/domain/time';
import { afterTrouble, withoutTrouble } from '../../fakes/cover';

/** Wednesday noon; hours below are counted from this day's midnight. */
const MIDNIGHT = toInstant('2026-06-10T00:00:00Z');
const NOON = hour(12);
/** How many hours after they closed hours and days are read again. */
const TILE = HOUR_TILE_DELAY / HOUR;
const DAY_TILE = DAY_TILE_DELAY / HOUR;

function hour(count: number): Instant {
  return plus(MIDNIGHT, count * HOUR);
}

function stretch(from: number, to: number): Interval {
  return { from: hour(from), to: hour(to) };
}

type Window = Partial<Omit<ReadWindow, 'from' | 'to'>> & { readonly read: [number, number] };

/** A window in hours, read by the head at its end unless said otherwise. */
function windowOf({ read: [from, to], ...fields }: Window): ReadWindow {
  return {
    ...stretch(from, to),
    purpose: 'head',
    startedAt: hour(to),
    lag: 2 * HOUR,
    detectorIds: ['one'],
    isFiltered: true,
    rows: 0,
    seen: [],
    ...fields,
  };
}

function after(...windows: Window[]): FeedState {
  return windows.reduce((head, each) => afterWindow(head, windowOf(each)), UNREAD);
}

function journal(fields: Partial<Journal> = {}): Journal {
  return {
    began: hour(-72),
    readTo: NOON,
    readAt: NOON,
    completeTo: hour(10),
    movedAt: NOON,
    hoursTo: hour(8),
    daysTo: hour(-48),
    rowsPerHour: 100,
    allRowsPerHour: 1_000,
    ...fields,
  };
}

/** Read from three days ago up to noon, complete up to ten. */
function readHead(fields: Partial<FeedState> = {}): FeedState {
  return {
    byDetector: { one: { ...stretch(-72, 10), gaps: [] } },
    reads: { one: 'hash' },
    journal: journal(),
    ...fields,
  };
}

describe('shared/domain/reading/journal', () => {
  describe('afterWindow', () => {
    it('begins with the first window', () => {
      const head = after({ read: [-12, 12], rows: 240 });

      expect(head.byDetector).toEqual({ one: { ...stretch(-12, 10), gaps: [] } });
      expect(head.journal).toEqual({
        began: hour(-12),
        readTo: hour(12),
        readAt: hour(12),
        completeTo: hour(10),
        movedAt: hour(12),
        hoursTo: hour(12 - TILE),
        daysTo: hour(-12),
        rowsPerHour: 10,
        allRowsPerHour: 0,
      });
    });

    it.each<[string, Window[], Partial<Record<keyof Journal, number>>]>([
      [
        'the head goes on',
        [{ read: [0, 12] }, { read: [10, 13], rows: 60 }],
        { readTo: 13, readAt: 13, completeTo: 11, movedAt: 13, rowsPerHour: 20 },
      ],
      [
        'a head that begins after what is complete moves no coverage',
        [{ read: [0, 12] }, { read: [11, 13] }],
        { readTo: 13, readAt: 13, completeTo: 10, movedAt: 12 },
      ],
      [
        'a head that begins after what was read moves nothing',
        [{ read: [0, 12] }, { read: [12.5, 13] }],
        { readTo: 12, readAt: 12, completeTo: 10, hoursTo: 12 - TILE },
      ],
      [
        'a head that reaches back to the hours that are due re-reads them by the way',
        [{ read: [0, 12] }, { read: [8, 14] }],
        { hoursTo: 14 - TILE },
      ],
      [
        'a head that begins after them does not',
        [{ read: [0, 12] }, { read: [9, 14] }],
        { hoursTo: 12 - TILE },
      ],
      [
        'an hour that is read again completes it',
        [
          { read: [0, 12] },
          { read: [15, 16] },
          { read: [8, 12], purpose: 'hour', startedAt: hour(16) },
        ],
        { completeTo: 12, hoursTo: 12, readTo: 12 },
      ],
      [
        'an hour is read again 3 h 05 min after it closed, not earlier',
        [{ read: [0, 12] }, { read: [8, 12], purpose: 'hour', startedAt: hour(15) }],
        { hoursTo: 15 - TILE },
      ],
      [
        'a day that is read again without a filter',
        [
          { read: [0, 12] },
          { read: [0, 24], purpose: 'day', startedAt: hour(72), isFiltered: false, rows: 2_400 },
        ],
        { daysTo: 24, completeTo: 24, hoursTo: 24, allRowsPerHour: 100, rowsPerHour: 0 },
      ],
      [
        'a day that is not 48 h old',
        [
          { read: [0, 12] },
          { read: [0, 24], purpose: 'day', startedAt: hour(71), isFiltered: false },
        ],
        { daysTo: 71 - DAY_TILE },
      ],
      [
        'a day that is read with a filter does not count',
        [{ read: [0, 12] }, { read: [0, 24], purpose: 'day', startedAt: hour(72) }],
        { daysTo: 0, hoursTo: 24 },
      ],
      [
        'the rows of a tile tell nothing of the rows of the head',
        [
          { read: [0, 12], rows: 12 },
          { read: [0, 8], purpose: 'hour', rows: 800 },
        ],
        { rowsPerHour: 1 },
      ],
      [
        'a stretch of the past moves nothing',
        [{ read: [0, 12] }, { read: [-48, -24], purpose: 'backfill', startedAt: hour(13) }],
        { readTo: 12, completeTo: 10, movedAt: 12, hoursTo: 12 - TILE, daysTo: 0 },
      ],
    ])('%s', (_what, windows, expected) => {
      const known = after(...windows).journal!;

      const cursors = Object.keys(expected) as (keyof Journal)[];
      expect(Object.fromEntries(cursors.map((cursor) => [cursor, known[cursor]]))).toEqual(
        Object.fromEntries(
          Object.entries(expected).map(([cursor, value]) => [
            cursor,
            cursor.endsWith('PerHour') ? value : hour(value),
          ]),
        ),
      );
    });

    it('re-reads a day in several windows, too', () => {
      const pieces = [0, 6, 12, 18].map((from): Window => ({
        read: [from, from + 6],
        ...{ purpose: 'day', startedAt: hour(72), isFiltered: false },
      }));

      expect(after({ read: [0, 72], isFiltered: true }, ...pieces).journal?.daysTo).toBe(hour(24));
    });

    it('re-reads hours in windows that do not end with them, too', () => {
      const pieces = [8, 8.4, 9.2].map((from, i, all): Window => ({
        read: [from, all[i + 1] ?? 10],
        ...{ purpose: 'hour', startedAt: hour(14) },
      }));

      expect(after({ read: [0, 12] }, ...pieces).journal?.hoursTo).toBe(hour(10));
    });

    it('learns nothing of how many rows come from a splinter', () => {
      const head = after(
        { read: [0, 12], rows: 12, isFiltered: false },
        { read: [12, 12.01], rows: 50, isFiltered: false },
      );

      expect(head.journal).toMatchObject({ rowsPerHour: 1, allRowsPerHour: 1 });
    });

    it('covers what happened at least the lag before the window was read', () => {
      const window = windowOf({ read: [0, 12], startedAt: hour(13), lag: 3 * HOUR });

      expect(covered(UNREAD, window)).toEqual(stretch(0, 10));
    });

    it.each<[string, Window]>([
      ['is younger than the lag', { read: [0, 1], startedAt: hour(1.5) }],
      ['has a stretch before it that is still to be completed', { read: [11, 12] }],
    ])('covers nothing that %s', (_what, window) => {
      expect(covered(readHead(), windowOf(window))).toBeUndefined();
    });

    it('covers a stretch of the past with a gap in between', () => {
      const head = after(
        { read: [0, 12] },
        { read: [-48, -24], purpose: 'backfill', startedAt: hour(13) },
      );

      expect(head.byDetector['one']).toEqual({
        ...stretch(-48, 10),
        gaps: [{ ...stretch(-24, 0), why: 'not-read' }],
      });
    });

    it('never moves a cursor back', () => {
      const head = after(
        { read: [0, 12] },
        { read: [0, 6], startedAt: hour(12) },
        { read: [0, 24], purpose: 'day', startedAt: hour(11), isFiltered: false },
      );

      expect(head.journal).toMatchObject({
        ...{ completeTo: hour(10), hoursTo: hour(12 - TILE), readTo: hour(12) },
      });
    });

    it('knows a filter that was dropped, and what is being filled', () => {
      const droppedFilter: DroppedFilter = { filter: 'f', why: 'rejected', at: NOON };
      const backfill = { ...stretch(-90, -80), at: hour(-85) };
      const known = readHead({ droppedFilter, backfill });

      expect(afterWindow(known, windowOf({ read: [10, 13] }))).toMatchObject({
        ...{ droppedFilter, backfill, reads: { one: 'hash' } },
      });
    });

    describe('measures how late rows are', () => {
      const known = readHead();
      const late = (window: Window): number | undefined =>
        figuresOf(afterWindow(known, windowOf(window)).lateness)?.max;

      it.each<[string, Purpose, number, number, number | undefined]>([
        ['the head, as late as it is read', 'head', 12.25, 11.25, HOUR],
        ['a head after an outage tells nothing', 'head', 12.26, 11.25, undefined],
        ['a tile of hours, as late as tiles are', 'hour', 16, 8, HOUR_TILE_DELAY],
        ['a tile of hours, later than its row is old', 'hour', 10, 9, HOUR],
        ['a tile of days, a day', 'day', 72, 8, 24 * HOUR],
        ['a backfill tells nothing', 'backfill', 72, 8, undefined],
      ])('%s', (_what, purpose, startedAt, at, expected) => {
        const seen = [{ id: 'row', at: hour(at) }];

        expect(late({ read: [8, 12], purpose, startedAt: hour(startedAt), seen })).toBe(expected);
      });

      it('the first read tells nothing', () => {
        const seen = [{ id: 'row', at: hour(1) }];

        expect(figuresOf(after({ read: [0, 12], seen }).lateness)).toBeUndefined();
      });
    });

    it('covers nothing that no window read so late that all had come', () => {
      const anyWindow = fc.record({
        from: fc.integer({ min: 0, max: 96 }),
        length: fc.integer({ min: 1, max: 48 }),
        age: fc.integer({ min: -10, max: 80 }),
        purpose: fc.constantFrom<Purpose>('head', 'hour', 'day', 'filter-check', 'backfill'),
        lag: fc.constantFrom(30 * MINUTE, 2 * HOUR, 10 * HOUR, DAY),
        isFiltered: fc.boolean(),
      });
      fc.assert(
        fc.property(fc.array(anyWindow, { maxLength: 12 }), fc.nat(2 * 150), (plans, half) => {
          const windows = plans.map(({ from, length, age, ...rest }) =>
            windowOf({
              read: [from, from + length],
              startedAt: hour(from + length + age),
              ...rest,
            }),
          );
          const head = windows.reduce(afterWindow, UNREAD);
          const at = hour(half / 2);
          const { verdict } = checkCoverage(head.byDetector['one'], at, plus(at, 1));

          const isRead = windows.some(
            ({ from, to, startedAt, lag }) => from <= at && at < to && plus(at, lag) <= startedAt,
          );
          expect(verdict === 'covered' && !isRead).toBe(false);
        }),
      );
    });

    it('never moves a cursor back, in any order of windows', () => {
      const anyWindow = fc.tuple(
        fc.integer({ min: 0, max: 96 }),
        fc.integer({ min: 1, max: 48 }),
        fc.integer({ min: 0, max: 80 }),
        fc.constantFrom<Purpose>('head', 'hour', 'day', 'backfill'),
      );
      fc.assert(
        fc.property(fc.array(anyWindow, { minLength: 2, maxLength: 8 }), (plans) => {
          let head = readHead();
          for (const [from, length, age, purpose] of plans) {
            const before = head.journal;
            const startedAt = hour(from + length + age);
            head = afterWindow(
              head,
              windowOf({ read: [from, from + length], startedAt, purpose, isFiltered: false }),
            );
            for (const cursor of ['readTo', 'completeTo', 'hoursTo', 'daysTo'] as const) {
              expect(head.journal![cursor] >= (before?.[cursor] ?? '')).toBe(true);
            }
          }
        }),
      );
    });
  });

  describe('hoursDue', () => {
    const lag = 2 * HOUR;

    it.each<[string, Instant, number, Interval | undefined]>([
      ['a tick before 3 h 05 min', plus(hour(12), 5 * MINUTE - 1), lag, undefined],
      ['at 3 h 05 min', plus(hour(12), 5 * MINUTE), lag, stretch(8, 9)],
      ['many at once', plus(hour(24), 5 * MINUTE), lag, stretch(8, 21)],
      ['a lag of less changes nothing', plus(hour(12), 5 * MINUTE), 30 * MINUTE, stretch(8, 9)],
      ['a lag of more waits', plus(hour(19), -SECOND), 10 * HOUR, undefined],
      ['and then reads', hour(19), 10 * HOUR, stretch(8, 9)],
    ])('%s', (_what, now, late, due) => {
      expect(hoursDue(journal(), now, late)).toEqual(due);
    });
  });

  describe('daysDue', () => {
    it.each<[string, Instant, Interval | undefined]>([
      ['a tick before 48 h', plus(hour(24), -1), undefined],
      ['at 48 h', hour(24), stretch(-48, -24)],
      ['two at once', hour(48), stretch(-48, 0)],
    ])('%s', (_what, now, due) => {
      expect(daysDue(journal(), now)).toEqual(due);
    });
  });

  describe('afterRetention', () => {
    it.each<[string, number, number | undefined]>([
      ['nothing is lost that was complete', 9, undefined],
      ['nothing up to its end', 10, undefined],
      ['what was not complete is a gap', 20, 20],
    ])('%s', (_what, oldest, gapTo) => {
      const head = afterRetention(readHead(), hour(oldest), ['one']);

      expect(head.byDetector['one']?.gaps).toEqual(
        gapTo === undefined ? [] : [{ ...stretch(10, gapTo), why: 'retention' }],
      );
      expect(head.journal?.daysTo).toBe(hour(oldest));
      expect(head.journal?.hoursTo).toBe(hour(oldest));
    });

    it('goes on behind what the log has dropped', () => {
      expect(afterRetention(readHead(), hour(20), ['one']).journal).toMatchObject({
        ...{ readTo: hour(20), completeTo: hour(20), hoursTo: hour(20), daysTo: hour(20) },
      });
    });

    it.each<[string, FeedState]>([
      ['that was never read', UNREAD],
      ['whose days were read again since', readHead({ journal: journal({ daysTo: hour(20) }) })],
    ])('leaves a log %s as it is', (_what, head) => {
      expect(afterRetention(head, hour(20), ['one'])).toBe(head);
    });
  });

  describe('afterHidingFilter', () => {
    const dropped: DroppedFilter = { filter: 'f', why: 'hides-rows', at: NOON };

    it('doubts what was read with the filter since the last whole day', () => {
      const head = afterHidingFilter(readHead(), dropped);

      expect(head.droppedFilter).toEqual(dropped);
      expect(head.byDetector['one']?.gaps).toEqual([{ ...stretch(-48, 10), why: 'filter' }]);
      expect(head.journal).toMatchObject({
        ...{ completeTo: hour(-48), hoursTo: hour(-48), daysTo: hour(-48), rowsPerHour: 0 },
        readTo: NOON,
      });
    });

    it('ends the doubt when it is read again', () => {
      const doubted = afterHidingFilter(readHead(), dropped);
      const again = windowOf({ read: [-48, 13], isFiltered: false });

      const head = afterWindow(doubted, again);

      expect(head.byDetector['one']).toEqual({ ...stretch(-72, 11), gaps: [] });
      expect(head.journal).toMatchObject({ completeTo: hour(11), hoursTo: hour(13 - TILE) });
    });

    it('has nothing to doubt where nothing was read', () => {
      expect(afterHidingFilter(UNREAD, dropped)).toEqual({
        ...UNREAD,
        droppedFilter: dropped,
      });
    });
  });

  describe('afterDetectorChange', () => {
    it('begins anew when what it reads has changed', () => {
      const head = afterDetectorChange(readHead(), { one: 'other' });

      expect(head).toMatchObject({ byDetector: {}, reads: { one: 'other' } });
    });

    it('leaves a gap for one that was off meanwhile', () => {
      const known = readHead({ journal: journal({ completeTo: hour(11) }) });

      expect(afterDetectorChange(known, { one: 'hash' }).byDetector['one']).toEqual({
        ...stretch(-72, 11),
        gaps: [{ ...stretch(10, 11), why: 'not-read' }],
      });
    });

    it.each<[string, FeedState, Record<string, string>]>([
      ['is as it was', readHead(), { one: 'hash' }],
      ['is new', readHead(), { two: 'hash' }],
      ['was never hashed', readHead({ reads: {} }), { one: 'hash' }],
      ['is off', readHead({ journal: journal({ completeTo: hour(11) }) }), {}],
    ])('has no gap for one that %s', (_what, known, reads) => {
      const head = afterDetectorChange(known, reads);

      expect(head.byDetector).toEqual(known.byDetector);
      expect(head.reads).toEqual({ ...known.reads, ...reads });
    });

    it('begins a new one where it is first read', () => {
      const known = afterDetectorChange(readHead(), { two: 'hash' });

      const head = afterWindow(known, windowOf({ read: [9, 13], detectorIds: ['one', 'two'] }));

      expect(head.byDetector['two']).toEqual({ ...stretch(9, 11), gaps: [] });
      expect(head.byDetector['one']).toEqual({ ...stretch(-72, 11), gaps: [] });
    });

    it('changes no coverage before the first window', () => {
      const covered = { one: { ...stretch(0, 1), gaps: [] } };
      const known: FeedState = { ...UNREAD, byDetector: covered };

      expect(afterDetectorChange(known, { one: 'hash' }).byDetector).toEqual(covered);
    });
  });

  describe('afterGivingUp', () => {
    it('is a gap, and the cursors that have come to it go on behind it', () => {
      const head = afterGivingUp(readHead(), stretch(10, 12.5), ['one']);

      expect(head.byDetector['one']?.gaps).toEqual([{ ...stretch(10, 12.5), why: 'unreadable' }]);
      expect(head.journal).toMatchObject({
        ...{ readTo: hour(12.5), completeTo: hour(12.5), hoursTo: hour(8), daysTo: hour(-48) },
      });
    });

    it('moves no cursor back', () => {
      expect(afterGivingUp(readHead(), stretch(-72, -71), ['one']).journal).toEqual(journal());
    });

    it('may be the first window', () => {
      const head = afterGivingUp(UNREAD, stretch(0, 1), ['one']);

      expect(head.journal).toBeUndefined();
      expect(head.byDetector['one']?.gaps).toEqual([{ ...stretch(0, 1), why: 'unreadable' }]);
    });
  });

  describe('afterTrouble', () => {
    const denied = { failure: 'denied', message: 'no', remedy: 'grant it' };
    const throttled = { failure: 'throttled', message: 'slow', remedy: 'wait' };

    it('counts the runs since it began', () => {
      const once = afterTrouble(readHead(), denied, hour(13));

      const since = { since: hour(13), kindSince: hour(13) };
      expect(once.failure).toEqual({ ...denied, ...since, lastAt: hour(13), runs: 1 });
      expect(afterTrouble(once, denied, hour(14)).failure).toEqual({
        ...{ ...denied, ...since, lastAt: hour(14), runs: 2 },
      });
    });

    it('counts another trouble from one, since the first began', () => {
      const head = afterTrouble(afterTrouble(readHead(), denied, hour(13)), throttled, hour(14));

      expect(head.failure).toEqual({
        ...{ ...throttled, since: hour(13), kindSince: hour(14), lastAt: hour(14), runs: 1 },
      });
    });

    it('is over when it is over', () => {
      expect(withoutTrouble(afterTrouble(readHead(), denied, hour(13)))).toEqual(readHead());
    });
  });

  it('covers and gives up a stretch for the detectors it concerns', () => {
    const read = covering(stretch(0, 2), ['one', 'two'])(UNREAD);
    const { byDetector } = markGap(stretch(2, 3), ['two'])(read);

    expect(byDetector).toEqual({
      one: { ...stretch(0, 2), gaps: [] },
      two: { ...stretch(0, 3), gaps: [{ ...stretch(2, 3), why: 'not-read' }] },
    });
  });

  it('a day is read again two days after it closed', () => {
    expect(DAY_TILE_DELAY).toBe(48 * HOUR);
  });
});
