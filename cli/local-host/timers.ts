import { Cron } from 'croner';
import type { Instant } from '../../shared/domain/time';
import type { Now } from '../../shared/pipeline/ports/clock';
import {
  BundleError,
  messageOf,
  type FunctionsHost,
  type RegisteredFunction,
} from './functions-core';

export interface TimerOptions {
  /** App settings, for schedules like `%POLL_SCHEDULE%`. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  readonly clock: Now;
  /** Replaces every timer's own schedule. */
  readonly schedule?: string;
  /** Called with what a run threw, and without an error when it went well. */
  readonly onRun?: (name: string, error?: unknown) => void;
}

export interface Timers {
  readonly names: readonly string[];
  /** Runs every timer now; those that are running already are left alone. */
  fireAll(): Promise<void>;
  /** Lets no further run begin and waits for those under way. */
  stop(): Promise<void>;
}

/**
 * Runs the timer functions of a bundle by their NCRONTAB schedules (six fields, seconds first, UTC), one run at a
 * time per timer, as the platform does.
 * @throws BundleError for a schedule that names a missing setting or cannot be read.
 */
export function startTimers(host: FunctionsHost, options: TimerOptions): Timers {
  const timers = host.functions
    .filter((each) => each.trigger.type === 'timerTrigger')
    .map((each) => new Timer(host, each, options));
  return {
    names: timers.map((timer) => timer.name),
    async fireAll() {
      await Promise.all(timers.map((timer) => timer.fire()));
    },
    async stop() {
      await Promise.all(timers.map((timer) => timer.stop()));
    },
  };
}

class Timer {
  readonly name: string;
  readonly #host: FunctionsHost;
  readonly #options: TimerOptions;
  readonly #cron: Cron;
  #running: Promise<void> | undefined;
  #last: Instant | undefined;
  #isStopped = false;

  constructor(host: FunctionsHost, { name, trigger }: RegisteredFunction, options: TimerOptions) {
    this.name = name;
    this.#host = host;
    this.#options = options;
    // Its own schedule must be good also where another one replaces it.
    const own = createCron(name, resolve(name, trigger.schedule ?? '', options.settings));
    this.#cron = options.schedule === undefined ? own : createCron(name, options.schedule);
    this.#cron.schedule(() => this.fire());
  }

  /** Shares the run that is under way. */
  fire(): Promise<void> {
    if (!this.#isStopped) {
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined;
      });
    }
    return this.#running ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cron.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, onRun } = this.#options;
    const now = clock.now();
    try {
      await this.#host.invoke(this.name, { input: timerInput(now, this.#last, this.#cron) });
      onRun?.(this.name);
    } catch (error) {
      onRun?.(this.name, error);
    }
    this.#last = now;
  }
}

/** Whether a text is an NCRONTAB expression. */
export function isSchedule(pattern: string): boolean {
  try {
    createCron('', pattern).stop();
    return true;
  } catch {
    return false;
  }
}

function createCron(name: string, pattern: string): Cron {
  try {
    return new Cron(pattern, { mode: '6-part', timezone: 'UTC' });
  } catch (error) {
    throw new BundleError(
      `the timer ${name} has no schedule that can be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function resolve(name: string, schedule: string, settings: TimerOptions['settings']): string {
  return schedule.replace(/%([^%]+)%/g, (_, setting: string) => {
    const value = settings[setting]?.trim() ?? '';
    if (value === '') {
      throw new BundleError(
        `the timer ${name} runs by the setting ${setting}, which is missing; set it to an NCRONTAB expression`,
      );
    }
    return value;
  });
}

/** What the host sends with a timer: names begin with a capital, the library turns them. */
function timerInput(now: Instant, last: Instant | undefined, cron: Cron): { json: string } {
  const next = cron.nextRun()?.toISOString() ?? now;
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: { Last: last ?? '0001-01-01T00:00:00', Next: next, LastUpdated: now },
      IsPastDue: false,
    }),
  };
}
