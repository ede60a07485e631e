import { MINUTE, SECOND, toInstant } from '../../../shared/domain/time';
import { keptFor } from '../../../shared/pipeline/queries/kept-for';
import { VirtualClock } from '../../fakes/clock';

const AT = toInstant('2026-03-02T12:00:00Z');

describe('pipeline/kept-for', () => {
  it('asks once in a while, however many ask, and also when it fails', async () => {
    const clock = new VirtualClock(AT);
    const asked: string[] = [];
    const isUp = keptFor(30 * SECOND, clock, (who: string) => {
      asked.push(who);
      return asked.length === 2 ? Promise.reject(new Error('down')) : Promise.resolve(who);
    });

    expect(await Promise.all(['a', 'b', 'c'].map(isUp))).toEqual(['a', 'a', 'a']);
    clock.advance(29 * SECOND);
    expect(await isUp('d')).toBe('a');
    clock.advance(SECOND);
    await expect(isUp('e')).rejects.toThrow('down');
    await expect(isUp('f')).rejects.toThrow('down');
    clock.advance(MINUTE);
    expect(await isUp('g')).toBe('g');
    expect(asked).toEqual(['a', 'e', 'g']);
  });

  it('asks again when the clock was set back', async () => {
    const times = [AT, toInstant('2026-03-01T12:00:00Z')];
    let answers = 0;
    const ask = keptFor(MINUTE, { now: () => times.shift() ?? AT }, () =>
      Promise.resolve(++answers),
    );

    expect([await ask(undefined), await ask(undefined)]).toEqual([1, 2]);
  });
});
