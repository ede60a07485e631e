import {
  causeOf,
  isReadAs,
  type OpenRow,
  type QuarantineRow,
} from '../../../shared/domain/reading/quarantine';
import { minutes } from '../../fakes/records';

function row(id: string, from: number, to: number, more: Partial<QuarantineRow> = {}): OpenRow {
  return {
    ...{ id, source: 'signIns', reason: 'cut', firstSeenAt: minutes(0) },
    gap: { from: minutes(from), to: minutes(to), detectors: ['any'] },
    ...more,
  };
}

describe('shared/domain/reading/quarantine', () => {
  const stretch = { from: minutes(10), to: minutes(20) };

  it.each([
    ['the first in time', [row('b', 15, 16), row('a', 18, 19), row('c', 12, 13)], 'c'],
    ['of two at once that with the first id', [row('b', 15, 16), row('a', 15, 16)], 'a'],
    ['none before or after the stretch', [row('a', 5, 10), row('b', 20, 25)], undefined],
  ])('names as the cause %s', (_what, rows, id) => {
    expect(causeOf(stretch, rows)?.id).toBe(id);
  });

  it('does not take one record for what stands for many rows', () => {
    const record = { id: 'event', at: minutes(15), subjectId: 'ann' };

    expect(isReadAs(row('a', 15, 16, { eventId: 'event' }), record)).toBe(true);
    expect(isReadAs(row('a', 15, 16, { eventId: 'event', isMany: true }), record)).toBe(false);
  });
});
