import type { FeedState } from '../../../shared/domain/reading/journal';
import { unread, type SourceState } from '../../../shared/domain/reading/source-state';
import { DAY, HOUR, MINUTE, plus, SECOND, toInstant } from '../../../shared/domain/time';
import {
  cuttingBack,
  forgettingCut,
  inWords,
  notingClock,
  problemsOfTime,
  readTo,
} from '../../../shared/domain/reading/wrong-clock';

const NOW = toInstant('2026-03-02T12:00:00Z');
const at = (hours: number) => plus(NOW, hours * HOUR);
const CUT = { at: NOW, from: at(26), to: at(-3) };

/** Read to 26 h from now. */
function ahead(changes: Partial<FeedState> = {}): SourceState {
  const feed: FeedState = {
    byDetector: {
      old: {
        ...{ from: at(-48), to: at(24) },
        gaps: [
          { from: at(-20), to: at(-19), why: 'not-read' },
          { from: at(-4), to: at(-2), why: 'unreadable' },
          { from: at(2), to: at(3), why: 'not-read' },
        ],
      },
      young: { from: at(-2), to: at(24), gaps: [] },
    },
    reads: {},
    journal: {
      ...{ began: at(-48), readTo: at(26), completeTo: at(24), hoursTo: at(22), daysTo: at(-36) },
      ...{ skippedTo: at(1), readAt: at(26), movedAt: at(26), rowsPerHour: 1, allRowsPerHour: 2 },
    },
    ...changes,
  };
  return { ...unread('signIns'), feeds: { clientAppUsed: feed } };
}

describe('shared/domain/reading/wrong-clock', () => {
  it.each([
    [26 * HOUR, '26 h ahead of'],
    [-26 * HOUR - 20 * SECOND, '26 h behind'],
    [125 * SECOND, '2 min ahead of'],
    [10 * SECOND, '1 min ahead of'],
  ])('%i ms read %s', (ms, expected) => {
    expect(inWords(ms)).toBe(expected);
  });

  describe('notes our clock', () => {
    const clocks = (ms: number) => ({ theirs: NOW, ours: plus(NOW, ms) });

    it('from two minutes on, run by run, until it is right', () => {
      const once = notingClock(clocks(HOUR))(unread('signIns'));
      const twice = notingClock({ theirs: at(1), ours: at(3) })(once);

      expect(once.wrongClock).toEqual({ aheadBy: HOUR, since: NOW, lastAt: NOW, runs: 1 });
      expect(twice.wrongClock).toEqual({ aheadBy: 2 * HOUR, since: NOW, lastAt: at(1), runs: 2 });
      expect(notingClock(undefined)(twice)).toBe(twice);
      expect(notingClock(clocks(0))(twice)).toEqual(unread('signIns'));
    });

    it('and leaves a state alone that says nothing of it', () => {
      const state = unread('signIns');

      expect(notingClock(clocks(-119 * SECOND))(state)).toBe(state);
    });
  });

  describe('cuts back', () => {
    const cut = (state: SourceState): FeedState => cuttingBack(CUT)(state).feeds.clientAppUsed!;

    it('coverage and its gaps, and what began later altogether', () => {
      expect(cut(ahead()).byDetector).toEqual({
        old: {
          ...{ from: at(-48), to: at(-3) },
          gaps: [
            { from: at(-20), to: at(-19), why: 'not-read' },
            { from: at(-4), to: at(-3), why: 'unreadable' },
          ],
        },
      });
    });

    it('every cursor that has passed it', () => {
      expect(cut(ahead()).journal).toEqual({
        ...{ began: at(-48), readTo: at(-3), completeTo: at(-3), hoursTo: at(-3), daysTo: at(-36) },
        ...{ skippedTo: at(-3), readAt: NOW, movedAt: NOW, rowsPerHour: 1, allRowsPerHour: 2 },
      });
    });

    it('a feed that began later to its beginning, and one without a journal to nothing', () => {
      const journal = { ...ahead().feeds.clientAppUsed!.journal!, began: at(-1) };
      const { skippedTo: _none, ...plain } = ahead().feeds.clientAppUsed!.journal!;

      expect(cut(ahead({ journal }))).not.toHaveProperty('journal');
      expect(cut(ahead({ journal: plain })).journal).not.toHaveProperty('skippedTo');
      expect(readTo(cuttingBack(CUT)(ahead({ journal })))).toBeUndefined();
    });

    it('trouble that is still to come', () => {
      const failure = { failure: 'denied', message: '', remedy: '', runs: 1 };
      const of = (time: typeof NOW) => ({ ...failure, since: time, kindSince: time, lastAt: time });

      expect(cut(ahead({ failure: of(at(26)) }))).not.toHaveProperty('failure');
      expect(cut(ahead({ failure: of(at(-1)) }))).toHaveProperty('failure');
    });

    it('and forgets that when it was read again to where it was seen', () => {
      const state = cuttingBack(CUT)(ahead());
      const readAgain = { ...ahead(), cutBack: CUT };

      expect(forgettingCut(state)).toBe(state);
      expect(forgettingCut(readAgain)).toEqual(ahead());
      expect(forgettingCut(ahead())).toEqual(ahead());
      expect(forgettingCut({ ...unread('signIns'), cutBack: CUT })).toEqual(unread('signIns'));
    });
  });

  describe('says', () => {
    it('nothing of what is right', () => {
      expect(problemsOfTime(unread('signIns'), NOW)).toEqual([]);
      expect(problemsOfTime(ahead(), plus(NOW, 26 * HOUR - 2 * MINUTE))).toEqual([]);
    });

    it('that coverage ends later than now', () => {
      expect(problemsOfTime(ahead(), NOW)).toEqual([
        expect.stringContaining('signIns counts as read to 2026-03-03 14:00 UTC'),
      ]);
    });

    it('that our clock is wrong, and not twice', () => {
      const wrongClock = { aheadBy: -DAY, since: NOW, lastAt: NOW, runs: 3 };

      expect(problemsOfTime({ ...ahead(), wrongClock }, NOW)).toEqual([
        'signIns is read by a machine whose clock is 1 d behind that of Microsoft Graph ' +
          '(seen at 2026-03-02 12:00 UTC). Set it by the network (NTP).',
      ]);
    });

    it('what was cut back', () => {
      expect(problemsOfTime(cuttingBack(CUT)(ahead()), NOW)).toEqual([
        'signIns counted as read to 2026-03-03 14:00 UTC, which was still to come. ' +
          'It is read again from 2026-03-02 09:00 UTC.',
      ]);
    });
  });
});
