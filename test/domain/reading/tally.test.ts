import type { SignInRecord } from '../../../shared/domain/record';
import { joinSignals, SET_CAP, type Signal } from '../../../shared/domain/findings/signal';
import { countOf, tallySignal } from '../../../shared/domain/reading/tally';
import { toInstant } from '../../../shared/domain/time';

const NOW = toInstant('2026-03-31T12:00:00Z');
const row = (id: string, at: string): SignInRecord => ({
  ...{ source: 'signIns', id, at: toInstant(at), user: { id: 'ann' } },
  ...{ conditionalAccess: 'success', device: {} },
});
const joined = (rows: readonly SignInRecord[]): Signal[] => {
  const byKey = Map.groupBy(rows.map(tallySignal), (signal) => signal.key);
  return [...byKey.values()].map((each) => each.reduce((a, b) => joinSignals(a, b)));
};

describe('domain/tally', () => {
  it('is about the log, whoever signed in', () => {
    expect(tallySignal(row('one', '2026-03-02T23:59:59Z'))).toMatchObject({
      ...{ key: 'tally|2026-03-02', at: '2026-03-02T00:00:00.0000000Z' },
      subject: { type: 'count', id: 'signIns' },
    });
  });

  it('counts a row once, however often it comes', () => {
    const rows = [row('one', '2026-03-30T09:00:00Z'), row('two', '2026-03-31T09:00:00Z')];

    expect(countOf(joined([...rows, ...rows.toReversed()]), NOW)).toMatchObject({ count: 2 });
  });

  it.each([
    ['the first instant of the 30 days', '2026-03-02T00:00:00Z', 1],
    ['the last instant before them', '2026-03-01T23:59:59.9999999Z', 0],
    ['today', '2026-03-31T11:00:00Z', 1],
    ['a day that has not come', '2026-04-01T00:00:00Z', 0],
  ])('%s', (_when, at, count) => {
    expect(countOf(joined([row('one', at)]), NOW)).toEqual({
      ...{ count, isAtLeast: false, from: '2026-03-02T00:00:00.0000000Z' },
    });
  });

  it('leaves other signals alone', () => {
    const other = { ...tallySignal(row('one', '2026-03-30T09:00:00Z')), kind: 'eas-day' };

    expect(countOf([other], NOW)).toMatchObject({ count: 0 });
  });

  it('says "or more" from a full day on', () => {
    const rows = Array.from({ length: SET_CAP + 5 }, (_, i) =>
      row(`r${i}`, '2026-03-30T09:00:00Z'),
    );

    expect(countOf(joined(rows.slice(6)), NOW)).toMatchObject({ count: 1_999, isAtLeast: false });
    expect(countOf(joined(rows), NOW)).toMatchObject({ count: 2_000, isAtLeast: true });
  });
});
