import type {
  FunctionsHost,
  Invocation,
  InvocationResult,
} from '../../../cli/local-host/functions-core';
import { startTimers } from '../../../cli/local-host/timers';
import { systemClock } from '../../../shared/adapters/system-clock';

const NEVER = '0 0 0 1 1 *';

/** A host whose timers are these. */
const hostOf = (
  schedules: Readonly<Record<string, string>>,
  invoke: (name: string, invocation: Invocation) => Promise<unknown>,
): FunctionsHost => ({
  functions: [
    ...Object.entries(schedules).map(([name, schedule]) => ({
      name,
      trigger: { type: 'timerTrigger', direction: 'in' as const, name: 't', schedule },
    })),
    { name: 'door', trigger: { type: 'httpTrigger', direction: 'in', name: 'h' } },
  ],
  invoke: async (name, invocation) => {
    await invoke(name, invocation);
    return {} as InvocationResult;
  },
  close: () => Promise.resolve(),
});

const OPTIONS = { settings: {}, clock: systemClock };

describe('timers', () => {
  it('run when they are fired, with what the host would send', async () => {
    const inputs: unknown[] = [];
    const host = hostOf({ one: NEVER, two: '%SCHEDULE%' }, (name, { input }) => {
      inputs.push([name, JSON.parse(input.json!)]);
      return Promise.resolve();
    });

    const timers = startTimers(host, { ...OPTIONS, settings: { SCHEDULE: NEVER } });
    await timers.fireAll();
    await timers.stop();

    expect(timers.names).toEqual(['one', 'two']);
    expect(inputs).toEqual(
      ['one', 'two'].map((name) => [
        name,
        {
          Schedule: { AdjustForDST: true },
          ScheduleStatus: {
            Last: '0001-01-01T00:00:00',
            Next: expect.stringContaining('-01-01T00:00:00') as unknown,
            LastUpdated: expect.any(String) as unknown,
          },
          IsPastDue: false,
        },
      ]),
    );
  });

  it('run by their schedule, one run at a time', async () => {
    let [running, most, runs] = [0, 0, 0];
    const host = hostOf({ one: NEVER }, async () => {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await systemClock.sleep(1_400);
      running -= 1;
    });

    const timers = startTimers(host, { ...OPTIONS, schedule: '* * * * * *' });
    void timers.fireAll();
    await systemClock.sleep(2_600);
    await timers.stop();

    expect(most).toBe(1);
    expect(runs).toBeGreaterThanOrEqual(2);
    expect(running).toBe(0);
  });

  it('go on after a run that failed, and say how each went', async () => {
    const host = hostOf({ one: NEVER, two: NEVER }, (name) =>
      name === 'one' ? Promise.reject(new Error('no')) : Promise.resolve(),
    );
    const said: string[] = [];

    const timers = startTimers(host, {
      ...OPTIONS,
      onRun: (name, error) => said.push(`${name} ${error instanceof Error ? error.message : ''}`),
    });
    await timers.fireAll();
    await timers.fireAll();
    await timers.stop();
    await timers.fireAll(); // too late

    expect(said.sort()).toEqual(['one no', 'one no', 'two ', 'two ']);
  });

  it.each([
    ['names a setting that is missing', '%POLL_SCHEDULE%', 'setting POLL_SCHEDULE'],
    ['has no seconds', '*/5 * * * *', 'no schedule that can be read'],
    ['is a length of time', '00:05:00', 'no schedule that can be read'],
    ['is empty', '', 'no schedule that can be read'],
  ])('are refused when the schedule %s', (_, schedule, message) => {
    const host = hostOf({ one: schedule }, () => Promise.resolve());

    expect(() => startTimers(host, { ...OPTIONS, schedule: NEVER })).toThrow(message);
  });
});
