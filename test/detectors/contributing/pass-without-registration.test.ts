import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, audit, play, TICK, type Row } from '../play';
import { passWithoutRegistration as detector } from './pass-without-registration';

const ROOT = join(__dirname, '..', '..', '..');
const PASS = 'Admin registered temporary access pass method for user';
const issued = (id: string, when: number, user = 'ann'): Row =>
  audit(id, when, {
    ...{ activity: 'Admin registered security info', reason: PASS },
    ...{ user, by: { user: 'admin' } },
  });
const registered = (id: string, when: number, user = 'ann'): Row =>
  audit(id, when, { activity: 'User registered security info', user });
const DEADLINE = 25 * 60;

describe('CONTRIBUTING', () => {
  it('shows this detector, as it would stand beside the others', () => {
    const [, shown] = /```ts\n([^]*?)```/.exec(
      readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8'),
    )!;
    const held = readFileSync(join(__dirname, 'pass-without-registration.ts'), 'utf8')
      .replaceAll('../../../shared/detectors/', './')
      .replaceAll('../../../shared/', '../');

    expect(shown!.replace(/^ {3}/gm, '').trimEnd()).toBe(held.trimEnd());
  });

  it.each([
    { when: 'nothing is registered', story: [issued('1', 0)], until: DEADLINE },
    {
      when: 'somebody else registers',
      story: [issued('1', 0), registered('2', 5, 'bob')],
      until: DEADLINE,
    },
    {
      when: 'a method came long before',
      story: [registered('2', -3), issued('1', 0)],
      until: DEADLINE,
    },
  ])('raises when $when', ({ story, until }) => {
    expect(play(detector, story, { until }).said).toEqual([
      expect.objectContaining({
        ...{ state: 'open', message: 'unused', severity: 'low', stage: 'alert', count: 1 },
        ...{ subject: 'ann', evidence: ['1'], since: at(DEADLINE), firstSeenAt: at(0) },
        missing: { what: 'no registration logged', by: at(DEADLINE) },
        absenceWindow: { from: at(-2), to: at(DEADLINE) },
      }),
    ]);
  });

  it.each([
    { when: 'a method is registered', story: [issued('1', 0), registered('2', 5)] },
    { when: 'it comes in time', story: [issued('1', 0), registered('2', DEADLINE - TICK)] },
    { when: 'the clock of its row is slow', story: [registered('2', -2), issued('1', 0)] },
    { when: 'no pass was issued', story: [registered('2', 5)] },
  ])('stays silent when $when', ({ story }) => {
    const { said } = play(detector, story, { until: 2 * DEADLINE });

    expect(said.filter(({ state }) => state !== 'disproved')).toEqual([]);
  });

  it('is resolved when a method comes late', () => {
    const story = [issued('1', 0), registered('2', DEADLINE)];

    expect(play(detector, story, { until: 2 * DEADLINE }).said).toEqual([
      expect.objectContaining({ state: 'resolved', resolution: 'late', evidence: ['1', '2'] }),
    ]);
  });

  it('waits until the log is read as far as the deadline', () => {
    const { answers } = play(detector, [issued('1', 0)], { until: DEADLINE - TICK });

    expect(answers.get('ann')).toEqual({
      findings: [
        expect.objectContaining({
          ...{ state: 'pending', until: at(DEADLINE) },
          what: 'a Temporary Access Pass was issued at 2026-03-02 12:00 UTC; a registration may be logged until 2026-03-03 13:00 UTC',
        }),
      ],
      askAgainAt: at(DEADLINE),
    });
  });

  it('cannot say over a gap in the log', () => {
    const { answers } = play(detector, [issued('1', 0)], { until: DEADLINE, gaps: [[5, 6]] });

    expect(answers.get('ann')?.findings).toEqual([
      expect.objectContaining({ state: 'undetermined', gap: { from: at(5), to: at(6) } }),
    ]);
  });
});
